//! The files of a revision, as git has them.

use crate::cli::files::is_policy;
use crate::cli::shared::{Result, quoted};
use consentry::source::{Source, SourceError};
use consentry::syntax::MAX_FILE_BYTES;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// Settings that come before those of the repository, so that none of its own runs a program, and no folder of policies passes for a
/// repository.
const SETTINGS: [&str; 7] = [
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "safe.bareRepository=explicit",
];

const ENVIRONMENT: [(&str, &str); 8] = [
    // A name is a name, whatever is in it.
    ("GIT_LITERAL_PATHSPECS", "1"),
    // Fetching an object that is missing runs programs that the repository configures. Older versions of git know only the second.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TERMINAL_PROMPT", "0"),
    // The commit that has the hash, whatever this clone puts in its place.
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    // Messages in the language of all the others.
    ("LC_ALL", "C"),
];

/// The most bytes of git's complaints that are kept: the last ones, because the reason comes last.
const MAX_COMPLAINT: usize = 1 << 16;

/// Variables that choose another repository, as git sets them for its hooks. The folder alone decides its repository.
const CLEARED: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
];

/// The files below a folder as they were in a commit.
#[derive(Clone)]
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
            let error = error.trim_start_matches("fatal: ");
            // A repository that cannot be read has nothing to fetch.
            let help = match error.strip_prefix("detected dubious ownership in repository at ") {
                Some(place) => {
                    format!("; if you trust it, run `git config --global --add safe.directory {place}`")
                }
                None if error == "Needed a single revision" => help_to_fetch(folder, name),
                None => String::new(),
            };
            format!("cannot read revision `{name}`: {error}{help}")
        })?;
        let commit = String::from_utf8_lossy(&hash).trim().to_owned();
        Ok(Revision { folder: folder.to_owned(), name: name.to_owned(), commit })
    }

    /// The name that people gave it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the .consent files below a path, each by its path in this source.
    pub(super) fn policies_below(&self, path: &str) -> Result<Vec<String>> {
        let path = if path.is_empty() { "." } else { path };
        let listed = git(&self.folder, &["ls-tree", "-r", "-z", &self.commit, "--", path])
            .map_err(|error| self.missing(path, &error))?;
        if listed.len() > MAX_FILE_BYTES {
            return Err(format!("`{path}` has too many files to list: name a smaller folder").into());
        }
        let listed = String::from_utf8_lossy(&listed);
        // `100644 blob HASH`, a tab, and the name. The number of a link is 120000.
        let files = listed.split('\0').filter_map(|entry| entry.split_once('\t'));
        let files = files.filter(|(entry, _)| entry.starts_with("100")).map(|(_, name)| name);
        Ok(files.filter(|name| is_policy(Path::new(name))).map(str::to_owned).collect())
    }

    /// Returns the error of an object that git does not have: a partial clone leaves some out.
    fn missing(&self, path: &str, error: &str) -> String {
        let error = error.trim_start_matches("fatal: ");
        let (folder, revision) =
            (quoted(&self.folder.display().to_string()), quoted(&format!("{}:./{path}", self.name)));
        format!(
            "{error}; if this clone leaves objects out, fetch them first: `git -C {folder} cat-file blob {revision}`"
        )
    }
}

/// Returns the command that fetches a revision which a clone may lack.
fn help_to_fetch(folder: &Path, name: &str) -> String {
    let listed = |arguments: &[&str]| {
        let output = git(folder, arguments).unwrap_or_default();
        String::from_utf8_lossy(&output).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let remotes = listed(&["remote"]);
    let of_remote = name.split_once('/').filter(|(remote, _)| remotes.iter().any(|one| one == remote));
    let remote = remotes.iter().find(|one| *one == "origin").or(remotes.first());
    let help = match (of_remote, remote) {
        // The revision before another one: of a clone that is whole there is nothing to fetch.
        _ if name.contains(['~', '^', '@']) => {
            if listed(&["rev-parse", "--is-shallow-repository"]) != ["true"] {
                return String::new();
            }
            "git fetch --unshallow".to_owned()
        }
        (Some((remote, branch)), _) => {
            let branch = quoted(&format!("+{branch}:refs/remotes/{remote}/{branch}"));
            format!("git fetch --depth=1 {} {branch}", quoted(remote))
        }
        (None, Some(remote)) => {
            let (remote, branch) = (quoted(remote), quoted(name));
            return format!(
                "; if this clone lacks it, run `git fetch --depth=1 {remote} {branch}` and compare with `--against FETCH_HEAD`"
            );
        }
        (None, None) => return String::new(),
    };
    format!("; if this clone lacks it, run `{help}` first")
}

impl Source for Revision {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let listed = git(&self.folder, &["ls-tree", "-z", &self.commit, "--", path])
            .map_err(|error| SourceError::Other(self.missing(path, &error)))?;
        // `100644 blob HASH`, a tab, and the name.
        let listed = String::from_utf8_lossy(&listed);
        let mut words = listed.split([' ', '\t']);
        match (words.next(), words.next(), words.next()) {
            (Some("120000"), ..) => {
                Err(SourceError::Other("it is a link, which is not followed in a revision".into()))
            }
            (_, Some("blob"), Some(hash)) => git(&self.folder, &["cat-file", "blob", hash])
                .map_err(|error| SourceError::Other(self.missing(path, &error))),
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
    let mut command = Command::new("git");
    command.args(SETTINGS).arg("-C").arg(folder).args(arguments).envs(ENVIRONMENT);
    for variable in CLEARED {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot run git: {error}"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Both at the same time: git waits while nobody reads one of them.
    let (output, complaint) = thread::scope(|scope| {
        let complaint = thread::Builder::new().spawn_scoped(scope, || end_of(stderr, MAX_COMPLAINT));
        let complaint = complaint.map_err(|error| error.to_string())?;
        // A file that is too large ends git early.
        let output = read(stdout, MAX_FILE_BYTES as u64 + 1).map_err(|error| error.to_string())?;
        Ok::<_, String>((output, complaint.join().unwrap_or_default()))
    })?;
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() || output.len() > MAX_FILE_BYTES {
        return Ok(output);
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let is_reason = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let reason = complaint.lines().find(is_reason).or(complaint.lines().next());
    Err(reason.unwrap_or("git has failed").to_owned())
}

/// Reads up to a number of bytes.
fn read(from: Option<impl Read>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.map_or(Ok(0), |from| from.take(limit).read_to_end(&mut bytes))?;
    Ok(bytes)
}

/// Reads to the end, and keeps the last bytes. A text that cannot be read is left out: git has failed anyway.
fn end_of(from: Option<impl Read>, limit: usize) -> Vec<u8> {
    let Some(mut from) = from else { return Vec::new() };
    let (mut kept, mut buffer) = (Vec::new(), [0; 1 << 12]);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
        kept.drain(..kept.len().saturating_sub(limit));
    }
    kept
}
