//! What a ledger reads of an event: who it is about, when it was, and whether it writes.

use super::choices::{Choices, WriteTime};
use super::id::Id;
use super::timestamp::Timestamp;
use crate::event::{
    Event, EventError, IdMember, Limits, PersonMembers, PersonReader, Preference, read_whole,
};
use crate::model::{IntegerIds, LedgerAlias, LedgerUnasked, Policy};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An event, and what a ledger reads of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEvent<'a> {
    /// The event.
    pub event: Event<'a>,
    /// Whether it writes to the ledger.
    pub kind: LedgerEventKind,
    /// The choices that an event writes: by wire id, true if the person grants it. A category of the policy stands under its first wire id.
    pub granted: BTreeMap<String, bool>,
    /// True if it refuses each category that it does not name: `ledger unasked refused`.
    pub refuses_others: bool,
    /// Who it is about.
    pub person: Person,
    /// `timestamp`, if it is a time.
    pub timestamp: Option<Timestamp>,
    /// `receivedAt`, by the platform's own clock, if it is a time.
    pub received_at: Option<Timestamp>,
    /// The version of the consent text that the person saw, from the place that `ledger version at` names.
    pub version: Option<String>,
}

/// What an event is to a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerEventKind {
    /// A preference event: it writes, and is not checked.
    Preference,
    /// An identify event, which links a known and an anonymous id if it has both. If the policy records identify events and it carries
    /// preferences, `writes`, and it is not checked.
    Identify {
        /// Whether it writes preferences.
        writes: bool,
    },
    /// An alias event, under a policy by which it links two ids of a person.
    Alias,
    /// Any other event: it never writes.
    Other,
}

impl LedgerEventKind {
    /// Whether the event writes preferences.
    pub fn writes(self) -> bool {
        match self {
            LedgerEventKind::Preference => true,
            LedgerEventKind::Identify { writes } => writes,
            LedgerEventKind::Alias | LedgerEventKind::Other => false,
        }
    }

    /// Returns true if the event links the ids that it has.
    pub fn links(self) -> bool {
        matches!(self, LedgerEventKind::Identify { .. } | LedgerEventKind::Alias)
    }
}

/// Who an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The id that decides: "`userId` decides when present". `None` where there is none, or it cannot be read.
    pub id: Option<Id>,
    /// The anonymous id beside a known one.
    pub also: Option<Id>,
    /// The ids that the event links with the known one: of an identify event the anonymous one, of an alias event the previous one. Nothing says whether
    /// that was a known or an anonymous id, so that it counts as both.
    pub linked: Vec<Id>,
    /// True if an id cannot be read, and the event would write or link under it.
    pub has_invalid_id: bool,
}

impl Person {
    fn of(whole: &PersonMembers<'_>, kind: LedgerEventKind, policy: &Policy) -> Self {
        let text = |id: &IdMember<'_>| match id {
            IdMember::Text(text) => Some(text.to_text().into_owned()),
            IdMember::Integer(literal) if policy.integer_ids().value == IntegerIds::Text => {
                Some((*literal).to_owned())
            }
            _ => None,
        };
        let is_invalid = |id: &IdMember<'_>| *id != IdMember::Absent && text(id).is_none();
        let (user, anonymous, previous) = (&whole.user_id, &whole.anonymous_id, &whole.previous_id);
        let (known, anonymous_id) = (text(user).map(Id::User), text(anonymous).map(Id::Anonymous));
        // Whoever has an id that cannot be read is not the person of the other one.
        let id = if is_invalid(user) { None } else { known.clone().or(anonymous_id.clone()) };
        let also = anonymous_id.filter(|_| known.is_some());
        let (linked, others): (Vec<Id>, &[&IdMember<'_>]) = match kind {
            LedgerEventKind::Alias => {
                let previous_id = text(previous).filter(|_| known.is_some());
                let ids = previous_id.map(|previous| [Id::Anonymous(previous.clone()), Id::User(previous)]);
                (ids.into_iter().flatten().collect(), &[previous])
            }
            LedgerEventKind::Identify { .. } => (also.clone().into_iter().collect(), &[anonymous]),
            _ if *user == IdMember::Absent => (Vec::new(), &[anonymous]),
            _ => (Vec::new(), &[]),
        };
        let has_invalid_id = is_invalid(user) || others.iter().any(|other| is_invalid(other));
        Person { id, also, linked, has_invalid_id }
    }
}

impl<'a> LedgerEvent<'a> {
    /// Reads one event. `policy` says where the preferences are, and which events write.
    ///
    /// ```
    /// use consentry::ledger::{Id, LedgerEvent, LedgerEventKind};
    /// use consentry::{Limits, Policy};
    ///
    /// let policy = Policy::parse(r#"consentry 1 policy "p" include prelude "segment""#)?;
    /// let line = br#"{"type":"track","event":"Segment Consent Preference Updated","anonymousId":"a","userId":"u"}"#;
    /// let notice = LedgerEvent::read(line, &policy, &Limits::default())?;
    /// assert_eq!((notice.kind, notice.person.id), (LedgerEventKind::Preference, Some(Id::User("u".into()))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As those of [`Event::read`].
    pub fn read(bytes: &'a [u8], policy: &Policy, limits: &Limits) -> Result<Self, EventError> {
        let whole = read_whole(bytes, policy.reading(), &version_path(policy), limits)?;
        Ok(LedgerEvent::of(whole.event, whole.person, policy))
    }

    pub(super) fn of(event: Event<'a>, members: PersonMembers<'a>, policy: &Policy) -> Self {
        let writes = event.records(policy);
        let kind = match event.is_identify {
            true => LedgerEventKind::Identify { writes },
            false if writes => LedgerEventKind::Preference,
            false if members.is_alias && policy.ledger_alias().value == LedgerAlias::Links => {
                LedgerEventKind::Alias
            }
            false => LedgerEventKind::Other,
        };
        let time = |text: &Option<_>| text.as_deref().and_then(Timestamp::parse);
        LedgerEvent {
            granted: if writes { granted(&event, policy) } else { BTreeMap::new() },
            refuses_others: policy.ledger_unasked().value == LedgerUnasked::Refused,
            kind,
            person: Person::of(&members, kind, policy),
            timestamp: time(&members.timestamp),
            received_at: time(&members.received_at),
            version: members.version.filter(|_| writes).map(Cow::into_owned),
            event,
        }
    }

    /// When it was, as it states: `timestamp`, no later than `receivedAt`.
    pub fn stated_time(&self) -> Option<Timestamp> {
        match (self.timestamp, self.received_at) {
            (Some(timestamp), Some(received)) => Some(timestamp.min(received)),
            (timestamp, received) => timestamp.or(received),
        }
    }

    /// When it was, for what it writes. It is no time that can be used if the event states none, or one that is still to come.
    pub fn time(&self, now: Timestamp) -> WriteTime {
        match self.stated_time() {
            Some(at) if at <= now => WriteTime::Stated(at),
            future => WriteTime::Unusable { recorded: now, future },
        }
    }

    /// Returns the choices that it writes, if it writes any.
    pub(super) fn choices(&self, now: Timestamp) -> Option<Choices> {
        let Self { granted, refuses_others, version, .. } = self;
        let writes = self.kind.writes();
        writes.then(|| Choices::stated(self.time(now), granted, *refuses_others, version.as_deref()))
    }
}

/// Returns the path of the consent version in an event, as a policy states it.
pub(super) fn version_path(policy: &Policy) -> Vec<String> {
    policy.ledger_version().map(str::to_owned).collect()
}

/// Reads events for a ledger as [`LedgerEvent::read`] does, and faster.
///
/// ```
/// use consentry::ledger::{LedgerEvent, LedgerReader};
/// use consentry::{Limits, Policy};
///
/// let policy = Policy::parse(r#"consentry 1 policy "p" include prelude "segment""#)?;
/// let line = br#"{"type":"identify","anonymousId":"a","userId":"u"}"#;
/// let event = LedgerReader::new(&policy).read(line, &Limits::default())?;
/// assert_eq!(event, LedgerEvent::read(line, &policy, &Limits::default())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LedgerReader<'p> {
    policy: &'p Policy,
    reader: PersonReader,
}

impl<'p> LedgerReader<'p> {
    /// Creates a reader of events under a policy.
    pub fn new(policy: &'p Policy) -> Self {
        LedgerReader { policy, reader: PersonReader::new(policy.reading(), version_path(policy)) }
    }

    /// Reads one event.
    ///
    /// # Errors
    ///
    /// As those of [`Event::read`].
    pub fn read<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<LedgerEvent<'a>, EventError> {
        let (event, members) = self.reader.read(bytes, limits)?;
        Ok(LedgerEvent::of(event, members, self.policy))
    }
}

/// Returns by wire id whether it is granted. No category has a name that is no text.
fn granted(event: &Event<'_>, policy: &Policy) -> BTreeMap<String, bool> {
    let mut listed: BTreeMap<&str, Preference> = BTreeMap::new();
    for (name, preference) in event.consent.preferences() {
        if let Ok(name) = std::str::from_utf8(name.as_bytes()) {
            let known = listed.entry(name).or_insert(*preference);
            *known = (*known).max(*preference);
        }
    }
    // Under `ledger unasked kept` what was not asked is not said.
    let keeps = policy.ledger_unasked().value == LedgerUnasked::Kept;
    let mut granted = BTreeMap::new();
    for category in policy.categories() {
        let own: Vec<Preference> = category.wire_ids().filter_map(|one| listed.remove(one)).collect();
        let value = own.iter().copied().max().unwrap_or(policy.reading().unlisted());
        // A category without a record counts as refused, or as granted under `unasked granted`.
        let is_recorded = match value {
            Preference::Unasked => !keeps && (!own.is_empty() || category.unasked_granted.is_some()),
            _ => true,
        };
        if is_recorded {
            granted.insert(category.wire_id().to_owned(), value == Preference::Granted);
        }
    }
    let listed = listed.into_iter().filter(|(_, value)| !keeps || *value != Preference::Unasked);
    granted.extend(listed.map(|(name, value)| (name.to_owned(), value == Preference::Granted)));
    granted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    /// A policy may look for two things under one key. The fast reader then finds what the slow one does.
    #[test]
    fn readers_agree_on_shared_keys() {
        let event = br#"{"type":"track","event":"Segment Consent Preference Updated","messageId":"m","timestamp":"2026-10-01T00:00:00Z",
            "receivedAt":1790812800123,"anonymousId":"a","userId":{"consent":{"Ads":true}},"previousId":"p","integrations":{"Ads":true}}"#;
        let text = String::from_utf8_lossy(event).replace(r#"{"consent":{"Ads":true}}"#, r#""u""#);
        let version = |key: &str| format!("override ledger version at {key}");
        let keys = [
            "timestamp",
            "receivedAt",
            "userId",
            "anonymousId",
            "event",
            "\"type\"",
            "messageId",
            "userId.consent",
        ];
        let consent = [
            "userId.consent booleans",
            "userId.consent granted list unlisted refused",
            "timestamp granted list unlisted refused",
            "anonymousId.consent booleans",
        ];
        let consent = consent.map(|place| format!("override consent at {place}"));
        for statement in keys.map(version).into_iter().chain(consent) {
            let policy =
                format!("consentry 1 policy \"p\" include prelude \"segment\" category Ads {statement}");
            let policy = Policy::parse(&policy).unwrap_or_else(|error| panic!("{statement}: {error}"));
            for line in [event.as_slice(), text.as_bytes()] {
                let slow = LedgerEvent::read(line, &policy, &Limits::default());
                assert_eq!(LedgerReader::new(&policy).read(line, &Limits::default()), slow, "{statement}");
            }
        }
    }
}
