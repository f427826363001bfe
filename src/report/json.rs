//! The JSON that other programs rely on: `grammar/decision.schema.json` is its contract. Members may be added, never
//! changed.

use crate::diagnostic::is_harmful;
use serde::Serialize;
use std::io::{self, Write};

/// The version of the contracts, which every document carries.
pub const VERSION: u32 = 1;

/// Writes a document, with its line break.
///
/// # Errors
///
/// When the writer fails.
pub fn write(to: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, document)?;
    to.write_all(b"\n")
}

/// Escapes the harmful characters of a JSON text by their numbers. For programs it is the same JSON.
pub fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for char in json.chars() {
        match is_harmful(char) {
            true => {
                char.encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| shown.push_str(&format!("\\u{unit:04x}")));
            }
            false => shown.push(char),
        }
    }
    shown
}

/// Writes a document like [`write`](fn@write), with harmful characters escaped: policies are hostile text, and findings are read in terminals too.
///
/// # Errors
///
/// When the writer fails.
pub fn write_escaped(to: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *to, Escaped);
    document.serialize(&mut serializer)?;
    to.write_all(b"\n")
}

struct Escaped;

impl serde_json::ser::Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        to.write_all(escaped(fragment).as_bytes())
    }
}
