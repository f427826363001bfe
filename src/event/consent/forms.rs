//! The forms that consent can have on an event, as one policy sees it or two.

use super::{Placed, joined, malformed_value, of_case, read, value_of, write};
use crate::event::content::{Consent, Name};
use crate::event::json::{Json, Member, object, text};
use crate::model::{ConsentState, DOCUMENTED_SPELLINGS, Preference, Reading};

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
    /// The values at the places of the readings, if they read different values.
    apart: Vec<(Reading, Piece)>,
    /// Consent at a place that no reading reads: its path, and the value as JSON.
    foreign: Option<(&'static [&'static str], &'static str)>,
}

/// Consent that no reading reads, as an event may have it. Two readings do not read all of these places.
const FOREIGN: [(&[&str], &str); 3] = [
    (&["context", "tcString"], "\"CPXxRfA\""),
    (&["tcString"], "\"CPXxRfA\""),
    (&["gppString"], "\"DBABMA\""),
];

/// The value at the place of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Nothing, and no object on the way.
    Nothing,
    /// The object that would hold a value.
    Holder,
    /// A value that lists nothing.
    Unanswered,
    /// A value that lists something.
    Listed,
    /// Another value, as JSON.
    Other(String),
    /// The first member on the way is of another type.
    MalformedAbove,
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
    /// Creates the form of a state, as one reading writes it.
    fn new(reading: &Reading, state: ConsentState) -> Self {
        Form {
            states: Vec::new(),
            reading: reading.clone(),
            state,
            elsewhere: Vec::new(),
            is_malformed_at_key: false,
            apart: Vec::new(),
            foreign: None,
        }
    }

    /// Adds the form, unless the readings see the same states in another one.
    fn add_to(self, forms: &mut Vec<Form>) {
        if !forms.iter().any(|known| known.states == self.states) {
            forms.push(self);
        }
    }

    /// Adds the form of readings that read different values, with the states that they see in an event of it.
    fn add_apart(mut self, forms: &mut Vec<Form>, readings: &[&Reading]) {
        let lists: Vec<_> = readings.iter().map(|reading| sample(reading)).collect();
        let Some(members) = self.members(&lists) else { return };
        self.states = readings.iter().map(|reading| state_in(&members, reading)).collect();
        self.add_to(forms);
    }

    /// Returns the readings, if they read different values.
    pub(crate) fn apart(&self) -> impl ExactSizeIterator<Item = &Reading> {
        self.apart.iter().map(|(reading, _)| reading)
    }

    /// Returns the members of an event of this form, where the readings read different values: with the list of each.
    pub(crate) fn members(&self, lists: &[Vec<(Name<'_>, Preference)>]) -> Option<Vec<Member>> {
        let mut places: Vec<Placed<'_>> = Vec::new();
        for ((reading, piece), listed) in self.apart.iter().zip(lists) {
            let parents: Vec<&str> = reading.parents.iter().map(String::as_str).collect();
            let own: Vec<&str> =
                parents.iter().copied().chain(reading.spellings.first().map(String::as_str)).collect();
            places.push(match piece {
                Piece::Nothing => continue,
                Piece::Holder => (parents, object(&[])),
                Piece::Unanswered => (own, value_of(&[], reading)),
                Piece::Listed => (own, value_of(listed, reading)),
                Piece::Other(value) => (own, value.clone()),
                Piece::MalformedAbove => (parents.get(..1)?.to_vec(), "null".to_owned()),
            });
        }
        places.extend(self.foreign.map(|(path, value)| (path.to_vec(), value.to_owned())));
        places.extend(self.apart.iter().flat_map(|(reading, _)| of_case(reading)));
        joined(places)
    }

    /// Returns the reading that writes it.
    pub(crate) fn reading(&self) -> &Reading {
        &self.reading
    }

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
                // It is written as a preference of a level above: `null`, or `false` where `null` counts as no value.
                // Beside what is given there, a malformed value stands under the key by itself.
                (Some((last, parents)), [spelling, ..])
                    if self.is_malformed_at_key
                        && !reading.given.iter().any(|(path, _)| path.starts_with(&reading.parents)) =>
                {
                    let is_null = malformed_value(&reading) == "null";
                    let value = if is_null { Preference::Invalid } else { Preference::Refused };
                    let above = Reading::booleans(parents.to_vec(), vec![last.clone()]);
                    let above = Reading { given: reading.given.clone(), ..above };
                    return (Consent::Preferences(vec![(Name::from(spelling.clone()), value)]), above);
                }
                _ => Consent::Malformed,
            },
        };
        (consent, reading)
    }
}

/// Returns every form that one of the readings tells from the others.
///
/// Readings of different shapes read different values. Readings of one shape that do not go through the same parents get the forms that are the
/// same at all places.
pub(crate) fn forms(readings: &[&Reading]) -> Vec<Form> {
    let Some((first, others)) = readings.split_first() else { return Vec::new() };
    if readings.iter().any(|reading| reading.places.is_some()) {
        return same_at_all(readings);
    }
    let is_one_place = |other: &Reading| other.parents == first.parents && other.spellings == first.spellings;
    if others
        .iter()
        .any(|other| !other.has_shape_of(first) || is_one_place(other) && other.absent != first.absent)
    {
        return apart(readings);
    }
    if others.iter().any(|other| other.parents != first.parents) {
        return same_at_all(readings);
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
            let mut form = Form { is_malformed_at_key: at_key, ..Form::new(&reading, state) };
            form.states = readings.iter().map(|reading| seen(reading, &form, spelling, is_above)).collect();
            form.add_to(&mut forms);
        }
    }
    foreign(readings, &mut forms);
    forms
}

/// Returns the forms that are the same for all readings.
fn same_at_all(readings: &[&Reading]) -> Vec<Form> {
    let Some((first, others)) = readings.split_first() else { return Vec::new() };
    let is_possible = |state: &ConsentState| readings.iter().all(|reading| reading.has_state(*state));
    let elsewhere = others.iter().filter(|other| other.identity() != first.identity());
    let elsewhere: Vec<Reading> = elsewhere.map(|reading| (*reading).clone()).collect();
    // An event has names that only one of the policies knows.
    let knowing = readings.iter().fold((*first).clone(), |known, reading| known.knowing(reading));
    let form = |state| Form {
        states: vec![state; readings.len()],
        elsewhere: elsewhere.clone(),
        ..Form::new(&knowing, state)
    };
    ConsentState::ALL.into_iter().filter(is_possible).map(form).collect()
}

/// Returns the forms of readings that read different values: every combination of what stands at their places, by the states that they see.
fn apart(readings: &[&Reading]) -> Vec<Form> {
    let pieces = |reading: &Reading| {
        let malformed = Piece::Other(malformed_value(reading).to_owned());
        let usual = [
            Piece::Nothing,
            Piece::Holder,
            Piece::Unanswered,
            Piece::Listed,
            malformed,
            Piece::MalformedAbove,
        ];
        // What counts as no value to one reading may be a value to another.
        let absent = reading.absent.iter().map(|value| match value.text() {
            None => Piece::Other("null".to_owned()),
            Some(value) => Piece::Other(text(value)),
        });
        usual.into_iter().chain(absent).collect::<Vec<Piece>>()
    };
    let mut combinations: Vec<Vec<(Reading, Piece)>> = vec![Vec::new()];
    for reading in readings {
        let with = |known: &Vec<(Reading, Piece)>| {
            pieces(reading)
                .into_iter()
                .map(|piece| known.iter().cloned().chain([((*reading).clone(), piece)]).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        combinations = combinations.iter().flat_map(with).collect();
    }
    let mut forms: Vec<Form> = Vec::new();
    for apart in combinations {
        let Some((reading, _)) = apart.first() else { continue };
        let form = Form { apart: apart.clone(), ..Form::new(reading, ConsentState::Missing) };
        form.add_apart(&mut forms, readings);
    }
    foreign(readings, &mut forms);
    forms
}

/// Adds the forms with consent that some readings count and others ignore.
fn foreign(readings: &[&Reading], forms: &mut Vec<Form>) {
    let Some(first) = readings.first() else { return };
    if readings.iter().all(|reading| reading.foreign == first.foreign) {
        return;
    }
    for foreign in FOREIGN {
        for piece in [Piece::Nothing, Piece::Holder] {
            let apart = readings.iter().map(|reading| ((*reading).clone(), piece.clone())).collect();
            let form = Form { apart, foreign: Some(foreign), ..Form::new(first, ConsentState::Missing) };
            form.add_apart(forms, readings);
        }
    }
}

/// Returns the state that a reading sees in an event of a form, which has preferences of some state under a spelling, or at a level above.
fn seen(reading: &Reading, form: &Form, spelling: &str, is_above: bool) -> ConsentState {
    match form.state {
        ConsentState::Missing | ConsentState::Empty => form.state,
        // A level above that is malformed is so for every reading.
        _ if is_above || reading.accepts(spelling) => form.state,
        // "a documented spelling of the preferences key that this policy does not accept" (section 1 of the semantics)
        _ if DOCUMENTED_SPELLINGS.contains(&spelling) => ConsentState::Malformed,
        // Another member of the consent object, which changes nothing, or is foreign consent.
        _ => {
            let (consent, own) = form.consent(|| sample(form.reading()));
            state_in(write(&consent, &own).as_slice(), reading)
        }
    }
}

/// Returns the state that a reading sees in an event with these members.
fn state_in(members: &[Member], reading: &Reading) -> ConsentState {
    let event = object(members);
    // A text that is made of members has them.
    read(&Json::new(&event).members().unwrap_or_default(), reading).state()
}

/// Returns a list that is for no category.
fn sample<'n>(reading: &Reading) -> Vec<(Name<'n>, Preference)> {
    let value = reading.listed_values().first().copied().unwrap_or(Preference::Granted);
    vec![(Name::from(reading.unclaimed("?", |_| false)), value)]
}
