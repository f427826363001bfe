//! What is recorded of a person, of the entries of all ids that are theirs.

use super::entry::{Entry, Write};
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

impl RecordedPreference {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            RecordedPreference::Granted => "granted",
            RecordedPreference::Refused => "refused",
            RecordedPreference::Conflict => "conflict",
        }
    }
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
    pub(super) entry: &'e Entry,
}

/// What is recorded of a known person, by their own write and those of the anonymous ids that are linked with them; `None` if nothing is.
///
/// Until an id is linked, it is another person. The link merges the two records. What is written later under either id is said by the one
/// person, but for an id that others share: it grants nothing, and what is refused under it, by whomever, is in conflict until the known person
/// says it anew.
pub(super) fn of_person(own: Option<&Write>, linked: &[Linked<'_>]) -> Option<Record> {
    let (shared, theirs): (Vec<&Linked<'_>>, Vec<&Linked<'_>>) = linked.iter().partition(|one| one.shared);
    let mut record = of_own(own, &theirs);
    match &mut record {
        Some(record) => {
            let said = record.at;
            for Linked { entry, .. } in shared {
                record.preferences.iter_mut().for_each(|(name, preference)| {
                    let is_refused = entry.refused(name).is_some_and(|refused| refused >= said);
                    if is_refused && *preference == RecordedPreference::Granted {
                        *preference = RecordedPreference::Conflict;
                    }
                });
            }
        }
        // Who has never said anything under an id of their own is held to all that others said.
        None => {
            for Linked { entry, .. } in shared {
                let Some(write) = &entry.write else { continue };
                let mut said = Record::from(write);
                said.preferences.iter_mut().for_each(|(name, preference)| {
                    if *preference == RecordedPreference::Granted && entry.refused(name).is_some() {
                        *preference = RecordedPreference::Conflict;
                    }
                });
                match &mut record {
                    Some(record) => record.merge(&said),
                    None => record = Some(said),
                }
            }
        }
    }
    record
}

/// The same of ids that are the person's alone.
fn of_own(own: Option<&Write>, linked: &[&Linked<'_>]) -> Option<Record> {
    enum Step<'e> {
        Link(usize),
        Own(&'e Write),
        Write(usize, &'e Write),
    }
    let mut steps: Vec<(Moment, Step<'_>)> =
        own.map(|write| (write.at, Step::Own(write))).into_iter().collect();
    for (at, one) in linked.iter().enumerate() {
        steps.push((one.since, Step::Link(at)));
        steps.extend(one.entry.write.as_ref().map(|write| (write.at, Step::Write(at, write))));
    }
    // At the same moment a link comes before what is written: an event may say both.
    steps.sort_by_key(|(moment, step)| {
        let order = match step {
            Step::Link(at) => (0, *at),
            Step::Own(_) => (1, 0),
            Step::Write(at, _) => (2, *at),
        };
        (*moment, order)
    });
    let mut record: Option<Record> = None;
    // Of ids that are not linked yet what was written under them; `None` for those that are.
    let mut apart: Vec<Option<Option<&Write>>> = vec![Some(None); linked.len()];
    for (_, step) in steps {
        let write = match step {
            Step::Own(write) => write,
            Step::Link(at) => {
                let write = apart.get_mut(at).and_then(Option::take).flatten();
                match (&mut record, write) {
                    (Some(record), Some(write)) => record.merge(&Record::from(write)),
                    (record @ None, write) => *record = write.map(Record::from),
                    (Some(_), None) => {}
                }
                continue;
            }
            Step::Write(at, write) => match apart.get_mut(at) {
                Some(Some(apart)) => {
                    *apart = Some(write);
                    continue;
                }
                _ => write,
            },
        };
        match &mut record {
            Some(record) => record.write(write),
            None => record = Some(Record::from(write)),
        }
    }
    record
}
