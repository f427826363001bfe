//! Consent on an event: the only module that knows where it stands and under which keys. It reads and writes events, and lists the
//! forms that consent can have on them.

mod booleans;
mod delimited;
mod forms;
mod list;
mod merge;
mod places;
mod words;

use super::content::{Consent, Name};
use super::foreign;
use super::json::{Json, Member, Members, name_text, object, text, values};
use crate::model::{AbsentValue, Places, Policy, Preference, Reading, Shape};
pub(crate) use forms::{Form, forms};
use words::Words;

pub(super) use merge::EnvelopeConsent;

/// Returns the consent of an event (section 1 of the semantics).
pub(super) fn read<'a>(event: &Members<'a>, reading: &Reading) -> Consent<'a> {
    let own = own(event, reading);
    if is_foreign(&own, event, reading) { Consent::Malformed } else { own }
}

/// Returns true for an event that has no consent of its own, but foreign consent that counts.
fn is_foreign(own: &Consent<'_>, event: &Members<'_>, reading: &Reading) -> bool {
    matches!(own, Consent::Missing | Consent::Empty) && foreign::has_consent(event, reading)
}

/// Returns the consent at the place that a policy reads, or at its places.
fn own<'a>(event: &Members<'a>, reading: &Reading) -> Consent<'a> {
    match &reading.places {
        None => at(event, reading),
        Some(places) => {
            places::together(places.each.iter().map(|reading| at(event, reading)).collect(), places)
        }
    }
}

/// Returns the consent at one place.
fn at<'a>(event: &Members<'a>, reading: &Reading) -> Consent<'a> {
    match find(event, reading) {
        Ok(value) if value.is_absent(&reading.absent) => Consent::Empty,
        Ok(value) => preferences(value, reading).map_or(Consent::Malformed, Consent::Preferences),
        Err(consent) => consent,
    }
}

/// Returns what a value lists; `None` for one that is not of the reading's shape.
pub(super) fn preferences<'a>(value: Json<'a>, reading: &Reading) -> Option<Vec<(Name<'a>, Preference)>> {
    let mut listed = match &reading.shape {
        Shape::Booleans { within, reversed } => booleans::read(value, within.as_deref(), *reversed),
        Shape::Words { granted, refused, unasked } => words::read(value, Words { granted, refused, unasked }),
        Shape::List { listed } => list::read(value, (*listed).into()),
        Shape::DelimitedText { listed, separator } => delimited::read(value, separator, (*listed).into()),
        Shape::Pairs { between, within, granted, refused } => {
            delimited::read_pairs(value, between, within, Words { granted, refused, unasked: &[] })
        }
    }?;
    if !reading.skip.is_empty() {
        listed.retain(|(name, _)| !reading.is_skipped(name.as_bytes()));
    }
    Some(listed)
}

impl<'a> Consent<'a> {
    /// The consent of an event that gives categories these values, by wire id, as a policy reads it. With at least one value the state is
    /// `answered`. A value that the policy's shape does not have is left out: a list of grants has no refusals.
    pub fn stating(values: impl Iterator<Item = (&'a str, Preference)>, policy: &Policy) -> Self {
        let reading = policy.reading();
        let values: Vec<(&str, Preference)> = values.collect();
        let can_be_listed = reading.listed_values();
        let listed = values.iter().filter(|(_, value)| can_be_listed.contains(value));
        let mut listed: Vec<(Name<'a>, Preference)> =
            listed.map(|(wire_id, value)| (Name::from(*wire_id), *value)).collect();
        if let ([_, ..], [], [first, ..]) = (values.as_slice(), listed.as_slice(), can_be_listed.as_slice()) {
            listed.push((Name::from(policy.other_name()), *first));
        }
        Consent::Preferences(listed)
    }
}

/// Returns preferences as JSON, in their order: the value that [`preferences`] reads.
fn value_of(listed: &[(Name<'_>, Preference)], reading: &Reading) -> String {
    match &reading.shape {
        Shape::Booleans { within, reversed } => booleans::write(listed, within.as_deref(), *reversed),
        Shape::Words { granted, refused, unasked } => {
            words::write(listed, Words { granted, refused, unasked })
        }
        Shape::List { listed: meaning } => list::write(listed, (*meaning).into()),
        Shape::DelimitedText { listed: meaning, separator } => {
            not_absent(delimited::write(listed, separator, (*meaning).into()), separator, reading)
        }
        Shape::Pairs { between, within, granted, refused } => {
            let words = Words { granted, refused, unasked: &[] };
            not_absent(delimited::write_pairs(listed, between, within, words), between, reading)
        }
    }
}

/// Returns a text as JSON: with separators in front where it would count as no value without.
fn not_absent(mut parts: Vec<u8>, separator: &str, reading: &Reading) -> String {
    let is_absent =
        |text: &[u8]| reading.absent.iter().filter_map(AbsentValue::text).any(|one| one.as_bytes() == text);
    while is_absent(&parts) {
        parts = [separator.as_bytes(), &parts].concat();
    }
    name_text(&Name::from_bytes(parts.into()))
}

/// Returns a value that is of no shape, and does not count as no value.
fn malformed_value(reading: &Reading) -> &'static str {
    if reading.absent.contains(&AbsentValue::Null) { "false" } else { "null" }
}

/// Returns the members of an object whose values the reading finds invalid; all of a text that has such a pair.
#[cfg(feature = "ledger")]
pub(super) fn invalid<'a>(event: &Members<'a>, reading: &Reading) -> Vec<(Name<'a>, Json<'a>)> {
    reading.each().iter().flat_map(|reading| invalid_at(event, reading)).collect()
}

#[cfg(feature = "ledger")]
fn invalid_at<'a>(event: &Members<'a>, reading: &Reading) -> Vec<(Name<'a>, Json<'a>)> {
    let Ok(value) = find(event, reading) else { return Vec::new() };
    let is_listed = |name: &Name<'_>| !reading.is_skipped(name.as_bytes());
    match value.members() {
        Some(members) => {
            let is_invalid = |value: Json<'a>| match &reading.shape {
                Shape::Booleans { within, reversed } => {
                    booleans::preference(value, within.as_deref(), *reversed) == Preference::Invalid
                }
                Shape::Words { granted, refused, unasked } => {
                    words::preference(value, Words { granted, refused, unasked }) == Preference::Invalid
                }
                Shape::List { .. } | Shape::DelimitedText { .. } | Shape::Pairs { .. } => false,
            };
            members.into_iter().filter(|(name, value)| is_listed(name) && is_invalid(*value)).collect()
        }
        None => {
            let listed = preferences(value, reading).unwrap_or_default().into_iter();
            let invalid = listed.filter(|(_, preference)| *preference == Preference::Invalid);
            invalid.map(|(name, _)| (name, value)).collect()
        }
    }
}

/// Returns the value that holds the preferences, or the consent of an event that has none to read.
fn find<'a>(event: &Members<'a>, reading: &Reading) -> Result<Json<'a>, Consent<'a>> {
    let holder = holder(event, reading)?;
    let mut found =
        holder.iter().filter(|(name, _)| is_accepted(name, reading) || wrong(name, reading).is_some());
    let Some((name, value)) = found.next() else { return Err(Consent::Empty) };
    match found.next().is_some() || !is_accepted(name, reading) {
        true => Err(Consent::Malformed),
        false => Ok(*value),
    }
}

/// Returns the members of the consent object, or the consent of an event that has no such object.
fn holder<'a>(event: &Members<'a>, reading: &Reading) -> Result<Vec<(Name<'a>, Json<'a>)>, Consent<'a>> {
    let mut holder = event.to_vec();
    for key in &reading.parents {
        let mut found = values(&holder, key);
        let Some(value) = found.next() else { return Err(Consent::Missing) };
        if found.next().is_some() {
            return Err(Consent::Malformed);
        }
        drop(found);
        holder = value.members().ok_or(Consent::Malformed)?;
    }
    Ok(holder)
}

/// Returns the value that makes the consent of an event malformed by its type, and the path to it.
#[cfg(feature = "ledger")]
pub(super) fn malformed<'a>(event: &Members<'a>, reading: &Reading) -> Option<(String, Json<'a>)> {
    reading.each().iter().find_map(|reading| malformed_at(event, reading))
}

#[cfg(feature = "ledger")]
fn malformed_at<'a>(event: &Members<'a>, reading: &Reading) -> Option<(String, Json<'a>)> {
    let mut holder = event.to_vec();
    let mut path: Vec<&str> = Vec::new();
    for key in reading.parents.iter().chain(&reading.spellings) {
        let value = values(&holder, key).next();
        let is_parent = path.len() < reading.parents.len();
        let Some(value) = value else { if is_parent { return None } else { continue } };
        let place = || path.iter().copied().chain([key.as_str()]).collect::<Vec<_>>().join(".");
        match value.members() {
            None if is_parent => return Some((place(), value)),
            Some(members) if is_parent => holder = members,
            _ if value.is_absent(&reading.absent) || preferences(value, reading).is_some() => {}
            _ => return Some((place(), value)),
        }
        if is_parent {
            path.push(key);
        }
    }
    None
}

/// Returns the first spelling that makes a consent object malformed: one that is documented, and that the policy does not accept.
#[cfg(feature = "ledger")]
pub(super) fn wrong_spelling(event: &Members<'_>, reading: &Reading) -> Option<&'static str> {
    reading.each().iter().find_map(|reading| {
        let holder = holder(event, reading).ok()?;
        let names = holder.iter().filter(|(name, _)| !is_accepted(name, reading));
        names.map(|(name, _)| name).find_map(|name| wrong(name, reading))
    })
}

fn is_accepted(name: &Name<'_>, reading: &Reading) -> bool {
    reading.spellings.iter().any(|spelling| *name == *spelling.as_str())
}

/// Returns a documented spelling that the policy does not accept.
fn wrong(name: &Name<'_>, reading: &Reading) -> Option<&'static str> {
    reading.wrong_spellings().find(|spelling| *name == **spelling)
}

/// A value on an event: the keys that lead to it, and the value as JSON.
type Placed<'k> = (Vec<&'k str>, String);

/// Returns the members of an event that hold this consent, and what the reading gives each event.
pub(super) fn write(consent: &Consent<'_>, reading: &Reading) -> Vec<Member> {
    if let Some(places) = &reading.places {
        return joined(placed(consent, places).into_iter().chain(of_case(reading)).collect())
            .unwrap_or_default();
    }
    let parents: Vec<&str> = reading.parents.iter().map(String::as_str).collect();
    let whole: Vec<&str> =
        parents.iter().copied().chain(reading.spellings.first().map(String::as_str)).collect();
    let given: Vec<Placed<'_>> = of_case(reading).collect();
    let own = match consent {
        Consent::Missing => None,
        Consent::Empty => Some((parents, object(&[]))),
        // The first member on the way is malformed, unless something else is in it.
        Consent::Malformed => match whole.get(..1) {
            Some(first) if !parents.is_empty() && !given.iter().any(|(path, _)| path.starts_with(first)) => {
                Some((first.to_vec(), "null".to_owned()))
            }
            _ => Some((whole, malformed_value(reading).to_owned())),
        },
        Consent::Preferences(preferences) => Some((whole, value_of(preferences, reading))),
    };
    joined(own.into_iter().chain(given).collect()).unwrap_or_default()
}

/// Returns the values that give an event this consent at several places.
fn placed<'k>(consent: &Consent<'_>, places: &'k Places) -> Vec<Placed<'k>> {
    let parents = |reading: &'k Reading| reading.parents.iter().map(String::as_str);
    let whole = |reading: &'k Reading| -> Vec<&'k str> {
        parents(reading).chain(reading.spellings.first().map(String::as_str)).collect()
    };
    let Some(first) = places.each.first() else { return Vec::new() };
    match consent {
        Consent::Missing => Vec::new(),
        // An event is never without itself.
        Consent::Empty if places.each.iter().any(|reading| reading.parents.is_empty()) => Vec::new(),
        Consent::Empty => vec![(parents(first).collect(), object(&[]))],
        Consent::Malformed => vec![(whole(first), malformed_value(first).to_owned())],
        Consent::Preferences(listed) => {
            let lists = places.each.iter().zip(places::apart(listed, places));
            lists.filter_map(|(reading, own)| Some((whole(reading), value_of(&own?, reading)))).collect()
        }
    }
}

/// Returns what a reading gives each event.
fn of_case(reading: &Reading) -> impl Iterator<Item = Placed<'_>> {
    reading.given.iter().map(|(path, value)| (path.iter().map(String::as_str).collect(), value.clone()))
}

/// Returns the members of an event that holds this consent at the place of each reading; `None` where one place is within another one.
pub(super) fn write_at_each(consent: &Consent<'_>, readings: &[&Reading]) -> Option<Vec<Member>> {
    let mut places: Vec<Placed<'_>> = Vec::new();
    for reading in readings {
        if let Some(own) = &reading.places {
            places.extend(placed(consent, own));
            continue;
        }
        let mut path: Vec<&str> = reading.parents.iter().map(String::as_str).collect();
        let value = match consent {
            Consent::Missing => continue,
            Consent::Empty => object(&[]),
            Consent::Malformed => malformed_value(reading).to_owned(),
            Consent::Preferences(preferences) => value_of(preferences, reading),
        };
        if !matches!(consent, Consent::Empty) {
            path.push(reading.spellings.first().map_or("", String::as_str));
        }
        places.push((path, value));
    }
    places.extend(readings.iter().flat_map(|reading| of_case(reading)));
    joined(places)
}

/// Returns the members that hold all of these values; `None` where one value is within another one. An empty object may hold others.
fn joined(all: Vec<Placed<'_>>) -> Option<Vec<Member>> {
    let mut places: Vec<Placed<'_>> = Vec::new();
    for place in all {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let all: Vec<Vec<&str>> = places.iter().map(|(path, _)| path.clone()).collect();
    let holds_another = |path: &Vec<&str>| all.iter().any(|other| other != path && other.starts_with(path));
    places.retain(|(path, value)| !path.is_empty() && (value != "{}" || !holds_another(path)));
    let is_twice =
        |(path, _): &Placed<'_>| places.iter().filter(|(other, _)| other.starts_with(path)).count() > 1;
    (!places.iter().any(is_twice)).then(|| nested(&places))
}

/// Returns the members that lead to values by these keys, of which none leads through another one's value.
fn nested(places: &[Placed<'_>]) -> Vec<Member> {
    let mut firsts: Vec<&str> = Vec::new();
    for first in places.iter().filter_map(|(keys, _)| keys.first()) {
        if !firsts.contains(first) {
            firsts.push(first);
        }
    }
    let member = |first: &str| {
        let within = places.iter().filter_map(|(keys, value)| match keys.split_first() {
            Some((key, rest)) if *key == first => Some((rest.to_vec(), value.clone())),
            _ => None,
        });
        let within: Vec<(Vec<&str>, String)> = within.collect();
        match within.as_slice() {
            [(rest, value)] if rest.is_empty() => (text(first), value.clone()),
            _ => (text(first), object(&nested(&within))),
        }
    };
    firsts.into_iter().map(member).collect()
}
