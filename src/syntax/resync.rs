//! Where a statement goes on behind a mistake, so that the next mistake in it is found in the same run.
//!
//! A second message must be about a mistake of its own. So reading goes on only where a part of the statement begins that
//! does not depend on what is in front of it, an attribute or a row, and it goes on behind a beginning of such a statement
//! that is in order. Texts and comments are passed over.

use super::generated::Rule;
use super::keywords::{Keyword, is_bare, is_language_word};
use super::lines::line_start;
use super::tokens::Tokens;
use super::tree::{ConsentState, IntegrationsState};
use crate::diagnostic::nearest;

/// How a sort of statements goes on.
pub(super) struct Shape {
    /// The grammar's rule for the parts up to the end of the statement.
    pub(super) rule: Rule,
    parts: Parts,
    /// The words that begin a part.
    words: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    /// Anywhere: no word that begins a part stands within another one, and neither does one that is meant to be such a word.
    Attributes,
    /// On a line of their own. Words that the language does not know have no place in them.
    Rows,
    /// On a line of their own, in which names may stand.
    Lines,
}

impl Shape {
    /// How a statement goes on of which the text up to the first mistake is given; `None` where it has no parts.
    pub(super) fn of(before: &str) -> Option<Shape> {
        let mut words = Tokens::new(before, 0).map(|token| token.text).skip_while(|word| *word == "override");
        let attributes = |rule, keyword: Keyword, old: &[&'static str]| Shape {
            rule,
            parts: Parts::Attributes,
            words: [keyword.parts(), old].concat(),
        };
        let rows = |rule, parts, brace| Shape { rule, parts, words: states().chain([brace]).collect() };
        Some(match (words.next()?, words.next()) {
            ("destination", Some("kind")) => {
                attributes(Rule::destination_kind_parts, Keyword::DestinationKind, &[])
            }
            ("destination", _) => attributes(Rule::destination_parts, Keyword::Destination, &["also"]),
            ("category", _) => attributes(Rule::category_parts, Keyword::Category, &["switched"]),
            ("reconcile", _) => rows(Rule::reconcile_parts, Parts::Rows, "}"),
            ("test", _) => {
                let words: Vec<&str> = words.take(MAX_IN_FRONT).collect();
                // A closing brace may belong to an object, so that nothing goes on there.
                match (0..words.len()).find_map(|at| rule_of_cases(words.get(at..)?)) {
                    Some(rule) => rows(rule, Parts::Lines, "{"),
                    None => {
                        let words = Keyword::Test.parts().into();
                        Shape { rule: Rule::test_parts, parts: Parts::Lines, words }
                    }
                }
            }
            _ => return None,
        })
    }

    /// The first place from `from` on where a part of the statement begins; `mistake` is the one in front of it.
    pub(super) fn next_part(&self, text: &str, mistake: usize, from: usize) -> Option<usize> {
        // A row that goes on over several lines is indented further than where it begins. A mistake in the first line
        // says nothing of that.
        let furthest = match line_start(text, mistake) {
            0 => usize::MAX,
            line => text.get(line..).map_or(0, |rest| rest.len() - rest.trim_start().len()),
        };
        let mut comma = false;
        let mut tokens = Tokens::new(text, from).take(MAX_PASSED).peekable();
        while let Some(token) = tokens.next() {
            let placed = match self.parts {
                Parts::Attributes => !comma,
                _ => token.first && token.column <= furthest,
            };
            // Alone, it is more often what somebody wrote for another word.
            let is_alone = token.text == "refused" && tokens.peek().is_none_or(|next| next.text != "when");
            if placed && !is_alone && self.begins_part(token.text) {
                return Some(token.at);
            }
            comma = token.text == ",";
        }
        None
    }

    fn begins_part(&self, word: &str) -> bool {
        if self.words.contains(&word) {
            return true;
        }
        let is_unknown = word.starts_with(char::is_alphabetic) && !is_language_word(word);
        match self.parts {
            Parts::Rows => is_unknown,
            // Names are capitalized more often than not; the words of the language never are.
            _ => {
                is_unknown
                    && word.starts_with(char::is_lowercase)
                    && nearest(word, self.words.iter().copied()).is_some()
            }
        }
    }

    /// Returns true if a word or sign is a mistake of its own behind others of the same statement, which are given. Between attributes
    /// the same word is often wrong again, and so are signs: a bracket that is opened by mistake is closed by one.
    pub(super) fn is_independent(&self, found: &str, before: &[&str]) -> bool {
        let is_sign =
            !found.is_empty() && !found.starts_with(|char: char| char.is_alphanumeric() || char == '"');
        self.parts != Parts::Attributes || !(is_sign || before.contains(&found))
    }
}

/// Returns the rule for the cases of a table if the words begin with its header.
fn rule_of_cases(words: &[&str]) -> Option<Rule> {
    let mut words = words.iter().copied().peekable();
    words.next_if_eq(&"consent")?;
    let integrations = words.next_if_eq(&"integrations").is_some();
    while words.next_if(|word| word.starts_with('"') || is_bare(word)).is_some() {}
    let recorded = words.next_if_eq(&"recorded").is_some();
    words.next_if_eq(&"expect")?;
    Some(match (integrations, recorded) {
        (true, false) => Rule::case_parts,
        (true, true) => Rule::recorded_case_parts,
        (false, false) => Rule::short_case_parts,
        (false, true) => Rule::short_recorded_case_parts,
    })
}

/// The words that begin the rows of tables.
fn states() -> impl Iterator<Item = &'static str> {
    let integrations = IntegrationsState::ALL.map(IntegrationsState::as_str);
    ConsentState::ALL.map(ConsentState::as_str).into_iter().chain(integrations).chain(["any"])
}

/// How many words in front of a mistake are searched for the header of a table.
pub(super) const MAX_IN_FRONT: usize = 1_000;

/// How many words are passed over in search of the next part: behind so many, nobody misses the next mistake.
const MAX_PASSED: usize = 10_000;
