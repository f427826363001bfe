//! Two wire ids that a reader takes for one: they differ only in case, or by letters that look alike.

use super::lookalikes::LookAlikes;
use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let mut seen = LookAlikes::default();
    let categories = subject.policy.categories().iter();
    for (category, wire_id) in categories.flat_map(|one| one.wire_id_spans().iter().map(move |id| (one, id)))
    {
        let (wire_id, span) = (wire_id.value.as_str(), wire_id.span);
        if let Some((other, at)) = seen.insert(wire_id, wire_id, span) {
            // Whoever gives both to one category knows both.
            if category.wire_ids().any(|own| own == other) {
                continue;
            }
            let message = format!("`{wire_id}` and `{other}` look alike, and are two wire ids");
            found.push(
                Diagnostic::new(Code::SimilarWireIds, message)
                    .at(span, "this one")
                    .at(at, "and this one")
                    .help("keys are compared exactly: see which of them the consent platform stamps"),
            );
        }
    }
}
