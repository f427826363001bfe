//! Event → bytes: the smallest JSON text that reads as an event.

use super::consent;
use super::content::{Consent, Entry, Event, Integrations};
use super::json::{Member, name_text, object, text};
use crate::model::Reading;

impl Event<'_> {
    /// Returns the smallest JSON text that [`Event::read`] reads as this event, for a policy's reading: every name as often, and in
    /// the order, that the event has it.
    pub fn to_json(&self, reading: &Reading) -> String {
        let integrations: Option<Vec<Member>> = match &self.integrations {
            Integrations::Malformed => None,
            Integrations::Entries(entries) => {
                let value = |entry: &Entry| match entry {
                    Entry::On => "true",
                    Entry::Off => "false",
                    Entry::Invalid => "null",
                };
                Some(entries.iter().map(|(name, entry)| (name_text(name), value(entry).to_owned())).collect())
            }
        };
        let (id, track) = (self.id.as_ref().map(name_text), self.track.as_ref().map(name_text));
        compose(id, track, &self.consent, integrations.as_deref(), reading)
    }
}

/// Returns the event of these parts, as JSON. Without entries the integrations object is malformed; `id`, `track` and the entries are
/// JSON already.
pub(crate) fn compose(
    id: Option<String>,
    track: Option<String>,
    consent: &Consent<'_>,
    integrations: Option<&[Member]>,
    reading: &Reading,
) -> String {
    let mut members = Vec::new();
    members.extend(id.map(|id| (text("messageId"), id)));
    if let Some(track) = track {
        members.push((text("type"), text("track")));
        members.push((text("event"), track));
    }
    members.extend(consent::write(consent, reading));
    match integrations {
        None => members.push((text("integrations"), "null".into())),
        Some([]) => {}
        Some(entries) => members.push((text("integrations"), object(entries))),
    }
    object(&members)
}
