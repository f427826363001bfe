//! Input in chunks of whole lines.

use super::arguments::ArchiveArguments;
use super::reader::{Input, without_break};
use crate::cli::shared::Result;
use consentry::event::{Layout, lines};
use consentry::{EventError, Limits};
use memchr::{memchr, memrchr};
use std::path::Path;

/// How much is read at once: enough to make taking turns cheap, and so little that many threads stay small.
const SIZE: usize = 1 << 18;

/// Reads chunks of whole lines. A line that is longer than the limit comes in pieces, so that memory stays bounded.
///
/// A chunk ends with the last line break of what one call of the system gave: nobody waits for more input than is needed.
pub(crate) struct Chunks {
    input: Input,
    limit: usize,
    /// What was read behind the last line break of a chunk.
    rest: Vec<u8>,
    /// True once something was read.
    begun: u64,
    /// Whether the last chunk was a piece of a line that goes on.
    in_long_line: bool,
    /// Whether the input has ended. At a terminal there might be more behind the end.
    ended: bool,
}

/// What was read. [`Chunks::fill`] fills it, again and again.
#[derive(Default)]
pub(crate) struct Chunk {
    buffer: Vec<u8>,
    filled: usize,
    /// The place of the bytes in a line that is too long. Without it they are whole lines, and at the end of the input the last one may
    /// have no line break.
    pub(crate) piece: Option<Piece>,
    /// How many chunks come before it.
    pub(crate) number: u64,
}

/// Where in its line a piece is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Piece {
    /// Whether the line begins with it.
    pub(crate) first: bool,
    /// Whether the line ends with it.
    pub(crate) last: bool,
}

impl Chunk {
    /// The bytes, line breaks included.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// The lines, each without its line break and with it. Of a piece there are none.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let lines = lines(if self.piece.is_none() { self.bytes() } else { &[] });
        lines.map(|(_, with_break)| (without_break(with_break), with_break))
    }

    /// The lines without their breaks, and once the error of a line that is too long.
    pub(crate) fn events(&self) -> impl Iterator<Item = Result<&[u8], EventError>> {
        let is_too_long = self.piece.is_some_and(|piece| piece.first);
        let too_long = is_too_long.then(|| Err(line_too_long()));
        too_long.into_iter().chain(self.lines().map(|(line, _)| Ok(line)))
    }

    /// Whether it has outgrown the usual size.
    pub(crate) fn is_large(&self) -> bool {
        self.buffer.len() > SIZE
    }

    /// Empties the chunk, of its room too if it is large, and takes over the rest of the chunk before.
    fn begin(&mut self, rest: &mut Vec<u8>) {
        self.buffer.truncate(SIZE);
        self.buffer.shrink_to(SIZE);
        self.buffer.resize(SIZE.max(rest.len()), 0);
        if let Some(start) = self.buffer.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        self.filled = rest.len();
        rest.clear();
        rest.shrink_to(SIZE);
    }

    /// Ends the chunk at a byte and keeps what is behind it for the next one.
    fn end(&mut self, at: usize, rest: &mut Vec<u8>, piece: Option<Piece>) {
        rest.extend_from_slice(self.buffer.get(at..self.filled).unwrap_or_default());
        self.filled = at;
        self.piece = piece;
    }
}

impl Chunks {
    /// Opens a file; `-` or nothing is standard input.
    pub(crate) fn open(path: Option<&Path>, archives: &ArchiveArguments) -> Result<Self> {
        Ok(Chunks::of(Input::open(path, archives)?, Limits::default().bytes))
    }

    fn of(input: Input, limit: usize) -> Self {
        Chunks { input, limit, rest: Vec::new(), begun: 0, in_long_line: false, ended: false }
    }

    /// Refuses events that are written over several lines, as none of their lines is an event. Only the start of the input is looked at.
    fn refuse_pretty(&mut self, chunk: &mut Chunk) -> Result<()> {
        let mut layout = Layout::of(chunk.bytes(), false);
        while layout == Layout::Unknown {
            let is_whole = !self.read(chunk)?;
            layout = Layout::of(chunk.bytes(), is_whole);
        }
        let name = &self.input.name;
        let refused = layout.refusal().map(|reason| format!("cannot read `{name}`: {reason}"));
        refused.map_or(Ok(()), |refused| Err(refused.into()))
    }

    /// Reads the next lines into a chunk; `false` at the end. Text after the last line break is a line too.
    pub(crate) fn fill(&mut self, chunk: &mut Chunk) -> Result<bool> {
        chunk.begin(&mut self.rest);
        chunk.number = self.begun;
        self.begun += 1;
        if chunk.number == 0 {
            self.refuse_pretty(chunk)?;
        }
        let mut searched = 0;
        loop {
            let new = chunk.bytes().get(searched..).unwrap_or_default();
            if self.in_long_line {
                let end = memchr(b'\n', new).map(|at| at + 1);
                if end.is_some() || chunk.filled > 0 {
                    self.in_long_line = end.is_none();
                    let piece = Piece { first: false, last: end.is_some() };
                    chunk.end(end.unwrap_or(chunk.filled), &mut self.rest, Some(piece));
                    return Ok(true);
                }
            } else if let Some(at) = memrchr(b'\n', new) {
                chunk.end(searched + at + 1, &mut self.rest, None);
                return Ok(true);
            } else if chunk.filled > self.limit + usize::from(chunk.bytes().ends_with(b"\r")) {
                // A carriage return may be the beginning of the line break, which the limit is not about.
                self.in_long_line = true;
                chunk.piece = Some(Piece { first: true, last: false });
                return Ok(true);
            }
            searched = chunk.filled;
            if !self.read(chunk)? {
                let ends_long_line = std::mem::take(&mut self.in_long_line);
                chunk.piece = ends_long_line.then_some(Piece { first: false, last: true });
                return Ok(chunk.filled > 0 || ends_long_line);
            }
        }
    }

    /// Reads behind what the chunk holds already; `false` at the end.
    fn read(&mut self, chunk: &mut Chunk) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if chunk.filled == chunk.buffer.len() {
            let size = (2 * chunk.filled).min(self.limit + 2);
            chunk.buffer.reserve_exact(size - chunk.filled);
            chunk.buffer.resize(size, 0);
        }
        let read = self.input.read(chunk.buffer.get_mut(chunk.filled..).unwrap_or_default())?;
        chunk.filled += read;
        self.ended = read == 0;
        Ok(read > 0)
    }
}

impl Iterator for Chunks {
    type Item = Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut chunk = Chunk::default();
        self.fill(&mut chunk).map(|is_more| is_more.then_some(chunk)).transpose()
    }
}

/// Returns the error of a line that is longer than events may be.
pub(crate) fn line_too_long() -> EventError {
    EventError::line_too_long(Limits::default().bytes)
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Chunks, Input, without_break};
    use std::io::{self, Read};

    /// Gives a few bytes at a time.
    struct Slow(io::Cursor<Vec<u8>>, usize);

    impl Read for Slow {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(into.len());
            self.0.read(&mut into[..size])
        }
    }

    /// The lines with their breaks, `None` for one that is too long, and everything as it came.
    fn read(text: &[u8], step: usize, limit: usize) -> (Vec<Option<Vec<u8>>>, Vec<u8>) {
        let reader = Box::new(Slow(io::Cursor::new(text.to_vec()), step));
        let mut chunks = Chunks::of(Input { reader, name: "test".into() }, limit);
        let (mut chunk, mut lines, mut all) = (Chunk::default(), Vec::new(), Vec::new());
        let mut within_line = false;
        while chunks.fill(&mut chunk).is_ok_and(|more| more) {
            all.extend_from_slice(chunk.bytes());
            match chunk.piece {
                Some(piece) => {
                    assert_ne!(piece.first, within_line, "{step}");
                    within_line = !piece.last;
                    if piece.first {
                        lines.push(None);
                    }
                    assert_eq!(chunk.lines().count(), 0);
                }
                None => {
                    assert!(!within_line && !chunk.bytes().is_empty());
                    lines.extend(chunk.lines().map(|(line, with_break)| {
                        assert!(
                            [&b""[..], b"\n", b"\r\n"].iter().any(|end| with_break == [line, *end].concat())
                        );
                        Some(with_break.to_vec())
                    }));
                }
            }
        }
        assert!(!within_line);
        (lines, all)
    }

    #[test]
    fn lines_come_whole_and_long_ones_in_pieces() {
        let limit = 10;
        for text in [
            "",
            "a",
            "\n",
            "\n\n",
            "a\nbb\r\n\nccc",
            "0123456789\n0123456789",
            "0123456789a\n0123456789",
            "a\n0123456789a",
            "a\n0123456789012345678901234567890123456789\n\nb\n0123456789a\n0123456789b\nc\n",
            "0123456789012345678901234567890123456789",
            "0123456789\r\n0123456789a\r\n\r\n0123456789\r\n",
            "0123456789\r\r\n0123456789\ra\n0123456789\r",
            "0123456789\r",
        ] {
            let expected: Vec<Option<Vec<u8>>> = text
                .split_inclusive('\n')
                .map(|line| (without_break(line.as_bytes()).len() <= limit).then(|| line.into()))
                .collect();
            for step in [1, 2, 3, 7, 10, 11] {
                let (lines, all) = read(text.as_bytes(), step, limit);
                // What is read at once may show more of a line than the limit; whoever decides it looks again.
                let lines: Vec<Option<Vec<u8>>> = lines
                    .into_iter()
                    .map(|line| line.filter(|line| without_break(line).len() <= limit))
                    .collect();
                assert_eq!(lines, expected, "{text:?} {step}");
                assert_eq!(all, text.as_bytes());
            }
        }
    }

    /// Goes on after its end, as a terminal does.
    struct Terminal(Vec<&'static [u8]>);

    impl Read for Terminal {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let text = self.0.remove(0);
            into[..text.len()].copy_from_slice(text);
            Ok(text.len())
        }
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        let reader = Box::new(Terminal(vec![b"a\nb", b"", b"c\n", b""]));
        let mut chunks = Chunks::of(Input { reader, name: "test".into() }, 10);
        let (mut chunk, mut all) = (Chunk::default(), Vec::new());
        while chunks.fill(&mut chunk).is_ok_and(|more| more) {
            all.extend_from_slice(chunk.bytes());
        }
        assert_eq!(all, b"a\nb");
    }

    #[test]
    fn large_blocks_do_not_stay_large() {
        let line = |size: usize| [vec![b'x'; size], vec![b'\n']].concat();
        let text = [line(3 << 20), line(5)].concat();
        let input = Input { reader: Box::new(io::Cursor::new(text)), name: "test".into() };
        let mut chunks = Chunks::of(input, 16 << 20);
        let mut chunk = Chunk::default();
        assert!(chunks.fill(&mut chunk).is_ok_and(|more| more) && chunk.is_large());
        while chunks.fill(&mut chunk).is_ok_and(|more| more) {}
        assert!(!chunk.is_large() && chunk.buffer.capacity() <= super::SIZE);
    }
}
