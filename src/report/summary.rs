//! Counts over many decisions.

use super::names;
use crate::breakdown::{Breakdown, ForeignCounts};
use crate::counts::Counts;
use crate::decide::Decision;
use crate::event::{EventError, EventErrorKind, Name};
use crate::model::{CheckAction, CheckResult, DestinationId, Policy};
use crate::reason::{Outcome, Reason};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How often each destination was delivered or blocked, by reason, and how often a line was not an event, by code.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    decided: u64,
    /// How many events were dropped, by the reason.
    drops: BTreeMap<String, u64>,
    /// The lines that were not events, by what was wrong with them.
    errors: Counts<EventErrorKind>,
    blank_lines: u64,
    batches: u64,
    large_batches: u64,
    undeliverable: u64,
    /// The rewritten events that a router may withhold from a delivered destination.
    withheld: Counts<DestinationId>,
    /// What the check against the ledger found, and what became of the events.
    checks: Counts<(CheckResult, CheckAction)>,
    unknown_integrations: UnknownIntegrations,
    foreign: ForeignCounts,
    /// How many more events are looked at for foreign consent; `None` for all.
    foreign_left: Option<u32>,
    /// Some event has a preference for a category of the policy.
    names_category: bool,
    /// The keys of preferences, as long as none of them is that of a category.
    keys: Breakdown<u64>,
    /// By destination and by reason, both in their order.
    counts: Vec<[u64; REASONS]>,
    /// What is not in these yet, for each reason of 64 destinations.
    recent: Vec<[Recent; REASONS]>,
    /// How many decisions that is.
    recent_decisions: u32,
}

/// The integrations entries that are for no destination of the policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct UnknownIntegrations {
    /// The number of these entries.
    pub entries: u64,
    /// The number of events that have any.
    pub events: u64,
}

/// The number of events whose preferences have one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyCount {
    /// The number of events.
    pub events: u64,
    /// The key.
    pub key: String,
}

/// The largest batch that Segment accepts, in bytes.
pub(super) const MAX_BATCH_BYTES: usize = 500_000;

/// The number of keys that a summary names.
const MAX_KEYS: usize = 10;

/// The number of events with one result of a check against a ledger.
#[derive(Debug, Serialize)]
pub struct CheckCount {
    /// The result.
    pub found: CheckResult,
    /// The action that the policy takes for it, with `_` for a space; `None` where nothing but the stamp can count.
    pub then: Option<String>,
    /// The number of events.
    pub events: u64,
}

/// The number of events that one destination gets, or does not get, for one reason.
#[derive(Debug, Serialize)]
pub struct DestinationCount<'p> {
    /// The name of the destination.
    pub destination: &'p str,
    /// The outcome.
    pub outcome: Outcome,
    /// The reason.
    pub reason: Reason,
    /// The number of events.
    pub events: u64,
}

/// The number of events that one destination should receive, and that a router may withhold.
#[derive(Debug, Serialize)]
pub struct WithheldCount<'p> {
    /// The name of the destination.
    pub destination: &'p str,
    /// The number of events.
    pub events: u64,
}

const REASONS: usize = Reason::ALL.len();

/// Counts of up to [`Recent::MOST`] for 64 destinations: the n-th word has the n-th binary digit of each.
///
/// So a decision is counted 64 destinations at a time, and counting takes less time than deciding.
#[derive(Debug, Clone, Copy, Default)]
struct Recent([u64; 8]);

impl Recent {
    const MOST: u32 = 255;

    fn add(&mut self, destinations: u64) {
        let mut carry = destinations;
        for digits in &mut self.0 {
            if carry == 0 {
                break;
            }
            (*digits, carry) = (*digits ^ carry, *digits & carry);
        }
    }

    fn count(&self, bit: usize) -> u64 {
        self.0.iter().rev().fold(0, |count, digits| count << 1 | digits >> bit & 1)
    }
}

impl Summary {
    /// Looks for foreign consent on so many of the following events at most. To look takes longer than to decide.
    pub fn look_at(&mut self, events: u32) {
        self.foreign_left = Some(events);
    }

    /// Counts one decision; all of them must be of the same policy.
    pub fn add(&mut self, decision: &Decision<'_>) {
        self.decided += 1;
        decision.checked().into_iter().for_each(|checked| self.checks.add(checked));
        if let Some(reason) = decision.drop_reason() {
            match self.drops.get_mut(reason) {
                Some(count) => *count += 1,
                None => drop(self.drops.insert(reason.to_owned(), 1)),
            }
        }
        self.undeliverable += u64::from(decision.delivered().next().is_none());
        let unknown = decision.unknown_entries();
        self.unknown_integrations.entries += u64::from(unknown);
        self.unknown_integrations.events += u64::from(unknown > 0);
        if decision.is_foreign_likely() {
            match self.foreign_left.as_mut().map(|left| (*left > 0).then(|| *left -= 1)) {
                Some(None) => self.foreign.leave_out(),
                _ => self.foreign.add(&decision.foreign()),
            }
        }
        if !self.names_category {
            self.add_keys(decision);
        }
        let words = decision.policy().destinations().len().div_ceil(64);
        self.recent.resize(self.recent.len().max(words), Default::default());
        for (recent, reasons) in self.recent.iter_mut().zip(decision.reasons()) {
            for (recent, (_, destinations)) in recent.iter_mut().zip(reasons.iter()) {
                recent.add(destinations);
            }
        }
        self.recent_decisions += 1;
        if self.recent_decisions == Recent::MOST {
            self.settle();
        }
    }

    /// Counts the keys of an event's preferences, as long as none is that of a category.
    #[cold]
    fn add_keys(&mut self, decision: &Decision<'_>) {
        self.names_category = !decision.names_no_category();
        if self.names_category {
            self.keys = Breakdown::default();
        }
        if self.names_category || !decision.has_preferences() {
            return;
        }
        let preferences = decision.event().consent.preferences();
        let keys: BTreeSet<&Name<'_>> = preferences.iter().map(|(key, _)| key).collect();
        for key in keys {
            *self.keys.count_mut(vec![Some(key.clone().into_owned())]) += 1;
        }
    }

    /// Counts one decision whose event was rewritten for a router.
    pub fn add_rewritten(&mut self, decision: &Decision<'_>) {
        self.add(decision);
        decision.withheld().for_each(|destination| self.withheld.add(destination));
    }

    /// Adds what is recent to the counts.
    fn settle(&mut self) {
        self.counts.resize(self.counts.len().max(self.recent.len() * 64), Default::default());
        for (counts, recent) in self.counts.chunks_mut(64).zip(&mut self.recent) {
            for (bit, counts) in counts.iter_mut().enumerate() {
                counts.iter_mut().zip(&*recent).for_each(|(count, recent)| *count += recent.count(bit));
            }
            *recent = Default::default();
        }
        self.recent_decisions = 0;
    }

    /// Adds the counts of other decisions by the same policy.
    pub fn merge(&mut self, other: &Summary) {
        self.decided += other.decided;
        for (reason, count) in &other.drops {
            *self.drops.entry(reason.clone()).or_default() += count;
        }
        self.undeliverable += other.undeliverable;
        self.withheld.merge(&other.withheld);
        self.checks.merge(&other.checks);
        self.unknown_integrations.entries += other.unknown_integrations.entries;
        self.unknown_integrations.events += other.unknown_integrations.events;
        self.foreign.merge(&other.foreign);
        self.names_category |= other.names_category;
        match self.names_category {
            true => self.keys = Breakdown::default(),
            false => self.keys.merge(&other.keys),
        }
        self.errors.merge(&other.errors);
        self.blank_lines += other.blank_lines;
        self.batches += other.batches;
        self.large_batches += other.large_batches;
        let mut other = other.clone();
        other.settle();
        self.counts.resize(self.counts.len().max(other.counts.len()), Default::default());
        for (own, other) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *own += other;
        }
    }

    /// What the check against the ledger found, what became of the events, and how many those were.
    pub fn checks(&self) -> impl Iterator<Item = CheckCount> {
        self.checks.iter().map(|((found, action), events)| {
            let then = names::action(found, action);
            CheckCount { found, then, events }
        })
    }

    /// Returns the most frequent keys of preferences if no event has the key of a category. `None` if one has, if there are no events, or if
    /// no category of the policy depends on them. None are returned if some are [not counted](Summary::has_uncounted_keys).
    pub fn unmatched_keys(&self) -> Option<Vec<KeyCount>> {
        if self.names_category || self.decided == 0 {
            return None;
        }
        let key = |(key, events): (&[Option<Name<'static>>], &u64)| {
            Some(KeyCount { events: *events, key: key.first()?.as_ref()?.to_string() })
        };
        let counted = self.keys.rows().filter(|_| !self.has_uncounted_keys());
        let mut keys: Vec<KeyCount> = counted.filter_map(key).collect();
        keys.sort_by_key(|key| Reverse(key.events));
        keys.truncate(MAX_KEYS);
        Some(keys)
    }

    /// Returns true if the keys of preferences are too many or too long for all of them to be counted.
    pub fn has_uncounted_keys(&self) -> bool {
        *self.keys.other() > 0
    }

    /// Returns the number of integrations entries that are for no destination of the policy.
    pub fn unknown_integrations(&self) -> UnknownIntegrations {
        self.unknown_integrations
    }

    /// Returns the consent and the integrations that the policy does not read, of events without consent that it reads or with malformed
    /// integrations.
    pub fn foreign(&self) -> &ForeignCounts {
        &self.foreign
    }

    /// Returns true if there is an integrations entry for no destination of the policy, or no preference for any of its categories.
    pub fn has_unknown(&self) -> bool {
        self.unknown_integrations.events > 0 || self.unmatched_keys().is_some()
    }

    /// Counts lines that are batches; each item is counted as a decision.
    pub fn add_batches(&mut self, batches: u64) {
        self.batches += batches;
    }

    /// Counts a batch that was rewritten, by its bytes before and after.
    pub fn add_rewritten_batch(&mut self, before: usize, after: usize) {
        self.batches += 1;
        self.large_batches += u64::from(after > MAX_BATCH_BYTES && after > before);
    }

    /// Returns the number of lines that are batches.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Returns the number of batches that are larger than Segment's limit of 500,000 bytes because they were rewritten.
    pub fn large_batches(&self) -> u64 {
        self.large_batches
    }

    /// Counts one line that is not an event, or is blank.
    pub fn add_error(&mut self, error: &EventError) {
        match error.is_blank() {
            true => self.blank_lines += 1,
            false => self.errors.add(error.kind()),
        }
    }

    /// Returns the number of blank lines. They are skipped, and are no faults.
    pub fn blank_lines(&self) -> u64 {
        self.blank_lines
    }

    /// How many events were decided.
    pub fn decided(&self) -> u64 {
        self.decided
    }

    /// How many of them were dropped.
    pub fn dropped(&self) -> u64 {
        self.drops.values().sum()
    }

    /// How many of them were dropped for each reason.
    pub fn drops(&self) -> impl Iterator<Item = (&str, u64)> {
        self.drops.iter().map(|(reason, count)| (reason.as_str(), *count))
    }

    /// How many of them no destination receives, the dropped ones among them.
    pub fn undeliverable(&self) -> u64 {
        self.undeliverable
    }

    /// Returns the number of rewritten events that a router may withhold from each delivered destination: it may know the destination
    /// only by an alias that a blocked one has too. Destinations without such events are left out.
    pub fn withheld<'s>(&'s self, policy: &'s Policy) -> impl Iterator<Item = WithheldCount<'s>> {
        self.withheld.iter().filter_map(|(id, events)| {
            policy.destination(id).map(|one| WithheldCount { destination: one.name(), events })
        })
    }

    /// How many lines were not events.
    pub fn not_events(&self) -> u64 {
        self.errors.total()
    }

    /// Returns how many lines had each fault that occurred, in the order in which faults are tested.
    pub fn errors(&self) -> &Counts<EventErrorKind> {
        &self.errors
    }

    /// The counts of a policy's destinations, in declaration order and then by reason, deliveries first.
    pub fn counts<'s>(&'s self, policy: &'s Policy) -> impl Iterator<Item = DestinationCount<'s>> {
        policy.destinations().iter().enumerate().flat_map(move |(index, declared)| {
            let counts = Reason::ALL.into_iter().map(move |reason| DestinationCount {
                destination: declared.name(),
                outcome: reason.outcome(),
                reason,
                events: self.count(index, reason),
            });
            counts.filter(|count| count.events > 0)
        })
    }

    fn count(&self, destination: usize, reason: Reason) -> u64 {
        let settled = self.counts.get(destination).and_then(|counts| counts.get(reason as usize));
        let recent = self.recent.get(destination / 64).and_then(|recent| recent.get(reason as usize));
        settled.unwrap_or(&0) + recent.map_or(0, |recent| recent.count(destination % 64))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    /// Summaries of summaries keep what they were given, whoever decides a few events or none.
    #[test]
    fn merging_loses_nothing() {
        let policy = |count: usize| {
            let destinations: String =
                (0..count).map(|id| format!(" destination \"{id}\" unmapped")).collect();
            crate::Table::new(
                Policy::parse(&format!("consentry 1 policy \"p\" include prelude \"segment\"{destinations}"))
                    .unwrap(),
            )
        };
        let (large, small) = (policy(100), policy(1));
        let mut worker = Summary::default();
        worker.add(&large.decide(crate::decide::Input::line(b"{}"), &mut large.scratch()).unwrap());
        worker.add(&small.decide(crate::decide::Input::line(b"{}"), &mut small.scratch()).unwrap());
        for line in [&b"[]"[..], b"", b"[]"] {
            worker.add_error(
                &small.decide(crate::decide::Input::line(line), &mut small.scratch()).unwrap_err(),
            );
        }
        let (mut total, mut grand) = (Summary::default(), Summary::default());
        total.merge(&worker);
        grand.merge(&total);
        for summary in [&worker, &total, &grand] {
            assert_eq!(summary.counts(large.policy()).count(), 100);
            assert_eq!(summary.counts(large.policy()).map(|count| count.events).sum::<u64>(), 101);
            assert!(summary.errors().iter().eq([(EventErrorKind::NotAnObject, 2)]));
            assert_eq!((summary.not_events(), summary.blank_lines()), (2, 1));
        }
    }

    #[test]
    fn recent_counts_are_counts() {
        let mut recent = Recent::default();
        for round in 0..Recent::MOST {
            recent.add((0..64).filter(|bit| round % (bit + 1) == 0).fold(0, |word, bit| word | 1 << bit));
        }
        for bit in 0..64 {
            assert_eq!(recent.count(bit), u64::from(Recent::MOST.div_ceil(bit as u32 + 1)), "{bit}");
        }
    }
}
