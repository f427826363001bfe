//! Explanations of a decision.

use super::eval::{self, CheckReport};
use super::foreign::ForeignRow;
use super::json::VERSION;
use super::names;
use super::page::{Column, Document, Grid, Page, PageBlock};
use crate::diagnostic::Span;
use crate::event::{Entry, ForeignValue};
use crate::exact::{Counterfactual, Counterfactuals, InputChange, MAX_COUNTERFACTUALS};
use crate::fingerprint::TooLargeError;
use crate::model::{ConsentState, DestinationId, IntegrationsState, Mode, Policy, Preference};
use crate::reason::{Outcome, Reason};
use crate::reference::{Explanation, Step, StepKind, StepResult};
use serde::Serialize;
use std::collections::BTreeMap;

/// The longest event, in bytes, that shows a flip in an explanation: it has all that the explained event has.
pub const MAX_FLIP_EVENT: usize = 2_000;

/// The result of `explain`: each step of a decision for one destination, and what would flip it.
#[derive(Debug, Serialize)]
pub struct ExplainReport<'a> {
    v: u32,
    policy: &'a str,
    edition: u32,
    destination: &'a str,
    consent: ConsentState,
    integrations: IntegrationsState,
    /// The state of each input; left out for a policy without inputs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    inputs: BTreeMap<&'a str, String>,
    outcome: Outcome,
    reason: Reason,
    categories: Vec<&'a str>,
    /// Consent and integrations on the event that the policy does not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    foreign_consent: Vec<ForeignRow>,
    steps: Vec<StepReport<'a>>,
    /// `None` if the question is too large.
    flips: Option<Vec<FlipReport<'a>>>,
    more_flips: bool,
    /// The paragraphs above the steps and the flips.
    #[serde(skip)]
    leads: (Vec<String>, String),
}

#[derive(Debug, Serialize)]
struct StepReport<'a> {
    step: &'static str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(flatten)]
    found: Found<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
    /// Other lines that matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Place<'a>>,
}

/// The parts of the policy and of the event that a step looks at.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Found<'a> {
    Check { check: CheckReport<'a> },
    Enabled {},
    Reconcile { enforce: String },
    Consent { preferences: Vec<PreferenceReport<'a>> },
    Integrations { entry: &'static str, all: &'static str },
    Listed { entry: &'static str },
}

#[derive(Debug, Serialize)]
struct PreferenceReport<'a> {
    category: &'a str,
    preference: Preference,
    #[serde(skip)]
    note: &'static str,
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct FlipReport<'a> {
    changes: &'a [InputChange],
    text: String,
    reason: Reason,
    /// `None` if the event is longer than [`MAX_FLIP_EVENT`].
    event: Option<&'a str>,
}

impl<'a> ExplainReport<'a> {
    /// Creates the report from the explanation of a decision, from what would flip it, and from what the policy does not read of the event.
    pub fn new(
        policy: &'a Policy,
        id: DestinationId,
        explanation: &Explanation,
        flips: Result<&'a Counterfactuals, &TooLargeError>,
        foreign: &[ForeignValue],
    ) -> Self {
        let verdict = &explanation.verdict;
        let (outcome, reason) = (verdict.outcome(), verdict.reason());
        let Explanation { consent, integrations, .. } = *explanation;
        let destination = policy.destination_name(id);
        let categories = policy.category_names(verdict.refused());
        let mode = policy.destination(id).and_then(|destination| destination.mode());
        let is_advisory = mode == Some(Mode::Device) && !verdict.delivers();
        let why = names::reason(reason, &categories);
        let note = if is_advisory { " (advisory: device mode)" } else { "" };
        let mut lead = vec![format!("{destination}: {outcome}, {why}{note}")];
        lead.extend(verdict.reason().discard_code().map(|code| format!("discard code {code}")));
        let inputs = eval::inputs(policy, &explanation.inputs);
        let states = inputs.iter().map(|(name, state)| format!(", {} {state}", crate::syntax::name(name)));
        lead.push(format!("consent {consent}, integrations {integrations}{}", states.collect::<String>()));
        let other = match verdict.outcome() {
            Outcome::Deliver => "blocked",
            Outcome::Block => "delivered",
        };
        let flips_lead = match flips {
            Err(error) => format!("what would have to change to be {other} is not said: {error}"),
            Ok(flips) if flips.list.is_empty() => {
                let checked = match (policy.ledger_check().is_some(), inputs.is_empty()) {
                    (true, true) => ", while the ledger's answer stays what it is",
                    (true, false) => ", while the ledger's answer and the inputs stay what they are",
                    (false, false) => ", while the inputs stay what they are",
                    (false, true) => "",
                };
                format!("no change of the event would make it {other}{checked}")
            }
            Ok(_) if !inputs.is_empty() => format!("to be {other} with the same inputs, one of"),
            Ok(_) => format!("to be {other}, one of"),
        };
        ExplainReport {
            v: VERSION,
            policy: policy.name(),
            edition: policy.edition(),
            destination,
            consent,
            integrations,
            inputs,
            outcome,
            reason,
            categories,
            foreign_consent: foreign.iter().map(ForeignRow::of).collect(),
            steps: explanation.steps.iter().map(|step| StepReport::new(policy, step)).collect(),
            flips: flips.ok().map(|flips| flips.list.iter().map(FlipReport::new).collect()),
            more_flips: flips.is_ok_and(|flips| flips.more),
            leads: (lead, flips_lead),
        }
    }
}

impl<'a> Place<'a> {
    fn of(policy: &'a Policy, span: Span) -> Self {
        let line = policy.files().position(span).line;
        Place { file: policy.files().name(span.file), line, text: policy.line_at(span) }
    }

    fn text(&self) -> String {
        format!("{}:{}: {}", self.file, self.line, self.text)
    }
}

impl<'a> StepReport<'a> {
    fn new(policy: &'a Policy, step: &Step) -> Self {
        let (result, reason) = match step.result {
            StepResult::Passes => ("passes", None),
            StepResult::PassesAs(reason) => ("passes", Some(reason)),
            StepResult::Blocks(reason) => ("blocks", Some(reason)),
        };
        let place = step.span.map(|span| Place::of(policy, span));
        let also = step.also.iter().map(|span| Place::of(policy, *span)).collect();
        let found = match &step.kind {
            StepKind::Check(checked) => Found::Check { check: CheckReport::new(policy, checked) },
            StepKind::Enabled => Found::Enabled {},
            StepKind::Reconcile(enforce) => Found::Reconcile { enforce: enforce.to_string() },
            StepKind::Consent(preferences) => {
                let preferences = preferences.iter().filter_map(|(id, preference)| {
                    let category = policy.category(*id)?;
                    let note = match (category.is_live(), category.is_always()) {
                        (false, _) => ", but unenforced",
                        (true, true) => ", but always granted",
                        (true, false) if step.also.iter().any(|span| category.is_refused_at(*span)) => {
                            ", by an input"
                        }
                        (true, false) => "",
                    };
                    Some(PreferenceReport { category: category.name(), preference: *preference, note })
                });
                Found::Consent { preferences: preferences.collect() }
            }
            StepKind::Integrations { entry, all_off } => {
                let all = if *all_off { "off" } else { "on" };
                Found::Integrations { entry: Entry::or_unlisted(*entry), all }
            }
            StepKind::Listed { entry } => Found::Listed { entry: Entry::or_unlisted(*entry) },
        };
        StepReport { step: step.kind.as_str(), result, reason, found, place, also }
    }

    /// Returns what the step looked at, and its result.
    fn text(&self) -> String {
        let result = self.result;
        let found = match &self.found {
            Found::Check { check } => check.text(),
            Found::Enabled {} if result == "passes" => "the destination is enabled".to_owned(),
            Found::Enabled {} => "the destination is disabled".to_owned(),
            Found::Reconcile { enforce } => format!("enforce {enforce}"),
            Found::Consent { preferences } if preferences.is_empty() => {
                "the destination is unmapped".to_owned()
            }
            Found::Consent { preferences } => {
                let each = preferences.iter();
                let each = each.map(|one| format!("{} is {}{}", one.category, one.preference, one.note));
                each.collect::<Vec<_>>().join("; ")
            }
            Found::Integrations { entry, all: "off" } => format!("own entry {entry}, All is off"),
            Found::Integrations { entry, .. } | Found::Listed { entry } => format!("own entry {entry}"),
        };
        let reason = self.reason.map(|reason| format!(" as {reason}")).unwrap_or_default();
        format!("{found}: {result}{reason}")
    }
}

impl<'a> FlipReport<'a> {
    fn new(flip: &'a Counterfactual) -> Self {
        FlipReport {
            changes: &flip.changes,
            text: flip.to_string(),
            reason: flip.reason,
            event: Some(flip.witness.as_str()).filter(|event| event.len() <= MAX_FLIP_EVENT),
        }
    }
}

impl Document for ExplainReport<'_> {
    fn add_to(&self, page: &mut Page) {
        self.leads.0.iter().for_each(|line| page.paragraph(line));
        for found in &self.foreign_consent {
            page.paragraph(format!("not read: {}", found.text()));
        }
        page.gap();
        let has_check = self.steps.first().is_some_and(|step| matches!(step.found, Found::Check { .. }));
        let first = usize::from(!has_check);
        for (step, number) in self.steps.iter().zip(first..) {
            let row = [format!("{number}. {}", step.step), step.text()];
            page.table(Grid { indent: 0, ..Grid::new([Column::wide(15), "".into()]).with([row]) });
            let place = step.place.as_ref().map(Place::text);
            page.0.push(PageBlock::Paragraph(3, place.unwrap_or_else(|| "by the event itself".to_owned())));
            let also = step.also.iter().map(|place| PageBlock::Paragraph(3, place.text()));
            page.0.extend(also);
        }
        page.gap();
        page.paragraph(&self.leads.1);
        let flips = self.flips.iter().flatten().map(|flip| flip.text.clone());
        let more =
            self.more_flips.then(|| format!("there may be more: at most {MAX_COUNTERFACTUALS} are listed"));
        page.0.push(PageBlock::List { numbered: false, indent: 3, items: flips.chain(more).collect() });
    }
}
