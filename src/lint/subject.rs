//! What a rule looks at.

use super::outcomes::{Case, Outcomes};
use super::places::statement_at;
use crate::diagnostic::Span;
use crate::model::{Destination, IncludeGraph, Policy};
use crate::syntax::tree::{Fact, Statement, Tree};

/// What a rule looks at.
pub(super) struct Subject<'p> {
    pub(super) policy: &'p Policy,
    /// One per file, by its [`FileId`].
    pub(super) trees: &'p [Tree],
    pub(super) outcomes: Outcomes<'p>,
}

impl<'p> Subject<'p> {
    pub(super) fn of(policy: &'p Policy, trees: &'p [Tree]) -> Self {
        Subject { policy, trees, outcomes: Outcomes::new(policy) }
    }

    /// Returns each destination, with what can become of it.
    pub(super) fn destinations(&self) -> impl Iterator<Item = (&'p Destination, Vec<&Case>)> {
        let ids = self.policy.destination_ids().zip(self.policy.destinations());
        ids.map(|(id, destination)| (destination, self.outcomes.of(id)))
    }

    /// Returns which file includes which.
    pub(super) fn include_graph(&self) -> IncludeGraph {
        IncludeGraph::of(self.policy.includes().iter().map(|include| (include.span.file, include.file)))
    }

    /// Returns the statement that stands at a place or around it, with its tree.
    pub(super) fn statement(&self, place: Span) -> Option<(&'p Tree, &'p Statement)> {
        let tree = self.trees.get(place.file.0)?;
        Some((tree, statement_at(tree, place.start)?))
    }

    /// Returns the fact that a statement states.
    pub(super) fn fact(&self, place: Span) -> Option<&'p Fact> {
        self.statement(place).map(|(_, statement)| &statement.fact)
    }
}
