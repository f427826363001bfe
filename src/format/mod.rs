//! Text → the same text in the one canonical layout, which `grammar/language.md` describes. There are no options.
//!
//! `trivia` gives each word the comments that belong to it, `statement`, `table` and `test` break statements into lines, `list` breaks
//! their lists, `columns` says what stands under what, and `page` puts comments at the ends of the lines. A layout depends on nothing but words, comments and blank lines. What comes
//! out is read again, so that a mistake in here never changes a policy.

mod columns;
mod list;
mod page;
mod statement;
mod table;
mod test;
mod trivia;

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::tree::TokenKind;
use crate::syntax::{self, Keyword, MAX_FILE_BYTES, Tree};
use page::Page;
use statement::Sentence;
use std::borrow::Cow;
use std::fmt;
use trivia::Words;

/// Why a text is not formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// It has mistakes, which point into [`crate::diagnostic::Files::of`] the text.
    Mistakes(Vec<Diagnostic>),
    /// What would come out says something else, or would itself be formatted otherwise: a mistake of this crate.
    Bug,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FormatError::Mistakes(_) => "the text has mistakes",
            FormatError::Bug => "the text cannot be formatted: this is a bug of consentry, please report it",
        })
    }
}

impl std::error::Error for FormatError {}

/// The text of one file in the canonical layout: every word, text and comment as it was, and in the same order.
///
/// Only what parses without mistakes is formatted; whether names are known and facts agree does not matter. Formatting
/// the result again gives the same bytes. Lines end with a line feed.
///
/// ```
/// let text = "consentry 1\n\n\ncategory A\ncategory Analytics=\"C0002\" // measuring\ncategory B = \"C3\" always";
/// let formatted = "consentry 1\n
/// category A
/// category Analytics  = \"C0002\"  // measuring
/// category B          = \"C3\"  always\n";
/// assert_eq!(consentry::format::format(text).unwrap(), formatted);
/// assert_eq!(consentry::format::format(formatted).unwrap(), formatted);
/// ```
pub fn format(text: &str) -> Result<String, FormatError> {
    let tree = parse(text, "the text")?;
    let formatted = lay_out(&tree, text);
    let again = parse(&formatted, "the formatted text").map_err(|error| match error {
        FormatError::Mistakes(found) if found.iter().any(|found| found.code == Code::FileTooLarge) => {
            FormatError::Mistakes(found)
        }
        _ => FormatError::Bug,
    })?;
    match same(&tree, text, &again, &formatted) && lay_out(&again, &formatted) == formatted {
        true => Ok(formatted),
        false => Err(FormatError::Bug),
    }
}

fn parse(text: &str, what: &str) -> Result<Tree, FormatError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(FormatError::Mistakes(vec![syntax::too_large(what)]));
    }
    match Tree::parse(text) {
        (tree, found) if found.is_empty() => Ok(tree),
        (_, found) => Err(FormatError::Mistakes(found)),
    }
}

fn lay_out(tree: &Tree, text: &str) -> String {
    let words = Words::of(tree, text);
    let mut rest = words.all.as_slice();
    let mut next = |end: usize| {
        let words;
        (words, rest) = trivia::split_at(rest, end);
        words
    };
    let edition = tree.edition.iter().map(|edition| Sentence::edition(next(edition.span.end)));
    let mut sentences: Vec<Sentence> = edition.collect();
    sentences.extend(tree.statements.iter().map(|one| Sentence::statement(one, next(one.span.end))));

    let mut page = Page::default();
    for all in sentences.chunk_by(Sentence::goes_on) {
        Sentence::lay_out_all(all, &mut page);
    }
    page.comments_apart(0, &words.last_comments);
    page.finish()
}

/// Returns true if two texts differ in layout alone.
fn same(one: &Tree, one_text: &str, other: &Tree, other_text: &str) -> bool {
    written(one, one_text, is_word).eq(written(other, other_text, is_word))
        && written(one, one_text, is_no_comma).eq(written(other, other_text, is_no_comma))
        && statements(one) == statements(other)
}

/// The tokens of a text that are `wanted`, as they are written.
fn written<'t>(
    tree: &'t Tree,
    text: &'t str,
    wanted: fn(TokenKind, &str) -> bool,
) -> impl Iterator<Item = Cow<'t, str>> {
    let tokens =
        tree.tokens.iter().map(|token| (token.kind, text.get(token.span.range()).unwrap_or_default()));
    tokens.filter(move |(kind, token)| wanted(*kind, token)).map(|(_, token)| trivia::kept(token))
}

fn is_word(kind: TokenKind, _: &str) -> bool {
    kind == TokenKind::Word
}

/// Returns true if comments stay where they are relative to this. Only a comma may pass them, to the end of its line.
fn is_no_comma(kind: TokenKind, token: &str) -> bool {
    kind != TokenKind::ByteOrderMark && token != ","
}

/// What statements there are, and with which word each of them ends: equal words between equal ends mean the same.
fn statements(tree: &Tree) -> Vec<(Keyword, bool, usize)> {
    let mut words = tree.tokens.iter().filter(|token| token.kind == TokenKind::Word).peekable();
    let mut count = 0;
    let ends = tree.statements.iter().map(|statement| {
        while words.next_if(|word| word.span.end <= statement.span.end).is_some() {
            count += 1;
        }
        (statement.fact.keyword(), statement.overrides.is_some(), count)
    });
    ends.collect()
}
