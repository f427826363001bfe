//! The parser's error in the language's words: what it expected, and where.

use super::advice::{advice, habit};
use super::generated::Rule;
use super::keywords::{NEW_WORDS, is_language_word};
use super::phrases::*;
use super::resync::MAX_IN_FRONT;
use super::tokens::{Tokens, first_token, first_word};
use crate::diagnostic::{Code, Diagnostic, Edit, FileId, Span};
use pest::error::{Error, ErrorVariant, InputLocation};

pub(super) fn position(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

/// Turns the parser's error into one in the language's words. The parsed text stands at `start` in the file, and `front` is the text of the
/// same statement before it.
pub(super) fn unexpected(
    error: &Error<Rule>,
    front: &str,
    text: &str,
    start: usize,
    file: FileId,
) -> Diagnostic {
    let at = position(error);
    let rest = text.get(at..).unwrap_or_default();
    let found = first_token(rest);
    let place = if found.is_empty() {
        // There is nothing left to point at but the last character of what is there.
        let text = text.trim_end();
        let last = text.chars().next_back().map_or(0, char::len_utf8);
        Span::new(file, start + text.len() - last, start + text.len())
    } else {
        Span::new(file, start + at, start + at + found.len())
    };
    let mut expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => phrases(positives),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let before = text.get(..at).unwrap_or_default().trim_end();
    let begun = if front.is_empty() { before } else { front };
    let statement = begun.split_whitespace().find(|word| *word != "override").unwrap_or_default();
    if has_no_inputs([front, before]) {
        expected.retain(|phrase| phrase != AN_INPUT_STATE && phrase != AN_INPUT_CELL);
    }
    let is_name_expected = expects(&expected, A_NAME)
        || NEW_WORDS.contains(&found) && NAMED.iter().any(|phrase| expects(&expected, phrase));
    if is_name_expected && is_language_word(found) && habit(rest).is_none() {
        return language_word(found, before, rest, place);
    }
    let message = match found {
        "" => "the statement ends too early".to_string(),
        found => format!("`{found}` is not expected here"),
    };
    Diagnostic::new(Code::UnexpectedText, message)
        .at(place, format!("expected {}", one_of(expected.iter().map(String::as_str))))
        .help(advice(found, statement, before, rest, &expected))
}

/// A word of the language where a name is expected. `before` and `rest` are the text up to it and from it on.
fn language_word(found: &str, before: &str, rest: &str, place: Span) -> Diagnostic {
    let after = rest.get(found.len()..).unwrap_or_default().trim_start();
    if matches!(found, "all" | "any") && first_word(after) == "of" {
        return Diagnostic::new(Code::UnexpectedText, "a group inside a group stands in parentheses")
            .at(place, "begins a group")
            .help(format!("write `({found} of ...)`, and `all of` or `any of` in front of the whole"));
    }
    let quotes = format!("to use it as a name, write it in quotes: \"{found}\"");
    let (label, help) = match before.ends_with(',') {
        true => ("a name is expected after the comma", format!("delete the comma in front of it; {quotes}")),
        false => ("a name is expected here", quotes),
    };
    let error = Diagnostic::new(Code::ReservedWord, format!("`{found}` is a word of the language"))
        .at(place, label)
        .help(help);
    // A policy may have been written before the language had the word.
    let is_second_alias = found == "alias" && before.ends_with(',') && after.starts_with('"');
    match NEW_WORDS.contains(&found) && !is_second_alias {
        true => {
            let quoted = format!("\"{found}\"");
            error.fix(format!("write {quoted} in quotes"), [Edit::new(place, quoted)])
        }
        false => error,
    }
}

/// How something is asked for that begins with a name.
const NAMED: [&str; 2] = ["`category: granted`", "a condition"];

/// Returns true if a statement has the header of a table without inputs. Its parts up to an error are given.
fn has_no_inputs(parts: [&str; 2]) -> bool {
    let words = parts.into_iter().flat_map(|part| Tokens::new(part, 0)).map(|token| token.text);
    let mut words = words.take(MAX_IN_FRONT).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or_default();
        if let ("consent" | "integrations", "recorded" | "expect") | ("integrations", "enforce") =
            (word, next)
        {
            return true;
        }
    }
    false
}
