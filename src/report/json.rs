//! The JSON that other programs rely on: `grammar/decision.schema.json` is its contract. Members may be added, never
//! changed.

use super::names;
use crate::analysis::fingerprint;
use crate::decide::Decision;
use crate::diagnostic::{Diagnostic, Files, Position, Span, is_harmful};
use crate::event::{EventError, Name};
#[cfg(feature = "ledger")]
use crate::ledger::{Checked, Found};
use crate::model::{GateOpens, Mode, Policy};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The version of the contracts, which every document carries.
pub const VERSION: u32 = 1;

/// How many unknown names of a sort a line lists.
pub const MAX_UNKNOWN: usize = 100;

#[derive(Serialize)]
struct DecisionLine<'a> {
    v: u32,
    line: u64,
    id: Option<String>,
    policy: &'a str,
    /// `null` for a policy that has none, which is said and never guessed.
    fingerprint: Option<String>,
    edition: u32,
    consent: &'static str,
    integrations: &'static str,
    deliver: Vec<Delivered<'a>>,
    block: Vec<Blocked<'a>>,
    unknown_categories: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_categories_total: Option<usize>,
    unknown_integrations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_integrations_total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop: Option<Dropped<'a>>,
    /// What the check against a ledger found, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Check<'a>>,
    gate: Gate,
}

/// What the check against a ledger found, and what becomes of the event.
#[derive(Serialize)]
struct Check<'a> {
    found: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<&'a str>>,
    then: Option<&'static str>,
}

/// Whether the source may send the event, for each value of `gate opens on`.
#[derive(Serialize)]
struct Gate {
    any_grant: &'static str,
    needed_grant: &'static str,
    delivery: &'static str,
}

#[derive(Serialize)]
struct Delivered<'a> {
    destination: &'a str,
    reason: &'static str,
}

#[derive(Serialize)]
struct Blocked<'a> {
    destination: &'a str,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discard: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    advisory: bool,
}

#[derive(Serialize)]
struct Dropped<'a> {
    reason: &'a str,
}

#[derive(Serialize)]
struct ErrorLine {
    v: u32,
    line: u64,
    error: ErrorBody,
}

#[derive(Serialize)]
struct ErrorBody {
    code: &'static str,
    message: String,
}

/// One line, with its line break, for the event on line `line`.
///
/// # Errors
///
/// When the writer fails.
pub fn decision(to: &mut impl Write, line: u64, decision: &Decision<'_>) -> io::Result<()> {
    decision_line(to, line, decision, None)
}

/// The same for an event that was checked against a ledger.
///
/// # Errors
///
/// When the writer fails.
#[cfg(feature = "ledger")]
pub fn checked_decision(
    to: &mut impl Write,
    line: u64,
    decision: &Decision<'_>,
    checked: &Checked<'_>,
) -> io::Result<()> {
    let categories = match &checked.found {
        Found::Mismatch(categories) => Some(names::categories(decision.policy(), categories)),
        _ => None,
    };
    let then = checked.then.map(|then| checked.found.then_word(then));
    decision_line(to, line, decision, Some(Check { found: checked.found.word(), categories, then }))
}

fn decision_line(
    to: &mut impl Write,
    line: u64,
    decision: &Decision<'_>,
    check: Option<Check<'_>>,
) -> io::Result<()> {
    let policy = decision.policy();
    let (mut deliver, mut block) = (Vec::new(), Vec::new());
    for (id, verdict) in decision.verdicts() {
        let Some(declared) = policy.destination(id) else { continue };
        let destination = declared.name();
        let reason = verdict.reason();
        if verdict.delivers() {
            deliver.push(Delivered { destination, reason: reason.word() });
        } else {
            let discard = reason.discard_code();
            let categories = discard.map(|_| names::categories(policy, verdict.refused()));
            let advisory = declared.mode() == Some(Mode::Device);
            block.push(Blocked { destination, reason: reason.word(), categories, discard, advisory });
        }
    }
    let gate = |reading| if decision.passes_gate(reading) { "open" } else { "closed" };
    let (unknown_categories, unknown_categories_total) = unknown(decision.unknown_categories());
    let (unknown_integrations, unknown_integrations_total) = unknown(decision.unknown_integrations());
    let decided = DecisionLine {
        v: VERSION,
        line,
        id: decision.event().id.as_ref().map(Name::to_string),
        policy: policy.name(),
        fingerprint: decision.fingerprint().ok().map(|print| print.to_string()),
        edition: policy.edition(),
        consent: decision.consent().word(),
        integrations: decision.integrations().word(),
        deliver,
        block,
        unknown_categories,
        unknown_categories_total,
        unknown_integrations,
        unknown_integrations_total,
        drop: decision.drop_reason().map(|reason| Dropped { reason }),
        check,
        gate: Gate {
            any_grant: gate(GateOpens::AnyGrant),
            needed_grant: gate(GateOpens::NeededGrant),
            delivery: gate(GateOpens::Delivery),
        },
    };
    write(to, &decided)
}

/// The first names, and how many there are when not all of them are listed.
fn unknown(names: BTreeSet<&Name<'_>>) -> (Vec<String>, Option<usize>) {
    // Names that are no text may look alike once they are shown as text.
    let names: BTreeSet<String> = names.into_iter().map(Name::to_string).collect();
    let total = (names.len() > MAX_UNKNOWN).then_some(names.len());
    (names.into_iter().take(MAX_UNKNOWN).collect(), total)
}

/// One line, with its line break, for a line that is not an event.
///
/// # Errors
///
/// When the writer fails.
pub fn event_error(to: &mut impl Write, line: u64, error: &EventError) -> io::Result<()> {
    let error = ErrorBody { code: error.code(), message: error.to_string() };
    write(to, &ErrorLine { v: VERSION, line, error })
}

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
