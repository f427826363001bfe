//! The files of a policy, and places in them.

use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// Which of a policy's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(crate) usize);

/// A place in a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    pub(crate) fn new(file: FileId, start: usize, end: usize) -> Self {
        Span { file, start, end }
    }

    /// The empty place in front of it.
    pub(crate) fn before(self) -> Self {
        Span { end: self.start, ..self }
    }

    /// The place from here to the end of another one.
    pub(crate) fn to(self, last: Span) -> Self {
        Span { end: last.end, ..self }
    }

    /// The bytes as a range.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// A value and where the policy says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where the policy says it.
    pub span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Spanned { value, span }
    }
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A place in a file, as people read it: `shop.consent:14`, or `shop.consent:14: deliver "Google Ads"` with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place<'f> {
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// The name of the file.
    pub file: &'f str,
    /// The line, counted from 1.
    pub line: usize,
    /// The text on one line; empty if it is not shown.
    #[serde(skip)]
    pub text: String,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, text, .. } = self;
        match text.as_str() {
            "" => write!(f, "{file}:{line}"),
            text => write!(f, "{file}:{line}: {text}"),
        }
    }
}

/// The files that a policy was read from, in the order in which they were first included. A policy's own file is among them
/// also when it could not be read, and then without text.
#[derive(Debug, Clone, Default)]
pub struct Files {
    files: Vec<Arc<File>>,
}

#[derive(Debug)]
struct File {
    name: String,
    is_prelude: bool,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
    /// The number of characters before each block of the text, so that a column of a very long line is found at once.
    chars: Vec<usize>,
}

/// The size of a block of a text, in bytes.
const BLOCK: usize = 1 << 10;

impl File {
    /// Returns how many characters begin in front of an offset.
    fn chars_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
        self.chars.get(block).copied().unwrap_or(0) + chars_in(rest)
    }
}

/// Returns how many characters begin in some bytes of a text.
fn chars_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

impl Files {
    /// The files of a text that was parsed by itself, so that what was found in it can be shown.
    pub fn of(name: &str, text: &str) -> Self {
        let mut files = Files::default();
        files.add(name, text);
        files
    }

    pub(crate) fn add(&mut self, name: &str, text: &str) -> FileId {
        self.push(name, text, false)
    }

    pub(crate) fn add_prelude(&mut self, name: &str, text: &str) -> FileId {
        self.push(name, text, true)
    }

    fn push(&mut self, name: &str, text: &str, is_prelude: bool) -> FileId {
        let id = FileId(self.files.len());
        let breaks = text.match_indices('\n').map(|(offset, _)| offset + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        let mut before = 0;
        let chars = text.as_bytes().chunks(BLOCK).map(|block| {
            let own = before;
            before += chars_in(block);
            own
        });
        let mut chars: Vec<usize> = chars.collect();
        chars.push(before);
        self.files.push(Arc::new(File { name: name.into(), is_prelude, text: text.into(), lines, chars }));
        id
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The names of all files, the policy's own first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// The files that are not built in.
    pub fn own(&self) -> impl Iterator<Item = FileId> {
        (0..self.files.len()).map(FileId).filter(|id| !self.is_prelude(*id))
    }

    /// The beginning of the first file, if there is one.
    pub(crate) fn first(&self) -> Option<Span> {
        (!self.is_empty()).then(|| Span::new(FileId(0), 0, 0))
    }

    /// The name by which a person knows the file: a path, or `prelude segment`.
    pub fn name(&self, id: FileId) -> &str {
        self.file(id).map_or("", |file| &file.name)
    }

    /// Returns true if the file is one that is built in.
    pub fn is_prelude(&self, id: FileId) -> bool {
        self.file(id).is_some_and(|file| file.is_prelude)
    }

    /// The whole text of the file.
    pub fn text(&self, id: FileId) -> &str {
        self.file(id).map_or("", |file| &file.text)
    }

    /// The text of a place.
    pub fn excerpt(&self, span: Span) -> &str {
        self.text(span.file).get(span.range()).unwrap_or("")
    }

    /// The line and column at which a place begins.
    pub fn position(&self, span: Span) -> Position {
        self.position_at(span.file, span.start)
    }

    /// The line and column at which a place ends.
    pub fn end_position(&self, span: Span) -> Position {
        self.position_at(span.file, span.end)
    }

    /// `shop.consent:14`, as compilers write it.
    pub fn place(&self, span: Span) -> String {
        self.locate(span).to_string()
    }

    /// Returns the place of a span, without its text.
    pub fn locate(&self, span: Span) -> Place<'_> {
        let Position { line, column } = self.position(span);
        Place { column, file: self.name(span.file), line, text: String::new() }
    }

    /// The line of an offset, counted from 0.
    pub(super) fn line_at(&self, file: FileId, offset: usize) -> usize {
        let before = self.file(file).map_or(0, |file| file.lines.partition_point(|start| *start <= offset));
        before.saturating_sub(1)
    }

    fn position_at(&self, file: FileId, offset: usize) -> Position {
        let line = self.line_at(file, offset);
        let Some(file) = self.file(file) else { return Position { line: 1, column: 1 } };
        let start = file.lines.get(line).copied().unwrap_or(0);
        let is_inside = offset <= file.text.len() && file.text.is_char_boundary(offset);
        let before = if is_inside { file.chars_before(offset) - file.chars_before(start) } else { 0 };
        Position { line: line + 1, column: before + 1 }
    }

    /// The whole lines in which a place is, with the last line break.
    #[cfg(feature = "lint")]
    pub(crate) fn lines_of(&self, span: Span) -> std::ops::Range<usize> {
        let Some(file) = self.file(span.file) else { return span.range() };
        let line = |offset| self.line_at(span.file, offset);
        let start = file.lines.get(line(span.start)).copied().unwrap_or(0);
        start..file.lines.get(line(span.end) + 1).copied().unwrap_or(file.text.len())
    }

    /// A line, counted from 0: where it begins, and its text without the line break.
    pub(super) fn line(&self, id: FileId, line: usize) -> Option<(usize, &str)> {
        let file = self.file(id)?;
        let start = *file.lines.get(line)?;
        let end = file.lines.get(line + 1).copied().unwrap_or(file.text.len());
        let content = file.text.get(start..end).unwrap_or_default();
        Some((start, content.trim_end_matches(['\n', '\r'])))
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0).map(Arc::as_ref)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let mut files = Files::default();
        let id = files.add("a.consent", "äb\ncd\n");
        let at = |offset| files.position(Span::new(id, offset, offset));
        assert_eq!(at(0), Position { line: 1, column: 1 });
        assert_eq!(at(2), Position { line: 1, column: 2 });
        assert_eq!(at(4), Position { line: 2, column: 1 });
        assert_eq!(at(7), Position { line: 3, column: 1 });
        assert_eq!(at(70), Position { line: 3, column: 1 });
        // A long line is counted by blocks, whose borders may be inside a character.
        let long = files.add("b.consent", &format!("a\n{}", "xyä".repeat(3_000)));
        for offset in (2..12_002).filter(|offset| files.text(long).is_char_boundary(*offset)) {
            let column = files.text(long)[2..offset].chars().count() + 1;
            assert_eq!(files.position(Span::new(long, offset, offset)), Position { line: 2, column });
        }
    }
}
