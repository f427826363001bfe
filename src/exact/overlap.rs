//! Categories of two policies that share some of their wire ids: what an event grants of one says something of the other.

use super::diagram::{Diagram, Diagrams};
use crate::fingerprint::TooLargeError;
use crate::model::{Category, Preference, Reading};
use std::collections::BTreeMap;

/// What speaks of a category on an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wired {
    pub(crate) wire_ids: Vec<String>,
    /// True if it is granted when the person was not asked.
    pub(crate) is_granted_unasked: bool,
}

impl Wired {
    pub(crate) fn of(category: &Category) -> Self {
        Wired {
            wire_ids: category.wire_ids().map(str::to_owned).collect(),
            is_granted_unasked: category.unasked_granted.is_some(),
        }
    }

    /// Returns true if the values under some wire ids grant the category.
    pub(crate) fn is_granted_by<'v>(
        &self,
        listed: impl Iterator<Item = (&'v str, Preference)>,
        unlisted: Preference,
    ) -> bool {
        let own = listed.filter(|(wire_id, _)| self.wire_ids.iter().any(|own| own == wire_id));
        self.is_granted(own.map(|(_, value)| value).max().unwrap_or(unlisted))
    }

    /// Returns true if a value grants the category.
    pub(crate) fn is_granted(&self, value: Preference) -> bool {
        value == Preference::Granted || value == Preference::Unasked && self.is_granted_unasked
    }
}

/// Categories, by their places, each of which shares a wire id with another one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overlap {
    pub(crate) places: Vec<usize>,
    /// The grants that an event can give them together, each with the smallest list that does; `None` where there are too many.
    pub(crate) possible: Option<BTreeMap<Vec<usize>, Vec<(String, Preference)>>>,
}

/// The most lists that are tried.
const MAX_LISTS: usize = 100_000;

impl Overlap {
    /// Returns the groups of categories that share wire ids, each category with the reading that lists it.
    pub(crate) fn all(categories: &[(Wired, &Reading)]) -> Vec<Overlap> {
        let mut readings: Vec<&Reading> = Vec::new();
        let mut owners: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
        for (place, (category, reading)) in categories.iter().enumerate() {
            let known = readings.iter().position(|known| known.has_shape_of(reading));
            let shape = known.unwrap_or_else(|| {
                readings.push(reading);
                readings.len() - 1
            });
            category
                .wire_ids
                .iter()
                .for_each(|wire_id| owners.entry((wire_id, shape)).or_default().push(place));
        }
        let mut group: Vec<usize> = (0..categories.len()).collect();
        for places in owners.values().filter(|places| places.len() > 1) {
            let groups: Vec<usize> = places.iter().filter_map(|place| group.get(*place)).copied().collect();
            let first = groups.iter().copied().min().unwrap_or(0);
            group.iter_mut().filter(|own| groups.contains(own)).for_each(|own| *own = first);
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        group.into_iter().enumerate().for_each(|(place, group)| groups.entry(group).or_default().push(place));
        let shared = groups.into_values().filter(|places| places.len() > 1);
        shared.map(|places| Overlap { possible: possible(categories, &places), places }).collect()
    }

    /// Returns the condition that an event can grant the categories together, over a variable for each.
    pub(crate) fn condition(
        &self,
        diagrams: &mut Diagrams,
        variable: &impl Fn(usize) -> Option<usize>,
    ) -> Result<Diagram, TooLargeError> {
        let possible = self.possible.as_ref().ok_or(TooLargeError)?;
        let mut any = Diagram::FALSE;
        for values in possible.keys() {
            let mut all = Diagram::TRUE;
            for (place, value) in self.places.iter().zip(values) {
                let Some(variable) = variable(*place) else { continue };
                let granted = diagrams.literal(variable)?;
                let own = if *value == 1 { granted } else { diagrams.not(granted)? };
                all = diagrams.and(all, own)?;
            }
            any = diagrams.or(any, all)?;
        }
        Ok(any)
    }
}

fn possible(
    categories: &[(Wired, &Reading)],
    places: &[usize],
) -> Option<BTreeMap<Vec<usize>, Vec<(String, Preference)>>> {
    let (_, reading) = categories.get(*places.first()?)?;
    let own: Vec<&Wired> =
        places.iter().filter_map(|place| categories.get(*place)).map(|(wired, _)| wired).collect();
    let mut wire_ids: Vec<&str> = own.iter().flat_map(|one| &one.wire_ids).map(String::as_str).collect();
    wire_ids.sort_unstable();
    wire_ids.dedup();
    // An invalid value decides as a refusal, and one that says that nobody was asked as none.
    let listed = reading.listed_values().into_iter();
    let listed = listed.filter(|value| matches!(value, Preference::Granted | Preference::Refused));
    let values: Vec<Option<Preference>> = std::iter::once(None).chain(listed.map(Some)).collect();
    let count = values.len().checked_pow(u32::try_from(wire_ids.len()).ok()?)?;
    let mut possible: BTreeMap<Vec<usize>, Vec<(String, Preference)>> = BTreeMap::new();
    for number in 0..Some(count).filter(|count| *count <= MAX_LISTS)? {
        let mut rest = number;
        let list = wire_ids.iter().filter_map(|wire_id| {
            let value = values.get(rest % values.len()).copied().flatten();
            rest /= values.len();
            Some((*wire_id, value?))
        });
        let list: Vec<(&str, Preference)> = list.collect();
        let granted = own.iter().map(|one| one.is_granted_by(list.iter().copied(), reading.unlisted()));
        let granted: Vec<usize> = granted.map(usize::from).collect();
        let is_shorter = possible.get(&granted).is_none_or(|known| list.len() < known.len());
        if is_shorter {
            possible.insert(
                granted,
                list.into_iter().map(|(wire_id, value)| (wire_id.to_owned(), value)).collect(),
            );
        }
    }
    Some(possible)
}
