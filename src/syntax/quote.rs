//! Names and texts as a policy writes them: what the scan would refuse is written by its number.

use super::generated::{Grammar, Rule};
use super::keywords::is_bare;
use super::scan;
use crate::diagnostic::is_harmful;
use pest::Parser;

/// A name of a category or a kind as a policy writes it: without quotes where it may stand so.
///
/// ```
/// use consentry::syntax::name;
///
/// assert_eq!(name("Advertising"), "Advertising");
/// assert_eq!(name("any"), "\"any\"", "a word of the language");
/// ```
pub fn name(name: &str) -> String {
    if is_bare(name) { name.to_owned() } else { quoted(name) }
}

/// Returns a path to a member of an event as a policy writes it.
pub(crate) fn path<'k>(keys: impl Iterator<Item = &'k str>) -> String {
    let key = |key: &str| {
        let first = key.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if first && is_plain { key.to_owned() } else { quoted(key) }
    };
    keys.map(key).collect::<Vec<_>>().join(".")
}

/// A text in quotes as a policy writes it, also where it is a name: what deceives or cannot be seen is written by its number.
///
/// ```
/// use consentry::syntax::quoted;
///
/// assert_eq!(quoted("Chez \"nous\""), r#""Chez \"nous\"""#);
/// assert_eq!(quoted("ads\u{202E} "), r#""ads\u{202E}\u{0020}""#);
/// ```
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let last = text.len().saturating_sub(1);
    for (at, char) in text.char_indices() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            ' ' if at > 0 && at < last => quoted.push(' '),
            char if scan::must_be_numbered(char) => {
                quoted.push_str(&format!("\\u{{{:04X}}}", u32::from(char)))
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns what a text in quotes stands for; `None` if it is no such text, more than one, or has an invalid escape.
pub(crate) fn unquoted(written: &str) -> Option<String> {
    let text = Grammar::parse(Rule::text, written).ok()?.next()?;
    let inside = text.as_str().strip_prefix('"')?.strip_suffix('"')?;
    let mut is_valid = text.as_str() == written;
    let value = unescaped(inside, |_, _| is_valid = false);
    is_valid.then_some(value)
}

/// Resolves the escapes of a text. Calls `unknown` with the place and the length of each that stands for nothing.
pub(super) fn unescaped(inside: &str, mut unknown: impl FnMut(usize, usize)) -> String {
    let mut value = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, escape)) = rest.split_once('\\') {
        value.push_str(before);
        let (char, length) = unescape(escape);
        match char {
            Some(char) => value.push(char),
            None => unknown(inside.len() - escape.len() - 1, length + 1),
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    value.push_str(rest);
    value
}

/// The character that an escape stands for, and how many bytes after the `\` it takes.
fn unescape(escape: &str) -> (Option<char>, usize) {
    match escape.chars().next() {
        Some(char @ ('"' | '\\')) => (Some(char), 1),
        Some('u') => match escape.strip_prefix("u{").and_then(|rest| rest.split_once('}')) {
            Some((digits, _))
                if (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit()) =>
            {
                (u32::from_str_radix(digits, 16).ok().and_then(char::from_u32), digits.len() + 3)
            }
            _ => (None, 1),
        },
        Some(other) => (None, other.len_utf8()),
        None => (None, 0),
    }
}

/// True if the text of a `because` has a character that can be seen.
pub(crate) fn is_reason(text: &str) -> bool {
    text.chars().any(|char| !char.is_whitespace() && !is_harmful(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_unquoted_again() {
        for text in ["", "so", "a \"b\" \\ c", "\u{A0}x\u{202E} ", "\\u{41}"] {
            assert_eq!(unquoted(&quoted(text)).as_deref(), Some(text));
        }
        assert_eq!(unquoted(r#""\u{41}""#).as_deref(), Some("A"));
        for written in ["", "so", "\"", "\"a", "a\"", "\"a\" b", " \"a\"", r#""\q""#, r#""a\""#, "\"a\"\"b\""]
        {
            assert_eq!(unquoted(written), None, "{written}");
        }
    }
}
