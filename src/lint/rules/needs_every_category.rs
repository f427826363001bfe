//! A destination that needs every category there is: whoever refuses a single one is out of its reach. The platform's
//! documents warn of it where messages are concerned that people have asked for.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::Subject;
use crate::table::{Bits, always, live, satisfied};

/// With fewer categories, needing all of them is nothing out of the ordinary.
const MANY: usize = 3;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let always = always(policy);
    let asked: Vec<usize> = policy
        .category_ids()
        .zip(policy.categories())
        .filter(|(_, category)| category.always().is_none() && category.unenforced().is_none())
        .map(|(id, _)| id.index())
        .collect();
    if asked.len() < MANY {
        return;
    }
    for destination in policy.destinations() {
        let (Some(requirement), Some(span)) = (destination.requirement(), destination.requirement_span())
        else {
            continue;
        };
        let is_not_asked = destination.exempt().is_some() || destination.disabled().is_some();
        // What names fewer categories than there are cannot need all of them.
        if destination.category_uses().len() < asked.len() || is_not_asked {
            continue;
        }
        let Some(requirement) = live(requirement, policy) else { continue };
        let without = |refused: usize| {
            let mut granted = Bits::new(policy.categories().len());
            granted.copy_from(&always);
            asked.iter().filter(|id| **id != refused).for_each(|id| granted.insert(*id));
            granted
        };
        if asked.iter().all(|refused| !satisfied(&requirement, &without(*refused))) {
            let message = format!("`{}` is out of reach for whoever refuses anything", destination.name());
            found.push(
                Diagnostic::new(Code::NeedsEveryCategory, message)
                    .at(span, "needs every category that people can refuse")
                    .help("name the categories that it serves, or write `any of` if one of them is enough"),
            );
        }
    }
}
