//! Where lines go that are not events.

use super::output_file::{create, take_back};
use crate::cli::shared::CliError;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file of rejected lines, each byte for byte.
pub(super) struct Rejects {
    path: PathBuf,
    file: File,
    written: u64,
    /// Where the last whole line ends.
    whole: u64,
}

impl Rejects {
    pub(super) fn create(path: &Path, force: bool) -> Result<Self, CliError> {
        Ok(Rejects { path: path.to_owned(), file: create(path, force)?, written: 0, whole: 0 })
    }

    /// Appends bytes, which end with a line unless they are a piece of a long one.
    pub(super) fn append(&mut self, bytes: &[u8], ends_line: bool) -> Result<(), CliError> {
        if let Err(error) = self.file.write_all(bytes) {
            return Err(take_back(&self.file, self.written, &self.path, error));
        }
        self.written += bytes.len() as u64;
        if ends_line {
            self.whole = self.written;
        }
        Ok(())
    }

    /// Takes back the beginning of a line that has no end. What is no regular file cannot be cut.
    pub(super) fn cut(&mut self) {
        if self.written > self.whole && self.file.set_len(self.whole).is_ok() {
            self.written = self.whole;
        }
    }
}
