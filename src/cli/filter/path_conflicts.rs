//! Keeps what is read and what is written apart, before anything is created or emptied.

use crate::cli::shared::CliError;
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

/// What a file is to the command.
#[derive(Clone, PartialEq)]
pub(super) enum Role {
    Policy,
    Input,
    Ledger,
    Output,
    Errors,
    Rejects,
    Destination(PathBuf),
}

impl Role {
    fn is_read(&self) -> bool {
        matches!(self, Role::Policy | Role::Input | Role::Ledger)
    }

    /// Two that only read do each other no harm, and the two outputs of a command may lead to one file.
    fn agrees_with(&self, other: &Role) -> bool {
        let stream = |role: &Role| matches!(role, Role::Output | Role::Errors);
        self.is_read() && other.is_read() || stream(self) && stream(other)
    }

    fn name(&self) -> String {
        match self {
            Role::Policy => "the policy".into(),
            Role::Input => "the input".into(),
            Role::Ledger => "the ledger".into(),
            Role::Output => "standard output".into(),
            Role::Errors => "standard error".into(),
            Role::Rejects => "the file of the rejects".into(),
            Role::Destination(path) => format!("the file `{}` of a destination", path.display()),
        }
    }
}

/// The regular files that are read or written.
#[derive(Default)]
pub(super) struct PathConflicts(BTreeMap<Identity, Role>);

impl PathConflicts {
    /// A file at a path, be it one that is still to be created.
    pub(super) fn path(&mut self, path: &Path, role: Role) -> Result<(), CliError> {
        match fs::metadata(path) {
            // A pipe or a device has nothing that could be lost.
            Ok(there) if !there.is_file() => Ok(()),
            Ok(there) => self.add(number(&there).unwrap_or_else(|| Identity::Place(place(path))), role),
            Err(_) => self.add(Identity::Place(place(path)), role),
        }
    }

    /// A standard stream, where the system tells what is behind it.
    #[cfg(unix)]
    pub(super) fn stream(&mut self, stream: &impl std::os::fd::AsFd, role: Role) -> Result<(), CliError> {
        // A stream that is closed is no file.
        let file = stream.as_fd().try_clone_to_owned().map(fs::File::from);
        match file.and_then(|file| file.metadata()) {
            Ok(there) if there.is_file() => number(&there).map_or(Ok(()), |number| self.add(number, role)),
            _ => Ok(()),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn stream<S>(&mut self, _: &S, _: Role) -> Result<(), CliError> {
        Ok(())
    }

    fn add(&mut self, identity: Identity, role: Role) -> Result<(), CliError> {
        match self.0.get(&identity) {
            Some(other) if !other.agrees_with(&role) => {
                let (one, other) = (other.name(), role.name());
                Err(format!("{one} and {other} are the same file, which would be lost; nothing is written")
                    .into())
            }
            Some(_) => Ok(()),
            None => {
                self.0.insert(identity, role);
                Ok(())
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

/// The real path. Of a file that is still to be created only the folder has one.
fn place(path: &Path) -> PathBuf {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let in_real_folder = || Some(parent.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize()
        .ok()
        .or_else(in_real_folder)
        .or_else(|| path::absolute(path).ok())
        .unwrap_or_else(|| path.to_owned())
}
