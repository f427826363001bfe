//! Names of two destinations that a reader takes for one: they differ only in case, or by letters that look alike.

use super::lookalikes::LookAlikes;
use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let mut seen = LookAlikes::default();
    for destination in subject.policy.destinations() {
        let further = destination.aliases.iter().map(|name| (name.value.as_str(), name.span));
        for (name, span) in std::iter::once((destination.name(), destination.name_span())).chain(further) {
            let (message, other) = match seen.insert(name, destination.name(), span) {
                Some((other, at)) => {
                    (format!("`{name}` and `{other}` look alike, and are two destinations"), Some(at))
                }
                None if LookAlikes::are("All", name) => {
                    (format!("`{name}` looks like `All`, which stands for every destination"), None)
                }
                None => continue,
            };
            let mut finding = Diagnostic::new(Code::SimilarDestinations, message).at(span, "this one");
            if let Some(at) = other {
                finding = finding.at(at, "and this one");
            }
            found.push(
                finding.help(
                    "the integrations object is compared exactly: see how the platform spells the name",
                ),
            );
        }
    }
}
