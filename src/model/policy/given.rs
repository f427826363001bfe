//! A policy with the states of its inputs fixed: the conditions are gone, and everything else is as before.

use super::{Category, Policy};
use crate::diagnostic::Spanned;
use crate::model::ids::DestinationId;
use crate::model::inputs::{ArmNeeds, StateNumber, When};
use crate::syntax::tree::Quantifier;
use std::collections::BTreeSet;

impl Policy {
    /// Returns true if a decision depends on an input.
    pub(crate) fn has_conditions(&self) -> bool {
        self.conditions(None).any(|when| !when.is_empty())
    }

    /// Returns the policy that decides the events whose inputs have these states. It has no conditions, no tests and no promises. Each
    /// event that it writes has the given members.
    pub(crate) fn given(&self, states: &[StateNumber], members: Vec<(Vec<String>, String)>) -> Policy {
        let mut policy = Policy { tests: Vec::new(), promises: Vec::new(), ..self.clone() };
        policy.reconcile = self.reconcile.given(states);
        policy.reading.given = members;
        policy.settle(states);
        policy.strategy = None;
        for category in &mut policy.categories {
            category.refused_when = Vec::new();
        }
        for destination in &mut policy.destinations {
            let Some(arm) = destination.arms.iter().find(|arm| arm.when.holds(states)) else { continue };
            destination.category_uses.clone_from(&arm.uses);
            destination.arms = Vec::new();
        }
        policy
    }

    /// Returns what `by strategy of` asks for with these states of the inputs.
    pub(crate) fn strategy_at(&self, states: &[StateNumber]) -> Quantifier {
        self.strategy.as_ref().map_or(Quantifier::All, |strategy| strategy.at(states))
    }

    /// Returns the policy with what holds where an event has none of the inputs.
    pub(super) fn settled(mut self) -> Policy {
        self.settle(&[]);
        self
    }

    fn settle(&mut self, states: &[StateNumber]) {
        for category in &mut self.categories {
            category.refused = refused(category, states);
        }
        let strategy = self.strategy_at(states);
        for destination in &mut self.destinations {
            if let Some(arm) = destination.arms.iter().find(|arm| arm.when.holds(states)) {
                let requirement = arm.needs.requirement(strategy);
                destination.requirement = requirement.map(|needs| Spanned::new(needs, arm.span));
            }
        }
    }

    /// Returns the inputs on which the decisions for some destinations depend, by their places.
    pub(crate) fn inputs_of(&self, destinations: &[DestinationId]) -> BTreeSet<usize> {
        self.conditions(Some(destinations)).flat_map(When::tests).map(|(input, _)| *input).collect()
    }

    /// Returns the conditions on which the decisions for some destinations depend, or those for all of them.
    pub(crate) fn conditions<'p>(
        &'p self,
        destinations: Option<&'p [DestinationId]>,
    ) -> impl Iterator<Item = &'p When> {
        let all_of = destinations.is_none();
        let all = all_of.then(|| self.destinations.iter());
        let some = destinations.into_iter().flatten().filter_map(|id| self.destination(*id));
        let destinations = all.into_iter().flatten().chain(some);
        let of_destination = move |destination: &'p super::Destination| {
            let strategy = destination.arms.iter().any(|arm| matches!(arm.needs, ArmNeeds::ByStrategy(_)));
            let strategy = self.strategy.iter().filter(move |_| strategy);
            let strategy = strategy.flat_map(|strategy| strategy.cases.iter().map(|(when, _)| when));
            let categories = destination.category_uses.iter().filter_map(|one| self.category(one.value));
            let vetoes = categories.flat_map(|one| one.refused_when.iter().map(|(when, _)| when));
            destination.arms.iter().map(|arm| &arm.when).chain(strategy).chain(vetoes)
        };
        // The gate depends on every category.
        let vetoes = all_of.then(|| self.categories.iter().flat_map(|one| &one.refused_when));
        let vetoes = vetoes.into_iter().flatten().map(|(when, _)| when);
        self.reconcile.conditions().chain(destinations.flat_map(of_destination)).chain(vetoes)
    }
}

/// Returns where the policy says that these states of the inputs refuse a category, if they do.
fn refused(category: &Category, states: &[StateNumber]) -> Option<crate::diagnostic::Span> {
    category.refused_when.iter().find(|(when, _)| when.holds(states)).map(|(_, span)| *span)
}
