//! An event as JSON: the smallest text that reads as it.

use crate::event::{Consent, Entry, Event, Integrations, Name, Preference};
use crate::model::Reading;

/// The smallest JSON text that [`Event::read`] reads as this event, for a policy's reading: every name as often, and in
/// the order, that the event has it.
pub fn json(event: &Event<'_>, reading: &Reading) -> String {
    let Reading::Preferences { parents, spellings } = reading;
    let mut members = Vec::new();
    if let Some(id) = &event.id {
        members.push((text("messageId"), name(id)));
    }
    if let Some(track) = &event.track {
        members.push((text("type"), text("track")));
        members.push((text("event"), name(track)));
    }
    let last = spellings.first().map(String::as_str).unwrap_or_default();
    let path: Vec<&str> = parents.iter().map(String::as_str).collect();
    let whole: Vec<&str> = path.iter().copied().chain([last]).collect();
    members.extend(match &event.consent {
        Consent::Missing => None,
        Consent::Empty => nest(&path, object(&[])),
        Consent::Malformed => nest(whole.get(..1).unwrap_or_default(), "null".into()),
        Consent::Preferences(preferences) => {
            // A preference that is absent has no member.
            let listed = preferences.iter().filter(|(_, preference)| *preference != Preference::Absent);
            let members: Vec<_> = listed
                .map(|(category, preference)| {
                    let value = match preference {
                        Preference::Granted => "true",
                        Preference::Refused => "false",
                        Preference::Unreadable | Preference::Absent => "null",
                    };
                    (name(category), value.to_owned())
                })
                .collect();
            nest(&whole, object(&members))
        }
    });
    match &event.integrations {
        Integrations::Malformed => members.push((text("integrations"), "null".into())),
        Integrations::Entries(entries) if entries.is_empty() => {}
        Integrations::Entries(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(destination, entry)| {
                    let value = match entry {
                        Entry::On => "true",
                        Entry::Off => "false",
                        Entry::Unreadable => "null",
                    };
                    (name(destination), value.to_owned())
                })
                .collect();
            members.push((text("integrations"), object(&entries)));
        }
    }
    object(&members)
}

/// An object of members that are JSON already.
fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// The first member of a path, holding the others, the last of which holds the value; `None` for an empty path.
fn nest(path: &[&str], value: String) -> Option<(String, String)> {
    let (first, rest) = path.split_first()?;
    let inner = rest.iter().rev().fold(value, |value, key| object(&[(text(key), value)]));
    Some((text(first), inner))
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name as a JSON string. Lone surrogates, which are no text, are written as the escapes that they came from.
fn name(name: &Name<'_>) -> String {
    let mut json = String::from("\"");
    let mut rest = name.as_bytes();
    while !rest.is_empty() {
        let valid = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let quoted = text(valid);
        json.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        rest = rest.get(valid.len()..).unwrap_or_default();
        if let [0xED, middle, last, behind @ ..] = rest {
            let surrogate = 0xD000 | u32::from(middle & 0x3F) << 6 | u32::from(last & 0x3F);
            json.push_str(&format!("\\u{surrogate:04x}"));
            rest = behind;
        }
    }
    json.push('"');
    json
}
