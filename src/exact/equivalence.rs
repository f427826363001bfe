//! What a policy says of a destination, but for its names: destinations of which it says the same are decided alike.

use super::formula::Formula;
use crate::model::{ConsentState, Destination, Policy};

/// A class of destinations, with as much of their requirements as matters to the question.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct EquivalenceClass<A> {
    is_disabled: bool,
    is_exempt: bool,
    ignores_all: bool,
    is_mapped: bool,
    /// `None` where all of it is unenforced, too.
    asks: Option<A>,
    /// For each state whose events list nothing, true if its events satisfy the requirement.
    satisfied_in: [bool; ConsentState::ALL.len()],
}

impl<A> EquivalenceClass<A> {
    pub(crate) fn of(
        policy: &Policy,
        destination: &Destination,
        formula: Option<&Formula>,
        asks: impl FnOnce(&Formula) -> A,
    ) -> Self {
        EquivalenceClass {
            is_disabled: destination.disabled.is_some(),
            is_exempt: destination.exempt.is_some(),
            ignores_all: policy.kind_of(destination).is_some_and(|kind| kind.ignores_all.is_some()),
            is_mapped: destination.requirement().is_some(),
            satisfied_in: ConsentState::ALL.map(|state| {
                let granted = |key: &str| policy.always_grants(state, key);
                state != ConsentState::Answered && formula.is_some_and(|one| one.is_satisfied(&granted))
            }),
            asks: formula.map(asks),
        }
    }
}

impl EquivalenceClass<Option<bool>> {
    /// Returns the class by the possible outcomes: by whether all events satisfy the requirement, or none does.
    pub(crate) fn by_outcomes(policy: &Policy, destination: &Destination) -> Self {
        let formula = Formula::of_destination(destination, policy);
        EquivalenceClass::of(policy, destination, formula.as_ref(), Formula::constant)
    }
}
