//! The JSON that other programs rely on: `grammar/decision.schema.json` is its contract. Members may be added, never
//! changed.

use crate::diagnostic::escaped;
use serde::ser::{Error, Serialize, Serializer};
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

/// Serializes a part of a document with its members in alphabetical order.
pub(super) fn sorted<S: Serializer>(part: &impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::to_value(part).map_err(S::Error::custom)?.serialize(serializer)
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
