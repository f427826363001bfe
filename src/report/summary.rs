//! Counts over many decisions.

use crate::decide::Decision;
use crate::model::{DestinationId, Policy};
use crate::verdict::Reason;

/// How often each destination was delivered or blocked, by reason.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    decided: u64,
    dropped: u64,
    not_events: u64,
    undeliverable: u64,
    /// By destination and by reason, both in their order.
    counts: Vec<[u64; Reason::ALL.len()]>,
}

impl Summary {
    /// Counts one decision.
    pub fn add(&mut self, decision: &Decision<'_>) {
        self.decided += 1;
        self.dropped += u64::from(decision.drop_reason().is_some());
        self.undeliverable += u64::from(decision.delivered().next().is_none());
        self.counts.resize(decision.policy().destinations().len(), Default::default());
        for (counts, (_, verdict)) in self.counts.iter_mut().zip(decision.verdicts()) {
            if let Some(count) = counts.get_mut(verdict.reason() as usize) {
                *count += 1;
            }
        }
    }

    /// Adds the counts of other decisions by the same policy.
    pub fn merge(&mut self, other: &Summary) {
        self.decided += other.decided;
        self.dropped += other.dropped;
        self.not_events += other.not_events;
        self.undeliverable += other.undeliverable;
        self.counts.resize(self.counts.len().max(other.counts.len()), Default::default());
        for (own, other) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *own += other;
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

    /// How many of them no destination receives, the dropped ones among them.
    pub fn undeliverable(&self) -> u64 {
        self.undeliverable
    }

    /// How many lines were not events.
    pub fn not_events(&self) -> u64 {
        self.not_events
    }

    /// The counts of a policy's destinations, in declaration order and then by reason, deliveries first.
    pub fn counts<'s>(&'s self, policy: &'s Policy) -> impl Iterator<Item = (&'s str, Reason, u64)> {
        policy.destination_ids().zip(&self.counts).flat_map(|(id, counts): (DestinationId, _)| {
            let name = policy.destination(id).map_or("", |destination| destination.name());
            let reasons = Reason::ALL.into_iter().zip(counts);
            reasons.filter(|(_, count)| **count > 0).map(move |(reason, count)| (name, reason, *count))
        })
    }
}
