//! What of a file stands at a place.

use crate::diagnostic::Span;
use crate::syntax::tree::{Statement, Token, Tree};

/// Returns the statement that a place is in.
pub(super) fn statement_at(tree: &Tree, at: usize) -> Option<&Statement> {
    let index = tree.statements.partition_point(|statement| statement.span.end <= at);
    tree.statements.get(index).filter(|statement| statement.span.start <= at)
}

/// Returns the tokens before a place, those in it and those behind it.
pub(super) fn around(tree: &Tree, place: Span) -> [&[Token]; 3] {
    let split = |tokens: &'_ [Token], at| tokens.partition_point(|token| token.span.start < at);
    let (before, rest) = tree.tokens.split_at(split(&tree.tokens, place.start));
    let (inside, behind) = rest.split_at(split(rest, place.end));
    [before, inside, behind]
}

/// Returns those of some words that stand before a place.
pub(super) fn words_before<'w, 't>(words: &'w [&'t Token], at: usize) -> &'w [&'t Token] {
    words.split_at(words.partition_point(|word| word.span.start < at)).0
}
