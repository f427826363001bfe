//! The situations of one destination, listed: every combination of the facts on which its decision depends, one by one.
//!
//! A situation is a point over the destination's [`Inputs`], with its own name and one exempt event. The list tells more values apart
//! than diagrams do, which decide alike: the categories that are not granted, and `All` that is on. [`Space::reduced`] leaves out
//! what makes no difference to this policy.

use super::inputs::{ALL, ENTRIES, Inputs, PREFERENCES, place_of};
use crate::event::{Entry, Event, Preference};
use crate::model::{
    Category, CategoryId, ConsentState, Destination, DestinationId, IntegrationsState, Mentions, Policy,
    Requirement,
};
use std::collections::HashSet;
use std::ops::Range;

/// One combination of the facts that can matter to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Situation {
    /// The state of the consent object.
    pub consent: ConsentState,
    /// In the state `answered`, the preference of each of the space's categories; else empty.
    pub preferences: Vec<Preference>,
    /// The state of the integrations object.
    pub integrations: IntegrationsState,
    /// In the state `present`, the destination's own entry, if there is one.
    pub entry: Option<Entry>,
    /// In the state `present`, the entry `All`, if there is one.
    pub all: Option<Entry>,
    /// The event is exempt.
    pub exempt_event: bool,
}

/// All situations of one destination.
#[derive(Debug, Clone)]
pub struct Space {
    inputs: Inputs,
    categories: Vec<CategoryId>,
    /// The values that each variable takes; the one with members comes last.
    values: Vec<Vec<usize>>,
}

/// The variables of the destination's own entry and of `All`.
const ENTRY: usize = Inputs::FIRST_NAME;
const ALL_ENTRY: usize = ENTRY + 1;
const FIRST_CATEGORY: usize = ALL_ENTRY + 1;

impl Space {
    /// Returns every combination of the facts that an event can have; `None` for a destination that the policy does not have.
    pub fn full(policy: &Policy, destination: DestinationId) -> Option<Self> {
        Space::full_with(policy, destination, &Unclaimed::of(policy))
    }

    /// Returns the full space; the names that nobody claims are found once for all destinations.
    pub(super) fn full_with(
        policy: &Policy,
        destination: DestinationId,
        unclaimed: &Unclaimed,
    ) -> Option<Self> {
        let declared = policy.destination(destination)?;
        let mut categories: Vec<CategoryId> =
            declared.requirement().into_iter().flat_map(Requirement::categories).collect();
        categories.sort_unstable();
        categories.dedup();
        let declared_categories: Vec<&Category> =
            categories.iter().filter_map(|id| policy.category(*id)).collect();
        let inputs = Inputs {
            named_events: policy
                .exempt_events()
                .value
                .first()
                .map(|name| name.value.clone())
                .into_iter()
                .collect(),
            names: vec![declared.name().to_owned()],
            other_category: unclaimed.category.clone(),
            other_name: unclaimed.destination.clone(),
            ..Inputs::of_categories(policy, destination, &declared_categories)
        };
        let counts = inputs.values().into_iter().enumerate().map(|(variable, count)| match variable {
            ALL_ENTRY => count + 1,
            FIRST_CATEGORY.. => PREFERENCES.len(),
            _ => count,
        });
        let mut values: Vec<Vec<usize>> = counts.map(|count| (0..count).collect()).collect();
        // A shape does not have every preference.
        let has = |value: &usize| {
            PREFERENCES.get(*value).is_some_and(|one| policy.reading().values().contains(one))
        };
        values.iter_mut().skip(FIRST_CATEGORY).for_each(|values| values.retain(has));
        if inputs.all_is_boolean {
            let is_readable = |value: &usize| ALL.get(*value) != Some(&Some(Entry::Invalid));
            values.get_mut(ALL_ENTRY).into_iter().for_each(|values| values.retain(is_readable));
        }
        for (object, values) in values.iter_mut().enumerate().take(Inputs::EVENT) {
            values.sort_by_key(|value| inputs.has_members(object, *value));
        }
        Some(Space { inputs, categories, values })
    }

    /// Returns the combinations that can differ in outcome, reason or named categories. Every situation decides like
    /// [`Space::project`] of it, which is among these.
    pub fn reduced(policy: &Policy, destination: DestinationId) -> Option<Self> {
        Space::full(policy, destination)?.reduced_for(policy, destination)
    }

    /// Returns the reduced space of a destination whose full space this is.
    pub(super) fn reduced_for(&self, policy: &Policy, destination: DestinationId) -> Option<Self> {
        let mut space = self.clone();
        let declared = policy.destination(destination)?;
        let rows = policy.reconcile().rows();
        let any = |wanted: &dyn Fn(Mentions) -> bool| {
            declared.disabled.is_none() && rows.iter().any(|row| wanted(row.enforce.value.mentions()))
        };
        let asks_consent = any(&|row| row.consent) && declared.exempt.is_none();
        let asks_entry = any(&|row| row.integrations || row.listed);
        let asks_all = any(&|row| row.integrations)
            && policy.kind_of(declared).is_none_or(|kind| kind.ignores_all.is_none());
        // An invalid entry counts as another value, and `All` that is on as none.
        for (variable, is_asked, count) in
            [(Inputs::EVENT, asks_consent, 2), (ENTRY, asks_entry, 3), (ALL_ENTRY, asks_all, 2)]
        {
            let values = space.values.get_mut(variable);
            values.into_iter().for_each(|values| values.truncate(if is_asked { count } else { 1 }));
        }
        for (id, values) in space.categories.iter().zip(space.values.iter_mut().skip(FIRST_CATEGORY)) {
            let Some(category) = policy.category(*id) else { continue };
            // Only whether a category is granted matters.
            match asks_consent && category.is_free() {
                true => {
                    let mut seen = HashSet::new();
                    let grants =
                        |value: usize| PREFERENCES.get(value).map(|one| category.is_granted_by(*one));
                    values.retain(|value| seen.insert(grants(*value)));
                }
                false => {
                    let unlisted = place_of(&PREFERENCES, &policy.reading().unlisted());
                    values.retain(|value| *value == unlisted);
                }
            }
        }
        Some(space)
    }

    /// Returns the situation of this space that decides like another one, which is one of the full space.
    pub fn project(&self, situation: &Situation) -> Situation {
        let mut counted = situation.clone();
        let off = Some(Entry::Off).filter(|_| self.inputs.invalid_is_off());
        for (variable, entry, all) in
            [(ENTRY, &mut counted.entry, &ENTRIES[..]), (ALL_ENTRY, &mut counted.all, &ALL[..])]
        {
            let takes =
                |value: usize| self.values.get(variable).is_some_and(|values| values.contains(&value));
            if *entry == Some(Entry::Invalid) && !takes(place_of(all, entry)) {
                *entry = off;
            }
        }
        let mut point = self.point(&counted).unwrap_or_default();
        for (variable, (value, values)) in point.iter_mut().zip(&self.values).enumerate() {
            if values.contains(value) {
                continue;
            }
            let is_alike = |other: &&usize| match variable.checked_sub(FIRST_CATEGORY) {
                Some(place) => self.inputs.is_alike(place, *value, **other),
                None => true,
            };
            *value = values.iter().find(is_alike).or(values.first()).copied().unwrap_or(0);
        }
        self.at(&point)
    }

    /// Returns the categories that the destination needs, in declaration order.
    pub fn categories(&self) -> &[CategoryId] {
        &self.categories
    }

    /// Returns how many situations there are; `None` for more than fit.
    pub fn count(&self) -> Option<u128> {
        let exempt_event = self.values.get(Inputs::EVENT)?.len() as u128;
        let integrations = self.count_of(Inputs::INTEGRATIONS, ENTRY..FIRST_CATEGORY)?;
        let consent = self.count_of(Inputs::CONSENT, FIRST_CATEGORY..self.values.len())?;
        consent.checked_mul(integrations)?.checked_mul(exempt_event)
    }

    /// Returns how many values an object has together with its members; only its last value has them.
    fn count_of(&self, object: usize, members: Range<usize>) -> Option<u128> {
        let mut members = self.values.get(members)?.iter();
        let listed = members.try_fold(1u128, |product, values| product.checked_mul(values.len() as u128))?;
        listed.checked_add(self.values.get(object)?.len() as u128 - 1)
    }

    /// Returns the situation of a number below [`Space::count`].
    pub fn situation(&self, number: u128) -> Situation {
        let mut rest = number;
        let mut point = vec![0; self.values.len()];
        self.pick(Inputs::EVENT..ENTRY, &mut rest, &mut point);
        let (integrations, consent) = (ENTRY..FIRST_CATEGORY, FIRST_CATEGORY..self.values.len());
        for (object, members) in [(Inputs::INTEGRATIONS, integrations), (Inputs::CONSENT, consent)] {
            let count = self.count_of(object, members.clone()).unwrap_or(u128::MAX);
            let others = self.values.get(object).map_or(0, |values| values.len() as u128 - 1);
            let own = rest % count;
            rest /= count;
            self.pick(object..object + 1, &mut own.min(others), &mut point);
            self.pick(members, &mut own.saturating_sub(others), &mut point);
        }
        self.at(&point)
    }

    /// Returns one of a sample of situations: the combinations of everything but the preferences come in turn, all of them, and
    /// the preferences are drawn for each number, always the same ones for the same number.
    pub fn sample(&self, number: u64) -> Situation {
        let mut state = number;
        let mut point = vec![0; self.values.len()];
        self.pick(0..FIRST_CATEGORY, &mut u128::from(number), &mut point);
        for category in FIRST_CATEGORY..self.values.len() {
            // SplitMix64: well spread, and the same everywhere.
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            self.pick(category..category + 1, &mut u128::from(mixed ^ (mixed >> 31)), &mut point);
        }
        self.at(&point)
    }

    /// Takes the lowest digits off a number, each in the base of a variable's values, and sets the variables to these values.
    fn pick(&self, variables: Range<usize>, rest: &mut u128, point: &mut [usize]) {
        let variables = point.iter_mut().zip(&self.values).take(variables.end).skip(variables.start);
        for (place, values) in variables {
            let base = values.len().max(1) as u128;
            *place = values.get((*rest % base) as usize).copied().unwrap_or(0);
            *rest /= base;
        }
    }

    /// Returns true if a situation is one of this space.
    pub fn contains(&self, situation: &Situation) -> bool {
        self.point(situation).is_some_and(|point| {
            let mut values = point.iter().zip(&self.values);
            values.all(|(value, values)| values.contains(value)) && self.at(&point) == *situation
        })
    }

    /// Returns every situation. Ask [`Space::count`] first.
    pub fn situations(&self) -> impl Iterator<Item = Situation> {
        (0..self.count().unwrap_or(u128::MAX)).map(|number| self.situation(number))
    }

    /// Returns the smallest event that has the facts of a situation of this space.
    pub fn event(&self, situation: &Situation) -> Event<'_> {
        let event = self.point(situation).and_then(|point| self.inputs.event(&point));
        event.map(|(event, _)| event).unwrap_or_default()
    }

    /// Returns the facts at a point. An object that is not given has no members.
    fn at(&self, point: &[usize]) -> Situation {
        let value = |variable: usize| point.get(variable).copied().unwrap_or(0);
        let shape = self.inputs.shapes.get(value(Inputs::CONSENT));
        let consent =
            shape.and_then(|shape| shape.states.first()).copied().unwrap_or(ConsentState::Malformed);
        let integrations = IntegrationsState::ALL.get(value(Inputs::INTEGRATIONS)).copied();
        let integrations = integrations.unwrap_or(IntegrationsState::Malformed);
        let (is_answered, is_present) =
            (consent == ConsentState::Answered, integrations == IntegrationsState::Present);
        let preferences = point.iter().skip(FIRST_CATEGORY).filter(|_| is_answered);
        Situation {
            consent,
            preferences: preferences.filter_map(|value| PREFERENCES.get(*value)).copied().collect(),
            integrations,
            entry: ENTRIES.get(value(ENTRY)).copied().flatten().filter(|_| is_present),
            all: ALL.get(value(ALL_ENTRY)).copied().unwrap_or(Some(Entry::On)).filter(|_| is_present),
            exempt_event: value(Inputs::EVENT) == 1,
        }
    }

    /// Returns the point at which these facts are.
    fn point(&self, situation: &Situation) -> Option<Vec<usize>> {
        let mut point: Vec<usize> = self.values.iter().filter_map(|values| values.first()).copied().collect();
        let all = if situation.all == Some(Entry::On) { ALL.len() } else { place_of(&ALL, &situation.all) };
        let facts = [
            self.inputs.shape(&[situation.consent])?,
            place_of(&IntegrationsState::ALL, &situation.integrations),
            usize::from(situation.exempt_event),
            place_of(&ENTRIES, &situation.entry),
            all,
        ];
        let preferences = situation.preferences.iter().map(|one| place_of(&PREFERENCES, one));
        point.iter_mut().zip(facts.into_iter().chain(preferences)).for_each(|(place, fact)| *place = fact);
        Some(point)
    }
}

/// Names that no category and no destination of a policy has.
pub(super) struct Unclaimed {
    category: String,
    destination: String,
}

impl Unclaimed {
    pub(super) fn of(policy: &Policy) -> Self {
        let wire_ids: HashSet<&str> =
            policy.categories().iter().flat_map(|category| category.wire_ids()).collect();
        let names = policy.destinations().iter().flat_map(Destination::names);
        let category = policy.reading().unclaimed("?", |name| wire_ids.contains(name));
        Unclaimed { category, destination: unclaimed(names.collect()) }
    }
}

/// Returns a short name that nobody claims.
fn unclaimed(claimed: HashSet<&str>) -> String {
    let mut name = String::from("?");
    while claimed.contains(name.as_str()) {
        name.push('?');
    }
    name
}
