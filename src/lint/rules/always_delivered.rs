//! A destination that nothing ever keeps an event from, though it seems to ask for consent.

use super::{Code, Diagnostic, Subject};
use crate::model::{CheckAction, CheckResult, LedgerCheck};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    for (destination, cases) in subject.destinations() {
        if destination.is_mapped() && !cases.is_empty() && cases.iter().all(|case| case.delivers()) {
            let drops = |check: LedgerCheck| {
                let results = CheckResult::ALL.into_iter();
                results.map(|result| check.action(result)).any(|action| action == CheckAction::Drop)
            };
            let unless = match subject.policy.ledger_check().is_some_and(drops) {
                true => ", unless the ledger check drops it",
                false => "",
            };
            let message =
                format!("every event reaches `{}`, whatever the person chose{unless}", destination.name());
            let place = destination.requirement_span().unwrap_or(destination.name_span());
            found.push(
                Diagnostic::new(Code::AlwaysDelivered, message)
                    .at(place, "keeps nothing from it")
                    .help("see the reconcile table: no row that blocks it enforces consent"),
            );
        }
    }
}
