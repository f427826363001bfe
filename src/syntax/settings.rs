//! Settings that are one word of a few.

use super::builder::{children, has};
use super::generated::Rule;
use super::tree::*;
use pest::iterators::Pair;

pub(super) fn invalid_entries(pair: &Pair<Rule>) -> InvalidEntries {
    match has(pair, Rule::word_off) {
        true => InvalidEntries::Off,
        false => InvalidEntries::Unlisted,
    }
}

/// One of the settings of the check against the ledger.
pub(super) fn ledger_setting(pair: &Pair<Rule>) -> Option<LedgerSetting> {
    let mut parts = children(pair).map(|child| child.as_rule()).skip(1);
    let subject = parts.next()?;
    let action = match parts.next()? {
        Rule::word_ignore => return Some(LedgerSetting::Mismatch(None)),
        Rule::word_grant => return Some(LedgerSetting::Conflict(Conflict::Grant)),
        Rule::word_drop => CheckAction::Drop,
        Rule::use_recorded => CheckAction::UseRecorded,
        Rule::use_stamped | Rule::word_report => CheckAction::UseStamped,
        Rule::word_refuse => CheckAction::Refuse,
        _ => return None,
    };
    Some(match subject {
        Rule::word_mismatch => LedgerSetting::Mismatch(Some(action)),
        Rule::word_unstamped => LedgerSetting::Unstamped(action),
        Rule::word_unknown => LedgerSetting::Unknown(action),
        Rule::word_unreachable => LedgerSetting::Unreachable(action),
        Rule::word_conflict => LedgerSetting::Conflict(Conflict::Refuse),
        _ => return None,
    })
}

/// One of the settings of banner, gate and library: the last word is its value.
pub(super) fn visit_setting(pair: &Pair<Rule>) -> Option<VisitSetting> {
    let last = children(pair).last()?;
    let value = last.as_rule();
    Some(match pair.as_rule() {
        Rule::banner => VisitSetting::Banner(match value {
            Rule::word_mandatory => Banner::Mandatory,
            Rule::word_stays => Banner::Stays,
            Rule::word_disappears => Banner::Disappears,
            _ => Banner::NeverShown,
        }),
        Rule::model => VisitSetting::Model(match value {
            Rule::word_opt_in => ConsentModel::OptIn,
            Rule::word_opt_out => ConsentModel::OptOut,
            Rule::word_implied => ConsentModel::Implied,
            Rule::word_notice_only => ConsentModel::NoticeOnly,
            Rule::word_custom => ConsentModel::Custom,
            _ => return None,
        }),
        Rule::implied_consent | Rule::old_model_implied => VisitSetting::ImpliedConsent(match value {
            Rule::word_opt_in => ImpliedConsent::OptIn,
            _ => ImpliedConsent::OptOut,
        }),
        Rule::gate_opens_on | Rule::old_gate => VisitSetting::GateOpens(match (value, last.as_str()) {
            (Rule::any_grant, _) | (_, "table") => GateOpens::AnyGrant,
            (Rule::needed_grant, _) | (_, "relevant") => GateOpens::NeededGrant,
            _ => GateOpens::Delivery,
        }),
        Rule::gate_without_consent | Rule::old_gate_without_consent => {
            VisitSetting::WithoutConsent(match value == Rule::word_open || has(pair, Rule::old_open_word) {
                true => WithoutConsent::Open,
                false => WithoutConsent::Closed,
            })
        }
        Rule::library_loads | Rule::old_visit => VisitSetting::LibraryLoads(match value {
            Rule::word_open => LoadTrigger::GateOpen,
            _ => LoadTrigger::Granted,
        }),
        _ => return None,
    })
}
