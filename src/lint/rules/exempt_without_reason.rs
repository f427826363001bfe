//! An exemption that does not say why: the next reader cannot tell it from a mistake.

use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    for destination in subject.policy.destinations() {
        let (Some(exempt), None) = (destination.exempt, &destination.exempt_because) else { continue };
        let message = format!("`{}` is exempt from consent, and nothing says why", destination.name());
        found.push(
            Diagnostic::new(Code::ExemptWithoutReason, message)
                .at(exempt, "why?")
                .help("write the reason: `exempt because \"...\"`"),
        );
    }
}
