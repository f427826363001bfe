//! A banner that people need not answer.

use super::{Code, Diagnostic, Subject};
use crate::model::ImpliedConsent;
use crate::visit::{Possibility, Site};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let Some(banner) = policy.banner() else { return };
    if Possibility::of(banner.value) != Possibility::Medium {
        return;
    }
    let few = "else use few device-mode libraries, audit what they collect by themselves, and load the page again when a choice about them changes";
    let (label, help) = match Site::of(policy).map(|site| site.taken_as()) {
        Ok(ImpliedConsent::OptIn) => (
            "events wait for a choice, and are lost with a person who leaves without one",
            "show a banner that must be interacted with",
        ),
        Ok(ImpliedConsent::OptOut) => (
            "libraries load before people choose, and what they choose later is late for them",
            "show a banner that must be interacted with, or none",
        ),
        Err(_) => ("people use the site without choosing", "show a banner that must be interacted with"),
    };
    found.push(
        Diagnostic::new(
            Code::BannerDataLoss,
            "the documents rate this banner a medium possibility of data loss",
        )
        .at(banner.span, label)
        .help(format!("{help}; {few}")),
    );
}
