//! An event as JSON: the smallest text that reads as it.

use crate::event::{Consent, Entry, Event, Integrations, Name, Preference};
use crate::model::Reading;

/// A member of an object: its key, as JSON, and its value.
pub(crate) type Member = (String, &'static str);

/// A consent object whose preferences are JSON already.
pub(crate) enum ConsentText {
    Missing,
    Empty,
    Malformed,
    Preferences(Vec<Member>),
}

/// The smallest JSON text that [`Event::read`] reads as this event, for a policy's reading: every name as often, and in
/// the order, that the event has it.
pub fn json(event: &Event<'_>, reading: &Reading) -> String {
    let consent = match &event.consent {
        Consent::Missing => ConsentText::Missing,
        Consent::Empty => ConsentText::Empty,
        Consent::Malformed => ConsentText::Malformed,
        Consent::Preferences(preferences) => {
            // A preference that is absent has no member.
            let listed = preferences.iter().filter(|(_, preference)| *preference != Preference::Unasked);
            let members = listed.map(|(category, preference)| {
                let value = match preference {
                    Preference::Granted => "true",
                    Preference::Refused => "false",
                    Preference::Invalid | Preference::Unasked => "null",
                };
                (name(category), value)
            });
            ConsentText::Preferences(members.collect())
        }
    };
    let integrations: Option<Vec<Member>> = match &event.integrations {
        Integrations::Malformed => None,
        Integrations::Entries(entries) => {
            let members = entries.iter().map(|(destination, entry)| {
                let value = match entry {
                    Entry::On => "true",
                    Entry::Off => "false",
                    Entry::Invalid => "null",
                };
                (name(destination), value)
            });
            Some(members.collect())
        }
    };
    let (id, track) = (event.id.as_ref().map(name), event.track.as_ref().map(name));
    compose(id, track, consent, integrations.as_deref(), reading)
}

/// The event of these parts, as JSON. Without entries the integrations object is malformed; `id` and `track` are JSON already.
pub(crate) fn compose(
    id: Option<String>,
    track: Option<String>,
    consent: ConsentText,
    integrations: Option<&[Member]>,
    reading: &Reading,
) -> String {
    let Reading::Preferences { parents, spellings } = reading;
    let mut members = Vec::new();
    members.extend(id.map(|id| (text("messageId"), id)));
    if let Some(track) = track {
        members.push((text("type"), text("track")));
        members.push((text("event"), track));
    }
    let last = spellings.first().map(String::as_str).unwrap_or_default();
    let path: Vec<&str> = parents.iter().map(String::as_str).collect();
    let whole: Vec<&str> = path.iter().copied().chain([last]).collect();
    members.extend(match consent {
        ConsentText::Missing => None,
        ConsentText::Empty => nest(&path, object::<String>(&[])),
        ConsentText::Malformed => nest(whole.get(..1).unwrap_or_default(), "null".into()),
        ConsentText::Preferences(preferences) => nest(&whole, object(&preferences)),
    });
    match integrations {
        None => members.push((text("integrations"), "null".into())),
        Some([]) => {}
        Some(entries) => members.push((text("integrations"), object(entries))),
    }
    object(&members)
}

/// An object of members that are JSON already.
fn object<V: std::fmt::Display>(members: &[(String, V)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// The first member of a path, holding the others, the last of which holds the value; `None` for an empty path.
fn nest(path: &[&str], value: String) -> Option<(String, String)> {
    let (first, rest) = path.split_first()?;
    let inner = rest.iter().rev().fold(value, |value, key| object(&[(text(key), value)]));
    Some((text(first), inner))
}

/// A text as a JSON string.
pub(crate) fn text(text: &str) -> String {
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
