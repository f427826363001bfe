//! Consent at several places of an event (section 1 of the semantics, "Several places"): combines what each place has, and spreads
//! combined consent over the places again.

use crate::event::content::{Consent, Name};
use crate::model::{ConsentState, Places, PlacesRule, Preference};
use std::collections::BTreeMap;

type Listed<'a> = Vec<(Name<'a>, Preference)>;

/// For each name the strictest value at each place; `None` where the place does not list it.
type ByName<'a> = BTreeMap<Name<'a>, Vec<Option<Preference>>>;

/// Combines the consent at each place. Each name is listed once, in the order of names.
pub(super) fn together<'a>(mut each: Vec<Consent<'a>>, places: &Places) -> Consent<'a> {
    if places.rule == PlacesRule::FirstPresent {
        let is_absent = |consent: &Consent<'_>| matches!(consent, Consent::Missing | Consent::Empty);
        let first = each.iter().position(|consent| !is_absent(consent));
        for (place, consent) in each.iter_mut().enumerate() {
            if first.is_some_and(|first| first != place) {
                *consent = Consent::Missing;
            }
        }
    }
    match each.iter().map(Consent::state).max_by_key(|state| rank(*state)) {
        None | Some(ConsentState::Missing) => return Consent::Missing,
        Some(ConsentState::Empty) => return Consent::Empty,
        Some(ConsentState::Malformed) => return Consent::Malformed,
        Some(ConsentState::Unanswered | ConsentState::Answered) => {}
    }
    let names = by_name(each);
    let not_granted = match places.rule {
        PlacesRule::All => not_granted(&names, places),
        PlacesRule::AnyRefuses | PlacesRule::FirstPresent => Vec::new(),
    };
    let listed = names.into_iter().map(|(name, values)| {
        let claim = claim_of(&name, places);
        let text = std::str::from_utf8(name.as_bytes()).ok();
        let counts = |place: usize| text.is_none_or(|text| places.claims.count(text, place));
        let own = values.into_iter().enumerate().filter(|(place, _)| counts(*place));
        let value = own.filter_map(|(_, value)| value).max().unwrap_or(Preference::Unasked);
        let is_granted = claim.is_none_or(|claim| not_granted.get(claim) != Some(&true));
        match value {
            Preference::Granted if !is_granted => (name, Preference::Unasked),
            value => (name, value),
        }
    });
    Consent::Preferences(listed.collect())
}

/// Returns for each claim whether one of its places does not grant it.
fn not_granted(names: &ByName<'_>, places: &Places) -> Vec<bool> {
    let mut strictest: Vec<Vec<Option<Preference>>> =
        places.claims.all().iter().map(|_| vec![None; places.each.len()]).collect();
    for (name, values) in names {
        let own = claim_of(name, places).and_then(|claim| strictest.get_mut(claim));
        for (own, value) in own.into_iter().flatten().zip(values) {
            *own = (*own).max(*value);
        }
    }
    let claims = places.claims.all().iter().zip(&strictest);
    let is_granted = |values: &[Option<Preference>], place: &usize| {
        values.get(*place).copied().flatten() == Some(Preference::Granted)
    };
    claims.map(|(claim, values)| !claim.places.iter().all(|place| is_granted(values, place))).collect()
}

fn claim_of(name: &Name<'_>, places: &Places) -> Option<usize> {
    places.claims.number_of(std::str::from_utf8(name.as_bytes()).ok()?)
}

/// Returns the place of a state in the order of what counts: "malformed if one is, else answered, else unanswered, else empty".
fn rank(state: ConsentState) -> u8 {
    match state {
        ConsentState::Missing => 0,
        ConsentState::Empty => 1,
        ConsentState::Unanswered => 2,
        ConsentState::Answered => 3,
        ConsentState::Malformed => 4,
    }
}

fn by_name(each: Vec<Consent<'_>>) -> ByName<'_> {
    let count = each.len();
    let mut names = ByName::new();
    for (place, consent) in each.into_iter().enumerate() {
        let Consent::Preferences(listed) = consent else { continue };
        for (name, preference) in listed {
            let values = names.entry(name).or_insert_with(|| vec![None; count]);
            values.get_mut(place).into_iter().for_each(|value| *value = (*value).max(Some(preference)));
        }
    }
    names
}

/// Returns what each place lists, so that together it is this; `None` at a place that an event does not need.
pub(super) fn apart<'a>(listed: &[(Name<'a>, Preference)], places: &Places) -> Vec<Option<Listed<'a>>> {
    let mut each: Vec<Option<Listed<'a>>> = vec![None; places.each.len()];
    if let (true, Some(first)) = (listed.is_empty(), each.first_mut()) {
        *first = Some(Vec::new());
    }
    let mut add = |place: usize, name: &Name<'a>, value: Preference| {
        let own = each.get_mut(place).map(Option::get_or_insert_default);
        own.into_iter().for_each(|own| own.push((name.clone(), value)));
    };
    if places.rule == PlacesRule::FirstPresent {
        let mut able = (0..places.each.len()).filter(|place| {
            let values = places.each.get(*place).map_or(Vec::new(), |reading| reading.listed_values());
            listed.iter().all(|(_, value)| values.contains(value))
        });
        let place = able.next().unwrap_or(0);
        listed.iter().for_each(|(name, value)| add(place, name, *value));
        return each;
    }
    for (name, value) in listed {
        let text = std::str::from_utf8(name.as_bytes()).unwrap_or_default();
        let own = places.of(text);
        let can_list = |place: &&usize| {
            let reading = places.each.get(**place);
            reading.is_some_and(|reading| reading.can_list(text) && reading.listed_values().contains(value))
        };
        let is_claimed = places.claims.of(text).is_some();
        match (places.rule, value, own.iter().find(can_list)) {
            (PlacesRule::All, Preference::Granted, _) if is_claimed => {
                own.iter().for_each(|place| add(*place, name, *value));
            }
            (_, _, Some(place)) => add(*place, name, *value),
            // A grant that does not count: at a place that is not asked, or at one of several that all have to grant.
            (_, _, None) => {
                let mut others = (0..places.each.len()).filter(|place| !own.contains(place));
                let place = others.next().or(own.first().copied()).unwrap_or_default();
                let first =
                    places.each.get(place).and_then(|reading| reading.listed_values().first().copied());
                add(place, name, first.unwrap_or(Preference::Granted));
            }
        }
    }
    each
}
