//! Preferences as a list of names: `["C0001", "C0002"]`.

use crate::event::content::Name;
use crate::event::json::{Json, name_text};
use crate::model::Preference;

/// Returns the names of a list, each with what being listed means; `None` for a value of another type, and for a list that has
/// anything but texts.
pub(super) fn read(value: Json<'_>, listed: Preference) -> Option<Vec<(Name<'_>, Preference)>> {
    let names: Vec<Name<'_>> = value.read()?;
    Some(names.into_iter().map(|name| (name, listed)).collect())
}

/// Returns the list of the names that have this preference, in their order.
pub(super) fn write(preferences: &[(Name<'_>, Preference)], listed: Preference) -> String {
    let own = preferences.iter().filter(|(_, preference)| *preference == listed);
    let names: Vec<String> = own.map(|(name, _)| name_text(name)).collect();
    format!("[{}]", names.join(","))
}
