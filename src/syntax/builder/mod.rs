//! The parser's pairs → the tree.
//!
//! Here is what all that reads pairs needs: their children, and the places, names and texts of them. `file` reads a file, `facts`,
//! `settings`, `consent_at`, `inputs` and `cases` a statement each, and `old_forms` those in old words. They return `None` only where the pairs are not
//! those that the grammar promises, which would be a mistake in these files; such a statement is reported, never dropped in silence.

mod cases;
mod consent_at;
mod facts;
pub(super) mod file;
mod inputs;
mod old_forms;
mod settings;

pub use inputs::MAX_INPUTS;

use super::generated::Rule;
use super::old_words::old_word;
use super::quote::unescaped;
use super::scan::invisible;
use super::tree::{Text, Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic, FileId, Span, Spanned};
use pest::iterators::Pair;

/// The longest name, in bytes. Reports repeat names very often.
pub const MAX_NAME_BYTES: usize = 1 << 10;

/// What is read of a file so far.
struct Builder<'t> {
    file: FileId,
    text: &'t str,
    /// In the order of the text.
    tokens: Vec<Token>,
    found: Vec<Diagnostic>,
    /// Apart from the errors, whose number is limited: all of a file are fixed in one run.
    old_words: Vec<Diagnostic>,
}

/// How many old words of one file are listed.
const MAX_OLD_WORDS: usize = 100_000;

/// Returns the children of a pair, without the comments between them.
fn children<'t>(pair: &Pair<'t, Rule>) -> impl Iterator<Item = Pair<'t, Rule>> + use<'t> {
    pair.clone().into_inner().filter(|child| child.as_rule() != Rule::COMMENT)
}

/// Returns the children of a pair that one rule has matched.
fn all<'t>(pair: &Pair<'t, Rule>, rule: Rule) -> impl Iterator<Item = Pair<'t, Rule>> + use<'t> {
    children(pair).filter(move |child| child.as_rule() == rule)
}

/// Returns the first child that a rule has matched.
fn child<'t>(pair: &Pair<'t, Rule>, rule: Rule) -> Option<Pair<'t, Rule>> {
    all(pair, rule).next()
}

/// Returns the words of a pair that has others in it, with a space between each two.
fn words(pair: &Pair<Rule>) -> String {
    let is_word =
        |part: &Pair<Rule>| part.as_rule() != Rule::COMMENT && part.clone().into_inner().next().is_none();
    let words = pair.clone().into_inner().flatten().filter(is_word);
    words.map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
}

fn has(pair: &Pair<Rule>, rule: Rule) -> bool {
    child(pair, rule).is_some()
}

impl Builder<'_> {
    /// Returns where a pair stands. The parser counts space and comments in front of an optional part that is not there; here
    /// the last word counts.
    fn span(&self, pair: &Pair<Rule>) -> Span {
        let span = self.whole(pair);
        let (before, _) =
            self.tokens.split_at(self.tokens.partition_point(|token| token.span.end <= span.end));
        let mut inside = before.iter().rev().take_while(|token| token.span.start >= span.start);
        let last = inside.find(|token| token.kind != TokenKind::Comment);
        Span { end: last.map_or(span.end, |last| last.span.end), ..span }
    }

    /// Returns where a pair without pairs in it stands: nothing but itself is counted.
    fn whole(&self, pair: &Pair<Rule>) -> Span {
        let place = pair.as_span();
        Span::new(self.file, place.start(), place.end())
    }

    /// Returns where the children of a pair are.
    fn spans(&self, pair: &Pair<Rule>) -> Vec<Span> {
        children(pair).map(|part| self.whole(&part)).collect()
    }

    /// Adds the error for old words.
    fn old(&mut self, code: Code, words: &[Span], old: &str, new: &str) {
        self.add_old(old_word(self.text, code, words, [old, new], Vec::new()));
    }

    fn add_old(&mut self, error: Diagnostic) {
        if self.old_words.len() < MAX_OLD_WORDS {
            self.old_words.push(error);
        }
    }

    /// Returns a word as it is written.
    fn written(&self, pair: &Pair<Rule>) -> Text {
        Spanned::new(pair.as_str().to_owned(), self.whole(pair))
    }

    /// Reads the child that is a name.
    fn named(&mut self, pair: &Pair<Rule>, rule: Rule) -> Option<Text> {
        self.name(&child(pair, rule)?)
    }

    /// Reads the children that are names.
    fn names(&mut self, pair: &Pair<Rule>, rule: Rule) -> Option<Vec<Text>> {
        self.each(pair, rule, Self::name)
    }

    /// Reads each child of a rule.
    fn each<T>(
        &mut self,
        pair: &Pair<Rule>,
        rule: Rule,
        read: impl Fn(&mut Self, &Pair<Rule>) -> Option<T>,
    ) -> Option<Vec<T>> {
        all(pair, rule).map(|part| read(self, &part)).collect()
    }

    /// Reads a pair that is kept with its place.
    fn placed<T>(
        &mut self,
        pair: &Pair<Rule>,
        read: impl Fn(&mut Self, &Pair<Rule>) -> Option<T>,
    ) -> Option<Spanned<T>> {
        Some(Spanned::new(read(self, pair)?, self.span(pair)))
    }

    /// Reads a child that is kept with its place; `Some(None)` if there is none.
    fn placed_if<T>(
        &mut self,
        pair: &Pair<Rule>,
        rule: Rule,
        read: impl Fn(&mut Self, &Pair<Rule>) -> Option<T>,
    ) -> Option<Option<Spanned<T>>> {
        child(pair, rule).map_or(Some(None), |part| self.placed(&part, read).map(Some))
    }

    /// Reads a name that something is compared with: not empty, not too long, and without characters that nobody can see.
    fn name(&mut self, pair: &Pair<Rule>) -> Option<Text> {
        let pair = match pair.as_rule() {
            Rule::name | Rule::key | Rule::column => &children(pair).next()?,
            _ => pair,
        };
        if pair.as_rule() != Rule::text {
            let written = self.written(pair);
            return Some(self.bounded(written));
        }
        let text = self.value(pair);
        if text.value.is_empty() {
            self.found.push(
                Diagnostic::new(Code::EmptyText, "this text must not be empty")
                    .at(text.span, "empty")
                    .help("write what it stands for"),
            );
        }
        Some(text)
    }

    /// Reads a text that something is compared with. It may be empty.
    fn value(&mut self, pair: &Pair<Rule>) -> Text {
        let text = self.text(pair);
        let text = self.bounded(text);
        if let Some((offset, char)) = invisible(pair.as_str()) {
            let start = text.span.start + offset;
            let number = u32::from(char);
            self.found.push(
                Diagnostic::new(
                    Code::InvisibleCharacter,
                    format!("the name contains U+{number:04X}, which nobody can see"),
                )
                .at(Span::new(self.file, start, start + char.len_utf8()), "here")
                .help(format!("delete it; where the name really has it, write it as \\u{{{number:04X}}}")),
            );
        }
        text
    }

    /// Reports a name that is too long, and cuts it, so that no other message repeats the whole.
    fn bounded(&mut self, mut name: Text) -> Text {
        let length = name.value.len();
        if length > MAX_NAME_BYTES {
            let end = (0..=MAX_NAME_BYTES).rev().find(|end| name.value.is_char_boundary(*end));
            name.value.truncate(end.unwrap_or(0));
            self.found.push(
                Diagnostic::new(
                    Code::NameTooLong,
                    format!("the name has {length} bytes, and the limit is {MAX_NAME_BYTES}"),
                )
                .at(name.span, "too long")
                .help(
                    "write the name as the platform has it, and explanations as a description or a comment",
                ),
            );
        }
        name
    }

    /// Reads a text in quotes, with its escapes resolved.
    fn text(&mut self, pair: &Pair<Rule>) -> Text {
        let span = self.whole(pair);
        let inside =
            pair.as_str().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        let value = unescaped(inside, |at, length| {
            let start = span.start + 1 + at;
            self.found.push(
                Diagnostic::new(Code::UnknownEscape, "this escape stands for nothing")
                    .at(Span::new(self.file, start, start + length), "unknown escape")
                    .help("write `\\\\` for a backslash, `\\\"` for a quote, `\\u{00E9}` for a character by its number"),
            );
        });
        Spanned::new(value, span)
    }

    /// Reads the reason of a `because`; `Some(None)` if there is none.
    fn because(&mut self, pair: &Pair<Rule>) -> Option<Option<Text>> {
        let Some(because) = child(pair, Rule::because) else { return Some(None) };
        let reason = self.text(&child(&because, Rule::text)?);
        if !super::is_reason(&reason.value) {
            self.found.push(
                Diagnostic::new(Code::EmptyText, "a reason must say something")
                    .at(reason.span, "no reason")
                    .help("say why, for the next one who reads it"),
            );
        }
        Some(Some(reason))
    }
}
