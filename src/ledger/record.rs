//! What is recorded of a person, of the entries of all ids that are theirs.

use super::choices::{CategoryChoice, Choices};
use super::sets::Sets;
use super::timestamp::Timestamp;
use crate::event::{Record, RecordedPreference};
use crate::model::Policy;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// The record of a person, and when they said it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatedRecord {
    /// When the person said the latest of it; `None` if no time is known.
    pub at: Option<Timestamp>,
    /// The preference of each category, by its wire id. A category that is not there is refused.
    pub preferences: BTreeMap<String, DatedPreference>,
}

/// The record of one category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedPreference {
    /// When the person granted it, as far as that is known.
    pub granted: Option<Timestamp>,
    /// What counts.
    pub preference: RecordedPreference,
}

impl DatedPreference {
    const REFUSED: DatedPreference =
        DatedPreference { granted: None, preference: RecordedPreference::Refused };

    /// Returns the preference of two people of whom both must agree. The older of their grants counts.
    fn agreed(self, other: DatedPreference) -> Self {
        self.combined(other, |times| times.iter().copied().min().flatten())
    }

    /// Returns the preference of two ids that turn out to be one person. The newer grant counts.
    fn merged(self, other: DatedPreference) -> Self {
        self.combined(other, |times| times.iter().copied().max().flatten())
    }

    /// Returns true if the grant counts for so many days, and an event of a time is no later than that.
    fn is_valid(&self, time: Option<Timestamp>, days: u32) -> bool {
        const DAY: i64 = 24 * 60 * 60 * 1_000_000;
        let (Some(granted), Some(time)) = (self.granted, time) else { return false };
        time.microseconds().saturating_sub(granted.microseconds()) <= i64::from(days) * DAY
    }

    /// "Values that disagree become `conflict`."
    fn combined(
        self,
        other: DatedPreference,
        granted: impl Fn(&[Option<Timestamp>]) -> Option<Timestamp>,
    ) -> Self {
        let preference = match self.preference == other.preference {
            true => self.preference,
            false => RecordedPreference::Conflict,
        };
        let both = [self, other].into_iter().filter(|one| one.preference != RecordedPreference::Refused);
        DatedPreference { preference, granted: granted(&both.map(|one| one.granted).collect::<Vec<_>>()) }
    }
}

impl Serialize for DatedRecord {
    /// `at`, `preferences` by wire id, and `granted`: when the categories were granted of which that is known.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let granted = self.preferences.iter().filter_map(|(name, dated)| Some((name, dated.granted?)));
        let mut members = to.serialize_struct("DatedRecord", 3)?;
        members.serialize_field("at", &self.at)?;
        members.serialize_field("granted", &granted.collect::<BTreeMap<_, _>>())?;
        members.serialize_field("preferences", &self.record().preferences)?;
        members.end()
    }
}

impl DatedRecord {
    /// Returns the record, without regard to its age.
    pub fn record(&self) -> Record {
        let each = self.preferences.iter().map(|(name, dated)| (name.clone(), dated.preference));
        Record { preferences: each.collect() }
    }

    /// Returns the record for the check of an event of a time under a policy. A grant that is older than the policy's `ledger grants` is
    /// [expired](RecordedPreference::Expired). So is every grant if its time or that of the event is not known, and grants expire at all.
    pub fn record_at(&self, time: Option<Timestamp>, policy: &Policy) -> Record {
        let Some(days) = policy.ledger_grants().value else { return self.record() };
        let preference = |dated: &DatedPreference| match dated.preference {
            RecordedPreference::Granted | RecordedPreference::Conflict if !dated.is_valid(time, days) => {
                RecordedPreference::Expired
            }
            preference => preference,
        };
        let each = self.preferences.iter().map(|(name, dated)| (name.clone(), preference(dated)));
        Record { preferences: each.collect() }
    }

    /// The record of what was said under one id that is one person's alone; `None` if nothing was said.
    pub(super) fn of(choices: &Choices) -> Option<Self> {
        let dated = |choice: &CategoryChoice| DatedPreference {
            preference: match &choice.granted {
                Some(_) => RecordedPreference::Granted,
                None => RecordedPreference::Refused,
            },
            granted: choice.granted.as_ref().and_then(|grant| grant.at),
        };
        let each = choices.named().map(|(name, choice)| (name.to_owned(), dated(choice)));
        choices.say_something().then(|| DatedRecord { at: choices.latest(), preferences: each.collect() })
    }

    /// Holds the person to what another agrees to as well.
    pub(super) fn agree(&mut self, other: &DatedRecord) {
        self.at = self.at.max(other.at);
        let names: Vec<String> = other.preferences.keys().cloned().collect();
        for name in names {
            self.preferences.entry(name).or_insert(DatedPreference::REFUSED);
        }
        for (name, dated) in &mut self.preferences {
            *dated = dated.agreed(other.preferences.get(name).copied().unwrap_or(DatedPreference::REFUSED));
        }
    }
}

/// A person: what was said under the ids that are theirs alone, and under those that others share.
#[derive(Default)]
pub(super) struct Person<'e> {
    pub(super) own: Vec<&'e Choices>,
    /// The links among their own ids, which are counted as in `own`.
    pub(super) links: Vec<(Timestamp, usize, usize)>,
    pub(super) shared: Vec<&'e Choices>,
}

impl Person<'_> {
    /// Returns the record of the person; `None` if nobody has said anything.
    ///
    /// Until two ids are linked, they are two persons. The link merges their choices. A later choice under either id counts for the
    /// person. An id that others share grants nothing. A refusal under it, by anybody, counts until the person grants again.
    pub(super) fn record(&self) -> Option<DatedRecord> {
        let mut record = match self.own.as_slice() {
            [choices] => DatedRecord::of(choices),
            _ => self.merged(),
        };
        let shared = self.shared.iter().filter(|choices| choices.say_something());
        for choices in shared {
            let record = record.get_or_insert_default();
            record.at = record.at.max(choices.latest());
            for (name, dated) in &mut record.preferences {
                // It is refused no earlier than the person's own grant.
                let refused = choices.choice(name).refused;
                if dated.preference == RecordedPreference::Granted
                    && refused.is_some()
                    && refused >= dated.granted
                {
                    dated.preference = RecordedPreference::Conflict;
                }
            }
        }
        record
    }

    /// Returns the record of several ids of one person.
    fn merged(&self) -> Option<DatedRecord> {
        let said = self.own.iter().filter(|choices| choices.say_something());
        let latest = said.clone().map(|choices| choices.latest()).max()?;
        let names: BTreeSet<&str> = said.flat_map(|choices| choices.named().map(|(name, _)| name)).collect();
        let each = names.into_iter().filter_map(|name| Some((name.to_owned(), self.category(name)?)));
        Some(DatedRecord { at: latest, preferences: each.collect() })
    }

    /// Returns the preference of one category, by going through links and choices in the order of time. `None` if nobody has said anything of it.
    fn category(&self, name: &str) -> Option<DatedPreference> {
        let mut steps: Vec<(Option<Timestamp>, Step)> = Vec::with_capacity(self.own.len() + self.links.len());
        for (id, choices) in self.own.iter().enumerate() {
            let choice = choices.choice(name);
            match (choice.granted, choice.refused) {
                (Some(grant), _) => steps.push((grant.at, Step::Granted(id))),
                (None, Some(refused)) => steps.push((Some(refused), Step::Refused(id))),
                (None, None) => {}
            }
        }
        steps.extend(self.links.iter().map(|(since, one, other)| (Some(*since), Step::Link(*one, *other))));
        steps.sort_unstable();
        let mut groups = Groups::new(self.own.len());
        for (at, step) in steps {
            match step {
                Step::Link(one, other) => groups.link(one, other),
                Step::Granted(id) => {
                    groups.say(id, DatedPreference { granted: at, preference: RecordedPreference::Granted })
                }
                // It comes after a grant of the same moment: "on a tie the refusal wins".
                Step::Refused(id) => groups.say(id, DatedPreference::REFUSED),
            }
        }
        groups.all()
    }
}

/// A step in the history of a category, in the order of steps at the same moment. Ids are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Two ids turn out to be one person. An event may link them and say something: the link comes first.
    Link(usize, usize),
    Granted(usize),
    Refused(usize),
}

/// Ids that are known to be one person, and the preference of each group of them.
struct Groups {
    ids: Sets,
    /// The preference of each group, at its root.
    said: Vec<Option<DatedPreference>>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Groups { ids: Sets::new(count), said: vec![None; count] }
    }

    fn link(&mut self, one: usize, other: usize) {
        let Some((root, below)) = self.ids.join(one, other) else { return };
        let said = self.said.get_mut(below).and_then(Option::take);
        if let Some(own) = self.said.get_mut(root) {
            *own = match (*own, said) {
                (Some(own), Some(other)) => Some(own.merged(other)),
                (own, other) => own.or(other),
            };
        }
    }

    fn say(&mut self, id: usize, said: DatedPreference) {
        let group = self.ids.root(id);
        if let Some(own) = self.said.get_mut(group) {
            *own = Some(said);
        }
    }

    /// Returns the preferences once all are linked.
    fn all(&self) -> Option<DatedPreference> {
        self.said.iter().flatten().copied().reduce(DatedPreference::merged)
    }
}
