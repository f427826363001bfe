//! The events that pass the gate of only one of two policies (section 5 of the semantics).
//!
//! A gate is open if one of its openers is: a destination that receives the event, or a grant. No entry opens more when it is off, and no
//! category when it is not granted. So a pair of gates differs only if it does in one of these events: every entry is off, or every entry
//! but those of one destination, and no more is granted than one opener needs.

use super::cases::InputCases;
use super::diagram::Diagrams;
use super::formula::{Formula, Order};
use super::gate::{Gate, Open, Opens, event_names, gate};
use super::inputs::{listing, written, written_apart};
use super::overlap::{Overlap, Wired};
use crate::event::{Entry, Event, Form, Integrations, Name, Preference, forms};
use crate::fingerprint::TooLargeError;
use crate::model::{
    Category, ConsentState, GateOpens, IntegrationsState, InvalidEntries, Policy, Reading, Steps,
    UnmappedDestinations,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The gates of two policies, of which some event passes only one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateChange {
    /// The inputs of events for which the gate changes. `before` and `after` are about the first of them.
    pub inputs: InputCases,
    /// The old gate.
    pub before: Gate,
    /// The new gate.
    pub after: Gate,
    /// The events that pass only the new one.
    pub opened: Passing,
    /// The events that pass only the old one.
    pub closed: Passing,
}

/// The events that pass one gate and not another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passing {
    /// There is none.
    None,
    /// There are some: one of them, as JSON, or `None` where one event cannot hold the same consent at the places of both policies.
    Some(Option<String>),
    /// A requirement is too large for an exact answer.
    Unknown,
}

impl Passing {
    /// Returns true if there may be such an event.
    pub fn is_possible(&self) -> bool {
        *self != Passing::None
    }
}

/// Returns the gates of two policies if some event passes only one of them.
pub(super) fn gate_change(old: &Policy, new: &Policy) -> Option<GateChange> {
    let mut formulas = Vec::new();
    let gates = [old, new].map(|policy| Openers::of(policy, &mut formulas));
    let forms = forms(&[old.reading(), new.reading()]);
    let policies = [old, new];
    let mut owners: HashMap<(&str, bool), Vec<&str>> = HashMap::new();
    for policy in policies {
        let is_other = !policy.reading().has_shape_of(old.reading());
        for category in policy.categories() {
            for wire_id in category.wire_ids() {
                owners.entry((wire_id, is_other)).or_default().push(category.key());
            }
        }
    }
    let mut search = Search {
        policies,
        owners,
        formulas: &formulas,
        forms: &forms,
        bases: HashMap::new(),
        grants: HashMap::new(),
        too_large: HashSet::new(),
    };
    let [old_gate, new_gate] = &gates;
    let opened = search.passing((1, new_gate), (0, old_gate));
    let closed = search.passing((0, old_gate), (1, new_gate));
    let is_changed = opened.is_possible() || closed.is_possible();
    is_changed.then(|| GateChange {
        inputs: InputCases::default(),
        before: gate(old),
        after: gate(new),
        opened,
        closed,
    })
}

/// The grants with which something opens: none are needed, those that satisfy a formula, or no grants are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum When {
    Never,
    /// By the place of the formula.
    Granted(usize),
    Always,
}

/// The entries of a destination, those that open least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Own {
    Off,
    Unlisted,
    On,
}

/// A class of destinations that open alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Class {
    /// When the consent step passes, if the event is not exempt.
    consent: When,
    ignores_all: bool,
}

/// A destination that opens a gate when it receives the event.
struct Receiver<'p> {
    class: Class,
    names: BTreeSet<&'p str>,
}

/// What opens the gate of a policy.
struct Openers<'p> {
    policy: &'p Policy,
    /// The destinations, under `gate opens on delivery`.
    receivers: Vec<Receiver<'p>>,
    classes: BTreeSet<Class>,
    /// The place of each destination by its own name.
    by_name: HashMap<&'p str, usize>,
    /// By the place of a formula, the states in which it is satisfied although events list nothing.
    satisfied_in: HashMap<usize, [bool; ConsentState::ALL.len()]>,
    /// Under the other gates, whether events without a consent object pass, and the grants that others need.
    by_grants: Option<(bool, Vec<When>)>,
    preference_events: BTreeSet<String>,
    exempt_events: BTreeSet<String>,
}

impl<'p> Openers<'p> {
    fn of(policy: &'p Policy, formulas: &mut Vec<Formula>) -> Self {
        let mut places: HashMap<Formula, usize> = formulas.iter().cloned().zip(0..).collect();
        let mut satisfied_in = HashMap::new();
        let mut when = |formula: Formula| {
            if formula.is_satisfied(&|_| false) {
                return When::Always;
            }
            let is_satisfied = |state: ConsentState| {
                let granted = |key: &str| policy.always_grants(state, key);
                state != ConsentState::Answered && formula.is_satisfied(&granted)
            };
            let states = ConsentState::ALL.map(is_satisfied);
            let place = *places.entry(formula).or_insert_with_key(|formula| {
                formulas.push(formula.clone());
                formulas.len() - 1
            });
            satisfied_in.insert(place, states);
            When::Granted(place)
        };
        let mut receivers = Vec::new();
        let is_by_delivery = policy.gate_opens().value == GateOpens::Delivery;
        let enabled = policy.destinations().iter().filter(|one| one.disabled.is_none());
        for destination in enabled.filter(|_| is_by_delivery) {
            let consent = match Formula::of_destination(destination, policy) {
                _ if destination.exempt.is_some() => When::Always,
                Some(formula) => when(formula),
                None if destination.requirement().is_some() => When::Always,
                None => match policy.unmapped_destinations().value {
                    UnmappedDestinations::Deliver => When::Always,
                    UnmappedDestinations::Block => When::Never,
                },
            };
            let ignores_all = policy.kind_of(destination).is_some_and(|kind| kind.ignores_all.is_some());
            let names = destination.names().collect();
            receivers.push((destination, Receiver { class: Class { consent, ignores_all }, names }));
        }
        let by_grants = match gate(policy).opens {
            _ if is_by_delivery => None,
            // It is a gate by grants.
            Opens::Delivery => Some((true, vec![When::Always])),
            Opens::Grants { without_consent, open, .. } => {
                let granted = |key| when(Formula::Category { key, fixed: None });
                let whens = match open {
                    Open::Always => vec![When::Always],
                    Open::Any(keys) => keys.into_iter().map(granted).collect(),
                };
                Some((without_consent == Some(true), whens))
            }
        };
        let by_name = receivers.iter().map(|(destination, _)| destination.name()).zip(0..).collect();
        let receivers: Vec<Receiver<'p>> = receivers.into_iter().map(|(_, receiver)| receiver).collect();
        Openers {
            policy,
            classes: receivers.iter().map(|receiver| receiver.class).collect(),
            receivers,
            by_name,
            satisfied_in,
            by_grants,
            preference_events: event_names(policy.preference_events()),
            exempt_events: event_names(policy.exempt_events()),
        }
    }

    fn is_named(&self, event: Option<&str>) -> [bool; 2] {
        let is_in = |names: &BTreeSet<String>| event.is_some_and(|name| names.contains(name));
        [is_in(&self.preference_events), is_in(&self.exempt_events)]
    }

    /// Returns when something opens in a consent state: what needs grants does or does not where events list nothing.
    fn in_state(&self, when: When, state: ConsentState) -> When {
        let When::Granted(place) = when else { return when };
        let satisfied = self.satisfied_in.get(&place).and_then(|states| states.get(state as usize));
        match state {
            ConsentState::Answered => when,
            _ if satisfied == Some(&true) => When::Always,
            _ => When::Never,
        }
    }

    /// Returns when a destination of a class receives the event.
    fn when(&self, class: Class, own: Own, context: &Context<'_>, which: usize) -> When {
        let state = context.state(which);
        let [_, is_exempt] = self.is_named(context.event);
        let consent = match class.consent {
            _ if is_exempt => When::Always,
            consent => self.in_state(consent, state),
        };
        let own = if context.integrations == IntegrationsState::Present { own } else { Own::Unlisted };
        let is_all_off = match context.all {
            Some(Entry::Off) => true,
            Some(Entry::Invalid) => self.policy.invalid_entries().value == InvalidEntries::Off,
            _ => false,
        };
        let passes = match own {
            Own::Off => false,
            Own::Unlisted => class.ignores_all || !is_all_off,
            Own::On => true,
        };
        let always_if = |holds| if holds { When::Always } else { When::Never };
        let mut cell = Cell { consent, integrations: always_if(passes), listed: always_if(own == Own::On) };
        self.policy.reconcile().row(state, context.integrations).enforce.value.fold(&mut cell)
    }

    /// Returns the formulas of which one opens the gate when every entry is off; `None` where it is open anyway.
    fn least(&self, context: &Context<'_>, which: usize) -> Option<BTreeSet<usize>> {
        let [is_preference_event, _] = self.is_named(context.event);
        let whens: Vec<When> = match &self.by_grants {
            _ if is_preference_event => vec![When::Always],
            Some((without_consent, whens)) => match context.state(which) {
                ConsentState::Missing if *without_consent => vec![When::Always],
                ConsentState::Missing => Vec::new(),
                state => whens.iter().map(|when| self.in_state(*when, state)).collect(),
            },
            None => self.classes.iter().map(|class| self.when(*class, Own::Off, context, which)).collect(),
        };
        let mut formulas = BTreeSet::new();
        for when in whens {
            match when {
                When::Always => return None,
                When::Granted(formula) => drop(formulas.insert(formula)),
                When::Never => {}
            }
        }
        Some(formulas)
    }
}

/// A cell of the reconcile table, for one destination.
struct Cell {
    consent: When,
    integrations: When,
    listed: When,
}

impl Steps for Cell {
    type Value = When;

    fn nothing(&mut self) -> When {
        When::Always
    }

    fn drop(&mut self) -> When {
        When::Never
    }

    fn consent(&mut self) -> When {
        self.consent
    }

    fn integrations(&mut self) -> When {
        self.integrations
    }

    fn listed(&mut self) -> When {
        self.listed
    }

    fn then(&mut self, first: When, second: When) -> When {
        first.min(second)
    }

    fn or(&mut self, first: When, second: When) -> When {
        first.max(second)
    }
}

/// What an event has, but for entries of destinations and grants.
struct Context<'c> {
    form: &'c Form,
    integrations: IntegrationsState,
    event: Option<&'c str>,
    all: Option<Entry>,
}

impl Context<'_> {
    fn state(&self, which: usize) -> ConsentState {
        self.form.states.get(which).copied().unwrap_or(ConsentState::Malformed)
    }
}

/// Entries that let one destination of a gate receive an event, where all others are off.
struct Trial<'t> {
    class: Class,
    own: Own,
    names: &'t BTreeSet<&'t str>,
    on: Option<&'t str>,
    /// The names are invalid too: to one policy that is unlisted, and to the other one off.
    is_invalid: bool,
    /// The destinations of the other gate that have no other names than these.
    related: Vec<(Class, Own)>,
}

/// The categories that are granted, by wire id.
type Grants = BTreeSet<String>;

/// A gate, and the place of its policy.
type Side<'s> = (usize, &'s Openers<'s>);

struct Search<'s> {
    policies: [&'s Policy; 2],
    /// The keys of the categories of each wire id, of the old policy's shape and of another one.
    owners: HashMap<(&'s str, bool), Vec<&'s str>>,
    formulas: &'s [Formula],
    forms: &'s [Form],
    /// The number of each set of formulas.
    bases: HashMap<BTreeSet<usize>, usize>,
    /// The grants that satisfy a formula, and none of a numbered set and of some more.
    grants: HashMap<(usize, usize, Vec<usize>), Option<Grants>>,
    /// The formulas that are too large for an exact answer: one that was so once is not asked again.
    too_large: HashSet<usize>,
}

impl Search<'_> {
    /// Returns the events that pass one gate and not the other one.
    fn passing(&mut self, open: Side<'_>, closed: Side<'_>) -> Passing {
        let trials = trials(open.1, closed.1);
        let mut found = Passing::None;
        for context in contexts(self.forms, open.1, closed.1) {
            match self.in_context(&context, open, closed, &trials) {
                Ok(None) => {}
                Ok(Some(event)) => return Passing::Some(event),
                Err(TooLargeError) => found = Passing::Unknown,
            }
        }
        found
    }

    fn in_context(
        &mut self,
        context: &Context<'_>,
        open: Side<'_>,
        closed: Side<'_>,
        trials: &[Trial<'_>],
    ) -> Result<Option<Option<String>>, TooLargeError> {
        // Where it is open although every entry is off, it is never closed.
        let Some(base) = closed.1.least(context, closed.0) else { return Ok(None) };
        let next = self.bases.len();
        let number = *self.bases.entry(base.clone()).or_insert(next);
        let mut is_too_large = false;
        let whens: Vec<When> = match open.1.least(context, open.0) {
            None => vec![When::Always],
            Some(formulas) => formulas.into_iter().map(When::Granted).collect(),
        };
        let of_none = whens.into_iter().map(|when| (when, None));
        let is_present = context.integrations == IntegrationsState::Present;
        let of_one = trials
            .iter()
            .filter(|_| is_present)
            .map(|trial| (open.1.when(trial.class, trial.own, context, open.0), Some(trial)));
        let mut known = HashMap::new();
        for (when, trial) in of_none.chain(of_one) {
            if when == When::Never {
                continue;
            }
            let mut more = Vec::new();
            let related = trial.into_iter().flat_map(|trial| &trial.related);
            let mut is_open = false;
            for (class, own) in related {
                let when = *known
                    .entry((*class, *own))
                    .or_insert_with(|| closed.1.when(*class, *own, context, closed.0));
                match when {
                    When::Always => is_open = true,
                    When::Granted(formula) => more.push(formula),
                    When::Never => {}
                }
            }
            if is_open {
                continue;
            }
            let grants = match when {
                When::Granted(formula) => self.grants_of(formula, &base, number, more),
                _ => Ok(Some(Grants::new())),
            };
            match grants {
                Ok(None) => {}
                Ok(Some(grants)) => {
                    return Ok(Some(self.event(context, trial, closed, &grants)));
                }
                Err(TooLargeError) => is_too_large = true,
            }
        }
        if is_too_large { Err(TooLargeError) } else { Ok(None) }
    }

    /// Returns grants that satisfy a formula, and none of a numbered set and of some more; `None` where there are none.
    fn grants_of(
        &mut self,
        formula: usize,
        base: &BTreeSet<usize>,
        number: usize,
        more: Vec<usize>,
    ) -> Result<Option<Grants>, TooLargeError> {
        if base.contains(&formula) || more.contains(&formula) {
            return Ok(None);
        }
        if self.too_large.contains(&formula) {
            return Err(TooLargeError);
        }
        let key = (formula, number, more);
        if let Some(known) = self.grants.get(&key) {
            return Ok(known.clone());
        }
        let others = base.iter().chain(&key.2).filter_map(|place| self.formulas.get(*place));
        let others: Vec<&Formula> = others.collect();
        let found =
            self.formulas.get(formula).map_or(Ok(None), |formula| self.satisfied_alone(formula, &others));
        match &found {
            Ok(grants) => drop(self.grants.insert(key, grants.clone())),
            Err(TooLargeError) => drop(self.too_large.insert(formula)),
        }
        found
    }

    /// Returns the event of a trial, as JSON.
    fn event(
        &self,
        context: &Context<'_>,
        trial: Option<&Trial<'_>>,
        closed: Side<'_>,
        grants: &Grants,
    ) -> Option<String> {
        let lists = [0, 1].map(|which| self.list(which, grants));
        let together = || {
            let [old, new] = &lists;
            let both = old.iter().chain(new.iter().filter(|one| !old.contains(one))).cloned();
            let mut both: Vec<(Name<'_>, Preference)> = both.collect();
            let is_other = |name: &Name<'_>| self.policies.iter().all(|policy| !has_wire_id(policy, name));
            if both.iter().any(|(name, _)| !is_other(name)) {
                both.retain(|(name, _)| !is_other(name));
            }
            both
        };
        let (consent, reading) = context.form.consent(together);
        let mut entries: Vec<(Name<'_>, Entry)> = Vec::new();
        for (trial, name) in
            trial.into_iter().flat_map(|trial| trial.names.iter().map(move |name| (trial, name)))
        {
            let is_on = trial.on == Some(*name);
            let own = [trial.is_invalid.then_some(Entry::Invalid), is_on.then_some(Entry::On)];
            entries.extend(own.into_iter().flatten().map(|entry| (Name::from(*name), entry)));
        }
        // The trial's entries, for a destination that shares some of its names.
        let own = |receiver: &Receiver<'_>| match trial {
            Some(trial) if trial.is_invalid && !receiver.names.is_disjoint(trial.names) => Own::Off,
            Some(Trial { on: Some(on), .. }) if receiver.names.contains(on) => Own::On,
            _ => Own::Unlisted,
        };
        let is_open =
            |receiver: &Receiver<'_>| match closed.1.when(receiver.class, own(receiver), context, closed.0) {
                When::Always => true,
                When::Granted(formula) => self
                    .formulas
                    .get(formula)
                    .is_some_and(|formula| formula.is_satisfied(&|key: &str| grants.contains(key))),
                When::Never => false,
            };
        for receiver in closed.1.receivers.iter().filter(|receiver| is_open(receiver)) {
            let is_taken = |name: &&&str| trial.is_some_and(|trial| trial.names.contains(**name));
            let name = receiver.names.iter().find(|name| !is_taken(name));
            entries.extend(name.map(|name| (Name::from(*name), Entry::Off)));
        }
        entries.sort_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
        entries.dedup();
        entries.extend(context.all.map(|all| (Name::from("All"), all)));
        if entries.is_empty() {
            entries.push((Name::from("All"), Entry::On));
        }
        let integrations = match context.integrations {
            IntegrationsState::None => Integrations::Entries(Vec::new()),
            IntegrationsState::Malformed => Integrations::Malformed,
            IntegrationsState::Present => Integrations::Entries(entries),
        };
        let event = Event { consent, integrations, track: context.event.map(Name::from), ..Event::default() };
        match context.form.apart().len() {
            0 => written(&event, &reading, context.form),
            _ => written_apart(&event, context.form, &lists),
        }
    }

    /// Returns what an event lists for a policy if it grants these categories and no others.
    fn list<'l>(&self, which: usize, grants: &Grants) -> Vec<(Name<'l>, Preference)> {
        let Some(policy) = self.policies.get(which) else { return Vec::new() };
        let reading = policy.reading();
        let is_granted_unlisted = |one: &&Category| one.is_granted_by(reading.unlisted());
        let mut keys: BTreeSet<String> =
            policy.categories().iter().filter(is_granted_unlisted).map(|one| one.key().to_owned()).collect();
        keys.extend(grants.iter().filter(|key| policy.category_of_key(key).is_some()).cloned());
        let keys = self.with_overlapping(keys);
        let wired = self.wired(&keys);
        let mut list: Vec<(Name<'_>, Preference)> = Vec::new();
        let owned = |(wire_id, value): (&str, Preference)| (Name::from(wire_id.to_owned()), value);
        let overlaps = Overlap::all(&wired);
        let value = |place: usize| usize::from(keys.get(place).is_some_and(|key| grants.contains(key)));
        for (place, (one, _)) in wired.iter().enumerate() {
            if !overlaps.iter().any(|overlap| overlap.places.contains(&place)) {
                list.extend(listing(one, value(place), reading).map(owned));
            }
        }
        for overlap in &overlaps {
            let values: Vec<usize> = overlap.places.iter().map(|place| value(*place)).collect();
            let together = overlap.possible.as_ref().and_then(|possible| possible.get(&values));
            let together = together.into_iter().flatten();
            list.extend(together.map(|(wire_id, value)| owned((wire_id.as_str(), *value))));
        }
        if list.is_empty() {
            let is_taken = |name: &str| {
                self.policies.iter().any(|policy| {
                    !policy.reading().can_list(name)
                        || policy.categories().iter().any(|one| one.wire_ids().any(|own| own == name))
                })
            };
            let refused = reading.listed_values();
            let value = refused.iter().find(|value| **value == Preference::Refused).or(refused.first());
            let name = reading.unclaimed("?", is_taken);
            list.push((Name::from(name), value.copied().unwrap_or(Preference::Refused)));
        }
        list
    }

    /// Returns these categories, sorted, and those that share wire ids with them.
    fn with_overlapping(&self, keys: BTreeSet<String>) -> Vec<String> {
        let [old, _] = self.policies;
        let mut all = keys.clone();
        let mut left: Vec<String> = keys.into_iter().collect();
        while let Some(key) = left.pop() {
            for (wired, reading) in self.wired(&[key]) {
                let is_other = !reading.has_shape_of(old.reading());
                let owners =
                    wired.wire_ids.iter().filter_map(|one| self.owners.get(&(one.as_str(), is_other)));
                for owner in owners.flatten() {
                    if all.insert((*owner).to_owned()) {
                        left.push((*owner).to_owned());
                    }
                }
            }
        }
        all.into_iter().collect()
    }

    /// Returns what speaks of some categories, and the reading that lists each.
    fn wired(&self, keys: &[String]) -> Vec<(Wired, &Reading)> {
        let wired = keys.iter().filter_map(|key| {
            let own = self
                .policies
                .iter()
                .find_map(|policy| Some((policy.category_of_key(key)?, policy.reading())));
            own.map(|(category, reading)| (Wired::of(category), reading))
        });
        wired.collect()
    }

    /// Returns grants of a formula's own categories, and of those that share wire ids with them, that satisfy it and none of the others; `None`
    /// where there are none. Granting more never leaves a formula unsatisfied, so that no other category needs to be granted.
    fn satisfied_alone(
        &self,
        formula: &Formula,
        others: &[&Formula],
    ) -> Result<Option<Grants>, TooLargeError> {
        let own: BTreeSet<String> = formula.free().into_iter().map(str::to_owned).collect();
        let free = self.with_overlapping(own);
        satisfied_alone(formula, others, &free, &Overlap::all(&self.wired(&free)))
    }
}

fn has_wire_id(policy: &Policy, name: &Name<'_>) -> bool {
    policy.categories().iter().any(|category| category.wire_ids().any(|wire_id| *name == *wire_id))
}

/// Returns grants of free categories that satisfy a formula and none of the others, and that an event can have; `None` where there are none.
fn satisfied_alone(
    formula: &Formula,
    others: &[&Formula],
    free: &[String],
    overlaps: &[Overlap],
) -> Result<Option<Grants>, TooLargeError> {
    let order = Order::of([formula], free);
    let mut diagrams = Diagrams::new(vec![2; free.len()])?;
    let granted = |diagrams: &mut Diagrams, key: &str| order.literal(diagrams, key);
    let mut holds = formula.satisfied(&mut diagrams, &granted)?.whole;
    for overlap in overlaps {
        let variable = |place: usize| free.get(place).and_then(|key| order.variable(key));
        let possible = overlap.condition(&mut diagrams, &variable)?;
        holds = diagrams.and(holds, possible)?;
    }
    for other in
        others.iter().filter(|other| other.is_satisfied(&|key: &str| free.iter().any(|own| own == key)))
    {
        let satisfied = other.satisfied(&mut diagrams, &granted)?.whole;
        let not = diagrams.not(satisfied)?;
        holds = diagrams.and(holds, not)?;
    }
    let granted = diagrams.first(holds).map(|point| {
        let granted = point.iter().enumerate().filter(|(_, value)| **value == 1);
        granted.filter_map(|(variable, _)| free.get(order.place(variable)).cloned()).collect()
    });
    Ok(granted)
}

fn reads_invalid_as_off(openers: &Openers<'_>) -> bool {
    openers.policy.invalid_entries().value == InvalidEntries::Off
}

/// Returns every context in which gates may differ: one named event represents all that are listed alike.
fn contexts<'c>(
    forms: &'c [Form],
    open: &'c Openers<'_>,
    closed: &'c Openers<'_>,
) -> impl Iterator<Item = Context<'c>> {
    let names =
        [open, closed].into_iter().flat_map(|one| one.preference_events.iter().chain(&one.exempt_events));
    let mut events: Vec<Option<&str>> = vec![None];
    let mut seen = HashSet::new();
    for name in names.map(String::as_str) {
        if seen.insert((open.is_named(Some(name)), closed.is_named(Some(name)))) {
            events.push(Some(name));
        }
    }
    let objects = IntegrationsState::ALL.into_iter().flat_map(|state| {
        let alls = match state {
            IntegrationsState::Present => vec![None, Some(Entry::Off), Some(Entry::Invalid)],
            IntegrationsState::None | IntegrationsState::Malformed => vec![None],
        };
        alls.into_iter().map(move |all| (state, all))
    });
    let objects: Vec<(IntegrationsState, Option<Entry>)> = objects.collect();
    forms.iter().flat_map(move |form| {
        let objects = objects.clone();
        let events = events.clone();
        events.into_iter().flat_map(move |event| {
            let objects = objects.clone();
            objects.into_iter().map(move |(integrations, all)| Context { form, integrations, event, all })
        })
    })
}

/// Returns the trials of the destinations of a gate, one for all that come to the same.
fn trials<'t>(open: &'t Openers<'_>, closed: &Openers<'_>) -> Vec<Trial<'t>> {
    // An invalid entry that one reads as unlisted and the other as off opens no less of one, and closes all of the other.
    let is_invalid = !reads_invalid_as_off(open) && reads_invalid_as_off(closed);
    let (mut trials, mut seen) = (Vec::new(), HashSet::new());
    for receiver in &open.receivers {
        let (class, names) = (receiver.class, &receiver.names);
        let places = names.iter().filter_map(|name| closed.by_name.get(name)).filter(|_| !is_invalid);
        let others: Vec<&Receiver<'_>> = places
            .filter_map(|place| closed.receivers.get(*place))
            .filter(|other| other.names.is_subset(names))
            .collect();
        for on in std::iter::once(None).chain(names.iter().copied().map(Some)) {
            let own = if on.is_some() { Own::On } else { Own::Unlisted };
            let related = others.iter().map(|other| {
                let is_on = on.is_some_and(|on| other.names.contains(on));
                (other.class, if is_on { Own::On } else { Own::Unlisted })
            });
            let mut related: Vec<(Class, Own)> = related.collect();
            related.sort_unstable();
            related.dedup();
            if seen.insert((class, own, related.clone())) {
                trials.push(Trial { class, own, names, on, is_invalid, related });
            }
        }
    }
    trials
}
