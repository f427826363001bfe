//! What a change of a policy changes: for each destination the situations that are decided otherwise, all of them, as few rows as
//! say it, each with an event that shows it.

use super::cases::{Case, CaseEvents, Cases, InputCases};
use super::category_names::CategoryNames;
use super::check::Check;
use super::check_diff::{CheckChange, CheckComparison};
use super::conditions::Conditions;
use super::destination_pair::{
    ChangedCube, Decided, DestinationPair, Direction, PairChanges, PairClass, Presence, Side, Transition,
};
use super::diagram::Budget;
use super::formula::Formula;
use super::gate::{event_names, gate};
use super::gate_change::{GateChange, gate_change};
use super::inputs::Inputs;
use crate::event::Event;
use crate::fingerprint::TooLargeError;
use crate::model::{
    Batches, ConsentState, Destination, DestinationId, IntegrationsState, Policy, Reading, RouterKnows,
};
use crate::reason::Reason;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The decisions in which two policies differ. Names and labels, the order of lines and tests are no part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// The readings of the preferences, if they differ: before and after.
    pub reading: Option<(Reading, Reading)>,
    /// True if an input of one policy stands on the way to something that the other one reads, so that one event cannot have any values of both;
    /// also if an entry `All` that is no boolean makes the integrations object malformed to one of them alone.
    pub members_meet: bool,
    /// The wire ids that only one of them claims, and whether that is the new one: to the other they are unknown.
    pub categories: Vec<(String, bool)>,
    /// The names in the integrations object that only one of them claims, and whether that is the new one.
    pub integrations: Vec<(String, bool)>,
    /// The gates, if some event passes only one of them.
    pub gate: Option<GateChange>,
    /// The checks against a ledger, if they are not the same: before and after, where either may be none.
    pub check: Option<[Option<Check>; 2]>,
    /// The results of the check after which something is not the same.
    pub check_rows: Vec<CheckChange>,
    /// The values of `router knows`, if they are not the same: before and after. A policy without aliases is as one that sets `some names`.
    pub router: Option<(RouterKnows, RouterKnows)>,
    /// The values of `batches`, if they are not the same: before and after.
    pub batches: Option<(Batches, Batches)>,
    /// The pairs of states in which an event is dropped otherwise.
    pub drops: Vec<DropChange>,
    /// The destinations that are decided otherwise, by name.
    pub destinations: Vec<DestinationDiff>,
    /// The names of destinations that are not compared: their requirements have no diagram of reasonable size, or the policies read different
    /// places (see [`Diff::is_of_other_places`]).
    pub too_large: Vec<String>,
}

/// Events of some states are dropped, or no more, or for another reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DropChange {
    /// The reason that the new policy gives, if it drops the event.
    pub after: Option<String>,
    /// The reason that the old policy gives, if it drops the event.
    pub before: Option<String>,
    /// The state of the consent object.
    pub consent: ConsentState,
    /// The state of the integrations object.
    pub integrations: IntegrationsState,
    /// The inputs of the events.
    #[serde(skip_serializing_if = "InputCases::is_all")]
    pub inputs: InputCases,
}

impl DropChange {
    /// Returns true if the events are dropped as before, and for another reason.
    pub fn is_of_text(&self) -> bool {
        self.before.is_some() && self.after.is_some()
    }
}

/// The changes for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationDiff {
    /// Its own name.
    pub name: String,
    /// The policies that have it.
    pub presence: Presence,
    /// The changes in each case of the inputs that has some.
    parts: Vec<DiffPart>,
}

/// The changes for one destination in one case of the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DiffPart {
    /// The events of the case.
    events: InputCases,
    members: CaseEvents,
    inputs: Inputs,
    /// The requirements in the policies that have it, the old one first.
    formulas: Vec<Option<Formula>>,
    changes: PairChanges,
}

/// Situations that are decided otherwise. Every event in them is decided as `before` and `after` state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The way in which it changed.
    pub direction: Direction,
    /// The situations.
    pub conditions: Conditions,
    /// The inputs of their events.
    pub inputs: InputCases,
    /// The decision of the old policy. `None` without the destination.
    pub before: Option<Decided>,
    /// The decision of the new policy.
    pub after: Option<Decided>,
    /// One of the events. `None` where one event cannot hold the same consent at the places of both policies.
    pub witness: Option<Witness>,
}

/// An event of a change. The categories that a refusal names are facts of this event alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The event, as JSON.
    pub event: String,
    /// The wire ids that the refusal of the old policy names, sorted.
    pub refused_before: Vec<String>,
    /// The wire ids that the refusal of the new policy names, sorted.
    pub refused_after: Vec<String>,
}

impl Diff {
    /// Returns true if the policies give every event the same decision, gate and ledger check, give routers the same names, and set the same
    /// `batches`: exactly then they have one fingerprint.
    pub fn is_empty(&self) -> bool {
        *self == Diff::default()
    }

    /// Returns true if the situations are compared exactly. Where the policies read the preferences through other members of the event,
    /// they are compared as if each event had the same preferences in both places; where only one of them accepts a spelling that is
    /// not documented, as if no event had preferences under two spellings.
    pub fn is_exact(&self) -> bool {
        self.reading.as_ref().is_none_or(|(old, new)| old.is_comparable(new)) && !self.members_meet
    }

    /// Returns true if one of the policies reads several places, and the other one does not read the same: then nothing is compared.
    pub fn is_of_other_places(&self) -> bool {
        let has_several = |reading: &Reading| reading.places_rule().is_some();
        self.reading
            .as_ref()
            .is_some_and(|(old, new)| (has_several(old) || has_several(new)) && !old.is_comparable(new))
    }

    /// Returns true if the policies read the same consent, and only one of them counts foreign consent.
    pub fn is_reading_of_foreign_alone(&self) -> bool {
        self.reading.as_ref().is_some_and(|(old, new)| {
            let as_new = Reading { foreign: new.foreign, ..old.clone() };
            as_new.identity() == new.identity()
        })
    }

    /// Returns how many changes have a direction: rows of sheets, destinations of rows of the check, and, as another reason, drops whose
    /// text alone changes.
    pub fn count(&self, direction: Direction) -> usize {
        let sheets = self.destinations.iter().map(|one| one.count(direction)).sum::<usize>();
        let checked = self.check_rows.iter().flat_map(|row| &row.destinations);
        let checked = checked.filter(|one| one.witness(direction).is_some()).count();
        let is_text = |drop: &&DropChange| direction == Direction::Reason && drop.is_of_text();
        sheets + checked + self.drops.iter().filter(is_text).count()
    }

    /// Returns all changes of all destinations.
    pub fn changes(&self) -> impl Iterator<Item = (&DestinationDiff, Change)> {
        self.destinations.iter().flat_map(|one| one.changes().map(move |change| (one, change)))
    }
}

/// The most that the rows of a diff take, as [`DestinationDiff::size`] measures them.
const MAX_SIZE: usize = 60_000;

impl DestinationDiff {
    /// Returns how much room its rows take.
    fn size(&self) -> usize {
        self.parts.iter().map(DiffPart::size).sum()
    }

    /// Returns the situations that are decided otherwise: those that are loosened come first. Situations of several cases of the inputs that
    /// change alike are one.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.joined().into_iter().map(|(change, _)| change)
    }

    /// Returns the changes, each with the places of its rows: the part, and the row in it.
    fn joined(&self) -> Vec<(Change, Vec<(usize, usize)>)> {
        let mut all: Vec<(Change, Vec<(usize, usize)>)> = Vec::new();
        // Without inputs there is one part.
        let mut known: HashMap<String, usize> = HashMap::new();
        for (number, part) in self.parts.iter().enumerate() {
            let rows = part.rows();
            for (row, found) in part.changes.found.iter().enumerate() {
                let change = part.change(self.presence, found, &rows);
                let place = match self.parts.len() {
                    1 => all.len(),
                    _ => {
                        let Change { direction, conditions, before, after, .. } = &change;
                        let key = format!("{direction} {conditions} {before:?} {after:?}");
                        *known.entry(key).or_insert(all.len())
                    }
                };
                match all.get_mut(place) {
                    Some((same, rows)) => {
                        same.inputs.add(change.inputs);
                        same.witness = same.witness.take().or(change.witness);
                        rows.push((number, row));
                    }
                    None => all.push((change, vec![(number, row)])),
                }
            }
        }
        all.sort_by_key(|(change, _)| change.direction);
        all
    }

    /// Returns how many of its changes have a direction.
    pub fn count(&self, direction: Direction) -> usize {
        let of = |part: &DiffPart| {
            part.changes.found.iter().filter(|found| found.transition.direction == direction).count()
        };
        match self.parts.as_slice() {
            [only] => of(only),
            _ => self.changes().filter(|change| change.direction == direction).count(),
        }
    }

    /// Returns a function that finds the changes of an event: for the event as the old policy reads it, and as the new one does, the changes
    /// that have it, by their places.
    pub fn touching(&self) -> impl Fn(&Event<'_>, &Event<'_>) -> Vec<usize> {
        let joined: Vec<Vec<(usize, usize)>> = self.joined().into_iter().map(|(_, rows)| rows).collect();
        let parts: Vec<Inputs> = self.parts.iter().map(|part| part.rows().into_owned()).collect();
        move |old, new| {
            let (both, events) = match self.presence {
                Presence::Both => (vec![(0, old), (1, new)], vec![old, new]),
                Presence::Added => (vec![(1, new)], vec![new]),
                Presence::Removed => (vec![(0, old)], vec![old]),
            };
            let mut own: Vec<(usize, usize)> = Vec::new();
            for (number, (part, rows)) in self.parts.iter().zip(&parts).enumerate() {
                let is_one_place = rows.shapes.iter().all(|form| form.elsewhere().is_empty());
                // Rows are about events that hold the same consent at the places of both policies.
                let is_meant = is_one_place || old.consent == new.consent;
                let is_of_case = part.members.has(&both);
                let values = rows.values_of(&events).filter(|_| is_meant && is_of_case);
                let Some(values) = values else { continue };
                let found = part.changes.found.iter().enumerate();
                let found = found.filter(|(_, found)| found.cube.contains(&values));
                own.extend(found.map(|(row, _)| (number, row)));
            }
            let has = |rows: &Vec<(usize, usize)>| rows.iter().any(|row| own.contains(row));
            joined.iter().enumerate().filter(|(_, rows)| has(rows)).map(|(place, _)| place).collect()
        }
    }
}

impl DiffPart {
    /// Returns how much room its rows take: 1 for each, and more for what each repeats, its inputs and the text of their names.
    fn size(&self) -> usize {
        let names = self.inputs.names.iter().chain(&self.inputs.categories);
        let text: usize = names.clone().map(String::len).sum();
        self.changes.found.len() * (1 + names.count() / 16 + text / 1024)
    }

    /// Returns the inputs of the rows.
    fn rows(&self) -> Cow<'_, Inputs> {
        match self.changes.by_requirements {
            true => Cow::Owned(self.inputs.by_requirements(&self.formulas)),
            false => Cow::Borrowed(&self.inputs),
        }
    }

    fn change(&self, presence: Presence, found: &ChangedCube, rows: &Inputs) -> Change {
        let Transition { direction, before, after } = found.transition.clone();
        let formulas = presence.split(self.formulas.iter().enumerate());
        let refused = |decided: &Option<Decided>, formula: Option<(usize, &Option<Formula>)>| {
            let is_refused = decided.as_ref().is_some_and(|decided| decided.reason == Reason::Refused);
            let Some((which, Some(formula))) = formula.filter(|_| is_refused) else { return Vec::new() };
            let granted = |key: &str| self.inputs.is_granted(which, key, &found.event);
            formula.refused(&granted).into_iter().collect()
        };
        let (refused_before, refused_after) = (refused(&before, formulas.0), refused(&after, formulas.1));
        let event = self.inputs.json(&found.event);
        let witness = event.map(|event| Witness { event, refused_before, refused_after });
        let conditions = Conditions::of(rows, &found.cube);
        Change { direction, conditions, inputs: self.events.clone(), before, after, witness }
    }
}

/// Returns what the new policy decides otherwise than the old one.
///
/// ```
/// use consentry::Policy;
/// use consentry::exact::{Direction, diff};
///
/// let policy = |needs: &str| {
///     Policy::parse(&format!(
///         r#"consentry 1 policy "p" include prelude "segment-strict"
///            category A category B destination "Braze" needs {needs}"#
///     ))
/// };
/// let diff = diff(&policy("A, B")?, &policy("A")?);
/// let change = diff.changes().map(|(_, change)| change).find(|one| one.direction == Direction::Loosened).unwrap();
/// assert_eq!(change.witness.unwrap().event, r#"{"context":{"consent":{"categoryPreferences":{"A":true,"B":false}}}}"#);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn diff(old: &Policy, new: &Policy) -> Diff {
    let mut cases = Cases::new(&[old, new]);
    let same_reading = old.reading().identity() == new.reading().identity();
    let has_other_places =
        old.reading().places_rule().is_some() && !old.reading().is_comparable(new.reading());
    let mut whole = Diff {
        reading: (!same_reading || has_other_places).then(|| (old.reading().clone(), new.reading().clone())),
        members_meet: members_meet(old.reading(), new.reading())
            || old.reading().all_is_boolean != new.reading().all_is_boolean,
        ..Diff::default()
    };
    if whole.is_of_other_places() {
        // A value at one place does not determine the values at the others.
        let names = [old, new].into_iter().flat_map(Policy::destinations).map(Destination::name);
        whole.too_large.extend(names.collect::<BTreeSet<&str>>().into_iter().map(str::to_owned));
        return whole;
    }
    match cases.of(None, &[]) {
        Ok(all) => all.iter().for_each(|case| whole.add(case, None)),
        // The gate depends on too many inputs together. Each destination depends on few.
        Err(TooLargeError) => {
            whole.too_large.push("the gate".to_owned());
            let names = [old, new].into_iter().flat_map(Policy::destinations).map(Destination::name);
            for name in names.collect::<BTreeSet<&str>>() {
                let ids = [old, new].map(|policy| policy.destination_named(name));
                let [old_ids, new_ids] = ids.each_ref().map(|id| id.as_slice());
                match cases.of(Some(&[old_ids, new_ids]), &[]) {
                    Ok(own) => own.iter().for_each(|case| whole.add(case, Some(name))),
                    Err(TooLargeError) => whole.too_large.push(name.to_owned()),
                }
            }
        }
    }
    whole
}

/// Returns true if an input of one reading stands on the way to something that the other one reads.
fn members_meet(old: &Reading, new: &Reading) -> bool {
    let inputs =
        |reading: &Reading| reading.inputs.iter().map(|input| input.path.clone()).collect::<Vec<_>>();
    let preferences = |reading: &Reading| {
        reading
            .paths()
            .map(|path| path.into_iter().map(str::to_owned).collect())
            .collect::<Vec<Vec<String>>>()
    };
    let is_on_way = |one: &Vec<String>, other: &Vec<String>| one.starts_with(other) || other.starts_with(one);
    [(old, new), (new, old)].into_iter().any(|(one, other)| {
        inputs(one).iter().any(|own| {
            preferences(other).iter().any(|path| is_on_way(own, path))
                || inputs(other).iter().any(|path| own != path && is_on_way(own, path))
        })
    })
}

impl Diff {
    /// Adds what changes in a case of the inputs: for all destinations, or for the one of a name alone.
    fn add(&mut self, case: &Case<'_>, only: Option<&str>) {
        let [old, new] = case.policies.as_slice() else { return };
        let own = of_case(old, new, only);
        (self.categories, self.integrations) = (own.categories, own.integrations);
        (self.router, self.batches) = (own.router, own.batches);
        match (&mut self.gate, own.gate) {
            (Some(gate), Some(_)) => gate.inputs.add(case.inputs.clone()),
            (None, Some(gate)) => self.gate = Some(GateChange { inputs: case.inputs.clone(), ..gate }),
            (_, None) => {}
        }
        if self.check.is_none() {
            self.check = own.check;
        }
        for row in own.check_rows {
            let is_same = |known: &&mut CheckChange| {
                known.result == row.result && known.before == row.before && known.after == row.after
            };
            match self.check_rows.iter_mut().find(is_same) {
                Some(known) => known.add(row),
                None => self.check_rows.push(row),
            }
        }
        for drop in own.drops {
            let drop = DropChange { inputs: case.inputs.clone(), ..drop };
            let is_same = |known: &&mut DropChange| {
                let inputs = known.inputs.clone();
                **known == DropChange { inputs, ..drop.clone() }
            };
            match self.drops.iter_mut().find(is_same) {
                Some(known) => known.inputs.add(drop.inputs),
                None => self.drops.push(drop),
            }
        }
        for mut one in own.destinations {
            for part in &mut one.parts {
                (part.events, part.members) = (case.inputs.clone(), case.events.clone());
            }
            match self.destinations.iter_mut().find(|known| known.name == one.name) {
                Some(known) => known.parts.append(&mut one.parts),
                None => self.destinations.push(one),
            }
        }
        for name in own.too_large {
            if !self.too_large.contains(&name) {
                self.too_large.push(name);
            }
        }
        self.destinations.sort_by(|one, other| one.name.cmp(&other.name));
    }
}

/// Returns what two policies without conditions decide otherwise: for all destinations, or for the one of a name alone.
fn of_case(old: &Policy, new: &Policy, only: Option<&str>) -> Diff {
    let readings = (old.reading(), new.reading());
    let same_reading = readings.0.identity() == readings.1.identity();
    let wire_ids = |policy: &Policy| -> BTreeSet<String> {
        policy.categories().iter().flat_map(|category| category.wire_ids().map(str::to_owned)).collect()
    };
    let names = |policy: &Policy| -> BTreeSet<String> {
        policy.destinations().iter().flat_map(Destination::names).map(str::to_owned).collect()
    };
    let (mut destinations, mut too_large) = (Vec::new(), Vec::new());
    // Most destinations are alike but for their names and categories.
    let mut known = HashMap::new();
    let (mut budget, mut size_left) = (Budget::default(), MAX_SIZE);
    let ids = [old, new].map(|policy| {
        let names = policy.destinations().iter().map(Destination::name);
        names.zip(policy.destination_ids()).collect::<BTreeMap<&str, DestinationId>>()
    });
    let category_names = CategoryNames::of(&[old, new]);
    let are_settings_alike = same_reading && are_settings_alike(old, new);
    let mut comparison = CheckComparison::new(old, new);
    let all = ids.iter().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>();
    for name in all.into_iter().filter(|name| only.is_none_or(|only| only == **name)) {
        let [old_id, new_id] = ids.each_ref().map(|ids| ids.get(name).copied());
        let changed = destination(
            name,
            [(old, old_id), (new, new_id)],
            &category_names,
            are_settings_alike,
            &mut known,
            &mut budget,
        );
        let checked = match old_id.zip(new_id) {
            Some((old_id, new_id)) => comparison.add(name, [old_id, new_id], &category_names, &mut budget),
            None => Ok(()),
        };
        let mut is_compared = changed.is_ok() && checked.is_ok();
        let changed = changed.ok().flatten();
        match size_left.checked_sub(changed.as_ref().map_or(0, DestinationDiff::size)) {
            Some(left) => {
                size_left = left;
                destinations.extend(changed);
            }
            None => is_compared = false,
        }
        if !is_compared {
            too_large.push((*name).to_owned());
        }
    }
    let (check, check_rows) = comparison.finish();
    Diff {
        reading: None,
        members_meet: false,
        categories: only_one(&wire_ids(old), &wire_ids(new)),
        integrations: only_one(&names(old), &names(new)),
        gate: match same_reading && destinations.is_empty() && too_large.is_empty() {
            // Gates of equal decisions compare equal.
            _ if only.is_some() => None,
            true if gate(old) == gate(new) => None,
            _ => gate_change(old, new),
        },
        check,
        check_rows,
        router: router(old, new),
        batches: Some((old.batches().value, new.batches().value)).filter(|(old, new)| old != new),
        drops: drops(old, new),
        destinations,
        too_large,
    }
}

fn router(old: &Policy, new: &Policy) -> Option<(RouterKnows, RouterKnows)> {
    // Without aliases the own name is the only one, so that the setting makes no difference.
    let [old, new] = [old, new].map(|policy| policy.router_known_names().unwrap_or(RouterKnows::SomeNames));
    (old != new).then_some((old, new))
}

/// Returns the names that only one of two sets has, and whether it is the second.
fn only_one(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Vec<(String, bool)> {
    old.symmetric_difference(new).map(|name| (name.clone(), new.contains(name))).collect()
}

fn drops(old: &Policy, new: &Policy) -> Vec<DropChange> {
    let mut changes = Vec::new();
    let may_be = |state: &ConsentState| old.reading().has_state(*state) || new.reading().has_state(*state);
    for consent in ConsentState::ALL.into_iter().filter(may_be) {
        for integrations in IntegrationsState::ALL {
            let drop = |policy: &Policy| {
                policy.reconcile().row(consent, integrations).drop_reason().map(str::to_owned)
            };
            let (before, after) = (drop(old), drop(new));
            if before != after {
                let inputs = InputCases::default();
                changes.push(DropChange { consent, integrations, inputs, before, after });
            }
        }
    }
    changes
}

/// Returns true if policies that read the same decide alike of every destination of which they say the same.
fn are_settings_alike(old: &Policy, new: &Policy) -> bool {
    let cells = |policy: &Policy| {
        let row = |consent, integrations| policy.reconcile().row(consent, integrations).enforce.value.clone();
        ConsentState::ALL.map(|consent| IntegrationsState::ALL.map(|integrations| row(consent, integrations)))
    };
    event_names(old.exempt_events()) == event_names(new.exempt_events())
        && old.unmapped_destinations().value == new.unmapped_destinations().value
        && old.invalid_entries().value == new.invalid_entries().value
        && cells(old) == cells(new)
}

/// Returns the changes for the destination of a name, if there are any.
fn destination(
    name: &str,
    sides: [Side<'_>; 2],
    category_names: &CategoryNames,
    are_settings_alike: bool,
    known: &mut HashMap<PairClass, Result<PairChanges, TooLargeError>>,
    budget: &mut Budget,
) -> Result<Option<DestinationDiff>, TooLargeError> {
    let compared = DestinationPair::of(sides, category_names);
    let class = PairClass::of(&compared);
    if are_settings_alike && class.is_unchanged() {
        return Ok(None);
    }
    let changes = match known.entry(class) {
        Entry::Occupied(changes) => changes.get().clone()?,
        Entry::Vacant(place) => place.insert(compared.changes(budget)).clone()?,
    };
    let DestinationPair { presence, inputs, formulas, .. } = compared;
    let is_changed = presence != Presence::Both || !changes.found.is_empty();
    let (events, members) = (InputCases::default(), CaseEvents::default());
    let part = || DiffPart { events, members, inputs, formulas, changes };
    Ok(is_changed.then(|| DestinationDiff { name: name.to_owned(), presence, parts: vec![part()] }))
}
