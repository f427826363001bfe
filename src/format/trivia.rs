//! The words of a file, each with the comments that belong to it.

use crate::syntax::Tree;
use crate::syntax::tree::TokenKind;
use std::borrow::Cow;

/// Everything that is written in a file.
pub(super) struct Words<'t> {
    /// In the order of the text.
    pub(super) all: Vec<Word<'t>>,
    /// What stands behind the last of them, on lines of its own.
    pub(super) last_comments: Vec<Comment<'t>>,
}

/// A word, a text, a mark, or a whole path. A comma is a part of what it follows.
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    /// True if a comma follows.
    pub(super) comma: bool,
    /// Where it begins in the file.
    pub(super) start: usize,
    /// The comments in front of it, each on a line of its own.
    pub(super) before: Vec<Comment<'t>>,
    /// The comment at the end of its line, and what goes on with it right below.
    pub(super) after: Vec<&'t str>,
    /// True if a blank line stands in front of it, behind the comments.
    pub(super) blank: bool,
}

/// A comment on a line of its own.
pub(super) struct Comment<'t> {
    pub(super) text: &'t str,
    /// True if a blank line stands in front of it.
    pub(super) blank: bool,
}

impl Word<'_> {
    /// Returns true if a blank line stands in front of it or of one of its comments.
    pub(super) fn is_apart(&self) -> bool {
        self.blank || self.before.iter().any(|comment| comment.blank)
    }
}

impl<'t> Words<'t> {
    pub(super) fn of(tree: &Tree, text: &'t str) -> Self {
        let mut reader =
            Reader { text, words: Vec::new(), pending: Vec::new(), column: None, in_path: false };
        let mut end = 0;
        for token in &tree.tokens {
            let range = token.span.range();
            let space = text.get(end..range.start).unwrap_or_default();
            let line_breaks = space.bytes().filter(|byte| *byte == b'\n').count();
            end = range.end;
            match token.kind {
                TokenKind::Comment => reader.comment(range.start, range.end, line_breaks),
                TokenKind::Word => reader.word(range.start, range.end, line_breaks),
                // A mark is no longer needed, and text that is no statement is not formatted.
                TokenKind::ByteOrderMark | TokenKind::Bad => {}
            }
        }
        Words { all: reader.words, last_comments: reader.pending }
    }
}

struct Reader<'t> {
    text: &'t str,
    words: Vec<Word<'t>>,
    /// Comments on lines of their own that wait for the word behind them.
    pending: Vec<Comment<'t>>,
    /// The column of the last comment, if it stands at the end of a line.
    column: Option<usize>,
    /// True if the last token was the dot of a path.
    in_path: bool,
}

impl<'t> Reader<'t> {
    /// `line_breaks` is how many there are between this and what is in front of it.
    fn comment(&mut self, start: usize, end: usize, line_breaks: usize) {
        let text = self.slice(start, end).trim_end();
        let column = self.column_of(start);
        let last = self.words.last_mut().filter(|_| self.pending.is_empty());
        match (line_breaks, last) {
            (0, Some(word)) => {
                word.after.push(text);
                self.column = Some(column);
            }
            // Under the comment at the end of the line above: it goes on.
            (1, Some(word)) if self.column == Some(column) => word.after.push(text),
            _ => {
                self.pending.push(Comment { text, blank: line_breaks > 1 });
                self.column = None;
            }
        }
    }

    fn word(&mut self, start: usize, end: usize, line_breaks: usize) {
        let text = self.slice(start, end);
        match self.words.last_mut() {
            Some(last) if text == "," => last.comma = true,
            // Nothing stands between the keys of a path and its dots, so that they are one word.
            Some(last) if text == "." || self.in_path => {
                last.text = self.text.get(last.start..end).unwrap_or_default();
                self.in_path = text == ".";
            }
            _ => {
                let before = std::mem::take(&mut self.pending);
                let blank = line_breaks > 1;
                self.words.push(Word { text, comma: false, start, before, after: Vec::new(), blank });
                self.column = None;
            }
        }
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// How many characters stand in front of this on its line.
    fn column_of(&self, start: usize) -> usize {
        let before = self.slice(0, start);
        before.rfind('\n').map_or(before, |at| self.slice(at + 1, start)).chars().count()
    }
}

/// The words up to a place in the file, and those from there on.
pub(super) fn split_at<'w, 't>(words: &'w [Word<'t>], place: usize) -> (&'w [Word<'t>], &'w [Word<'t>]) {
    words.split_at(words.partition_point(|word| word.start < place))
}

/// The words on one line, unless there is a comment between them.
pub(super) fn in_one_line(words: &[Word]) -> Option<String> {
    words.chunk_by(are_beside).nth(1).is_none().then(|| joined(words))
}

/// Returns true if no comment stands between two words.
pub(super) fn are_beside(one: &Word, next: &Word) -> bool {
    one.after.is_empty() && next.before.is_empty()
}

/// A token as it is kept: without the space at the ends of its lines, which is layout wherever it is. JSON and comments
/// have such space, and nothing is meant by it.
pub(super) fn kept(token: &str) -> Cow<'_, str> {
    match token.contains('\n') {
        true => Cow::Owned(token.split('\n').map(str::trim_end).collect::<Vec<_>>().join("\n")),
        false => Cow::Borrowed(token.trim_end()),
    }
}

/// The words with the space that belongs between them: `(all of A, B)`, `{ A: true }`, `{}`.
pub(super) fn joined(words: &[Word]) -> String {
    let mut line = String::new();
    for word in words {
        let beside = match word.text {
            ")" | ":" => true,
            "}" => line.ends_with('{'),
            _ => line.ends_with('('),
        };
        if !(beside || line.is_empty()) {
            line.push(' ');
        }
        line.push_str(&kept(word.text));
        if word.comma {
            line.push(',');
        }
    }
    line
}
