//! What is broken over several lines: lists, groups, and words with comments between them.
//!
//! What is in front of the words that a function is given is on the page already.

use super::columns::{WIDTH, width};
use super::page::{INDENT, Page};
use super::trivia::{Word, are_beside, in_one_line};

/// A part of a broken statement: on one line, or what leads its list, and then the list.
pub(super) fn part<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    if fits(indent, words) {
        return page.line(indent, words);
    }
    match words.split_at(lead(words).min(words.len())) {
        ([], list) => elements(indent, list, page),
        (lead, list) => {
            flow(indent, lead, page);
            page.comments(indent + INDENT, list);
            elements(indent + INDENT, list, page);
        }
    }
}

/// Counts the words that lead a list, such as `needs any of`, `by strategy of` and `shared alias`. A group has `(all of`, a test
/// `because refused` or `consent {`, a promise `never deliver` or `without`, and what follows a path `words granted` or `values`.
fn lead(words: &[Word]) -> usize {
    let mut texts = words.iter().map(|word| word.text);
    match (texts.next(), texts.next()) {
        (Some("needs" | "otherwise"), Some("by")) if is_by_strategy(words.get(1..)) => 4,
        (Some("by"), _) if is_by_strategy(Some(words)) => 3,
        (Some("needs" | "otherwise" | "without" | "("), Some("all" | "any")) => 3,
        (Some("all" | "any"), Some("of")) => 2,
        (Some("shared"), Some("alias"))
        | (Some("never" | "always"), _)
        | (Some("because"), _)
        | (Some("words"), Some("granted"))
        | (_, Some("{")) => 2,
        (
            Some(
                "needs" | "otherwise" | "except" | "without" | "alias" | "only" | "granted" | "refused"
                | "unasked" | "values" | "skip" | "absent",
            ),
            _,
        ) => 1,
        _ => 0,
    }
}

/// Returns true if words begin with `by strategy of`. A category may be called `by`.
fn is_by_strategy(words: Option<&[Word]>) -> bool {
    matches!(words, Some([by, strategy, of, ..]) if [by, strategy, of].map(|word| word.text) == ["by", "strategy", "of"])
}

/// Each element of a list, on lines of its own.
fn elements<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    let mut depth = 0usize;
    let ends = |word: &Word| {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        word.comma && depth == 0
    };
    for (number, element) in words.split_inclusive(ends).enumerate() {
        if number > 0 {
            page.comments(indent, element);
        }
        match element {
            _ if fits(indent, element) => page.line(indent, element),
            [open, ..] if open.text == "(" => group(indent, element, page),
            _ => flow(indent, element, page),
        }
    }
}

/// A group in parentheses or braces: a list, and the closing one on a line of its own.
pub(super) fn group<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    let (lead, rest) = words.split_at(lead(words).min(words.len()));
    let (list, close) = rest.split_at(rest.len().saturating_sub(1));
    flow(indent, lead, page);
    page.comments(indent + INDENT, list);
    elements(indent + INDENT, list, page);
    page.comments(indent + INDENT, close);
    page.line(indent, close);
}

/// Words that are no list: only a comment ends their line, and the next one stands further in.
pub(super) fn flow<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    for (number, line) in words.chunk_by(are_beside).enumerate() {
        if number == 0 {
            page.line(indent, line);
        } else {
            page.comments(indent + INDENT, line);
            page.line(indent + INDENT, line);
        }
    }
}

/// Returns true if words stand on one line, with a width of it at most.
fn fits(indent: usize, words: &[Word]) -> bool {
    in_one_line(words).is_some_and(|line| indent + width(&line) <= WIDTH)
}
