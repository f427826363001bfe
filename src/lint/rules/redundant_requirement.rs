//! A part of a requirement that changes nothing: another part says it already, or it is always granted.

use super::{Code, Diagnostic, Subject};
use crate::model::{Category, CategoryId, Policy, Requirement};
use std::collections::{BTreeSet, HashMap};

/// How many categories a requirement may have to be looked at: every combination of them is tried.
const MAX_CATEGORIES: usize = 12;

/// How many parts it may have: each is tried against all the others.
const MAX_PARTS: usize = 2_000;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let mut known: HashMap<&Requirement, Vec<usize>> = HashMap::new();
    for destination in subject.policy.destinations() {
        let all = destination.requirements();
        let redundant = all.flat_map(|(whole, _, uses)| {
            let redundant = known.entry(whole).or_insert_with(|| redundant(whole, subject.policy));
            redundant.iter().filter_map(|first| uses.get(*first)).collect::<Vec<_>>()
        });
        for at in redundant {
            let message = format!("a part of what `{}` needs changes nothing", destination.name());
            found.push(
                Diagnostic::new(Code::RedundantRequirement, message)
                    .at(at.span, "says nothing that the rest does not")
                    .help("delete it, or see whether another category was meant"),
            );
        }
    }
}

/// Returns the parts of a requirement that change nothing, all of them together: of each, which of the categories that the
/// requirement names is the first in it.
fn redundant(whole: &Requirement, policy: &Policy) -> Vec<usize> {
    let all: Vec<CategoryId> = whole.categories().collect();
    let live: Vec<CategoryId> = all.iter().copied().filter(|id| is_live(policy, *id)).collect();
    // Where each category stands once and none is granted anyway, each of them matters.
    if free(&live, policy).len() == live.len() {
        return Vec::new();
    }
    // What changes nothing while a category is unenforced may change something as soon as it is not.
    let switched_on = (live.len() < all.len()).then_some(&all);
    let grants: Option<Vec<_>> =
        [&live].into_iter().chain(switched_on).map(|ids| grants(ids, policy)).collect();
    let mut parts = Vec::new();
    add_parts(whole, &[], &mut 0, &mut parts);
    let Some(grants) = grants.filter(|_| parts.len() <= MAX_PARTS) else { return Vec::new() };
    let satisfied =
        |whole: &Requirement| -> Vec<_> { grants.iter().map(|one| satisfied(whole, one)).collect() };
    // Whole groups come before what is in them; the last of several equal parts is the one that says nothing new.
    parts.sort_by_key(|part| std::cmp::Reverse(part.path.len()));
    let mut left = whole.clone();
    let wanted = satisfied(whole);
    let mut redundant = Vec::new();
    while let Some(Part { path, first_category }) = parts.pop() {
        // What a person cannot be asked for at the moment says something again as soon as it is switched on.
        let is_asked = |part: &&mut Requirement| part.categories().any(|id| is_live(policy, id));
        let Some(part) = part_at(&mut left, &path).filter(is_asked) else { continue };
        let part = std::mem::replace(part, Requirement::AllOf(Vec::new()));
        if satisfied(&left) == wanted {
            redundant.push(first_category);
        } else if let Some(place) = part_at(&mut left, &path) {
            *place = part;
        }
    }
    redundant
}

/// A part of a requirement.
struct Part {
    /// Its place among the elements of each group that it is in, the outermost first.
    path: Vec<usize>,
    /// Which of the categories that the requirement names is the first in it.
    first_category: usize,
}

/// Adds all parts of a requirement but the whole, a group before what is in it.
fn add_parts(whole: &Requirement, path: &[usize], categories: &mut usize, into: &mut Vec<Part>) {
    let (Requirement::AllOf(elements) | Requirement::AnyOf(elements)) = whole else {
        *categories += 1;
        return;
    };
    for (place, element) in elements.iter().enumerate() {
        let path = [path, &[place]].concat();
        into.push(Part { path: path.clone(), first_category: *categories });
        add_parts(element, &path, categories, into);
    }
}

fn part_at<'r>(whole: &'r mut Requirement, path: &[usize]) -> Option<&'r mut Requirement> {
    path.iter().try_fold(whole, |part, place| match part {
        Requirement::Category(_) => None,
        Requirement::AllOf(elements) | Requirement::AnyOf(elements) => elements.get_mut(*place),
    })
}

/// A bit for every combination of choices: whether something is satisfied.
type Satisfied = Vec<u64>;

/// Returns when each of some categories is granted; `None` where there are too many combinations.
fn grants(categories: &[CategoryId], policy: &Policy) -> Option<HashMap<CategoryId, Satisfied>> {
    let free = free(categories, policy);
    let granted = |id: &CategoryId| (*id, granted(free.iter().position(|free| free == id), free.len()));
    (free.len() <= MAX_CATEGORIES).then(|| categories.iter().map(granted).collect())
}

/// Returns when the category at a place among so many is granted; always, where it has none.
fn granted(place: Option<usize>, categories: usize) -> Satisfied {
    let is_granted = |combination: usize| place.is_none_or(|place| combination >> place & 1 == 1);
    let word =
        |first: usize| (0..64).filter(|bit| is_granted(first + *bit)).fold(0, |word, bit| word | 1 << bit);
    (0..1 << categories).step_by(64).map(word).collect()
}

/// Returns when a requirement is satisfied; `None` where it asks for none of the categories.
fn satisfied(whole: &Requirement, granted: &HashMap<CategoryId, Satisfied>) -> Option<Satisfied> {
    let (elements, join): (_, fn(u64, u64) -> u64) = match whole {
        Requirement::Category(id) => return granted.get(id).cloned(),
        Requirement::AllOf(elements) => (elements, |one, other| one & other),
        Requirement::AnyOf(elements) => (elements, |one, other| one | other),
    };
    let each = elements.iter().filter_map(|element| satisfied(element, granted));
    each.reduce(|one, other| one.into_iter().zip(other).map(|(one, other)| join(one, other)).collect())
}

/// Returns the categories that are not granted anyway, each once.
fn free(categories: &[CategoryId], policy: &Policy) -> BTreeSet<CategoryId> {
    let is_always = |id: &CategoryId| policy.category(*id).is_some_and(Category::is_always);
    categories.iter().copied().filter(|id| !is_always(id)).collect()
}

fn is_live(policy: &Policy, id: CategoryId) -> bool {
    policy.category(id).is_none_or(Category::is_live)
}
