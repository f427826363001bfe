//! A banner under which libraries may load before a person chooses.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::Subject;
use crate::visit::Possibility;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(banner) = subject.policy.banner() else { return };
    if Possibility::of(banner.value) == Possibility::Medium {
        found.push(
            Diagnostic::new(Code::BannerMayLose, "the documents rate this banner a medium possibility of data loss")
                .at(banner.span, "people use the site without choosing")
                .help("show a banner that must be interacted with, or none; else use few device-mode libraries, audit what they collect by themselves, and load the page again when a choice about them changes"),
        );
    }
}
