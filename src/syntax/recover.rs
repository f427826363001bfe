//! What was wrong with text that is no statement.
//!
//! The grammar sets such text aside up to the next line that begins like a statement. Here it is read once more as a
//! statement alone, to learn how far it was understood and what could have followed, and then from where `resync` says that
//! the statement goes on.

use super::generated::{Grammar, Rule};
use super::keywords::{
    NEW_WORDS, begins_statement, first_character, first_token, first_word, is_language_word, leads,
};
use super::resync::Shape;
use super::tree::{ConsentState, IntegrationsState, Statement};
use crate::diagnostic::{Code, Diagnostic, Edit, FileId, Span, nearest};
use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};
use std::ops::Range;

/// What is wrong with text that is no statement. `previous` is the statement in front of it, which it may have been meant to
/// go on.
pub(super) fn bad(text: &str, span: Span, previous: Option<&mut Statement>) -> Vec<Diagnostic> {
    let slice = text.get(span.range()).unwrap_or_default();
    let word = first_word(slice);
    let begins_statement = begins_statement(slice);
    // Text in the middle of a line belongs to the statement in front of it, and so does text whose line begins with
    // space: read both together, so that the words which could have stood here are among the expected ones.
    let line_start = text.get(..span.start as usize).unwrap_or_default().rfind('\n').map_or(0, |at| at + 1);
    let goes_on = previous.filter(|previous| {
        !begins_statement && (previous.span.end as usize > line_start || span.start as usize > line_start)
    });
    let mut start = span.start as usize;
    let mut whole_statement = begins_statement;
    if let Some(previous) = goes_on {
        // A statement is read again once, and only when that is quick.
        if previous.complete && previous.span.range().len() <= MAX_READ_AGAIN {
            start = previous.span.start as usize;
            whole_statement = true;
        }
        previous.complete = false;
    }
    let open = unterminated(slice, span);
    let whole = text.get(start..span.end as usize).unwrap_or_default();
    match parse_as(Rule::only_statement, whole) {
        Some(error) if whole_statement => {
            let ends = text.get(span.end as usize..).unwrap_or_default();
            mistakes(&error, whole, Span::new(span.file, start, span.end as usize), open, ends)
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
    let start = span.start as usize;
    let covering = |at: usize| open.iter().find(|(lines, _)| lines.contains(&(start + at)));
    let mut found = Vec::new();
    // What is wrong on a line with a text that does not end comes from there.
    let mut last = position(first);
    let mut from = last;
    let mut tokens = vec![first_token(whole.get(last..).unwrap_or_default())];
    match covering(last) {
        Some((lines, _)) => from = lines.end - start,
        None => found.push(unexpected(first, whole, start, span.file)),
    }
    if let Some(shape) = Shape::of(whole.get(..last).unwrap_or_default()) {
        let mut room = MAX_READ_ON;
        for _ in 0..MAX_MORE {
            let Some(part) = shape.next_part(whole, last, from) else { break };
            if let Some((lines, _)) = covering(part) {
                from = lines.end - start;
                continue;
            }
            let rest = whole.get(part..).unwrap_or_default();
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
                    found.push(unexpected(&error, rest, start + part, span.file));
                }
                None => {}
            }
        }
    }
    found.extend(open.into_iter().map(|(_, diagnostic)| diagnostic));
    found.sort_by_key(Diagnostic::span);
    found
}

/// Whether a statement in front of this has certainly ended.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || begins_statement(rest)
}

/// How many more mistakes of one statement are looked for.
const MAX_MORE: usize = 50;

/// How much of its text is read for that. A reading ends with the line of the next mistake, which may be all of the text.
const MAX_READ_ON: usize = 4 << 20;

/// What keeps a text from being what a rule says and nothing else.
fn parse_as(rule: Rule, text: &str) -> Option<Error<Rule>> {
    Grammar::parse(rule, text).err()
}

fn position(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

/// How long a statement may be that is read again together with what follows it.
const MAX_READ_AGAIN: usize = 4 << 10;

/// The texts in quotes that do not end on their line, in text that could not be read otherwise, and the lines that each
/// spoils. Two such lines with at most one between them are the two ends of one text.
fn unterminated(slice: &str, span: Span) -> Vec<(Range<usize>, Diagnostic)> {
    let mut all: Vec<(Range<usize>, Diagnostic)> = Vec::new();
    let mut line_start = span.start as usize;
    // How many more lines may have the other end of the last text.
    let mut near = 0usize;
    for line in slice.split_inclusive('\n') {
        let end = line_start + line.len();
        near = near.saturating_sub(1);
        if let Some(at) = open_quote(line) {
            match all.last_mut() {
                Some((lines, _)) if near > 0 => (lines.end, near) = (end, 0),
                _ => {
                    let place = Span::new(span.file, line_start + at, line_start + line.trim_end().len());
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

/// Where a text begins that does not end on its line.
fn open_quote(line: &str) -> Option<usize> {
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
    open
}

fn unknown_statement(slice: &str, word: &str, span: Span) -> Diagnostic {
    let word = if word.is_empty() { first_character(slice) } else { word };
    let place = Span::new(span.file, span.start as usize, span.start as usize + word.len());
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

/// What people write who are used to another language, and what to write here.
fn habit(rest: &str) -> Option<&'static str> {
    let starts = |all: &[&str]| all.iter().any(|start| rest.starts_with(start));
    if starts(&["#", "/*", "--", ";", "<!--"]) {
        return Some("comments go from `//` to the end of the line");
    }
    if starts(&["'", "\u{201C}", "\u{201D}", "\u{2018}", "\u{2019}", "\u{AB}", "`"]) {
        return Some("texts stand in straight double quotes: \"...\"");
    }
    match first_word(rest) {
        "and" => Some("separate categories with `,`; for a written formula: `all of A, B`"),
        "or" => Some("for a choice write `any of A, B`"),
        "not" => Some("there is no `not`: name what must be granted"),
        "import" | "use" | "require" | "extends" if rest.contains("prelude") => {
            Some("a prelude is included: `include prelude \"segment-strict\"`")
        }
        "import" | "use" | "extends" | "require" if rest.contains('"') => {
            Some("another file is included: `include \"file.consent\"`")
        }
        "requires" | "need" | "require" => Some("did you mean `needs`?"),
        _ => None,
    }
}

/// The parser's own error, in the language's words. The parsed text stands at `start` in the file.
pub(super) fn unexpected(error: &Error<Rule>, text: &str, start: usize, file: FileId) -> Diagnostic {
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
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => phrases(positives),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let before = text.get(..at).unwrap_or_default().trim_end();
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
        .help(advice(found, before, rest, &expected))
}

fn expects(expected: &[String], phrase: &str) -> bool {
    expected.iter().any(|one| one == phrase)
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

/// What to do about a word that is not expected: the first that fits.
fn advice(found: &str, before: &str, rest: &str, expected: &[String]) -> String {
    let words = expected.iter().flat_map(|phrase| match phrase.as_str() {
        "a consent state" | "a consent state or `{`" => {
            [&ConsentState::ALL.map(ConsentState::word)[..], &["any"]].concat()
        }
        "an integrations state" | "an integrations state or `{`" => {
            [&IntegrationsState::ALL.map(IntegrationsState::word)[..], &["any"]].concat()
        }
        "what to enforce" => vec!["nothing", "integrations", "listed integrations", "consent", "drop"],
        _ => Vec::new(),
    });
    let said =
        expected.iter().filter(|phrase| phrase.starts_with('`')).map(|phrase| phrase.trim_matches('`'));
    let words = words.chain(said).filter(|word| *word != found);
    let is_word = found.starts_with(char::is_alphabetic);
    if expects(expected, "a consent state or `{`") && matches!(found, "answered" | "given") {
        return "write what the person chose: `{ Advertising: granted, Analytics: refused }`".to_owned();
    }
    if expects(expected, "an integrations state or `{`") && matches!(found, "present" | "given") {
        return "write the entries: `{ \"Google Ads\": on, All: off }`".to_owned();
    }
    if found == "identify" && before.contains("preference events") {
        return "identify events write to the ledger with `ledger also records identify`".to_owned();
    }
    if let Some(near) = nearest(found, words) {
        return format!("did you mean `{near}`?");
    }
    // Names begin with a capital more often than the words that are nearly the language's.
    let is_name = found.starts_with(char::is_uppercase) && !is_language_word(found)
        || found == "\"" && before.ends_with('"');
    let fixed = if expected == ["`because`"] {
        "say why: `because \"...\"`"
    } else if before.ends_with("lint") && found.parse().is_ok_and(|code: Code| code.is_lint()) {
        return found
            .parse()
            .map_or_else(|_| "write a name".to_owned(), |code: Code| format!("write `{}`", code.name()));
    } else if before.ends_with(" not") {
        "there is no `not`: name what must be granted"
    } else if matches!(found, "never" | "always") && before.ends_with("override") {
        "nobody overrides a promise: change it where it stands"
    } else if found == "all" && before.ends_with("deliver") && expects(expected, "`any`") {
        "did you mean `any`?"
    } else if found == "any" && before.ends_with("deliver") && expects(expected, "`all`") {
        "did you mean `all`?"
    } else if found == "of" && (expects(expected, "`granted`") || expects(expected, "`off`")) {
        "did you mean `off`?"
    } else if found == "of" {
        "a group is `any of A, B` for a choice, or `all of A, B`"
    } else if let Some(habit) = habit(rest) {
        habit
    } else if is_word && !found.is_ascii() && expects(expected, A_NAME) {
        return format!("a name of other letters than a to z stands in quotes: \"{found}\"");
    } else if is_word && expects(expected, A_TEXT) && !expects(expected, "a new statement") {
        return format!("write it in quotes: \"{found}\"");
    } else if is_name && expects(expected, "`,`") {
        "separate names with `,`"
    } else if expects(expected, "what to enforce") {
        "a row ends with `nothing`, `integrations`, `listed integrations`, `consent`, `consent then integrations`, \
         `consent or integrations`, `consent or listed, then integrations` or `drop \"...\"`"
    } else if expects(expected, "a consent state") && found == "}" {
        "a row is `consent states, integrations states, what to enforce`, such as `missing none nothing`"
    } else if expects(expected, "`consent`") && lacks_header(before, rest) {
        "the table begins with the line `consent integrations enforce`"
    } else {
        "grammar/language.md shows every statement with an example"
    };
    fixed.to_owned()
}

/// Whether the statement is a table, of which the header is missing.
fn lacks_header(before: &str, rest: &str) -> bool {
    let statement = before.trim_start_matches("override").trim_start();
    statement.starts_with("reconcile") && !statement.contains("enforce") && !rest.contains("enforce")
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

/// How a text is asked for.
const A_TEXT: &str = "a text in quotes";

/// What a person would call a rule; `None` for what is never worth naming.
fn phrase(rule: Rule) -> Option<String> {
    let named = match rule {
        Rule::COMMENT | Rule::WHITESPACE => return None,
        // Nobody is to write an old word.
        old if format!("{old:?}").starts_with("old_") => return None,
        Rule::EOI | Rule::statement => "a new statement",
        Rule::name | Rule::names | Rule::bare | Rule::plain | Rule::element => A_NAME,
        Rule::text | Rule::old_further_name => A_TEXT,
        Rule::label => "a description in quotes",
        Rule::key | Rule::path => "the name of a member",
        Rule::number => "a number",
        Rule::finding => "the name of a finding",
        Rule::reason => "a reason",
        Rule::json => "an event as JSON",
        Rule::options => "`{}`",
        Rule::cases => "`consent integrations expect`",
        Rule::case_consent | Rule::case => "a consent state or `{`",
        Rule::case_integrations => "an integrations state or `{`",
        Rule::stated_preference => "`category: granted`",
        Rule::stated_entry => "`\"destination\": on`",
        Rule::stated_consent => "`consent`",
        Rule::stated_integrations => "`integrations`",
        Rule::stated_event => "`event`",
        Rule::expectation => "`deliver`, `block` or `drop`",
        Rule::expected_reason => "`because`",
        Rule::promised => A_TEXT,
        Rule::promise => "`never` or `always`",
        Rule::implied_consent => "`implied`",
        Rule::gate_opens_on | Rule::gate_without_consent => "`gate`",
        Rule::library_loads => "`library`",
        Rule::ledger_also_records => "`ledger`",
        Rule::any_grant => "`any grant`",
        Rule::needed_grant => "`needed grant`",
        Rule::event_names => A_TEXT,
        Rule::condition => "a condition",
        Rule::entry_state => "`on`, `off`, `unlisted` or `invalid`",
        Rule::row | Rule::consent_states | Rule::consent_state => "a consent state",
        Rule::integrations_states | Rule::integrations_state => "an integrations state",
        Rule::enforce => "what to enforce",
        Rule::ignores_all => "`ignores All`",
        Rule::wire_id | Rule::equals => "`=`",
        Rule::group => "`all of` or `any of`",
        Rule::all_of => "`all of`",
        Rule::any_of => "`any of`",
        Rule::comma => "`,`",
        Rule::dot => "`.`",
        Rule::colon => "`:`",
        Rule::bar => "`|`",
        Rule::open_brace => "`{`",
        Rule::close_brace => "`}`",
        Rule::open_parenthesis => "`(`",
        Rule::close_parenthesis => "`)`",
        // Every other rule is called like the word it begins with.
        other => {
            let name = format!("{other:?}");
            return Some(format!("`{}`", name.strip_prefix("word_").unwrap_or(&name).replace('_', "-")));
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
