//! A part of a requirement that changes nothing: another part says it already, or it is always granted.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::Subject;
use crate::model::{CategoryId, Policy, Requirement};
use crate::table::live;

/// How many categories a requirement may have to be looked at: every combination of them is tried.
const MAX_CATEGORIES: usize = 12;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    for destination in policy.destinations() {
        let Some(whole) = destination.requirement() else { continue };
        let Some(mut inputs) = Inputs::of(whole, policy) else { continue };
        // Whole groups come before what is in them; the last of several equal parts is the one that says nothing new.
        let mut places = places(whole);
        places.sort_by_key(|place| std::cmp::Reverse(place.path.len()));
        while let Some(place) = places.pop() {
            let Some(shorter) = without(whole, &place.path, &inputs.left_out) else { continue };
            let changes_nothing = match (live(&shorter, policy), live(&inputs.rest(whole), policy)) {
                (Some(shorter), Some(longer)) => inputs.same(&shorter, &longer),
                _ => false,
            };
            if !changes_nothing {
                continue;
            }
            inputs.left_out.push(place.path);
            let Some(at) = destination.category_uses().get(place.first_category) else { continue };
            let message = format!("a part of what `{}` needs changes nothing", destination.name());
            found.push(
                Diagnostic::new(Code::RedundantPart, message)
                    .at(at.span, "says nothing that the rest does not")
                    .help("delete it, or see whether another category was meant"),
            );
        }
    }
}

/// A part of a requirement: which element of which group, from the outermost inwards.
type Path = Vec<usize>;

/// A part, and which of the categories that the requirement names is the first in it.
struct Place {
    path: Path,
    first_category: usize,
}

/// The parts of a requirement, in the order of the text.
fn places(whole: &Requirement) -> Vec<Place> {
    fn add(requirement: &Requirement, path: &Path, categories: &mut usize, into: &mut Vec<Place>) {
        match requirement {
            Requirement::Category(_) => *categories += 1,
            Requirement::AllOf(elements) | Requirement::AnyOf(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    let mut path = path.clone();
                    path.push(index);
                    into.push(Place { path: path.clone(), first_category: *categories });
                    add(element, &path, categories, into);
                }
            }
        }
    }
    let mut places = Vec::new();
    add(whole, &Vec::new(), &mut 0, &mut places);
    places
}

/// A requirement without one part, and without those that were found to say nothing; `None` where nothing would be left of
/// it, or where the part is gone already.
fn without(whole: &Requirement, path: &Path, left_out: &[Path]) -> Option<Requirement> {
    if left_out.iter().any(|gone| path.starts_with(gone)) {
        return None;
    }
    let gone: Vec<Path> = left_out.iter().cloned().chain([path.clone()]).collect();
    rest(whole, &Vec::new(), &gone)
}

/// What is left of a requirement without some parts.
fn rest(requirement: &Requirement, path: &Path, gone: &[Path]) -> Option<Requirement> {
    if gone.contains(path) {
        return None;
    }
    let elements = |elements: &[Requirement]| -> Option<Vec<Requirement>> {
        let each = elements.iter().enumerate().filter_map(|(index, element)| {
            let mut path = path.clone();
            path.push(index);
            rest(element, &path, gone)
        });
        let left: Vec<Requirement> = each.collect();
        (!left.is_empty()).then_some(left)
    };
    match requirement {
        Requirement::Category(id) => Some(Requirement::Category(*id)),
        Requirement::AllOf(all) => elements(all).map(Requirement::AllOf),
        Requirement::AnyOf(any) => elements(any).map(Requirement::AnyOf),
    }
}

/// The categories of a requirement on which a person decides, and those that are always granted.
struct Inputs {
    free: Vec<CategoryId>,
    always: Vec<CategoryId>,
    left_out: Vec<Path>,
}

impl Inputs {
    /// `None` where no part can be redundant, or where there are too many combinations.
    fn of(whole: &Requirement, policy: &Policy) -> Option<Self> {
        fn collect(requirement: &Requirement, into: &mut Vec<CategoryId>) {
            match requirement {
                Requirement::Category(id) => into.push(*id),
                Requirement::AllOf(elements) | Requirement::AnyOf(elements) => {
                    elements.iter().for_each(|element| collect(element, into));
                }
            }
        }
        let mut all = Vec::new();
        collect(whole, &mut all);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        let is_always =
            |id: &CategoryId| policy.category(*id).is_some_and(|category| category.always().is_some());
        let (always, free): (Vec<_>, Vec<_>) = all.into_iter().partition(is_always);
        // Where each category stands once and none is granted anyway, each of them matters.
        let may_repeat = free.len() < count;
        (may_repeat && free.len() <= MAX_CATEGORIES).then_some(Inputs { free, always, left_out: Vec::new() })
    }

    fn rest(&self, whole: &Requirement) -> Requirement {
        rest(whole, &Vec::new(), &self.left_out).unwrap_or_else(|| whole.clone())
    }

    /// Whether two requirements are satisfied by the same choices.
    fn same(&self, one: &Requirement, other: &Requirement) -> bool {
        (0u32..1 << self.free.len()).all(|granted| {
            let is_granted = |id: &CategoryId| {
                let place = self.free.iter().position(|free| free == id);
                self.always.contains(id) || place.is_some_and(|place| granted >> place & 1 == 1)
            };
            satisfied(one, &is_granted) == satisfied(other, &is_granted)
        })
    }
}

fn satisfied(requirement: &Requirement, is_granted: &impl Fn(&CategoryId) -> bool) -> bool {
    match requirement {
        Requirement::Category(id) => is_granted(id),
        Requirement::AllOf(elements) => elements.iter().all(|element| satisfied(element, is_granted)),
        Requirement::AnyOf(elements) => elements.iter().any(|element| satisfied(element, is_granted)),
    }
}
