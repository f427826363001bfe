//! The check of events against the ledger (section 6 of the semantics).

use crate::syntax::tree::{CheckAction, Conflict};

/// The check of events against the ledger: what happens to an event, by the result of its check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerCheck {
    /// The event's grants differ from the recorded ones.
    pub mismatch: CheckAction,
    /// The event has no preferences, and the person has a record.
    pub unstamped: CheckAction,
    /// The person has no record.
    pub unknown: CheckAction,
    /// The ledger does not answer in time.
    pub unreachable: CheckAction,
    /// How a category is read for which two records of one person disagree.
    pub conflict: Conflict,
}
