//! Tests that are run again whenever a file of theirs changes.

use super::Test;
use super::suite::Suite;
use crate::cli::files;
use crate::cli::output::Output;
use crate::cli::shared::{CliError, Result, Status};
use consentry::diagnostic::visible;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// An editor writes a file in several steps, and a branch is changed file by file: so long nothing may happen before tests run.
const QUIET: Duration = Duration::from_millis(100);

/// What is watched, and what is told of it.
struct Watched {
    watcher: RecommendedWatcher,
    changes: Receiver<notify::Result<notify::Event>>,
    folders: BTreeMap<PathBuf, RecursiveMode>,
    /// The files that the tests depend on, by their real folders.
    files: BTreeSet<PathBuf>,
}

/// Never ends but with an error: an interruption ends the process.
pub(super) fn run(test: &Test, to: &mut Output) -> Result<Status> {
    let (send, changes) = channel();
    let watcher = notify::recommended_watcher(move |event| {
        // Nobody listens any more when the command ends.
        let _ = send.send(event);
    })
    .map_err(|error| format!("cannot watch files: {error}"))?;
    let mut watched = Watched { watcher, changes, folders: BTreeMap::new(), files: BTreeSet::new() };
    for path in test.paths.iter().filter(|path| path.is_dir()) {
        watched.folder(path, RecursiveMode::Recursive)?;
    }
    // At first, a path that cannot be read is a mistake of the command line.
    watched.load(test)?;
    loop {
        match watched.load(test).and_then(|suites| test.report(&suites, to)) {
            Ok(_) => {}
            Err(CliError::Other(message)) => writeln!(to, "{}", visible(&message))?,
            Err(failure) => return Err(failure),
        }
        let count = watched.files.len();
        writeln!(to, "watching {count} {}", if count == 1 { "file" } else { "files" })?;
        to.flush()?;
        to.ensure_open()?;
        let changed: Vec<String> =
            watched.wait()?.iter().map(|path| visible(&path.display().to_string())).collect();
        writeln!(to, "\n--- {} has changed ---\n", changed.join(", "))?;
    }
}

impl Watched {
    /// Loads the policies, and watches the folders of all files that they depend on. Everything is read again when there is a new
    /// folder, so that a change made before the folder is watched is not missed.
    fn load(&mut self, test: &Test) -> Result<Vec<Suite>> {
        loop {
            let suites = test.load()?;
            let before = self.folders.len();
            self.files.clear();
            for path in suites.iter().flat_map(Suite::paths) {
                self.file(&path)?;
            }
            if self.folders.len() == before {
                return Ok(suites);
            }
        }
    }

    /// Watches the folder of a file, because editors replace files; of a link, also that of the file it leads to.
    fn file(&mut self, path: &Path) -> Result<()> {
        for real in [files::in_real_folder(path), path.canonicalize().ok()].into_iter().flatten() {
            if let Some(folder) = real.parent() {
                self.folder(folder, RecursiveMode::NonRecursive)?;
            }
            self.files.insert(real);
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, mode: RecursiveMode) -> Result<()> {
        let shown = folder.display().to_string();
        let real = folder.canonicalize().map_err(CliError::input(&shown))?;
        let is_watched = self.folders.iter().any(|(known, mode)| match mode {
            RecursiveMode::Recursive => real.starts_with(known),
            RecursiveMode::NonRecursive => real == *known,
        });
        if is_watched && mode == RecursiveMode::NonRecursive {
            return Ok(());
        }
        self.watcher.watch(&real, mode).map_err(|error| format!("cannot watch `{shown}`: {error}"))?;
        self.folders.insert(real, mode);
        Ok(())
    }

    /// Waits until something has changed and nothing changes any more, and says what it was.
    fn wait(&mut self) -> Result<BTreeSet<PathBuf>> {
        let mut changed = BTreeSet::new();
        loop {
            let patience = if changed.is_empty() { Duration::MAX } else { QUIET };
            let event = match self.changes.recv_timeout(patience) {
                Ok(event) => event.map_err(|error| format!("cannot watch files: {error}"))?,
                Err(RecvTimeoutError::Timeout) => return Ok(changed),
                Err(RecvTimeoutError::Disconnected) => return Err("files are not watched any more".into()),
            };
            // Reading a file changes nothing.
            if !matches!(event.kind, EventKind::Access(_)) {
                changed.extend(event.paths.into_iter().filter(|path| self.matters(path)));
            }
        }
    }

    /// Whether the tests may depend on a file. One that does not exist yet may be what an include is about.
    fn matters(&self, path: &Path) -> bool {
        self.files.contains(path) || files::is_policy(path)
    }
}
