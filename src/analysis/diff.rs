//! What a change of a policy changes: for each destination the situations that are decided otherwise, all of them, as few rows as
//! say it, each with an event that shows it.

use super::json;
use crate::exact::Conditions;
use crate::exact::TooLarge;
use crate::exact::cover::{Cube, cover};
use crate::exact::diagram::{Diagram, Diagrams};
use crate::exact::function::{Function, function, reason};
use crate::exact::inputs::Inputs;
use crate::model::{ConsentState, Destination, IntegrationsState, Policy, Reading};
use crate::reason::{Outcome, Reason};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The situations that are decided otherwise.
    pub changes: Vec<Change>,
}

/// Which policies have a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Both.
    Both,
    /// Only the new one.
    Added,
    /// Only the old one.
    Removed,
}

/// Situations that are decided otherwise.
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
    pub fn changes(&self) -> impl Iterator<Item = (&DestinationDiff, &Change)> {
        self.destinations.iter().flat_map(|one| one.changes.iter().map(move |change| (one, change)))
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
    let by_name = |policy: &'_ Policy| -> BTreeMap<String, crate::model::DestinationId> {
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
        destinations.extend(destination(name, sides)?);
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

type Side<'p> = (&'p Policy, Option<crate::model::DestinationId>);

/// What changes for the destination of a name, if anything does.
fn destination(name: &str, sides: [Side<'_>; 2]) -> Result<Option<DestinationDiff>, TooLarge> {
    let [(old, old_id), (new, new_id)] = sides;
    let presence = match (old_id, new_id) {
        (Some(_), Some(_)) => Presence::Both,
        (None, _) => Presence::Added,
        (_, None) => Presence::Removed,
    };
    let known: Vec<_> = sides.iter().filter_map(|(policy, id)| Some((*policy, (*id)?))).collect();
    let inputs = Inputs::of(&known);
    let mut diagrams = Diagrams::new(inputs.values())?;
    let mut functions = Vec::new();
    for (which, (policy, id)) in known.iter().enumerate() {
        let Some(declared) = policy.destination(*id) else { return Ok(None) };
        functions.push(function(&mut diagrams, &inputs, which, policy, declared)?);
    }
    let (before, after) = match (functions.as_slice(), presence) {
        ([before, after], _) => (Some(before), Some(after)),
        ([only], Presence::Removed) => (Some(only), None),
        ([only], _) => (None, Some(only)),
        _ => return Ok(None),
    };
    let mut changes = Vec::new();
    for direction in Direction::ALL {
        let condition = condition(&mut diagrams, direction, before, after)?;
        for cube in cover(&mut diagrams, condition)? {
            let values = point(&inputs, &cube);
            let Some((event, reading)) = inputs.event(&values) else { continue };
            changes.push(Change {
                direction,
                conditions: Conditions::of(&inputs, &cube, &[new, old]),
                witness: json(&event, &reading),
                before: before.map(|function| said(&diagrams, function, &values)),
                after: after.map(|function| said(&diagrams, function, &values)),
            });
        }
    }
    let is_changed = presence != Presence::Both || !changes.is_empty();
    Ok(is_changed.then(|| DestinationDiff { name: name.to_owned(), presence, changes }))
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

/// The first point of a cube: the smallest event in it.
fn point(inputs: &Inputs, cube: &Cube) -> Vec<usize> {
    let counts = inputs.values().into_iter().enumerate();
    counts.map(|(variable, count)| (0..count).find(|value| cube.has(variable, *value)).unwrap_or(0)).collect()
}

/// What a function says at a point.
fn said(diagrams: &Diagrams, function: &Function, values: &[usize]) -> (Reason, Vec<String>) {
    let named = function.refused.iter().filter(|(_, named)| diagrams.at(**named, values) == 1);
    (reason(diagrams.at(function.reason, values)), named.map(|(wire_id, _)| wire_id.clone()).collect())
}
