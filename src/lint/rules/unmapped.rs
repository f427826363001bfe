//! A destination that no category stands for and that is delivered all the same: the documents recommend mapping all.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::Subject;
use crate::model::UnmappedDestinations;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    if policy.unmapped_destinations().value == UnmappedDestinations::Block {
        return;
    }
    for destination in policy.destinations() {
        let passes_anyway = destination.exempt().is_some() || destination.disabled().is_some();
        if destination.requirement().is_none() && !passes_anyway {
            let message =
                format!("`{}` receives what people refuse: no category stands for it", destination.name());
            found.push(
                Diagnostic::new(Code::Unmapped, message)
                    .at(destination.name_span(), "unmapped")
                    .help("map it: `needs ...` with the categories that it serves"),
            );
        }
    }
}
