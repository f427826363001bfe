//! A requirement that `always` categories satisfy alone, so that it asks for nothing.

use super::{Code, Diagnostic, Subject};
use crate::model::{Category, CategoryId};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let always = |id: CategoryId| policy.category(id).is_some_and(Category::is_always);
    for destination in policy.destinations() {
        // Granting more never unsatisfies a requirement, so one that is satisfied by `always` alone always is.
        for (requirement, span, _) in destination.requirements() {
            if !requirement.live(policy).is_some_and(|requirement| requirement.is_satisfied(&always)) {
                continue;
            }
            let message = format!("`{}` needs only what is always granted", destination.name());
            found.push(
                Diagnostic::new(Code::ConstantRequirement, message)
                    .at(span, "always satisfied")
                    .help("if no choice of the person should matter here, this is right; else name the category that should"),
            );
        }
    }
}
