//! A policy that nothing tests: whoever changes it cannot see what changes.

use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    if policy.tests().is_empty() && !policy.destinations().is_empty() {
        found.push(
            Diagnostic::new(Code::MissingTests, "nothing tests this policy")
                .at(policy.name_span(), "has no tests")
                .help("say what you expect of an event: `test \"...\" { consent { ... } deliver \"...\" }`, and run `consentry test`"),
        );
    }
}
