//! What a destination needs.

use super::ids::CategoryId;
use crate::syntax::tree::Quantifier;

/// What a destination needs, as the policy states it: unenforced and `always` categories are still in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Requirement {
    /// The category must be granted.
    Category(CategoryId),
    /// Every element must be satisfied. Never empty.
    AllOf(Vec<Requirement>),
    /// One element must be satisfied. Never empty.
    AnyOf(Vec<Requirement>),
}

impl Requirement {
    /// Returns what asks for all or any of some elements; `None` where there are none.
    pub(super) fn joined(mut elements: Vec<Requirement>, quantifier: Quantifier) -> Option<Self> {
        match (elements.len(), quantifier) {
            (0, _) => None,
            (1, _) => elements.pop(),
            (_, Quantifier::All) => Some(Requirement::AllOf(elements)),
            (_, Quantifier::Any) => Some(Requirement::AnyOf(elements)),
        }
    }

    /// Returns the categories that it names, in the order of the text, as often as it names them.
    pub fn categories(&self) -> impl Iterator<Item = CategoryId> {
        let mut named = Vec::new();
        self.collect(&|_| true, &mut named);
        named.into_iter()
    }

    /// Returns true if these grants satisfy it.
    pub(crate) fn is_satisfied(&self, granted: &impl Fn(CategoryId) -> bool) -> bool {
        match self {
            Requirement::Category(id) => granted(*id),
            Requirement::AllOf(elements) => elements.iter().all(|element| element.is_satisfied(granted)),
            Requirement::AnyOf(elements) => elements.iter().any(|element| element.is_satisfied(granted)),
        }
    }

    /// Returns the categories that are not granted in the groups that are not satisfied, in declaration order.
    pub(crate) fn refused(&self, granted: &impl Fn(CategoryId) -> bool) -> Vec<CategoryId> {
        let mut refused = Vec::new();
        self.collect(&|group| !group.is_satisfied(granted), &mut refused);
        refused.sort_unstable();
        refused.dedup();
        refused
    }

    /// Collects the categories of the groups that count.
    fn collect(&self, counts: &impl Fn(&Requirement) -> bool, into: &mut Vec<CategoryId>) {
        match self {
            _ if !counts(self) => {}
            Requirement::Category(id) => into.push(*id),
            Requirement::AllOf(elements) | Requirement::AnyOf(elements) => {
                elements.iter().for_each(|element| element.collect(counts, into));
            }
        }
    }
}
