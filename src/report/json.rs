//! The JSON that other programs rely on: `grammar/decision.schema.json` is its contract. Members may be added, never
//! changed.

use crate::analysis::fingerprint;
use crate::diagnostic::{Diagnostic, Files, Position, Span, is_harmful};
use crate::model::Policy;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
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

/// Serializes counts by their words, in the order of the words.
pub(super) fn counts<S: Serializer>(
    counts: &[(&'static str, u64)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    counts.iter().copied().collect::<BTreeMap<_, _>>().serialize(serializer)
}

/// Serializes counts like [`counts`], or `null`.
#[cfg(feature = "ledger")]
pub(super) fn some_counts<S: Serializer>(
    counts: &Option<Vec<(&'static str, u64)>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    counts.as_ref().map(|counts| counts.iter().copied().collect::<BTreeMap<_, _>>()).serialize(serializer)
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

/// Diagnostics of any number of files, as one JSON document.
#[derive(Serialize)]
pub struct Diagnostics<'a> {
    v: u32,
    policies: Vec<PolicyBody<'a>>,
    diagnostics: Vec<DiagnosticBody<'a>>,
}

#[derive(Serialize)]
struct PolicyBody<'a> {
    file: &'a str,
    policy: &'a str,
    /// `null` for a policy that has none.
    fingerprint: Option<String>,
}

#[derive(Serialize)]
struct DiagnosticBody<'a> {
    code: String,
    name: &'static str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    places: Vec<LabelBody<'a>>,
    fix: Option<FixBody<'a>>,
}

#[derive(Serialize)]
struct FixBody<'a> {
    title: &'a str,
    edits: Vec<EditBody<'a>>,
}

#[derive(Serialize)]
struct EditBody<'a> {
    #[serde(flatten)]
    place: RangeBody<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct LabelBody<'a> {
    #[serde(flatten)]
    place: RangeBody<'a>,
    label: &'a str,
}

#[derive(Serialize)]
struct RangeBody<'a> {
    file: &'a str,
    start: PositionBody,
    end: PositionBody,
}

#[derive(Serialize)]
struct PositionBody {
    line: usize,
    column: usize,
    offset: u32,
}

impl<'a> Diagnostics<'a> {
    /// From each diagnostic and the files it points into.
    pub fn new(diagnostics: impl Iterator<Item = (&'a Diagnostic, &'a Files)>) -> Self {
        let diagnostics = diagnostics.map(|(diagnostic, files)| DiagnosticBody {
            code: diagnostic.code.to_string(),
            name: diagnostic.code.name(),
            severity: diagnostic.severity().word(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            places: diagnostic
                .labels
                .iter()
                .map(|label| LabelBody { place: range(files, label.span), label: &label.text })
                .collect(),
            fix: diagnostic.fix.as_ref().map(|fix| FixBody {
                title: &fix.title,
                edits: fix
                    .edits
                    .iter()
                    .map(|edit| EditBody { place: range(files, edit.span), text: &edit.text })
                    .collect(),
            }),
        });
        Diagnostics { v: VERSION, policies: Vec::new(), diagnostics: diagnostics.collect() }
    }

    /// Says of which policies the document is, each by its file.
    #[must_use]
    pub fn policies(mut self, policies: impl Iterator<Item = (&'a str, &'a Policy)>) -> Self {
        let bodies = policies.map(|(file, policy)| {
            let fingerprint = fingerprint(policy).ok().map(|print| print.to_string());
            PolicyBody { file, policy: policy.name(), fingerprint }
        });
        self.policies = bodies.collect();
        self
    }

    /// Writes the document.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut serializer = serde_json::Serializer::with_formatter(&mut *to, Visible);
        self.serialize(&mut serializer)?;
        to.write_all(b"\n")
    }
}

fn range(files: &Files, span: Span) -> RangeBody<'_> {
    let position = |at: Position, offset| PositionBody { line: at.line, column: at.column, offset };
    RangeBody {
        file: files.name(span.file),
        start: position(files.position(span), span.start),
        end: position(files.end_position(span), span.end),
    }
}

/// Writes characters that would not be shown as what they are by their numbers: a policy is hostile text, and its findings are looked
/// at in terminals too. For programs it is the same JSON.
struct Visible;

impl serde_json::ser::Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        to.write_all(escaped(fragment).as_bytes())
    }
}
