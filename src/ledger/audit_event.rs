//! An event as an audit reads it.

use super::ledger_event::{LedgerEvent, version_path};
use crate::event::{EventError, Limits, Name, UnreadValue, read_whole};
use crate::model::Policy;

/// An event, with everything that an [`Audit`](super::Audit) reads of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent<'a> {
    /// The event as a ledger reads it.
    pub notice: LedgerEvent<'a>,
    /// `type`, if there is one.
    pub event_type: Option<Name<'a>>,
    /// `context.library`: its name and its version.
    pub library: [Option<Name<'a>>; 2],
    /// A documented spelling of the preferences key that the consent object has and the policy does not accept, which makes it malformed.
    pub wrong_spelling: Option<&'static str>,
    /// The values that no decision reads as their author may have meant them.
    pub unread: Vec<UnreadValue<'a>>,
}

impl<'a> AuditEvent<'a> {
    /// Reads one event. `policy` says where the preferences are, and which events write to a ledger.
    ///
    /// # Errors
    ///
    /// As those of [`Event::read`](crate::Event::read).
    pub fn read(bytes: &'a [u8], policy: &Policy, limits: &Limits) -> Result<Self, EventError> {
        let whole = read_whole(bytes, policy.reading(), &version_path(policy), limits)?;
        let stamping = whole.stamping(policy.reading());
        Ok(AuditEvent {
            notice: LedgerEvent::of(whole.event, whole.person, policy),
            event_type: stamping.event_type,
            library: stamping.library,
            wrong_spelling: stamping.wrong_spelling,
            unread: stamping.unread,
        })
    }
}
