//! Consent on an event: the only module that knows where it stands and under which keys. It reads and writes events, and lists the
//! forms that consent can have on them.

pub(in crate::event) mod booleans;
mod merge;

use super::content::{Consent, Name};
use super::json::{Json, Member, Members, nest, object, text, values};
use crate::model::{ConsentState, DOCUMENTED_SPELLINGS, Preference, Reading};

pub(super) use merge::EnvelopeConsent;

/// Returns the consent of an event (section 1 of the semantics).
pub(super) fn read<'a>(event: &Members<'a>, reading: &Reading) -> Consent<'a> {
    match find(event, reading) {
        Ok(value) => booleans::read(value).map_or(Consent::Malformed, Consent::Preferences),
        Err(consent) => consent,
    }
}

/// Returns the value that holds the preferences, or the consent of an event that has none to read.
fn find<'a>(event: &Members<'a>, reading: &Reading) -> Result<Json<'a>, Consent<'a>> {
    let holder = holder(event, reading)?;
    let mut found =
        holder.iter().filter(|(name, _)| is_accepted(name, reading) || documented(name).is_some());
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

/// Returns the value that holds the preferences of an event.
#[cfg(feature = "ledger")]
pub(super) fn preferences<'a>(event: &Members<'a>, reading: &Reading) -> Option<Json<'a>> {
    find(event, reading).ok()
}

/// Returns the value that makes the consent of an event malformed because it is no object, and the path to it.
#[cfg(feature = "ledger")]
pub(super) fn malformed<'a>(event: &Members<'a>, reading: &Reading) -> Option<(String, Json<'a>)> {
    let mut holder = event.to_vec();
    let mut path: Vec<&str> = Vec::new();
    for key in reading.parents.iter().chain(&reading.spellings) {
        let value = values(&holder, key).next();
        let is_parent = path.len() < reading.parents.len();
        let Some(value) = value else { if is_parent { return None } else { continue } };
        let place = || path.iter().copied().chain([key.as_str()]).collect::<Vec<_>>().join(".");
        match value.members() {
            None => return Some((place(), value)),
            Some(members) if is_parent => holder = members,
            Some(_) => {}
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
    let holder = holder(event, reading).ok()?;
    holder.iter().filter(|(name, _)| !is_accepted(name, reading)).find_map(|(name, _)| documented(name))
}

fn is_accepted(name: &Name<'_>, reading: &Reading) -> bool {
    reading.spellings.iter().any(|spelling| *name == *spelling.as_str())
}

fn documented(name: &Name<'_>) -> Option<&'static str> {
    DOCUMENTED_SPELLINGS.into_iter().find(|spelling| *name == **spelling)
}

/// Returns the member of an event that holds this consent; `None` where there is none.
pub(super) fn write(consent: &Consent<'_>, reading: &Reading) -> Option<Member> {
    let spelling = reading.spellings.first().map_or("", String::as_str);
    let parents: Vec<&str> = reading.parents.iter().map(String::as_str).collect();
    let whole: Vec<&str> = parents.iter().copied().chain([spelling]).collect();
    match consent {
        Consent::Missing => None,
        Consent::Empty => nest(&parents, object(&[])),
        Consent::Malformed => nest(whole.get(..1).unwrap_or_default(), "null".into()),
        Consent::Preferences(preferences) => nest(&whole, booleans::write(preferences)),
    }
}

/// Returns the members of an event that holds this consent at the place of each reading; `None` where one place is within another one.
pub(super) fn write_at_each(consent: &Consent<'_>, readings: &[&Reading]) -> Option<Vec<Member>> {
    let mut places: Vec<(Vec<&str>, String)> = Vec::new();
    for reading in readings {
        let mut path: Vec<&str> = reading.parents.iter().map(String::as_str).collect();
        let value = match consent {
            Consent::Missing => continue,
            Consent::Empty => object(&[]),
            Consent::Malformed => "null".to_owned(),
            Consent::Preferences(preferences) => booleans::write(preferences),
        };
        if !matches!(consent, Consent::Empty) {
            path.push(reading.spellings.first().map_or("", String::as_str));
        }
        places.push((path, value));
    }
    // An object that holds no preferences may hold another place.
    let all: Vec<Vec<&str>> = places.iter().map(|(path, _)| path.clone()).collect();
    let holds_another = |path: &Vec<&str>| all.iter().any(|other| other != path && other.starts_with(path));
    match consent {
        Consent::Empty => places.retain(|(path, _)| !holds_another(path)),
        _ if all.iter().any(holds_another) => return None,
        _ => {}
    }
    Some(nested(&places))
}

/// Returns the members that lead to values by these keys, of which none leads through another one's value.
fn nested(places: &[(Vec<&str>, String)]) -> Vec<Member> {
    let mut firsts: Vec<&str> = places.iter().filter_map(|(keys, _)| keys.first().copied()).collect();
    firsts.dedup();
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

/// A form of consent on an event that one of several readings tells from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The state that each of the readings sees in it.
    pub(crate) states: Vec<ConsentState>,
    /// The reading that writes it, and the state for this reading.
    reading: Reading,
    state: ConsentState,
    /// Other readings, which look for consent at places of their own: an event has this form for all of them.
    elsewhere: Vec<Reading>,
    /// The value under the preferences' own key is malformed, and not a level above.
    is_malformed_at_key: bool,
}

/// The state, as each reading sees it where they differ.
impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut states: Vec<&str> = self.states.iter().map(|state| state.as_str()).collect();
        states.dedup();
        f.write_str(&states.join(" / "))
    }
}

impl Form {
    /// Returns the other readings, which look for consent at places of their own.
    pub(crate) fn elsewhere(&self) -> &[Reading] {
        &self.elsewhere
    }

    /// Returns the consent of this form, with these preferences if it has any, and the reading that writes it.
    pub(crate) fn consent<'a>(
        &self,
        preferences: impl FnOnce() -> Vec<(Name<'a>, Preference)>,
    ) -> (Consent<'a>, Reading) {
        let reading = self.reading.clone();
        let consent = match self.state {
            ConsentState::Missing => Consent::Missing,
            ConsentState::Empty => Consent::Empty,
            ConsentState::Unanswered => Consent::Preferences(Vec::new()),
            ConsentState::Answered => Consent::Preferences(preferences()),
            ConsentState::Malformed => match (reading.parents.split_last(), reading.spellings.as_slice()) {
                // It is written as an invalid preference of a level above.
                (Some((last, parents)), [spelling, ..]) if self.is_malformed_at_key => {
                    let invalid = vec![(Name::from(spelling.clone()), Preference::Invalid)];
                    return (Consent::Preferences(invalid), reading.moved(parents, last));
                }
                _ => Consent::Malformed,
            },
        };
        (consent, reading)
    }
}

/// Returns every form that one of the readings tells from the others. Readings that do not go through the same parents get the forms
/// that are the same at all places.
pub(crate) fn forms(readings: &[&Reading]) -> Vec<Form> {
    let Some((first, others)) = readings.split_first() else { return Vec::new() };
    if others.iter().any(|other| other.parents != first.parents) {
        let is_possible = |state: &ConsentState| readings.iter().all(|reading| reading.has_state(*state));
        let form = |state| Form {
            states: vec![state; readings.len()],
            reading: (*first).clone(),
            state,
            elsewhere: others.iter().map(|reading| (*reading).clone()).collect(),
            is_malformed_at_key: false,
        };
        return ConsentState::ALL.into_iter().filter(is_possible).map(form).collect();
    }
    let own = readings.iter().flat_map(|reading| &reading.spellings).map(String::as_str);
    // Where one of the readings needs no level above, that level is neither missing nor malformed.
    let has_level_above = readings.iter().all(|reading| reading.has_state(ConsentState::Missing));
    let mut forms: Vec<Form> = Vec::new();
    for spelling in own.chain(DOCUMENTED_SPELLINGS) {
        let reading = first.moved(&first.parents, spelling);
        let states = ConsentState::ALL.map(|state| (state, false)).into_iter();
        // A level above the preferences may be malformed, or the value under the key itself.
        for (state, at_key) in states.chain([(ConsentState::Malformed, true)]) {
            let is_above = matches!(state, ConsentState::Missing | ConsentState::Malformed) && !at_key;
            if is_above && !has_level_above {
                continue;
            }
            let states = readings.iter().map(|reading| seen(reading, spelling, state, is_above)).collect();
            if !forms.iter().any(|known| known.states == states) {
                let reading = reading.clone();
                forms.push(Form {
                    states,
                    reading,
                    state,
                    elsewhere: Vec::new(),
                    is_malformed_at_key: at_key,
                });
            }
        }
    }
    forms
}

/// Returns the state that a reading sees in an object which has preferences of some state under a spelling, or at a level above.
fn seen(reading: &Reading, spelling: &str, state: ConsentState, is_above: bool) -> ConsentState {
    match state {
        ConsentState::Missing | ConsentState::Empty => state,
        // A level above that is malformed is so for every reading.
        _ if is_above || reading.accepts(spelling) => state,
        // "a documented spelling of the preferences key that this policy does not accept" (section 1 of the semantics)
        _ if DOCUMENTED_SPELLINGS.contains(&spelling) => ConsentState::Malformed,
        // Another member of the consent object, which changes nothing.
        _ => ConsentState::Empty,
    }
}
