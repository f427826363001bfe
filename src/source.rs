//! Where the text of a policy comes from.
//!
//! A [`Source`] is asked for files by path. [`Disk`] reads them from a folder, [`Memory`] from a map; an editor's unsaved
//! text or a version-control revision are further implementations that an embedder can write. Nothing else in the
//! library reads files.

use crate::syntax::MAX_FILE_BYTES;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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

    /// Returns the source that one load reads: in it, a path means the same file from the first read to the last.
    ///
    /// By default that is the source itself. Override it if a version can take the place of another one meanwhile.
    fn pinned(&self) -> Box<dyn Source + '_> {
        Box::new(self)
    }
}

impl<S: Source + ?Sized> Source for &S {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        (**self).read(path)
    }

    fn display(&self, path: &str) -> String {
        (**self).display(path)
    }

    fn pinned(&self) -> Box<dyn Source + '_> {
        (**self).pinned()
    }
}

/// Why a file cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// There is no such file.
    NotFound,
    /// The path is a folder.
    Folder,
    /// The path leads out of the policy root through a symbolic link.
    OutsideRoot,
    /// Anything else, in the operating system's words.
    Other(String),
}

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SourceError::NotFound => "there is no such file",
            SourceError::Folder => "it is a folder",
            SourceError::OutsideRoot => "it leads out of the policy root",
            SourceError::Other(reason) => reason,
        })
    }
}

impl std::error::Error for SourceError {}

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
///
/// Each load follows each link once: if `current` leads from one version of the policy to another meanwhile, the load reads
/// one of the two versions and never a mix. A file that is rewritten in its place has no such protection.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The files below a folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Disk { root: root.into() }
    }

    /// The source of one load and the path in it, for one file that the caller names: its own folder is the policy root. A
    /// link means the file that it leads to, in that file's folder.
    ///
    /// # Errors
    ///
    /// When the file's name is not UTF-8.
    pub fn beside(path: &Path) -> Result<(PinnedDisk, String), SourceError> {
        let links = Links::default();
        let real = if path.is_symlink() { links.follow(path).ok() } else { None };
        let path = real.as_deref().unwrap_or(path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = portable(Path::new(path.file_name().unwrap_or(path.as_os_str())))?;
        Ok((PinnedDisk { root: folder.unwrap_or(Path::new(".")).to_owned(), links }, name))
    }

    /// The source of one load and the path in it, for one file that the caller names, and a policy root around it.
    ///
    /// # Errors
    ///
    /// When the file or the root cannot be found, the file is not below the root, or a name on the way is not UTF-8.
    pub fn within(root: &Path, path: &Path) -> Result<(PinnedDisk, String), SourceError> {
        let disk = PinnedDisk { root: root.to_owned(), links: Links::default() };
        let real = disk.follow(path)?;
        let below = real.strip_prefix(disk.follow(root)?).map_err(|_| SourceError::OutsideRoot)?;
        let name = portable(below)?;
        Ok((disk, name))
    }

    fn pin(&self) -> PinnedDisk {
        PinnedDisk { root: self.root.clone(), links: Links::default() }
    }
}

/// Returns a relative path as policies write it.
fn portable(path: &Path) -> Result<String, SourceError> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    let parts = parts.ok_or_else(|| SourceError::Other("its name is not UTF-8; rename it".into()))?;
    Ok(parts.join("/"))
}

impl Source for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        self.pin().read(path)
    }

    fn display(&self, path: &str) -> String {
        display(&self.root, path)
    }

    fn pinned(&self) -> Box<dyn Source + '_> {
        Box::new(self.pin())
    }
}

/// A [`Disk`] for one load: what a link led to when it was first followed, it leads to until the end.
#[derive(Debug)]
pub struct PinnedDisk {
    root: PathBuf,
    links: Links,
}

impl PinnedDisk {
    fn follow(&self, path: &Path) -> Result<PathBuf, SourceError> {
        self.links.follow(path).map_err(|error| self.error(error))
    }

    fn error(&self, error: io::Error) -> SourceError {
        match error.kind() {
            // Whoever replaces a version removes the old one.
            io::ErrorKind::NotFound if self.links.have_moved() => SourceError::Other(
                "there is no such file any more: a link on its way was replaced during the load; load the policy again".into(),
            ),
            io::ErrorKind::NotFound => SourceError::NotFound,
            io::ErrorKind::IsADirectory => SourceError::Folder,
            _ => SourceError::Other(error.to_string()),
        }
    }
}

impl Source for PinnedDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let real = self.follow(&self.root.join(path))?;
        // The root itself may be reached through a link; what is below it must stay below it.
        if !real.starts_with(self.follow(&self.root)?) {
            return Err(SourceError::OutsideRoot);
        }
        let metadata = real.metadata().map_err(|error| self.error(error))?;
        if metadata.is_dir() {
            return Err(SourceError::Folder);
        }
        // A pipe or a device may never end, or never begin.
        if !metadata.is_file() {
            return Err(SourceError::Other("it is no regular file".into()));
        }
        let file = std::fs::File::open(&real).map_err(|error| self.error(error))?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| self.error(error))?;
        Ok(bytes)
    }

    fn display(&self, path: &str) -> String {
        display(&self.root, path)
    }
}

fn display(root: &Path, path: &str) -> String {
    let full = root.join(path);
    // Messages name the files of the working directory without `./`, as version control does.
    full.strip_prefix(".").unwrap_or(&full).display().to_string()
}

/// The most links on the way to a file, as in Linux: more are a circle.
const MAX_LINKS: usize = 40;

/// Symbolic links, each read once. Resolving each file by itself would mix two versions if a link on their way changes.
#[derive(Debug, Default)]
struct Links(Mutex<HashMap<PathBuf, Option<PathBuf>>>);

impl Links {
    /// Returns an absolute path without links.
    fn follow(&self, path: &Path) -> io::Result<PathBuf> {
        let mut left = reversed(&std::path::absolute(path)?);
        let mut real = PathBuf::new();
        let mut followed = 0;
        while let Some(part) = left.pop() {
            if part == Path::new("..") {
                real.pop();
                continue;
            }
            // The root of an absolute path replaces what is there.
            real.push(&part);
            if let Some(target) = self.target(&real)? {
                followed += 1;
                if followed > MAX_LINKS {
                    return Err(io::Error::other("its links lead in a circle"));
                }
                real.pop();
                left.extend(reversed(&target));
            }
        }
        Ok(real)
    }

    /// Returns where a link leads, and `None` for what is no link.
    fn target(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = known.get(path) {
            return Ok(target.clone());
        }
        let is_link = path.symlink_metadata()?.is_symlink();
        let target = is_link.then(|| path.read_link()).transpose()?;
        known.insert(path.to_owned(), target.clone());
        Ok(target)
    }

    /// Returns true if a link leads elsewhere by now.
    fn have_moved(&self) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|(path, target)| target.is_some() && path.read_link().ok() != *target)
    }
}

/// Returns the parts of a path, the last one first.
fn reversed(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.rev().map(|part| PathBuf::from(part.as_os_str())).collect()
}
