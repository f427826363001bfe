//! One report of each finding in a file that several policies include, with the highest severity that any of them gives it.

use super::Linted;
use crate::diagnostic::{Code, Diagnostic, Files, Severity, Span};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;

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

/// The policies that make one finding.
#[derive(Default)]
struct Finders {
    /// Their indices, those included that do not report it.
    policies: HashSet<usize>,
    /// The highest severity that it is reported with.
    severity: Option<Severity>,
}

/// The path of each file without links, looked up once.
struct Paths<R> {
    real: R,
    known: HashMap<String, PathBuf>,
}

impl<R: Fn(&str) -> PathBuf> Paths<R> {
    fn of(&mut self, name: &str) -> PathBuf {
        self.known.entry(name.to_owned()).or_insert_with(|| (self.real)(name)).clone()
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

/// Keeps the first of equal findings in files that several policies include.
///
/// `real` returns one path for a file, however a policy names it. A fix stays only where every policy has the same one. That
/// something is unused is kept only where no policy that reads the file uses it.
///
/// ```
/// use consentry::lint::{Levels, dedup, lint};
///
/// let main = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ninclude \"part\"\n";
/// let files = consentry::source::Memory::from([("a", main), ("b", main), ("part", "consentry 1\ncategory A\n")]);
/// let mut linted = ["a", "b"].map(|name| lint(&files, name, &Levels::default()));
/// dedup(&mut linted, |name| name.into());
/// let unused = linted.iter().map(|one| one.diagnostics.iter().filter(|found| found.code.name() == "unused-category").count());
/// assert_eq!(unused.collect::<Vec<_>>(), [1, 0]);
/// ```
pub fn dedup(all: &mut [Linted], real: impl Fn(&str) -> PathBuf) {
    let mut paths = Paths { real, known: HashMap::new() };
    let mut finders: HashMap<Key, Finders> = HashMap::new();
    // The fix that every policy has, if it is the same one.
    let mut fixes: HashMap<Site, Option<Edits>> = HashMap::new();
    // A policy with mistakes may use what it includes: it counts among those that have the file.
    let mut read_by: HashMap<PathBuf, usize> = HashMap::new();
    for (index, linted) in all.iter().enumerate() {
        if !linted.is_part {
            let read: HashSet<PathBuf> = linted.files.names().map(|name| paths.of(name)).collect();
            read.into_iter().for_each(|file| *read_by.entry(file).or_default() += 1);
        }
        let reported = linted.diagnostics.iter().map(|found| (found, Some(found.severity)));
        // Who does not report it does not use it either, and does not want it fixed.
        for (found, severity) in reported.chain(linted.off.iter().map(|found| (found, None))) {
            let Some(key) = paths.key(found, &linted.files) else { continue };
            let edits = paths.edits(found, &linted.files).filter(|_| severity.is_some());
            let known = fixes.entry(key.site.clone()).or_insert_with(|| edits.clone());
            if *known != edits {
                *known = None;
            }
            let finders = finders.entry(key).or_default();
            finders.policies.insert(index);
            finders.severity = finders.severity.max(severity);
        }
    }
    for Linted { diagnostics, files, .. } in all {
        diagnostics.retain_mut(|found| {
            let Some(key) = paths.key(found, files) else { return true };
            let Some(finders) = finders.remove(&key) else { return false };
            found.severity = finders.severity.unwrap_or(found.severity);
            let read_by = key.site.places.first().and_then(|(file, _)| read_by.get(file));
            let all_find_it = read_by == Some(&finders.policies.len());
            // The settings of a policy with errors are unknown: its lists may have the other meaning.
            let is_safe = found.code != Code::AmbiguousList || all_find_it;
            let is_same = fixes.get(&key.site).is_some_and(Option::is_some);
            found.fix = found.fix.take().filter(|_| is_same && is_safe);
            !is_about_use(found.code) || all_find_it
        });
    }
}

/// Returns whether a finding says that nothing uses something.
fn is_about_use(code: Code) -> bool {
    matches!(code, Code::UnusedCategory | Code::UnusedInclude | Code::UnusedAllow)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use crate::lint::{Levels, lint};
    use crate::source::Memory;

    /// What two policies that read one file make of a redundant override, after a change of the second one's fix.
    fn joined(change: impl Fn(&mut Diagnostic)) -> Vec<Diagnostic> {
        let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment-strict\"\ninclude \"part\"\noverride category A\n\
                    destination \"X\"  needs A\n";
        let files = Memory::from([("main", text), ("part", "consentry 1\ncategory A\n")]);
        let mut all = [(); 2].map(|()| lint(&files, "main", &Levels::default()));
        let [_, second] = &mut all;
        second.diagnostics.iter_mut().filter(|found| found.fix.is_some()).for_each(change);
        dedup(&mut all, |name| name.into());
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
