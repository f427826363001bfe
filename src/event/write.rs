//! Event → bytes: the smallest JSON text that reads as an event.

use super::consent;
use super::content::{Consent, Entry, Event, Integrations};
use super::inputs;
use super::json::{Member, name_text, object, text};
use super::splice::with_first;
use crate::model::{InputState, Reading};

impl Event<'_> {
    /// Returns a reading that writes this event: with the members that give it its inputs.
    pub(crate) fn reading_of(&self, reading: &Reading) -> Reading {
        let state = |place| self.inputs.get(place).cloned().unwrap_or(InputState::Absent);
        Reading { given: inputs::members(&reading.inputs, state), ..reading.clone() }
    }

    /// Returns the smallest JSON text that [`Event::read`] reads as this event, for a policy's reading: every name as often, and in
    /// the order, that the event has it.
    pub fn to_json(&self, reading: &Reading) -> String {
        if self.inputs.is_empty() {
            return self.with_consent(consent::write(&self.consent, reading));
        }
        self.with_consent(consent::write(&self.consent, &self.reading_of(reading)))
    }

    /// Returns the same for several readings, each of which looks for consent at a place of its own; `None` where one event cannot hold all
    /// of it.
    pub(crate) fn to_json_for_each(&self, readings: &[&Reading]) -> Option<String> {
        Some(self.with_consent(consent::write_at_each(&self.consent, readings)?))
    }

    /// Returns the event as JSON, with these members for its consent.
    pub(crate) fn with_consent(&self, consent: impl IntoIterator<Item = Member>) -> String {
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
        let mut first: Vec<Member> = Vec::new();
        first.extend(self.id.as_ref().map(|id| (text("messageId"), name_text(id))));
        first.extend(self.is_identify.then(|| (text("type"), text("identify"))));
        first.extend(self.track.as_ref().into_iter().flat_map(|name| track(name_text(name))));
        first.extend(consent);
        with_integrations(first, integrations.as_deref())
    }
}

/// Returns the members of a track event of a name, which is JSON already.
pub(crate) fn track(name: String) -> [Member; 2] {
    [(text("type"), text("track")), (text("event"), name)]
}

/// Returns the event of these parts, as JSON: the members that come first, and the two objects. Without entries the integrations object is
/// malformed.
pub(crate) fn compose(
    first: Vec<Member>,
    consent: &Consent<'_>,
    integrations: Option<&[Member]>,
    reading: &Reading,
) -> String {
    let mut members = first;
    members.extend(consent::write(consent, reading));
    with_integrations(members, integrations)
}

/// Returns the event of its first members and the entries of the integrations object.
fn with_integrations(first: Vec<Member>, integrations: Option<&[Member]>) -> String {
    let mut members = first;
    match integrations {
        None => members.push((text("integrations"), "null".into())),
        Some([]) => {}
        Some(entries) => members.push((text("integrations"), object(entries))),
    }
    object(&members)
}

/// Returns an event, as JSON, of somebody: to every ledger an event that names nobody is of a person without a record.
pub(crate) fn of_somebody(event: &str) -> String {
    with_first(event, "\"userId\":\"someone\"")
}
