//! An include that brings nothing: no fact, or none that was not there, or none that is in force.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::FileId;
use crate::lint::fix::deletion;
use crate::model::{FileSet, Include, IncludeGraph};
use crate::syntax::tree::{Fact, Tree};
use std::collections::HashMap;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let files = || subject.trees.iter().map(|tree| tree.file);
    let saying = subject.trees.iter().filter(|tree| says_anything(tree)).map(|tree| tree.file).collect();
    let in_force = files().filter(|file| policy.is_in_force(*file)).collect();
    // What is found is not counted on for what comes after it. Of one include that a file has twice the second brings nothing,
    // and what brings nothing does so each time.
    let mut left = Left { graph: subject.include_graph(), saying, in_force };
    let mut known: HashMap<(FileId, FileId), Unused> = HashMap::new();
    for (include, new) in in_order(policy.includes()) {
        if policy.files().is_prelude(include.span.file) {
            continue;
        }
        let pair = (include.span.file, include.file);
        let unused = match known.get(&pair) {
            Some(unused) => Some(*unused),
            None => {
                let unused = left.unused(include, new);
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
            left.graph.remove(pair);
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

/// The includes that are left, and the files that they bring.
struct Left {
    graph: IncludeGraph,
    /// The files that say anything.
    saying: FileSet,
    /// The files that say anything that is in force.
    in_force: FileSet,
}

impl Left {
    /// Why an include brings nothing; `new` are the files that it brings for the first time.
    fn unused(&self, include: &Include, new: FileSet) -> Option<Unused> {
        let (from, to) = (include.span.file, include.file);
        let mut brought = self.graph.reached(to);
        brought.insert(to);
        // A file may override what it includes, so that it must go on including all that says anything.
        let still_included = self.graph.reached_without((from, to), from);
        let stays = brought.and(self.saying).without(still_included).is_empty();
        if new.is_empty() && stays && still_included.contains(to) {
            return Some(Unused::OnceMore);
        }
        let says_nothing = |files: FileSet| files.and(self.saying).is_empty();
        if says_nothing(brought) || (stays && says_nothing(new)) {
            return Some(Unused::SaysNothing);
        }
        let is_overridden = brought.and(self.in_force).is_empty();
        let is_included = || self.graph.reached_without((from, to), FileId(0)).contains(to);
        (is_overridden && !is_included()).then_some(Unused::Overridden)
    }
}

/// Returns true if a file says anything itself.
fn says_anything(tree: &Tree) -> bool {
    let mut facts = tree.statements.iter().map(|statement| &statement.fact);
    facts.any(|fact| !matches!(fact, Fact::Policy(_) | Fact::Include { .. }))
}

/// The includes in the order in which they bring their files, each with the files that it brings for the first time: what
/// these declare stands where the include stands.
fn in_order(includes: &[Include]) -> Vec<(&Include, FileSet)> {
    fn add<'i>(
        file: FileId,
        includes: &HashMap<FileId, Vec<&'i Include>>,
        done: &mut FileSet,
        into: &mut Vec<(&'i Include, FileSet)>,
    ) {
        for include in includes.get(&file).into_iter().flatten() {
            let at = into.len();
            let before = *done;
            into.push((include, FileSet::default()));
            if done.insert(include.file) {
                add(include.file, includes, done, into);
            }
            if let Some((_, new)) = into.get_mut(at) {
                *new = done.without(before);
            }
        }
    }
    let mut by_file: HashMap<FileId, Vec<&Include>> = HashMap::new();
    includes.iter().for_each(|include| by_file.entry(include.span.file).or_default().push(include));
    let mut order = Vec::new();
    add(FileId(0), &by_file, &mut FileSet::from_iter([FileId(0)]), &mut order);
    order
}
