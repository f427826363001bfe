//! The situations of one destination, listed: every combination of the facts on which its decision depends, one by one.
//!
//! A situation is a point over the destination's [`Inputs`], with its own name and one exempt event. The list tells more values apart
//! than diagrams do, which decide alike: the categories that are not granted, and `All` that is on. [`Space::reduced`] leaves out
//! what makes no difference to this policy.

use super::inputs::{ALL, ENTRIES, Inputs, PREFERENCES, place_of};
use crate::event::{Entry, Event, Preference};
use crate::model::{
    CategoryId, ConsentState, DestinationId, IntegrationsState, Mentions, Policy, Requirement,
};
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
    /// The values that each variable takes.
    values: Vec<Vec<usize>>,
}

/// The variables of the destination's own entry and of `All`.
const ENTRY: usize = Inputs::FIRST_NAME;
const ALL_ENTRY: usize = ENTRY + 1;
const FIRST_CATEGORY: usize = ALL_ENTRY + 1;

impl Space {
    /// Returns every combination of the facts that an event can have; `None` for a destination that the policy does not have.
    pub fn full(policy: &Policy, destination: DestinationId) -> Option<Self> {
        let declared = policy.destination(destination)?;
        let mut categories: Vec<CategoryId> =
            declared.requirement().into_iter().flat_map(Requirement::categories).collect();
        categories.sort_unstable();
        categories.dedup();
        let wire_ids =
            categories.iter().filter_map(|id| policy.category(*id)).map(|one| one.wire_id().to_owned());
        let inputs = Inputs {
            exempt_events: policy
                .exempt_events()
                .value
                .first()
                .map(|name| name.value.clone())
                .into_iter()
                .collect(),
            names: vec![declared.name().to_owned()],
            categories: wire_ids.collect(),
            other_category: unclaimed(|name| policy.categories().iter().any(|one| one.wire_id() == name)),
            other_name: unclaimed(|name| {
                policy.destinations().iter().any(|one| one.names().any(|own| own == name))
            }),
            ..Inputs::of(&[(policy, destination)])
        };
        let mut counts = inputs.values();
        if let Some(all) = counts.get_mut(ALL_ENTRY) {
            *all += 1;
        }
        counts.iter_mut().skip(FIRST_CATEGORY).for_each(|count| *count = PREFERENCES.len());
        Some(Space {
            inputs,
            categories,
            values: counts.into_iter().map(|count| (0..count).collect()).collect(),
        })
    }

    /// Returns the combinations that can differ in outcome, reason or named categories. Every situation decides like
    /// [`Space::project`] of it, which is among these.
    pub fn reduced(policy: &Policy, destination: DestinationId) -> Option<Self> {
        let mut space = Space::full(policy, destination)?;
        let declared = policy.destination(destination)?;
        let rows = policy.reconcile().rows();
        let any = |wanted: &dyn Fn(Mentions) -> bool| {
            declared.disabled().is_none() && rows.iter().any(|row| wanted(row.enforce.mentions()))
        };
        let asks_consent = any(&|row| row.consent) && declared.exempt().is_none();
        let asks_all = any(&|row| row.integrations)
            && policy.kind_of(declared).is_none_or(|kind| kind.ignores_all().is_none());
        let keep = |values: &mut Vec<usize>, most: usize| values.truncate(most);
        for (variable, values) in space.values.iter_mut().enumerate().skip(Inputs::EXEMPT_EVENT) {
            match variable.checked_sub(FIRST_CATEGORY) {
                None if variable == Inputs::EXEMPT_EVENT => keep(values, if asks_consent { 2 } else { 1 }),
                // What an invalid entry counts as is there anyway, and `All` that is on is as good as none.
                None if variable == ENTRY => {
                    keep(values, if any(&|row| row.integrations || row.listed) { 3 } else { 1 })
                }
                None => keep(values, if asks_all { 2 } else { 1 }),
                // Only whether a category is granted matters.
                Some(place) => {
                    let category = space.categories.get(place).and_then(|id| policy.category(*id));
                    match category.is_some_and(|one| one.is_free()) && asks_consent {
                        true => keep(values, 2),
                        false => *values = vec![place_of(&PREFERENCES, &Preference::Unasked)],
                    }
                }
            }
        }
        Some(space)
    }

    /// Returns the situation of this space that decides like another one, which is one of the full space.
    pub fn project(&self, situation: &Situation) -> Situation {
        let Some(mut point) = self.point(situation) else { return situation.clone() };
        for (entry, all) in [(ENTRY, &ENTRIES[..]), (ALL_ENTRY, &ALL[..])] {
            let (Some(value), Some(values)) = (point.get_mut(entry), self.values.get(entry)) else {
                continue;
            };
            let is_invalid = all.get(*value) == Some(&Some(Entry::Invalid));
            if is_invalid && !values.contains(value) && self.inputs.invalid_is_off() {
                *value = place_of(all, &Some(Entry::Off));
            }
        }
        for (value, values) in point.iter_mut().zip(&self.values) {
            if let (false, Some(first)) = (values.contains(value), values.first()) {
                *value = *first;
            }
        }
        self.at(&point)
    }

    /// Returns the categories that the destination needs, in declaration order.
    pub fn categories(&self) -> &[CategoryId] {
        &self.categories
    }

    /// Returns how many situations there are; `None` for more than fit.
    pub fn count(&self) -> Option<u128> {
        let consent = self.count_of(Inputs::CONSENT, self.preferences())?;
        let integrations = self.count_of(Inputs::INTEGRATIONS, ENTRY..FIRST_CATEGORY)?;
        consent.checked_mul(integrations)?.checked_mul(self.values.get(Inputs::EXEMPT_EVENT)?.len() as u128)
    }

    fn preferences(&self) -> Range<usize> {
        FIRST_CATEGORY..self.values.len()
    }

    /// Returns how many values an object has together with its members, which only one of its values has.
    fn count_of(&self, object: usize, members: Range<usize>) -> Option<u128> {
        let mut members = self.values.get(members)?.iter();
        let listed = members.try_fold(1u128, |product, values| product.checked_mul(values.len() as u128))?;
        listed.checked_add(self.values.get(object)?.len() as u128 - 1)
    }

    /// Returns the situation of a number below [`Space::count`].
    pub fn situation(&self, number: u128) -> Situation {
        let (mut rest, mut point) = (number, vec![0; self.values.len()]);
        self.pick(Inputs::EXEMPT_EVENT, &mut rest, &mut point);
        for (object, members) in
            [(Inputs::INTEGRATIONS, ENTRY..FIRST_CATEGORY), (Inputs::CONSENT, self.preferences())]
        {
            let count = self.count_of(object, members.clone()).unwrap_or(u128::MAX);
            let mut own = rest % count;
            rest /= count;
            // The values without members come first.
            let without = |value: &&usize| !self.inputs.has_members(object, **value);
            let values = self.values.get(object).into_iter().flatten();
            let others = values.clone().filter(without).count();
            let with = values.clone().find(|value| self.inputs.has_members(object, **value));
            let value =
                usize::try_from(own).ok().and_then(|own| values.clone().filter(without).nth(own)).or(with);
            point.get_mut(object).into_iter().for_each(|place| *place = value.copied().unwrap_or(0));
            if value == with {
                own -= others as u128;
                members.for_each(|member| self.pick(member, &mut own, &mut point));
            }
        }
        self.at(&point)
    }

    /// Returns one of a sample of situations: the combinations of everything but the preferences come in turn, all of them, and
    /// the preferences are drawn for each number, always the same ones for the same number.
    pub fn sample(&self, number: u64) -> Situation {
        let (mut rest, mut state, mut point) = (u128::from(number), number, vec![0; self.values.len()]);
        for variable in 0..self.values.len() {
            match variable {
                ENTRY | ALL_ENTRY if !self.has_members(&point, Inputs::INTEGRATIONS) => {}
                ..FIRST_CATEGORY => self.pick(variable, &mut rest, &mut point),
                _ if self.has_members(&point, Inputs::CONSENT) => {
                    // SplitMix64: well spread, and the same everywhere.
                    state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                    self.pick(variable, &mut u128::from(mixed ^ (mixed >> 31)), &mut point);
                }
                _ => {}
            }
        }
        self.at(&point)
    }

    /// Takes the lowest digit off a number, in the base of a variable's values, and sets the variable to its value.
    fn pick(&self, variable: usize, rest: &mut u128, point: &mut [usize]) {
        let Some((values, place)) = self.values.get(variable).zip(point.get_mut(variable)) else { return };
        let base = values.len().max(1) as u128;
        *place = values.get((*rest % base) as usize).copied().unwrap_or(0);
        *rest /= base;
    }

    fn has_members(&self, point: &[usize], object: usize) -> bool {
        point.get(object).is_some_and(|value| self.inputs.has_members(object, *value))
    }

    /// Returns true if a situation is one of this space.
    pub fn contains(&self, situation: &Situation) -> bool {
        self.point(situation).is_some_and(|point| {
            let is_possible = point.iter().enumerate().all(|(variable, value)| {
                let is_given = match variable {
                    ..ENTRY => true,
                    ENTRY..FIRST_CATEGORY => self.has_members(&point, Inputs::INTEGRATIONS),
                    _ => self.has_members(&point, Inputs::CONSENT),
                };
                !is_given || self.values.get(variable).is_some_and(|values| values.contains(value))
            });
            is_possible && self.at(&point) == *situation
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

    /// Returns the facts at a point.
    fn at(&self, point: &[usize]) -> Situation {
        let value = |variable: usize| point.get(variable).copied().unwrap_or(0);
        let shape = self.inputs.shapes.get(value(Inputs::CONSENT));
        let preferences =
            point.iter().skip(FIRST_CATEGORY).filter_map(|value| PREFERENCES.get(*value)).copied();
        let is_listed = self.has_members(point, Inputs::INTEGRATIONS);
        Situation {
            consent: shape.and_then(|shape| shape.states.first()).copied().unwrap_or(ConsentState::Malformed),
            preferences: preferences.filter(|_| self.has_members(point, Inputs::CONSENT)).collect(),
            integrations: IntegrationsState::ALL
                .get(value(Inputs::INTEGRATIONS))
                .copied()
                .unwrap_or(IntegrationsState::Malformed),
            entry: ENTRIES.get(value(ENTRY)).copied().flatten().filter(|_| is_listed),
            all: ALL.get(value(ALL_ENTRY)).copied().unwrap_or(Some(Entry::On)).filter(|_| is_listed),
            exempt_event: value(Inputs::EXEMPT_EVENT) == 1,
        }
    }

    /// Returns the point at which these facts are.
    fn point(&self, situation: &Situation) -> Option<Vec<usize>> {
        let all = if situation.all == Some(Entry::On) { ALL.len() } else { place_of(&ALL, &situation.all) };
        let facts = [
            (Inputs::CONSENT, self.inputs.shape(&[situation.consent])?),
            (Inputs::INTEGRATIONS, place_of(&IntegrationsState::ALL, &situation.integrations)),
            (Inputs::EXEMPT_EVENT, usize::from(situation.exempt_event)),
            (ENTRY, place_of(&ENTRIES, &situation.entry)),
            (ALL_ENTRY, all),
        ];
        let preferences = situation.preferences.iter().map(|one| place_of(&PREFERENCES, one));
        Some(self.inputs.point(facts.into_iter().chain((FIRST_CATEGORY..).zip(preferences))))
    }
}

/// Returns a short name that nobody claims.
fn unclaimed(is_claimed: impl Fn(&str) -> bool) -> String {
    let mut name = String::from("?");
    while is_claimed(&name) {
        name.push('?');
    }
    name
}
