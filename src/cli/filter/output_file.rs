//! The files that the command creates, and never leaves with half a line.

use crate::cli::shared::CliError;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The end of a message when the beginning of a line may have been written.
pub(super) const CUT: &str = "; the last line may be cut";

/// Returns an error for a file that exists, even as a link that leads nowhere. A pipe or a device has nothing that could be lost.
pub(super) fn ensure_absent(path: &Path) -> Result<(), CliError> {
    if path.symlink_metadata().is_err() || path.metadata().is_ok_and(|there| !there.is_file()) {
        return Ok(());
    }
    Err(format!("`{}` exists; overwrite it with --force", path.display()).into())
}

/// Creates a file. One that exists is overwritten only by force; a pipe or a device is written to.
pub(super) fn create(path: &Path, force: bool) -> Result<File, CliError> {
    let mut options = OpenOptions::new();
    options.write(true);
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        // It has nothing that could be lost.
    } else if force {
        options.create(true).truncate(true);
    } else {
        ensure_absent(path)?;
        options.create_new(true);
    }
    options.open(path).map_err(CliError::output(path))
}

/// Takes back the beginning of a line that could not be written whole. Only a regular file can be cut.
pub(super) fn take_back(file: &File, length: u64, path: &Path, error: io::Error) -> CliError {
    match (file.set_len(length), CliError::output(path)(error)) {
        (Err(_), CliError::Other(message)) => CliError::Other(message + CUT),
        (_, failure) => failure,
    }
}
