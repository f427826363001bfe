//! Running tests again whenever a file of theirs changes.

use super::{Failure, Status, Test};
use notify::{EventKind, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long it must be quiet before the tests run again: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(100);

pub(super) fn run(test: &Test, to: &mut impl Write) -> Result<Status, Failure> {
    let (send, changes) = mpsc::channel();
    let failed = |error: notify::Error| Failure::Other(format!("cannot watch the files: {error}"));
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // When nobody receives any more, the command is about to end.
        let _ = send.send(event);
    })
    .map_err(failed)?;
    let mut watched = BTreeSet::new();
    // What was read the last time; a run that cannot read its files waits for these.
    let mut files: BTreeSet<PathBuf> =
        test.paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
    loop {
        match test.once(to) {
            Ok((_, read)) => files = read.iter().filter_map(|path| path.canonicalize().ok()).collect(),
            Err(Failure::Other(message)) => writeln!(to, "{}", consentry::diagnostic::visible(&message))?,
            Err(failure) => return Err(failure),
        }
        // Editors put a new file in the place of the old one, so that the folders are watched.
        let named = test.paths.iter().filter_map(|path| path.canonicalize().ok());
        let folders: Vec<PathBuf> = named.filter(|path| path.is_dir()).collect();
        let parents = files.iter().filter_map(|path| path.parent()).map(Path::to_owned);
        for folder in parents.chain(folders.iter().cloned()).collect::<BTreeSet<_>>() {
            if watched.insert(folder.clone()) {
                let mode = match folders.contains(&folder) {
                    true => RecursiveMode::Recursive,
                    false => RecursiveMode::NonRecursive,
                };
                watcher.watch(&folder, mode).map_err(failed)?;
            }
        }
        writeln!(to, "watching {} files", files.len())?;
        to.flush()?;
        let changed = wait(&changes, &files, &folders)
            .ok_or_else(|| Failure::Other("the files can be watched no more".into()))?;
        writeln!(
            to,
            "\n--- {} has changed ---\n",
            consentry::diagnostic::visible(&changed.display().to_string())
        )?;
    }
}

/// Waits until one of the files, or a policy in one of the folders, has changed and all is quiet; gives the first that has. `None`
/// when nothing can change any more.
fn wait(
    changes: &Receiver<notify::Result<notify::Event>>,
    files: &BTreeSet<PathBuf>,
    folders: &[PathBuf],
) -> Option<PathBuf> {
    let is_meant = |path: &PathBuf| {
        let is_policy = path.extension().is_some_and(|extension| extension == "consent");
        files.contains(path) || (is_policy && folders.iter().any(|folder| path.starts_with(folder)))
    };
    let first = |event: notify::Result<notify::Event>| match event {
        Ok(event) if matches!(event.kind, EventKind::Access(_)) => None,
        Ok(event) => event.paths.into_iter().find(is_meant),
        Err(_) => None,
    };
    loop {
        let Some(changed) = first(changes.recv().ok()?) else { continue };
        while changes.recv_timeout(QUIET).is_ok() {}
        return Some(changed);
    }
}
