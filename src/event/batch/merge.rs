//! The parts of an envelope that are merged into each item: consent and integrations (section 1 of the semantics).

use crate::event::consent::{self, merge_into};
use crate::event::content::{Consent, Entry, Name};
use crate::event::json::{Json, Members, name_text, values};
use crate::event::splice::{replaced, with_first};
use crate::model::{InvalidEntries, Policy, Reading};
use std::collections::HashMap;

/// The parts of a batch's envelope that count for each of its items.
#[derive(Debug, Clone)]
pub(super) struct Envelope<'a> {
    members: Vec<(Name<'a>, Json<'a>)>,
    reading: Reading,
    has_consent: bool,
    /// The integrations objects that hold something, malformed ones too.
    integrations: Vec<Json<'a>>,
    invalid_is_off: bool,
}

impl<'a> Envelope<'a> {
    pub(super) fn new(members: Vec<(Name<'a>, Json<'a>)>, policy: &Policy) -> Self {
        let holds_something = |json: &Json<'a>| json.members().is_none_or(|members| !members.is_empty());
        let reading = policy.reading().clone();
        Envelope {
            has_consent: consent::read(&members, &reading) != Consent::Missing,
            integrations: values(&members, "integrations").filter(holds_something).collect(),
            invalid_is_off: policy.invalid_entries().value == InvalidEntries::Off,
            reading,
            members,
        }
    }

    /// Returns the members of the line.
    pub(super) fn members(&self) -> &Members<'a> {
        &self.members
    }

    /// Returns how many bytes an item may grow by, about.
    pub(super) fn growth(&self) -> usize {
        let consent = self.with_consent("{}").map_or(0, |text| text.len());
        consent + self.with_integrations("{}").map_or(0, |text| text.len())
    }

    /// Returns an item with the integrations of the envelope merged into its own; `None` where that changes nothing.
    pub(super) fn with_integrations(&self, item: &str) -> Option<String> {
        let [.., _] = self.integrations.as_slice() else { return None };
        let members = Json::new(item).members().unwrap_or_default();
        let own: Vec<Json<'_>> = values(&members, "integrations").collect();
        if let ([own], [other]) = (own.as_slice(), self.integrations.as_slice())
            && let Some(merged) = self.merged(*own, *other)
        {
            return Some(replaced(item, own.place_in(item.as_bytes()), &merged));
        }
        // "Two integrations objects are read as one", and two are malformed if one is.
        let add =
            |item: String, other: &Json<'_>| with_first(&item, &format!("\"integrations\":{}", other.text()));
        Some(self.integrations.iter().fold(item.to_owned(), add))
    }

    /// Returns one integrations object of two; `None` if one of them is no object. A name that both list has the value that wins: of two
    /// that mean the same, the item's own.
    fn merged(&self, own: Json<'_>, other: Json<'_>) -> Option<String> {
        let (own_entries, other_entries) = (own.members()?, other.members()?);
        let mut winners: HashMap<&Name<'_>, Json<'_>> = HashMap::new();
        for (name, value) in &other_entries {
            let winner = winners.entry(name).or_insert(*value);
            if self.rank(*value) > self.rank(*winner) {
                *winner = *value;
            }
        }
        let (text, mut merged, mut end) = (own.text(), String::new(), 0);
        for (name, value) in &own_entries {
            let Some(winner) = winners.get_mut(name) else { continue };
            if self.rank(*winner) > self.rank(*value) {
                let place = value.place_in(text.as_bytes());
                merged.push_str(text.get(end..place.start).unwrap_or_default());
                merged.push_str(winner.text());
                end = place.end;
            }
        }
        merged.push_str(text.get(end..).unwrap_or_default());
        for (name, _) in &own_entries {
            winners.remove(name);
        }
        let added = other_entries.iter().filter_map(|(name, _)| {
            let value = winners.remove(name)?;
            Some(format!("{}:{}", name_text(name), value.text()))
        });
        let added: Vec<String> = added.collect();
        Some(if added.is_empty() { merged } else { with_first(&merged, &added.join(",")) })
    }

    /// Returns the place of an entry in the order of what wins: "off wins, then on".
    fn rank(&self, value: Json<'_>) -> u8 {
        match Entry::from(value.json_type()) {
            Entry::Invalid if self.invalid_is_off => 2,
            Entry::Invalid => 0,
            Entry::On => 1,
            Entry::Off => 3,
        }
    }

    /// Returns an item with the consent of the envelope merged into its own; `None` where that changes nothing.
    pub(super) fn with_consent(&self, item: &str) -> Option<String> {
        if !self.has_consent {
            return None;
        }
        let members = Json::new(item).members().unwrap_or_default();
        merge_into(item, &members, &self.members, &self.reading)
    }

    /// Returns true if nothing of the envelope counts.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_consent && self.integrations.is_empty()
    }
}
