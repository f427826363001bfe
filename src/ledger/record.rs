//! What is recorded of a person, of the entries of all ids that are theirs.

use super::entry::{LedgerEntry, Write};
use super::timestamp::Timestamp;
use crate::event::{Record, RecordedPreference};
use serde::Serialize;

/// The record of a person, and when they said the latest of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatedRecord {
    /// When the person said the latest of it.
    pub at: Timestamp,
    /// What the person said last of each category.
    #[serde(flatten)]
    pub record: Record,
}

impl From<&Write> for DatedRecord {
    fn from(write: &Write) -> Self {
        let of =
            |granted: bool| if granted { RecordedPreference::Granted } else { RecordedPreference::Refused };
        let preferences = write.preferences.iter().map(|(name, granted)| (name.clone(), of(*granted)));
        DatedRecord { at: write.at, record: Record { preferences: preferences.collect() } }
    }
}

impl DatedRecord {
    /// Merges the records of two people who are one: "values that disagree become `conflict`". This is commutative, associative and
    /// idempotent.
    pub fn merge(&mut self, other: &DatedRecord) {
        self.at = self.at.max(other.at);
        self.combine(other, |one, other| if one == other { one } else { RecordedPreference::Conflict });
    }

    /// Merges like [`DatedRecord::merge`].
    pub(super) fn merged(mut self, other: DatedRecord) -> DatedRecord {
        self.merge(&other);
        self
    }

    /// Puts the categories in conflict that are granted here and refused under an id that others share, no earlier than `since`.
    fn dispute(&mut self, shared: &LedgerEntry, since: Option<Timestamp>) {
        for (name, preference) in &mut self.record.preferences {
            let is_refused = shared.refused(name).is_some_and(|refused| Some(refused) >= since);
            if is_refused && *preference == RecordedPreference::Granted {
                *preference = RecordedPreference::Conflict;
            }
        }
    }

    /// The person says something anew, no earlier than what is recorded: it ends conflicts, and "on a tie the refusal wins".
    fn write(&mut self, write: &Write) {
        let new = DatedRecord::from(write);
        match write.at > self.at {
            true => *self = new,
            // A refusal is greater than a grant. Nothing is in conflict here: a link at this moment came before both.
            false => self.combine(&new, RecordedPreference::max),
        }
    }

    /// For each category that one of them names, what both say of it.
    fn combine(
        &mut self,
        other: &DatedRecord,
        both: impl Fn(RecordedPreference, RecordedPreference) -> RecordedPreference,
    ) {
        for (name, preference) in &mut self.record.preferences {
            *preference = both(*preference, other.record.preference(name));
        }
        for (name, preference) in &other.record.preferences {
            // What is here already was combined above, and would be the same once more.
            let unnamed = both(RecordedPreference::Refused, *preference);
            self.record.preferences.entry(name.clone()).or_insert(unnamed);
        }
    }
}

/// An anonymous id that is linked with a known one.
pub(super) struct Linked<'e> {
    pub(super) since: Timestamp,
    /// Whether it is linked with other known ids too, as on a device that several people use.
    pub(super) shared: bool,
    pub(super) entry: &'e LedgerEntry,
}

/// What is recorded of a known person, by their own write and those of the anonymous ids that are linked with them; `None` if nothing is.
///
/// Until an id is linked, it is another person. The link merges the two records. What is written later under either id is said by the one
/// person, but for an id that others share: it grants nothing, and what is refused under it, by whomever, is in conflict until the known person
/// says it anew.
pub(super) fn of_person(own: Option<&Write>, linked: &[Linked<'_>]) -> Option<DatedRecord> {
    let (shared, theirs): (Vec<&Linked<'_>>, Vec<&Linked<'_>>) = linked.iter().partition(|one| one.shared);
    let shared = shared.into_iter().map(|one| one.entry);
    let Some(mut record) = of_own(own, &theirs) else {
        // Who has never said anything under an id of their own is held to all that others said.
        let records = shared.filter_map(|entry| {
            let mut record = DatedRecord::from(entry.write.as_ref()?);
            record.dispute(entry, None);
            Some(record)
        });
        return records.reduce(DatedRecord::merged);
    };
    let since = Some(record.at);
    shared.for_each(|entry| record.dispute(entry, since));
    Some(record)
}

/// The same of ids that are the person's alone.
fn of_own(own: Option<&Write>, linked: &[&Linked<'_>]) -> Option<DatedRecord> {
    // At the same moment a link comes before what is written: an event may say both.
    let mut steps: Vec<(Timestamp, Step, &Write)> =
        own.map(|write| (write.at, Step::Own, write)).into_iter().collect();
    steps.extend(linked.iter().filter_map(|one| {
        let write = one.entry.write.as_ref()?;
        Some(match write.at < one.since {
            true => (one.since, Step::Link, write),
            false => (write.at, Step::Linked, write),
        })
    }));
    steps.sort_by_key(|(at, step, _)| (*at, *step));
    let mut record: Option<DatedRecord> = None;
    for (_, step, write) in steps {
        match &mut record {
            None => record = Some(DatedRecord::from(write)),
            Some(record) if step == Step::Link => record.merge(&DatedRecord::from(write)),
            Some(record) => record.write(write),
        }
    }
    record
}

/// A step in which a write comes to be the person's, in the order of steps at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// The link with an id under which it was written before.
    Link,
    /// The write under the person's own id.
    Own,
    /// The write under an id that is linked.
    Linked,
}
