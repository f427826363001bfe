//! A file or standard input, as the bytes that an archive in it holds.

use super::arguments::ArchiveArguments;
use super::compressed::decompress;
use crate::cli::shared::{CliError, Result};
use consentry::Limits;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes and what messages call the place that they come from.
pub(super) struct Input {
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) name: String,
}

impl Input {
    /// Opens a file; `-` or nothing is standard input. Archives are recognised by their first bytes, not by their name.
    pub(super) fn open(path: Option<&Path>, archives: &ArchiveArguments) -> Result<Self> {
        let path = path.filter(|path| *path != Path::new("-"));
        let (reader, name): (Box<dyn Read + Send>, _) = match path {
            None => (Box::new(io::stdin()), "standard input".into()),
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).map_err(CliError::input(&name))?;
                if file.metadata().map_err(CliError::input(&name))?.is_dir() {
                    return Err(format!("cannot read `{name}`: it is a folder").into());
                }
                (Box::new(file), name)
            }
        };
        let reader = decompress(reader, path, archives.zstd_window()).map_err(CliError::input(&name))?;
        Ok(Input { reader, name })
    }

    /// What is there already, as one call of the system gives it; nothing at the end.
    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        loop {
            match self.reader.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map_err(CliError::input(&self.name)),
            }
        }
    }
}

/// A line without its line break, be it that of another system.
pub(super) fn without_break(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(line)
}

/// Everything of a file or of standard input but a line break at its end, as far as it takes to see that it is too long.
pub(crate) fn read_all(path: Option<&Path>, archives: &ArchiveArguments) -> Result<Vec<u8>> {
    let Input { reader, name } = Input::open(path, archives)?;
    let mut bytes = Vec::new();
    // One byte more shows that it is too long, also when a line break of two bytes is taken off.
    let limit = Limits::default().bytes as u64 + 3;
    reader.take(limit).read_to_end(&mut bytes).map_err(CliError::input(&name))?;
    bytes.truncate(without_break(&bytes).len());
    Ok(bytes)
}
