//! What is recorded of a person, of the entries of all ids that are theirs.

use super::entry::Write;
use super::moment::Moment;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is recorded of one category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedPreference {
    /// Granted.
    Granted,
    /// Refused.
    Refused,
    /// Two records of one person disagree, and nothing was said since.
    Conflict,
}

/// What is recorded of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// When the person said the latest of it.
    pub at: Moment,
    /// By wire id. A category that is not there is refused.
    pub preferences: BTreeMap<String, RecordedPreference>,
}

impl From<&Write> for Record {
    fn from(write: &Write) -> Self {
        let of =
            |granted: bool| if granted { RecordedPreference::Granted } else { RecordedPreference::Refused };
        let preferences = write.preferences.iter().map(|(name, granted)| (name.clone(), of(*granted)));
        Record { at: write.at, preferences: preferences.collect() }
    }
}

impl Record {
    /// What is recorded of a category.
    pub fn preference(&self, wire_id: &str) -> RecordedPreference {
        self.preferences.get(wire_id).copied().unwrap_or(RecordedPreference::Refused)
    }

    /// Merges the records of two people who are one: "values that disagree become `conflict`". This is commutative, associative and
    /// idempotent.
    pub fn merge(&mut self, other: &Record) {
        self.at = self.at.max(other.at);
        self.combine(other, |one, other| if one == other { one } else { RecordedPreference::Conflict });
    }

    /// The person says something anew, no earlier than what is recorded: it ends conflicts, and "on a tie the refusal wins".
    fn write(&mut self, write: &Write) {
        let said = Record::from(write);
        match write.at > self.at {
            true => *self = said,
            false => self.combine(&said, |one, other| match (one, other) {
                (RecordedPreference::Refused, _) | (_, RecordedPreference::Refused) => {
                    RecordedPreference::Refused
                }
                (one, other) if one == other => one,
                _ => RecordedPreference::Conflict,
            }),
        }
    }

    /// For each category that one of them names, what both say of it.
    fn combine(
        &mut self,
        other: &Record,
        both: impl Fn(RecordedPreference, RecordedPreference) -> RecordedPreference,
    ) {
        for (name, preference) in &mut self.preferences {
            *preference = both(*preference, other.preference(name));
        }
        for (name, preference) in &other.preferences {
            // What is here already was combined above, and would be the same once more.
            let unnamed = both(RecordedPreference::Refused, *preference);
            self.preferences.entry(name.clone()).or_insert(unnamed);
        }
    }
}

/// An anonymous id that is linked with a known one.
pub(super) struct Linked<'e> {
    pub(super) since: Moment,
    /// Whether it is linked with other known ids too, as on a device that several people use.
    pub(super) shared: bool,
    pub(super) write: Option<&'e Write>,
}

/// What is recorded of a known person, by their own write and those of the anonymous ids that are linked with them; `None` if nothing is.
///
/// Until an id is linked, it is another person. The link merges the two records. What is written later under either id is said by the one
/// person, but for an id that others share: it is merged, so that nobody grants for somebody else.
pub(super) fn of_person(own: Option<&Write>, linked: &[Linked<'_>]) -> Option<Record> {
    enum Step {
        Link(usize),
        Own,
        Write(usize),
    }
    let mut steps: Vec<(Moment, Step)> = own.map(|write| (write.at, Step::Own)).into_iter().collect();
    // At the same moment a link comes before what is written: an event may say both.
    steps.extend(linked.iter().enumerate().map(|(at, one)| (one.since, Step::Link(at))));
    steps.extend(linked.iter().enumerate().filter_map(|(at, one)| Some((one.write?.at, Step::Write(at)))));
    steps.sort_by_key(|(moment, step)| {
        let (order, at) = match step {
            Step::Link(at) => (0, *at),
            Step::Own => (1, 0),
            // What is only merged comes last, so that what the person says at the moment ends all that was before.
            Step::Write(at) => (if linked.get(*at).is_some_and(|one| one.shared) { 3 } else { 2 }, *at),
        };
        (*moment, order, at)
    });
    let mut record: Option<Record> = None;
    let mut is_linked = vec![false; linked.len()];
    let mut apart: Vec<Option<&Write>> = vec![None; linked.len()];
    let merged = |record: Option<Record>, write: Option<&Write>| match (record, write) {
        (Some(mut record), Some(write)) => {
            record.merge(&Record::from(write));
            Some(record)
        }
        (record, write) => record.or(write.map(Record::from)),
    };
    let written = |record: Option<Record>, write: &Write| match record {
        Some(mut record) => {
            record.write(write);
            record
        }
        None => Record::from(write),
    };
    for (_, step) in steps {
        match step {
            Step::Own => record = own.map(|write| written(record.take(), write)),
            Step::Link(at) => {
                if let (Some(is_linked), Some(apart)) = (is_linked.get_mut(at), apart.get(at)) {
                    *is_linked = true;
                    record = merged(record, *apart);
                }
            }
            Step::Write(at) => {
                let Some(Linked { shared, write: Some(write), .. }) = linked.get(at) else { continue };
                match is_linked.get(at) {
                    Some(true) if *shared => record = merged(record, Some(write)),
                    Some(true) => record = Some(written(record, write)),
                    _ => {
                        if let Some(apart) = apart.get_mut(at) {
                            *apart = Some(write);
                        }
                    }
                }
            }
        }
    }
    record
}
