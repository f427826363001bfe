//! Consent at two places of a batch, the envelope and an item: any refusal wins (section 1 of the semantics).

use super::{booleans, find, holder, read};
use crate::event::content::{Consent, Name};
use crate::event::json::{Json, Members};
use crate::event::splice::set;
use crate::model::{Preference, Reading};
use std::collections::HashMap;

/// Returns the text of an item with the envelope's consent merged into its own; `None` where that changes nothing. `item` and `envelope` are
/// the members of both.
pub(in crate::event) fn merge_into(
    text: &str,
    item: &Members<'_>,
    envelope: &Members<'_>,
    reading: &Reading,
) -> Option<String> {
    let (own, other) = (read(item, reading), read(envelope, reading));
    let merged = merged(&own, &other, reading.unlisted());
    if merged == own {
        return None;
    }
    let parents: Vec<&str> = reading.parents.iter().map(String::as_str).collect();
    let value = match (&merged, &own) {
        (Consent::Missing, _) => return None,
        (Consent::Empty, _) => return Some(set(text, &parents, "{}".to_owned())),
        (Consent::Malformed, _) => "null".to_owned(),
        (Consent::Preferences(all), Consent::Preferences(_)) => booleans::write(all),
        (Consent::Preferences(_), _) => find(envelope, reading).map_or("null", Json::text).to_owned(),
    };
    let holder = holder(item, reading).unwrap_or_default();
    let spelling = reading.spellings.iter().find(|own| holder.iter().any(|(name, _)| *name == ***own));
    let spelling = spelling.or(reading.spellings.first());
    let path: Vec<&str> = parents.into_iter().chain(spelling.map(String::as_str)).collect();
    Some(set(text, &path, value))
}

/// Returns the consent of two places: malformed if one is; else the preferences of both, or of the one that has some; else empty if one
/// is. A name that one place lists is `unlisted` at the other.
fn merged<'a>(one: &Consent<'a>, other: &Consent<'a>, unlisted: Preference) -> Consent<'a> {
    match (one, other) {
        (Consent::Malformed, _) | (_, Consent::Malformed) => Consent::Malformed,
        (Consent::Preferences(one), Consent::Preferences(other)) => {
            Consent::Preferences(strictest(one, other, unlisted))
        }
        (Consent::Preferences(one), _) | (_, Consent::Preferences(one)) => Consent::Preferences(one.clone()),
        (Consent::Empty, _) | (_, Consent::Empty) => Consent::Empty,
        (Consent::Missing, Consent::Missing) => Consent::Missing,
    }
}

type Preferences<'a> = Vec<(Name<'a>, Preference)>;

/// Returns the preference for each name that one of two places lists: refused if one refuses, else invalid if one is, else granted if one
/// grants.
fn strictest<'a>(one: &Preferences<'a>, other: &Preferences<'a>, unlisted: Preference) -> Preferences<'a> {
    let fold = |all: &Preferences<'a>| {
        let mut folded: HashMap<Name<'a>, Preference> = HashMap::new();
        for (name, preference) in all {
            let known = folded.entry(name.clone()).or_insert(*preference);
            *known = (*known).max(*preference);
        }
        folded
    };
    let places = [fold(one), fold(other)];
    let value = |name: &Name<'a>| {
        let values = places.each_ref().map(|place| place.get(name).copied().unwrap_or(unlisted));
        // An unasked category does not stand in the way of a grant.
        values.into_iter().max_by_key(|value| (*value != Preference::Unasked, *value)).unwrap_or(unlisted)
    };
    let is_first = |name: &Name<'a>| !places[0].contains_key(name);
    let more = other.iter().filter(|(name, _)| is_first(name));
    let mut seen = HashMap::new();
    let names = one.iter().chain(more).map(|(name, _)| name);
    let names = names.filter(|name| seen.insert((*name).clone(), ()).is_none());
    names.map(|name| (name.clone(), value(name))).collect()
}
