//! A destination that no category stands for and that is delivered all the same: the documents recommend mapping all.

use super::{Code, Diagnostic, Subject};
use crate::reason::Reason;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    for (destination, cases) in subject.destinations() {
        // Where some events have a requirement, another rule speaks of the others.
        if !destination.is_mapped() && cases.iter().any(|case| case.reason == Reason::Unmapped) {
            let message =
                format!("`{}` receives what people refuse: no category stands for it", destination.name());
            found.push(
                Diagnostic::new(Code::UnmappedDestination, message)
                    .at(destination.name_span(), "unmapped")
                    .help("map it: `needs ...` with the categories that it serves"),
            );
        }
    }
}
