//! What a change of a policy changes: for each destination the situations that are decided otherwise, all of them, as few rows as
//! say it, each with an event that shows it.

use super::json;
use crate::event::Event;
use crate::exact::Conditions;
use crate::exact::TooLarge;
use crate::exact::cover::{Cost, Cube, MAX_CUBES, cover, size};
use crate::exact::diagram::{Diagram, Diagrams};
use crate::exact::formula::{Formula, Ways};
use crate::exact::function::{Function, function, reason};
use crate::exact::inputs::Inputs;
use crate::model::{ConsentState, Destination, DestinationId, IntegrationsState, Policy, Reading};
use crate::reason::{Outcome, Reason};
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
    /// The pairs of states in which an event is dropped otherwise.
    pub drops: Vec<DropChange>,
    /// The destinations that are decided otherwise, by name.
    pub destinations: Vec<DestinationDiff>,
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
    found: Vec<Found>,
}

/// Situations that are decided otherwise, before they are put into words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    direction: Direction,
    cube: Cube,
    /// How the first event of the cube is decided by the policies that have the destination, the old one first.
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
    pub fn word(self) -> &'static str {
        match self {
            Direction::Loosened => "loosened",
            Direction::Tightened => "tightened",
            Direction::Reason => "reason",
        }
    }
}

impl Diff {
    /// Whether the policies decide every event alike: exactly then they have one fingerprint.
    pub fn is_empty(&self) -> bool {
        self.reading.is_none()
            && self.categories.is_empty()
            && self.integrations.is_empty()
            && self.drops.is_empty()
            && self.destinations.is_empty()
    }

    /// Whether the situations are compared exactly. Where the policies read the preferences through other members of the event,
    /// they are compared as if each event had the same preferences in both places.
    pub fn is_exact(&self) -> bool {
        self.reading.as_ref().is_none_or(|(old, new)| parents(old) == parents(new))
    }

    /// All changes of all destinations.
    pub fn changes(&self) -> impl Iterator<Item = (&DestinationDiff, Change)> {
        self.destinations.iter().flat_map(|one| one.changes().map(move |change| (one, change)))
    }
}

impl DestinationDiff {
    /// The situations that are decided otherwise: those that are loosened come first.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.found.iter().filter_map(|found| self.change(found))
    }

    /// How many of its changes have a direction.
    pub fn count(&self, direction: Direction) -> usize {
        self.found.iter().filter(|found| found.direction == direction).count()
    }

    /// In which of its changes an event is, by their places: the event as the old policy reads it, and as the new one does.
    pub fn touching(&self, old: &Event<'_>, new: &Event<'_>) -> impl Iterator<Item = usize> {
        let values = match self.presence {
            Presence::Both => self.inputs.values_of(&[old, new]),
            Presence::Added => self.inputs.values_of(&[new]),
            Presence::Removed => self.inputs.values_of(&[old]),
        };
        let is_in = move |found: &Found| values.as_ref().is_some_and(|values| found.cube.contains(values));
        self.found.iter().enumerate().filter(move |(_, found)| is_in(found)).map(|(place, _)| place)
    }

    fn change(&self, found: &Found) -> Option<Change> {
        let values = self.inputs.first_event(&found.cube);
        let (event, reading) = self.inputs.event(&values)?;
        let mut said =
            found.reasons.iter().zip(&self.formulas).enumerate().map(|(which, (reason, formula))| {
                let refused = formula.as_ref().filter(|_| *reason == Reason::Refused);
                let granted = |wire_id: &str| self.inputs.is_granted(which, wire_id, &values);
                (
                    *reason,
                    refused
                        .map(|formula| formula.refused(&granted).into_iter().collect())
                        .unwrap_or_default(),
                )
            });
        Some(Change {
            direction: found.direction,
            conditions: Conditions::of(&self.inputs, &found.cube),
            witness: json(&event, &reading),
            before: if self.presence == Presence::Added { None } else { said.next() },
            after: if self.presence == Presence::Removed { None } else { said.next() },
        })
    }
}

fn parents(reading: &Reading) -> &[String] {
    let Reading::Preferences { parents, .. } = reading;
    parents
}

fn spellings(reading: &Reading) -> BTreeSet<&str> {
    let Reading::Preferences { spellings, .. } = reading;
    spellings.iter().map(String::as_str).collect()
}

/// What the new policy decides otherwise than the old one.
///
/// # Errors
///
/// [`TooLarge`] for a requirement whose decision has no diagram of reasonable size.
///
/// ```
/// use consentry::Policy;
/// use consentry::analysis::{Direction, diff};
///
/// let policy = |needs: &str| {
///     Policy::parse(&format!(
///         r#"consentry 1 policy "p" include prelude "segment-strict"
///            category A category B destination "Braze" needs {needs}"#
///     ))
/// };
/// let diff = diff(&policy("A, B")?, &policy("A")?).unwrap();
/// let change = diff.changes().map(|(_, change)| change).find(|one| one.direction == Direction::Loosened).unwrap();
/// assert_eq!(change.witness, r#"{"context":{"consent":{"categoryPreferences":{"A":true,"B":false}}}}"#);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn diff(old: &Policy, new: &Policy) -> Result<Diff, TooLarge> {
    let readings = (old.reading(), new.reading());
    let same_reading =
        parents(readings.0) == parents(readings.1) && spellings(readings.0) == spellings(readings.1);
    let wire_ids = |policy: &Policy| -> BTreeSet<String> {
        policy.categories().iter().map(|category| category.wire_id().to_owned()).collect()
    };
    let names = |policy: &Policy| -> BTreeSet<String> {
        policy.destinations().iter().flat_map(Destination::names).map(str::to_owned).collect()
    };
    let mut destinations = Vec::new();
    // Most destinations are alike but for their names and categories.
    let mut known = HashMap::new();
    let by_name = |policy: &'_ Policy| -> BTreeMap<String, DestinationId> {
        policy
            .destination_ids()
            .zip(policy.destinations())
            .map(|(id, one)| (one.name().to_owned(), id))
            .collect()
    };
    let (old_ids, new_ids) = (by_name(old), by_name(new));
    let all: BTreeSet<&String> = old_ids.keys().chain(new_ids.keys()).collect();
    for name in all {
        let sides = [(old, old_ids.get(name).copied()), (new, new_ids.get(name).copied())];
        destinations.extend(destination(name, sides, &mut known)?);
    }
    Ok(Diff {
        reading: (!same_reading).then(|| (readings.0.clone(), readings.1.clone())),
        categories: only_one(&wire_ids(old), &wire_ids(new)),
        integrations: only_one(&names(old), &names(new)),
        drops: drops(old, new),
        destinations,
    })
}

/// What only one of two sets has, and whether it is the second.
fn only_one(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Vec<(String, bool)> {
    old.symmetric_difference(new).map(|name| (name.clone(), new.contains(name))).collect()
}

fn drops(old: &Policy, new: &Policy) -> Vec<DropChange> {
    let mut changes = Vec::new();
    // Where the event itself holds the preferences, no event is without a place for them.
    let is_event = parents(old.reading()).is_empty() && parents(new.reading()).is_empty();
    for consent in ConsentState::ALL.into_iter().filter(|state| !is_event || *state != ConsentState::Missing)
    {
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

type Side<'p> = (&'p Policy, Option<DestinationId>);

/// A destination that a policy has.
type Declared<'p> = (&'p Policy, DestinationId, &'p Destination);

/// What changes for the destination of a name, if anything does.
fn destination(
    name: &str,
    sides: [Side<'_>; 2],
    known: &mut HashMap<Form, Vec<Found>>,
) -> Result<Option<DestinationDiff>, TooLarge> {
    fn has((policy, id): Side<'_>) -> Option<Declared<'_>> {
        Some((policy, id?, policy.destination(id?)?))
    }
    let presence = match sides.map(|side| has(side).is_some()) {
        [true, true] => Presence::Both,
        [false, _] => Presence::Added,
        [true, false] => Presence::Removed,
    };
    let declared: Vec<Declared<'_>> = sides.into_iter().filter_map(has).collect();
    let ids: Vec<(&Policy, DestinationId)> = declared.iter().map(|(policy, id, _)| (*policy, *id)).collect();
    let inputs = Inputs::of(&ids);
    let formulas: Vec<Option<Formula>> = declared
        .iter()
        .map(|(policy, _, one)| one.requirement().and_then(|requirement| Formula::of(requirement, policy)))
        .collect();
    let form = Form::of(&declared, presence, &inputs, &formulas);
    let found = match known.get(&form) {
        Some(found) => found.clone(),
        None => {
            let found = match only_formula(&inputs, &formulas) {
                Some(formula) => {
                    // Where there are too many ways, they may not matter.
                    let ways = formula.and_then(|formula| formula.ways(&inputs.categories).ok());
                    let found = self::found(&declared, presence, &inputs.whole(formula), ways.as_ref())?;
                    expanded(&found, &inputs, ways.as_ref())?
                }
                None => self::found(&declared, presence, &inputs, None)?,
            };
            known.insert(form, found.clone());
            found
        }
    };
    let is_changed = presence != Presence::Both || !found.is_empty();
    Ok(is_changed.then(|| DestinationDiff { name: name.to_owned(), presence, inputs, formulas, found }))
}

/// The one formula whose being satisfied stands for all categories, or none where no policy asks for anything; `None` where
/// policies ask for different things, or see different states in one consent object.
fn only_formula<'f>(inputs: &Inputs, formulas: &'f [Option<Formula>]) -> Option<Option<&'f Formula>> {
    let mut asked = formulas.iter().flatten();
    let first = asked.next();
    let is_alike = asked.all(|other| Some(other) == first)
        && inputs.shapes.iter().all(|shape| shape.states.windows(2).all(|pair| pair.first() == pair.last()));
    is_alike.then_some(first)
}

/// What tells destinations apart whose changes are not the same but for the names of destinations and categories.
#[derive(PartialEq, Eq, Hash)]
struct Form {
    presence: Presence,
    declared: Vec<Traits>,
    /// For each name, whether it is one of the destination's in each policy.
    names: Vec<Vec<bool>>,
}

/// What a policy says of a destination, but for its names.
#[derive(PartialEq, Eq, Hash)]
struct Traits {
    is_disabled: bool,
    is_exempt: bool,
    ignores_all: bool,
    is_mapped: bool,
    /// With the places of categories among the inputs for their names.
    asks: Option<Formula>,
}

impl Form {
    fn of(
        declared: &[Declared<'_>],
        presence: Presence,
        inputs: &Inputs,
        formulas: &[Option<Formula>],
    ) -> Self {
        let each = declared.iter().zip(formulas).map(|((policy, _, one), formula)| Traits {
            is_disabled: one.disabled().is_some(),
            is_exempt: one.exempt().is_some(),
            ignores_all: policy.kind_of(one).is_some_and(|kind| kind.ignores_all().is_some()),
            is_mapped: one.requirement().is_some(),
            asks: formula.as_ref().map(|formula| formula.by_places(&inputs.categories)),
        });
        let is_own =
            |name: &String| declared.iter().map(|(_, _, one)| one.names().any(|own| own == name)).collect();
        Form { presence, declared: each.collect(), names: inputs.names.iter().map(is_own).collect() }
    }
}

/// How many rows say when a requirement is satisfied, and when it is not, and how many conditions they have.
fn costs(ways: Option<&Ways>) -> [Cost; 2] {
    let cost = |rows: &Vec<Vec<usize>>| (rows.len(), rows.iter().map(Vec::len).sum());
    ways.map_or([(MAX_CUBES, MAX_CUBES); 2], |ways| [cost(&ways.satisfied), cost(&ways.unsatisfied)])
}

/// What changes, in as few cubes as say it. Of `ways`, each cube that asks for a requirement is as many as it takes to say
/// whether that is satisfied.
fn found(
    declared: &[Declared<'_>],
    presence: Presence,
    inputs: &Inputs,
    ways: Option<&Ways>,
) -> Result<Vec<Found>, TooLarge> {
    let mut diagrams = Diagrams::new(inputs.values())?;
    let mut functions = Vec::new();
    for (which, (policy, _, one)) in declared.iter().enumerate() {
        functions.push(function(&mut diagrams, inputs, which, policy, one)?);
    }
    let (before, after) = match presence {
        Presence::Both => (functions.first(), functions.get(1)),
        Presence::Added => (None, functions.first()),
        Presence::Removed => (functions.first(), None),
    };
    let [satisfied, unsatisfied] = costs(ways);
    let cost = |cube: &Cube, diagrams: &Diagrams| {
        let (one, conditions) = size(cube, diagrams);
        match asked(cube, inputs).filter(|_| inputs.is_whole) {
            Some(is_satisfied) => {
                let (rows, own) = if is_satisfied { satisfied } else { unsatisfied };
                (rows, rows * conditions.saturating_sub(1) + own)
            }
            None => (one, conditions),
        }
    };
    let events = inputs.events(&mut diagrams)?;
    let mut found = Vec::new();
    for direction in Direction::ALL {
        let condition = condition(&mut diagrams, direction, before, after)?;
        for cube in cover(&mut diagrams, condition, events, &cost)? {
            let values = inputs.first_event(&cube);
            let reasons = functions.iter().map(|one| reason(diagrams.at(one.reason, &values))).collect();
            found.push(Found { direction, cube, reasons });
        }
    }
    Ok(found)
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

/// The same with categories in the place of whether the requirement is satisfied.
fn expanded(found: &[Found], inputs: &Inputs, ways: Option<&Ways>) -> Result<Vec<Found>, TooLarge> {
    let first = inputs.first_category();
    let mut expanded = Vec::new();
    for direction in Direction::ALL {
        let mut cubes = Vec::new();
        for one in found.iter().filter(|one| one.direction == direction) {
            let whole = one.cube.0.iter().copied().take(first).chain(inputs.categories.iter().map(|_| 0b11));
            let whole = Cube(whole.collect());
            let rows = match (asked(&one.cube, inputs), ways) {
                (Some(true), Some(ways)) => ways.satisfied.iter().map(|row| (row, 0b10)).collect(),
                (Some(false), Some(ways)) => ways.unsatisfied.iter().map(|row| (row, 0b01)).collect(),
                (Some(_), None) => return Err(TooLarge),
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
                return Err(TooLarge);
            }
        }
        cubes.sort();
        expanded.extend(cubes.into_iter().map(|(cube, reasons)| Found {
            direction,
            cube,
            reasons: reasons.clone(),
        }));
    }
    Ok(expanded)
}

/// Where the situations are that changed in a direction.
fn condition(
    diagrams: &mut Diagrams,
    direction: Direction,
    before: Option<&Function>,
    after: Option<&Function>,
) -> Result<Diagram, TooLarge> {
    let delivered = |diagrams: &mut Diagrams, function: Option<&Function>| match function {
        Some(function) => {
            diagrams.map(function.reason, &|leaf| u32::from(reason(leaf).outcome() == Outcome::Deliver))
        }
        // A destination that the policy does not have receives nothing.
        None => Ok(Diagram::FALSE),
    };
    let (was, is) = (delivered(diagrams, before)?, delivered(diagrams, after)?);
    match direction {
        Direction::Loosened => diagrams.join(was, is, &|was, is| u32::from(was == 0 && is == 1)),
        Direction::Tightened => diagrams.join(was, is, &|was, is| u32::from(was == 1 && is == 0)),
        Direction::Reason => {
            let (Some(before), Some(after)) = (before, after) else { return Ok(Diagram::FALSE) };
            let mut other =
                diagrams.join(before.reason, after.reason, &|one, other| u32::from(one != other))?;
            let wire_ids: BTreeSet<&String> = before.refused.keys().chain(after.refused.keys()).collect();
            for wire_id in wire_ids {
                let named =
                    |function: &Function| function.refused.get(wire_id).copied().unwrap_or(Diagram::FALSE);
                let named =
                    diagrams.join(named(before), named(after), &|one, other| u32::from(one != other))?;
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
            for (one, other) in preludes.iter().flat_map(|one| preludes.map(|other| (*one, other))) {
                for more in ["", "also \"Y\"", "exempt", "disabled"] {
                    let (old, new) = (policy(one, needs, ""), policy(other, needs, more));
                    let ids = [&old, &new].map(|policy| policy.destination_named("X").unwrap());
                    let declared: Vec<Declared<'_>> = [&old, &new]
                        .into_iter()
                        .zip(ids)
                        .map(|(policy, id)| (policy, id, policy.destination(id).unwrap()))
                        .collect();
                    let inputs = Inputs::of(&[(&old, ids[0]), (&new, ids[1])]);
                    let all = found(&declared, Presence::Both, &inputs, None).unwrap();
                    let diff =
                        destination("X", [(&old, Some(ids[0])), (&new, Some(ids[1]))], &mut HashMap::new());
                    let as_one = diff.unwrap().map(|diff| diff.found).unwrap_or_default();
                    let size = |found: &[Found]| {
                        let conditions = found.iter().map(|one| {
                            let values = one.cube.0.iter().zip(inputs.values());
                            values.filter(|(values, count)| values.count_ones() as usize != *count).count()
                        });
                        (found.len(), conditions.sum::<usize>())
                    };
                    // Over all categories the search for the fewest may be given up, and what is left then is not the fewest.
                    assert!(size(&as_one) <= size(&all), "{needs} {more}, {one} -> {other}");
                    given_up += usize::from(size(&as_one) < size(&all));
                    compared += 1;
                }
            }
        }
        assert!(compared == 384 && given_up < 40, "{given_up} of {compared}");
    }
}
