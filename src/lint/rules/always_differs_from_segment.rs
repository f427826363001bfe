//! `always` where the platform's own table would block: its rows 2 and 4 grant nothing without preferences.

use super::{Code, Diagnostic, Subject};
use crate::model::{ConsentState, IntegrationsState};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let enforces_consent = |integrations| {
        policy.reconcile().row(ConsentState::Unanswered, integrations).enforce.value.mentions().consent
    };
    if !enforces_consent(IntegrationsState::None) && !enforces_consent(IntegrationsState::Present) {
        return;
    }
    for category in policy.categories() {
        let (Some(always), None) = (category.always, category.unenforced) else { continue };
        let message = format!("`{}` is granted also when the event grants nothing", category.name());
        found.push(
            Diagnostic::new(Code::AlwaysDiffersFromSegment, message)
                .at(always, "the platform's table, rows 2 and 4, would block")
                .help("this is right for what is strictly necessary; the platform itself will not deliver, unless it is unmapped there"),
        );
    }
}
