//! A description that looks like a wire id: the `=` in front of it was forgotten, and the category waits for a key that
//! nobody stamps.

use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    for category in policy.categories() {
        let Some(label) = &category.label else { continue };
        let like_an_id = !label.value.contains(char::is_whitespace)
            && label.value.contains(|char: char| char.is_ascii_digit());
        if like_an_id && category.wire_id() == category.name() {
            let message = format!("the description of `{}` looks like a wire id", category.name());
            found.push(
                Diagnostic::new(Code::DescriptionLikeWireId, message)
                    .at(label.span, "a description, which decides nothing")
                    .help(format!("did you mean `= \"{}\"`?", label.value)),
            );
        }
    }
}
