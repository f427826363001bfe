//! A policy with the states of its inputs fixed: the conditions are gone, and everything else is as before.

use super::{Category, Policy};
use crate::diagnostic::Spanned;
use crate::model::ids::{CategoryId, DestinationId};
use crate::model::inputs::{ArmNeeds, StateNumber, When};
use crate::syntax::tree::Quantifier;
use std::collections::BTreeSet;

impl Policy {
    /// Returns true if a decision depends on an input.
    pub fn has_conditions(&self) -> bool {
        self.has_conditions
    }

    /// Returns the policy that decides the events whose inputs have these states. It has no conditions, no tests and no promises. Each
    /// event that it writes has the given members.
    pub(crate) fn given(&self, states: &[StateNumber], members: Vec<(Vec<String>, String)>) -> Policy {
        let mut policy = Policy { tests: Vec::new(), promises: Vec::new(), ..self.clone() };
        policy.reconcile = self.reconcile.given(states, &|state| self.reading.states_of_inputs(state));
        policy.reading.given = members;
        policy.settle(states);
        policy.strategy = None;
        policy.has_conditions = false;
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

    /// Returns the policy for those of its events that have another member beside the preferences.
    pub(crate) fn never_missing(&self) -> Policy {
        let mut policy = self.clone();
        let path = self.reading.parents.iter().cloned().chain(["?".to_owned()]).collect();
        policy.reading.given.push((path, "null".to_owned()));
        policy
    }

    /// Returns what `by strategy of` asks for with these states of the inputs.
    pub(crate) fn strategy_at(&self, states: &[StateNumber]) -> Quantifier {
        self.strategy().map_or(Quantifier::All, |strategy| strategy.at(states))
    }

    /// Returns the policy with what holds where an event has none of the inputs.
    pub(super) fn settled(mut self) -> Policy {
        self.settle(&[]);
        self.has_conditions = self.condition_lists(None).iter().flatten().any(|when| !when.is_empty());
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
        let lists = self.condition_lists(Some(destinations));
        lists.iter().flatten().flat_map(|when| when.tests()).map(|(input, _)| *input).collect()
    }

    /// Returns the conditions on which the decisions for some destinations depend, or everything does, in lists. Of each list only the first
    /// condition that holds matters.
    pub(crate) fn condition_lists(&self, destinations: Option<&[DestinationId]>) -> Vec<Vec<&When>> {
        let mut lists: Vec<Vec<&When>> = self.reconcile.conditions().map(|when| vec![when]).collect();
        let asked = match destinations {
            Some(asked) => asked.iter().filter_map(|id| self.destination(*id)).collect(),
            None => self.destinations.iter().collect::<Vec<_>>(),
        };
        let mut refused: BTreeSet<CategoryId> = BTreeSet::new();
        let mut has_strategy = false;
        for destination in asked {
            lists.push(destination.arms.iter().map(|arm| &arm.when).collect());
            has_strategy |= destination.arms.iter().any(|arm| matches!(arm.needs, ArmNeeds::ByStrategy(_)));
            refused.extend(destination.category_uses.iter().map(|one| one.value));
        }
        if let (Some(strategy), true) = (self.strategy(), has_strategy) {
            lists.push(strategy.cases.iter().map(|(when, _)| when).collect());
        }
        // The gate depends on every category, and so does the check against the ledger.
        let has_inputs = !self.reading.inputs.is_empty();
        if has_inputs && (destinations.is_none() || self.ledger_check().is_some()) {
            let all = self.category_ids().zip(&self.categories);
            refused.extend(all.filter(|(_, one)| !one.refused_when.is_empty()).map(|(id, _)| id));
        }
        let refused = refused.into_iter().filter_map(|id| self.category(id));
        lists.extend(refused.map(|one| one.refused_when.iter().map(|(when, _)| when).collect()));
        lists
    }
}

/// Returns where the policy says that these states of the inputs refuse a category, if they do.
fn refused(category: &Category, states: &[StateNumber]) -> Option<crate::diagnostic::Span> {
    category.refused_when.iter().find(|(when, _)| when.holds(states)).map(|(_, span)| *span)
}
