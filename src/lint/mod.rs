//! Warnings about a policy that compiles, and their fixes.
//!
//! Each rule is a file under `rules/`. Rules that ask a question of meaning ask the compiled policy (`outcomes`), so that what
//! they say is so. `suppressions` reads the comments that allow a finding, `levels` says how bad each one is, and `fix` applies
//! the fixes and checks that no decision changes.

mod dedup;
mod fix;
mod levels;
mod outcomes;
mod places;
mod rules;
mod subject;
mod suppressions;

pub use dedup::dedup;
pub use fix::{Fixed, edited, is_same};
pub use levels::Levels;

use crate::diagnostic::{Code, Diagnostic, Files, Label};
use crate::model::{self, Loaded, Policy};
use crate::source::Source;
use crate::syntax::tree::Tree;
use subject::Subject;
use suppressions::Suppressions;

/// How many findings about one policy are kept.
const MAX_FINDINGS: usize = 100_000;

/// What was found about one file.
#[derive(Debug, Default)]
pub struct Linted {
    /// Mistakes and questionable facts, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// What was found and is not reported, because the policy or the caller has said so.
    pub off: Vec<Diagnostic>,
    /// The files that the diagnostics point into.
    pub files: Files,
    /// The policy, unless the file has mistakes or is no policy but a part of others.
    pub policy: Option<Box<Policy>>,
    /// True if the file is no policy but a part of others.
    pub is_part: bool,
}

/// Lints a file: what keeps it from compiling, or else what the rules find.
///
/// A file without a `policy` line is a part of others: it is parsed, and checked with the policies that include it.
///
/// ```
/// use consentry::lint::{Levels, lint};
///
/// let policy = "consentry 1
/// policy \"acme web\"
/// include prelude \"segment-strict\"
/// // allow unused-category because \"the banner already asks for it\"
/// category Advertising
/// ";
/// let linted = lint(&consentry::source::Memory::from([("acme.consent", policy)]), "acme.consent", &Levels::default());
/// assert_eq!(linted.diagnostics, []);
/// ```
pub fn lint(source: &dyn Source, path: &str, levels: &Levels) -> Linted {
    match model::load_any(source, path) {
        Ok(Loaded::Policy(policy, trees)) => {
            let mut diagnostics = findings(&policy, &trees);
            let off = levels.apply(Some(&*policy), &mut diagnostics);
            Linted { diagnostics, off, files: policy.files().clone(), policy: Some(policy), is_part: false }
        }
        Ok(Loaded::Part(files, mut diagnostics)) => {
            levels.apply(None, &mut diagnostics);
            Linted { diagnostics, files, is_part: true, ..Linted::default() }
        }
        Err(error) => Linted {
            diagnostics: error.diagnostics().to_vec(),
            files: error.files().clone(),
            ..Linted::default()
        },
    }
}

/// The finding about a part that nothing includes: of such a file, only the syntax is looked at.
pub fn part_alone(files: &Files, levels: &Levels) -> Option<Diagnostic> {
    let place = files.first()?;
    let mut found = vec![
        Diagnostic::new(Code::PartWithoutPolicy, "no policy that was checked includes this file")
            .at(place, "only its syntax was checked")
            .help("add a line such as `policy \"acme web\"` if it is a policy, or check the policies that include it"),
    ];
    levels.apply(None, &mut found);
    found.pop()
}

/// What the rules find about a policy and its comments do not allow, by file and place.
fn findings(policy: &Policy, trees: &[Tree]) -> Vec<Diagnostic> {
    let subject = Subject::of(policy, trees);
    let mut found = Vec::new();
    for rule in rules::ALL {
        rule(&subject, &mut found);
    }
    for finding in &mut found {
        in_own_files(policy, finding);
    }
    let mut suppressions = Suppressions::of(policy.files(), trees);
    found.retain(|finding| !suppressions.allow(finding));
    suppressions.report(policy.files(), &mut found);
    let own = trees.iter().filter(|tree| !policy.files().is_prelude(tree.file));
    found.extend(own.flat_map(Tree::old_comments));
    found.sort_by_key(Diagnostic::span);
    found.truncate(MAX_FINDINGS);
    found
}

/// Lists a finding about a prelude where the policy includes it: that is the line which its author can change.
fn in_own_files(policy: &Policy, finding: &mut Diagnostic) {
    let Some(mut place) = finding.span().filter(|place| policy.files().is_prelude(place.file)) else {
        return;
    };
    while policy.files().is_prelude(place.file) {
        let Some(include) = policy.includes().iter().find(|include| include.file == place.file) else {
            return;
        };
        place = include.span;
    }
    finding.labels.insert(0, Label { span: place, text: "included here".into() });
}
