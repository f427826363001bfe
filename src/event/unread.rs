//! Values of an event that no decision reads as their author may have meant them.

use super::consent;
use super::content::{Consent, Entry, Event, Name};
use super::foreign;
use super::json::{Json, Members, Type, values};
use crate::model::{Preference, Reading};

/// A value of an event that no decision reads, or that it reads as something simpler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadValue<'a> {
    /// The part of an event that it is.
    pub kind: UnreadKind,
    /// Its key, or the path of keys that leads to it, with dots.
    pub name: Name<'a>,
    /// The value as it was written, in JSON; of foreign consent what it looks like, which is a [`ForeignKind`](super::ForeignKind).
    pub value: &'a str,
    /// The members of an object.
    pub members: Vec<(Name<'a>, Entry)>,
}

/// The part of an event that an [`UnreadValue`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnreadKind {
    /// The consent object, or what holds or replaces it: it is malformed.
    Consent,
    /// A preference that the shape does not have, such as one that is no boolean.
    Preference,
    /// The integrations object: it is malformed.
    Integrations,
    /// An integrations entry that is neither a boolean nor an object.
    Entry,
    /// An integrations entry that is an object, which is on whatever it holds.
    Options,
    /// Consent in a shape or at a place that the policy does not read.
    Foreign,
    /// An object that is called like the integrations object, at a place or by a spelling that no decision reads.
    Misplaced,
}

/// Objects within an event in which people write the integrations object.
const HOLDERS: [&str; 4] = ["context", "options", "properties", "traits"];

/// Returns the unread values of an event that is otherwise read.
pub(super) fn read<'a>(event: &Members<'a>, reading: &Reading, known: &Event<'a>) -> Vec<UnreadValue<'a>> {
    let mut all = Vec::new();
    let mut add = |kind, name: Name<'a>, value: Json<'a>| {
        let members = value.typed_members().unwrap_or_default();
        all.push(UnreadValue { kind, name, value: value.text(), members });
    };
    match &known.consent {
        Consent::Malformed => {
            if let Some((path, value)) = consent::malformed(event, reading) {
                add(UnreadKind::Consent, path.into(), value);
            }
        }
        Consent::Preferences(preferences)
            if preferences.iter().any(|(_, one)| *one == Preference::Invalid) =>
        {
            for (name, value) in consent::invalid(event, reading) {
                add(UnreadKind::Preference, name, value);
            }
        }
        Consent::Preferences(_) | Consent::Missing | Consent::Empty => {}
    }
    for object in values(event, "integrations") {
        let Some(entries) = object.members() else {
            add(UnreadKind::Integrations, "integrations".into(), object);
            continue;
        };
        for (name, value) in entries {
            match value.json_type() {
                Type::True | Type::False => {}
                Type::Object => add(UnreadKind::Options, name, value),
                Type::Other => add(UnreadKind::Entry, name, value),
            }
        }
    }
    for found in foreign::consent(event, reading) {
        let (name, value) = (found.place().into(), found.kind.as_str());
        all.push(UnreadValue { kind: UnreadKind::Foreign, name, value, members: Vec::new() });
    }
    let mut add = |name: Name<'a>, value: Json<'a>| {
        let members = value.typed_members().unwrap_or_default();
        all.push(UnreadValue { kind: UnreadKind::Misplaced, name, value: value.text(), members });
    };
    let mut misplaced = |path: String, value: Json<'a>| {
        if value.json_type() == Type::Object {
            add(path.into(), value);
        }
    };
    for (name, value) in event {
        let text = name.to_text();
        if is_integrations(&text) && text != "integrations" {
            misplaced(text.into_owned(), *value);
            continue;
        }
        let Some(holder) = HOLDERS.into_iter().find(|holder| *name == **holder) else { continue };
        for (name, value) in may_hold(*value) {
            let text = name.to_text();
            if is_integrations(&text) {
                misplaced(format!("{holder}.{text}"), value);
            } else if text == "options" {
                for (name, value) in
                    may_hold(value).into_iter().filter(|(name, _)| is_integrations(&name.to_text()))
                {
                    misplaced(format!("{holder}.options.{name}"), value);
                }
            }
        }
    }
    all
}

/// Returns the members of an object that may hold an integrations object: nothing of one that does not have the word.
fn may_hold(value: Json<'_>) -> Vec<(Name<'_>, Json<'_>)> {
    let has_word = ["ntegration", "NTEGRATION"].iter().any(|word| value.text().contains(word));
    has_word.then(|| value.members()).flatten().unwrap_or_default()
}

/// Returns true for the key of the integrations object, also in another case, in the singular, or with spaces around it.
fn is_integrations(key: &str) -> bool {
    ["integrations", "integration"].iter().any(|word| key.trim().eq_ignore_ascii_case(word))
}
