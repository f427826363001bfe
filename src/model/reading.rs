//! How an event carries consent. Everything after the reading is the same for all ways of carrying it.

use crate::syntax::tree::ConsentState;

/// How an event carries consent: where, and in which shape. Today there is one shape, an object of booleans.
///
/// The `event` room reads and writes events by it; nothing else depends on the shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The members that lead to the object which holds the preferences: `context`, `consent`. May be empty.
    pub(crate) parents: Vec<String>,
    /// The accepted spellings of the preferences' own key, the path's own first. Never empty.
    pub(crate) spellings: Vec<String>,
}

spelled! {
    /// The value of a category on an event.
    Preference {
        /// `true`. Only this satisfies a requirement.
        Granted = "granted",
        /// No such key: the person was not asked. A reader never lists it.
        Unasked = "unasked",
        /// A value that is not a boolean.
        Invalid = "invalid",
        /// `false`.
        Refused = "refused",
    }
}

impl Reading {
    /// An object of booleans: `{"Advertising": true, "Analytics": false}`. The path's own spelling comes first.
    pub(crate) fn booleans(parents: Vec<String>, spellings: Vec<String>) -> Self {
        Reading { parents, spellings }
    }

    /// Returns the paths at which the preferences may be, each by its keys; the first is the policy's own.
    pub fn paths(&self) -> impl Iterator<Item = Vec<&str>> {
        self.spellings
            .iter()
            .map(|spelling| self.parents.iter().chain([spelling]).map(String::as_str).collect())
    }

    /// Returns the consent states that an event can have. An event is never without itself, so that a path of one key is never
    /// `missing`.
    pub fn states(&self) -> impl Iterator<Item = ConsentState> {
        ConsentState::ALL.into_iter().filter(|state| self.has_state(*state))
    }

    /// Returns true if an event can have this consent state.
    pub fn has_state(&self, state: ConsentState) -> bool {
        state != ConsentState::Missing || !self.parents.is_empty()
    }

    /// Returns the value of every category in a state in which events list none; `None` in `answered`, where each has its own.
    pub fn common_value(&self, state: ConsentState) -> Option<Preference> {
        match state {
            ConsentState::Answered => None,
            ConsentState::Missing | ConsentState::Empty => Some(Preference::Unasked),
            ConsentState::Unanswered => Some(self.unlisted()),
            ConsentState::Malformed => Some(Preference::Invalid),
        }
    }

    /// Returns the value of a category that an event does not list.
    pub fn unlisted(&self) -> Preference {
        Preference::Unasked
    }

    pub(crate) fn accepts(&self, spelling: &str) -> bool {
        self.spellings.iter().any(|own| own == spelling)
    }

    /// Returns the same reading at another place.
    pub(crate) fn moved(&self, parents: &[String], spelling: &str) -> Self {
        Reading { parents: parents.to_vec(), spellings: vec![spelling.to_owned()] }
    }

    /// Returns true if the same event shows how both readings see it: they go through the same members, and an event can have
    /// preferences under only one of the spellings that just one of them accepts.
    pub(crate) fn is_comparable(&self, other: &Reading) -> bool {
        let only = |one: &Reading, other: &Reading| {
            one.spellings.iter().all(|own| other.accepts(own) || DOCUMENTED_SPELLINGS.contains(&own.as_str()))
        };
        self.parents == other.parents && only(self, other) && only(other, self)
    }

    /// Returns the texts that tell readings apart, for fingerprints. The order of spellings does not matter.
    pub(crate) fn identity(&self) -> [(u64, Vec<&str>); 2] {
        let mut spellings: Vec<&str> = self.spellings.iter().map(String::as_str).collect();
        spellings.sort_unstable();
        spellings.dedup();
        [(PARENTS, self.parents.iter().map(String::as_str).collect()), (SPELLINGS, spellings)]
    }
}

/// The numbers of the texts in fingerprints. A number never changes.
const PARENTS: u64 = 10;
const SPELLINGS: u64 = 11;

/// The spellings of the preferences key in Segment's documentation: today's payloads, the tables, the removed page.
/// One that a policy does not accept is malformed, so that a refusal under it never counts as no consent object.
pub(crate) const DOCUMENTED_SPELLINGS: [&str; 3] =
    ["categoryPreferences", "categoryPreference", "consentPreferences"];

/// The longest path.
pub(super) const MAX_PATH: usize = 16;

/// Members of an event that a path cannot go through, because a decision reads them as something else.
pub(super) const TAKEN: [&str; 5] = ["batch", "integrations", "type", "event", "messageId"];
