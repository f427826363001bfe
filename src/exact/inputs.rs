//! What of an event can matter to one destination, under one policy or under several that are compared: the variables of its
//! decision, and the values of each.

use super::cover::Cube;
use super::diagram::{Budget, Diagram, Diagrams, moved};
use super::formula::{Formula, place};
use super::overlap::{Overlap, Wired};
use super::requirement_vars::{Combination, RequirementVar, StampedGrants, combinations};
use crate::event::{Entry, Event, Form, Integrations, Limits, Name, Preference, forms};
use crate::fingerprint::TooLargeError;
use crate::model::{
    Category, ConsentState, DestinationId, IntegrationsState, InvalidEntries, Policy, Reading,
    RecordedPreference,
};
use std::collections::{BTreeMap, BTreeSet};

/// The variables, in their order: the shape of the consent object, the state of the integrations object, which named event
/// it is, the entry under each of the destination's names, `All`, and each category that it needs, or what stands for them.
///
/// With a ledger check, what is recorded of a category comes behind the category. Last comes whether the event and the record differ in
/// a compared category that is no variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inputs {
    pub(crate) shapes: Vec<Form>,
    /// The names of exempt events, sorted; with a ledger check those of preference events too. The variable's first value is any other
    /// event.
    pub(crate) named_events: Vec<String>,
    /// What the check against the ledger adds.
    pub(crate) check: Option<CheckInputs>,
    /// The names of the destination, sorted.
    pub(crate) names: Vec<String>,
    /// The keys of the categories, sorted.
    pub(crate) categories: Vec<String>,
    /// The name of each of them, as people know it.
    pub(super) called: Vec<String>,
    /// The wire ids of each of them.
    pub(super) wired: Vec<Wired>,
    /// The categories of which each preference is a value of its own, by key; of the others only whether they are granted.
    pub(super) told: BTreeSet<String>,
    /// Categories that share wire ids.
    pub(super) overlaps: Vec<Overlap>,
    /// For each category which of the policies have it.
    pub(super) owned: Vec<Vec<bool>>,
    /// For each form, and each policy, the grants.
    pub(super) granted: Vec<Vec<StampedGrants>>,
    /// For each policy the preference of a category that an event does not list.
    pub(super) unlisted: Vec<Preference>,
    /// The preferences that an event can give a category, as the first policy reads it.
    pub(super) listable: Vec<Preference>,
    /// The variables in the place of all categories, if these are not asked for one by one.
    pub(crate) requirements: Option<Vec<RequirementVar>>,
    /// True if some policy takes an integrations object for malformed by an entry `All` that is no boolean.
    pub(super) all_is_boolean: bool,
    /// True for each policy in which an invalid entry counts as off.
    pub(super) invalid_is_off: Vec<bool>,
    /// The names that stand in an object which would have no member otherwise.
    pub(crate) other_category: String,
    pub(crate) other_name: String,
}

/// The values of an entry's variable.
pub(crate) const ENTRIES: [Option<Entry>; 4] =
    [None, Some(Entry::On), Some(Entry::Off), Some(Entry::Invalid)];

/// One more value, of an entry that is there twice, on and invalid: to a policy that counts it as off, it is, and to another one
/// it is on. Where all policies count it alike, it is as good as invalid or on.
pub(crate) const ON_AND_INVALID: usize = ENTRIES.len();

/// The values of `All`'s variable: on and absent are one. On and invalid is as good as invalid to everybody.
pub(crate) const ALL: [Option<Entry>; 3] = [None, Some(Entry::Off), Some(Entry::Invalid)];

/// The values of a category's variable: all that is not granted decides alike, and diagrams have only the first two.
pub(crate) const PREFERENCES: [Preference; 4] =
    [Preference::Refused, Preference::Granted, Preference::Unasked, Preference::Invalid];

/// Returns the place of a value that a list has.
pub(crate) fn place_of<T: PartialEq>(all: &[T], value: &T) -> usize {
    all.iter().position(|one| one == value).unwrap_or(0)
}

/// The fact that a variable represents.
#[derive(Clone, Copy)]
pub(crate) enum Input<'i> {
    Consent,
    Integrations,
    Event,
    Entry(&'i str),
    All,
    Category(&'i str),
    Recorded,
    OthersDiffer,
    Requirement(&'i RequirementVar),
}

/// The inputs that the check against the ledger adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckInputs {
    /// Whether identify events are a value of the events' variable, the last one.
    pub(crate) identify: bool,
    /// Whether a compared category is no variable.
    pub(crate) has_others: bool,
    /// Whether the record may be in conflict about a category: to one policy that grants, and to the other it does not.
    pub(crate) tells_conflict: bool,
    /// The days after which a recorded grant expires under one policy, and not yet under the other.
    pub(crate) tells_age: Option<u32>,
}

impl Inputs {
    /// Returns the inputs of a destination in each of some policies, all of which read the preferences through the same members.
    pub(crate) fn of(policies: &[(&Policy, DestinationId)]) -> Self {
        Inputs::with(policies, &[], &[])
    }

    /// Returns the inputs of a destination of one policy, with these categories in this order and no others.
    pub(crate) fn of_categories(
        policy: &Policy,
        destination: DestinationId,
        categories: &[&Category],
    ) -> Self {
        Inputs {
            categories: categories.iter().map(|category| category.key().to_owned()).collect(),
            called: categories.iter().map(|category| category.name().to_owned()).collect(),
            wired: categories.iter().map(|category| Wired::of(category)).collect(),
            owned: categories.iter().map(|_| vec![true]).collect(),
            ..Inputs::of(&[(policy, destination)])
        }
    }

    /// Returns true if both values of a category's variable grant it, or both do not.
    pub(crate) fn is_alike(&self, place: usize, one: usize, other: usize) -> bool {
        let granted = |value: usize| {
            let value = PREFERENCES.get(value).copied().unwrap_or(Preference::Refused);
            self.wired.get(place).is_some_and(|wired| wired.is_granted(value))
        };
        granted(one) == granted(other)
    }

    /// Returns the inputs with entries and categories that do not matter to the destination, but to a question about it. The categories
    /// are by key.
    pub(crate) fn with(
        policies: &[(&Policy, DestinationId)],
        more_names: &[&str],
        more_categories: &[&Category],
    ) -> Self {
        let mut names: BTreeSet<&str> = more_names.iter().copied().collect();
        // The last policy says how people call a category.
        let mut categories: BTreeMap<&str, &Category> =
            more_categories.iter().map(|category| (category.key(), *category)).collect();
        let mut events: BTreeSet<&str> = BTreeSet::new();
        for (policy, id) in policies {
            let Some(destination) = policy.destination(*id) else { continue };
            names.extend(destination.names());
            // On `always` and unenforced categories nobody decides.
            let named = destination.category_uses.iter().filter_map(|one| policy.category(one.value));
            let free = named.filter(|one| one.is_free());
            categories.extend(free.map(|category| (category.key(), category)));
            events.extend(policy.exempt_events().value.iter().map(|name| name.value.as_str()));
        }
        let owned = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect();
        let readings: Vec<&Reading> = policies.iter().map(|(policy, _)| policy.reading()).collect();
        let shapes = forms(&readings);
        let granted = |form: &Form| {
            let policies = policies.iter().zip(&form.states);
            let granted = policies.map(|((policy, _), state)| match state {
                ConsentState::Answered => StampedGrants::Listed,
                state => StampedGrants::Constant(
                    categories
                        .keys()
                        .filter(|key| policy.always_grants(*state, key))
                        .map(|key| (*key).to_owned())
                        .collect(),
                ),
            });
            granted.collect()
        };
        let has = |policy: &Policy, key: &str| policy.category_of_key(key).is_some();
        let owners: Vec<Vec<bool>> = categories
            .keys()
            .map(|key| policies.iter().map(|(policy, _)| has(policy, key)).collect())
            .collect();
        let wired: Vec<Wired> = categories.values().map(|category| Wired::of(category)).collect();
        let overlaps = if let [_, _, ..] = policies {
            let reading_of = |owned: &Vec<bool>| {
                let own =
                    readings.iter().zip(owned).find(|(_, is_own)| **is_own).map(|(reading, _)| *reading);
                own.or(readings.first().copied())
            };
            let with = wired.iter().zip(&owners);
            let with: Option<Vec<(Wired, &Reading)>> =
                with.map(|(wired, owned)| Some((wired.clone(), reading_of(owned)?))).collect();
            Overlap::all(&with.unwrap_or_default())
        } else {
            Vec::new()
        };
        let is_taken = |name: &str| {
            wired.iter().any(|one| one.wire_ids.iter().any(|own| own == name))
                || readings.iter().any(|reading| !reading.can_list(name))
        };
        let other_category = readings.first().map(|reading| reading.unclaimed("?", is_taken));
        Inputs {
            granted: shapes.iter().map(granted).collect(),
            shapes,
            named_events: owned(events),
            check: None,
            names: owned(names),
            categories: categories.keys().map(|key| (*key).to_owned()).collect(),
            called: categories.values().map(|category| category.name().to_owned()).collect(),
            wired,
            told: BTreeSet::new(),
            overlaps,
            owned: owners,
            unlisted: readings.iter().map(|reading| reading.unlisted()).collect(),
            listable: readings.first().map(|reading| reading.values()).unwrap_or_default(),
            requirements: None,
            all_is_boolean: readings.iter().any(|reading| reading.all_is_boolean),
            invalid_is_off: policies
                .iter()
                .map(|(policy, _)| policy.invalid_entries().value == InvalidEntries::Off)
                .collect(),
            other_category: other_category.unwrap_or_default(),
            other_name: "All".to_owned(),
        }
    }

    /// Returns the inputs with what the policies ask for, each by its formula, in the place of the categories.
    pub(crate) fn by_requirements(&self, formulas: &[Option<Formula>]) -> Self {
        let is_mixed = self.granted.iter().any(|form| form.windows(2).any(|two| two.first() != two.last()));
        Inputs { requirements: Some(RequirementVar::of(formulas, is_mixed)), ..self.clone() }
    }

    /// Returns the inputs of a table of one destination: whether the requirement is satisfied, whether the event is exempt, and what
    /// the entries under all of its names come to, be they as many as they may.
    pub(crate) fn condensed(&self, own: &str, formula: Option<&Formula>) -> Self {
        let named_events = self.named_events.iter().take(1).cloned().collect();
        Inputs { named_events, names: vec![own.to_owned()], ..self.by_requirements(&[formula.cloned()]) }
    }

    /// Returns the name of a category; its key where no policy has a name.
    pub(crate) fn called<'i>(&'i self, key: &'i str) -> &'i str {
        let place = place(&self.categories, key);
        place.and_then(|place| self.called.get(place)).map_or(key, String::as_str)
    }

    /// Returns the wire id under which a record of the ledger holds a category.
    pub(crate) fn wire_id<'i>(&'i self, key: &'i str) -> &'i str {
        let wired = place(&self.categories, key).and_then(|place| self.wired.get(place));
        wired.and_then(|wired| wired.wire_ids.first()).map_or(key, String::as_str)
    }

    /// Returns the wire ids of a category.
    pub(crate) fn wire_ids(&self, key: &str) -> impl Iterator<Item = &str> {
        let wired = place(&self.categories, key).and_then(|place| self.wired.get(place));
        wired.into_iter().flat_map(|wired| &wired.wire_ids).map(String::as_str)
    }

    /// Returns the variables in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Input<'_>> {
        let first = [Input::Consent, Input::Integrations, Input::Event];
        let names = self.names.iter().map(|name| Input::Entry(name));
        let requirements = self.requirements.iter().flatten().map(Input::Requirement);
        let each = if self.requirements.is_none() { self.categories.as_slice() } else { &[] };
        let recorded = self.check.map(|_| Input::Recorded);
        let categories = each.iter().flat_map(move |key| [Input::Category(key)].into_iter().chain(recorded));
        let others = self.check.filter(|check| check.has_others).map(|_| Input::OthersDiffer);
        let front = first.into_iter().chain(names).chain([Input::All]);
        front.chain(categories).chain(others).chain(requirements)
    }

    /// Returns true if an entry that cannot be read is off to one of the policies.
    pub(crate) fn invalid_is_off(&self) -> bool {
        self.invalid_is_off.contains(&true)
    }

    /// Returns true if an entry that cannot be read is off to one of the policies, and not there to another one.
    fn read_invalid_differently(&self) -> bool {
        self.invalid_is_off() && self.invalid_is_off.contains(&false)
    }

    /// Returns the point with these values of some variables, and the first value of every other one.
    pub(crate) fn point(&self, values: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
        moved(vec![0; self.values().len()], values)
    }

    /// Returns the shape that the policies see in some states.
    pub(crate) fn shape(&self, states: &[ConsentState]) -> Option<usize> {
        self.shapes.iter().position(|shape| shape.states == states)
    }

    /// Returns the exempt event at a value of its variable; `None` for any other event.
    pub(crate) fn named_event(&self, value: usize) -> Option<&String> {
        value.checked_sub(1).and_then(|place| self.named_events.get(place))
    }

    /// Returns how many values each variable has.
    pub(crate) fn values(&self) -> Vec<usize> {
        let values = self.all().map(|input| match input {
            Input::Consent => self.shapes.len(),
            Input::Integrations => IntegrationsState::ALL.len(),
            Input::Event => self.identify_event() + usize::from(self.has_identify()),
            Input::Recorded => self.recorded_values().len(),
            Input::OthersDiffer => 2,
            Input::Entry(_) => ENTRIES.len() + usize::from(self.read_invalid_differently()),
            Input::All => ALL.len(),
            Input::Category(key) if self.told.contains(key) => PREFERENCES.len(),
            Input::Category(_) | Input::Requirement(_) => 2,
        });
        values.collect()
    }

    pub(crate) const CONSENT: usize = 0;
    pub(crate) const INTEGRATIONS: usize = 1;
    pub(crate) const EVENT: usize = 2;
    pub(crate) const FIRST_NAME: usize = 3;

    pub(crate) fn all_entry(&self) -> usize {
        Inputs::FIRST_NAME + self.names.len()
    }

    /// Returns the first variable of a category, or of what stands for them.
    pub(crate) fn first_category(&self) -> usize {
        self.all_entry() + 1
    }

    /// Returns the variable of a category.
    pub(crate) fn category(&self, key: &str) -> Option<usize> {
        let place = place(&self.categories, key)?;
        self.requirements.is_none().then_some(self.first_category() + place * self.width())
    }

    /// How many variables a category has.
    fn width(&self) -> usize {
        1 + usize::from(self.check.is_some())
    }

    /// Returns the variable of what is recorded of a category, if it is asked for.
    pub(crate) fn recorded(&self, key: &str) -> Option<usize> {
        self.check.and_then(|_| self.category(key)).map(|variable| variable + 1)
    }

    /// The values of the variable of what is recorded. A conflict and an old grant are values of their own where two policies read them differently.
    pub(crate) fn recorded_values(&self) -> Vec<RecordedPreference> {
        let conflict = self.check.filter(|check| check.tells_conflict).map(|_| RecordedPreference::Conflict);
        let expired = self.check.and_then(|check| check.tells_age).map(|_| RecordedPreference::Expired);
        let both = [RecordedPreference::Refused, RecordedPreference::Granted];
        both.into_iter().chain(conflict).chain(expired).collect()
    }

    /// Returns where the record grants a category under a policy.
    pub(crate) fn recorded_grants(
        &self,
        diagrams: &mut Diagrams,
        policy: &Policy,
        key: &str,
    ) -> Result<Diagram, TooLargeError> {
        let Some(variable) = self.recorded(key) else { return Ok(Diagram::FALSE) };
        let age = self.check.and_then(|check| check.tells_age);
        let is_granted = |recorded| {
            policy.ledger_check().is_some_and(|check| match recorded {
                // It has expired where grants expire after so many days.
                RecordedPreference::Expired => check.grants_expire != age,
                recorded => check.is_granted(recorded),
            })
        };
        let values: Vec<Diagram> =
            self.recorded_values().into_iter().map(is_granted).map(Diagram::truth).collect();
        diagrams.node(variable, &values)
    }

    /// Returns the variable of whether the event and the record differ elsewhere.
    pub(crate) fn others_differ(&self) -> Option<usize> {
        let has_others = self.check.is_some_and(|check| check.has_others);
        has_others.then(|| self.first_category() + self.categories.len() * self.width())
    }

    /// Returns true if identify events are a value of the events' variable.
    fn has_identify(&self) -> bool {
        self.check.is_some_and(|check| check.identify)
    }

    /// The value of the events' variable for identify events.
    pub(crate) fn identify_event(&self) -> usize {
        self.named_events.len() + 1
    }

    /// Returns the variable in the place of the categories that is such a one.
    pub(crate) fn requirement_var(&self, is_such: impl Fn(&RequirementVar) -> bool) -> Option<usize> {
        let place = self.requirements.as_ref()?.iter().position(is_such)?;
        Some(self.first_category() + place)
    }

    /// Returns the values that requirements have together; none where each category is a variable itself.
    pub(crate) fn combinations(&self, budget: &mut Budget) -> Result<Vec<Combination>, TooLargeError> {
        let Some(requirements) = &self.requirements else { return Ok(Vec::new()) };
        let patterns = self.granted.iter().cloned().collect();
        budget.ask(vec![2; self.categories.len()], |diagrams| {
            combinations(diagrams, requirements, &self.categories, patterns, &self.overlaps)
        })
    }

    /// Returns the condition that an event exists: a missing or malformed object has no members, and requirements are as one of
    /// the combinations says.
    pub(crate) fn events(
        &self,
        diagrams: &mut Diagrams,
        combinations: &[Combination],
    ) -> Result<Diagram, TooLargeError> {
        let mut events = Diagram::TRUE;
        let is_answered = |diagrams: &mut Diagrams, values: Diagram| {
            self.where_present(diagrams, Inputs::CONSENT, values, Diagram::TRUE)
        };
        for key in &self.told {
            let Some(variable) = self.category(key) else { continue };
            let possible = PREFERENCES.map(|value| Diagram::truth(self.listable.contains(&value)));
            let possible = diagrams.node(variable, &possible)?;
            let one = is_answered(diagrams, possible)?;
            events = diagrams.and(events, one)?;
        }
        if self.all_is_boolean {
            let readable = ALL.map(|entry| Diagram::truth(entry != Some(Entry::Invalid)));
            let readable = diagrams.node(self.all_entry(), &readable)?;
            events = diagrams.and(events, readable)?;
        }
        let entries = Inputs::FIRST_NAME..self.first_category();
        for variable in entries.chain(self.categories.iter().filter_map(|key| self.category(key))) {
            let none = diagrams.is_first(variable)?;
            let object =
                if variable < self.first_category() { Inputs::INTEGRATIONS } else { Inputs::CONSENT };
            let one = self.where_present(diagrams, object, Diagram::TRUE, none)?;
            events = diagrams.and(events, one)?;
        }
        if self.requirements.is_none() {
            let variable = |place: usize| self.categories.get(place).and_then(|key| self.category(key));
            for overlap in &self.overlaps {
                let possible = overlap.condition(diagrams, &variable)?;
                let one = self.where_present(diagrams, Inputs::CONSENT, possible, Diagram::TRUE)?;
                events = diagrams.and(events, one)?;
            }
        }
        if self.requirements.is_some() {
            let mut by_shape = Vec::new();
            for form in &self.granted {
                let mut whole = Diagram::FALSE;
                for one in combinations.iter().filter(|one| one.granted == *form) {
                    let mut own = Diagram::TRUE;
                    for (place, value) in one.values.iter().enumerate().rev() {
                        let children =
                            if *value == 0 { [own, Diagram::FALSE] } else { [Diagram::FALSE, own] };
                        own = diagrams.node(self.first_category() + place, &children)?;
                    }
                    whole = diagrams.or(whole, own)?;
                }
                by_shape.push(whole);
            }
            let possible = diagrams.node(Inputs::CONSENT, &by_shape)?;
            events = diagrams.and(events, possible)?;
        }
        Ok(events)
    }

    /// Returns one condition where an object, by its variable, has members, and another one where it has none.
    pub(crate) fn where_present(
        &self,
        diagrams: &mut Diagrams,
        object: usize,
        present: Diagram,
        not: Diagram,
    ) -> Result<Diagram, TooLargeError> {
        let values = 0..diagrams.count_of(object);
        let each = values.map(|value| if self.has_members(object, value) { present } else { not });
        let each: Vec<Diagram> = each.collect();
        diagrams.node(object, &each)
    }

    /// Returns true if an object has members at a value of its variable: to one of the policies, where they see it differently.
    pub(crate) fn has_members(&self, object: usize, value: usize) -> bool {
        match object {
            Inputs::CONSENT => {
                self.shapes.get(value).is_some_and(|shape| shape.states.contains(&ConsentState::Answered))
            }
            _ => IntegrationsState::ALL.get(value) == Some(&IntegrationsState::Present),
        }
    }

    /// Returns the first event in a cube, the smallest one: its point there, and the same with every category.
    pub(crate) fn first_event(&self, cube: &Cube, combinations: &[Combination]) -> (Vec<usize>, Vec<usize>) {
        let lowest = |variable: usize, is_possible: &dyn Fn(usize) -> bool| {
            (0..64).find(|value| cube.has(variable, *value) && is_possible(*value)).unwrap_or(0)
        };
        let first = |variable: usize| lowest(variable, &|_| true);
        let object =
            |object: usize| lowest(object, &|value| self.has_events(cube, object, value, combinations));
        let (consent, integrations) = (object(Inputs::CONSENT), object(Inputs::INTEGRATIONS));
        let rest = (Inputs::EVENT..self.first_category()).map(first);
        let front: Vec<usize> = [consent, integrations].into_iter().chain(rest).collect();
        let with = |values: &[usize]| -> Vec<usize> { front.iter().chain(values).copied().collect() };
        match self.combination(cube, consent, combinations) {
            Some(one) => (with(&one.values), with(&one.grants)),
            None => {
                let categories = self.first_category()..cube.0.len();
                let mut point = with(&categories.map(first).collect::<Vec<usize>>());
                for overlap in self.overlaps.iter().filter(|_| self.has_members(Inputs::CONSENT, consent)) {
                    let together = self.first_together(cube, overlap);
                    for (variable, value) in together.into_iter().flatten() {
                        point.get_mut(variable).into_iter().for_each(|place| *place = value);
                    }
                }
                (point.clone(), point)
            }
        }
    }

    /// Returns the first values, by their variables, that categories which share wire ids can have together in a cube.
    fn first_together(&self, cube: &Cube, overlap: &Overlap) -> Option<Vec<(usize, usize)>> {
        let variables: Option<Vec<usize>> =
            overlap.places.iter().map(|place| self.category(self.categories.get(*place)?)).collect();
        let variables = variables?;
        let mut possible = overlap.possible.as_ref()?.keys();
        let found = possible.find(|values| {
            variables.iter().zip(*values).all(|(variable, value)| cube.has(*variable, *value))
        })?;
        Some(variables.into_iter().zip(found.iter().copied()).collect())
    }

    /// Returns the first combination of a shape whose requirements are as a cube asks.
    fn combination<'c>(
        &self,
        cube: &Cube,
        shape: usize,
        combinations: &'c [Combination],
    ) -> Option<&'c Combination> {
        let granted = self.granted.get(shape)?;
        combinations.iter().find(|one| {
            let mut values = one.values.iter().enumerate();
            one.granted == *granted
                && values.all(|(place, value)| cube.has(self.first_category() + place, *value))
        })
    }

    /// Returns true if events whose object has a value have members as a cube asks.
    fn has_events(&self, cube: &Cube, object: usize, value: usize, combinations: &[Combination]) -> bool {
        let members = match object {
            Inputs::CONSENT if self.requirements.is_some() => {
                return self.combination(cube, value, combinations).is_some();
            }
            Inputs::CONSENT => self.first_category()..cube.0.len(),
            _ => Inputs::FIRST_NAME..self.first_category(),
        };
        let can_be_listed = object != Inputs::CONSENT
            || self.overlaps.iter().all(|overlap| self.first_together(cube, overlap).is_some());
        let is_listed = self.has_members(object, value) && can_be_listed;
        is_listed || members.into_iter().all(|member| cube.has(member, 0))
    }

    /// Returns the cube with the states of the two objects in which it has events; with all states where the other conditions allow no
    /// more than these.
    pub(crate) fn narrowed(&self, cube: Cube, combinations: &[Combination]) -> Cube {
        let values = self.values();
        [Inputs::CONSENT, Inputs::INTEGRATIONS].into_iter().fold(cube, |cube, object| {
            let count = values.get(object).copied().unwrap_or(0);
            let has_events = |value: &usize| self.has_events(&cube, object, *value, combinations);
            let (own, others): (Vec<usize>, Vec<usize>) =
                (0..count).filter(has_events).partition(|value| cube.has(object, *value));
            let kept: Vec<usize> = if others.is_empty() { (0..count).collect() } else { own };
            cube.with(object, kept.iter().fold(0, |values, value| values | 1 << value))
        })
    }

    /// Returns the value of each variable in an event, as each of the policies reads it; `None` where no event is seen like this.
    pub(crate) fn values_of(&self, events: &[&Event<'_>]) -> Option<Vec<usize>> {
        let first = events.first()?;
        let states: Vec<ConsentState> = events.iter().map(|event| event.consent.state()).collect();
        let integrations = first.integrations.state();
        let named = first.track.as_ref();
        let named = named.and_then(|track| self.named_events.iter().position(|name| *track == **name));
        let is_identify = self.has_identify() && first.is_identify;
        let event = named.map(|place| place + 1).or(is_identify.then(|| self.identify_event()));
        let mut values =
            vec![self.shape(&states)?, place_of(&IntegrationsState::ALL, &integrations), event.unwrap_or(0)];
        // "Among duplicate keys `off` wins, then `on`": behind what cannot be read, where that counts as off.
        let entry = |name: &str| entry(first, |key| key == name.as_bytes());
        let is_off = self.invalid_is_off();
        for name in &self.names {
            values.push(match entry(name) {
                (_, true) if self.read_invalid_differently() => ON_AND_INVALID,
                (_, true) if is_off => place_of(&ENTRIES, &Some(Entry::Invalid)),
                (own, _) => place_of(&ENTRIES, &own),
            });
        }
        values.push(match entry("All") {
            (_, true) if is_off => place_of(&ALL, &Some(Entry::Invalid)),
            (own, _) => place_of(&ALL, &own.filter(|entry| *entry != Entry::On)),
        });
        // What one policy does not read, another may.
        let granted = |key: &str| {
            let owned = place(&self.categories, key).and_then(|place| self.owned.get(place));
            let policies = events.iter().zip(&self.unlisted).zip(owned.into_iter().flatten());
            let mut own = policies.filter(|(_, is_own)| **is_own);
            own.any(|((event, unlisted), _)| self.lists_grant(event, *unlisted, key))
        };
        match &self.requirements {
            None => {
                // What is recorded is no part of an event.
                let recorded = || self.check.map(|_| 0);
                let each = self.categories.iter();
                values.extend(each.flat_map(|key| [usize::from(granted(key))].into_iter().chain(recorded())));
                values.extend(self.others_differ().map(|_| 0));
            }
            Some(requirements) => {
                let stamped = self.granted.get(self.shape(&states)?)?;
                values.extend(requirements.iter().map(|one| usize::from(one.holds(&granted, stamped))));
            }
        }
        Some(values)
    }

    /// Returns true if one of the policies sees a category granted.
    pub(crate) fn is_granted(&self, which: usize, key: &str, values: &[usize]) -> bool {
        let value = |variable: usize| values.get(variable).copied().unwrap_or(0);
        let stamped = self.granted.get(value(Inputs::CONSENT)).and_then(|form| form.get(which));
        let listed = |key: &str| self.category(key).is_some_and(|variable| value(variable) == 1);
        stamped.is_some_and(|stamped| stamped.grants(key, listed))
    }

    /// Returns true if the list of an event grants a category.
    fn lists_grant(&self, event: &Event<'_>, unlisted: Preference, key: &str) -> bool {
        let wired = place(&self.categories, key).and_then(|place| self.wired.get(place));
        event.consent.state() == ConsentState::Answered
            && wired.is_some_and(|wired| {
                let listed = event.consent.preferences().iter();
                let listed = listed
                    .filter_map(|(name, value)| Some((std::str::from_utf8(name.as_bytes()).ok()?, *value)));
                wired.is_granted_by(listed, unlisted)
            })
    }

    /// Returns where the list of an event grants a category.
    pub(crate) fn listed_grants(&self, diagrams: &mut Diagrams, key: &str) -> Result<Diagram, TooLargeError> {
        let grants = [Diagram::FALSE, Diagram::TRUE];
        self.by_listed_grant(diagrams, key, grants)
    }

    /// Returns one function where the list of an event does not grant a category, and another one where it does. Both depend on later
    /// variables only.
    pub(crate) fn by_listed_grant(
        &self,
        diagrams: &mut Diagrams,
        key: &str,
        [not, granted]: [Diagram; 2],
    ) -> Result<Diagram, TooLargeError> {
        let place = place(&self.categories, key);
        let (Some(variable), Some(place)) = (self.category(key), place) else { return Ok(not) };
        let values = 0..diagrams.count_of(variable);
        let values = values.map(|value| if self.is_alike(place, value, 1) { granted } else { not });
        diagrams.node(variable, &values.collect::<Vec<_>>())
    }

    /// Returns where an event itself gives a category, which is a told one, a preference: by its list, or by its state.
    pub(crate) fn stamped_preference(
        &self,
        diagrams: &mut Diagrams,
        key: &str,
        wanted: Preference,
        reading: &Reading,
    ) -> Result<Diagram, TooLargeError> {
        let listed = match self.category(key) {
            Some(variable) => {
                let values = PREFERENCES.map(|value| Diagram::truth(value == wanted));
                diagrams.node(variable, &values)?
            }
            None => Diagram::FALSE,
        };
        let by_form = self.shapes.iter().map(|form| {
            let state = form.states.first().copied().unwrap_or(ConsentState::Malformed);
            reading.common_value(state).map_or(listed, |value| Diagram::truth(value == wanted))
        });
        let by_form: Vec<Diagram> = by_form.collect();
        diagrams.node(Inputs::CONSENT, &by_form)
    }

    /// Returns where a policy sees a category granted on the event itself.
    pub(crate) fn stamped_grants(
        &self,
        diagrams: &mut Diagrams,
        which: usize,
        key: &str,
    ) -> Result<Diagram, TooLargeError> {
        let listed = self.listed_grants(diagrams, key)?;
        let by_form = self.granted.iter().map(|form| match form.get(which) {
            Some(StampedGrants::Listed) => listed,
            Some(StampedGrants::Constant(granted)) => Diagram::truth(granted.contains(key)),
            None => Diagram::FALSE,
        });
        let by_form: Vec<Diagram> = by_form.collect();
        diagrams.node(Inputs::CONSENT, &by_form)
    }

    /// Returns for each category, each form and each policy whether the form alone grants it.
    pub(crate) fn constants(&self) -> Vec<Vec<bool>> {
        let of = |key: &String| {
            let stamped = self.granted.iter().flatten();
            stamped.map(|stamped| stamped.grants(key, |_| false)).collect()
        };
        self.categories.iter().map(of).collect()
    }

    /// Returns the places of categories that share wire ids, in groups.
    pub(crate) fn overlapping(&self) -> Vec<Vec<usize>> {
        self.overlaps.iter().map(|overlap| overlap.places.clone()).collect()
    }

    /// Gives a category of an event's list another value: one that grants it, or one that does not.
    pub(crate) fn set_category(
        &self,
        listed: &mut Vec<(Name<'_>, Preference)>,
        key: &str,
        value: usize,
        reading: &Reading,
    ) {
        let wired = place(&self.categories, key).and_then(|place| self.wired.get(place));
        let Some(wired) = wired else { return };
        let is_own = |name: &Name<'_>| wired.wire_ids.iter().any(|own| *name == **own);
        let at = listed.iter().position(|(name, _)| is_own(name)).unwrap_or(listed.len());
        listed.retain(|(name, _)| !is_own(name));
        let listing =
            listing(wired, value, reading).map(|(wire_id, value)| (Name::from(wire_id.to_owned()), value));
        listing.into_iter().for_each(|listing| listed.insert(at.min(listed.len()), listing));
        // The state stays `answered`.
        if listed.is_empty() {
            listed.push(self.other_listing(reading));
        }
    }

    /// Returns a member of a list that is for no category.
    pub(crate) fn other_listing<'n>(&self, reading: &Reading) -> (Name<'n>, Preference) {
        let value = reading.listed_values().first().copied().unwrap_or(Preference::Granted);
        (Name::from(self.other_category.clone()), value)
    }

    /// Returns an event for a value of each variable, and the reading with which [`Event::to_json`] writes it.
    pub(crate) fn event<'i>(&'i self, values: &[usize]) -> Option<(Event<'i>, Reading)> {
        let value = |variable: usize| values.get(variable).copied();
        let shape = self.shapes.get(value(Inputs::CONSENT)?)?;
        let (consent, reading) = shape.consent(|| self.list(values, None, shape.reading()));
        let integrations = match IntegrationsState::ALL.get(value(Inputs::INTEGRATIONS)?)? {
            IntegrationsState::None => Integrations::Entries(Vec::new()),
            IntegrationsState::Malformed => Integrations::Malformed,
            IntegrationsState::Present => {
                let mut entries: Vec<(Name, Entry)> = Vec::new();
                for (place, name) in self.names.iter().enumerate() {
                    let own = match value(Inputs::FIRST_NAME + place)? {
                        ON_AND_INVALID => vec![Entry::Invalid, Entry::On],
                        value => ENTRIES.get(value).copied().flatten().into_iter().collect(),
                    };
                    entries.extend(own.into_iter().map(|entry| (Name::from(name.as_str()), entry)));
                }
                let all = ALL.get(value(self.all_entry())?).copied().unwrap_or(Some(Entry::On));
                entries.extend(all.map(|all| (Name::from("All"), all)));
                if entries.is_empty() {
                    entries.push((Name::from(self.other_name.as_str()), Entry::On));
                }
                Integrations::Entries(entries)
            }
        };
        let event = value(Inputs::EVENT)?;
        let track = self.named_event(event).map(|name| Name::from(name.as_str()));
        let is_identify = self.has_identify() && event == self.identify_event();
        Some((Event { consent, integrations, track, is_identify, ..Event::default() }, reading))
    }
}

impl Inputs {
    /// Returns what an event lists for a value of each variable: of the categories that one policy has, or of all.
    fn list(&self, values: &[usize], of: Option<usize>, reading: &Reading) -> Vec<(Name<'_>, Preference)> {
        let mut list: Vec<(Name<'_>, Preference)> = Vec::new();
        let is_own = |place: usize| {
            let owned = self.owned.get(place);
            of.is_none_or(|which| owned.is_some_and(|owned| owned.get(which) == Some(&true)))
        };
        let value =
            |place: usize| values.get(self.first_category() + place * self.width()).copied().unwrap_or(0);
        for (place, wired) in self.wired.iter().enumerate().filter(|(place, _)| is_own(*place)) {
            if !self.overlaps.iter().any(|overlap| overlap.places.contains(&place)) {
                let listing = listing(wired, value(place), reading);
                list.extend(listing.map(|(wire_id, value)| (Name::from(wire_id), value)));
            }
        }
        let own = self.overlaps.iter().filter(|overlap| overlap.places.iter().any(|place| is_own(*place)));
        for overlap in own {
            let values: Vec<usize> = overlap.places.iter().map(|place| value(*place)).collect();
            let together = overlap.possible.as_ref().and_then(|possible| possible.get(&values));
            let together = together.into_iter().flatten();
            list.extend(together.map(|(wire_id, value)| (Name::from(wire_id.as_str()), *value)));
        }
        if list.is_empty() {
            list.push(self.other_listing(reading));
        }
        list
    }

    /// Returns the JSON of an event for a value of each variable; `None` where no one event holds what the readings of all policies find.
    pub(crate) fn json(&self, values: &[usize]) -> Option<String> {
        let (event, reading) = self.event(values)?;
        let shape = self.shapes.get(*values.get(Inputs::CONSENT)?)?;
        if shape.apart().len() == 0 {
            return written(&event, &reading, shape);
        }
        let lists = shape.apart().enumerate().map(|(which, reading)| self.list(values, Some(which), reading));
        let lists: Vec<Vec<(Name<'_>, Preference)>> = lists.collect();
        written_apart(&event, shape, &lists)
    }
}

/// Returns the JSON of an event in which each reading finds its own list; `None` where one event cannot hold all of them.
pub(super) fn written_apart(
    event: &Event<'_>,
    form: &Form,
    lists: &[Vec<(Name<'_>, Preference)>],
) -> Option<String> {
    let text = event.with_consent(form.members(lists)?);
    let sorted = |list: &[(Name<'_>, Preference)]| {
        let mut list: Vec<(Name<'static>, Preference)> =
            list.iter().map(|(name, value)| (name.clone().into_owned(), *value)).collect();
        list.sort();
        list
    };
    let is_found = form.apart().zip(lists).zip(&form.states).all(|((reading, list), state)| {
        let seen = Event::read(text.as_bytes(), reading, &Limits::default());
        seen.is_ok_and(|seen| {
            let is_listed = *state == ConsentState::Answered;
            seen.consent.state() == *state
                && (!is_listed || sorted(seen.consent.preferences()) == sorted(list))
        })
    });
    is_found.then_some(text)
}

/// Returns the JSON of an event whose consent has a form, which a reading writes; `None` where one event cannot hold it at the places of
/// all readings.
pub(super) fn written(event: &Event<'_>, reading: &Reading, form: &Form) -> Option<String> {
    if form.elsewhere().is_empty() {
        return Some(event.to_json(reading));
    }
    let readings: Vec<&Reading> = std::iter::once(reading).chain(form.elsewhere()).collect();
    let text = event.to_json_for_each(&readings)?;
    let is_seen = |reading: &&Reading| {
        let seen = Event::read(text.as_bytes(), reading, &Limits::default());
        seen.is_ok_and(|seen| seen.consent == event.consent)
    };
    readings.iter().all(is_seen).then_some(text)
}

/// Returns the member of a list that gives a category the preference of a value of its variable, or another one that grants the category if, and only if, that one does;
/// `None` where it is not listed.
pub(super) fn listing<'w>(
    wired: &'w Wired,
    value: usize,
    reading: &Reading,
) -> Option<(&'w str, Preference)> {
    let wanted = PREFERENCES.get(value).copied().unwrap_or(Preference::Refused);
    let is_alike = |value: &Preference| wired.is_granted(*value) == wired.is_granted(wanted);
    let listed = reading.listed_values();
    let wire_id = wired.wire_ids.first()?;
    match listed.contains(&wanted) {
        true => Some((wire_id, wanted)),
        false if reading.unlisted() == wanted => None,
        false => listed.into_iter().find(is_alike).map(|value| (wire_id.as_str(), value)),
    }
}

/// Returns what the entries of an event under some names come to, "`off` wins, then `on`", and whether one that cannot be read stands beside
/// one that is on, and none is off.
pub(crate) fn entry(event: &Event<'_>, is_own: impl Fn(&[u8]) -> bool) -> (Option<Entry>, bool) {
    let own = event.integrations.entries().iter().filter(|(key, _)| is_own(key.as_bytes()));
    let own: BTreeSet<Entry> = own.map(|(_, entry)| *entry).collect();
    let last = own.last().copied();
    (last, last == Some(Entry::On) && own.contains(&Entry::Invalid))
}
