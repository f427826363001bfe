//! A destination that needs every category there is: whoever refuses a single one is out of its reach. The platform's
//! documents warn of it where messages are concerned that people have asked for.

use super::{Code, Diagnostic, Subject};
use crate::model::{Category, CategoryId};

/// With fewer categories, needing all of them is nothing out of the ordinary.
const MANY: usize = 3;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let is_asked = |id: &CategoryId| policy.category(*id).is_some_and(Category::is_free);
    let asked: Vec<CategoryId> = policy.category_ids().filter(is_asked).collect();
    if asked.len() < MANY {
        return;
    }
    for destination in policy.destinations() {
        let is_not_asked = destination.exempt.is_some() || destination.disabled.is_some();
        // What names fewer categories than there are cannot need all of them.
        if destination.category_uses.len() < asked.len() || is_not_asked {
            continue;
        }
        for (requirement, span, _) in destination.requirements() {
            let Some(requirement) = requirement.live(policy) else { continue };
            if !asked.iter().all(|refused| !requirement.is_satisfied(&|id| id != *refused)) {
                continue;
            }
            let message = format!("`{}` is out of reach for whoever refuses anything", destination.name());
            found.push(
                Diagnostic::new(Code::NeedsEveryCategory, message)
                    .at(span, "needs every category that people can refuse")
                    .help("name the categories that it serves, or write `any of` if one of them is enough"),
            );
        }
    }
}
