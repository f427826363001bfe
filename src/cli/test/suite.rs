//! The files that are tested.

use crate::cli::files;
use consentry::Table;
use consentry::diagnostic::{Code, Diagnostic, Files};
use consentry::lint::{Levels, part_alone};
use consentry::model::{Level, TestEvent};
use consentry::report::test::PolicyReport;
use consentry::source::{PinnedDisk, Source};
use consentry::syntax::Tree;
use consentry::syntax::tree::Fact;
use consentry::testing::CaseResult;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A file that was asked for.
pub(super) struct Suite {
    /// The file, as people know it.
    pub(super) name: String,
    pub(super) disk: PinnedDisk,
    pub(super) files: Files,
    /// The errors that keep a policy from compiling.
    pub(super) mistakes: Vec<Diagnostic>,
    /// The compiled policy, if the file is one that compiles.
    pub(super) table: Option<Box<Table>>,
}

impl Suite {
    /// Returns true for a part of other policies.
    pub(super) fn is_part(&self) -> bool {
        self.table.is_none() && self.mistakes.is_empty()
    }

    /// Returns the results of its tests; `None` for a part.
    pub(super) fn report<'s>(&'s self, results: &'s [CaseResult<'s>]) -> Option<PolicyReport<'s>> {
        match &self.table {
            Some(table) => Some(PolicyReport::new(&self.name, table.policy(), results)),
            None if self.is_part() => None,
            None => Some(PolicyReport::with_errors(&self.name, &self.mistakes, &self.files)),
        }
    }

    /// Makes a mistake of a part that has tests, or includes files that may have some, and that no policy of this run includes:
    /// they would not run, and it may be a policy that has lost its first line.
    pub(super) fn refuse_part(&mut self, included: &HashSet<PathBuf>) {
        if !self.is_part() || included.contains(&files::real(Path::new(&self.name))) {
            return;
        }
        let mut levels = Levels::default();
        levels.set(Code::PartWithoutPolicy, Level::Error);
        let found = part_alone(&self.files, &levels);
        let may_have_tests = found.as_ref().and_then(Diagnostic::span).is_some_and(|place| {
            let (tree, _) = Tree::parse(self.files.text(place.file));
            let mut facts = tree.statements.iter().map(|statement| &statement.fact);
            facts.any(|fact| matches!(fact, Fact::Test(_) | Fact::Include { prelude: false, .. }))
        });
        self.mistakes.extend(found.filter(|_| may_have_tests));
    }

    /// Returns the tests.
    pub(super) fn tests(&self) -> impl Iterator<Item = &consentry::model::Test> {
        self.table.iter().flat_map(|table| table.policy().tests())
    }

    /// Returns the files that its results depend on. A prelude is a part of the command.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let own = self.files.own().map(|file| self.files.name(file).to_owned());
        let cases = self.tests().flat_map(|test| &test.cases);
        let events = cases.filter_map(|case| match &case.event {
            TestEvent::File(path) => Some(self.disk.display(&path.value)),
            _ => None,
        });
        own.chain(events).chain([self.name.clone()]).map(PathBuf::from).collect()
    }
}
