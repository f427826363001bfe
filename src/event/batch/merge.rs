//! The parts of an envelope that are merged into each item: consent and integrations (section 1 of the semantics).

use crate::event::consent::EnvelopeConsent;
use crate::event::content::{Entry, Name};
use crate::event::foreign;
use crate::event::inputs::EnvelopeInputs;
use crate::event::json::{Json, Members, name_text, values};
use crate::event::read::has_invalid_all;
use crate::event::splice::{replaced, with_first, without};
use crate::model::{InvalidEntries, Policy, Reading};
use std::borrow::Cow;
use std::collections::HashMap;

/// The parts of a batch's envelope that count for each of its items.
#[derive(Debug, Clone)]
pub(super) struct Envelope<'a> {
    members: Vec<(Name<'a>, Json<'a>)>,
    reading: Reading,
    consent: Option<EnvelopeConsent<'a>>,
    inputs: EnvelopeInputs,
    /// `None` if there is nothing in them.
    integrations: Option<Integrations<'a>>,
    invalid_is_off: bool,
}

/// The integrations of an envelope.
#[derive(Debug, Clone)]
struct Integrations<'a> {
    /// The value, as JSON. Several that cannot be one follow each other, all but the first with their key.
    text: Cow<'a, str>,
    is_object: bool,
}

impl<'a> Envelope<'a> {
    pub(super) fn new(members: Vec<(Name<'a>, Json<'a>)>, policy: &Policy) -> Self {
        let invalid_is_off = policy.invalid_entries().value == InvalidEntries::Off;
        let all: Vec<Json<'a>> = values(&members, "integrations").filter(|json| !is_empty(*json)).collect();
        let integrations = match all.as_slice() {
            [] => None,
            [one] => {
                let is_object = is_readable(*one, policy.reading());
                Some(Integrations { text: one.text().into(), is_object })
            }
            several => Some(Integrations::of(several, policy.reading(), invalid_is_off)),
        };
        let reading = policy.reading().clone();
        let is_misplaced = foreign::has_misplaced_integrations(&members, &reading);
        let integrations = integrations.or(is_misplaced.then_some(MALFORMED));
        let consent = EnvelopeConsent::read(&members, policy);
        let inputs = EnvelopeInputs::read(&members, policy.reading());
        Envelope { members, reading, consent, inputs, integrations, invalid_is_off }
    }

    /// Returns the text of the line before its array and behind it, without the integrations; `None` where there are none.
    pub(super) fn text_around(&self, line: &str, array: Json<'a>) -> Option<(String, String)> {
        let is_left_out = |key: &str| key == "integrations";
        values(&self.members, "integrations").next()?;
        Some(without(line, &self.members, array, is_left_out))
    }

    /// Returns how many bytes an item may grow by, about.
    pub(super) fn growth(&self) -> usize {
        let consent = self.with_consent("{}").map_or(0, |text| text.len());
        consent + self.with_integrations("{}").map_or(0, |text| text.len())
    }

    /// Returns an item with the integrations of the envelope merged into its own; `None` where that changes nothing.
    pub(super) fn with_integrations(&self, item: &str) -> Option<String> {
        let other = self.integrations.as_ref()?;
        let members = Json::new(item).members().unwrap_or_default();
        // "Malformed if one of the two is": an object at the right place must not hide that.
        let other =
            if foreign::has_misplaced_integrations(&members, &self.reading) { &MALFORMED } else { other };
        let own: Vec<Json<'_>> = values(&members, "integrations").collect();
        if let ([own], true) = (own.as_slice(), other.is_object)
            && is_readable(*own, &self.reading)
            && let Some(merged) = merged(*own, Json::new(&other.text), self.invalid_is_off)
        {
            return Some(replaced(item, own.place_in(item.as_bytes()), &merged));
        }
        // "Two integrations objects are read as one", and two are malformed if one is.
        Some(with_first(item, &format!("{KEY}{}", other.text)))
    }

    /// Returns an item with the consent and the inputs of the envelope merged into its own; `None` where that changes nothing.
    pub(super) fn with_consent(&self, item: &str) -> Option<String> {
        let consent = self.consent.as_ref().and_then(|consent| consent.merge_into(item, &self.reading));
        let inputs = self.inputs.merge_into(consent.as_deref().unwrap_or(item));
        inputs.or(consent)
    }
}

/// Integrations that are no object.
const MALFORMED: Integrations<'static> = Integrations { text: Cow::Borrowed("null"), is_object: false };

/// The key of the integrations object.
const KEY: &str = "\"integrations\":";

/// Returns true for an integrations object that is not malformed.
fn is_readable(json: Json<'_>, reading: &Reading) -> bool {
    json.members().is_some_and(|members| !has_invalid_all(&members, reading))
}

/// Returns true for an object without members.
fn is_empty(json: Json<'_>) -> bool {
    json.members().is_some_and(|members| members.is_empty())
}

impl Integrations<'_> {
    /// Makes one value of several: one object, if all of them are objects.
    fn of(several: &[Json<'_>], reading: &Reading, invalid_is_off: bool) -> Self {
        let are_readable = several.iter().all(|json| is_readable(*json, reading));
        let entries: Option<Vec<_>> = several.iter().map(|json| json.members()).collect();
        match entries.filter(|_| are_readable) {
            Some(entries) => {
                let entries = entries.concat();
                let text = format!("{{{}}}", written(&entries, winners(&entries, invalid_is_off)));
                Integrations { text: text.into(), is_object: true }
            }
            None => {
                let texts: Vec<&str> = several.iter().map(|json| json.text()).collect();
                Integrations { text: texts.join(&format!(",{KEY}")).into(), is_object: false }
            }
        }
    }
}

type Winners<'n, 'a> = HashMap<&'n Name<'a>, Json<'a>>;

/// Returns the value of each name that wins over its others.
fn winners<'n, 'a>(entries: &'n Members<'a>, invalid_is_off: bool) -> Winners<'n, 'a> {
    let mut winners: Winners<'n, 'a> = HashMap::new();
    for (name, value) in entries {
        let winner = winners.entry(name).or_insert(*value);
        if rank(*value, invalid_is_off) > rank(*winner, invalid_is_off) {
            *winner = *value;
        }
    }
    winners
}

/// Returns the entries that win as members of an object, in their order.
fn written<'n, 'a>(entries: &'n Members<'a>, mut winners: Winners<'n, 'a>) -> String {
    let written = entries.iter().filter_map(|(name, _)| {
        let value = winners.remove(name)?;
        Some(format!("{}:{}", name_text(name), value.text()))
    });
    written.collect::<Vec<_>>().join(",")
}

/// Returns one integrations object of two; `None` if one of them is no object. A name that both list has the value that wins: of two
/// that mean the same, the item's own.
fn merged(own: Json<'_>, other: Json<'_>, invalid_is_off: bool) -> Option<String> {
    let (own_entries, other_entries) = (own.members()?, other.members()?);
    let mut winners = winners(&other_entries, invalid_is_off);
    let (text, mut merged, mut end) = (own.text(), String::new(), 0);
    for (name, value) in &own_entries {
        let Some(winner) = winners.get(name) else { continue };
        if rank(*winner, invalid_is_off) > rank(*value, invalid_is_off) {
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
    let added = written(&other_entries, winners);
    Some(if added.is_empty() { merged } else { with_first(&merged, &added) })
}

/// Returns the place of an entry in the order of what wins: "off wins, then on".
fn rank(value: Json<'_>, invalid_is_off: bool) -> u8 {
    match Entry::from(value.json_type()) {
        Entry::Invalid if invalid_is_off => 2,
        Entry::Invalid => 0,
        Entry::On => 1,
        Entry::Off => 3,
    }
}
