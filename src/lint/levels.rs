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

    /// Gives each finding its severity, and takes away those that are off, which it gives. The policy may set levels too.
    pub(super) fn apply(&self, policy: Option<&Policy>, found: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
        let set = policy.into_iter().flat_map(Policy::lint_levels);
        let set: BTreeMap<Code, Level> = set.map(|one| (one.code, one.level)).collect();
        let mut off = Vec::new();
        found.retain_mut(|finding| {
            let level = self.levels.get(&finding.code).or_else(|| set.get(&finding.code));
            let level = level.copied().filter(|_| finding.code.is_lint());
            let severity = match level {
                Some(Level::Off) => {
                    off.push(finding.clone());
                    return false;
                }
                Some(Level::Warning) => Severity::Warning,
                Some(Level::Error) => Severity::Error,
                None => finding.severity,
            };
            finding.severity = if self.deny_warnings { Severity::Error } else { severity };
            true
        });
        off
    }
}
