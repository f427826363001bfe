//! What is questionable about a policy that compiles. Each rule is a file under `rules/`.

mod rules;

use crate::diagnostic::{Diagnostic, Files};
use crate::model::{self, Loaded, Policy};
use crate::source::Source;

/// What was found about one file.
#[derive(Debug)]
pub struct Linted {
    /// Mistakes and questionable facts, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that the diagnostics point into.
    pub files: Files,
}

/// Lints a file: what keeps it from compiling, or else what the rules find.
///
/// A file without a `policy` line is a part of others: it is parsed, and checked with the policies that include it.
pub fn lint(source: &dyn Source, path: &str) -> Linted {
    match model::load_any(source, path) {
        Ok(Loaded::Policy(policy)) => Linted { diagnostics: rules(&policy), files: policy.files().clone() },
        Ok(Loaded::Part(files)) => Linted { diagnostics: Vec::new(), files },
        Err(error) => Linted { diagnostics: error.diagnostics().to_vec(), files: error.files().clone() },
    }
}

/// What the rules find about a policy, by file and place.
pub fn rules(policy: &Policy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in rules::ALL {
        rule(policy, &mut found);
    }
    found.sort_by_key(Diagnostic::span);
    found
}
