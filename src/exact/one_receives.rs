//! Destinations of one policy: an event that one of them receives and another one does not.

use super::diagram::{Diagram, Diagrams};
use super::equivalence::EquivalenceClass;
use super::formula::Formula;
use super::function::{Used, function};
use super::inputs::Inputs;
use crate::fingerprint::TooLargeError;
use crate::model::{Destination, DestinationId, Policy};
use std::collections::HashSet;

/// An event that only one of two destinations receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OneReceives {
    pub(crate) receives: DestinationId,
    pub(crate) blocked: DestinationId,
    /// The event, as JSON.
    pub(crate) event: String,
}

/// Returns an event that only one of some destinations receives, among events whose entries have only names that both destinations
/// share. The first destination is compared with each other one: if all receive the same as the first, they receive the same.
pub(crate) fn one_receives(
    policy: &Policy,
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
            && let Some(found) = one_of_two(policy, [*first, *other])?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn one_of_two(policy: &Policy, ids: [DestinationId; 2]) -> Result<Option<OneReceives>, TooLargeError> {
    let [Some(one), Some(other)] = ids.map(|id| policy.destination(id)) else { return Ok(None) };
    let inputs = Inputs::of(&ids.map(|id| (policy, id)));
    let mut diagrams = Diagrams::new(inputs.values())?;
    let mut receives = [Diagram::FALSE; 2];
    for (which, (destination, receives)) in [one, other].into_iter().zip(&mut receives).enumerate() {
        let function = function(&mut diagrams, &inputs, which, policy, destination, Used::Stamped)?;
        *receives = function.delivers(&mut diagrams)?;
    }
    let mut asked = inputs.events(&mut diagrams, &[])?;
    let has = |destination: &Destination, name: &String| destination.names().any(|own| own == name);
    for (place, name) in inputs.names.iter().enumerate() {
        if !(has(one, name) && has(other, name)) {
            let variable = Inputs::FIRST_NAME + place;
            let mut unlisted = vec![Diagram::FALSE; diagrams.count_of(variable)];
            unlisted.first_mut().into_iter().for_each(|first| *first = Diagram::TRUE);
            let unlisted = diagrams.node(variable, &unlisted)?;
            asked = diagrams.and(asked, unlisted)?;
        }
    }
    let differing = diagrams.differing(receives[0], receives[1])?;
    let asked = diagrams.and(asked, differing)?;
    let Some(values) = diagrams.first(asked) else { return Ok(None) };
    let [receives, blocked] = if diagrams.at(receives[0], &values) == 1 { ids } else { [ids[1], ids[0]] };
    Ok(inputs.json(&values).map(|event| OneReceives { receives, blocked, event }))
}
