//! People and their ids: what events write, what is recorded of a person, and how a person is forgotten.

use super::entry::{Id, LedgerEntry, Write};
use super::ledger_event::{LedgerEvent, LedgerEventKind};
use super::record::{DatedRecord, Linked, of_person};
use super::store::{Store, StoreError};
use super::timestamp::Timestamp;
use crate::event::Consent;
use crate::model::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// What came of an event that was given to a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// It does not write.
    Nothing,
    /// It was recorded, or had been before: its preferences, a link of two ids, or both.
    Recorded {
        /// Whether it has preferences.
        preferences: bool,
        /// Whether it links two ids.
        link: bool,
    },
    /// It should have been recorded, and cannot be.
    Rejected(Rejection),
}

spelled! {
    /// Why a preference event is rejected.
    Rejection {
        /// It has no preferences object: the platform rejects it, with its message.
        NoPreferences = "no_preferences",
        /// It says of nobody.
        NoPerson = "no_person",
        /// It names more than [`MAX_NAMES`] categories, or their names have more than [`MAX_NAME_BYTES`] together.
        TooLargeError = "too_large",
    }
}

/// How many categories an event may name to be recorded.
pub const MAX_NAMES: usize = 1_000;

/// How many bytes their names may have together.
pub const MAX_NAME_BYTES: usize = 1 << 16;

impl Rejection {
    /// The message: for the place of today's payloads, the platform's own.
    pub fn message(self, policy: &Policy) -> String {
        match self {
            Rejection::NoPreferences => {
                let path = policy.reading().paths().next().unwrap_or_default().join(".");
                format!("{path} object is required")
            }
            Rejection::NoPerson => "a userId or an anonymousId is required".to_owned(),
            Rejection::TooLargeError => {
                format!(
                    "more than {MAX_NAMES} categories, or {MAX_NAME_BYTES} bytes of their names, are not recorded"
                )
            }
        }
    }
}

/// Records what events write, all in one step of the store: when it returns, it is recorded. `now` is the moment of recording, for events that
/// say no time, or one that is still to come.
///
/// Recording the same events again changes nothing, but for those that say no time.
///
/// ```
/// use consentry::event::RecordedPreference;
/// use consentry::ledger::{Id, LedgerEvent, MemoryStore, Timestamp, record, recorded};
/// use consentry::{Limits, Policy};
///
/// let policy = Policy::parse(r#"consentry 1 policy "p" include prelude "segment" category Ads"#)?;
/// let store = MemoryStore::default();
/// let line = br#"{"type":"track","event":"Segment Consent Preference Updated","userId":"u","timestamp":"2026-10-01T00:00:00Z",
///                 "context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#;
/// let notice = LedgerEvent::read(line, &policy, &Limits::default())?;
/// record(&store, &[notice], Timestamp::parse("2026-10-02T00:00:00Z").unwrap())?;
/// let found = recorded(&store, &[Id::User("u".into())])?.remove(0).unwrap();
/// assert_eq!(found.record.preference("Ads"), RecordedPreference::Granted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the store does not answer; nothing is acknowledged then.
pub fn record(
    store: &dyn Store,
    notices: &[LedgerEvent<'_>],
    now: Timestamp,
) -> Result<Vec<Recording>, StoreError> {
    let mut changes: BTreeMap<Id, LedgerEntry> = BTreeMap::new();
    let recordings = notices.iter().map(|notice| change(notice, now, &mut changes)).collect();
    if !changes.is_empty() {
        let ids: Vec<Id> = changes.keys().cloned().collect();
        store.update(&ids, &mut |entries| {
            entries.iter_mut().zip(changes.values()).for_each(|(entry, change)| entry.join(change.clone()));
        })?;
    }
    Ok(recordings)
}

/// Why an event that writes preferences cannot be recorded; `None` for any other event.
pub(super) fn rejection(notice: &LedgerEvent<'_>) -> Option<Rejection> {
    match (&notice.event.consent, &notice.person.id) {
        _ if !notice.kind.writes() => None,
        (Consent::Preferences(preferences), Some(_)) => {
            let bytes: usize = preferences.iter().map(|(name, _)| name.as_bytes().len()).sum();
            let is_large = preferences.len() > MAX_NAMES || bytes > MAX_NAME_BYTES;
            is_large.then_some(Rejection::TooLargeError)
        }
        (Consent::Preferences(_), None) => Some(Rejection::NoPerson),
        _ => Some(Rejection::NoPreferences),
    }
}

/// Adds what one event writes.
fn change(notice: &LedgerEvent<'_>, now: Timestamp, changes: &mut BTreeMap<Id, LedgerEntry>) -> Recording {
    if let Some(rejection) = rejection(notice) {
        return Recording::Rejected(rejection);
    }
    let Some(id) = &notice.person.id else { return Recording::Nothing };
    let mut join = |id: &Id, entry: LedgerEntry| changes.entry(id.clone()).or_default().join(entry);
    let at = notice.at(now);
    let has_preferences = notice.kind.writes() && matches!(notice.event.consent, Consent::Preferences(_));
    if has_preferences {
        join(id, LedgerEntry::of(id, Write { at, preferences: notice.granted.clone() }));
    }
    // "An anonymous record joins a known person only on an explicit link (an Identify event with both ids)."
    let link = match (notice.kind, id, &notice.person.also) {
        (LedgerEventKind::Identify { .. }, Id::User(user), Some(also @ Id::Anonymous(anonymous))) => {
            let linked = |other: &String| LedgerEntry {
                links: [(other.clone(), at)].into(),
                ..LedgerEntry::default()
            };
            join(id, linked(anonymous));
            join(also, linked(user));
            true
        }
        _ => false,
    };
    match (has_preferences, link) {
        (false, false) => Recording::Nothing,
        (preferences, link) => Recording::Recorded { preferences, link },
    }
}

/// What is recorded of some people, in their order; `None` of whom nothing is. The store is asked once for all of them, and up to twice more for
/// the ids that theirs are linked with.
///
/// # Errors
///
/// When the store does not answer.
pub fn recorded(store: &dyn Store, people: &[Id]) -> Result<Vec<Option<DatedRecord>>, StoreError> {
    let mut known = Known::default();
    known.ask(store, people.iter().cloned().collect())?;
    // The known ids of anonymous ones, and then the anonymous ids of all known ones.
    known.ask(store, known.linked(|id| matches!(id, Id::Anonymous(_))))?;
    known.ask(store, known.linked(|id| matches!(id, Id::User(_))))?;
    Ok(people.iter().map(|id| known.record(id)).collect())
}

/// The entries that the store was asked for.
#[derive(Default)]
struct Known {
    entries: BTreeMap<Id, LedgerEntry>,
    /// What was worked out of known ids, since anonymous ones may have many of them in common.
    records: BTreeMap<Id, Option<DatedRecord>>,
}

impl Known {
    fn ask(&mut self, store: &dyn Store, ids: BTreeSet<Id>) -> Result<(), StoreError> {
        let ids: Vec<Id> = ids.into_iter().filter(|id| !self.entries.contains_key(id)).collect();
        if !ids.is_empty() {
            let entries = store.get(&ids)?;
            self.entries.extend(ids.into_iter().zip(entries));
        }
        Ok(())
    }

    /// The ids that some ids are linked with.
    fn linked(&self, of: fn(&Id) -> bool) -> BTreeSet<Id> {
        let some = self.entries.iter().filter(|(id, _)| of(id));
        some.flat_map(|(id, entry)| entry.linked(id)).collect()
    }

    fn record(&mut self, id: &Id) -> Option<DatedRecord> {
        let entry = self.entries.get(id)?;
        match id {
            Id::Anonymous(_) if entry.links.is_empty() => entry.write.as_ref().map(DatedRecord::from),
            // Who is one of several people is held to what all of them agree to.
            Id::Anonymous(_) => {
                let people: Vec<Id> = entry.linked(id).collect();
                people
                    .into_iter()
                    .filter_map(|person| self.of_user(person).cloned())
                    .reduce(DatedRecord::merged)
            }
            Id::User(_) => self.of_user(id.clone()).cloned(),
        }
    }

    fn of_user(&mut self, id: Id) -> Option<&DatedRecord> {
        let Known { entries, records } = self;
        let record = records.entry(id).or_insert_with_key(|id| {
            let entry = entries.get(id)?;
            let linked = entry.links.iter().filter_map(|(anonymous, since)| {
                let other = entries.get(&Id::Anonymous(anonymous.clone()))?;
                Some(Linked { since: *since, shared: other.links.len() > 1 || other.shared, entry: other })
            });
            of_person(entry.write.as_ref(), &linked.collect::<Vec<_>>())
        });
        record.as_ref()
    }
}

/// What came of forgetting a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// These ids are erased; none, if nothing was recorded.
    Erased(Vec<Id>),
    /// Nothing is: the anonymous id is one person with these known ones, whose refusals may be recorded under it. Forget them.
    Linked(Vec<Id>),
}

/// How often forgetting begins anew because ids are linked meanwhile.
const TRIES: usize = 100;

/// Erases a person: the entry of the id, and those of the anonymous ids that are linked with it and were never linked with another. What is recorded
/// of everybody else stays as it is.
///
/// Events that are recorded afterwards are recorded again, old ones too.
///
/// # Errors
///
/// When the store does not answer.
pub fn forget(store: &dyn Store, id: &Id) -> Result<Forgotten, StoreError> {
    let mut ids = vec![id.clone()];
    for _ in 0..TRIES {
        let mut forgotten = Some(Forgotten::Erased(Vec::new()));
        let mut more = Vec::new();
        store.update(&ids, &mut |entries| {
            let own = entries.first().cloned().unwrap_or_default();
            more = own.linked(id).filter(|other| !ids.contains(other)).collect();
            forgotten = match id {
                Id::Anonymous(_) if !own.links.is_empty() => {
                    Some(Forgotten::Linked(own.linked(id).collect()))
                }
                _ if !more.is_empty() => None,
                _ => Some(Forgotten::Erased(erase(id, &ids, entries))),
            };
        })?;
        if let Some(forgotten) = forgotten {
            return Ok(forgotten);
        }
        ids.extend(more);
    }
    Err(StoreError::new(format!("ids were linked with it {TRIES} times while it was to be forgotten")))
}

/// Erases the entries of a person's ids, and tells which.
fn erase(person: &Id, ids: &[Id], entries: &mut [LedgerEntry]) -> Vec<Id> {
    let mut erased = Vec::new();
    for (id, entry) in ids.iter().zip(entries) {
        let is_theirs = id == person || entry.links.len() <= 1 && !entry.shared;
        if !is_theirs {
            // It was linked with the person, and is still no other one's alone.
            entry.links.remove(person.text());
            entry.shared = true;
        } else if !entry.is_empty() {
            *entry = LedgerEntry::default();
            erased.push(id.clone());
        }
    }
    erased
}
