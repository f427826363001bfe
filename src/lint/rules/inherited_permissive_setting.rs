//! A setting that delivers more than its other value would, and that the author has left to a prelude.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::{Span, Spanned};
use crate::event::Entry;
use crate::model::{CategoryId, Destination, IntegrationsState, InvalidEntries, Quantifier};
use crate::reason::Reason;
use crate::syntax::tree::{DestinationAttribute, Fact, Needs, Otherwise};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let mut leaks = |span: Span, message: &str, setting: &str, strict: &str| {
        if policy.files().is_prelude(span.file) {
            found.push(
                Diagnostic::new(Code::InheritedPermissiveSetting, message)
                    .at(span, "nobody has decided this for this policy")
                    .help(format!("write `override {setting} {strict}`, or the same with the value that it has if that is meant")),
            );
        }
    };
    let unmapped = policy.unmapped_destinations();
    let mut cases = subject.outcomes.classes.iter().flat_map(|class| &class.cases);
    // Only where it is `deliver` is that a reason.
    if cases.any(|case| case.reason == Reason::Unmapped) {
        leaks(unmapped.span, "unmapped destinations are delivered", "unmapped destinations", "block");
    }
    let several = policy.several_categories();
    if several.value == Quantifier::Any && policy.destinations().iter().any(|one| is_list(subject, one)) {
        leaks(several.span, "one of several categories is enough", "several categories need", "all");
    }
    let invalid = policy.invalid_entries();
    if invalid.value == InvalidEntries::Unlisted && invalid_entry_delivers(subject) {
        let message = "an invalid integrations entry does not stop an event";
        leaks(invalid.span, message, "invalid entries", "off");
    }
}

/// Returns true if a destination needs several categories and does not say itself whether one of them is enough.
fn is_list(subject: &Subject, destination: &Destination) -> bool {
    let category = |id: &Spanned<CategoryId>| subject.policy.category(id.value);
    let live = destination.category_uses.iter().filter_map(category);
    let is_asked = destination.disabled.is_none() && destination.exempt.is_none();
    let Some(Fact::Destination(said)) = subject.fact(destination.span()) else { return false };
    let is_list = |attribute: &Spanned<DestinationAttribute>| {
        matches!(
            attribute.value,
            DestinationAttribute::Needs(Needs::List(_))
                | DestinationAttribute::NeedsWhen { needs: Needs::List(_), .. }
                | DestinationAttribute::Otherwise(Otherwise::Needs(Needs::List(_)))
        )
    };
    is_asked && live.filter(|category| category.is_live()).count() > 1 && said.attributes.iter().any(is_list)
}

/// Returns true if an entry that is neither a boolean nor an object lets an event through which `false` would stop.
fn invalid_entry_delivers(subject: &Subject) -> bool {
    subject.outcomes.classes.iter().any(|class| {
        let of = |entry| {
            class.cases.iter().filter(move |case| {
                case.situation.integrations == IntegrationsState::Present
                    && case.situation.entry == Some(entry)
            })
        };
        // Both lists have the same situations in the same order, but for the entry.
        of(Entry::Invalid).zip(of(Entry::Off)).any(|(invalid, off)| invalid.delivers() && !off.delivers())
    })
}
