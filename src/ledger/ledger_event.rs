//! What a ledger reads of an event: who it is about, when it was, and whether it writes.

use super::entry::Id;
use super::timestamp::Timestamp;
use crate::event::{Event, EventError, IdMember, Limits, Name, WholeEvent, read_whole};
use crate::model::Policy;

/// An event, and what a ledger reads of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEvent<'a> {
    /// The event.
    pub event: Event<'a>,
    /// Whether it writes to the ledger.
    pub kind: LedgerEventKind,
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
