//! The JSON that other programs rely on: `grammar/decision.schema.json` is its contract. Members may be added, never
//! changed.

use crate::decide::Decision;
use crate::diagnostic::{Diagnostic, Files, Position, Span, is_harmful};
use crate::event::{EventError, Name};
use crate::exact::{Certificate, Counterfactual, Counterfactuals, Coverage, InputChange, fingerprint};
use crate::fingerprint::TooLarge;
#[cfg(feature = "ledger")]
use crate::ledger::{Checked, Found};
use crate::model::{DestinationId, GateOpens, Mode, Policy};
use crate::reference::{Explanation, Step, StepKind, StepResult};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The version of the contract, which every line carries.
const VERSION: u32 = 1;

/// The longest event, in bytes, that shows a flip in an explanation: it has all that the explained event has.
pub const MAX_FLIP_EVENT: usize = 2_000;

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
        Found::Mismatch(categories) => Some(names(decision.policy(), categories)),
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
            let categories = discard.map(|_| names(policy, verdict.refused()));
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
    write_line(to, &decided)
}

fn names<'a>(policy: &'a Policy, categories: &[crate::model::CategoryId]) -> Vec<&'a str> {
    categories.iter().filter_map(|id| policy.category(*id)).map(|category| category.name()).collect()
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
    write_line(to, &ErrorLine { v: VERSION, line, error })
}

fn write_line(to: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b"\n")
}

#[derive(Serialize)]
struct ExplanationLine<'a> {
    v: u32,
    policy: &'a str,
    edition: u32,
    destination: &'a str,
    consent: &'static str,
    integrations: &'static str,
    outcome: &'static str,
    reason: &'static str,
    categories: Vec<&'a str>,
    steps: Vec<StepBody<'a>>,
    /// `null` for a question that is too large.
    flips: Option<Vec<FlipBody<'a>>>,
    more_flips: bool,
}

#[derive(Serialize)]
struct FlipBody<'a> {
    changes: Vec<ChangeBody<'a>>,
    text: String,
    reason: &'static str,
    /// `null` for an event that is longer than [`MAX_FLIP_EVENT`].
    event: Option<&'a str>,
}

/// The member that tells the changes apart comes first.
#[derive(Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum ChangeBody<'a> {
    Consent { state: &'static str },
    Integrations { state: &'static str },
    Event { exempt: Option<&'a str> },
    Entry { name: &'a str, entry: &'static str },
    All { entry: &'static str },
    Grant { category: &'a str },
    Refuse { category: &'a str },
}

#[derive(Serialize)]
struct StepBody<'a> {
    step: &'static str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferences: Option<Vec<PreferenceBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceBody<'a>>,
}

#[derive(Serialize)]
struct PreferenceBody<'a> {
    category: &'a str,
    preference: &'static str,
}

#[derive(Serialize)]
struct PlaceBody<'a> {
    file: &'a str,
    line: usize,
}

/// One line for an explanation, with what would flip the outcome.
///
/// # Errors
///
/// When the writer fails.
pub fn explanation(
    to: &mut impl Write,
    policy: &Policy,
    destination: &str,
    explanation: &Explanation,
    flips: Result<&Counterfactuals, &TooLarge>,
) -> io::Result<()> {
    let verdict = &explanation.verdict;
    let line = ExplanationLine {
        v: VERSION,
        policy: policy.name(),
        edition: policy.edition(),
        destination,
        consent: explanation.consent.word(),
        integrations: explanation.integrations.word(),
        outcome: verdict.outcome().word(),
        reason: verdict.reason().word(),
        categories: names(policy, verdict.refused()),
        steps: explanation.steps.iter().map(|step| step_body(policy, step)).collect(),
        flips: flips.ok().map(|flips| flips.list.iter().map(flip_body).collect()),
        more_flips: flips.is_ok_and(|flips| flips.more),
    };
    write_line(to, &line)
}

fn flip_body(flip: &Counterfactual) -> FlipBody<'_> {
    let changes = flip.changes.iter().map(|change| match change {
        InputChange::Consent(state) => ChangeBody::Consent { state: state.word() },
        InputChange::Integrations(state) => ChangeBody::Integrations { state: state.word() },
        InputChange::Event(name) => ChangeBody::Event { exempt: name.as_deref() },
        InputChange::Entry { name, value } => ChangeBody::Entry { name, entry: entry_word(*value) },
        InputChange::All(entry) => ChangeBody::All { entry: entry_word(Some(*entry)) },
        InputChange::Grant(category) => ChangeBody::Grant { category },
        InputChange::Refuse(category) => ChangeBody::Refuse { category },
    });
    FlipBody {
        changes: changes.collect(),
        text: flip.to_string(),
        reason: flip.reason.word(),
        event: Some(flip.witness.as_str()).filter(|event| event.len() <= MAX_FLIP_EVENT),
    }
}

fn step_body<'a>(policy: &'a Policy, step: &Step) -> StepBody<'a> {
    let (result, reason) = match step.result {
        StepResult::Passes => ("passes", None),
        StepResult::PassesAs(reason) => ("passes", Some(reason.word())),
        StepResult::Blocks(reason) => ("blocks", Some(reason.word())),
    };
    let mut body = StepBody {
        step: step.kind.word(),
        result,
        reason,
        enforce: None,
        preferences: None,
        entry: None,
        all: None,
        place: step.span.map(|span| PlaceBody {
            file: policy.files().name(span.file),
            line: policy.files().position(span).line,
        }),
    };
    match &step.kind {
        StepKind::Enabled => {}
        StepKind::Reconcile(enforce) => body.enforce = Some(enforce.to_string()),
        StepKind::Consent(preferences) => {
            let named = preferences.iter().filter_map(|(id, preference)| {
                let category = policy.category(*id)?.name();
                Some(PreferenceBody { category, preference: preference.word() })
            });
            body.preferences = Some(named.collect());
        }
        StepKind::Integrations { entry, all_off } => {
            body.entry = Some(entry_word(*entry));
            body.all = Some(if *all_off { "off" } else { "on" });
        }
        StepKind::Listed { entry } => body.entry = Some(entry_word(*entry)),
    }
    body
}

#[derive(Serialize)]
struct CertificateBody<'a> {
    v: u32,
    policy: &'a str,
    comparisons: String,
    destinations: Vec<CoverageBody<'a>>,
    differences: Vec<DifferenceBody<'a>>,
}

/// Counts may be larger than numbers in JSON can be relied on to be, and are written as text.
#[derive(Serialize)]
struct CoverageBody<'a> {
    destination: &'a str,
    coverage: &'static str,
    compared: String,
    of: Option<String>,
}

#[derive(Serialize)]
struct DifferenceBody<'a> {
    destination: &'a str,
    event: &'a str,
    table: Option<&'static str>,
    reference: Option<&'static str>,
}

/// One line for a certificate.
///
/// # Errors
///
/// When the writer fails.
pub fn certificate(to: &mut impl Write, policy: &Policy, certificate: &Certificate) -> io::Result<()> {
    let name = |id: &DestinationId| policy.destination(*id).map_or("", |destination| destination.name());
    let destinations = certificate.coverage.iter().map(|(id, coverage)| {
        let (coverage, compared, of) = match coverage {
            Coverage::Full(count) => ("full", count, Some(*count)),
            Coverage::Reduced(count) => ("reduced", count, Some(*count)),
            Coverage::Sampled { compared, of } => ("sampled", compared, *of),
        };
        let of = of.map(|of| of.to_string());
        CoverageBody { destination: name(id), coverage, compared: compared.to_string(), of }
    });
    let differences = certificate.differences.iter().map(|difference| DifferenceBody {
        destination: name(&difference.destination),
        event: &difference.event,
        table: difference.table.as_ref().map(|verdict| verdict.reason().word()),
        reference: difference.reference.as_ref().map(|verdict| verdict.reason().word()),
    });
    let body = CertificateBody {
        v: VERSION,
        policy: policy.name(),
        comparisons: certificate.comparisons().to_string(),
        destinations: destinations.collect(),
        differences: differences.collect(),
    };
    write_line(to, &body)
}

pub(super) fn entry_word(entry: Option<crate::event::Entry>) -> &'static str {
    match entry {
        Some(crate::event::Entry::On) => "on",
        Some(crate::event::Entry::Off) => "off",
        _ => "unlisted",
    }
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
        for char in fragment.chars() {
            match is_harmful(char) {
                true => {
                    char.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(to, "\\u{unit:04x}"))?
                }
                false => to.write_all(char.encode_utf8(&mut [0; 4]).as_bytes())?,
            }
        }
        Ok(())
    }
}
