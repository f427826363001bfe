//! What was wrong with text that is no statement.
//!
//! The grammar sets such text aside up to the next line that begins like a statement. Here it is read once more as a
//! statement alone, to learn how far it was understood and what could have followed.

use super::build::parse_alone;
use super::generated::Rule;
use super::tree::Statement;
use crate::diagnostic::{Code, Diagnostic, FileId, Span, nearest};
use pest::error::{Error, ErrorVariant, InputLocation};

/// A statement that a later version will have.
pub(super) fn reserved(text: &str, span: Span) -> Diagnostic {
    let word = text.split_whitespace().find(|word| *word != "override").unwrap_or(text);
    let first_line = text.find('\n').map_or(text.len(), |end| end.min(text.len()));
    let span = Span::new(span.file, span.start as usize, span.start as usize + first_line);
    Diagnostic::new(Code::NotInThisVersion, format!("`{word}` is not in this version"))
        .at(span, "a later version will know it")
        .help("delete the statement, or keep it in a comment until then")
}

/// Text that is no statement. `previous` is the statement in front of it, which it may have been meant to go on.
pub(super) fn bad(text: &str, span: Span, previous: Option<&mut Statement>) -> Diagnostic {
    let slice = text.get(span.range()).unwrap_or_default();
    let word = first_word(slice);
    let begins_statement = STATEMENTS.iter().any(|phrase| phrase.split(' ').next() == Some(word));
    // Text in the middle of a line belongs to the statement in front of it, and so does text whose line begins with
    // space: read both together, so that the words which could have stood here are among the expected ones.
    let line_start = text.get(..span.start as usize).unwrap_or_default().rfind('\n').map_or(0, |at| at + 1);
    let goes_on = previous.filter(|previous| {
        !begins_statement && (previous.span.end as usize > line_start || span.start as usize > line_start)
    });
    let mut start = span.start as usize;
    let whole_statement = goes_on.is_some() || begins_statement;
    if let Some(previous) = goes_on {
        previous.complete = false;
        start = previous.span.start as usize;
    }
    if let Some(diagnostic) = unterminated(slice, span) {
        return diagnostic;
    }
    let whole = text.get(start..span.end as usize).unwrap_or_default();
    match parse_alone(whole) {
        Some(error) if whole_statement => unexpected(&error, whole, start, span.file),
        _ => unknown_statement(slice, word, span),
    }
}

/// A text in quotes that does not end on its line, in text that could not be read otherwise.
fn unterminated(slice: &str, span: Span) -> Option<Diagnostic> {
    let mut line_start = 0;
    for line in slice.split_inclusive('\n') {
        let mut open = None;
        let mut chars = line.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            match (char, open) {
                ('\\', Some(_)) => drop(chars.next()),
                ('"', Some(_)) => open = None,
                ('"', None) => open = Some(at),
                ('/', None) if chars.peek().is_some_and(|(_, next)| *next == '/') => break,
                _ => {}
            }
        }
        if let Some(at) = open {
            let start = span.start as usize + line_start + at;
            let end = span.start as usize + line_start + line.trim_end().len();
            return Some(
                Diagnostic::new(Code::UnterminatedText, "a text in quotes does not end on its line")
                    .at(Span::new(span.file, start, end), "begins here")
                    .help("add the closing `\"`; write `\\\"` for a quote inside the text"),
            );
        }
        line_start += line.len();
    }
    None
}

fn unknown_statement(slice: &str, word: &str, span: Span) -> Diagnostic {
    let word = if word.is_empty() { first_character(slice) } else { word };
    let place = Span::new(span.file, span.start as usize, span.start as usize + word.len());
    if word == "consentry" {
        return Diagnostic::new(Code::UnknownStatement, "the edition line is not the first line")
            .at(place, "too late")
            .help("a file has one edition line, in front of everything else");
    }
    let help = match nearest(word, STATEMENTS.iter().copied().filter(|phrase| !phrase.contains(' '))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("statements begin with {}", one_of(STATEMENTS.iter().copied())),
    };
    Diagnostic::new(Code::UnknownStatement, format!("no statement begins with `{word}`"))
        .at(place, "unknown")
        .help(help)
}

/// How statements begin.
const STATEMENTS: &[&str] = &[
    "policy",
    "include",
    "category",
    "destination",
    "reconcile",
    "unmapped destinations",
    "several categories",
    "unreadable integrations",
    "exempt event",
    "preferences",
    "override",
];

/// The parser's own error, in the language's words. `offset` is where the parsed text begins in the file.
pub(super) fn unexpected(error: &Error<Rule>, text: &str, offset: usize, file: FileId) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rest = text.get(at..).unwrap_or_default();
    let found = match first_word(rest) {
        "" => first_character(rest),
        word => word,
    };
    let place = if found.is_empty() {
        // There is nothing left to point at but the end of what is there.
        let end = offset + text.trim_end().len();
        Span::new(file, end.saturating_sub(1), end)
    } else {
        Span::new(file, offset + at, offset + at + found.len())
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => phrases(positives),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    if expected.iter().any(|phrase| phrase == A_NAME) && is_language_word(found) {
        return Diagnostic::new(Code::LanguageWord, format!("`{found}` is a word of the language"))
            .at(place, "a name is expected here")
            .help(format!("to use it as a name, write it in quotes: \"{found}\""));
    }
    let message = match found {
        "" => "the statement ends too early".to_string(),
        found => format!("`{found}` is not expected here"),
    };
    let mut diagnostic = Diagnostic::new(Code::Unexpected, message)
        .at(place, format!("expected {}", one_of(expected.iter().map(String::as_str))));
    let words =
        expected.iter().filter(|phrase| phrase.starts_with('`')).map(|phrase| phrase.trim_matches('`'));
    if let Some(near) = nearest(found, words) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    } else if expected.is_empty() {
        diagnostic = diagnostic.help("see the language reference, grammar/language.md");
    }
    diagnostic
}

/// Whether a plain word cannot be a bare name because the language uses it.
fn is_language_word(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parse_alone(&format!("category {word}")).is_some()
        && parse_alone(&format!("category \"{word}\"")).is_none()
}

/// The rules that the parser expected, as a person would name them, each once.
fn phrases(rules: &[Rule]) -> Vec<String> {
    let mut phrases: Vec<String> = rules.iter().filter_map(|rule| phrase(*rule)).collect();
    phrases.sort_unstable();
    phrases.dedup();
    phrases
}

/// How a name is asked for.
const A_NAME: &str = "a name";

/// What a person would call a rule; `None` for what is never worth naming.
fn phrase(rule: Rule) -> Option<String> {
    let named = match rule {
        Rule::COMMENT | Rule::WHITESPACE => return None,
        Rule::EOI | Rule::statement => "a new statement",
        Rule::name | Rule::names | Rule::bare | Rule::plain | Rule::element => A_NAME,
        Rule::text | Rule::further_name => "a text in quotes",
        Rule::label => "a description in quotes",
        Rule::key | Rule::path => "the name of a member",
        Rule::number => "a number",
        Rule::row | Rule::consent_states | Rule::consent_state | Rule::none_given => "a consent state",
        Rule::integrations_states | Rule::integrations_state => "an integrations state",
        Rule::enforce => "what to enforce",
        Rule::switched_off => "`switched off`",
        Rule::ignores_all => "`ignores All`",
        Rule::wire_id | Rule::equals => "`=`",
        Rule::group => "`all of` or `any of`",
        Rule::all_of => "`all of`",
        Rule::any_of => "`any of`",
        Rule::comma => "`,`",
        Rule::dot => "`.`",
        Rule::bar => "`|`",
        Rule::open_brace => "`{`",
        Rule::close_brace => "`}`",
        Rule::open_parenthesis => "`(`",
        Rule::close_parenthesis => "`)`",
        // Every other rule is called like the word it begins with.
        other => {
            let name = format!("{other:?}");
            return Some(format!("`{}`", name.strip_prefix("word_").unwrap_or(&name)));
        }
    };
    Some(named.into())
}

fn one_of<'a>(phrases: impl Iterator<Item = &'a str>) -> String {
    let phrases: Vec<&str> = phrases.collect();
    match phrases.split_last() {
        None => "something else".into(),
        Some((only, [])) => (*only).into(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn first_word(text: &str) -> &str {
    let end =
        text.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == '-')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn first_character(text: &str) -> &str {
    let length = text.chars().next().map_or(0, char::len_utf8);
    text.get(..length).unwrap_or_default()
}
