//! Tests that leave out a result of the ledger check after which the event's own preferences do not decide.

use super::{Code, Diagnostic, Subject};
use crate::decide::Table;
use crate::model::{Category, CheckAction, CheckResult};
use crate::syntax;
use crate::testing;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let Some(check) = policy.ledger_check().filter(|_| !policy.tests().is_empty()) else { return };
    let compared = policy.categories().iter().find(|category| category.is_free());
    let tested = testing::check_results(&Table::new(policy.clone()));
    let untested: Vec<(CheckResult, String)> = CheckResult::ALL
        .into_iter()
        .filter(|result| check.action(*result) != CheckAction::UseStamped && !tested.contains(result))
        .filter_map(|result| Some((result, example(result, compared)?)))
        .collect();
    if untested.is_empty() {
        return;
    }
    let results: Vec<&str> = untested.iter().map(|(result, _)| result.as_str()).collect();
    let examples: Vec<&str> = untested.iter().map(|(_, example)| example.as_str()).collect();
    let message = match results.as_slice() {
        [result] => format!("no test has the result `{result}` of the ledger check"),
        _ => format!("no test has these results of the ledger check: {}", results.join(", ")),
    };
    found.push(
        Diagnostic::new(Code::UntestedCheckResult, message)
            .at(policy.name_span(), "its tests leave this out")
            .help(format!("write a test with {}, and what you expect", examples.join("; with "))),
    );
}

/// Returns lines of a test with a result; `None` if no event has it, because no category is compared.
fn example(result: CheckResult, compared: Option<&Category>) -> Option<String> {
    Some(match result {
        CheckResult::Recording | CheckResult::Unchecked | CheckResult::Agrees => return None,
        CheckResult::Unknown => "`recorded unknown`".to_owned(),
        CheckResult::Unreachable => "`recorded unreachable`".to_owned(),
        CheckResult::Unstamped => "`consent empty` and `recorded {}`".to_owned(),
        CheckResult::Mismatch => {
            let name = syntax::name(compared?.name());
            format!("`consent {{ {name}: granted }}` and `recorded {{ {name}: refused }}`")
        }
    })
}
