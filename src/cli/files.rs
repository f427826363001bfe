//! The policy files that paths on the command line stand for, and writing them.

use super::shared::{CliError, Result, Root};
use consentry::diagnostic::{Code, Diagnostic, Files};
use consentry::lint::Linted;
use consentry::source::{PinnedDisk, Source};
use consentry::syntax::tree::Fact;
use consentry::syntax::{Tree, text_of};
use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that the command line names, or that is below a folder that it names.
pub(super) struct NamedFile {
    pub(super) path: PathBuf,
    /// The folder that was named, if it was not the file itself. It is the root of includes, which its files may share.
    pub(super) folder: Option<PathBuf>,
}

impl NamedFile {
    /// Returns the source and the path in it. Only a link can be outside the named folder: then its file counts.
    pub(super) fn place(&self, root: &Root) -> Result<(PinnedDisk, String)> {
        let widened = match &root.root {
            None => self.folder.clone().map(|folder| Root { root: Some(folder) }),
            Some(_) => None,
        };
        widened.and_then(|root| root.place(&self.path).ok()).map_or_else(|| root.place(&self.path), Ok)
    }
}

/// The files that the paths stand for, each once: a folder stands for every .consent file below it.
pub(super) fn below(paths: &[PathBuf]) -> Result<Vec<NamedFile>> {
    let mut files = Vec::new();
    for path in paths {
        let mut found = Vec::new();
        collect(path, &mut found)?;
        if found.is_empty() {
            return Err(format!("there is no .consent file below `{}`", path.display()).into());
        }
        let folder = path.is_dir().then_some(path);
        files.extend(found.into_iter().map(|path| NamedFile { path, folder: folder.cloned() }));
    }
    let mut known = HashSet::new();
    files.retain(|file| known.insert(real(&file.path)));
    Ok(files)
}

/// The .consent files below a folder; none is no error.
pub(super) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    Ok(files)
}

/// Returns the tree of a file without a `policy` line, which is a part of others; `None` for a policy, and for a file that may be one and
/// has mistakes or cannot be read.
pub(super) fn part(source: &dyn Source, name: &str) -> Option<Tree> {
    let text = text_of(name, source.read(name).ok()?).ok()?;
    let (tree, mistakes) = Tree::parse(&text);
    let is_policy = tree.statements.iter().any(|statement| matches!(statement.fact, Fact::Policy(_)));
    (!is_policy && mistakes.is_empty()).then_some(tree)
}

/// The path of a file without links in it, by which it is one file however it is named.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Returns the path of a file in the real path of its folder. Only the folder need exist.
pub(super) fn in_real_folder(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

/// The files that the first of some files includes, directly or not.
pub(super) fn included(files: &Files) -> impl Iterator<Item = PathBuf> {
    files.names().skip(1).map(|name| real(Path::new(name)))
}

/// Whether the file that was asked for could be read at all: what is wrong with what it includes is a finding.
pub(super) fn was_read(linted: &Linted) -> Result<()> {
    let unread = |found: &&Diagnostic| {
        matches!(found.code, Code::CannotReadFile | Code::IncludeOutsideRoot) && found.span().is_none()
    };
    let found = linted.diagnostics.iter().find(unread);
    found.map_or(Ok(()), |found| Err(found.message.clone().into()))
}

/// The files that a path stands for, in a stable order.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    let failed = || CliError::input(path.display());
    if !fs::metadata(path).map_err(failed())?.is_dir() {
        into.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let mut entries = entries.map_err(failed())?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder is not followed: it may lead back here.
        if entry.file_type().map_err(failed())?.is_dir() {
            collect(&path, into)?;
        } else if is_policy(&path) {
            into.push(path);
        }
    }
    Ok(())
}

/// Returns true for the name of a policy file, in any case: some systems and archives write names in capitals.
pub(super) fn is_policy(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("consent"))
}

/// Returns a text with the line ends of the file that it replaces: with CRLF if each line of that ends so, as in a checkout on Windows.
pub(super) fn with_line_ends_of(original: &str, text: String) -> String {
    let count = |end: &str| original.matches(end).count();
    let is_crlf = count("\r\n") > 0 && count("\r\n") == count("\n");
    if is_crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
}

/// Puts a text in the place of a file at once, so that nobody ever sees half of it. Of a link, that is the file it leads to.
/// Other names of that file (hard links) keep what they had.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let permissions = permissions(&path)?;
    beside(&path, Some(permissions), text, |beside| fs::rename(beside, &path))
}

/// Replaces a file that still has the text that was read.
pub(super) fn update(path: &Path, read: &str, text: &str) -> io::Result<()> {
    may_update(path, read)?;
    replace(path, text)
}

/// Returns an error for a file that may not be replaced, or has another text by now: a link may lead to another version.
pub(super) fn may_update(path: &Path, read: &str) -> io::Result<()> {
    permissions(path)?;
    match fs::read(path)? == read.as_bytes() {
        true => Ok(()),
        false => Err(io::Error::other("it has changed since it was read; run the command again")),
    }
}

/// Returns the permissions of a file that may be replaced.
fn permissions(path: &Path) -> io::Result<fs::Permissions> {
    let permissions = fs::metadata(path)?.permissions();
    // The folder's permissions would allow it; the author did not.
    match permissions.readonly() {
        true => Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only")),
        false => Ok(permissions),
    }
}

/// Makes a file with a text, whole or not at all. One that is there stays as it is, and that is an error.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    // A second name, unlike a renamed file, never takes the place of a file that is there.
    beside(path, None, text, |beside| match fs::hard_link(beside, path) {
        Ok(()) => fs::remove_file(beside),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Not every file system has second names.
        Err(_) if path.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(beside, path),
    })
}

/// Writes a text to a file next to another, which then takes its place. Leaves nothing of it behind if that fails.
fn beside(
    path: &Path,
    permissions: Option<fs::Permissions>,
    text: &str,
    put_in_place: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    // Nobody may read what is written who may not read the file.
    let permitted = permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions));
    let written = permitted.and_then(|()| file.write_all(text.as_bytes())).and_then(|()| file.sync_all());
    let put = written.and_then(|()| put_in_place(&beside));
    if put.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    put
}

#[cfg(test)]
mod tests {
    use super::{may_update, update};
    use std::fs;

    /// A file that somebody else changes meanwhile, or a link that leads elsewhere, keeps its text.
    #[test]
    fn only_what_was_read_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.consent");
        fs::write(&path, "new").unwrap();
        let error = update(&path, "old", "fixed").unwrap_err().to_string();
        assert_eq!(error, "it has changed since it was read; run the command again");
        assert!(may_update(&path, "old").is_err() && may_update(&path, "new").is_ok());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        update(&path, "new", "fixed").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "fixed");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
