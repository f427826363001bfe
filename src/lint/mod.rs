//! What is questionable about a policy that compiles. Each rule is a file under `rules/`.

mod rules;

use crate::diagnostic::{Code, Diagnostic, Files};
use crate::model::{self, Loaded, Policy};
use crate::source::Source;

/// How many findings about one policy are kept.
const MAX_FINDINGS: usize = 10_000;

/// What was found about one file.
#[derive(Debug)]
pub struct Linted {
    /// Mistakes and questionable facts, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that the diagnostics point into.
    pub files: Files,
    /// Whether the file is no policy but a part of others.
    pub is_part: bool,
}

/// Lints a file: what keeps it from compiling, or else what the rules find.
///
/// A file without a `policy` line is a part of others: it is parsed, and checked with the policies that include it.
pub fn lint(source: &dyn Source, path: &str) -> Linted {
    match model::load_any(source, path) {
        Ok(Loaded::Policy(policy, _)) => {
            Linted { diagnostics: rules(&policy), files: policy.files().clone(), is_part: false }
        }
        Ok(Loaded::Part(files, diagnostics)) => Linted { diagnostics, files, is_part: true },
        Err(error) => {
            Linted { diagnostics: error.diagnostics().to_vec(), files: error.files().clone(), is_part: false }
        }
    }
}

/// The finding about a part that nothing includes: of such a file, only the syntax is looked at.
pub fn part_alone(files: &Files) -> Option<Diagnostic> {
    let place = files.first()?;
    Some(
        Diagnostic::new(Code::PartAlone, "no policy that was checked includes this file")
            .at(place, "only its syntax was checked")
            .help("add a line such as `policy \"acme web\"` if it is a policy, or check the policies that include it"),
    )
}

/// What the rules find about a policy, by file and place.
fn rules(policy: &Policy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in rules::ALL {
        rule(policy, &mut found);
    }
    found.sort_by_key(Diagnostic::span);
    found.truncate(MAX_FINDINGS);
    found
}
