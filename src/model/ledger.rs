//! The settings of the ledger, and the check that they turn on (section 6 of the semantics).

use super::Policy;
use super::checker::Checker;
use super::merge::{Merged, value};
use crate::syntax::Keyword;
use crate::syntax::tree::{AlsoRecords, CheckAction, Conflict, Fact, LedgerSetting};

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

/// The settings of the ledger.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    also_records: AlsoRecords,
    /// `None` for `ledger mismatch ignore`.
    check: Option<LedgerCheck>,
}

impl Policy {
    /// The check against the ledger; `None` under `ledger mismatch ignore`.
    pub fn ledger_check(&self) -> Option<LedgerCheck> {
        self.ledger.check
    }

    /// Which events write to the ledger next to [`Policy::preference_events`].
    pub fn also_records(&self) -> AlsoRecords {
        self.ledger.also_records
    }
}

impl<'t> Checker<'t> {
    /// The settings of the ledger; `None` if one is missing.
    pub(super) fn ledger(&mut self, merged: &Merged<'t>) -> Option<Ledger> {
        let also_records = self.setting(
            merged,
            Keyword::LedgerAlsoRecords,
            value!(Fact::Ledger(LedgerSetting::AlsoRecords(it)) => *it),
        );
        let mismatch = self.setting(
            merged,
            Keyword::LedgerMismatch,
            value!(Fact::Ledger(LedgerSetting::Mismatch(it)) => *it),
        );
        let unstamped = self.setting(
            merged,
            Keyword::LedgerUnstamped,
            value!(Fact::Ledger(LedgerSetting::Unstamped(it)) => *it),
        );
        let unknown = self.setting(
            merged,
            Keyword::LedgerUnknown,
            value!(Fact::Ledger(LedgerSetting::Unknown(it)) => *it),
        );
        let unreachable = self.setting(
            merged,
            Keyword::LedgerUnreachable,
            value!(Fact::Ledger(LedgerSetting::Unreachable(it)) => *it),
        );
        let conflict = self.setting(
            merged,
            Keyword::LedgerConflict,
            value!(Fact::Ledger(LedgerSetting::Conflict(it)) => *it),
        );
        let (unstamped, unknown) = (unstamped?.value, unknown?.value);
        let (unreachable, conflict) = (unreachable?.value, conflict?.value);
        let check = mismatch?.value.map(|mismatch| LedgerCheck {
            mismatch,
            unstamped,
            unknown,
            unreachable,
            conflict,
        });
        Some(Ledger { also_records: also_records?.value, check })
    }
}
