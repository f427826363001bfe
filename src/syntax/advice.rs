//! The help of the parser's errors: how to correct them.

use super::keywords::is_language_word;
use super::phrases::*;
use super::tokens::first_word;
use super::tree::{ConsentState, IntegrationsState};
use crate::diagnostic::{Code, nearest};

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

/// Returns how to correct a word that is not expected: the first advice that fits. `statement` is the first word of the statement, and
/// `before` and `rest` are the text up to the error and from it on.
pub(super) fn advice(found: &str, statement: &str, before: &str, rest: &str, expected: &[String]) -> String {
    let asks = |phrase: &str| expects(expected, phrase);
    let words = expected.iter().flat_map(|phrase| match phrase.as_str() {
        "a consent state" | "a consent state or `{`" => {
            [&ConsentState::ALL.map(ConsentState::as_str)[..], &["any"]].concat()
        }
        "an integrations state" | "an integrations state or `{`" => {
            [&IntegrationsState::ALL.map(IntegrationsState::as_str)[..], &["any"]].concat()
        }
        A_SHAPE => vec!["booleans", "words", "pairs", "granted", "refused"],
        A_VALUE => VALUES.to_vec(),
        AN_INPUT_STATE | AN_INPUT_CELL => [&VALUES[..], &["absent", "other"]].concat(),
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
        return "a record says `granted`, `refused`, `expired` or `conflict`".to_owned();
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
    if let Some(meant) = about_inputs(found, statement, before, &asks) {
        return meant;
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
    } else if is_word
        && (asks(A_VALUE) || asks(AN_INPUT_STATE))
        && !asks("`granted`")
        && !asks(AN_EXPECTATION)
    {
        return format!("write a text in quotes: \"{found}\"");
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
        _ if before.trim_end().ends_with("places") && asks(A_PLACES_RULE) => {
            "the rule stands behind `places`: `all`, `any refuses` or `first present`"
        }
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

/// The words that are values.
const VALUES: [&str; 3] = ["true", "false", "null"];

/// Returns how to correct an error about inputs and their values.
fn about_inputs(found: &str, statement: &str, before: &str, asks: &dyn Fn(&str) -> bool) -> Option<String> {
    let is_value = found.starts_with(|char: char| char == '"' || char == '-' || char.is_ascii_digit())
        || matches!(found, "true" | "false" | "null" | "absent" | "other");
    let between = match statement {
        _ if asks("`|`") => "separate values with `|`",
        "input" if asks("`,`") => "separate values with `,`",
        _ => "",
    };
    Some(match found {
        "all" | "any" if statement == "strategy" && asks("`,`") => "write `,` behind each case".to_owned(),
        "\"" if asks("`|`") && statement == "category" => {
            format!("{between}; a description stands in front of `refused when`")
        }
        "\"" if asks("`|`") && statement == "destination" => {
            format!("{between}; a category in quotes stands in a group: `all of \"...\"`")
        }
        _ if !between.is_empty() && (is_value || matches!(found, "|" | "," | "or")) => between.to_owned(),
        "=" | ":" | "is" | "in" if asks(AN_INPUT_STATE) => {
            let name = before.split_whitespace().next_back().unwrap_or_default();
            format!("write the value behind the name: `{name} \"...\"`")
        }
        "!" | "not" | "<" | ">" if asks(AN_INPUT_STATE) => {
            "name each value that is meant, with `|` between them; `other` is any value that the input does not name"
                .to_owned()
        }
        "[" | "(" | "{" if asks(A_VALUE) || asks(AN_INPUT_STATE) => {
            "a value is a text in quotes, a number, `true`, `false` or `null`".to_owned()
        }
        _ if is_value && asks(AN_INPUT_STATE) => "a number stands as in JSON: `1`, `-2.5`".to_owned(),
        _ if statement == "test" && asks("`expect`") => {
            "a header is `consent integrations expect`; inputs and then `recorded` stand in front of `expect`".to_owned()
        }
        _ if statement == "reconcile" && asks("`enforce`") => {
            "the header is `consent integrations enforce`; inputs stand in front of `enforce`".to_owned()
        }
        "|" if statement == "test" => {
            "an event has one of the two: write a row or a test for each".to_owned()
        }
        _ if statement == "strategy" && asks("`otherwise`") => {
            "the last case is `all otherwise` or `any otherwise`".to_owned()
        }
        _ if asks(A_QUANTIFIER) => {
            "a strategy is `all` or `any`; a case in front of it has a condition: `all when provider \"...\",`".to_owned()
        }
        _ if statement == "category" && asks("`when`") => {
            "name the signal that refuses: `refused when gpc true`".to_owned()
        }
        _ if statement == "input" && asks("`at`") => {
            "say where an event has it: `at context.provider`".to_owned()
        }
        _ if statement == "input" && asks("`values`") => {
            "name the values that decide: `values \"...\", \"...\"`; `absent` stands behind them".to_owned()
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
        "else" | "default" | "other" if asks("`otherwise`") => "otherwise",
        _ => return None,
    })
}

/// Returns true if the statement is a table, of which the header is missing.
fn lacks_header(before: &str, rest: &str) -> bool {
    let statement = before.trim_start_matches("override").trim_start();
    statement.starts_with("reconcile") && !statement.contains("enforce") && !rest.contains("enforce")
}
