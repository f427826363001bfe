//! A category that no destination needs: people are asked for something that decides nothing.

use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let mut used = vec![false; policy.categories().len()];
    for category in policy.destinations().iter().flat_map(|destination| &destination.category_uses) {
        if let Some(used) = used.get_mut(category.value.index()) {
            *used = true;
        }
    }
    for (category, _) in policy.categories().iter().zip(used).filter(|(_, used)| !used) {
        found.push(
            Diagnostic::new(Code::UnusedCategory, format!("no destination needs `{}`", category.name()))
                .at(category.name_span(), "decides nothing")
                .help("map the destinations that it stands for, or delete it if there are none"),
        );
    }
}
