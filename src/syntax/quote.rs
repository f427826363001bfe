//! Names and texts as a policy writes them: what the scan would refuse is written by its number.

use super::scan;
use super::words::is_bare;

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
