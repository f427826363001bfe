//! What was wrong with text that is no statement.
//!
//! The grammar sets such text aside up to the next line that begins like a statement. Here it is read once more as a
//! statement alone, to learn how far it was understood and what could have followed, and then from where `resync` says that
//! the statement goes on.

use super::advice::habit;
use super::expected::{position, unexpected};
use super::generated::{Grammar, Rule};
use super::keywords::{begins_statement, leads, may_begin_statement};
use super::lines::line_start;
use super::phrases::one_of;
use super::resync::Shape;
use super::tokens::{Tokens, first_character, first_token, first_word};
use super::tree::Statement;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use pest::Parser;
use pest::error::Error;
use std::ops::Range;

/// What is wrong with text that is no statement. `previous` is the statement in front of it, which it may have been meant to
/// go on.
pub(super) fn bad(text: &str, span: Span, previous: Option<&mut Statement>) -> Vec<Diagnostic> {
    let slice = text.get(span.range()).unwrap_or_default();
    let word = first_word(slice);
    let begins_statement = begins_statement(slice);
    // Text in the middle of a line belongs to the statement in front of it, and so does text whose line begins with
    // space: read both together, so that the words which could have stood here are among the expected ones.
    let line_start = line_start(text, span.start);
    let goes_on = previous
        .filter(|previous| !begins_statement && (previous.span.end > line_start || span.start > line_start));
    let mut start = span.start;
    // Where nothing goes on, a word that may be a name begins a statement of which the rest is wrong.
    let mut whole_statement = begins_statement || goes_on.is_none() && may_begin_statement(word);
    if let Some(previous) = goes_on {
        // A statement is read again once, and only when that is quick.
        if previous.complete && previous.span.range().len() <= MAX_READ_AGAIN {
            start = previous.span.start;
            whole_statement = true;
        }
        previous.complete = false;
    }
    let open = unterminated(slice, span);
    let whole = text.get(start..span.end).unwrap_or_default();
    match parse_as(Rule::only_statement, whole) {
        Some(error) if whole_statement => {
            let ends = text.get(span.end..).unwrap_or_default();
            mistakes(&error, whole, Span::new(span.file, start, span.end), open, ends)
        }
        _ => match open.into_iter().next() {
            Some((_, diagnostic)) => vec![diagnostic],
            None => vec![unknown_statement(slice, word, span)],
        },
    }
}

/// All that is wrong in a statement, which is `whole` and stands at `span`: the first mistake, and those that have nothing to
/// do with one in front of them. `open` are the texts that do not end, and `ends` is what follows the statement.
fn mistakes(
    first: &Error<Rule>,
    whole: &str,
    span: Span,
    open: Vec<(Range<usize>, Diagnostic)>,
    ends: &str,
) -> Vec<Diagnostic> {
    let start = span.start;
    let covering = |at: usize| open.iter().find(|(lines, _)| lines.contains(&(start + at)));
    let mut found = Vec::new();
    // What is wrong on a line with a text that does not end comes from there.
    let mut last = position(first);
    let mut from = last;
    let mut tokens = vec![first_token(whole.get(last..).unwrap_or_default())];
    match covering(last) {
        Some((lines, _)) => from = lines.end - start,
        None => found.push(unexpected(first, "", whole, start, span.file)),
    }
    if let Some(shape) = Shape::of(whole.get(..last).unwrap_or_default()) {
        let mut room = MAX_READ_ON;
        for _ in 0..MAX_MORE {
            let Some(part) = shape.next_part(whole, last, from) else { break };
            if let Some((lines, _)) = covering(part) {
                from = lines.end - start;
                continue;
            }
            let (before, rest) = whole.split_at_checked(part).unwrap_or_default();
            let Some(error) = parse_as(shape.rule, rest) else { break };
            let at = part + position(&error);
            let here = whole.get(at..).unwrap_or_default();
            let token = first_token(here);
            let read = at - part + here.find('\n').unwrap_or(here.len());
            let Some(left) = room.checked_sub(read) else { break };
            room = left;
            // What begins a part and is wrong there is passed by.
            from = if at > part { at } else { part + token.len().max(1) };
            if at <= last {
                continue;
            }
            last = at;
            match covering(at) {
                Some((lines, _)) => from = from.max(lines.end - start),
                // Where the next line begins no statement that we know, this one may go on behind it.
                None if here.trim().is_empty() && !is_end(ends) => break,
                None if shape.is_independent(token, &tokens) => {
                    tokens.push(token);
                    found.push(unexpected(&error, before, rest, start + part, span.file));
                }
                None => {}
            }
        }
    }
    found.extend(open.into_iter().map(|(_, diagnostic)| diagnostic));
    found.sort_by_key(Diagnostic::span);
    found
}

/// Returns true if a statement in front of this has certainly ended.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || begins_statement(rest)
}

/// How many more mistakes of one statement are looked for.
const MAX_MORE: usize = 50;

/// How much of its text is read for that. A reading ends with the line of the next mistake, which may be all of the text.
const MAX_READ_ON: usize = 4 << 20;

/// Returns the error that keeps a text from being what a rule matches, and nothing else.
fn parse_as(rule: Rule, text: &str) -> Option<Error<Rule>> {
    Grammar::parse(rule, text).err()
}

/// How long a statement may be that is read again together with what follows it.
const MAX_READ_AGAIN: usize = 4 << 10;

/// The texts in quotes that do not end on their line, in text that could not be read otherwise, and the lines that each
/// spoils. Two such lines with at most one between them are the two ends of one text.
fn unterminated(slice: &str, span: Span) -> Vec<(Range<usize>, Diagnostic)> {
    let mut all: Vec<(Range<usize>, Diagnostic)> = Vec::new();
    let mut line_start = span.start;
    // How many more lines may have the other end of the last text.
    let mut near = 0usize;
    for line in slice.split_inclusive('\n') {
        let end = line_start + line.len();
        near = near.saturating_sub(1);
        if let Some(open) = Tokens::new(line, 0).find(|token| token.is_open) {
            match all.last_mut() {
                Some((lines, _)) if near > 0 => (lines.end, near) = (end, 0),
                _ => {
                    let place =
                        Span::new(span.file, line_start + open.at, line_start + line.trim_end().len());
                    let diagnostic =
                        Diagnostic::new(Code::UnterminatedText, "a text in quotes does not end on its line")
                            .at(place, "begins here")
                            .help("add the closing `\"`; write `\\\"` for a quote inside the text");
                    all.push((line_start..end, diagnostic));
                    near = 3;
                }
            }
            if all.len() > MAX_MORE {
                break;
            }
        }
        line_start = end;
    }
    all
}

fn unknown_statement(slice: &str, word: &str, span: Span) -> Diagnostic {
    let word = if word.is_empty() { first_character(slice) } else { word };
    let place = Span::new(span.file, span.start, span.start + word.len());
    if word == "consentry" {
        return edition_line(slice, span, place);
    }
    let leads = leads();
    let near = nearest(word, leads.iter().map(|lead| first_word(lead)));
    let meant = near.and_then(|near| leads.iter().find(|lead| first_word(lead) == near));
    let help = match (meant, habit(slice)) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, Some(habit)) => habit.to_owned(),
        (None, None) => format!("statements begin with {}", one_of(leads.iter().copied())),
    };
    Diagnostic::new(Code::UnknownStatement, format!("no statement begins with `{word}`"))
        .at(place, "unknown")
        .help(help)
}

/// An edition line that is not one, or not the first.
fn edition_line(slice: &str, span: Span, place: Span) -> Diagnostic {
    if span.start == 0
        || slice
            .trim_start_matches("consentry")
            .trim_start_matches([' ', '\t'])
            .starts_with(char::is_alphabetic)
    {
        return Diagnostic::new(Code::UnknownEdition, "the edition is a whole number")
            .at(place, "which edition?")
            .help("begin the file with `consentry 1`");
    }
    Diagnostic::new(Code::UnknownStatement, "the edition line is not the first line")
        .at(place, "too late")
        .help("a file has one edition line, in front of everything else")
}
