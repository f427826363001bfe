//! What the parser expected where a text goes wrong, in the language's words, and what to do about it.

use super::generated::Rule;
use super::keywords::{NEW_WORDS, first_token, first_word, is_language_word};
use super::tree::{ConsentState, IntegrationsState};
use crate::diagnostic::{Code, Diagnostic, Edit, FileId, Span, listed, nearest};
use pest::error::{Error, ErrorVariant, InputLocation};

pub(super) fn position(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

/// Returns what to write in place of what people write who are used to another language.
pub(super) fn habit(rest: &str) -> Option<&'static str> {
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

/// Turns the parser's error into one in the language's words. The parsed text stands at `start` in the file.
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

/// Returns what to do about a word that is not expected: the first advice that fits.
fn advice(found: &str, before: &str, rest: &str, expected: &[String]) -> String {
    let asks = |phrase: &str| expects(expected, phrase);
    let words = expected.iter().flat_map(|phrase| match phrase.as_str() {
        "a consent state" | "a consent state or `{`" => {
            [&ConsentState::ALL.map(ConsentState::as_str)[..], &["any"]].concat()
        }
        "an integrations state" | "an integrations state or `{`" => {
            [&IntegrationsState::ALL.map(IntegrationsState::as_str)[..], &["any"]].concat()
        }
        A_SHAPE => vec!["booleans", "words", "pairs", "granted", "refused"],
        "what to enforce" => vec!["nothing", "integrations", "listed integrations", "consent", "drop"],
        word if word.starts_with('`') => vec![word.trim_matches('`')],
        _ => Vec::new(),
    });
    let words = words.filter(|word| *word != found);
    let is_word = found.starts_with(char::is_alphabetic);
    if asks("a consent state or `{`") && matches!(found, "answered" | "given") {
        return "write what the person chose: `{ Advertising: granted, Analytics: refused }`".to_owned();
    }
    if asks("an integrations state or `{`") && matches!(found, "present" | "given") {
        return "write the entries: `{ \"Google Ads\": on, All: off }`".to_owned();
    }
    if asks(AN_ANSWER) && matches!(found, "deliver" | "block" | "drop") {
        return "each case has what is recorded, because the header has `recorded`".to_owned();
    }
    if expected == [AN_EXPECTATION] && matches!(found, "unknown" | "unreachable" | "{") {
        return "for what is recorded, the table has the header `consent integrations recorded expect`"
            .to_owned();
    }
    if asks("`conflict`") && asks("`granted`") && matches!(found, "true" | "false" | "invalid") {
        return "a record says `granted`, `refused` or `conflict`".to_owned();
    }
    if found == "except" && asks("`when`") {
        return "write `except` next to what the promise covers: `never deliver any except \"...\" without ...`".to_owned();
    }
    if found == "identify" && before.contains("preference events") {
        return "identify events write to the ledger with `ledger also records identify`".to_owned();
    }
    if let Some(meant) = misplaced_part(found, before, &asks) {
        return meant.to_owned();
    }
    if let Some(near) = synonym(found, &asks).or(nearest(found, words)) {
        return format!("did you mean `{near}`?");
    }
    // Names begin with a capital more often than the words that are nearly the language's.
    let is_name = found.starts_with(char::is_uppercase) && !is_language_word(found)
        || found == "\"" && before.ends_with('"');
    let fixed = if expected == ["`because`"] {
        "say why: `because \"...\"`"
    } else if let Some(code) =
        found.parse().ok().filter(|code: &Code| before.ends_with("lint") && code.is_lint())
    {
        return format!("write `{}`", code.name());
    } else if before.ends_with(" not") && asks("`granted`") {
        "`not` stands in front of `granted` only"
    } else if before.ends_with(" not") {
        "there is no `not`: name what must be granted"
    } else if matches!(found, "never" | "always") && before.ends_with("override") {
        "nobody overrides a promise: change it where it stands"
    } else if found == "all" && before.ends_with("deliver") && asks("`any`") {
        "did you mean `any`?"
    } else if found == "any" && before.ends_with("deliver") && asks("`all`") {
        "did you mean `all`?"
    } else if found == "of" && (asks("`granted`") || asks("`off`")) {
        "did you mean `off`?"
    } else if found == "of" {
        "a group is `any of A, B` for a choice, or `all of A, B`"
    } else if let Some(habit) = habit(rest) {
        habit
    } else if is_word && !found.is_ascii() && asks(A_NAME) {
        return format!("a name of other letters than a to z stands in quotes: \"{found}\"");
    } else if is_word && asks(A_SUBJECT) && !asks("a new statement") {
        // A kind that is called like a word of the language stands in quotes too.
        let kind = if is_language_word(found) { format!("\"{found}\"") } else { found.to_owned() };
        return format!("write a destination in quotes, \"{found}\", or a kind: `kind {kind}`");
    } else if is_word && asks(A_TEXT) && !asks("a new statement") {
        return format!("write it in quotes: \"{found}\"");
    } else if is_name && asks("`,`") {
        "separate names with `,`"
    } else if asks("what to enforce") {
        "a row ends with `nothing`, `integrations`, `listed integrations`, `consent`, `consent then integrations`, \
         `consent or integrations`, `consent or listed, then integrations` or `drop \"...\"`"
    } else if asks("a consent state") && found == "}" {
        "a row is `consent states, integrations states, what to enforce`, such as `missing none nothing`"
    } else if asks("`consent`") && lacks_header(before, rest) {
        "the table begins with the line `consent integrations enforce`"
    } else if asks(A_SHAPE) {
        "a shape is `booleans`, `words granted ...`, `pairs by ...`, `granted list`, `refused list`, `granted text by ...` or \
         `refused text by ...`"
    } else {
        "grammar/language.md shows every statement with an example"
    };
    fixed.to_owned()
}

/// Returns what to do about a word of `consent at` that stands in a wrong place.
fn misplaced_part(found: &str, before: &str, asks: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    let mut words = before.split_whitespace().skip_while(|word| *word == "override");
    let is_consent_at = words.next() == Some("consent") && words.next() == Some("at");
    Some(match found {
        _ if !is_consent_at => return None,
        "list" if asks(A_SHAPE) => "write `granted list` or `refused list`",
        "text" if asks(A_SHAPE) => "write `granted text by \"...\"` or `refused text by \"...\"`",
        "words" | "\"" | "," if asks("`list`") => "write `words granted \"...\" refused \"...\"`",
        "refused" if asks("`granted`") => "what grants comes first: `granted \"...\" refused \"...\"`",
        "null" | "\"" if asks("`,`") => "separate values with `,`",
        "\"" if asks("`by`") => "write `by` in front of what stands between two names",
        "granted" if asks("`and`") => {
            "write what stands between two pairs, and within one: `by \",\" and \":\"`"
        }
        "alias" | "booleans" | "in" | "words" | "pairs" | "granted" | "refused" | "unlisted" | "skip"
            if asks("a new statement") =>
        {
            "the parts stand in this order: `alias`, a shape, `unlisted`, `skip`, `absent`; `in` stands in front of `reversed`"
        }
        _ => return None,
    })
}

/// Returns the word of the language for what people call otherwise.
fn synonym(found: &str, asks: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    let asks = |word: &str| asks(word) || asks(A_SHAPE);
    Some(match found {
        "denied" | "declined" | "rejected" | "disallowed" if asks("`refused`") => "refused",
        "allowed" | "accepted" | "consented" if asks("`granted`") => "granted",
        _ => return None,
    })
}

/// Returns true if the statement is a table, of which the header is missing.
fn lacks_header(before: &str, rest: &str) -> bool {
    let statement = before.trim_start_matches("override").trim_start();
    statement.starts_with("reconcile") && !statement.contains("enforce") && !rest.contains("enforce")
}

/// Names the rules that the parser expected as a person would, each once.
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

/// The phrase for what a promise covers.
const A_SUBJECT: &str = "names of destinations and kinds";

/// The phrase for a shape of consent.
const A_SHAPE: &str = "a shape";

/// The phrase for an expectation of a test.
const AN_EXPECTATION: &str = "`deliver`, `block` or `drop`";

/// The phrase for the ledger's answer in a test.
const AN_ANSWER: &str = "`unknown`, `unreachable` or `{`";

/// Names a rule as a person would; `None` for what is never worth naming.
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
        Rule::case_consent | Rule::case | Rule::recorded_case => "a consent state or `{`",
        Rule::case_integrations => "an integrations state or `{`",
        Rule::case_recorded => AN_ANSWER,
        Rule::stated_preference | Rule::recorded_preference => "`category: granted`",
        Rule::stated_entry => "`\"destination\": on`",
        Rule::stated_consent => "`consent`",
        Rule::stated_integrations => "`integrations`",
        Rule::stated_recorded => "`recorded`",
        Rule::stated_event => "`event`",
        Rule::expectation => AN_EXPECTATION,
        Rule::expected_reason => "`because`",
        Rule::promised | Rule::subject => A_SUBJECT,
        Rule::promise => "`never` or `always`",
        Rule::implied_consent => "`implied`",
        Rule::gate_opens_on | Rule::gate_without_consent => "`gate`",
        Rule::library_loads => "`library`",
        Rule::router_knows => "`router`",
        Rule::batches => "`batches`",
        Rule::foreign_consent => "`foreign`",
        Rule::envelope_ignored => "`envelope ignored`",
        Rule::ledger_also_records => "`ledger`",
        Rule::any_grant => "`any grant`",
        Rule::needed_grant => "`needed grant`",
        Rule::some_names => "`some names`",
        Rule::own_names => "`own names`",
        Rule::event_names => A_TEXT,
        Rule::condition => "a condition",
        Rule::ledger_result => "`recording`, `unknown`, `unreachable`, `unstamped`, `agrees` or `mismatch`",
        Rule::entry_state => "`on`, `off`, `unlisted` or `invalid`",
        Rule::row | Rule::consent_states | Rule::consent_state => "a consent state",
        Rule::integrations_states | Rule::integrations_state => "an integrations state",
        Rule::enforce => "what to enforce",
        Rule::ignores_all => "`ignores All`",
        Rule::wire_ids | Rule::equals => "`=`",
        Rule::unasked_granted => "`unasked granted`",
        Rule::shape => A_SHAPE,
        Rule::list => "`list`",
        Rule::delimited_text => "`text by`",
        Rule::granted_words => "`granted`",
        Rule::refused_words => "`refused`",
        Rule::unasked_words => "`unasked`",
        Rule::skipped => "`skip`",
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
            return Some(format!(
                "`{}`",
                name.strip_prefix("word_").or(name.strip_prefix("local_")).unwrap_or(&name).replace('_', "-")
            ));
        }
    };
    Some(named.into())
}

pub(super) fn one_of<'a>(phrases: impl Iterator<Item = &'a str>) -> String {
    let phrases = listed(phrases, "or");
    if phrases.is_empty() { "something else".to_owned() } else { phrases }
}
