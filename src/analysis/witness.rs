//! An event as JSON: the smallest text that reads as it.

use crate::event::{Consent, Entry, Event, Integrations, Name, Preference};
use crate::model::Reading;
use serde_json::{Map, Value};

/// The smallest JSON text that [`Event::read`] reads as this event, for a policy's reading. Names that are no text are
/// shown as U+FFFD, and repeated names are written once, the last of them: events made by a
/// [`Space`](super::Space) have neither.
pub fn json(event: &Event<'_>, reading: &Reading) -> String {
    let Reading::Preferences { parents, spellings } = reading;
    let mut text = Map::new();
    if let Some(id) = &event.id {
        text.insert("messageId".into(), string(id));
    }
    if let Some(name) = &event.track {
        text.insert("type".into(), "track".into());
        text.insert("event".into(), string(name));
    }
    let last = spellings.first().map(String::as_str).unwrap_or_default();
    let value = match &event.consent {
        Consent::Missing => None,
        Consent::Empty => nest(parents, Value::Object(Map::new())),
        Consent::Malformed => match parents.split_first() {
            Some((first, _)) => Some((first.clone(), Value::Null)),
            None => Some((last.to_owned(), Value::Null)),
        },
        Consent::Preferences(preferences) => {
            let members = preferences.iter().filter_map(|(name, preference)| {
                let value = match preference {
                    Preference::Granted => Value::Bool(true),
                    Preference::Refused => Value::Bool(false),
                    Preference::Unreadable => Value::Null,
                    Preference::Absent => return None,
                };
                Some((name.to_string(), value))
            });
            let path: Vec<String> = parents.iter().cloned().chain([last.to_owned()]).collect();
            nest(&path, Value::Object(members.collect()))
        }
    };
    text.extend(value);
    match &event.integrations {
        Integrations::Malformed => drop(text.insert("integrations".into(), Value::Null)),
        Integrations::Entries(entries) if entries.is_empty() => {}
        Integrations::Entries(entries) => {
            let members = entries.iter().map(|(name, entry)| {
                let value = match entry {
                    Entry::On => Value::Bool(true),
                    Entry::Off => Value::Bool(false),
                    Entry::Unreadable => Value::Null,
                };
                (name.to_string(), value)
            });
            text.insert("integrations".into(), Value::Object(members.collect()));
        }
    }
    Value::Object(text).to_string()
}

fn string(name: &Name<'_>) -> Value {
    Value::String(name.to_string())
}

/// The first member of a path, holding the others, the last of which holds the value; `None` for an empty path.
fn nest(path: &[String], value: Value) -> Option<(String, Value)> {
    let (first, rest) = path.split_first()?;
    let inner =
        rest.iter().rev().fold(value, |value, key| Value::Object(Map::from_iter([(key.clone(), value)])));
    Some((first.clone(), inner))
}
