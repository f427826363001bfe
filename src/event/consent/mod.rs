//! Consent on an event: the only module that knows where it stands and under which keys. It reads and writes events, and lists the
//! forms that consent can have on them.

pub(in crate::event) mod booleans;

use super::content::{Consent, Name};
use super::json::{Json, Member, Members, nest, object, values};
use crate::model::{ConsentState, DOCUMENTED_SPELLINGS, Preference, Reading};

/// Returns the consent of an event (section 1 of the semantics).
pub(super) fn read<'a>(event: &Members<'a>, reading: &Reading) -> Consent<'a> {
    let holder = match holder(event, reading) {
        Ok(holder) => holder,
        Err(consent) => return consent,
    };
    let mut found =
        holder.iter().filter(|(name, _)| is_accepted(name, reading) || documented(name).is_some());
    let Some((name, value)) = found.next() else { return Consent::Empty };
    if found.next().is_some() || !is_accepted(name, reading) {
        return Consent::Malformed;
    }
    booleans::read(*value).map_or(Consent::Malformed, Consent::Preferences)
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

/// A form of consent on an event that one of several readings tells from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The state that each of the readings sees in it.
    pub(crate) states: Vec<ConsentState>,
    /// The reading that writes it, and the state for this reading.
    reading: Reading,
    state: ConsentState,
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

/// Returns every form that one of the readings tells from the others. All of them read through the same parents.
pub(crate) fn forms(readings: &[&Reading]) -> Vec<Form> {
    let Some(first) = readings.first() else { return Vec::new() };
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
                forms.push(Form { states, reading: reading.clone(), state, is_malformed_at_key: at_key });
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
