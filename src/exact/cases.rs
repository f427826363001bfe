//! The cases of inputs: what a policy tells apart, or two policies do, of the inputs of events. In one case each policy has no conditions,
//! so that every exact question is asked once for each case.

use crate::event::{Event, input_members, other_value, scalar_json};
use crate::fingerprint::TooLargeError;
use crate::model::{
    DestinationId, Holds, InputReading, InputState, Policy, Scalar, StateNumber, StateSet, When,
};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

/// An input and the states that it may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputIs {
    /// The declared name.
    pub name: String,
    /// The states, in order: never all of them.
    pub states: Vec<InputState>,
    /// How many states there are.
    of: usize,
}

/// As a policy writes it: `provider "oneTrust" | absent`.
impl fmt::Display for InputIs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states: Vec<String> = self.states.iter().map(InputState::to_string).collect();
        write!(f, "{} {}", crate::model::name(&self.name), states.join(" | "))
    }
}

impl Serialize for InputIs {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// The events whose inputs have some states; without any, all events. One of the alternatives must hold, each with all that it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct InputCases(Vec<Vec<InputIs>>);

impl InputCases {
    pub(crate) fn of(inputs: Vec<InputIs>) -> Self {
        InputCases(if inputs.is_empty() { Vec::new() } else { vec![inputs] })
    }

    /// Returns true if every event is meant.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the alternatives; none if every event is meant.
    pub fn alternatives(&self) -> &[Vec<InputIs>] {
        &self.0
    }

    /// Returns true for an event that is meant, as a policy reads it.
    pub(crate) fn has(&self, policy: &Policy, event: &Event<'_>) -> bool {
        let numbers = event.input_numbers(&policy.reading().inputs);
        let is_so = |input: &InputIs| {
            let place = policy.inputs().iter().position(|own| own.name() == input.name);
            let state = place.and_then(|place| {
                Some(policy.reading().inputs.get(place)?.state(numbers.get(place).copied().unwrap_or(0)))
            });
            input.states.contains(&state.unwrap_or(InputState::Absent))
        };
        self.0.is_empty() || self.0.iter().any(|all| all.iter().all(is_so))
    }

    /// Returns a policy as it decides the smallest of the events that are meant: an input is absent where it may be, for an event with
    /// an input has more members, so that fewer states of consent are possible.
    pub(crate) fn given(&self, policy: &Policy) -> Policy {
        let first = self.0.first().map_or(&[][..], Vec::as_slice);
        let inputs = &policy.reading().inputs;
        let states: Vec<InputState> = policy
            .inputs()
            .iter()
            .map(|input| {
                let own = first.iter().find(|one| one.name == input.name());
                let states = own.map_or(&[][..], |own| &own.states);
                let named = states.first().filter(|_| !states.contains(&InputState::Absent));
                named.cloned().unwrap_or(InputState::Absent)
            })
            .collect();
        let numbers: Vec<StateNumber> = states
            .iter()
            .zip(inputs)
            .map(|(state, input)| input.number(state).unwrap_or(input.other()))
            .collect();
        let members = input_members(inputs, |place| states.get(place).cloned().unwrap_or(InputState::Absent));
        policy.given(&numbers, members)
    }

    /// Adds events. Two alternatives that differ in one input become one.
    pub(crate) fn add(&mut self, other: InputCases) {
        if self.0.is_empty() || other.0.is_empty() {
            self.0.clear();
            return;
        }
        for more in other.0 {
            self.add_one(more);
        }
    }

    fn add_one(&mut self, more: Vec<InputIs>) {
        if more.is_empty() {
            self.0 = Vec::new();
            return;
        }
        for (place, own) in self.0.iter().enumerate() {
            if let Some(joined) = joined(own, &more) {
                self.0.remove(place);
                return self.add_one(joined);
            }
        }
        self.0.push(more);
        self.0.sort();
    }
}

/// Returns two alternatives as one, if they differ in one input at most.
fn joined(one: &[InputIs], other: &[InputIs]) -> Option<Vec<InputIs>> {
    let names: BTreeSet<&str> = one.iter().chain(other).map(|input| input.name.as_str()).collect();
    fn of<'i>(all: &'i [InputIs], name: &str) -> Option<&'i InputIs> {
        all.iter().find(|input| input.name == name)
    }
    let mut differing = names.into_iter().filter(|name| of(one, name) != of(other, name));
    let Some(name) = differing.next() else { return Some(one.to_vec()) };
    if differing.next().is_some() {
        return None;
    }
    let mut joined = one.to_vec();
    joined.retain(|input| input.name != name);
    if let (Some(one), Some(other)) = (of(one, name), of(other, name)) {
        let states: BTreeSet<&InputState> = one.states.iter().chain(&other.states).collect();
        if states.len() < one.of {
            let states = states.into_iter().cloned().collect();
            joined.push(InputIs { name: name.to_owned(), states, of: one.of });
            joined.sort();
        }
    }
    Some(joined)
}

/// `provider "oneTrust", resolution other; or provider absent`.
impl fmt::Display for InputCases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alternative =
            |inputs: &Vec<InputIs>| inputs.iter().map(InputIs::to_string).collect::<Vec<_>>().join(", ");
        f.write_str(&self.0.iter().map(alternative).collect::<Vec<_>>().join("; or "))
    }
}

impl Serialize for InputCases {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

/// The inputs of some policies, by the member of the event that each is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Inputs(Vec<Input>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Input {
    path: Vec<String>,
    name: String,
    /// The values of the member that one of the policies tells from others: none at all first, then each that is named, then another one.
    values: Vec<Option<Scalar>>,
    /// For each policy the place of its input, and how it is read.
    own: Vec<Option<(usize, InputReading)>>,
}

/// Some values of an input, a bit for each by its place.
type Values = u128;

/// A policy with its inputs fixed, which has no conditions.
type Given<'p> = Rc<Cow<'p, Policy>>;

/// The events whose inputs have some values, and each policy as it decides these events.
pub(crate) struct Case<'p> {
    pub(crate) inputs: InputCases,
    pub(crate) policies: Vec<Given<'p>>,
    pub(crate) events: CaseEvents,
    /// For each input of each policy the state that stands for them.
    pub(crate) numbers: Vec<Vec<StateNumber>>,
    /// For each input its values.
    values: Vec<Values>,
}

/// The events of a case: for each policy its inputs, each with the states that it may have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CaseEvents(Vec<Vec<(InputReading, StateSet)>>);

impl CaseEvents {
    /// Returns true for an event of the case, as some of the policies read it.
    pub(crate) fn has(&self, events: &[(usize, &Event<'_>)]) -> bool {
        events.iter().all(|(which, event)| {
            let inputs = self.0.get(*which).map_or(&[][..], Vec::as_slice);
            inputs.iter().enumerate().all(|(place, (reading, set))| {
                let state = event.inputs.get(place).unwrap_or(&InputState::Absent);
                set >> reading.number(state).unwrap_or(reading.other()) & 1 == 1
            })
        })
    }
}

/// The most cases.
const MAX_CASES: usize = 4_096;

/// The cases of some policies. What destinations share is worked out once.
pub(crate) struct Cases<'p> {
    policies: Vec<&'p Policy>,
    pub(crate) inputs: Inputs,
    /// The policies themselves, if they have no conditions.
    only: Option<Vec<Given<'p>>>,
    /// Each policy, by its place and by its inputs, as it decides events that have these.
    known: HashMap<(usize, Vec<StateNumber>, Vec<Values>), Given<'p>>,
}

/// Returns the policy as it decides the events that have the inputs of one.
pub(crate) fn of_event<'p>(policy: &'p Policy, event: &Event<'_>) -> Cow<'p, Policy> {
    if !policy.has_conditions() && event.inputs.is_empty() {
        return Cow::Borrowed(policy);
    }
    let numbers = event.input_numbers(&policy.reading().inputs);
    Cow::Owned(policy.given(&numbers, event.reading_of(policy.reading()).given))
}

impl<'p> Cases<'p> {
    pub(crate) fn new(policies: &[&'p Policy]) -> Self {
        let has_conditions = policies.iter().any(|policy| policy.has_conditions());
        let inputs = Inputs::of(policies);
        let only = policies.iter().map(|policy| Rc::new(Cow::Borrowed(*policy))).collect();
        let only = Some(only).filter(|_| !has_conditions);
        Cases { policies: policies.to_vec(), inputs, only, known: HashMap::new() }
    }

    /// Returns the cases that the policies tell apart, as far as they matter to some destinations of each, or to anything. `more` are conditions
    /// of the first policy that a question adds.
    pub(crate) fn of(
        &mut self,
        destinations: Option<&[&[DestinationId]]>,
        more: &[When],
    ) -> Result<Vec<Case<'p>>, TooLargeError> {
        if let (Some(only), true) = (&self.only, more.iter().all(When::is_empty)) {
            let none = vec![Vec::new(); only.len()];
            let (policies, numbers) = (only.clone(), none);
            let (inputs, events) = (InputCases::default(), CaseEvents::default());
            return Ok(vec![Case { inputs, policies, events, numbers, values: Vec::new() }]);
        }
        let mut lists: Vec<Vec<Vec<(usize, Values)>>> = Vec::new();
        for (which, policy) in self.policies.iter().enumerate() {
            let own = policy.condition_lists(destinations.and_then(|all| all.get(which)).copied());
            let more = more.iter().filter(|_| which == 0).map(|when| vec![when]);
            lists.extend(own.into_iter().chain(more).map(|list| {
                list.into_iter()
                    .map(|when| self.inputs.test(which, when))
                    .collect::<Vec<Vec<(usize, Values)>>>()
            }));
        }
        let mut cubes = Vec::new();
        split(&lists, self.inputs.every(), &mut cubes)?;
        // The cases of small events come first.
        let first =
            |cube: &Vec<Values>| cube.iter().map(|values| values.trailing_zeros()).collect::<Vec<_>>();
        cubes.sort_by_cached_key(first);
        Ok(cubes.into_iter().map(|cube| self.case(cube)).collect())
    }

    fn case(&mut self, cube: Vec<Values>) -> Case<'p> {
        let firsts: Vec<Values> = cube.iter().map(|values| values & values.wrapping_neg()).collect();
        let count = self.policies.len();
        let numbers: Vec<Vec<StateNumber>> =
            (0..count).map(|which| self.inputs.numbers(which, &firsts)).collect();
        let given = self.policies.iter().zip(&numbers).enumerate().map(|(which, (policy, numbers))| {
            let key = (which, numbers.clone(), firsts.clone());
            let known = self
                .known
                .entry(key)
                .or_insert_with(|| Rc::new(Cow::Owned(policy.given(numbers, self.inputs.members(&firsts)))));
            known.clone()
        });
        Case {
            inputs: InputCases::of(self.inputs.named(&cube)),
            policies: given.collect(),
            events: CaseEvents(
                self.policies
                    .iter()
                    .enumerate()
                    .map(|(which, policy)| {
                        let sets = self.inputs.sets(which, &cube);
                        policy.reading().inputs.iter().cloned().zip(sets).collect()
                    })
                    .collect(),
            ),
            numbers,
            values: cube,
        }
    }
}

impl Inputs {
    /// Returns the inputs of some policies.
    pub(crate) fn of(policies: &[&Policy]) -> Self {
        let mut inputs: BTreeMap<Vec<String>, Input> = BTreeMap::new();
        for (which, policy) in policies.iter().enumerate() {
            for (place, declared) in policy.inputs().iter().enumerate() {
                let path = declared.path().to_vec();
                let input = inputs.entry(path.clone()).or_insert_with(|| Input {
                    path,
                    name: String::new(),
                    values: vec![None],
                    own: vec![None; policies.len()],
                });
                declared.name().clone_into(&mut input.name);
                for value in declared.values().iter().chain(declared.absent()) {
                    if !input.values.contains(&Some(value.clone())) {
                        input.values.push(Some(value.clone()));
                    }
                }
                input
                    .own
                    .get_mut(which)
                    .into_iter()
                    .for_each(|own| *own = Some((place, declared.reading.clone())));
            }
        }
        let mut inputs: Vec<Input> = inputs.into_values().collect();
        for input in &mut inputs {
            let other = other_value(|value| !input.values.contains(&Some(value.clone())));
            input.values.push(Some(other));
        }
        Inputs(inputs)
    }

    /// Returns a condition of one of the policies as values of inputs.
    fn test(&self, which: usize, when: &When) -> Vec<(usize, Values)> {
        let tests = when.tests().iter().filter_map(|(own, set)| {
            let place = self.0.iter().position(|input| input.own_place(which) == Some(*own))?;
            let input = self.0.get(place)?;
            let values = (0..input.values.len()).filter(|value| set >> input.number(which, *value) & 1 == 1);
            Some((place, values.fold(0, |all, value| all | 1 << value)))
        });
        tests.collect()
    }

    /// Returns every value of each input.
    fn every(&self) -> Vec<Values> {
        self.0.iter().map(|input| every(input.values.len())).collect()
    }

    /// Returns the members of an event that has one value of each input.
    fn members(&self, values: &[Values]) -> Vec<(Vec<String>, String)> {
        let members = self.0.iter().zip(values).filter_map(|(input, value)| {
            let value = input.values.get(value.trailing_zeros() as usize)?.as_ref()?;
            Some((input.path.clone(), scalar_json(value)))
        });
        members.collect()
    }

    /// Returns the states that the inputs of one of the policies have for one value of each input.
    fn numbers(&self, which: usize, values: &[Values]) -> Vec<StateNumber> {
        self.sets(which, values).iter().map(|set| set.trailing_zeros() as StateNumber).collect()
    }

    /// Returns the states that the inputs of one of the policies may have.
    fn sets(&self, which: usize, cube: &[Values]) -> Vec<StateSet> {
        let own = self.0.iter().zip(cube).filter_map(|(input, values)| {
            let place = input.own_place(which)?;
            let own = (0..input.values.len()).filter(|value| values >> value & 1 == 1);
            Some((place, own.fold(0, |all: StateSet, value| all | 1 << input.number(which, value))))
        });
        let mut sets: Vec<(usize, StateSet)> = own.collect();
        sets.sort_by_key(|(place, _)| *place);
        sets.into_iter().map(|(_, set)| set).collect()
    }

    /// Returns the inputs that do not have every value, each with its states.
    fn named(&self, cube: &[Values]) -> Vec<InputIs> {
        let some = self.0.iter().zip(cube).filter(|(input, values)| **values != every(input.values.len()));
        let all = |input: &Input| input.states(every(input.values.len())).len();
        let named = some.map(|(input, values)| InputIs {
            name: input.name.clone(),
            states: input.states(*values),
            of: all(input),
        });
        let mut named: Vec<InputIs> = named.filter(|input| input.states.len() < input.of).collect();
        named.sort();
        named
    }

    /// Returns the values of each input that tells events apart, for a function of them that a case is at each point of: its path, and each
    /// value with what tells it.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&[String], &[Option<Scalar>])> {
        self.0.iter().map(|input| (input.path.as_slice(), input.values.as_slice()))
    }
}

impl Input {
    fn own_place(&self, which: usize) -> Option<usize> {
        self.own.get(which)?.as_ref().map(|(place, _)| *place)
    }

    /// Returns the state that a value has for one of the policies.
    fn number(&self, which: usize, value: usize) -> StateNumber {
        let Some(Some((_, reading))) = self.own.get(which) else { return 0 };
        match self.values.get(value) {
            Some(Some(value)) => reading.number_of(value),
            _ => 0,
        }
    }

    /// Returns values as states. A value that counts as none to every policy is no state of its own.
    fn states(&self, values: Values) -> Vec<InputState> {
        let last = self.values.len().saturating_sub(1);
        let has = |value: &usize| values >> value & 1 == 1;
        let is_none_to_all = |value: usize| {
            value > 0
                && (0..self.own.len())
                    .all(|which| self.own_place(which).is_none() || self.number(which, value) == 0)
        };
        let state = |value: usize| match self.values.get(value) {
            Some(Some(_)) if value == last => InputState::Other,
            Some(Some(_)) if is_none_to_all(value) => InputState::Absent,
            Some(Some(scalar)) => InputState::Value(scalar.clone()),
            _ => InputState::Absent,
        };
        let mut states: Vec<InputState> = Vec::new();
        for value in (0..self.values.len()).filter(has) {
            let state = state(value);
            if !states.contains(&state) {
                states.push(state);
            }
        }
        states.sort();
        states
    }
}

impl Case<'_> {
    /// Returns true if an input may have a value, both by their places.
    pub(crate) fn has_value(&self, input: usize, value: usize) -> bool {
        self.values.get(input).is_some_and(|values| values >> value & 1 == 1)
    }

    /// Returns a number of the first policy, which is another one for each case that another policy decides.
    pub(crate) fn key(&self) -> usize {
        self.policies.first().map_or(0, |policy| Rc::as_ptr(policy).cast::<()>() as usize)
    }

    /// Returns the first policy as it decides the events of the case.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.policies.first().map(|policy| &***policy)
    }

    /// Returns the state of each input of the first policy on the events that it writes for the case.
    pub(crate) fn event_inputs(&self) -> Vec<InputState> {
        let inputs = self.policy().map_or(&[][..], |policy| &policy.reading().inputs);
        let numbers = self.numbers.iter().take(1).flatten();
        inputs.iter().zip(numbers).map(|(input, number)| input.state(*number)).collect()
    }

    /// Returns true if a condition of the first policy holds in the case.
    pub(crate) fn holds(&self, when: &When) -> bool {
        let sets: Vec<StateSet> = self.events.0.first().into_iter().flatten().map(|(_, set)| *set).collect();
        when.over(&sets) == Holds::Always
    }
}

/// Returns the set of the first values.
fn every(count: usize) -> Values {
    (1 << count) - 1
}

/// Adds the cubes over which every list has a first condition that holds, or none.
fn split(
    lists: &[Vec<Vec<(usize, Values)>>],
    cube: Vec<Values>,
    cubes: &mut Vec<Vec<Values>>,
) -> Result<(), TooLargeError> {
    // For each list the first condition that may hold counts.
    let open = lists.iter().find_map(|list| list.iter().find_map(|when| over(when, &cube)).flatten());
    let Some((input, set)) = open else {
        if cubes.len() >= MAX_CASES {
            return Err(TooLargeError);
        }
        cubes.push(cube);
        return Ok(());
    };
    for set in [set, !set] {
        let mut cube = cube.clone();
        cube.get_mut(input).into_iter().for_each(|own| *own &= set);
        split(lists, cube, cubes)?;
    }
    Ok(())
}

/// Returns nothing where a condition never holds; otherwise what decides it, if something does.
fn over(when: &[(usize, Values)], cube: &[Values]) -> Option<Option<(usize, Values)>> {
    let mut open = None;
    for (input, set) in when {
        let own = cube.get(*input).copied().unwrap_or(1);
        match own & set {
            0 => return None,
            both if both != own => open = open.or(Some((*input, *set))),
            _ => {}
        }
    }
    Some(open)
}
