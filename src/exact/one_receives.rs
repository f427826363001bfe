//! Destinations of one policy: an event that one of them receives and another one does not.

use super::cases::Cases;
use super::diagram::{Diagram, Diagrams};
use super::equivalence::EquivalenceClass;
use super::formula::Formula;
use super::function::{Used, function};
use super::inputs::{ALL, ENTRIES, Inputs};
use crate::event::Entry;
use crate::fingerprint::TooLargeError;
use crate::model::{DestinationId, Policy};
use std::collections::HashSet;

/// An event that only one of two destinations receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OneReceives {
    pub(crate) receives: DestinationId,
    pub(crate) blocked: DestinationId,
    /// The event, as JSON.
    pub(crate) event: String,
}

/// Returns an event that one of some destinations receives and another one does not, and that an alias withholds: the rewritten event
/// lets nobody through under the alias. A router that knows both by the alias alone then delivers to neither.
///
/// The event has no invalid entry, and entries under names that both share at most. The first destination is compared with each other
/// one: if all receive the same as the first, they receive the same.
pub(crate) fn one_receives(
    policy: &Policy,
    alias: &str,
    ids: &[DestinationId],
) -> Result<Option<OneReceives>, TooLargeError> {
    for case in Cases::new(&[policy]).of(Some(&[ids]), &[])? {
        let found = case.policy().map(|given| one_receives_of(given, alias, ids)).transpose()?;
        if let Some(found) = found.flatten() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Returns the same for a policy without conditions.
fn one_receives_of(
    policy: &Policy,
    alias: &str,
    ids: &[DestinationId],
) -> Result<Option<OneReceives>, TooLargeError> {
    let Some((first, others)) = ids.split_first() else { return Ok(None) };
    let class = |id: DestinationId| {
        let destination = policy.destination(id)?;
        let formula = Formula::of_destination(destination, policy);
        Some(EquivalenceClass::of(policy, destination, formula.as_ref(), Formula::clone))
    };
    // Most destinations differ only by their names.
    let mut seen = HashSet::from([class(*first)]);
    for other in others {
        if seen.insert(class(*other))
            && let Some(found) = one_of_two(policy, alias, [*first, *other])?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn one_of_two(
    policy: &Policy,
    alias: &str,
    ids: [DestinationId; 2],
) -> Result<Option<OneReceives>, TooLargeError> {
    let [Some(one), Some(other)] = ids.map(|id| policy.destination(id)) else { return Ok(None) };
    let inputs = Inputs::of(&ids.map(|id| (policy, id)));
    let mut diagrams = Diagrams::new(inputs.values())?;
    let mut receives = [Diagram::FALSE; 2];
    for (which, (destination, receives)) in [one, other].into_iter().zip(&mut receives).enumerate() {
        let function = function(&mut diagrams, &inputs, which, policy, destination, Used::Stamped)?;
        *receives = function.delivers(&mut diagrams)?;
    }
    let mut asked = inputs.events(&mut diagrams, &[])?;
    let [ones, others] = [one, other].map(|destination| destination.names().collect::<HashSet<&str>>());
    let mut is_unlisted = Diagram::TRUE;
    for (place, name) in inputs.names.iter().enumerate() {
        let variable = Inputs::FIRST_NAME + place;
        let unlisted = diagrams.is_first(variable)?;
        if name == alias {
            is_unlisted = unlisted;
        }
        let usual = match ones.contains(name.as_str()) && others.contains(name.as_str()) {
            true => {
                let values = 0..diagrams.count_of(variable);
                let is_valid = |value| ENTRIES.get(value).is_some_and(|one| *one != Some(Entry::Invalid));
                diagrams.node(
                    variable,
                    &values.map(|value| Diagram::truth(is_valid(value))).collect::<Vec<_>>(),
                )?
            }
            false => unlisted,
        };
        asked = diagrams.and(asked, usual)?;
    }
    // Where `All` stops the blocked one, the alias gets no entry. Then it lets through who ignores `All`.
    let [is_off, is_valid] = [|entry| entry == Some(Entry::Off), |entry| entry != Some(Entry::Invalid)]
        .map(|holds| diagrams.node(inputs.all_entry(), &ALL.map(|entry| Diagram::truth(holds(entry)))));
    let (is_off, is_valid) = (is_off?, is_valid?);
    asked = diagrams.and(asked, is_valid)?;
    let is_absent = diagrams.and(is_unlisted, is_off)?;
    let ignores_all = |one| policy.kind_of(one).is_some_and(|kind| kind.ignores_all.is_some());
    let differing = diagrams.differing(receives[0], receives[1])?;
    asked = diagrams.and(asked, differing)?;
    for ((one, other), receives) in [(one, other), (other, one)].into_iter().zip(receives) {
        if ignores_all(one) && !ignores_all(other) {
            let let_through = diagrams.and(receives, is_absent)?;
            let stopped = diagrams.not(let_through)?;
            asked = diagrams.and(asked, stopped)?;
        }
    }
    let Some(values) = diagrams.first(asked) else { return Ok(None) };
    let [receives, blocked] = if diagrams.at(receives[0], &values) == 1 { ids } else { [ids[1], ids[0]] };
    Ok(inputs.json(&values).map(|event| OneReceives { receives, blocked, event }))
}
