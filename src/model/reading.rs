//! Where and how an event says what its person chose.

/// Where and how an event says what its person chose.
///
/// Today there is one dialect, an object of categories and booleans. Others (lists of allowed or denied ids, delimited
/// strings, words) become further variants; everything after the reading is the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// `{"Advertising": true, "Analytics": false}` at a path.
    Preferences {
        /// The members that lead to the object which holds the preferences: `context`, `consent`. May be empty.
        parents: Vec<String>,
        /// The accepted spellings of the preferences' own key, the path's own first. Never empty.
        spellings: Vec<String>,
    },
}

impl Reading {
    /// The paths at which the preferences may be, each by its keys; the first is the policy's own.
    pub fn paths(&self) -> impl Iterator<Item = Vec<&str>> {
        let Reading::Preferences { parents, spellings } = self;
        spellings.iter().map(|spelling| parents.iter().chain([spelling]).map(String::as_str).collect())
    }
}

/// The spellings of the preferences key in the platform's documents: today's payloads, the tables, the removed page.
/// One that a policy does not accept is malformed, so that a refusal under it never counts as no consent object.
pub(crate) const DOCUMENTED_SPELLINGS: [&str; 3] =
    ["categoryPreferences", "categoryPreference", "consentPreferences"];

/// The longest path.
pub(super) const MAX_PATH: usize = 16;

/// Members of an event that a path cannot go through, because a decision reads them as something else.
pub(super) const TAKEN: [&str; 4] = ["integrations", "type", "event", "messageId"];
