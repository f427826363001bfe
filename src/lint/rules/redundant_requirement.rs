//! A part of a requirement that changes nothing: another part says it already, or it is always granted.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::subject::Subject;
use crate::model::{Category, CategoryId, Policy, Requirement};
use std::collections::{BTreeSet, HashMap};

/// How many categories a requirement may have to be looked at: every combination of them is tried.
const MAX_CATEGORIES: usize = 12;

/// How many parts it may have: each is tried against all the others.
const MAX_PARTS: usize = 2_000;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let mut known: HashMap<&Requirement, Vec<usize>> = HashMap::new();
    for destination in subject.policy.destinations() {
        let Some(whole) = destination.requirement() else { continue };
        let redundant = known.entry(whole).or_insert_with(|| redundant(whole, subject.policy));
        for at in redundant.iter().filter_map(|first| destination.category_uses().get(*first)) {
            let message = format!("a part of what `{}` needs changes nothing", destination.name());
            found.push(
                Diagnostic::new(Code::RedundantRequirement, message)
                    .at(at.span, "says nothing that the rest does not")
                    .help("delete it, or see whether another category was meant"),
            );
        }
    }
}

/// The parts of a requirement that change nothing, all of them together: of each, which of the categories that the requirement
/// names is the first in it.
fn redundant(whole: &Requirement, policy: &Policy) -> Vec<usize> {
    let Some(choices) = Choices::of(whole, policy) else { return Vec::new() };
    // What changes nothing while a category is unenforced may change something as soon as it is not.
    let all: Vec<CategoryId> = whole.categories().collect();
    let is_any_off = all.iter().any(|id| !is_live(policy, *id));
    let switched_on = Choices::among(all, policy).filter(|_| is_any_off);
    if is_any_off && switched_on.is_none() {
        return Vec::new();
    }
    // Whole groups come before what is in them; the last of several equal parts is the one that says nothing new.
    let mut parts = parts(whole);
    if parts.len() > MAX_PARTS {
        return Vec::new();
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.depth));
    let mut gone = vec![false; parts.len() + 1];
    let satisfied = choices.satisfied(whole, &gone);
    let satisfied_on = switched_on.as_ref().map(|choices| choices.satisfied(whole, &gone));
    let mut redundant = Vec::new();
    while let Some(part) = parts.pop() {
        // What a person cannot be asked for at the moment says something again as soon as it is switched on.
        if gone.get(part.number) != Some(&false) || !choices.asks_for(part.part) {
            continue;
        }
        let mut without = gone.clone();
        without.iter_mut().take(part.end).skip(part.number).for_each(|gone| *gone = true);
        let left = choices.satisfied(whole, &without);
        let left_on = || switched_on.as_ref().map(|choices| choices.satisfied(whole, &without));
        if left.is_some() && left == satisfied && left_on() == satisfied_on {
            gone = without;
            redundant.push(part.first_category);
        }
    }
    redundant
}

/// A part of a requirement. Parts are numbered in the order of the text, a group before what is in it; the whole is 0.
struct Part<'r> {
    part: &'r Requirement,
    number: usize,
    /// The number behind the last part in it.
    end: usize,
    depth: usize,
    /// Which of the categories that the requirement names is the first in it.
    first_category: usize,
}

/// All parts but the whole.
fn parts(whole: &Requirement) -> Vec<Part<'_>> {
    fn add<'r>(part: &'r Requirement, depth: usize, categories: &mut usize, into: &mut Vec<Part<'r>>) {
        let index = into.len();
        into.push(Part { part, number: index, end: index + 1, depth, first_category: *categories });
        match part {
            Requirement::Category(_) => *categories += 1,
            Requirement::AllOf(elements) | Requirement::AnyOf(elements) => {
                elements.iter().for_each(|element| add(element, depth + 1, categories, into));
            }
        }
        let end = into.len();
        if let Some(part) = into.get_mut(index) {
            part.end = end;
        }
    }
    let mut parts = Vec::new();
    add(whole, 0, &mut 0, &mut parts);
    parts.split_off(1)
}

/// What people can choose, as far as a requirement depends on it.
struct Choices<'p> {
    policy: &'p Policy,
    /// When each category is granted, but for those that are unenforced.
    granted: HashMap<CategoryId, Satisfied>,
}

/// For every combination of choices a bit: whether something is satisfied.
type Satisfied = Vec<u64>;

impl<'p> Choices<'p> {
    /// `None` where no part can be redundant, or where there are too many combinations.
    fn of(whole: &Requirement, policy: &'p Policy) -> Option<Self> {
        let live: Vec<CategoryId> = whole.categories().filter(|id| is_live(policy, *id)).collect();
        let free = live.iter().filter(|id| !is_always(policy, **id)).collect::<BTreeSet<_>>().len();
        // Where each category stands once and none is granted anyway, each of them matters.
        if free == live.len() {
            return None;
        }
        Choices::among(live, policy)
    }

    fn among(categories: Vec<CategoryId>, policy: &'p Policy) -> Option<Self> {
        let free: BTreeSet<CategoryId> =
            categories.iter().copied().filter(|id| !is_always(policy, *id)).collect();
        if free.len() > MAX_CATEGORIES {
            return None;
        }
        let granted = categories.into_iter().map(|id| {
            let place = free.iter().position(|free| *free == id);
            (id, granted(place, free.len()))
        });
        Some(Choices { policy, granted: granted.collect() })
    }

    /// When a requirement is satisfied without the parts that are gone; `None` where nothing is left of it.
    fn satisfied(&self, whole: &Requirement, gone: &[bool]) -> Option<Satisfied> {
        self.part(whole, &mut 0, gone)
    }

    fn part(&self, part: &Requirement, number: &mut usize, gone: &[bool]) -> Option<Satisfied> {
        let is_gone = gone.get(*number) == Some(&true);
        *number += 1;
        let satisfied = match part {
            Requirement::Category(id) => self.granted.get(id).cloned(),
            Requirement::AllOf(elements) => {
                self.elements(elements, number, gone, |satisfied, other| *satisfied &= other)
            }
            Requirement::AnyOf(elements) => {
                self.elements(elements, number, gone, |satisfied, other| *satisfied |= other)
            }
        };
        satisfied.filter(|_| !is_gone)
    }

    fn elements(
        &self,
        elements: &[Requirement],
        number: &mut usize,
        gone: &[bool],
        join: impl Fn(&mut u64, u64),
    ) -> Option<Satisfied> {
        let mut joined: Option<Satisfied> = None;
        for element in elements {
            match (&mut joined, self.part(element, number, gone)) {
                (_, None) => {}
                (Some(joined), Some(other)) => {
                    joined.iter_mut().zip(other).for_each(|(one, other)| join(one, other));
                }
                (none, other) => *none = other,
            }
        }
        joined
    }

    /// Returns true if a part names a category that is not unenforced.
    fn asks_for(&self, part: &Requirement) -> bool {
        part.categories().any(|id| is_live(self.policy, id))
    }
}

/// When the category at a place among so many is granted; always, where it has none.
fn granted(place: Option<usize>, categories: usize) -> Satisfied {
    let combinations = 1usize << categories;
    let mut granted = vec![0; combinations.div_ceil(64)];
    for combination in (0..combinations).filter(|one| place.is_none_or(|place| one >> place & 1 == 1)) {
        if let Some(word) = granted.get_mut(combination / 64) {
            *word |= 1 << (combination % 64);
        }
    }
    granted
}

fn is_live(policy: &Policy, id: CategoryId) -> bool {
    policy.category(id).is_none_or(Category::is_live)
}

fn is_always(policy: &Policy, id: CategoryId) -> bool {
    policy.category(id).is_some_and(Category::is_always)
}
