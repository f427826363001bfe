//! Fixes of findings: in memory until every policy is seen to decide as before, and then on the disk.

use crate::cli::files::{self, NamedFile};
use crate::cli::shared::{CliError, Result};
use consentry::lint::{self, Linted};
use consentry::source::{PinnedDisk, Source, SourceError};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// How often fixes are made before the rest is left for another run.
const MAX_ROUNDS: usize = 100;

/// The files that are changed and not written yet, by their real path.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<PathBuf, Change>);

/// The text of a file as it was read, and with fixes.
struct Change {
    read: String,
    fixed: String,
}

impl Changes {
    /// The files of the disk with the changes in them.
    pub(super) fn over(&self, disk: PinnedDisk) -> impl Source {
        Changed { disk, changes: self }
    }

    /// Makes the fixes in the files that may be changed, and returns how many findings are fixed.
    fn add(&mut self, linted: &[Linted], may_change: &HashSet<PathBuf>) -> usize {
        let mut count = 0;
        for one in linted {
            for (file, fixed) in lint::edited(&one.files, &one.diagnostics) {
                let path = files::real(Path::new(one.files.name(file)));
                // Another policy may have changed the file in this round: the next round sees what is left.
                let text = one.files.text(file);
                let is_current = self.0.get(&path).is_none_or(|change| change.fixed == text);
                if may_change.contains(&path) && is_current {
                    count += fixed.count;
                    let change = self
                        .0
                        .entry(path)
                        .or_insert_with(|| Change { read: text.to_owned(), fixed: String::new() });
                    change.fixed = files::with_line_ends_of(text, fixed.text);
                }
            }
        }
        count
    }

    /// Writes all of them, or none if one is seen not to be writable.
    fn write(&self) -> Result<()> {
        for (path, Change { read, .. }) in &self.0 {
            files::may_update(path, read).map_err(CliError::output(path))?;
        }
        for (path, Change { read, fixed }) in &self.0 {
            files::update(path, read, fixed).map_err(CliError::output(path))?;
        }
        Ok(())
    }
}

struct Changed<'c> {
    disk: PinnedDisk,
    changes: &'c Changes,
}

impl Source for Changed<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        // The disk says first whether the file may be read at all.
        let bytes = self.disk.read(path)?;
        let changed = self.changes.0.get(&files::real(Path::new(&self.disk.display(path))));
        Ok(changed.map_or(bytes, |change| change.fixed.clone().into_bytes()))
    }

    fn display(&self, path: &str) -> String {
        self.disk.display(path)
    }
}

/// Makes the fixes in the files that were named, as others may include the rest, and returns how many findings are fixed.
/// Nothing is written unless every policy that compiled decides as before.
pub(super) fn apply(
    named: &[NamedFile],
    linted: &mut Vec<Linted>,
    lint: impl Fn(&Changes) -> Result<Vec<Linted>>,
) -> Result<usize> {
    let named: HashSet<PathBuf> = named.iter().map(|file| files::real(&file.path)).collect();
    let mut changes = Changes::default();
    let mut count = 0;
    // One fix may bring another to light. No fix brings back what another one has fixed, so that this ends.
    for _ in 0..MAX_ROUNDS {
        let fixed = changes.add(linted, &named);
        if fixed == 0 {
            break;
        }
        let again = lint(&changes)?;
        let is_same = |(before, after): (&Linted, &Linted)| match (&before.policy, &after.policy) {
            (Some(before), Some(after)) => lint::is_same(before, after),
            // Old words keep a policy from compiling until they are fixed.
            (None, _) => true,
            (Some(_), None) => false,
        };
        if !linted.iter().zip(&again).all(is_same) {
            let message = "a fix would change what a policy decides, so that nothing was written: this is a bug of consentry, please report it";
            return Err(message.into());
        }
        *linted = again;
        count += fixed;
    }
    changes.write()?;
    Ok(count)
}
