//! Explanations of a decision.

use super::eval::CheckReport;
use super::json::VERSION;
use super::names;
use super::page::{Column, Document, Grid, Page, PageBlock};
use crate::event::Entry;
use crate::exact::{Counterfactual, Counterfactuals, InputChange, MAX_COUNTERFACTUALS};
use crate::fingerprint::TooLargeError;
use crate::model::{ConsentState, DestinationId, IntegrationsState, Mode, Policy, Preference};
use crate::reason::{Outcome, Reason};
use crate::reference::{Explanation, Step, StepKind, StepResult};
use serde::Serialize;

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
    outcome: Outcome,
    reason: Reason,
    categories: Vec<&'a str>,
    steps: Vec<StepReport<'a>>,
    /// `None` if the question is too large.
    flips: Option<Vec<FlipReport<'a>>>,
    more_flips: bool,
    /// The paragraphs above the steps and the flips.
    #[serde(skip)]
    leads: (Vec<String>, String),
}

#[derive(Debug, Default, Serialize)]
struct StepReport<'a> {
    step: &'static str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferences: Option<Vec<PreferenceReport<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
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
    changes: Vec<ChangeReport<'a>>,
    text: String,
    reason: Reason,
    /// `None` if the event is longer than [`MAX_FLIP_EVENT`].
    event: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum ChangeReport<'a> {
    Consent { state: ConsentState },
    Integrations { state: IntegrationsState },
    Event { exempt: Option<&'a str> },
    Entry { name: &'a str, entry: &'static str },
    All { entry: Entry },
    Grant { category: &'a str },
    Refuse { category: &'a str },
}

impl<'a> ExplainReport<'a> {
    /// Creates the report from the explanation of a decision and from what would flip it.
    pub fn new(
        policy: &'a Policy,
        id: DestinationId,
        explanation: &Explanation,
        flips: Result<&'a Counterfactuals, &TooLargeError>,
    ) -> Self {
        let verdict = &explanation.verdict;
        let (outcome, reason) = (verdict.outcome(), verdict.reason());
        let Explanation { consent, integrations, .. } = *explanation;
        let destination = names::destination(policy, id);
        let categories = names::categories(policy, verdict.refused());
        let mode = policy.destination(id).and_then(|destination| destination.mode());
        let is_advisory = mode == Some(Mode::Device) && !verdict.delivers();
        let why = names::reason(reason, &categories);
        let note = if is_advisory { " (advisory: device mode)" } else { "" };
        let mut lead = vec![format!("{destination}: {outcome}, {why}{note}")];
        lead.extend(verdict.reason().discard_code().map(|code| format!("discard code {code}")));
        lead.push(format!("consent {consent}, integrations {integrations}"));
        let other = match verdict.outcome() {
            Outcome::Deliver => "blocked",
            Outcome::Block => "delivered",
        };
        let flips_lead = match flips {
            Err(error) => format!("what would have to change to be {other} is not said: {error}"),
            Ok(flips) if flips.list.is_empty() => format!("no change of the event would make it {other}"),
            Ok(_) => format!("to be {other}, one of"),
        };
        ExplainReport {
            v: VERSION,
            policy: policy.name(),
            edition: policy.edition(),
            destination,
            consent,
            integrations,
            outcome,
            reason,
            categories,
            steps: explanation.steps.iter().map(|step| StepReport::new(policy, step)).collect(),
            flips: flips.ok().map(|flips| flips.list.iter().map(FlipReport::new).collect()),
            more_flips: flips.is_ok_and(|flips| flips.more),
            leads: (lead, flips_lead),
        }
    }
}

impl<'a> StepReport<'a> {
    fn new(policy: &'a Policy, step: &Step) -> Self {
        let (result, reason) = match step.result {
            StepResult::Passes => ("passes", None),
            StepResult::PassesAs(reason) => ("passes", Some(reason)),
            StepResult::Blocks(reason) => ("blocks", Some(reason)),
        };
        let place = step.span.map(|span| Place {
            file: policy.files().name(span.file),
            line: policy.files().position(span).line,
            text: policy.line_at(span),
        });
        let report = StepReport { step: step.kind.as_str(), result, reason, place, ..StepReport::default() };
        match &step.kind {
            StepKind::Check(checked) => {
                StepReport { check: Some(CheckReport::new(policy, checked)), ..report }
            }
            StepKind::Enabled => report,
            StepKind::Reconcile(enforce) => StepReport { enforce: Some(enforce.to_string()), ..report },
            StepKind::Consent(preferences) => {
                let preferences = preferences.iter().filter_map(|(id, preference)| {
                    let category = policy.category(*id)?;
                    let note = match (category.is_live(), category.is_always()) {
                        (false, _) => ", but unenforced",
                        (true, true) => ", but always granted",
                        (true, false) => "",
                    };
                    Some(PreferenceReport { category: category.name(), preference: *preference, note })
                });
                StepReport { preferences: Some(preferences.collect()), ..report }
            }
            StepKind::Integrations { entry, all_off } => {
                let all = if *all_off { "off" } else { "on" };
                StepReport { entry: Some(names::entry(*entry)), all: Some(all), ..report }
            }
            StepKind::Listed { entry } => StepReport { entry: Some(names::entry(*entry)), ..report },
        }
    }

    /// Returns what the step looked at, and its result.
    fn text(&self) -> String {
        let found = match (&self.preferences, &self.enforce, self.entry) {
            (Some(preferences), ..) if preferences.is_empty() => "the destination is unmapped".to_owned(),
            (Some(preferences), ..) => {
                let each = preferences.iter();
                let each = each.map(|one| format!("{} is {}{}", one.category, one.preference, one.note));
                each.collect::<Vec<_>>().join("; ")
            }
            (_, Some(enforce), _) => format!("enforce {enforce}"),
            (_, _, Some(entry)) if self.all == Some("off") => format!("own entry {entry}, All is off"),
            (_, _, Some(entry)) => format!("own entry {entry}"),
            _ if self.check.is_some() => self.check.iter().map(CheckReport::text).collect(),
            _ if self.result == "passes" => "the destination is enabled".to_owned(),
            _ => "the destination is disabled".to_owned(),
        };
        let reason = self.reason.map(|reason| format!(" as {reason}")).unwrap_or_default();
        format!("{found}: {}{reason}", self.result)
    }
}

impl<'a> FlipReport<'a> {
    fn new(flip: &'a Counterfactual) -> Self {
        let changes = flip.changes.iter().map(|change| match change {
            InputChange::Consent(state) => ChangeReport::Consent { state: *state },
            InputChange::Integrations(state) => ChangeReport::Integrations { state: *state },
            InputChange::Event(name) => ChangeReport::Event { exempt: name.as_deref() },
            InputChange::Entry { name, value } => ChangeReport::Entry { name, entry: names::entry(*value) },
            InputChange::All(entry) => ChangeReport::All { entry: *entry },
            InputChange::Grant(category) => ChangeReport::Grant { category },
            InputChange::Refuse(category) => ChangeReport::Refuse { category },
        });
        FlipReport {
            changes: changes.collect(),
            text: flip.to_string(),
            reason: flip.reason,
            event: Some(flip.witness.as_str()).filter(|event| event.len() <= MAX_FLIP_EVENT),
        }
    }
}

impl Document for ExplainReport<'_> {
    fn page(&self) -> Page {
        let mut page = Page::default();
        self.leads.0.iter().for_each(|line| page.paragraph(line));
        page.gap();
        let first = usize::from(self.steps.first().is_none_or(|step| step.check.is_none()));
        for (step, number) in self.steps.iter().zip(first..) {
            let row = [format!("{number}. {}", step.step), step.text()];
            page.table(Grid { indent: 0, ..Grid::new([Column::wide(15), "".into()]).with([row]) });
            let place =
                step.place.as_ref().map(|place| format!("{}:{}: {}", place.file, place.line, place.text));
            page.0.push(PageBlock::Paragraph(3, place.unwrap_or_else(|| "by the event itself".to_owned())));
        }
        page.gap();
        page.paragraph(&self.leads.1);
        let flips = self.flips.iter().flatten().map(|flip| flip.text.clone());
        let more =
            self.more_flips.then(|| format!("there may be more: at most {MAX_COUNTERFACTUALS} are listed"));
        page.0.push(PageBlock::List { numbered: false, indent: 3, items: flips.chain(more).collect() });
        page
    }
}
