//! The number of events of a stream that a change of a policy touches.

use super::names;
use crate::decide::Decision;
use crate::event::{Event, EventError};
use crate::exact::{Diff, Direction};
use crate::model::{CategoryId, DestinationId, Policy};
use crate::reason::Reason;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The number of events that a change of a policy touches.
#[derive(Debug, Serialize)]
pub struct EventCounts {
    /// The lines of white space, which are skipped.
    blank_lines: u64,
    /// Events that are decided otherwise: the sum of the next two that are counted apart.
    changed: u64,
    decided: u64,
    not_events: u64,
    /// Events that some destination receives under one policy only.
    outcome_changed: u64,
    /// Other events for which a reason, the categories that a refusal names, or the text of a drop is another one.
    reason_changed: u64,
    /// True if a policy checks events against a ledger, which these decisions leave out; absent without a check.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unchecked: bool,
    /// By destination and change.
    #[serde(skip)]
    by_change: Vec<Vec<u64>>,
    /// Each destination in both policies.
    #[serde(skip)]
    destinations: Vec<[Option<DestinationId>; 2]>,
}

/// The way in which an event is decided otherwise.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Changed {
    Nothing,
    Reason,
    Outcome,
}

impl EventCounts {
    /// Creates counts of no event.
    pub fn new(diff: &Diff, old: &Policy, new: &Policy) -> Self {
        let counts = diff.destinations.iter().map(|one| {
            let changes: usize = Direction::ALL.iter().map(|direction| one.count(*direction)).sum();
            vec![0; changes]
        });
        let mut destinations: BTreeMap<&str, [Option<DestinationId>; 2]> = BTreeMap::new();
        for (which, policy) in [old, new].into_iter().enumerate() {
            for (id, destination) in policy.destination_ids().zip(policy.destinations()) {
                let ids = destinations.entry(destination.name()).or_default();
                ids.get_mut(which).into_iter().for_each(|own| *own = Some(id));
            }
        }
        EventCounts {
            blank_lines: 0,
            changed: 0,
            decided: 0,
            not_events: 0,
            outcome_changed: 0,
            reason_changed: 0,
            unchecked: old.ledger_check().or(new.ledger_check()).is_some(),
            by_change: counts.collect(),
            destinations: destinations.into_values().collect(),
        }
    }

    /// Counts an event as both policies decide it. `touching` has for each destination of the difference what
    /// [`touching`](crate::exact::DestinationDiff::touching) returns.
    pub fn add(
        &mut self,
        touching: &[impl Fn(&Event<'_>, &Event<'_>) -> Vec<usize>],
        old: &Decision<'_>,
        new: &Decision<'_>,
    ) {
        self.decided += 1;
        for (touching, counts) in touching.iter().zip(&mut self.by_change) {
            for change in touching(old.event(), new.event()) {
                counts.get_mut(change).into_iter().for_each(|count| *count += 1);
            }
        }
        let drop = if old.drop_reason() == new.drop_reason() { Changed::Nothing } else { Changed::Reason };
        let destinations =
            self.destinations.iter().map(|[old_id, new_id]| changed((*old_id, old), (*new_id, new)));
        match destinations.chain([drop]).max() {
            Some(Changed::Outcome) => self.outcome_changed += 1,
            Some(Changed::Reason) => self.reason_changed += 1,
            Some(Changed::Nothing) | None => {}
        }
        self.changed = self.outcome_changed + self.reason_changed;
    }

    /// Counts a line that is not an event, or is blank.
    pub fn add_error(&mut self, error: &EventError) {
        match error.is_blank() {
            true => self.blank_lines += 1,
            false => self.not_events += 1,
        }
    }

    /// Returns the number of lines that are not events.
    pub fn not_events(&self) -> u64 {
        self.not_events
    }

    /// Returns how many events a change of a destination touches.
    pub(super) fn of(&self, destination: usize, change: usize) -> u64 {
        self.by_change.get(destination).and_then(|counts| counts.get(change)).copied().unwrap_or(0)
    }

    /// Returns a sentence about all events.
    pub(super) fn summary(&self) -> String {
        let not_events = match self.not_events {
            0 => String::new(),
            count => format!("; {}", names::counted(count, "line is not an event", "lines are not events")),
        };
        let unchecked = if self.unchecked { ", without the ledger check" } else { "" };
        let change = if self.reason_changed == 1 { "changes" } else { "change" };
        format!(
            "{} of {} events change outcome ({} {change} only the listed reason){unchecked}{not_events}{}",
            self.outcome_changed,
            self.decided,
            self.reason_changed,
            names::blank_lines(self.blank_lines)
        )
    }
}

/// Returns how an event is decided otherwise for a destination, which each policy may have.
fn changed(
    (old_id, old): (Option<DestinationId>, &Decision<'_>),
    (new_id, new): (Option<DestinationId>, &Decision<'_>),
) -> Changed {
    if old_id.is_some_and(|id| old.delivers(id)) != new_id.is_some_and(|id| new.delivers(id)) {
        return Changed::Outcome;
    }
    let (Some(old_id), Some(new_id)) = (old_id, new_id) else { return Changed::Nothing };
    let is_same = match (old.reason(old_id), new.reason(new_id)) {
        (Some(Reason::Refused), Some(Reason::Refused)) => refused(old, old_id) == refused(new, new_id),
        (one, other) => one == other,
    };
    if is_same { Changed::Nothing } else { Changed::Reason }
}

/// Returns the wire ids that the refusal of a destination names.
fn refused<'d>(decision: &Decision<'d>, id: DestinationId) -> BTreeSet<&'d str> {
    let policy = decision.policy();
    let verdict = decision.verdict(id);
    let refused = verdict.iter().flat_map(|verdict| verdict.refused());
    let wire_id = |id: &CategoryId| policy.category(*id).map(|category| category.wire_id());
    refused.filter_map(wire_id).collect()
}
