//! Two wire ids that a reader takes for one: they differ only in case, or by letters that look alike.

use super::lookalikes::LookAlikes;
use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let mut seen = LookAlikes::default();
    for category in subject.policy.categories() {
        let wire_id = category.wire_id();
        if let Some((other, at)) = seen.insert(wire_id, wire_id, category.wire_id_span()) {
            let message = format!("`{wire_id}` and `{other}` look alike, and are two wire ids");
            found.push(
                Diagnostic::new(Code::SimilarWireIds, message)
                    .at(category.wire_id_span(), "this one")
                    .at(at, "and this one")
                    .help("keys are compared exactly: see which of them the consent platform stamps"),
            );
        }
    }
}
