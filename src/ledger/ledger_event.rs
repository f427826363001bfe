//! What a ledger reads of an event: who it is about, when it was, and whether it writes.

use super::entry::Id;
use super::timestamp::Timestamp;
use crate::event::{Event, EventError, IdMember, Limits, Name, Preference, WholeEvent, read_whole};
use crate::model::Policy;
use std::collections::BTreeMap;

/// An event, and what a ledger reads of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEvent<'a> {
    /// The event.
    pub event: Event<'a>,
    /// Whether it writes to the ledger.
    pub kind: LedgerEventKind,
    /// What an event that writes says: by wire id, whether the person grants it. A category of the policy has its first wire id.
    pub granted: BTreeMap<String, bool>,
    /// Who it is about.
    pub person: Person,
    /// `timestamp`, if it is a time.
    pub timestamp: Option<Timestamp>,
    /// `receivedAt`, by the platform's own clock, if it is a time.
    pub received_at: Option<Timestamp>,
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
    /// Any other event: it never writes.
    Other,
}

impl LedgerEventKind {
    /// Whether the event writes preferences.
    pub fn writes(self) -> bool {
        match self {
            LedgerEventKind::Preference => true,
            LedgerEventKind::Identify { writes } => writes,
            LedgerEventKind::Other => false,
        }
    }
}

/// Who an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The id that decides: "`userId` decides when present". `None` where there is none, or it cannot be read.
    pub id: Option<Id>,
    /// The anonymous id beside a known one.
    pub also: Option<Id>,
}

impl Person {
    fn of(user_id: IdMember<'_>, anonymous_id: IdMember<'_>) -> Self {
        let text = |name: &Name<'_>| name.to_text().into_owned();
        let anonymous = match anonymous_id {
            IdMember::Text(anonymous) => Some(Id::Anonymous(text(&anonymous))),
            _ => None,
        };
        match user_id {
            IdMember::Text(user) => Person { id: Some(Id::User(text(&user))), also: anonymous },
            IdMember::Absent => Person { id: anonymous, also: None },
            // Whoever has an id that cannot be read is not the person of the other one.
            _ => Person::default(),
        }
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
        read_whole(bytes, policy.reading(), limits).map(|whole| LedgerEvent::of(whole, policy))
    }

    pub(super) fn of(whole: WholeEvent<'a>, policy: &Policy) -> Self {
        let writes = whole.event.records(policy);
        let kind = match whole.event.is_identify {
            true => LedgerEventKind::Identify { writes },
            false if writes => LedgerEventKind::Preference,
            false => LedgerEventKind::Other,
        };
        let moment = |name: Option<Name<'_>>| name.and_then(|name| Timestamp::parse(&name.to_text()));
        LedgerEvent {
            granted: if writes { granted(&whole.event, policy) } else { BTreeMap::new() },
            event: whole.event,
            kind,
            person: Person::of(whole.user_id, whole.anonymous_id),
            timestamp: moment(whole.timestamp),
            received_at: moment(whole.received_at),
        }
    }

    /// When it was: "time is `timestamp`, no later than `receivedAt` or, without it, than the moment of recording; an invalid or
    /// missing one is replaced by that bound".
    pub fn at(&self, now: Timestamp) -> Timestamp {
        // What is to come is no time at which anything was received.
        let bound = self.received_at.map_or(now, |received| received.min(now));
        self.timestamp.map_or(bound, |timestamp| timestamp.min(bound))
    }
}

/// Returns by wire id whether it is granted. A name that is no text is nobody's.
fn granted(event: &Event<'_>, policy: &Policy) -> BTreeMap<String, bool> {
    let mut listed: BTreeMap<&str, Preference> = BTreeMap::new();
    for (name, preference) in event.consent.preferences() {
        if let Ok(name) = std::str::from_utf8(name.as_bytes()) {
            let known = listed.entry(name).or_insert(*preference);
            *known = (*known).max(*preference);
        }
    }
    let mut granted = BTreeMap::new();
    for category in policy.categories() {
        let own: Vec<Preference> = category.wire_ids().filter_map(|one| listed.remove(one)).collect();
        let value = own.iter().copied().max().unwrap_or(policy.reading().unlisted());
        // What is not recorded counts as refused, but for a category that counts as granted then.
        let is_recorded =
            !own.is_empty() || value != Preference::Unasked || category.unasked_granted.is_some();
        if is_recorded {
            granted.insert(category.wire_id().to_owned(), value == Preference::Granted);
        }
    }
    granted.extend(listed.into_iter().map(|(name, value)| (name.to_owned(), value == Preference::Granted)));
    granted
}
