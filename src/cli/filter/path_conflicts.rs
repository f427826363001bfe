//! Keeps what is read and what is written apart, before anything is created or emptied.

use crate::cli::files;
use crate::cli::shared::Result;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{self, Path, PathBuf};

/// Which file it is, whatever the path to it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    /// The device and the number on it. Several names may lead there.
    #[cfg(unix)]
    Number(u64, u64),
    /// Where it is or will be, where nothing better is known.
    Place(PathBuf),
}

/// What a command does with a file.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Access {
    Read,
    /// It writes one of its two outputs, which may lead to one file.
    Stream,
    Write,
}

/// The regular files that are read or written.
#[derive(Default)]
pub(super) struct PathConflicts(BTreeMap<Identity, (Access, String)>);

impl PathConflicts {
    /// Adds a file at a path, be it one that is still to be created.
    pub(super) fn path(&mut self, path: &Path, access: Access, name: &str) -> Result<()> {
        let there = fs::metadata(path).ok();
        // A pipe or a device has nothing that could be lost.
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            return Ok(());
        }
        let number = there.as_ref().and_then(number);
        self.add(number.unwrap_or_else(|| Identity::Place(place(path))), access, name)
    }

    /// Adds a standard stream, where the system tells what is behind it.
    #[cfg(unix)]
    pub(super) fn stream(
        &mut self,
        stream: &impl std::os::fd::AsFd,
        access: Access,
        name: &str,
    ) -> Result<()> {
        // A stream that is closed is no file.
        let file = stream.as_fd().try_clone_to_owned().map(fs::File::from);
        let there = file.and_then(|file| file.metadata()).ok().filter(Metadata::is_file);
        there.as_ref().and_then(number).map_or(Ok(()), |number| self.add(number, access, name))
    }

    #[cfg(not(unix))]
    pub(super) fn stream<S>(&mut self, _: &S, _: Access, _: &str) -> Result<()> {
        Ok(())
    }

    fn add(&mut self, identity: Identity, access: Access, name: &str) -> Result<()> {
        match self.0.get(&identity) {
            None => {
                self.0.insert(identity, (access, name.to_owned()));
                Ok(())
            }
            Some((known, _)) if *known == access && access != Access::Write => Ok(()),
            Some((_, other)) => {
                Err(format!("{other} and {name} are the same file, which would be lost; nothing is written")
                    .into())
            }
        }
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not number their files")]
fn number(there: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some(Identity::Number(there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> Option<Identity> {
    None
}

/// Returns the real path, if the file or its folder has one.
fn place(path: &Path) -> PathBuf {
    let real = path.canonicalize().ok().or_else(|| files::in_real_folder(path));
    real.or_else(|| path::absolute(path).ok()).unwrap_or_else(|| path.to_owned())
}
