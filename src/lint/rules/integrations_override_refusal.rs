//! Words that let the integrations object grant what the person refused, without a reason.

use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    for row in policy.reconcile().rows() {
        if row.enforce.value.mentions().or && row.because.is_none() {
            found.push(
                Diagnostic::new(
                    Code::IntegrationsOverrideRefusal,
                    format!("`{}` may deliver what the person refused", row.enforce.value),
                )
                .at(row.span, "integrations grant here")
                .help(
                    "write `consent then integrations`, or say why at the end of the row: `because \"...\"`",
                ),
            );
        }
    }
}
