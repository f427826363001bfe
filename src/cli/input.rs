//! Lines of a file or of standard input.

use super::Failure;
use consentry::{EventError, Limits};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

/// Reads lines of bounded length; what is longer is skipped to its end, so that memory stays bounded too.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    limit: usize,
    name: String,
}

impl Lines {
    /// Opens a file; `-` or nothing is standard input.
    pub(super) fn open(path: Option<&Path>, limits: &Limits) -> Result<Self, Failure> {
        let (reader, name) = open(path)?;
        Ok(Lines {
            reader: BufReader::with_capacity(1 << 16, reader),
            line: Vec::new(),
            limit: limits.bytes,
            name,
        })
    }

    /// The next line, without its line break; `None` at the end. Text after the last line break is a line too.
    ///
    /// `to` is flushed before waiting for more input, so that nobody waits for what is decided already.
    pub(super) fn next(&mut self, to: &mut impl Write) -> Result<Option<Result<&[u8], EventError>>, Failure> {
        self.line.clear();
        let (mut any, mut too_long) = (false, false);
        loop {
            if self.reader.buffer().is_empty() {
                to.flush()?;
            }
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::input(&self.name, &error)),
            };
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            too_long |= self.line.len() + part.len() > self.limit;
            if !too_long {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(match (any, too_long) {
            (false, _) => None,
            (true, true) => Some(Err(EventError::line_too_long(self.limit))),
            (true, false) => Some(Ok(&self.line)),
        })
    }
}

/// Everything of a file or of standard input, up to one byte more than the limit.
pub(super) fn read_all(path: Option<&Path>, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let (reader, name) = open(path)?;
    let mut bytes = Vec::new();
    let limit = limits.bytes as u64 + 1;
    reader.take(limit).read_to_end(&mut bytes).map_err(|error| Failure::input(&name, &error))?;
    Ok(bytes)
}

fn open(path: Option<&Path>) -> Result<(Box<dyn Read>, String), Failure> {
    match path.filter(|path| *path != Path::new("-")) {
        None => Ok((Box::new(io::stdin()), "standard input".into())),
        Some(path) => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| Failure::input(&name, &error))?;
            if file.metadata().map_err(|error| Failure::input(&name, &error))?.is_dir() {
                return Err(Failure::Other(format!("cannot read `{name}`: it is a folder")));
            }
            Ok((Box::new(file), name))
        }
    }
}
