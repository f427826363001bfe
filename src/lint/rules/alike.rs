//! Texts that a reader takes for one.

use crate::diagnostic::Span;
use std::collections::HashMap;
use unicode_security::confusable_detection::skeleton;

/// Texts by what they look like.
#[derive(Default)]
pub(super) struct Alike<'t> {
    seen: HashMap<String, Seen<'t>>,
}

struct Seen<'t> {
    text: &'t str,
    /// To whom it belongs: names of one thing may look alike.
    owner: &'t str,
    span: Span,
}

impl<'t> Alike<'t> {
    /// Adds a text, and gives the first one that looks like it, is not the same, and belongs to somebody else.
    pub(super) fn insert(&mut self, text: &'t str, owner: &'t str, span: Span) -> Option<(&'t str, Span)> {
        let first = self.seen.entry(looks(text)).or_insert(Seen { text, owner, span });
        (first.text != text && first.owner != owner).then_some((first.text, first.span))
    }

    /// Whether two texts look alike and are not the same.
    pub(super) fn are(one: &str, other: &str) -> bool {
        one != other && looks(one) == looks(other)
    }
}

/// What a text looks like, whatever its case: its skeleton, as Unicode's report 39 calls it.
fn looks(text: &str) -> String {
    skeleton(&text.to_lowercase()).collect()
}
