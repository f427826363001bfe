//! The settings of the ledger, and the check that they turn on (section 6 of the semantics).

use super::Policy;
use super::check::Checker;
use super::merge::Merged;
use crate::diagnostic::{Span, Spanned};
use crate::syntax::tree::{AlsoRecords, CheckAction, Conflict, LedgerSetting};

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

/// The settings of the ledger, as far as the files set them.
#[derive(Debug, Default)]
pub(super) struct LedgerSettings {
    also_records: Option<Spanned<AlsoRecords>>,
    mismatch: Option<Spanned<Option<CheckAction>>>,
    unstamped: Option<Spanned<CheckAction>>,
    unknown: Option<Spanned<CheckAction>>,
    unreachable: Option<Spanned<CheckAction>>,
    conflict: Option<Spanned<Conflict>>,
}

/// The settings of the ledger.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    also_records: Spanned<AlsoRecords>,
    /// `None` for `ignore`.
    mismatch: Spanned<Option<CheckAction>>,
    unstamped: Spanned<CheckAction>,
    unknown: Spanned<CheckAction>,
    unreachable: Spanned<CheckAction>,
    conflict: Spanned<Conflict>,
}

impl LedgerSettings {
    pub(super) fn set(&mut self, setting: LedgerSetting, at: Span) {
        match setting {
            LedgerSetting::AlsoRecords(also) => self.also_records = Some(Spanned::new(also, at)),
            LedgerSetting::Mismatch(action) => self.mismatch = Some(Spanned::new(action, at)),
            LedgerSetting::Unstamped(action) => self.unstamped = Some(Spanned::new(action, at)),
            LedgerSetting::Unknown(action) => self.unknown = Some(Spanned::new(action, at)),
            LedgerSetting::Unreachable(action) => self.unreachable = Some(Spanned::new(action, at)),
            LedgerSetting::Conflict(conflict) => self.conflict = Some(Spanned::new(conflict, at)),
        }
    }
}

impl Policy {
    /// The check against the ledger; `None` under `ledger mismatch ignore`.
    pub fn ledger_check(&self) -> Option<LedgerCheck> {
        let Ledger { mismatch, unstamped, unknown, unreachable, conflict, .. } = &self.ledger;
        Some(LedgerCheck {
            mismatch: mismatch.value?,
            unstamped: unstamped.value,
            unknown: unknown.value,
            unreachable: unreachable.value,
            conflict: conflict.value,
        })
    }

    /// The place of `ledger mismatch`, which turns the check on or off.
    pub fn ledger_mismatch_span(&self) -> Span {
        self.ledger.mismatch.span
    }

    /// Which events write to the ledger next to [`Policy::preference_events`].
    pub fn also_records(&self) -> AlsoRecords {
        self.ledger.also_records.value
    }

    /// The settings of the ledger, each with its place.
    #[cfg(feature = "lint")]
    pub(crate) fn ledger_settings(&self) -> [(LedgerSetting, Span); 6] {
        let Ledger { also_records, mismatch, unstamped, unknown, unreachable, conflict } = &self.ledger;
        [
            (LedgerSetting::AlsoRecords(also_records.value), also_records.span),
            (LedgerSetting::Mismatch(mismatch.value), mismatch.span),
            (LedgerSetting::Unstamped(unstamped.value), unstamped.span),
            (LedgerSetting::Unknown(unknown.value), unknown.span),
            (LedgerSetting::Unreachable(unreachable.value), unreachable.span),
            (LedgerSetting::Conflict(conflict.value), conflict.span),
        ]
    }
}

impl Checker<'_> {
    /// The settings of the ledger; `None` if one is missing.
    pub(super) fn ledger(&mut self, merged: &Merged<'_>) -> Option<Ledger> {
        let set = &merged.ledger;
        let also_records = self.neutral_setting(set.also_records.clone(), "ledger also records", "nothing");
        let mismatch = self.neutral_setting(set.mismatch.clone(), "ledger mismatch", "ignore");
        let unstamped = self.neutral_setting(set.unstamped.clone(), "ledger unstamped", "use recorded");
        let unknown = self.neutral_setting(set.unknown.clone(), "ledger unknown", "use stamped");
        let unreachable = self.neutral_setting(set.unreachable.clone(), "ledger unreachable", "refuse");
        let conflict = self.neutral_setting(set.conflict.clone(), "ledger conflict", "refuse");
        Some(Ledger {
            also_records: also_records?,
            mismatch: mismatch?,
            unstamped: unstamped?,
            unknown: unknown?,
            unreachable: unreachable?,
            conflict: conflict?,
        })
    }
}
