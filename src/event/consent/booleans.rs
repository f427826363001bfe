//! Preferences as an object of booleans: `{"Advertising": true, "Analytics": false}`, or of objects that hold them:
//! `{"Advertising": {"consented": true}}`.

use crate::event::content::Name;
use crate::event::json::{Json, Member, Type, name_text, object, text, values};
use crate::model::Preference;

/// Returns the members of a preferences object; `None` for a value of another type.
pub(super) fn read<'a>(
    value: Json<'a>,
    within: Option<&str>,
    reversed: bool,
) -> Option<Vec<(Name<'a>, Preference)>> {
    if within.is_none() && !reversed {
        return value.typed_members();
    }
    let members = value.members()?.into_iter();
    Some(members.map(|(name, value)| (name, preference(value, within, reversed))).collect())
}

/// Returns what the value of a member says.
pub(super) fn preference(value: Json<'_>, within: Option<&str>, reversed: bool) -> Preference {
    let json_type = match within {
        None => value.json_type(),
        Some(key) => {
            let members = value.members().unwrap_or_default();
            let mut own = values(&members, key);
            match (own.next(), own.next()) {
                (Some(value), None) => value.json_type(),
                _ => Type::Other,
            }
        }
    };
    match Preference::from(json_type) {
        Preference::Granted if reversed => Preference::Refused,
        Preference::Refused if reversed => Preference::Granted,
        preference => preference,
    }
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
pub(super) fn write(preferences: &[(Name<'_>, Preference)], within: Option<&str>, reversed: bool) -> String {
    let members = preferences.iter().filter_map(|(name, preference)| {
        let value = match preference {
            Preference::Granted if reversed => "false",
            Preference::Refused if reversed => "true",
            Preference::Granted => "true",
            Preference::Refused => "false",
            Preference::Invalid => "null",
            Preference::Unasked => return None,
        };
        let value = match within {
            None => value.to_owned(),
            Some(key) => object(&[(text(key), value.to_owned())]),
        };
        Some((name_text(name), value))
    });
    object(&members.collect::<Vec<Member>>())
}
