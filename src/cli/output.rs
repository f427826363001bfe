//! Standard output, which stops no work that is not printing.

use super::shared::{CliError, Result};
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

/// Standard output. After its first failure it accepts everything and writes nothing, so that a command does the rest of its work
/// and ends with its real status.
pub(super) struct Output {
    to: BufWriter<Stdout>,
    failure: Option<io::Error>,
}

impl Output {
    pub(super) fn new() -> Self {
        Output { to: BufWriter::with_capacity(1 << 16, io::stdout()), failure: None }
    }

    /// Fails if something could not be written: for a command that has nothing to do but print.
    pub(super) fn ensure_open(&mut self) -> Result<()> {
        self.failure.take().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Writes what is left. A reader that has gone away is no failure of a command that has done its work.
    pub(super) fn end(&mut self) -> Result<()> {
        self.flush()?;
        self.failure.take_if(|failure| failure.kind() == ErrorKind::BrokenPipe);
        self.ensure_open()
    }

    /// Remembers a failure.
    fn keep<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failure = Some(error);
                Ok(instead)
            }
            done => done,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Ok(bytes.len());
        }
        let written = self.to.write(bytes);
        self.keep(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failure.is_some() {
            return Ok(());
        }
        let flushed = self.to.flush();
        self.keep(flushed, ())
    }
}

impl From<io::Error> for CliError {
    /// An error of standard output; input is read with [`CliError::input`].
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => {
                CliError::ReaderGone("the reader of standard output has gone away".into())
            }
            _ => CliError::Other(format!("cannot write standard output: {error}")),
        }
    }
}
