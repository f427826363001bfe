//! The check of events against the ledger (section 6 of the semantics).

use super::ids::CategoryId;
use crate::syntax::tree::{CheckAction, CheckResult, Conflict, RecordedPreference};

impl CheckResult {
    /// Why an event is dropped after this result, where the policy says so.
    pub fn drop_reason(self) -> &'static str {
        match self {
            CheckResult::Recording | CheckResult::Unchecked | CheckResult::Agrees => "",
            CheckResult::Unknown => "Person not in the ledger",
            CheckResult::Unreachable => "Ledger unreachable",
            CheckResult::Unstamped => "Consent not stamped",
            CheckResult::Mismatch => "Consent mismatch",
        }
    }

    /// Returns the phrase of the language for what becomes of the event.
    pub fn action_as_str(self, action: CheckAction) -> &'static str {
        match (self, action) {
            (CheckResult::Mismatch, CheckAction::UseStamped) => "report",
            (_, action) => action.as_str(),
        }
    }
}

/// What the check of one event found, and what became of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What the check found.
    pub result: CheckResult,
    /// What the policy does after this result.
    pub action: CheckAction,
    /// The categories in which the event and the record differ, in declaration order.
    pub categories: Vec<CategoryId>,
}

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
    /// For how many days a recorded grant counts; `None` for ever.
    pub grants_expire: Option<u32>,
}

impl LedgerCheck {
    /// Returns true if what is recorded of a category counts as a grant.
    pub fn is_granted(&self, recorded: RecordedPreference) -> bool {
        match recorded {
            RecordedPreference::Granted => true,
            RecordedPreference::Refused => false,
            RecordedPreference::Conflict => self.conflict == Conflict::Grant,
            RecordedPreference::Expired => self.grants_expire.is_none(),
        }
    }

    /// Returns what happens to an event after a result.
    pub fn action(&self, result: CheckResult) -> CheckAction {
        match result {
            CheckResult::Recording | CheckResult::Unchecked | CheckResult::Agrees => CheckAction::UseStamped,
            CheckResult::Unknown => self.unknown,
            CheckResult::Unreachable => self.unreachable,
            CheckResult::Unstamped => self.unstamped,
            CheckResult::Mismatch => self.mismatch,
        }
    }
}
