//! Words of a text that is not parsed, or not yet.

use super::generated::{Grammar, Rule};
use pest::Parser;

/// Whether a name may stand without quotes: a plain word that is not one of the language's own.
pub(super) fn is_bare(name: &str) -> bool {
    Grammar::parse(Rule::bare, name)
        .is_ok_and(|mut pairs| pairs.next().is_some_and(|bare| bare.as_str() == name))
}

/// Whether a plain word cannot be a bare name because the language uses it.
pub(super) fn is_language_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') && !is_bare(word)
}

/// The word that a text begins with; empty where it begins with none.
pub(super) fn first_word(text: &str) -> &str {
    let end =
        text.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == '-')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// A word, or a single character of another sort.
pub(super) fn first_token(text: &str) -> &str {
    match first_word(text) {
        "" => first_character(text),
        word => word,
    }
}

/// The character that a text begins with.
pub(super) fn first_character(text: &str) -> &str {
    let length = text.chars().next().map_or(0, char::len_utf8);
    text.get(..length).unwrap_or_default()
}
