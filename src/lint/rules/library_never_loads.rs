//! A site whose library never loads for some people.

use super::{Code, Diagnostic, Subject};
use crate::decide::Table;
use crate::visit::{NeverLoads, Site, never_loads};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let (Some(banner), Some(model), Ok(site)) = (policy.banner(), policy.consent_model(), Site::of(policy))
    else {
        return;
    };
    found.extend(never_loads(&Table::new(policy.clone()), site).map(|who| match who {
        NeverLoads::Everybody => Diagnostic::new(
            Code::LibraryNeverLoads,
            "the library never loads for a person who does not look for the banner",
        )
        .at(banner.span, "nobody is asked")
        .at(model.span, "the library waits for a choice, and every event before it is lost")
        .help("show a banner, best one that must be interacted with, or say `model opt-out` if the law lets you"),
        NeverLoads::WhoRejects => {
            Diagnostic::new(Code::LibraryNeverLoads, "the library never loads for a person who rejects all")
                .at(model.span, "nothing is sent then, and every event is lost")
                .help("map what the site cannot do without to a category that is granted `always`")
        }
    }));
}
