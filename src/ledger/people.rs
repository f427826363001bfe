//! The records of people, by all ids that are theirs.

use super::entry::{LedgerEntry, Links, MAX_LINKS};
use super::error::StoreError;
use super::id::Id;
use super::record::{DatedRecord, Person};
use super::store::Store;
use super::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The most known ids of one person. A person who has more grants nothing.
pub const MAX_KNOWN_IDS: usize = 100;

/// The most links that an answer about one id may follow. Whoever has more grants nothing.
const MAX_FOLLOWED: usize = 10 * MAX_LINKS;

/// Returns the records of some people, in their order; `None` for a person without a record. The store is asked once for all of them, and again for
/// the ids that theirs are linked with, as long as links lead to more known ids.
///
/// # Errors
///
/// When the store does not answer.
pub fn recorded(store: &dyn Store, people: &[Id]) -> Result<Vec<Option<DatedRecord>>, StoreError> {
    let mut entries = Entries::default();
    let asked: BTreeSet<Id> = people.iter().cloned().collect();
    entries.ask(store, asked.clone())?;
    // The known ids of anonymous ones, and the other known ids of the same people.
    let anonymous = asked.iter().filter(|id| !id.is_known());
    entries.ask(store, entries.linked(anonymous, Id::is_known))?;
    for _ in 0..MAX_KNOWN_IDS {
        let with_others = entries.0.iter().filter(|(id, entry)| id.is_known() && has_known(entry));
        let people = with_others.map(|(id, _)| person(id, |id| entries.0.get(id)));
        let more = people.filter(|people| people.len() <= MAX_KNOWN_IDS).flatten().collect();
        if !entries.ask(store, more)? {
            break;
        }
    }
    // The anonymous ids of all known ones.
    let mut followed = BTreeSet::new();
    for id in &asked {
        let known = entries.known_ids(id);
        if entries.links(&known) <= MAX_FOLLOWED {
            followed.extend(known);
        }
    }
    entries.ask(store, entries.linked(followed.iter(), |id| !id.is_known()))?;
    let mut records = Records { entries: &entries, of_known: BTreeMap::new() };
    Ok(people.iter().map(|id| records.record(id)).collect())
}

fn has_known(entry: &LedgerEntry) -> bool {
    entry.links.iter().any(|(id, _)| id.is_known())
}

/// The entries that a store was asked for.
#[derive(Default)]
struct Entries(BTreeMap<Id, LedgerEntry>);

impl Entries {
    /// Asks for what was not asked for before, and returns false if there is none of it.
    fn ask(&mut self, store: &dyn Store, ids: BTreeSet<Id>) -> Result<bool, StoreError> {
        let ids: Vec<Id> = ids.into_iter().filter(|id| !self.0.contains_key(id)).collect();
        if ids.is_empty() {
            return Ok(false);
        }
        let entries = store.get(&ids)?;
        self.0.extend(ids.into_iter().zip(entries));
        Ok(true)
    }

    /// The ids of a kind that some ids are linked with.
    fn linked<'i>(&self, ids: impl Iterator<Item = &'i Id>, is_of: fn(&Id) -> bool) -> BTreeSet<Id> {
        let entries = ids.filter_map(|id| self.0.get(id));
        let linked = entries.flat_map(|entry| entry.links.iter().map(|(id, _)| id));
        linked.filter(|id| is_of(id)).cloned().collect()
    }

    /// The known ids that an id is linked with, one after another; one too many if there are more than [`MAX_KNOWN_IDS`] of a known id.
    fn known_ids(&self, id: &Id) -> BTreeSet<Id> {
        match id {
            Id::User(_) => person(id, |id| self.0.get(id)),
            Id::Anonymous(_) => {
                let linked = self.linked([id].into_iter(), Id::is_known);
                linked.iter().flat_map(|id| person(id, |id| self.0.get(id))).collect()
            }
        }
    }

    /// Returns the number of links of some ids.
    fn links(&self, ids: &BTreeSet<Id>) -> usize {
        ids.iter().filter_map(|id| self.0.get(id)).map(|entry| entry.links.iter().count()).sum()
    }
}

/// The known ids of the person who has a known id; one too many if there are more than [`MAX_KNOWN_IDS`].
pub(super) fn person<'e>(id: &Id, entry: impl Fn(&Id) -> Option<&'e LedgerEntry>) -> BTreeSet<Id> {
    let mut ids = BTreeSet::from([id.clone()]);
    let mut next = vec![id.clone()];
    while let Some(id) = next.pop() {
        let linked = entry(&id).into_iter().flat_map(|entry| entry.links.iter());
        for (other, _) in linked.filter(|(other, _)| other.is_known()) {
            if ids.len() <= MAX_KNOWN_IDS && ids.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    ids
}

/// Returns true if an id is of one person alone who has these known ids.
pub(super) fn is_theirs(entry: &LedgerEntry, known: &BTreeSet<Id>) -> bool {
    match &entry.links {
        Links::Known(links) => !entry.shared && links.keys().all(|id| known.contains(id)),
        Links::TooMany => false,
    }
}

/// Records, computed from entries.
struct Records<'e> {
    entries: &'e Entries,
    /// By the first known id of a person, since several anonymous ids may be linked with the same people.
    of_known: BTreeMap<Id, Option<DatedRecord>>,
}

impl Records<'_> {
    fn record(&mut self, id: &Id) -> Option<DatedRecord> {
        let entry = self.entries.0.get(id)?;
        if id.is_known() {
            return self.of_known(id);
        }
        if entry.links == Links::TooMany {
            return Some(DatedRecord::default());
        }
        if entry.links.is_empty() && !entry.shared {
            return DatedRecord::of(&entry.choices);
        }
        if self.entries.links(&self.entries.known_ids(id)) > MAX_FOLLOWED {
            return Some(DatedRecord::default());
        }
        // One of several people is held to what all of them agree to. A person who has said nothing agrees to nothing.
        let mut people: BTreeSet<BTreeSet<Id>> = BTreeSet::new();
        for (known, _) in entry.links.iter() {
            people.insert(person(known, |id| self.entries.0.get(id)));
        }
        let mut records: Vec<Option<DatedRecord>> =
            people.iter().filter_map(BTreeSet::first).map(|known| self.of_known(known)).collect();
        if entry.shared {
            records.push(Some(DatedRecord::default()));
        }
        if records.iter().all(Option::is_none) {
            return None;
        }
        let mut records = records.into_iter().map(Option::unwrap_or_default);
        let mut all = records.next()?;
        records.for_each(|one| all.agree(&one));
        Some(all)
    }

    fn of_known(&mut self, id: &Id) -> Option<DatedRecord> {
        let known = person(id, |id| self.entries.0.get(id));
        let first = known.first()?;
        if let Some(record) = self.of_known.get(first) {
            return record.clone();
        }
        let record = self.of_person(&known);
        self.of_known.insert(first.clone(), record.clone());
        record
    }

    fn of_person(&self, known: &BTreeSet<Id>) -> Option<DatedRecord> {
        let entry = |id: &Id| self.entries.0.get(id);
        let has_too_many = known.iter().filter_map(entry).any(|entry| entry.links == Links::TooMany);
        if known.len() > MAX_KNOWN_IDS || has_too_many || self.entries.links(known) > MAX_FOLLOWED {
            return Some(DatedRecord::default());
        }
        let mut person = Person::default();
        let mut numbers: BTreeMap<&Id, usize> = BTreeMap::new();
        let links = |id| entry(id).into_iter().flat_map(|entry| entry.links.iter());
        let linked = known.iter().flat_map(links).map(|(id, _)| id).filter(|id| !id.is_known());
        let ids: BTreeSet<&Id> = known.iter().chain(linked).collect();
        for (id, entry) in ids.into_iter().filter_map(|id| Some((id, entry(id)?))) {
            match is_theirs(entry, known) || id.is_known() {
                true => {
                    numbers.insert(id, person.own.len());
                    person.own.push(&entry.choices);
                }
                false => person.shared.push(&entry.choices),
            }
        }
        let all = known.iter().flat_map(|id| links(id).map(move |(other, since)| (since, id, other)));
        let own = |(since, id, other): (Timestamp, &Id, &Id)| {
            Some((since, *numbers.get(id)?, *numbers.get(other)?))
        };
        person.links = all.filter_map(own).collect();
        person.record()
    }
}
