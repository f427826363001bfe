//! What a decision reads from an event, and the reader that finds it in the event's bytes.
//!
//! An [`Event`] knows nothing of categories or destinations: names are the event's own. It can be [read](Event::read)
//! from JSON, or built by a caller that has extracted the members already.

mod error;
mod fast;
mod json;
mod parts;
mod read;

pub(crate) use crate::model::{ConsentState, IntegrationsState};
pub use error::{EventError, EventErrorKind};
pub use fast::{Grade, InstructionSet};
pub(crate) use fast::{Keys, Room, find};
pub(crate) use parts::{
    ConsentPart, EntryText, Parts, each_entry, each_preference, entry_texts, integrations_texts,
};
pub use read::Limits;
#[cfg(feature = "ledger")]
pub(crate) use read::{IdMember, read_whole};

use std::borrow::Cow;
use std::fmt;

/// Everything of one event that can change its decision (section 1 of the semantics), and its id.
///
/// ```
/// use consentry::{Consent, Event, Integrations, Preference};
///
/// let event = Event {
///     consent: Consent::Preferences(vec![("Advertising".into(), Preference::Granted)]),
///     integrations: Integrations::Entries(vec![]),
///     ..Event::default()
/// };
/// assert_eq!(event.consent.state().word(), "answered");
/// assert_eq!(event.integrations.state().word(), "none");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event<'a> {
    /// `messageId`, if there is exactly one and it is a string. It decides nothing.
    pub id: Option<Name<'a>>,
    /// The consent object.
    pub consent: Consent<'a>,
    /// The integrations object.
    pub integrations: Integrations<'a>,
    /// The name of a track event: `event`, if there is exactly one `type`, the string `track`, and exactly one `event`,
    /// a string. Exempt events are recognised by it.
    pub track: Option<Name<'a>>,
}

/// What an event says of its person's choices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Consent<'a> {
    /// There is no consent object.
    #[default]
    Missing,
    /// The consent object holds no preferences.
    Empty,
    /// The members of the preferences object, in their order; names may repeat.
    Preferences(Vec<(Name<'a>, Preference)>),
    /// The consent object or the preferences have the wrong form.
    Malformed,
}

/// What an event says of its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrations<'a> {
    /// The members of the integrations objects, in their order; names may repeat. Empty without an object.
    Entries(Vec<(Name<'a>, Entry)>),
    /// The integrations object has the wrong form.
    Malformed,
}

impl Default for Integrations<'_> {
    fn default() -> Self {
        Integrations::Entries(Vec::new())
    }
}

/// What an event says of one category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preference {
    /// `true`. Only this satisfies a requirement.
    Granted,
    /// No such key: the person was not asked. A reader never lists it.
    Unasked,
    /// A value that is not a boolean.
    Invalid,
    /// `false`.
    Refused,
}

/// What an integrations entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// A value that is neither a boolean nor an object; the setting `invalid entries` decides how it is read.
    Invalid,
    /// `true`, or an object.
    On,
    /// `false`.
    Off,
}

/// A name as an event spells it, after unescaping.
///
/// JSON may spell lone surrogates, which are no text; they are kept in their generalised UTF-8 form, so that such a
/// name differs from every declared name. [`fmt::Display`] shows them as U+FFFD.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(Cow<'a, [u8]>);

impl<'a> Name<'a> {
    pub(crate) fn from_bytes(bytes: Cow<'a, [u8]>) -> Self {
        Name(bytes)
    }

    /// The bytes to compare with a declared name's.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text, with U+FFFD for each lone surrogate.
    pub fn to_text(&self) -> Cow<'_, str> {
        if let Ok(text) = std::str::from_utf8(&self.0) {
            return Cow::Borrowed(text);
        }
        let mut text = String::new();
        for chunk in self.0.utf8_chunks() {
            text.push_str(chunk.valid());
            // A lone surrogate is three bytes of which the first is 0xED; each of them is a chunk of its own.
            if chunk.invalid().first() == Some(&0xED) {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Cow::Owned(text)
    }

    /// The same name, borrowing nothing.
    pub fn into_owned(self) -> Name<'static> {
        Name(Cow::Owned(self.0.into_owned()))
    }
}

impl PartialEq<str> for Name<'_> {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Self {
        Name(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Name<'_> {
    fn from(text: String) -> Self {
        Name(Cow::Owned(text.into_bytes()))
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

impl Consent<'_> {
    /// The state.
    pub fn state(&self) -> ConsentState {
        match self {
            Consent::Missing => ConsentState::Missing,
            Consent::Empty => ConsentState::Empty,
            Consent::Preferences(preferences) if preferences.is_empty() => ConsentState::Unanswered,
            Consent::Preferences(_) => ConsentState::Answered,
            Consent::Malformed => ConsentState::Malformed,
        }
    }

    /// The preferences; none in every state but `answered`.
    pub fn preferences(&self) -> &[(Name<'_>, Preference)] {
        match self {
            Consent::Preferences(preferences) => preferences,
            _ => &[],
        }
    }
}

impl Integrations<'_> {
    /// The state.
    pub fn state(&self) -> IntegrationsState {
        match self {
            Integrations::Entries(entries) if entries.is_empty() => IntegrationsState::None,
            Integrations::Entries(_) => IntegrationsState::Present,
            Integrations::Malformed => IntegrationsState::Malformed,
        }
    }

    /// The entries; none in every state but `present`.
    pub fn entries(&self) -> &[(Name<'_>, Entry)] {
        match self {
            Integrations::Entries(entries) => entries,
            Integrations::Malformed => &[],
        }
    }
}

impl Entry {
    /// The entry as reports spell it.
    pub fn word(self) -> &'static str {
        match self {
            Entry::On => "on",
            Entry::Off => "off",
            Entry::Invalid => "invalid",
        }
    }
}

impl Preference {
    /// The preference as reports spell it.
    pub fn word(self) -> &'static str {
        match self {
            Preference::Granted => "granted",
            Preference::Unasked => "unasked",
            Preference::Invalid => "invalid",
            Preference::Refused => "refused",
        }
    }
}

/// The lines of a buffer, each without its line break and with it; text behind the last line break is a line too.
///
/// ```
/// let lines: Vec<_> = consentry::lines(b"{}\n\n{}").collect();
/// assert_eq!(lines, [(&b"{}"[..], &b"{}\n"[..]), (b"", b"\n"), (b"{}", b"{}")]);
/// ```
pub fn lines(buffer: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut start = 0;
    let unended = (!buffer.is_empty() && !buffer.ends_with(b"\n")).then_some(buffer.len());
    let ends = memchr::memchr_iter(b'\n', buffer).map(|at| (at, at + 1));
    ends.chain(unended.map(|end| (end, end))).map(move |(end, next)| {
        let (line, with_break) = (buffer.get(start..end), buffer.get(start..next));
        start = next;
        (line.unwrap_or_default(), with_break.unwrap_or_default())
    })
}

impl<'a> Event<'a> {
    /// Reads one event: one JSON object by RFC 8259 in UTF-8. `reading` is the policy's.
    ///
    /// ```
    /// use consentry::{Event, Limits, Policy};
    ///
    /// let policy = Policy::parse("consentry 1 policy \"p\" include prelude \"segment\"")?;
    /// let line = br#"{"context":{"consent":{"categoryPreferences":{}}}}"#;
    /// let event = Event::read(line, policy.reading(), &Limits::default())?;
    /// assert_eq!(event.consent.state().word(), "unanswered");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EventError`], with a code for each [reason](EventErrorKind): it never becomes a decision.
    pub fn read(
        bytes: &'a [u8],
        reading: &crate::model::Reading,
        limits: &Limits,
    ) -> Result<Event<'a>, EventError> {
        read::read(bytes, reading, limits)
    }
}
