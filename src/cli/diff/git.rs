//! The files of a revision, as git has them.

use crate::cli::shared::Result;
use consentry::source::{Source, SourceError};
use consentry::syntax::MAX_FILE_BYTES;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The files below a folder as they were in a commit.
pub(super) struct Revision {
    folder: PathBuf,
    /// As people name it, and as git does.
    name: String,
    commit: String,
}

impl Revision {
    pub(super) fn new(folder: &Path, name: &str) -> Result<Self> {
        let commit = format!("{name}^{{commit}}");
        let hash = git(folder, &["rev-parse", "--verify", "--end-of-options", &commit]).map_err(|error| {
            format!("cannot read revision `{name}`: {}", error.trim_start_matches("fatal: "))
        })?;
        let commit = String::from_utf8_lossy(&hash).trim().to_owned();
        Ok(Revision { folder: folder.to_owned(), name: name.to_owned(), commit })
    }
}

impl Source for Revision {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let listed =
            git(&self.folder, &["ls-tree", "-z", &self.commit, "--", path]).map_err(SourceError::Other)?;
        // `100644 blob HASH`, a tab, and the name.
        let listed = String::from_utf8_lossy(&listed);
        let mut words = listed.split([' ', '\t']);
        match (words.next(), words.next(), words.next()) {
            (Some("120000"), ..) => {
                Err(SourceError::Other("it is a link, which is not followed in a revision".into()))
            }
            (_, Some("blob"), Some(hash)) => {
                git(&self.folder, &["cat-file", "blob", hash]).map_err(SourceError::Other)
            }
            (_, Some("tree"), _) => Err(SourceError::Folder),
            (_, Some(other), _) => Err(SourceError::Other(format!("it is a {other}, and no file"))),
            _ => Err(SourceError::NotFound),
        }
    }

    fn display(&self, path: &str) -> String {
        format!("{}:{path}", self.name)
    }
}

/// Returns what a git command writes, or else what it complains of.
fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        // A name is a name, whatever is in it.
        .env("GIT_LITERAL_PATHSPECS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run git: {error}"))?;
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let limit = MAX_FILE_BYTES as u64 + 1;
        stdout.take(limit).read_to_end(&mut output).map_err(|error| error.to_string())?;
    }
    let mut complaint = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        // What is no text is not worth more than that git has failed.
        let _ = stderr.read_to_string(&mut complaint);
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    // Of a file that is too large not all is read, which ends git early.
    if status.success() || output.len() > MAX_FILE_BYTES {
        return Ok(output);
    }
    Err(complaint.lines().next().unwrap_or("git has failed").to_owned())
}
