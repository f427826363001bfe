//! Consent at two places of a batch, the envelope and an item: any refusal wins (section 1 of the semantics).

use super::{at, find, holder, is_foreign, malformed_value, own, preferences, value_of};
use crate::event::content::{Consent, Name};
use crate::event::json::{Json, Members};
use crate::event::splice::set;
use crate::model::{Policy, Preference, Reading};
use std::collections::HashMap;

/// The consent of an envelope.
#[derive(Debug, Clone)]
pub(in crate::event) struct EnvelopeConsent<'a> {
    each: Vec<EnvelopePlace<'a>>,
    /// A name that no category of the policy has.
    other: String,
}

/// The consent of an envelope at one place.
#[derive(Debug, Clone)]
struct EnvelopePlace<'a> {
    reading: Reading,
    consent: Consent<'a>,
    /// The value that lists the preferences, as JSON.
    value: Option<&'a str>,
}

impl<'a> EnvelopeConsent<'a> {
    /// Returns the consent of an envelope with these members; `None` if it has none.
    pub(in crate::event) fn read(envelope: &Members<'a>, policy: &Policy) -> Option<Self> {
        let reading = policy.reading();
        // Foreign consent makes the first place malformed: the others have nothing.
        let is_foreign = is_foreign(&own(envelope, reading), envelope, reading);
        let each: Vec<EnvelopePlace<'a>> = reading
            .each()
            .iter()
            .enumerate()
            .filter_map(|(place, reading)| {
                let consent = match at(envelope, reading) {
                    Consent::Missing | Consent::Empty if is_foreign && place == 0 => Consent::Malformed,
                    own => own,
                };
                let value = find(envelope, reading).ok().map(Json::text);
                (consent != Consent::Missing).then(|| EnvelopePlace {
                    reading: reading.clone(),
                    consent,
                    value,
                })
            })
            .collect();
        (!each.is_empty()).then(|| EnvelopeConsent { each, other: policy.other_name() })
    }

    /// Returns the text of an item with this consent merged into its own; `None` where that changes nothing.
    pub(in crate::event) fn merge_into(&self, text: &str, reading: &Reading) -> Option<String> {
        let item = Json::new(text).members().unwrap_or_default();
        // Such an item is malformed, and stays so as it is: with more consent it would not be foreign.
        if is_foreign(&own(&item, reading), &item, reading) {
            return None;
        }
        let mut merged: Option<String> = None;
        for envelope in &self.each {
            let text = merged.as_deref().unwrap_or(text);
            merged = envelope.merge_into(text, &self.other).or(merged);
        }
        merged
    }
}

impl EnvelopePlace<'_> {
    /// Returns the text of an item with the consent at one place merged into its own; `None` where that changes nothing.
    fn merge_into(&self, text: &str, other: &str) -> Option<String> {
        let reading = &self.reading;
        let item = Json::new(text).members().unwrap_or_default();
        let own = at(&item, reading);
        let merged = |one, other| merged(one, other, reading.unlisted());
        let (merged, alone) = (merged(&own, &self.consent), merged(&own, &Consent::Missing));
        if merged == alone {
            return None;
        }
        let parents: Vec<&str> = reading.parents.iter().map(String::as_str).collect();
        let value = match (&merged, &own) {
            (Consent::Missing, _) => return None,
            (Consent::Empty, _) => return Some(set(text, &parents, "{}".to_owned())),
            (Consent::Malformed, _) => malformed_value(reading).to_owned(),
            (Consent::Preferences(all), Consent::Preferences(_)) => written(all, other, reading),
            (Consent::Preferences(_), _) => self.value.unwrap_or(malformed_value(reading)).to_owned(),
        };
        let holder = holder(&item, reading).unwrap_or_default();
        let spelling = reading.spellings.iter().find(|own| holder.iter().any(|(name, _)| *name == ***own));
        let spelling = spelling.or(reading.spellings.first());
        let path: Vec<&str> = parents.into_iter().chain(spelling.map(String::as_str)).collect();
        Some(set(text, &path, value))
    }
}

/// Returns the value that lists preferences, in the reading's shape. A list of grants has no refusals: where nothing is left to be listed, it has a
/// name that no category has, so that the state stays `answered`.
///
/// A name may not survive in a text, because a part of a separator is in it. Then the value is malformed: nothing is granted that one place refuses.
fn written(all: &[(Name<'_>, Preference)], other: &str, reading: &Reading) -> String {
    let can_be_listed = reading.listed_values();
    let mut listed: Vec<(Name<'_>, Preference)> =
        all.iter().filter(|(_, value)| can_be_listed.contains(value)).cloned().collect();
    if let (true, false, Some(first)) = (listed.is_empty(), all.is_empty(), can_be_listed.first()) {
        listed.push((Name::from(other), *first));
    }
    let value = value_of(&listed, reading);
    let mut read_back = preferences(Json::new(&value), reading).unwrap_or_default();
    read_back.sort();
    listed.sort();
    if read_back == listed { value } else { malformed_value(reading).to_owned() }
}

/// Returns the consent of two places: malformed if one is; else the preferences of both, or of the one that has some; else empty if one
/// is. A name that one place lists is `unlisted` at the other, if that lists any.
fn merged<'a>(one: &Consent<'a>, other: &Consent<'a>, unlisted: Preference) -> Consent<'a> {
    match (one, other) {
        (Consent::Malformed, _) | (_, Consent::Malformed) => Consent::Malformed,
        (Consent::Preferences(one), Consent::Preferences(other)) => {
            Consent::Preferences(strictest([one, other], unlisted))
        }
        (Consent::Preferences(one), _) | (_, Consent::Preferences(one)) => {
            Consent::Preferences(strictest([one, &[]], Preference::Unasked))
        }
        (Consent::Empty, _) | (_, Consent::Empty) => Consent::Empty,
        (Consent::Missing, Consent::Missing) => Consent::Missing,
    }
}

/// Returns each name that one of two places lists, once, and its preference: refused if one place refuses, else invalid if one is, else
/// granted if one grants. In one place the same order decides between values of one name.
fn strictest<'a>(
    places: [&[(Name<'a>, Preference)]; 2],
    unlisted: Preference,
) -> Vec<(Name<'a>, Preference)> {
    let mut all: Vec<(Name<'a>, [Option<Preference>; 2])> = Vec::new();
    let mut known: HashMap<&Name<'a>, usize> = HashMap::new();
    for (place, listed) in places.into_iter().enumerate() {
        for (name, preference) in listed {
            let at = *known.entry(name).or_insert(all.len());
            if at == all.len() {
                all.push((name.clone(), [None; 2]));
            }
            let value = all.get_mut(at).and_then(|(_, values)| values.get_mut(place));
            value.into_iter().for_each(|value| *value = (*value).max(Some(*preference)));
        }
    }
    // An unasked category does not stand in the way of a grant.
    let rank = |value: &Preference| (*value != Preference::Unasked, *value);
    let strictest = |values: [Option<Preference>; 2]| {
        values.into_iter().map(|value| value.unwrap_or(unlisted)).max_by_key(rank).unwrap_or(unlisted)
    };
    all.into_iter().map(|(name, values)| (name, strictest(values))).collect()
}
