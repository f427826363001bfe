//! The files that are tested.

use crate::cli::files;
use consentry::Table;
use consentry::diagnostic::{Code, Diagnostic, Files};
use consentry::lint::{Levels, part_alone};
use consentry::model::{Level, TestEvent};
use consentry::report::test::PolicyReport;
use consentry::source::{Disk, Source};
use consentry::syntax::Tree;
use consentry::syntax::tree::Fact;
use consentry::testing::CaseResult;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A file that was asked for.
pub(super) struct Suite {
    /// The file, as people know it.
    pub(super) name: String,
    pub(super) content: Content,
}

pub(super) enum Content {
    Policy {
        table: Box<Table>,
        disk: Disk,
    },
    Mistakes(Vec<Diagnostic>, Files),
    /// A part of other policies.
    Part(Files),
}

impl Suite {
    /// The results of its tests; `None` for a part.
    pub(super) fn report<'s>(&'s self, results: &'s [CaseResult<'s>]) -> Option<PolicyReport<'s>> {
        match &self.content {
            Content::Policy { table, .. } => Some(PolicyReport::new(&self.name, table.policy(), results)),
            Content::Mistakes(found, files) => Some(PolicyReport::with_errors(&self.name, found, files)),
            Content::Part(_) => None,
        }
    }

    /// The files that it was read from, unless it is a part of others.
    pub(super) fn read(&self) -> Option<&Files> {
        match &self.content {
            Content::Policy { table, .. } => Some(table.policy().files()),
            Content::Mistakes(_, files) => Some(files),
            Content::Part(_) => None,
        }
    }

    /// Makes a mistake of a part that has tests, or includes files that may have some, and that no policy of this run includes:
    /// they would not run, and it may be a policy that has lost its first line.
    pub(super) fn refuse_part(&mut self, included: &HashSet<PathBuf>) {
        let Content::Part(files) = &self.content else { return };
        let mut levels = Levels::default();
        levels.set(Code::PartWithoutPolicy, Level::Error);
        let found: Vec<Diagnostic> = part_alone(files, &levels).into_iter().collect();
        let may_have_tests = found.iter().filter_map(Diagnostic::span).any(|place| {
            let (tree, _) = Tree::parse(files.text(place.file));
            let mut facts = tree.statements.iter().map(|statement| &statement.fact);
            facts.any(|fact| matches!(fact, Fact::Test(_) | Fact::Include { prelude: false, .. }))
        });
        if may_have_tests && !included.contains(&files::real(Path::new(&self.name))) {
            self.content = Content::Mistakes(found, files.clone());
        }
    }

    /// The tests, each with the files that its places are in.
    pub(super) fn tests(&self) -> impl Iterator<Item = (&Files, &consentry::model::Test)> {
        let policy = match &self.content {
            Content::Policy { table, .. } => Some(table.policy()),
            _ => None,
        };
        policy.into_iter().flat_map(|policy| policy.tests().iter().map(move |test| (policy.files(), test)))
    }

    /// The files that its results depend on.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![PathBuf::from(&self.name)];
        match &self.content {
            Content::Policy { table, disk } => {
                files.extend(on_disk(table.policy().files()));
                let cases = table.policy().tests().iter().flat_map(|test| &test.cases);
                files.extend(cases.filter_map(|case| match &case.event {
                    TestEvent::File(path) => Some(PathBuf::from(disk.display(&path.value))),
                    _ => None,
                }));
            }
            Content::Mistakes(_, read) => files.extend(on_disk(read)),
            Content::Part(_) => {}
        }
        files
    }
}

/// The files that are none of ours: a prelude is part of the command.
fn on_disk(files: &Files) -> impl Iterator<Item = PathBuf> {
    files.own().map(|file| PathBuf::from(files.name(file)))
}
