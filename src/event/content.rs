//! What a decision reads from an event.

use crate::model::{
    AlsoRecords, ConsentState, InputReading, InputState, IntegrationsState, Policy, Preference, StateNumber,
};
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Everything of one event that can change its decision (section 1 of the semantics), and its id.
///
/// ```
/// use consentry::event::{Consent, Integrations, Preference};
/// use consentry::Event;
///
/// let event = Event {
///     consent: Consent::Preferences(vec![("Advertising".into(), Preference::Granted)]),
///     integrations: Integrations::Entries(vec![]),
///     ..Event::default()
/// };
/// assert_eq!(event.consent.state().as_str(), "answered");
/// assert_eq!(event.integrations.state().as_str(), "none");
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
    /// Whether it is an identify event: exactly one `type`, the string `identify`. It has no [`Event::track`] then.
    pub is_identify: bool,
    /// The state of each input of the policy, in the order of the policy; one that is not in the list is absent.
    pub inputs: Vec<InputState>,
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

spelled! {
    /// What an integrations entry says.
    Entry {
        /// A value that is neither a boolean nor an object; the setting `invalid entries` decides how it is read.
        Invalid = "invalid",
        /// `true`, or an object.
        On = "on",
        /// `false`.
        Off = "off",
    }
}

impl Entry {
    /// Returns the spelling of an entry in policies and reports, or `unlisted`.
    pub(crate) fn or_unlisted(entry: Option<Self>) -> &'static str {
        entry.map_or("unlisted", Entry::as_str)
    }
}

/// A name as an event spells it, after unescaping.
///
/// JSON may spell lone surrogates, which are no text; they are kept in their generalised UTF-8 form, so that such a
/// name differs from every declared name. [`std::fmt::Display`] shows them as U+FFFD.
// Asked for bytes, `serde_json` gives a string's lone surrogates in generalised UTF-8 instead of refusing them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Name<'a>(#[serde(borrow)] Cow<'a, [u8]>);

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

    /// The name as [text](Name::to_text).
    #[cfg(feature = "ledger")]
    pub(crate) fn into_text(self) -> Cow<'a, str> {
        match self.0 {
            Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(Name(Cow::Borrowed(bytes)).to_text().into_owned()),
            },
            bytes @ Cow::Owned(_) => Cow::Owned(Name(bytes).to_text().into_owned()),
        }
    }

    /// A part of the name, which borrows where the name does.
    pub(crate) fn part(&self, range: Range<usize>) -> Name<'a> {
        Name(match &self.0 {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(range).unwrap_or_default()),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(range).unwrap_or_default().to_vec()),
        })
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

impl Event<'_> {
    /// Returns the numbers of the states of a policy's inputs.
    pub(crate) fn input_numbers(&self, inputs: &[InputReading]) -> Vec<StateNumber> {
        let states = self.inputs.iter().zip(inputs);
        // A value that the policy does not name is another one.
        states.map(|(state, input)| input.number(state).unwrap_or(input.other())).collect()
    }

    /// Returns true if the event writes to the policy's ledger: a preference event, or an identify event that carries preferences
    /// where `ledger also records identify`. Such an event is never checked.
    pub fn records(&self, policy: &Policy) -> bool {
        let is_named =
            |track: &Name<'_>| policy.preference_events().value.iter().any(|name| *track == *name.value);
        let has_preferences = matches!(self.consent, Consent::Preferences(_));
        self.track.as_ref().is_some_and(is_named)
            || self.is_identify && has_preferences && policy.also_records() == AlsoRecords::Identify
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
