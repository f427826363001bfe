//! A wire id that is not of the documented form, so that it was probably mistyped.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::Spanned;

/// The platform's ids are shorter than this.
const TOO_LONG: usize = 35;

/// OneTrust's ids have so many letters and digits.
const ONETRUST: usize = 5;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let wire_ids = subject.policy.categories().iter().flat_map(|category| category.wire_id_spans());
    // Whether the ids come from OneTrust shows in those that have its form.
    let from_onetrust =
        wire_ids.clone().any(|wire_id| is_onetrust(&wire_id.value) && wire_id.value.len() == ONETRUST);
    for Spanned { value: wire_id, span } in wire_ids {
        let (label, help) = if wire_id.starts_with(|char: char| char.is_ascii_digit()) {
            (
                "begins with a digit",
                "the platform's category ids do not begin with a digit: copy the id from there",
            )
        } else if wire_id.chars().count() >= TOO_LONG {
            ("has 35 characters or more", "the platform's category ids are shorter: copy the id from there")
        } else if from_onetrust && is_onetrust(wire_id) && wire_id.len() != ONETRUST {
            (
                "is not five letters and digits long",
                "OneTrust's ids are, such as C0004: copy the id from there",
            )
        } else {
            continue;
        };
        found.push(
            Diagnostic::new(
                Code::UnusualWireId,
                format!("the wire id `{wire_id}` is not of the documented form"),
            )
            .at(*span, label)
            .help(help),
        );
    }
}

/// `C0004`, and what was meant to be like it.
fn is_onetrust(wire_id: &str) -> bool {
    wire_id
        .strip_prefix(['C', 'c'])
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
