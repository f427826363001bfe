//! A setting that delivers more than its other value would, and that the author has left to a prelude.

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Entry;
use crate::lint::Subject;
use crate::model::{IntegrationsState, Quantifier, UnmappedDestinations, UnreadableIntegrations};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let mut leaks = |span: crate::diagnostic::Span, message: &str, setting: &str, strict: &str| {
        if policy.files().is_prelude(span.file) {
            found.push(
                Diagnostic::new(Code::LeakingSetting, message)
                    .at(span, "nobody has decided this for this policy")
                    .help(format!("write `override {setting} {strict}`, or the same with the value that it has if that is meant")),
            );
        }
    };
    let unmapped = policy.unmapped_destinations();
    let has_unmapped = policy
        .destinations()
        .iter()
        .any(|one| one.requirement().is_none() && one.exempt().is_none() && one.disabled().is_none());
    if unmapped.value == UnmappedDestinations::Deliver && has_unmapped {
        leaks(unmapped.span, "unmapped destinations are delivered", "unmapped destinations", "block");
    }
    let several = policy.several_categories();
    if several.value == Quantifier::Any
        && policy.destinations().iter().any(|one| one.category_uses().len() > 1)
    {
        leaks(several.span, "one of several categories is enough", "several categories need", "all");
    }
    let unreadable = policy.unreadable_integrations();
    if unreadable.value == UnreadableIntegrations::Unlisted && unreadable_entry_delivers(subject) {
        let message = "an integrations entry that nobody can read does not stop an event";
        leaks(unreadable.span, message, "unreadable integrations count as", "off");
    }
}

/// Whether an entry that is neither a boolean nor an object lets an event through which `false` would stop.
fn unreadable_entry_delivers(subject: &Subject<'_>) -> bool {
    subject.answers.sorts().iter().any(|sort| {
        let of = |entry| {
            sort.cases.iter().filter(move |case| {
                case.situation.integrations == IntegrationsState::Given && case.situation.entry == Some(entry)
            })
        };
        // Both lists have the same situations in the same order, but for the entry.
        of(Entry::Unreadable)
            .zip(of(Entry::Off))
            .any(|(unreadable, off)| unreadable.delivers() && !off.delivers())
    })
}
