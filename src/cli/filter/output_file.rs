//! The files that the command creates, and never leaves with half a line.

use crate::cli::shared::{CliError, Result};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The end of a message when the beginning of a line may have been written.
pub(super) const CUT: &str = "; the last line may be cut";

/// A file that bytes are appended to.
pub(super) struct OutputFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// The end of the last whole line.
    whole: u64,
}

/// Returns an error for a file that exists, even as a link that leads nowhere. A pipe or a device has nothing that could be lost.
pub(super) fn ensure_absent(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() || path.metadata().is_ok_and(|there| !there.is_file()) {
        return Ok(());
    }
    Err(format!("`{}` exists; overwrite it with --force", path.display()).into())
}

impl OutputFile {
    /// Creates a file. One that exists is overwritten only by force; a pipe or a device is written to.
    pub(super) fn create(path: &Path, force: bool) -> Result<Self> {
        if !force {
            ensure_absent(path)?;
        }
        let is_file = path.metadata().map_or(true, |there| there.is_file());
        let mut options = OpenOptions::new();
        options.write(true).create(is_file).truncate(is_file).create_new(is_file && !force);
        OutputFile::open(path, &options)
    }

    /// Opens a file to append to it.
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let file = options.open(path).map_err(CliError::output(path))?;
        let length = file.metadata().map_err(CliError::output(path))?.len();
        Ok(OutputFile { path: path.to_owned(), file, length, whole: length })
    }

    /// Appends bytes, which end with a line unless they are a piece of a long one. What cannot be written whole is taken back.
    pub(super) fn append(&mut self, bytes: &[u8], ends_line: bool) -> Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            let failure = CliError::output(&self.path)(error);
            // Only a regular file can be cut.
            return Err(if self.file.set_len(self.length).is_ok() { failure } else { failure.with(CUT) });
        }
        self.length += bytes.len() as u64;
        if ends_line {
            self.whole = self.length;
        }
        Ok(())
    }

    /// Takes back the beginning of a line that has no end. What is no regular file cannot be cut.
    pub(super) fn cut(&mut self) {
        if self.length > self.whole && self.file.set_len(self.whole).is_ok() {
            self.length = self.whole;
        }
    }
}
