//! What the consent step asks of a destination: step 3 of section 3 of the semantics, before any event.

use crate::model::{Destination, Policy, Requirement, UnmappedDestinations};

/// What the consent step asks of a destination that is not exempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConsentStep {
    /// Nothing: it is unmapped, and unmapped destinations are delivered.
    Nothing,
    /// It is unmapped, and unmapped destinations are blocked.
    Refuses,
    /// Nothing: all of its categories are unenforced.
    Unenforced,
    /// This requirement.
    Needs(Requirement),
}

impl ConsentStep {
    pub(super) fn of(policy: &Policy, destination: &Destination) -> Self {
        match (destination.requirement(), policy.unmapped_destinations().value) {
            (None, UnmappedDestinations::Deliver) => ConsentStep::Nothing,
            (None, UnmappedDestinations::Block) => ConsentStep::Refuses,
            (Some(requirement), _) => {
                requirement.live(policy).map_or(ConsentStep::Unenforced, ConsentStep::Needs)
            }
        }
    }

    pub(crate) fn requirement(&self) -> Option<&Requirement> {
        match self {
            ConsentStep::Needs(requirement) => Some(requirement),
            _ => None,
        }
    }
}
