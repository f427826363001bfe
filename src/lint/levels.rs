//! What becomes of each finding: its own severity, what the policy says, what the caller says.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::model::{Level, Policy};
use std::collections::BTreeMap;

/// What the caller says of findings, which comes before what a policy says of them, and before their own severity.
///
/// Only findings of lint have levels: what keeps a policy from compiling is always an error.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    levels: BTreeMap<Code, Level>,
    deny_warnings: bool,
}

impl Levels {
    /// Says what becomes of one finding; what is said last counts.
    pub fn set(&mut self, code: Code, level: Level) {
        self.levels.insert(code, level);
    }

    /// Makes an error of everything that would be a warning.
    pub fn deny_warnings(&mut self) {
        self.deny_warnings = true;
    }

    /// Gives each finding its severity, and takes away those that are off, which it gives.
    pub(super) fn apply(&self, policy: &Policy, found: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
        let said: BTreeMap<Code, Level> =
            policy.lint_levels().iter().map(|said| (said.code, said.level)).collect();
        self.apply_with(&said, found)
    }

    /// The same where no policy says anything.
    pub(super) fn apply_to_all(&self, found: &mut Vec<Diagnostic>) {
        self.apply_with(&BTreeMap::new(), found);
    }

    fn apply_with(&self, said: &BTreeMap<Code, Level>, found: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut off = Vec::new();
        found.retain_mut(|finding| {
            let said = self.levels.get(&finding.code).or_else(|| said.get(&finding.code));
            let level = said.copied().filter(|_| finding.code.is_lint());
            let severity = match level {
                Some(Level::Off) => {
                    off.push(finding.clone());
                    return false;
                }
                Some(Level::Warning) => Severity::Warning,
                Some(Level::Error) => Severity::Error,
                None => finding.severity(),
            };
            finding.set_severity(if self.deny_warnings { Severity::Error } else { severity });
            true
        });
        off
    }
}
