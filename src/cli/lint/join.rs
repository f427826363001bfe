//! Several policies may include one file: what is wrong in it is said once, and as badly as any of them takes it.

use crate::cli::files;
use consentry::diagnostic::{Code, Diagnostic, Files, Severity};
use consentry::lint::{Linted, is_about_use};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is found, and where: the same for every policy that includes the file.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    code: Code,
    /// The first is where it is listed.
    places: Vec<(PathBuf, Range<usize>)>,
    message: String,
}

/// What the policies say of one finding.
struct Said {
    /// How many policies find it, those included that do not report it, and which of them was the last.
    policies: usize,
    last: usize,
    /// The severity that it has where it is reported.
    severity: Option<Severity>,
    /// Whether all of them would mend it.
    is_mended: bool,
}

/// The real path of each file, looked up once.
#[derive(Default)]
struct Paths(HashMap<String, PathBuf>);

impl Paths {
    fn of(&mut self, name: &str) -> PathBuf {
        self.0.entry(name.to_owned()).or_insert_with(|| files::real(Path::new(name))).clone()
    }

    fn key(&mut self, found: &Diagnostic, files: &Files) -> Option<Key> {
        let places = found.labels.iter().map(|label| label.span);
        let places: Vec<_> = places.map(|place| (self.of(files.name(place.file)), place.range())).collect();
        (!places.is_empty()).then(|| Key { code: found.code, places, message: found.message.clone() })
    }
}

/// Leaves of equal findings the first. That something is of no use holds only where no policy that has the file uses it.
pub(super) fn join(all: &mut [Linted]) {
    let mut paths = Paths::default();
    let mut said: HashMap<Key, Said> = HashMap::new();
    // A policy with mistakes may use what it includes: it counts among those that have the file.
    let mut read_by: HashMap<PathBuf, usize> = HashMap::new();
    for (index, linted) in all.iter().enumerate() {
        if !linted.is_part {
            let read: HashSet<PathBuf> = linted.files.names().map(|name| paths.of(name)).collect();
            read.into_iter().for_each(|file| *read_by.entry(file).or_default() += 1);
        }
        let reported = linted.diagnostics.iter().map(|found| (found, Some(found.severity())));
        // Who does not report it does not use it either, and does not want it mended.
        for (found, severity) in reported.chain(linted.off.iter().map(|found| (found, None))) {
            let Some(key) = paths.key(found, &linted.files) else { continue };
            let first = Said { policies: 0, last: usize::MAX, severity: None, is_mended: true };
            let said = said.entry(key).or_insert(first);
            if said.last != index {
                said.policies += 1;
                said.last = index;
            }
            said.severity = said.severity.max(severity);
            said.is_mended &= found.fix.is_some() && severity.is_some();
        }
    }
    for Linted { diagnostics, files, .. } in all {
        diagnostics.retain_mut(|found| {
            let Some(key) = paths.key(found, files) else { return true };
            let Some(said) = said.remove(&key) else { return false };
            found.set_severity(said.severity.unwrap_or(found.severity()));
            found.fix = found.fix.take().filter(|_| said.is_mended);
            let read_by = key.places.first().and_then(|(file, _)| read_by.get(file));
            !is_about_use(found.code) || read_by == Some(&said.policies)
        });
    }
}
