//! A destination that needs categories on some events, and on others receives what people refuse.

use super::{Code, Diagnostic, Subject};
use crate::model::Policy;
use crate::reason::Reason;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    for (destination, cases) in subject.destinations() {
        let receives_unmapped = cases.iter().any(|case| case.reason == Reason::Unmapped);
        if !(receives_unmapped && destination.is_mapped()) {
            continue;
        }
        let place = destination.unmapped_arm().unwrap_or(destination.name_span());
        let message = format!(
            "`{}` needs categories on some events, and receives others whatever people refuse",
            destination.name()
        );
        found.push(
            Diagnostic::new(Code::PartlyMapped, message)
                .at(place, inputs(subject.policy))
                .help("write the categories that it needs then, or say why that is meant: `// allow partly-mapped because \"...\"`"),
        );
    }
}

/// Returns the inputs by which such events differ.
fn inputs(policy: &Policy) -> String {
    let names: Vec<String> = policy.inputs().iter().map(|input| format!("`{}`", input.name())).collect();
    format!("an event with another {} gets here", names.join(" or "))
}
