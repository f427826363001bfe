//! A list of several categories without `all of` or `any of`: a reader has to look up which of the two is meant.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::Edit;
use crate::model::Quantifier;
use crate::syntax::name;
use crate::syntax::tree::{DestinationAttribute, Fact, Needs, Otherwise, Text};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let several = subject.policy.several_categories().value;
    let setting = format!("the setting `several categories need` is `{several}`");
    for destination in subject.policy.destinations() {
        let Some(Fact::Destination(said)) = subject.fact(destination.span()) else { continue };
        for attribute in &said.attributes {
            let (lead, needs) = match &attribute.value {
                DestinationAttribute::Needs(needs) => ("needs", needs),
                DestinationAttribute::NeedsWhen { needs, .. } => ("needs when ...", needs),
                DestinationAttribute::Otherwise(Otherwise::Needs(needs)) => ("otherwise", needs),
                _ => continue,
            };
            if let Needs::List(names) = needs {
                found.extend(ambiguous(subject, lead, names, several, &setting));
            }
        }
    }
    for promise in subject.policy.promises() {
        let Some(Fact::Promise(said)) = subject.fact(promise.span) else { continue };
        if let Some(Needs::List(names)) = &said.without {
            let meaning = "a list in a promise means `all of`";
            found.extend(ambiguous(subject, "without", names, Quantifier::All, meaning));
        }
    }
}

/// The finding about a list of several categories.
fn ambiguous(
    subject: &Subject,
    lead: &str,
    names: &[Text],
    meant: Quantifier,
    why: &str,
) -> Option<Diagnostic> {
    let [first, .., last] = names else { return None };
    let list = names.iter().map(|one| name(&one.value)).collect::<Vec<_>>().join(", ");
    let message = format!("`{lead} {list}` does not show whether all or any are required");
    let place = first.span.to(last.span);
    // A quoted name may follow the word in front of it without a space.
    let text = subject.trees.get(place.file.0).map_or("", |tree| &tree.text);
    let before = text.get(..place.start).unwrap_or_default();
    let space = if before.ends_with(char::is_alphabetic) { " " } else { "" };
    Some(
        Diagnostic::new(Code::AmbiguousList, message)
            .at(place, "all of them, or any")
            .help(format!("write `{lead} {meant} of {list}`: {why}"))
            .fix(format!("write `{meant} of`"), [Edit::new(place.before(), format!("{space}{meant} of "))]),
    )
}
