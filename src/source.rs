//! Where the text of a policy comes from.
//!
//! A [`Source`] is asked for files by path. [`Disk`] reads them from a folder, [`Memory`] from a map; an editor's unsaved
//! text or a version-control revision are further implementations that an embedder can write. Nothing else in the
//! library reads files.

use crate::syntax::MAX_FILE_BYTES;
use derive_more::{Display, Error};
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Gives the text of policy files.
///
/// Paths use `/`, are relative to the policy root, and never contain `.` or `..`: the loader resolves includes
/// before it asks.
pub trait Source {
    /// The bytes of a file, or why they cannot be had.
    ///
    /// An implementation should not return more than [`MAX_FILE_BYTES`] and one byte; the loader refuses more.
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError>;

    /// How a person knows the file; the path itself by default.
    fn display(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Why a file cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Display, Error)]
pub enum SourceError {
    /// There is no such file.
    #[display("there is no such file")]
    NotFound,
    /// The path is a folder.
    #[display("it is a folder")]
    Folder,
    /// The path leads out of the policy root through a symbolic link.
    #[display("it leads out of the policy root")]
    OutsideRoot,
    /// Anything else, in the operating system's words.
    Other(#[error(not(source))] String),
}

/// Files in memory, by path.
///
/// ```
/// let source = consentry::source::Memory::from([
///     ("acme.consent", "consentry 1\npolicy \"acme\"\ninclude prelude \"segment\"\ninclude \"categories.consent\""),
///     ("categories.consent", "consentry 1\ncategory Advertising"),
/// ]);
/// let policy = consentry::Policy::from_source(&source, "acme.consent")?;
/// assert_eq!(policy.categories()[0].name(), "Advertising");
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<String, String>,
}

impl Memory {
    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.insert(path.into(), text.into());
    }
}

impl<P: Into<String>, T: Into<String>, const N: usize> From<[(P, T); N]> for Memory {
    fn from(files: [(P, T); N]) -> Self {
        Memory { files: files.into_iter().map(|(path, text)| (path.into(), text.into())).collect() }
    }
}

impl Source for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        self.files.get(path).map(|text| text.clone().into_bytes()).ok_or(SourceError::NotFound)
    }
}

/// The files below a folder of the disk: the policy root, which no include leaves, not even through a symbolic link.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The files below a folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Disk { root: root.into() }
    }

    /// The source and the path in it for one file that the caller names: its own folder is the policy root. A link stands
    /// for the file that it leads to, in that file's folder.
    pub fn beside(path: &Path) -> (Self, String) {
        let real = if path.is_symlink() { path.canonicalize().ok() } else { None };
        let path = real.as_deref().unwrap_or(path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = path.file_name().unwrap_or(path.as_os_str());
        (Disk::new(folder.unwrap_or(Path::new("."))), name.to_string_lossy().into_owned())
    }
}

impl Source for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let full = self.root.join(path);
        let real = full.canonicalize().map_err(io_error)?;
        // The root itself may be reached through a link; what is below it must stay below it.
        if !real.starts_with(self.root.canonicalize().map_err(io_error)?) {
            return Err(SourceError::OutsideRoot);
        }
        let metadata = real.metadata().map_err(io_error)?;
        if metadata.is_dir() {
            return Err(SourceError::Folder);
        }
        // A pipe or a device may never end, or never begin.
        if !metadata.is_file() {
            return Err(SourceError::Other("it is no regular file".into()));
        }
        let file = std::fs::File::open(&real).map_err(io_error)?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io_error)?;
        Ok(bytes)
    }

    fn display(&self, path: &str) -> String {
        let full = self.root.join(path);
        // What is read from messages names the files of the working directory without `./`, as version control does.
        full.strip_prefix(".").unwrap_or(&full).display().to_string()
    }
}

fn io_error(error: io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound,
        io::ErrorKind::IsADirectory => SourceError::Folder,
        _ => SourceError::Other(error.to_string()),
    }
}
