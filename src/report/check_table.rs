//! The check against the ledger as a table: each result, when the check has it, and what becomes of the event.

use super::page::Grid;
use crate::diagnostic::listed;
use crate::model::{AlsoRecords, Category, CheckAction, CheckResult, Policy};
use serde::Serialize;

/// A row of the check.
#[derive(Debug, Serialize)]
pub(super) struct CheckRow {
    action: String,
    result: CheckResult,
    when: String,
}

/// The titles of the columns.
const TITLES: [&str; 3] = ["result", "when", "action"];

/// Returns the rows of a policy; none where it asks for no check.
pub(super) fn check_rows(policy: &Policy) -> Vec<CheckRow> {
    let Some(check) = policy.ledger_check() else { return Vec::new() };
    let compared = policy.categories().iter().filter(|category| category.is_free());
    let compared = listed(compared.map(Category::name), "and");
    let can_occur = |result: &CheckResult| *result != CheckResult::Mismatch || !compared.is_empty();
    let row = |result: CheckResult| {
        let action = check.action(result);
        let action = match action {
            CheckAction::Drop => format!("drop {:?}", result.drop_reason()),
            _ => result.action_as_str(action).to_owned(),
        };
        let has_record =
            matches!(result, CheckResult::Unstamped | CheckResult::Agrees | CheckResult::Mismatch);
        let age = check.grants_expire.filter(|_| has_record && !compared.is_empty());
        let age = age.map_or(String::new(), |days| format!("; a grant older than {days} days is refused"));
        CheckRow { action, result, when: when(policy, result, &compared) + &age }
    };
    CheckResult::ALL.into_iter().filter(can_occur).map(row).collect()
}

/// Returns when the check has a result.
fn when(policy: &Policy, result: CheckResult, compared: &str) -> String {
    match result {
        CheckResult::Recording => {
            let names = policy.preference_events().value.iter().map(|name| format!("{:?}", name.value));
            let identify = "an identify event that carries preferences".to_owned();
            let identify = Some(identify).filter(|_| policy.also_records() == AlsoRecords::Identify);
            match listed(names.map(|name| format!("a track event named {name}")).chain(identify), "or") {
                none if none.is_empty() => "never: no event writes to the ledger".to_owned(),
                events => format!("the event writes to the ledger: {events}"),
            }
        }
        CheckResult::Unchecked => "the caller asked for no check, as with --unchecked".to_owned(),
        CheckResult::Unknown => {
            "the event names nobody, or the ledger has no record of the person".to_owned()
        }
        CheckResult::Unreachable => {
            "the ledger gave no usable answer in time, or the caller gave none".to_owned()
        }
        CheckResult::Unstamped => {
            "the person has a record, and the event's consent object is not answered".to_owned()
        }
        CheckResult::Agrees if compared.is_empty() => {
            "the person has a record, and nothing is compared".to_owned()
        }
        CheckResult::Agrees => {
            format!("the person has a record, and the event grants the same of {compared}")
        }
        CheckResult::Mismatch => {
            format!("the person has a record, and the event grants something else of {compared}")
        }
    }
}

impl CheckRow {
    /// Returns the result, when the check has it, and the action.
    pub(super) fn cells(&self) -> [&str; 3] {
        [self.result.as_str(), &self.when, &self.action]
    }
}

/// Returns the rows as a table.
pub(super) fn check_table(rows: &[CheckRow]) -> Grid {
    Grid::new(TITLES).with(rows.iter().map(CheckRow::cells))
}
