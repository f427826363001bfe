//! The policy files that paths on the command line stand for.

use super::Failure;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The files that the paths stand for, each once: a folder stands for every .consent file below it.
pub(super) fn below(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        collect(path, &mut files)?;
        if files.len() == before {
            return Err(Failure::Other(format!("there is no .consent file below `{}`", path.display())));
        }
    }
    let mut known = HashSet::new();
    files.retain(|path| known.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(files)
}

/// The files that a path stands for, in a stable order.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| Failure::input(&path.display().to_string(), &error);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        into.push(path.to_owned());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder is not followed: it may lead back here.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "consent") {
            into.push(path);
        }
    }
    Ok(())
}
