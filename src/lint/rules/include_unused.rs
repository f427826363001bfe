//! An include that brings nothing: no fact, or none that was not there, or none that is in force.

use crate::diagnostic::{Code, Diagnostic};
use crate::diagnostic::{FileId, Fix, Span};
use crate::lint::Subject;
use crate::lint::fix::deletion;
use crate::lint::reaches;
use crate::model::{Include, Policy};
use crate::syntax::tree::Fact;
use std::collections::HashSet;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let includes = policy.includes();
    let in_force = files_in_force(policy);
    let mut seen = HashSet::new();
    for include in order(includes) {
        let is_first = seen.insert(include.file);
        if policy.files().is_prelude(include.span.file) {
            continue;
        }
        let others: Vec<&Include> = includes.iter().filter(|other| other.span != include.span).collect();
        let (message, label, can_go) =
            if !is_first && reaches(others.iter().copied(), include.span.file).contains(&include.file) {
                ("the file is included already", "once more", true)
            } else {
                let mut brought = reaches(includes.iter(), include.file);
                brought.insert(include.file);
                let elsewhere = reaches(others.iter().copied(), FileId(0));
                brought.retain(|file| !elsewhere.contains(file));
                let says = |file: &FileId| {
                    let tree = subject.trees.get(file.0 as usize);
                    tree.is_some_and(|tree| {
                        let facts = tree.statements.iter().map(|statement| &statement.fact);
                        facts.into_iter().any(|fact| !matches!(fact, Fact::Policy(_) | Fact::Include { .. }))
                    })
                };
                // A file that others bring too may still decide the order of what it declares.
                if brought.is_empty() {
                    continue;
                } else if !brought.iter().any(says) {
                    ("the file says nothing", "brings no fact", true)
                } else if !brought.iter().any(|file| in_force.contains(file)) {
                    ("everything that the file says is overridden", "brings no fact that is in force", false)
                } else {
                    continue;
                }
            };
        let finding = Diagnostic::new(Code::IncludeUnused, message).at(include.span, label);
        let statement = subject.trees.get(include.span.file.0 as usize).and_then(|tree| {
            tree.statements
                .iter()
                .map(|one| one.span)
                .find(|span| span.start <= include.span.start && include.span.end <= span.end)
        });
        found.push(match statement.filter(|_| can_go) {
            Some(statement) => finding.help("delete the line").fix(Fix {
                title: "delete the include".into(),
                edits: vec![deletion(policy.files(), statement)],
            }),
            None => finding.help("delete it, and `override` in front of the facts that it says too"),
        });
    }
}

/// The includes in the order in which they bring their files: each file's stand where it is included for the first time.
fn order(includes: &[Include]) -> Vec<&Include> {
    fn add<'i>(
        file: FileId,
        includes: &'i [Include],
        done: &mut HashSet<FileId>,
        into: &mut Vec<&'i Include>,
    ) {
        for include in includes.iter().filter(|include| include.span.file == file) {
            into.push(include);
            if done.insert(include.file) {
                add(include.file, includes, done, into);
            }
        }
    }
    let mut order = Vec::new();
    add(FileId(0), includes, &mut HashSet::from([FileId(0)]), &mut order);
    order
}

/// The files that say a fact which is in force.
fn files_in_force(policy: &Policy) -> HashSet<FileId> {
    let settings = [
        policy.reconcile().span(),
        policy.unmapped_destinations().span,
        policy.unreadable_integrations().span,
        policy.several_categories().span,
        policy.exempt_events().span,
        policy.reading_span(),
    ];
    let spans = policy.categories().iter().map(|one| one.span());
    let spans = spans.chain(policy.kinds().iter().map(|one| one.span()));
    let spans = spans.chain(policy.destinations().iter().map(|one| one.span()));
    let spans = spans.chain(policy.tests().iter().map(|one| one.span()));
    let spans = spans.chain(policy.lint_levels().iter().map(|one| one.span));
    spans.chain(settings).map(|span: Span| span.file).collect()
}
