//! The changes that events make to a ledger.

use super::choices::MAX_NAMES;
use super::entry::LedgerEntry;
use super::error::StoreError;
use super::id::Id;
use super::ledger_event::LedgerEvent;
use super::store::Store;
use super::timestamp::Timestamp;
use crate::event::Consent;
use crate::model::Policy;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The result of giving an event to a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// It does not write.
    Nothing,
    /// It was recorded, or had been before: its preferences, a link of two ids, or both.
    Recorded {
        /// True if it has preferences.
        preferences: bool,
        /// True if it links two ids.
        link: bool,
        /// True if it states a time that can be used. Without one, what it grants is older than everything else, and what it refuses is refused at the moment of recording.
        has_time: bool,
    },
    /// It should have been recorded, and cannot be.
    Rejected(Rejection),
}

spelled! {
    /// Why an event that writes is rejected.
    Rejection {
        /// It has no preferences object: the platform rejects it, with its message.
        NoPreferences = "no_preferences",
        /// It has no id of a person.
        NoPerson = "no_person",
        /// It has an id that is there twice, or neither a text nor, as far as the policy allows it, an integer.
        InvalidId = "invalid_id",
        /// It names more than [`MAX_NAMES`] categories, or their names have more than [`MAX_NAME_BYTES`] together.
        TooLargeError = "too_large",
    }
}

/// The most bytes that the names of the categories of an event may have together.
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
            Rejection::InvalidId => {
                "an id is a text or an integer, and is there once: see userId, anonymousId and previousId"
                    .to_owned()
            }
            Rejection::TooLargeError => {
                format!(
                    "more than {MAX_NAMES} categories, or {MAX_NAME_BYTES} bytes of their names, are not recorded"
                )
            }
        }
    }
}

/// Records what events write: when it returns, it is recorded. `now` is the moment of recording, for events that
/// state no time that can be used, or one that is still to come.
///
/// Recording the same events again changes nothing, but for those that state no such time: their refusals get newer each time.
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
/// let event = LedgerEvent::read(line, &policy, &Limits::default())?;
/// record(&store, &[event], Timestamp::parse("2026-10-02T00:00:00Z").unwrap())?;
/// let found = recorded(&store, &[Id::User("u".into())])?.remove(0).unwrap();
/// assert_eq!(found.record().preference("Ads"), RecordedPreference::Granted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the store does not answer; nothing is acknowledged then. A part may be recorded. Record the same events again.
pub fn record(
    store: &dyn Store,
    events: &[LedgerEvent<'_>],
    now: Timestamp,
) -> Result<Vec<Recording>, StoreError> {
    let mut changes = Changes::default();
    let recordings = events.iter().map(|event| change(event, now, &mut changes)).collect();
    if !changes.is_empty() {
        store.join(&changes.into_iter().map(|(id, entry)| (id.clone(), entry)).collect::<Vec<_>>())?;
    }
    Ok(recordings)
}

/// Why an event that writes cannot be recorded; `None` for any other event.
pub(super) fn rejection(event: &LedgerEvent<'_>) -> Option<Rejection> {
    let (writes, links) = (event.kind.writes(), event.kind.links());
    match (&event.event.consent, &event.person.id) {
        _ if !writes && !links => None,
        (Consent::Preferences(preferences), id) if writes => {
            let bytes: usize = preferences.iter().map(|(name, _)| name.as_bytes().len()).sum();
            let is_large = preferences.len() > MAX_NAMES || bytes > MAX_NAME_BYTES;
            match id {
                _ if event.person.has_invalid_id => Some(Rejection::InvalidId),
                None => Some(Rejection::NoPerson),
                Some(_) => is_large.then_some(Rejection::TooLargeError),
            }
        }
        _ if writes => Some(Rejection::NoPreferences),
        _ => event.person.has_invalid_id.then_some(Rejection::InvalidId),
    }
}

/// The changes of some events, by the ids that they name.
type Changes<'e> = HashMap<&'e Id, LedgerEntry, RandomState>;

/// Adds what one event writes.
fn change<'e>(event: &'e LedgerEvent<'_>, now: Timestamp, changes: &mut Changes<'e>) -> Recording {
    if let Some(rejection) = rejection(event) {
        return Recording::Rejected(rejection);
    }
    let Some(id) = &event.person.id else { return Recording::Nothing };
    let mut join = |id: &'e Id, entry: LedgerEntry| match changes.entry(id) {
        Entry::Occupied(mut change) => change.get_mut().join(entry),
        Entry::Vacant(place) => drop(place.insert(entry)),
    };
    let choices = event.choices(now);
    let preferences = choices.is_some();
    if let Some(choices) = choices {
        join(id, choices.into());
    }
    let time = event.time(now);
    let linked = &event.person.linked;
    for other in linked.iter().filter(|other| *other != id) {
        join(id, LedgerEntry::linked(other.clone(), time.of_refusal()));
        join(other, LedgerEntry::linked(id.clone(), time.of_refusal()));
    }
    match (preferences, !linked.is_empty()) {
        (false, false) => Recording::Nothing,
        (preferences, link) => Recording::Recorded { preferences, link, has_time: time.is_stated() },
    }
}
