//! What happens to an event at one destination.

use crate::model::CategoryId;
use crate::reason::{Outcome, Reason};

/// What happens to an event at one destination, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    reason: Reason,
    refused: Vec<CategoryId>,
}

impl Verdict {
    pub(crate) fn new(reason: Reason, refused: Vec<CategoryId>) -> Self {
        Verdict { reason, refused }
    }

    /// Whether the destination receives the event.
    pub fn delivers(&self) -> bool {
        self.outcome() == Outcome::Deliver
    }

    /// The outcome.
    pub fn outcome(&self) -> Outcome {
        self.reason.outcome()
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// For [`Reason::Refused`] the categories that are not granted in the unsatisfied groups, in declaration order.
    pub fn refused(&self) -> &[CategoryId] {
        &self.refused
    }
}
