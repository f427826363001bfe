//! The wire ids and the places of each category, where a policy reads several places.

use std::collections::HashMap;

/// The wire ids and the places of each category.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Claims {
    all: Vec<Claim>,
    by_wire_id: HashMap<String, usize>,
}

/// The wire ids of a category, and the numbers of the places that list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) wire_ids: Vec<String>,
    pub(crate) places: Vec<usize>,
}

impl Claims {
    /// Adds a category.
    pub(crate) fn add(&mut self, claim: Claim) {
        self.by_wire_id.extend(claim.wire_ids.iter().map(|wire_id| (wire_id.clone(), self.all.len())));
        self.all.push(claim);
    }

    /// Returns the categories, in the order of the policy.
    pub(crate) fn all(&self) -> &[Claim] {
        &self.all
    }

    /// Returns the number of the category of a name; `None` for a name that no category has.
    pub(crate) fn number_of(&self, name: &str) -> Option<usize> {
        self.by_wire_id.get(name).copied()
    }

    /// Returns the category of a name; `None` for a name that no category has.
    pub(crate) fn of(&self, name: &str) -> Option<&Claim> {
        self.number_of(name).and_then(|claim| self.all.get(claim))
    }

    /// Returns true if a place counts for a name. All of them do for one that no category has.
    pub(crate) fn count(&self, name: &str, place: usize) -> bool {
        self.of(name).is_none_or(|claim| claim.places.contains(&place))
    }

    /// Returns the wire ids of all categories.
    pub(crate) fn wire_ids(&self) -> impl Iterator<Item = &str> {
        self.by_wire_id.keys().map(String::as_str)
    }
}
