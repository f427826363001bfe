//! The changes after each result of the ledger check.

use super::page::{Page, PageBlock};
use crate::event::LedgerAnswer;
use crate::exact::{CheckChange, CheckedDestination, CheckedWitness, Direction};
use crate::model::{CheckAction, CheckResult};
use serde::Serialize;

/// The reason why a row has no event.
pub(super) const NO_EVENT: &str = "the policies read consent at places that one event cannot fill alike";

/// A result of the check after which something is not the same.
#[derive(Debug, Serialize)]
pub(super) struct CheckRow<'a> {
    after: &'static str,
    before: &'static str,
    pub(super) destinations: Vec<CheckedChange<'a>>,
    result: CheckResult,
}

/// A destination for which events are decided otherwise after a result.
#[derive(Debug, Serialize)]
pub(super) struct CheckedChange<'a> {
    blocked: Option<WitnessReport<'a>>,
    delivered: Option<WitnessReport<'a>>,
    pub(super) destination: &'a str,
    reason: Option<WitnessReport<'a>>,
}

/// An event and what the ledger says of its person.
#[derive(Debug, Serialize)]
struct WitnessReport<'a> {
    event: Option<&'a str>,
    recorded: &'a LedgerAnswer,
}

impl<'a> CheckRow<'a> {
    pub(super) fn new(change: &'a CheckChange) -> Self {
        let action = |action: Option<CheckAction>| match action {
            Some(action) => change.result.action_as_str(action),
            None => "no check",
        };
        CheckRow {
            after: action(change.after),
            before: action(change.before),
            destinations: change.destinations.iter().map(CheckedChange::new).collect(),
            result: change.result,
        }
    }

    /// Returns what it does before and after.
    pub(super) fn title(&self) -> String {
        let change = match self.before == self.after {
            true => format!("{}, of other events or other consent", self.after),
            false => format!("{} -> {}", self.before, self.after),
        };
        format!("ledger {}: {change}", self.result)
    }

    /// Returns each change in one of some directions, as a sentence and an event that shows it.
    pub(super) fn changes(
        &self,
        directions: impl Iterator<Item = Direction> + Clone,
    ) -> impl Iterator<Item = (String, Option<&'a str>)> {
        self.destinations.iter().flat_map(move |one| {
            directions.clone().filter_map(move |direction| {
                let WitnessReport { event, recorded } = one.witness(direction)?;
                let word = match direction {
                    Direction::Loosened => "newly delivered",
                    Direction::Tightened => "newly blocked",
                    Direction::Reason => "another reason",
                };
                let no_event = if event.is_none() {
                    format!("; no event shows it: {}", NO_EVENT)
                } else {
                    String::new()
                };
                let (name, recorded) = (one.destination, recorded.to_json());
                Some((format!("{name}: {word}, where the ledger says {recorded}{no_event}"), *event))
            })
        })
    }
}

/// Adds a sentence about an answer of the ledger, and the event that shows it.
pub(super) fn add_change(page: &mut Page, (sentence, event): (String, Option<&str>)) {
    page.indented(sentence);
    page.0.extend(event.map(|event| PageBlock::Event(event.to_owned())));
}

impl<'a> CheckedChange<'a> {
    fn new(destination: &'a CheckedDestination) -> Self {
        let witness = |witness: &'a Option<CheckedWitness>| {
            witness.as_ref().map(|one| WitnessReport { event: one.event.as_deref(), recorded: &one.recorded })
        };
        CheckedChange {
            blocked: witness(&destination.blocked),
            delivered: witness(&destination.delivered),
            destination: &destination.name,
            reason: witness(&destination.reason),
        }
    }

    fn witness(&self, direction: Direction) -> Option<&WitnessReport<'a>> {
        match direction {
            Direction::Loosened => self.delivered.as_ref(),
            Direction::Tightened => self.blocked.as_ref(),
            Direction::Reason => self.reason.as_ref(),
        }
    }

    pub(super) fn has(&self, direction: Direction) -> bool {
        self.witness(direction).is_some()
    }
}
