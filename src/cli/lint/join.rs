//! Several policies may include one file: what is wrong in it is said once, and as badly as any of them takes it.

use crate::cli::files;
use consentry::diagnostic::{Code, Diagnostic, Files, Severity, Span};
use consentry::lint::{Linted, is_about_use};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place of the text, which is the same for every policy that includes the file.
type Place = (PathBuf, Range<usize>);

/// A finding as people read it. The help may differ from policy to policy.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    site: Site,
    message: String,
    help: Option<String>,
}

/// A finding at its places, whatever its text.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Site {
    code: Code,
    /// The first is where it is listed.
    places: Vec<Place>,
}

/// The edits of a fix.
type Edits = Vec<(Place, String)>;

/// What the policies say of one finding.
struct Said {
    /// How many policies find it, those included that do not report it, and which of them was the last.
    policies: usize,
    last: usize,
    /// The severity that it has where it is reported.
    severity: Option<Severity>,
}

/// The fixes that the policies have for one site.
enum Fixes {
    /// The same one in every policy.
    Same(Edits),
    /// Several different ones, or none in some policy.
    Differ,
}

/// The real path of each file, looked up once.
#[derive(Default)]
struct Paths(HashMap<String, PathBuf>);

impl Paths {
    fn of(&mut self, name: &str) -> PathBuf {
        self.0.entry(name.to_owned()).or_insert_with(|| files::real(Path::new(name))).clone()
    }

    fn key(&mut self, found: &Diagnostic, files: &Files) -> Option<Key> {
        let places: Vec<_> = found.labels.iter().map(|label| self.place(label.span, files)).collect();
        let (message, help) = (found.message.clone(), found.help.clone());
        (!places.is_empty()).then_some(Key { site: Site { code: found.code, places }, message, help })
    }

    fn place(&mut self, span: Span, files: &Files) -> Place {
        (self.of(files.name(span.file)), span.range())
    }

    fn edits(&mut self, found: &Diagnostic, files: &Files) -> Option<Edits> {
        let fix = found.fix.as_ref()?;
        Some(fix.edits.iter().map(|edit| (self.place(edit.span, files), edit.text.clone())).collect())
    }
}

/// Keeps the first of equal findings. Drops a fix if another policy fixes the same place differently. That something is of no
/// use holds only where no policy that has the file uses it.
pub(super) fn join(all: &mut [Linted]) {
    let mut paths = Paths::default();
    let mut said: HashMap<Key, Said> = HashMap::new();
    let mut fixes: HashMap<Site, Fixes> = HashMap::new();
    // A policy with mistakes may use what it includes: it counts among those that have the file.
    let mut read_by: HashMap<PathBuf, usize> = HashMap::new();
    for (index, linted) in all.iter().enumerate() {
        if !linted.is_part {
            let read: HashSet<PathBuf> = linted.files.names().map(|name| paths.of(name)).collect();
            read.into_iter().for_each(|file| *read_by.entry(file).or_default() += 1);
        }
        let reported = linted.diagnostics.iter().map(|found| (found, Some(found.severity())));
        // Who does not report it does not use it either, and does not want it fixed.
        for (found, severity) in reported.chain(linted.off.iter().map(|found| (found, None))) {
            let Some(key) = paths.key(found, &linted.files) else { continue };
            let edits = paths.edits(found, &linted.files).filter(|_| severity.is_some());
            let same = || edits.clone().map_or(Fixes::Differ, Fixes::Same);
            let known = fixes.entry(key.site.clone()).or_insert_with(same);
            if !matches!((&*known, &edits), (Fixes::Same(known), Some(edits)) if known == edits) {
                *known = Fixes::Differ;
            }
            let first = Said { policies: 0, last: usize::MAX, severity: None };
            let said = said.entry(key).or_insert(first);
            if said.last != index {
                said.policies += 1;
                said.last = index;
            }
            said.severity = said.severity.max(severity);
        }
    }
    for Linted { diagnostics, files, .. } in all {
        diagnostics.retain_mut(|found| {
            let Some(key) = paths.key(found, files) else { return true };
            let Some(said) = said.remove(&key) else { return false };
            found.set_severity(said.severity.unwrap_or(found.severity()));
            let read_by = key.site.places.first().and_then(|(file, _)| read_by.get(file));
            let all_find_it = read_by == Some(&said.policies);
            // The settings of a policy with errors are unknown: its lists may have the other meaning.
            let is_safe = found.code != Code::AmbiguousList || all_find_it;
            let is_same = matches!(fixes.get(&key.site), Some(Fixes::Same(_)));
            found.fix = found.fix.take().filter(|_| is_same && is_safe);
            !is_about_use(found.code) || all_find_it
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use consentry::Memory;
    use consentry::lint::{Levels, lint};

    /// What two policies that read one file make of a redundant override, after a change of the second one's fix.
    fn joined(change: impl Fn(&mut Diagnostic)) -> Vec<Diagnostic> {
        let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment-strict\"\ninclude \"part\"\noverride category A\n\
                    destination \"X\"  needs A\n";
        let files = Memory::from([("main", text), ("part", "consentry 1\ncategory A\n")]);
        let mut all = [(); 2].map(|()| lint(&files, "main", &Levels::default()));
        let [_, second] = &mut all;
        second.diagnostics.iter_mut().filter(|found| found.fix.is_some()).for_each(change);
        join(&mut all);
        let found = all.into_iter().flat_map(|linted| linted.diagnostics);
        found.filter(|found| found.code == Code::RedundantOverride).collect()
    }

    #[test]
    fn a_fix_stays_only_where_all_have_the_same() {
        let fixes = |found: Vec<Diagnostic>| found.iter().map(|one| one.fix.is_some()).collect::<Vec<_>>();
        assert_eq!(fixes(joined(|_| {})), [true]);
        assert_eq!(fixes(joined(|found| found.fix = None)), [false]);
        let other_text = |found: &mut Diagnostic| {
            found.fix.as_mut().unwrap().edits.iter_mut().for_each(|edit| edit.text.push('x'));
        };
        assert_eq!(fixes(joined(other_text)), [false]);
        // Another help makes it another finding; the place is the same.
        let other_help = |found: &mut Diagnostic| {
            other_text(found);
            found.help = Some("do something else".into());
        };
        assert_eq!(fixes(joined(other_help)), [false, false]);
        assert_eq!(fixes(joined(|found| found.help = None)), [true, true]);
    }
}
