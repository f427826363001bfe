//! What a change of a policy changes: for each destination the situations that are decided otherwise, all of them, as few rows as
//! say it, each with an event that shows it.

use super::check::{Check, check};
use super::conditions::Conditions;
use super::cover::{Cost, Cube, MAX_CUBES, cover, size};
use super::diagram::{Diagram, Diagrams};
use super::equivalence::EquivalenceClass;
use super::formula::{Formula, PrimeImplicants};
use super::function::{Function, function, reason};
use super::gate::{Gate, event_names, gate};
use super::inputs::Inputs;
use crate::event::Event;
use crate::fingerprint::TooLargeError;
use crate::model::{ConsentState, Destination, DestinationId, Enforce, IntegrationsState, Policy, Reading};
use crate::reason::Reason;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything that two policies decide otherwise. Names and labels, the order of lines and tests are no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Where they read the preferences, if that differs: before and after.
    pub reading: Option<(Reading, Reading)>,
    /// The wire ids that only one of them claims, and whether that is the new one: to the other they are unknown.
    pub categories: Vec<(String, bool)>,
    /// The names in the integrations object that only one of them claims, and whether that is the new one.
    pub integrations: Vec<(String, bool)>,
    /// The gates, if they are not the same: before and after.
    pub gate: Option<(Gate, Gate)>,
    /// What is checked against a ledger, if that is not the same: before and after.
    pub check: Option<(Option<Check>, Option<Check>)>,
    /// The pairs of states in which an event is dropped otherwise.
    pub drops: Vec<DropChange>,
    /// The destinations that are decided otherwise, by name.
    pub destinations: Vec<DestinationDiff>,
    /// The names of destinations of which nothing can be said: what they ask for has no diagram of reasonable size.
    pub too_large: Vec<String>,
}

/// Events of some states are dropped, or no more, or for another reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropChange {
    /// The state of the consent object.
    pub consent: ConsentState,
    /// The state of the integrations object.
    pub integrations: IntegrationsState,
    /// The reason that the old policy gives, if it drops the event.
    pub before: Option<String>,
    /// The reason that the new policy gives, if it drops the event.
    pub after: Option<String>,
}

/// What changes for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationDiff {
    /// Its own name.
    pub name: String,
    /// Whether both policies have it, or only one of them.
    pub presence: Presence,
    inputs: Inputs,
    /// What the policies that have it ask for, the old one first.
    formulas: Vec<Option<Formula>>,
    changes: PairChanges,
}

/// What changes for a destination, and for all that are alike but for their names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PairChanges {
    /// Whether the rows ask for what a destination needs as a whole, because by categories there would be too many.
    by_requirements: bool,
    found: Vec<ChangedCube>,
}

/// Situations that are decided otherwise, before they are put into words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ChangedCube {
    direction: Direction,
    cube: Cube,
    /// The first event of the cube, with a value for each category.
    event: Vec<usize>,
    /// How it is decided by the policies that have the destination, the old one first.
    reasons: Vec<Reason>,
}

/// Which policies have a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Both.
    Both,
    /// Only the new one.
    Added,
    /// Only the old one.
    Removed,
}

impl Presence {
    /// Returns what the old policy has, and the new one, of values for the policies that have the destination.
    fn split<T>(self, mut values: impl Iterator<Item = T>) -> (Option<T>, Option<T>) {
        let before = if self == Presence::Added { None } else { values.next() };
        (before, values.next())
    }
}

/// Situations that are decided otherwise, in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In which way.
    pub direction: Direction,
    /// Which situations.
    pub conditions: Conditions,
    /// An event in one of them, as JSON.
    pub witness: String,
    /// What the old policy says of that event: the reason, and of a refusal the wire ids that it names. `None` without the destination.
    pub before: Option<(Reason, Vec<String>)>,
    /// What the new policy says of it.
    pub after: Option<(Reason, Vec<String>)>,
}

/// In which way a situation is decided otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It was blocked and is delivered.
    Loosened,
    /// It was delivered and is blocked.
    Tightened,
    /// Only the reason is another one, or the categories that a refusal names.
    Reason,
}

impl Direction {
    /// All of them, the ones that matter most first.
    pub const ALL: [Direction; 3] = [Direction::Loosened, Direction::Tightened, Direction::Reason];

    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Loosened => "loosened",
            Direction::Tightened => "tightened",
            Direction::Reason => "reason",
        }
    }
}

impl Diff {
    /// True if the policies give every event the same decision, gate and ledger check: exactly then they have one fingerprint.
    pub fn is_empty(&self) -> bool {
        self.reading.is_none()
            && self.categories.is_empty()
            && self.integrations.is_empty()
            && self.gate.is_none()
            && self.check.is_none()
            && self.drops.is_empty()
            && self.destinations.is_empty()
            && self.too_large.is_empty()
    }

    /// Whether the situations are compared exactly. Where the policies read the preferences through other members of the event,
    /// they are compared as if each event had the same preferences in both places; where only one of them accepts a spelling that is
    /// not documented, as if no event had preferences under two spellings.
    pub fn is_exact(&self) -> bool {
        self.reading.as_ref().is_none_or(|(old, new)| old.is_comparable(new))
    }

    /// All changes of all destinations.
    pub fn changes(&self) -> impl Iterator<Item = (&DestinationDiff, Change)> {
        self.destinations.iter().flat_map(|one| one.changes().map(move |change| (one, change)))
    }
}

impl DestinationDiff {
    /// The situations that are decided otherwise: those that are loosened come first.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        let rows = self.rows();
        self.changes.found.iter().filter_map(move |found| self.change(found, &rows))
    }

    /// How many of its changes have a direction.
    pub fn count(&self, direction: Direction) -> usize {
        self.changes.found.iter().filter(|found| found.direction == direction).count()
    }

    /// What says which events the changes have: for the event as the old policy reads it, and as the new one does, the changes
    /// that have it, by their places.
    pub fn touching(&self) -> impl Fn(&Event<'_>, &Event<'_>) -> Vec<usize> {
        let rows = self.rows().into_owned();
        move |old, new| {
            let events = match self.presence {
                Presence::Both => vec![old, new],
                Presence::Added => vec![new],
                Presence::Removed => vec![old],
            };
            let Some(values) = rows.values_of(&events) else { return Vec::new() };
            let found = self.changes.found.iter().enumerate();
            found.filter(|(_, found)| found.cube.contains(&values)).map(|(place, _)| place).collect()
        }
    }

    /// What the rows ask for.
    fn rows(&self) -> Cow<'_, Inputs> {
        match self.changes.by_requirements {
            true => Cow::Owned(self.inputs.by_requirements(&self.formulas)),
            false => Cow::Borrowed(&self.inputs),
        }
    }

    fn change(&self, found: &ChangedCube, rows: &Inputs) -> Option<Change> {
        let (event, reading) = self.inputs.event(&found.event)?;
        let decided = found.reasons.iter().zip(&self.formulas).enumerate();
        let (before, after) = self.presence.split(decided.map(|(which, (reason, formula))| {
            let granted = |wire_id: &str| self.inputs.is_granted(which, wire_id, &found.event);
            let formula = formula.iter().filter(|_| *reason == Reason::Refused);
            (*reason, formula.flat_map(|formula| formula.refused(&granted)).collect())
        }));
        Some(Change {
            direction: found.direction,
            conditions: Conditions::of(rows, &found.cube),
            witness: event.to_json(&reading),
            before,
            after,
        })
    }
}

/// What the new policy decides otherwise than the old one.
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
/// assert_eq!(change.witness, r#"{"context":{"consent":{"categoryPreferences":{"A":true,"B":false}}}}"#);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn diff(old: &Policy, new: &Policy) -> Diff {
    let readings = (old.reading(), new.reading());
    let same_reading = readings.0.identity() == readings.1.identity();
    let wire_ids = |policy: &Policy| -> BTreeSet<String> {
        policy.categories().iter().map(|category| category.wire_id().to_owned()).collect()
    };
    let names = |policy: &Policy| -> BTreeSet<String> {
        policy.destinations().iter().flat_map(Destination::names).map(str::to_owned).collect()
    };
    let (mut destinations, mut too_large) = (Vec::new(), Vec::new());
    // Most destinations are alike but for their names and categories.
    let mut known = HashMap::new();
    let ids = [old, new].map(|policy| {
        let names = policy.destinations().iter().map(Destination::name);
        names.zip(policy.destination_ids()).collect::<BTreeMap<&str, DestinationId>>()
    });
    let are_settings_alike = same_reading && are_settings_alike(old, new);
    for name in ids.iter().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>() {
        let [old_id, new_id] = ids.each_ref().map(|ids| ids.get(name).copied());
        match destination(name, [(old, old_id), (new, new_id)], are_settings_alike, &mut known) {
            Ok(changed) => destinations.extend(changed),
            Err(TooLargeError) => too_large.push((*name).to_owned()),
        }
    }
    Diff {
        reading: (!same_reading).then(|| (readings.0.clone(), readings.1.clone())),
        categories: only_one(&wire_ids(old), &wire_ids(new)),
        integrations: only_one(&names(old), &names(new)),
        gate: Some((gate(old), gate(new))).filter(|(old, new)| old != new),
        check: Some((check(old), check(new))).filter(|(old, new)| old != new),
        drops: drops(old, new),
        destinations,
        too_large,
    }
}

/// What only one of two sets has, and whether it is the second.
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
                changes.push(DropChange { consent, integrations, before, after });
            }
        }
    }
    changes
}

/// Whether policies that read the same decide alike of every destination of which they say the same.
fn are_settings_alike(old: &Policy, new: &Policy) -> bool {
    let mut states = ConsentState::ALL
        .into_iter()
        .flat_map(|consent| IntegrationsState::ALL.map(|integrations| (consent, integrations)));
    let enforce = |policy: &'_ Policy, (consent, integrations)| -> Enforce {
        policy.reconcile().row(consent, integrations).enforce.clone()
    };
    event_names(old.exempt_events()) == event_names(new.exempt_events())
        && old.unmapped_destinations().value == new.unmapped_destinations().value
        && old.invalid_entries().value == new.invalid_entries().value
        && states.all(|state| enforce(old, state) == enforce(new, state))
}

type Side<'p> = (&'p Policy, Option<DestinationId>);

/// A destination that a policy has.
type Declared<'p> = (&'p Policy, DestinationId, &'p Destination);

/// What changes for the destination of a name, if anything does.
fn destination(
    name: &str,
    sides: [Side<'_>; 2],
    are_settings_alike: bool,
    known: &mut HashMap<PairClass, PairChanges>,
) -> Result<Option<DestinationDiff>, TooLargeError> {
    let compared = DestinationPair::of(sides);
    let class = PairClass::of(&compared);
    if are_settings_alike && class.is_unchanged() {
        return Ok(None);
    }
    let changes = match known.entry(class) {
        Entry::Occupied(changes) => changes.get().clone(),
        Entry::Vacant(place) => place.insert(compared.changes()?).clone(),
    };
    let DestinationPair { presence, inputs, formulas, .. } = compared;
    let is_changed = presence != Presence::Both || !changes.found.is_empty();
    Ok(is_changed.then(|| DestinationDiff { name: name.to_owned(), presence, inputs, formulas, changes }))
}

/// What tells destinations apart whose changes are not the same but for the names of destinations and categories.
#[derive(PartialEq, Eq, Hash)]
struct PairClass {
    presence: Presence,
    /// With the places of categories among the inputs for their names.
    declared: Vec<EquivalenceClass<Formula>>,
    /// For each name, whether it is one of the destination's in each policy.
    names: Vec<Vec<bool>>,
}

impl PairClass {
    fn of(compared: &DestinationPair<'_>) -> Self {
        let DestinationPair { declared, presence, inputs, formulas } = compared;
        let each = declared.iter().zip(formulas).map(|((policy, _, one), formula)| {
            EquivalenceClass::of(policy, one, formula.as_ref(), |formula| {
                formula.by_places(&inputs.categories)
            })
        });
        let is_own =
            |name: &String| declared.iter().map(|(_, _, one)| one.names().any(|own| own == name)).collect();
        PairClass {
            presence: *presence,
            declared: each.collect(),
            names: inputs.names.iter().map(is_own).collect(),
        }
    }

    /// Whether both policies say the same of the destination.
    fn is_unchanged(&self) -> bool {
        let is_alike = matches!(self.declared.as_slice(), [old, new] if old == new);
        is_alike && self.names.iter().flatten().all(|is_own| *is_own)
    }
}

/// A destination of the policies that have it, the old one first.
struct DestinationPair<'c> {
    declared: Vec<Declared<'c>>,
    presence: Presence,
    inputs: Inputs,
    formulas: Vec<Option<Formula>>,
}

impl<'c> DestinationPair<'c> {
    fn of(sides: [Side<'c>; 2]) -> Self {
        fn has((policy, id): Side<'_>) -> Option<Declared<'_>> {
            Some((policy, id?, policy.destination(id?)?))
        }
        let presence = match sides.map(|side| has(side).is_some()) {
            [true, true] => Presence::Both,
            [false, _] => Presence::Added,
            [true, false] => Presence::Removed,
        };
        let declared: Vec<Declared<'_>> = sides.into_iter().filter_map(has).collect();
        let ids: Vec<(&Policy, DestinationId)> =
            declared.iter().map(|(policy, id, _)| (*policy, *id)).collect();
        let formulas = declared.iter().map(|(policy, _, one)| Formula::of_destination(one, policy)).collect();
        DestinationPair { inputs: Inputs::of(&ids), declared, presence, formulas }
    }

    /// What changes, by categories if that does not take too many rows.
    fn changes(&self) -> Result<PairChanges, TooLargeError> {
        let needs = || self.inputs.by_requirements(&self.formulas);
        let Some(formula) = self.only_formula() else {
            return Ok(match self.found(&self.inputs, None) {
                Ok(found) => PairChanges { by_requirements: false, found },
                Err(TooLargeError) => {
                    PairChanges { by_requirements: true, found: self.found(&needs(), None)? }
                }
            });
        };
        // Where there are too many ways, they may not matter.
        let ways = formula.and_then(|formula| formula.prime_implicants(&self.inputs.categories).ok());
        let found = self.found(&needs(), ways.as_ref())?;
        Ok(match self.expanded(&found, ways.as_ref()) {
            Ok(found) => PairChanges { by_requirements: false, found },
            Err(TooLargeError) => PairChanges { by_requirements: true, found },
        })
    }

    /// The one formula whose being satisfied stands for all categories, or none where no policy asks for anything; `None` where
    /// policies ask for different things, or see different states in one consent object.
    fn only_formula(&self) -> Option<Option<&Formula>> {
        let mut asked = self.formulas.iter().flatten();
        let first = asked.next();
        let shapes = &self.inputs.shapes;
        let is_alike = asked.all(|other| Some(other) == first)
            && shapes.iter().all(|shape| shape.states.windows(2).all(|pair| pair.first() == pair.last()));
        is_alike.then_some(first)
    }

    /// What changes, in as few cubes as say it. Of `ways`, each cube that asks for a requirement is as many as it takes to say
    /// whether that is satisfied.
    fn found(
        &self,
        rows: &Inputs,
        ways: Option<&PrimeImplicants>,
    ) -> Result<Vec<ChangedCube>, TooLargeError> {
        let mut diagrams = Diagrams::new(rows.values())?;
        let mut functions = Vec::new();
        for (which, (policy, _, one)) in self.declared.iter().enumerate() {
            functions.push(function(&mut diagrams, rows, which, policy, one)?);
        }
        let (before, after) = self.presence.split(functions.iter());
        let ways_cost = ways.map(costs);
        let cost = |cube: &Cube, diagrams: &Diagrams| {
            let (one, conditions) = size(cube, diagrams);
            match (asked(cube, rows), ways_cost) {
                (Some(is_satisfied), Some([satisfied, unsatisfied])) => {
                    let (rows, own) = if is_satisfied { satisfied } else { unsatisfied };
                    (rows, rows * conditions.saturating_sub(1) + own)
                }
                _ => (one, conditions),
            }
        };
        let combinations = rows.combinations()?;
        let events = rows.events(&mut diagrams, &combinations)?;
        let mut found = Vec::new();
        for direction in Direction::ALL {
            let condition = condition(&mut diagrams, rows, direction, before, after)?;
            for cube in cover(&mut diagrams, condition, events, &cost)? {
                let (values, event) = rows.first_event(&cube, &combinations);
                let reasons = functions.iter().map(|one| reason(diagrams.at(one.reason, &values))).collect();
                found.push(ChangedCube { direction, cube, event, reasons });
            }
        }
        Ok(found)
    }

    /// The same with categories in the place of whether the requirement is satisfied.
    fn expanded(
        &self,
        found: &[ChangedCube],
        ways: Option<&PrimeImplicants>,
    ) -> Result<Vec<ChangedCube>, TooLargeError> {
        let inputs = &self.inputs;
        let first = inputs.first_category();
        let mut expanded = Vec::new();
        for direction in Direction::ALL {
            let mut cubes = Vec::new();
            for one in found.iter().filter(|one| one.direction == direction) {
                let whole =
                    one.cube.0.iter().copied().take(first).chain(inputs.categories.iter().map(|_| 0b11));
                let whole = Cube(whole.collect());
                let rows = match (asked(&one.cube, inputs), ways) {
                    (Some(true), Some(ways)) => ways.satisfied.iter().map(|row| (row, 0b10)).collect(),
                    (Some(false), Some(ways)) => ways.unsatisfied.iter().map(|row| (row, 0b01)).collect(),
                    (Some(_), None) => return Err(TooLargeError),
                    (None, _) => Vec::new(),
                };
                let with = |(row, values): &(&Vec<usize>, u64)| {
                    row.iter().fold(whole.clone(), |cube, place| cube.with(first + place, *values))
                };
                match rows.as_slice() {
                    [] => cubes.push((whole.clone(), &one.reasons)),
                    rows => cubes.extend(rows.iter().map(|row| (with(row), &one.reasons))),
                }
                if cubes.len() > MAX_CUBES {
                    return Err(TooLargeError);
                }
            }
            cubes.sort();
            expanded.extend(cubes.into_iter().map(|(cube, reasons)| {
                let (_, event) = inputs.first_event(&cube, &[]);
                ChangedCube { direction, cube, event, reasons: reasons.clone() }
            }));
        }
        Ok(expanded)
    }
}

/// How many rows say when a requirement is satisfied, and when it is not, and how many conditions they have.
fn costs(ways: &PrimeImplicants) -> [Cost; 2] {
    [&ways.satisfied, &ways.unsatisfied].map(|rows| (rows.len(), rows.iter().map(Vec::len).sum()))
}

/// Whether a cube asks for the requirement to be satisfied, or not to be; `None` where it does not matter to it.
fn asked(cube: &Cube, inputs: &Inputs) -> Option<bool> {
    let satisfied = inputs.first_category();
    match (cube.has(satisfied, 0), cube.has(satisfied, 1)) {
        (false, true) => Some(true),
        (true, false) => Some(false),
        _ => None,
    }
}

/// Where the situations are that changed in a direction.
fn condition(
    diagrams: &mut Diagrams,
    rows: &Inputs,
    direction: Direction,
    before: Option<&Function>,
    after: Option<&Function>,
) -> Result<Diagram, TooLargeError> {
    let delivered = |diagrams: &mut Diagrams, function: Option<&Function>| match function {
        Some(function) => function.delivers(diagrams),
        // A destination that the policy does not have receives nothing.
        None => Ok(Diagram::FALSE),
    };
    let (was, is) = (delivered(diagrams, before)?, delivered(diagrams, after)?);
    match direction {
        Direction::Loosened => diagrams.join(was, is, &|was, is| u32::from(was == 0 && is == 1)),
        Direction::Tightened => diagrams.join(was, is, &|was, is| u32::from(was == 1 && is == 0)),
        Direction::Reason => {
            let (Some(before), Some(after)) = (before, after) else { return Ok(Diagram::FALSE) };
            let mut other = diagrams.differing(before.reason, after.reason)?;
            let wire_ids: BTreeSet<&String> = before.refused.keys().chain(after.refused.keys()).collect();
            for wire_id in wire_ids {
                let named =
                    |function: &Function| function.refused.get(wire_id).copied().unwrap_or(Diagram::FALSE);
                let named = diagrams.differing(named(before), named(after))?;
                other = diagrams.or(other, named)?;
            }
            if let Some(variable) = rows.other_names() {
                let named = diagrams.literal(variable)?;
                let refused = |leaf| reason(leaf) == Reason::Refused;
                let both = diagrams.join(before.reason, after.reason, &|one, other| {
                    u32::from(refused(one) && refused(other))
                })?;
                let named = diagrams.and(both, named)?;
                other = diagrams.or(other, named)?;
            }
            let same_outcome = diagrams.join(was, is, &|was, is| u32::from(was == is))?;
            diagrams.and(other, same_outcome)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;

    /// The destination `X` of two policies.
    fn of_x<'p>(old: &'p Policy, new: &'p Policy) -> DestinationPair<'p> {
        DestinationPair::of([old, new].map(|policy| (policy, policy.destination_named("X"))))
    }

    /// One variable in the place of all categories gives as few rows, and as short ones, as all of them would.
    #[test]
    fn requirements_as_one_give_the_fewest_rows_too() {
        let policy = |prelude: &str, needs: &str, more: &str| {
            let text = format!(
                "consentry 1 policy \"p\" include prelude \"{prelude}\" category A category B category C category D \
                 category Z always destination \"X\" {needs} {more}"
            );
            Policy::parse(&text).unwrap()
        };
        let preludes = ["segment", "segment-strict", "segment-2023-overview", "segment-2023-reconcile"];
        let needs = [
            "needs A",
            "needs all of A, B, C",
            "needs any of A, B, C, Z",
            "needs all of A, (any of B, (all of C, D))",
            "needs any of (all of A, B), (all of B, C), (all of A, C)",
            "unmapped",
        ];
        let (mut compared, mut given_up) = (0, 0);
        for needs in needs {
            for (from, to) in preludes.iter().flat_map(|one| preludes.map(|other| (*one, other))) {
                for more in ["", "alias \"Y\"", "exempt", "disabled"] {
                    let (old, new) = (policy(from, needs, ""), policy(to, needs, more));
                    let one = of_x(&old, &new);
                    let all = one.found(&one.inputs, None).unwrap();
                    let as_one = one.changes().unwrap().found;
                    let size = |found: &[ChangedCube]| {
                        let conditions = found.iter().map(|found| {
                            let values = found.cube.0.iter().zip(one.inputs.values());
                            values.filter(|(values, count)| values.count_ones() as usize != *count).count()
                        });
                        (found.len(), conditions.sum::<usize>())
                    };
                    // Over all categories the search for the fewest may be given up, and what is left then is not the fewest.
                    assert!(size(&as_one) <= size(&all), "{needs} {more}, {from} -> {to}");
                    given_up += usize::from(size(&as_one) < size(&all));
                    compared += 1;
                }
            }
        }
        assert!(compared == 384 && given_up < 40, "{given_up} of {compared}");
    }

    /// Rows by what a destination needs are those by categories, for every event that both policies read.
    #[test]
    fn rows_by_needs_have_the_same_events() {
        let policy = |prelude: &str, needs: &str| {
            Policy::parse(&format!(
                "consentry 1 policy \"p\" include prelude \"{prelude}\" category A category B category C \
                 category Z always category S unenforced \"x\" destination \"X\" {needs}"
            ))
            .unwrap()
        };
        let needs = [
            "needs A",
            "needs all of A, B",
            "needs any of A, B",
            "needs all of A, (any of B, C)",
            "needs any of (all of A, B), C",
            "needs any of A, Z",
            "needs all of A, Z",
            "needs S",
            "unmapped",
            "exempt",
        ];
        let mut compared = 0;
        for (old, new) in
            [("segment", "segment"), ("segment", "segment-strict"), ("segment-strict", "segment")]
        {
            for (old_needs, new_needs) in needs.iter().flat_map(|one| needs.map(|other| (*one, other))) {
                let (old, new) = (policy(old, old_needs), policy(new, new_needs));
                let one = of_x(&old, &new);
                let inputs = &one.inputs;
                let rows = inputs.by_requirements(&one.formulas);
                let (by_categories, by_requirements) =
                    (one.found(inputs, None).unwrap(), one.found(&rows, None).unwrap());
                let mut values = vec![0; inputs.values().len()];
                loop {
                    let (event, reading) = inputs.event(&values).unwrap();
                    let text = event.to_json(&reading);
                    let read = |policy: &Policy| {
                        Event::read(text.as_bytes(), policy.reading(), &crate::Limits::default()).unwrap()
                    };
                    let (as_old, as_new) = (read(&old), read(&new));
                    let directions = |found: &[ChangedCube], inputs: &Inputs| -> BTreeSet<Direction> {
                        let values = inputs.values_of(&[&as_old, &as_new]).unwrap();
                        let has = found.iter().filter(|one| one.cube.contains(&values));
                        has.map(|one| one.direction).collect()
                    };
                    let expected = directions(&by_categories, inputs);
                    assert_eq!(
                        directions(&by_requirements, &rows),
                        expected,
                        "{text}: {old_needs} -> {new_needs}"
                    );
                    compared += 1;
                    // The next point, of all but the entries of the destination, which have nothing to do with what it needs.
                    let Some(next) = (0..values.len())
                        .filter(|variable| *variable != Inputs::FIRST_NAME)
                        .find(|variable| values[*variable] + 1 < inputs.values()[*variable])
                    else {
                        break;
                    };
                    values[next] += 1;
                    values[..next].iter_mut().for_each(|value| *value = 0);
                }
                // The first event of each row is in it, by categories too.
                for found in &by_requirements {
                    let is_in = |one: &&ChangedCube| {
                        one.direction == found.direction && one.cube.contains(&found.event)
                    };
                    assert!(by_categories.iter().any(|one| is_in(&one)), "{old_needs} -> {new_needs}");
                }
            }
        }
        assert!(compared > 20_000, "{compared}");
    }
}
