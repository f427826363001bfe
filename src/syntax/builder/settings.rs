//! Settings whose value is one word or two: the statement ends with it.

use super::old_forms::old_statement;
use super::{Pair, Rule, words};
use crate::spelled::Spelled;
use crate::syntax::keywords::Keyword;
use crate::syntax::tree::{CheckAction, Fact};

/// Reads a setting: its leading words, and its value.
pub(super) fn setting(pair: &Pair<Rule>) -> Option<Fact> {
    let mut text = words(pair);
    if let Some(old) = old_statement(pair) {
        text = text.replacen(old.old, old.new, 1);
    }
    macro_rules! read {
        ($($setting:ident)*) => {$(
            if let Some(value) = text.strip_prefix(Keyword::$setting.as_str()) {
                return Some(Fact::$setting(Spelled::ending(value)?));
            }
        )*};
    }
    read!(
        UnmappedDestinations SeveralCategories InvalidEntries NonBooleanAll Banner Model ImpliedConsent GateOpens
        GateWithoutConsent LibraryLoads RouterKnows Batches ForeignConsent LedgerAlsoRecords LedgerMismatch LedgerUnstamped LedgerUnknown
        LedgerUnreachable LedgerConflict LedgerUnasked LedgerIntegerIds LedgerAlias
    );
    None
}

/// The values of `ledger mismatch`. To report a mismatch is to use what is stamped.
impl Spelled for Option<CheckAction> {
    const VALUES: &'static [Self] =
        &[None, Some(CheckAction::Drop), Some(CheckAction::UseRecorded), Some(CheckAction::UseStamped)];

    fn spelling(self) -> &'static str {
        match self {
            None => "ignore",
            Some(CheckAction::UseStamped) => "report",
            Some(action) => action.as_str(),
        }
    }
}
