//! The tokens of text that is not parsed, or not yet. Comments are passed over.

use super::lines::line_start;

pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// True if it is the first of its line.
    pub(super) first: bool,
    /// How far it is indented, in bytes.
    pub(super) column: usize,
    /// True for a text in quotes that does not end on its line.
    pub(super) is_open: bool,
}

/// Words, texts, and single characters of other sorts.
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    first: bool,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        let line = line_start(text, at);
        let first = text.get(line..at).is_some_and(|before| before.trim().is_empty());
        Tokens { text, at, line, first }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let here = rest.trim_start();
            let space = rest.get(..rest.len() - here.len())?;
            if let Some(end) = space.rfind('\n') {
                (self.line, self.first) = (self.at + end + 1, true);
            }
            self.at += space.len();
            if here.is_empty() {
                return None;
            }
            if here.starts_with("//") {
                self.at += here.find('\n').unwrap_or(here.len());
                continue;
            }
            let (text, is_open) = match first_word(here) {
                "" if here.starts_with('"') => first_text(here),
                "" => (first_character(here), false),
                word => (word, false),
            };
            let (at, first, column) = (self.at, self.first, self.at - self.line);
            let token = Token { text, at, first, column, is_open };
            self.at += text.len();
            self.first = false;
            return Some(token);
        }
    }
}

/// Returns a text in quotes, or what of it is on its line, and whether it goes on.
fn first_text(rest: &str) -> (&str, bool) {
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            '\n' => return (rest.get(..at).unwrap_or_default(), true),
            '"' if !escaped => return (rest.get(..=at).unwrap_or_default(), false),
            _ => escaped = char == '\\' && !escaped,
        }
    }
    (rest, true)
}

/// Returns the word that a text begins with; empty where it begins with none.
pub(super) fn first_word(text: &str) -> &str {
    let end =
        text.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == '-')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Returns the word that a text begins with, or a single character of another sort.
pub(super) fn first_token(text: &str) -> &str {
    match first_word(text) {
        "" => first_character(text),
        word => word,
    }
}

/// Returns the character that a text begins with.
pub(super) fn first_character(text: &str) -> &str {
    let length = text.chars().next().map_or(0, char::len_utf8);
    text.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    #[test]
    fn tokens_know_where_they_stand() {
        let text = "a b\n  c, \"d\ne\" // x y\n\n\tf \"g h\"";
        let tokens: Vec<_> = Tokens::new(text, 0)
            .map(|token| (token.text, token.at, token.first, token.column, token.is_open))
            .collect();
        assert_eq!(
            tokens,
            [
                ("a", 0, true, 0, false),
                ("b", 2, false, 2, false),
                ("c", 6, true, 2, false),
                (",", 7, false, 3, false),
                ("\"d", 9, false, 5, true),
                ("e", 12, true, 0, false),
                ("\" // x y", 13, false, 1, true),
                ("f", 24, true, 1, false),
                ("\"g h\"", 26, false, 3, false),
            ]
        );
        // One that begins within a line knows the start of it.
        let later = Tokens::new(text, 6).next().map(|token| (token.text, token.first, token.column));
        assert_eq!(later, Some(("c", true, 2)));
    }
}
