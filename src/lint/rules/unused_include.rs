//! An include that brings nothing: no fact, or none that was not there, or none that is in force.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::{FileId, Span};
use crate::lint::fix::deletion;
use crate::lint::subject::reaches;
use crate::model::Include;
use crate::syntax::tree::{Fact, Tree};
use std::collections::{HashMap, HashSet};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    // What is found is not counted on for what comes after it. Of one include that a file has twice the second brings nothing,
    // and what brings nothing does so each time.
    let mut gone: HashSet<Span> = HashSet::new();
    let mut known: HashMap<(FileId, FileId), Unused> = HashMap::new();
    for (include, new) in in_order(policy.includes()) {
        if policy.files().is_prelude(include.span.file) {
            continue;
        }
        let pair = (include.span.file, include.file);
        let unused = match known.get(&pair) {
            Some(unused) => Some(*unused),
            None => {
                let left = policy.includes().iter().filter(|other| !gone.contains(&other.span));
                let unused = unused(subject, include, &new, &left.collect::<Vec<_>>());
                let again = unused.filter(|unused| *unused != Unused::Overridden);
                known.insert(pair, again.unwrap_or(Unused::OnceMore));
                unused
            }
        };
        let (message, label, help) = match unused {
            Some(Unused::OnceMore) => ("the file is included already", "once more", "delete the line"),
            Some(Unused::SaysNothing) => ("the file says nothing", "brings no fact", "delete the line"),
            Some(Unused::Overridden) => (
                "everything that the file says is overridden",
                "brings no fact that is in force",
                "delete it, and `override` in front of the facts that it says too",
            ),
            None => continue,
        };
        let mut finding = Diagnostic::new(Code::UnusedInclude, message).at(include.span, label).help(help);
        if unused != Some(Unused::Overridden) {
            gone.insert(include.span);
            let statement = subject.statement(include.span);
            let edit = statement.and_then(|(tree, one)| deletion(policy.files(), tree, one.span));
            finding = finding.fix("delete the include", edit);
        }
        found.push(finding);
    }
}

/// Why an include brings nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unused {
    OnceMore,
    SaysNothing,
    /// What overrides the file's facts needs them to be there.
    Overridden,
}

/// Why an include brings nothing, among those that are left; `new` are the files that it brings for the first time.
fn unused(subject: &Subject, include: &Include, new: &HashSet<FileId>, left: &[&Include]) -> Option<Unused> {
    let says = |file: &FileId| subject.trees.get(file.0).is_some_and(says_anything);
    let others = left.iter().copied().filter(|other| other.span != include.span);
    let brought = with(include.file, reaches(left.iter().copied(), include.file));
    // A file may override what it includes, so that it must go on including all that says anything.
    let still_included = reaches(others.clone(), include.span.file);
    let stays = brought.iter().filter(|file| says(file)).all(|file| still_included.contains(file));
    if new.is_empty() && stays && still_included.contains(&include.file) {
        return Some(Unused::OnceMore);
    }
    if !brought.iter().any(says) || (stays && !new.iter().any(says)) {
        return Some(Unused::SaysNothing);
    }
    let is_overridden = !brought.iter().any(|file| subject.policy.is_in_force(*file));
    (is_overridden && !reaches(others, FileId(0)).contains(&include.file)).then_some(Unused::Overridden)
}

/// Returns true if a file says anything itself.
fn says_anything(tree: &Tree) -> bool {
    let mut facts = tree.statements.iter().map(|statement| &statement.fact);
    facts.any(|fact| !matches!(fact, Fact::Policy(_) | Fact::Include { .. }))
}

fn with(file: FileId, mut files: HashSet<FileId>) -> HashSet<FileId> {
    files.insert(file);
    files
}

/// The includes in the order in which they bring their files, each with the files that it brings for the first time: what
/// these declare stands where the include stands.
fn in_order(includes: &[Include]) -> Vec<(&Include, HashSet<FileId>)> {
    fn add<'i>(
        file: FileId,
        includes: &'i [Include],
        done: &mut HashSet<FileId>,
        into: &mut Vec<(&'i Include, HashSet<FileId>)>,
    ) {
        for include in includes.iter().filter(|include| include.span.file == file) {
            let at = into.len();
            let before = done.clone();
            into.push((include, HashSet::new()));
            if done.insert(include.file) {
                add(include.file, includes, done, into);
            }
            if let Some((_, new)) = into.get_mut(at) {
                *new = done.difference(&before).copied().collect();
            }
        }
    }
    let mut order = Vec::new();
    add(FileId(0), includes, &mut HashSet::from([FileId(0)]), &mut order);
    order
}
