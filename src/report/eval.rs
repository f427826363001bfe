//! Decisions, a line each.

use super::foreign::ForeignRow;
use super::json::VERSION;
use super::names;
use super::page::{Column, Document, Grid, Page, PageBlock};
use crate::decide::Decision;
use crate::event::{EventError, Name};
use crate::model::{
    CheckResult, Checked, ConsentState, GateOpens, InputState, IntegrationsState, Mode, Policy,
};
use crate::reason::{Outcome, Reason};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many unknown names of a sort the document lists.
pub const MAX_UNKNOWN: usize = 100;

/// How many of them the page lists.
const MAX_SHOWN: usize = 10;

/// The result of `eval` for one event: its decision.
///
/// ```
/// use consentry::report::{eval::DecisionReport, json};
/// use consentry::{Input, Policy, Table};
///
/// let text = r#"consentry 1 policy "p" include prelude "segment" destination "X" unmapped"#;
/// let table = Table::new(Policy::parse(text)?);
/// let mut scratch = table.scratch();
/// let decision = table.decide(Input::line(b"{}"), &mut scratch)?;
/// let mut line = Vec::new();
/// json::write(&mut line, &DecisionReport::new(1, &decision))?;
/// assert!(line.starts_with(br#"{"v":1,"line":1,"id":null,"policy":"p","#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct DecisionReport<'a> {
    v: u32,
    line: u64,
    /// The item of a batch, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    id: Option<String>,
    policy: &'a str,
    /// `null` for a policy without one: it is never guessed.
    fingerprint: Option<String>,
    edition: u32,
    consent: ConsentState,
    integrations: IntegrationsState,
    /// The state of each input; left out for a policy without inputs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    inputs: BTreeMap<&'a str, String>,
    deliver: Vec<DestinationReport<'a>>,
    block: Vec<DestinationReport<'a>>,
    unknown_categories: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_categories_total: Option<usize>,
    unknown_integrations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_integrations_total: Option<usize>,
    /// The consent that the policy does not read; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    foreign_consent: Vec<ForeignRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop: Option<Dropped<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckReport<'a>>,
    gate: Gate,
}

/// The result of the check against the ledger, and what becomes of the event.
#[derive(Debug, Serialize)]
pub(super) struct CheckReport<'a> {
    found: CheckResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<&'a str>>,
    then: Option<String>,
}

/// Whether the source may send the event, for each value of `gate opens on`.
#[derive(Debug, Serialize)]
struct Gate {
    any_grant: &'static str,
    needed_grant: &'static str,
    delivery: &'static str,
}

#[derive(Debug, Serialize)]
struct DestinationReport<'a> {
    destination: &'a str,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discard: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    advisory: bool,
}

#[derive(Debug, Serialize)]
struct Dropped<'a> {
    reason: &'a str,
}

impl<'a> DecisionReport<'a> {
    /// Creates the report of the decision for the event on a line.
    pub fn new(line: u64, decision: &'a Decision<'_>) -> Self {
        let policy = decision.policy();
        let (mut deliver, mut block) = (Vec::new(), Vec::new());
        for (id, verdict) in decision.verdicts() {
            let Some(declared) = policy.destination(id) else { continue };
            let discard = verdict.reason().discard_code();
            let reports = if verdict.delivers() { &mut deliver } else { &mut block };
            reports.push(DestinationReport {
                destination: declared.name(),
                reason: verdict.reason(),
                categories: discard.map(|_| policy.category_names(verdict.refused())),
                discard,
                advisory: !verdict.delivers() && declared.mode() == Some(Mode::Device),
            });
        }
        let gate = |reading| if decision.passes_gate(reading) { "open" } else { "closed" };
        let (unknown_categories, unknown_categories_total) = unknown(decision.unknown_categories());
        let (unknown_integrations, unknown_integrations_total) = unknown(decision.unknown_integrations());
        DecisionReport {
            v: VERSION,
            line,
            item: None,
            id: decision.event().id.as_ref().map(Name::to_string),
            policy: policy.name(),
            fingerprint: decision.fingerprint().ok().map(|print| print.to_string()),
            edition: policy.edition(),
            consent: decision.consent(),
            integrations: decision.integrations(),
            inputs: inputs(policy, &decision.event().inputs),
            deliver,
            block,
            unknown_categories,
            unknown_categories_total,
            unknown_integrations,
            unknown_integrations_total,
            foreign_consent: decision.foreign().iter().take(MAX_UNKNOWN).map(ForeignRow::of).collect(),
            drop: decision.drop_reason().map(|reason| Dropped { reason }),
            check: decision.check().map(|checked| CheckReport::new(policy, &checked)),
            gate: Gate {
                any_grant: gate(GateOpens::AnyGrant),
                needed_grant: gate(GateOpens::NeededGrant),
                delivery: gate(GateOpens::Delivery),
            },
        }
    }
}

impl DecisionReport<'_> {
    /// Adds the number of the item, counted from 0, if the line is a batch.
    #[must_use]
    pub fn of_item(self, item: Option<usize>) -> Self {
        DecisionReport { item, ..self }
    }
}

/// Returns the state of each input of a policy on an event, by the name of the input.
pub(super) fn inputs<'p>(policy: &'p Policy, states: &[InputState]) -> BTreeMap<&'p str, String> {
    let state = |place: usize| states.get(place).unwrap_or(&InputState::Absent).to_string();
    policy.inputs().iter().enumerate().map(|(place, input)| (input.name(), state(place))).collect()
}

/// Returns the place of an event in a stream, for people.
pub(super) fn place(line: u64, item: Option<usize>) -> String {
    match item {
        Some(item) => format!("line {line} item {item}"),
        None => format!("line {line}"),
    }
}

impl<'a> CheckReport<'a> {
    pub(super) fn new(policy: &'a Policy, Checked { result, action, categories }: &Checked) -> Self {
        let categories = (*result == CheckResult::Mismatch).then(|| policy.category_names(categories));
        CheckReport { found: *result, categories, then: names::action(*result, *action) }
    }

    /// Returns what the check found, and what becomes of the event: `mismatch: Advertising; use recorded`.
    pub(super) fn text(&self) -> String {
        let mut text = names::reason(self.found, self.categories.as_deref().unwrap_or_default());
        text.extend(self.then.iter().map(|then| format!("; {}", names::spaced(then))));
        text
    }
}

/// Returns the first names, and how many there are if some are left out.
fn unknown(names: BTreeSet<&Name<'_>>) -> (Vec<String>, Option<usize>) {
    // Names that are no text may look alike once they are shown as text.
    let names: BTreeSet<String> = names.into_iter().map(Name::to_string).collect();
    let total = (names.len() > MAX_UNKNOWN).then_some(names.len());
    (names.into_iter().take(MAX_UNKNOWN).collect(), total)
}

impl Document for DecisionReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let id = self.id.as_deref().unwrap_or("no id");
        let states = format!("consent {}, integrations {}", self.consent, self.integrations);
        page.paragraph(format!("{}  {id}  {states}", place(self.line, self.item)));
        page.0.extend(
            self.check.iter().map(|check| PageBlock::Paragraph(2, format!("ledger   {}", check.text()))),
        );
        if let Some(drop) = &self.drop {
            page.indented(format!("drop     {}", drop.reason));
        }
        let row = |outcome: Outcome| {
            move |one: &DestinationReport<'_>| {
                let why = names::reason(one.reason, one.categories.as_deref().unwrap_or_default());
                let note = if one.advisory { " (advisory: device mode)" } else { "" };
                [outcome.as_str().to_owned(), one.destination.to_owned(), why + note]
            }
        };
        let delivered = self.deliver.iter().map(row(Outcome::Deliver));
        let blocked = self.block.iter().map(row(Outcome::Block));
        let columns = [Column::wide(7), Column::default(), Column::default()];
        page.table(Grid::new(columns).with(delivered.chain(blocked)));
        for (sort, names, total) in [
            ("categories", &self.unknown_categories, self.unknown_categories_total),
            ("integrations", &self.unknown_integrations, self.unknown_integrations_total),
        ] {
            if !names.is_empty() {
                let names = names::first(MAX_SHOWN, names, total.unwrap_or(names.len()));
                page.indented(format!("unknown {sort}: {names}"));
            }
        }
        for found in self.foreign_consent.iter().take(MAX_SHOWN) {
            page.indented(format!("not read: {}", found.text()));
        }
        page.gap();
    }
}

/// The result of a command for a line that is not an event.
#[derive(Debug, Serialize)]
pub struct EventErrorReport {
    v: u32,
    line: u64,
    /// The item at fault of a batch, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    error: Fault,
}

/// What is wrong with a line.
#[derive(Debug, Serialize)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl EventErrorReport {
    /// Creates the report of the error on a line.
    pub fn new(line: u64, error: &EventError) -> Self {
        let fault = Fault { code: error.code(), message: error.to_string() };
        EventErrorReport { v: VERSION, line, item: error.item(), error: fault }
    }
}

impl Document for EventErrorReport {
    fn add_to(&self, page: &mut Page) {
        let EventErrorReport { line, error: Fault { code, message }, .. } = self;
        page.paragraph(format!("line {line}  not an event ({code}): {message}"));
        page.gap();
    }
}
