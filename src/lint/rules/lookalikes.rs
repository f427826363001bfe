//! Texts that a reader takes for one.

use crate::diagnostic::{Span, looks};
use std::collections::HashMap;

/// Texts by their letters whatever their case, and by what they look like.
#[derive(Default)]
pub(super) struct LookAlikes<'t> {
    seen: HashMap<String, FirstUse<'t>>,
}

#[derive(Clone, Copy)]
struct FirstUse<'t> {
    text: &'t str,
    /// To whom it belongs: names of one thing may look alike.
    owner: &'t str,
    span: Span,
}

impl<'t> LookAlikes<'t> {
    /// Adds a text, and gives the first one that looks like it, is not the same, and belongs to somebody else.
    pub(super) fn insert(&mut self, text: &'t str, owner: &'t str, span: Span) -> Option<(&'t str, Span)> {
        let firsts = looks(text).map(|look| *self.seen.entry(look).or_insert(FirstUse { text, owner, span }));
        let alike = firsts.into_iter().find(|first| first.text != text && first.owner != owner);
        alike.map(|first| (first.text, first.span))
    }

    /// Returns true if two texts look alike and are not the same.
    pub(super) fn are(one: &str, other: &str) -> bool {
        one != other && looks(one).iter().any(|look| looks(other).contains(look))
    }
}
