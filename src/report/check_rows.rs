//! What a change of the ledger check changes, result by result.

use super::page::{Page, PageBlock};
use crate::event::LedgerAnswer;
use crate::exact::{CheckChange, CheckDiff, CheckedDestination, CheckedWitness};
use crate::model::{CheckAction, CheckResult};
use serde::Serialize;

/// A result of the check whose action, compared categories or events changed.
#[derive(Debug, Serialize)]
pub(super) struct CheckRow<'a> {
    after: &'static str,
    before: &'static str,
    destinations: Vec<DestinationRow<'a>>,
    result: CheckResult,
}

/// A destination that receives other events after a result.
#[derive(Debug, Serialize)]
struct DestinationRow<'a> {
    blocked: Option<WitnessReport<'a>>,
    delivered: Option<WitnessReport<'a>>,
    destination: &'a str,
    unknown: bool,
}

/// An event and what the ledger says of its person.
#[derive(Debug, Serialize)]
struct WitnessReport<'a> {
    event: &'a str,
    recorded: &'a LedgerAnswer,
}

/// Returns the rows of a change.
pub(super) fn check_rows(diff: Option<&CheckDiff>) -> Vec<CheckRow<'_>> {
    diff.into_iter().flat_map(|diff| &diff.rows).map(CheckRow::new).collect()
}

impl<'a> CheckRow<'a> {
    fn new(change: &'a CheckChange) -> Self {
        let action = |action: Option<CheckAction>| match action {
            Some(action) => change.result.action_as_str(action),
            None => "no check",
        };
        CheckRow {
            after: action(change.after),
            before: action(change.before),
            destinations: change.destinations.iter().map(DestinationRow::new).collect(),
            result: change.result,
        }
    }

    /// Adds the row: what it does before and after, and the destinations with what shows it.
    pub(super) fn add_to(&self, page: &mut Page) {
        let change = match self.before == self.after {
            true => format!("{}, for other events or categories", self.after),
            false => format!("{} -> {}", self.before, self.after),
        };
        page.heading(2, format!("ledger {}: {change}", self.result));
        if self.destinations.is_empty() {
            page.indented("no destination receives more or fewer events");
        }
        for destination in &self.destinations {
            let name = destination.destination;
            if destination.unknown {
                page.indented(format!(
                    "{name}: not compared, because it is too large to be answered exactly"
                ));
            }
            for (word, witness) in
                [("newly delivered", &destination.delivered), ("newly blocked", &destination.blocked)]
            {
                if let Some(WitnessReport { event, recorded }) = witness {
                    let recorded = recorded.to_json();
                    page.indented(format!("{name}: {word}, where the ledger says {recorded}"));
                    page.0.push(PageBlock::Event((*event).to_owned()));
                }
            }
        }
    }
}

impl<'a> DestinationRow<'a> {
    fn new(destination: &'a CheckedDestination) -> Self {
        let witness = |witness: &'a Option<CheckedWitness>| {
            witness.as_ref().map(|one| WitnessReport { event: &one.event, recorded: &one.recorded })
        };
        DestinationRow {
            blocked: witness(&destination.blocked),
            delivered: witness(&destination.delivered),
            destination: &destination.name,
            unknown: destination.is_unknown,
        }
    }
}
