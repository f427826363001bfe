//! Preferences as an object of booleans: `{"Advertising": true, "Analytics": false}`.

use crate::event::content::Name;
use crate::event::json::{Json, Member, Type, name_text, object};
use crate::model::Preference;

/// Returns the members of a preferences object; `None` for a value of another type.
pub(in crate::event) fn read(value: Json<'_>) -> Option<Vec<(Name<'_>, Preference)>> {
    value.typed_members()
}

impl From<Type> for Preference {
    fn from(json_type: Type) -> Self {
        match json_type {
            Type::True => Preference::Granted,
            Type::False => Preference::Refused,
            _ => Preference::Invalid,
        }
    }
}

/// Returns the preferences as JSON, in their order. An unasked category has no member.
pub(in crate::event) fn write(preferences: &[(Name<'_>, Preference)]) -> String {
    let members = preferences.iter().filter_map(|(name, preference)| {
        let value = match preference {
            Preference::Granted => "true",
            Preference::Refused => "false",
            Preference::Invalid => "null",
            Preference::Unasked => return None,
        };
        Some((name_text(name), value.to_owned()))
    });
    object(&members.collect::<Vec<Member>>())
}
