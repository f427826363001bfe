//! Counts over many decisions.

use crate::decide::Decision;
use crate::model::{DestinationId, Policy};
use crate::verdict::Reason;
use std::collections::BTreeMap;

/// How often each destination was delivered or blocked, by reason.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    decided: u64,
    dropped: u64,
    not_events: u64,
    counts: BTreeMap<(DestinationId, Reason), u64>,
}

impl Summary {
    /// Counts one decision.
    pub fn add(&mut self, decision: &Decision<'_>) {
        self.decided += 1;
        self.dropped += u64::from(decision.drop_reason().is_some());
        for (destination, verdict) in decision.verdicts() {
            *self.counts.entry((destination, verdict.reason())).or_default() += 1;
        }
    }

    /// Counts one line that is not an event.
    pub fn add_error(&mut self) {
        self.not_events += 1;
    }

    /// How many events were decided.
    pub fn decided(&self) -> u64 {
        self.decided
    }

    /// How many of them were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many lines were not events.
    pub fn not_events(&self) -> u64 {
        self.not_events
    }

    /// The counts of a policy's destinations, in declaration order and then by reason, deliveries first.
    pub fn counts<'s>(&'s self, policy: &'s Policy) -> impl Iterator<Item = (&'s str, Reason, u64)> {
        self.counts
            .iter()
            .filter_map(|((id, reason), count)| Some((policy.destination(*id)?.name(), *reason, *count)))
    }
}
