//! Preferences as an object of words: `{"ad_storage": "granted", "analytics_storage": "denied"}`.

use crate::event::content::Name;
use crate::event::json::{Json, Member, name_text, object, text};
use crate::model::Preference;

/// The words of each preference.
#[derive(Clone, Copy)]
pub(super) struct Words<'w> {
    pub(super) granted: &'w [String],
    pub(super) refused: &'w [String],
    pub(super) unasked: &'w [String],
}

impl Words<'_> {
    /// Returns what a word says.
    pub(super) fn preference(self, word: &[u8]) -> Preference {
        let is_one = |words: &[String]| words.iter().any(|one| one.as_bytes() == word);
        let all = [
            (self.granted, Preference::Granted),
            (self.refused, Preference::Refused),
            (self.unasked, Preference::Unasked),
        ];
        let found = all.into_iter().find(|(words, _)| is_one(words));
        found.map_or(Preference::Invalid, |(_, preference)| preference)
    }

    /// Returns a word that says this; `None` for an invalid preference.
    pub(super) fn word(&self, preference: Preference) -> Option<&str> {
        let words = match preference {
            Preference::Granted => self.granted,
            Preference::Refused => self.refused,
            Preference::Unasked => self.unasked,
            Preference::Invalid => &[],
        };
        words.first().map(String::as_str)
    }
}

/// Returns the members of a preferences object; `None` for a value of another type.
pub(super) fn read<'a>(value: Json<'a>, words: Words<'_>) -> Option<Vec<(Name<'a>, Preference)>> {
    Some(value.members()?.into_iter().map(|(name, value)| (name, preference(value, words))).collect())
}

/// Returns what the value of a member says.
pub(super) fn preference(value: Json<'_>, words: Words<'_>) -> Preference {
    value.read::<Name>().map_or(Preference::Invalid, |word| words.preference(word.as_bytes()))
}

/// Returns the preferences as JSON, in their order.
pub(super) fn write(preferences: &[(Name<'_>, Preference)], words: Words<'_>) -> String {
    let members = preferences.iter().map(|(name, preference)| {
        let value = words.word(*preference).map_or_else(|| "null".to_owned(), text);
        (name_text(name), value)
    });
    object(&members.collect::<Vec<Member>>())
}
