//! Settings whose value is one word or two: the statement ends with it.

use super::builder::words;
use super::generated::Rule;
use super::old_forms::old_statement;
use super::tree::*;
use crate::spelled::Spelled;
use pest::iterators::Pair;

/// Reads a setting.
pub(super) fn setting(pair: &Pair<Rule>) -> Option<Fact> {
    let text = match (pair.as_rule(), old_statement(pair)) {
        (Rule::old_gate | Rule::old_gate_without_consent, Some(old)) => old.new.to_owned(),
        _ => words(pair),
    };
    let text = text.as_str();
    Some(match pair.as_rule() {
        Rule::unmapped_destinations => Fact::UnmappedDestinations(UnmappedDestinations::ending(text)?),
        Rule::several_categories => Fact::SeveralCategories(Quantifier::ending(text)?),
        Rule::invalid_entries | Rule::old_unreadable_integrations => {
            Fact::InvalidEntries(InvalidEntries::ending(text)?)
        }
        Rule::ledger_also_records => Fact::Ledger(LedgerSetting::AlsoRecords(AlsoRecords::ending(text)?)),
        Rule::ledger | Rule::old_verify => Fact::Ledger(ledger_setting(text)?),
        rule => Fact::Visit(match rule {
            Rule::banner => VisitSetting::Banner(Banner::ending(text)?),
            Rule::model => VisitSetting::Model(ConsentModel::ending(text)?),
            Rule::implied_consent | Rule::old_model_implied => {
                VisitSetting::ImpliedConsent(ImpliedConsent::ending(text)?)
            }
            Rule::gate_opens_on | Rule::old_gate => VisitSetting::GateOpens(GateOpens::ending(text)?),
            Rule::gate_without_consent | Rule::old_gate_without_consent => {
                VisitSetting::WithoutConsent(WithoutConsent::ending(text)?)
            }
            Rule::library_loads | Rule::old_visit => VisitSetting::LibraryLoads(LoadTrigger::ending(text)?),
            _ => return None,
        }),
    })
}

/// Reads one of the settings of the check against the ledger.
fn ledger_setting(text: &str) -> Option<LedgerSetting> {
    let action = CheckAction::ending(text);
    Some(match text.split(' ').nth(1)? {
        "mismatch" if text.ends_with("ignore") => LedgerSetting::Mismatch(None),
        // To report a mismatch is to use what is stamped.
        "mismatch" => LedgerSetting::Mismatch(action.or(Some(CheckAction::UseStamped))),
        "unstamped" => LedgerSetting::Unstamped(action?),
        "unknown" => LedgerSetting::Unknown(action?),
        "unreachable" => LedgerSetting::Unreachable(action?),
        _ => LedgerSetting::Conflict(Conflict::ending(text)?),
    })
}
