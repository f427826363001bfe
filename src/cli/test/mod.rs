//! `consentry test`.

mod suite;
mod watch;

use super::files::{self, NamedFile};
use super::format::Format;
use super::output::Output;
use super::render;
use super::shared::{Result, Root, Status};
use consentry::Table;
use consentry::diagnostic::{Severity, visible};
use consentry::lint::{Levels, lint};
use consentry::report::page::Document;
use consentry::report::test::TestReport;
use consentry::report::{json, junit, text};
use consentry::source::Source;
use consentry::testing;
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::PathBuf;
use suite::Suite;

/// Run the tests that policies have, through the table that decides in production and through the reference interpreter.
///
/// A folder stands for every .consent file below it; files without a `policy` line are parts of others and run with them. No ledger is
/// asked: a test states the ledger's answer with `recorded`, or is decided without the ledger check. Exit status:
/// 0 all passed, 1 a test failed, there is none, or a policy has mistakes, 2 usage, or a path that cannot be read.
#[derive(clap::Args)]
pub(super) struct Test {
    /// Policy files, or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    root: Root,
    /// Run only tests with this text in their names; may be given several times.
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    /// Name the tests, and run none.
    #[arg(long, conflicts_with = "format")]
    list: bool,
    /// How the results are written.
    #[arg(long, value_parser = Format::among(&[Format::Human, Format::Json, Format::Junit]), default_value = "human")]
    format: Format,
    /// Run again whenever a file changes, until interrupted.
    #[arg(long, conflicts_with_all = ["list", "format"])]
    watch: bool,
}

impl Test {
    pub(super) fn run(&self, to: &mut Output) -> Result<Status> {
        match self.watch {
            true => watch::run(self, to),
            false => self.report(&self.load()?, to),
        }
    }

    /// Reads the policies.
    fn load(&self) -> Result<Vec<Suite>> {
        let mut suites: Vec<Suite> =
            files::below(&self.paths)?.iter().map(|file| self.suite(file)).collect::<Result<_, _>>()?;
        let included: HashSet<PathBuf> = suites
            .iter()
            .filter(|suite| !suite.is_part())
            .flat_map(|suite| files::included(&suite.files))
            .collect();
        for suite in &mut suites {
            suite.refuse_part(&included);
        }
        Ok(suites)
    }

    /// Runs the tests, or lists them.
    fn report(&self, suites: &[Suite], to: &mut impl Write) -> Result<Status> {
        let is_fine = suites.iter().all(|suite| suite.mistakes.is_empty());
        let found = suites.iter().flat_map(Suite::tests).filter(|test| self.is_wanted(test)).count();
        if found == 0 && !self.filter.is_empty() && is_fine {
            return Err(format!("no test has `{}` in its name", self.filter.join("` or `")).into());
        }
        if self.list {
            for suite in suites {
                for test in suite.tests().filter(|test| self.is_wanted(test)) {
                    writeln!(to, "{}: {}", visible(&suite.files.place(test.span())), visible(test.name()))?;
                }
            }
            write_errors(to, suites, |name| format!("`{name}` has no tests"), "")?;
            return Ok(Status::fine_if(is_fine));
        }
        let results = suites.iter().map(|suite| match &suite.table {
            Some(table) => testing::run(table, &suite.disk, |test| self.is_wanted(test)),
            None => Vec::new(),
        });
        let results: Vec<_> = results.collect();
        let reports = suites.iter().zip(&results).filter_map(|(suite, results)| suite.report(results));
        let report = TestReport::new(reports.collect());
        match self.format {
            Format::Junit => junit::write(to, &report)?,
            Format::Json => json::write(to, &report)?,
            _ => {
                write_errors(to, suites, |name| format!("the tests of `{name}` were not run"), "\n")?;
                text::write(to, &report.page())?;
            }
        }
        // Where nothing was tested, nothing has passed.
        Ok(Status::fine_if(is_fine && found > 0 && !report.has_failures()))
    }

    fn suite(&self, file: &NamedFile) -> Result<Suite> {
        let (disk, name) = file.place(&self.root)?;
        let linted = lint(&disk, &name, &Levels::default());
        files::was_read(&linted)?;
        let mut mistakes = linted.diagnostics;
        // The warnings on a policy that compiles are for `lint`.
        mistakes.retain(|found| linted.policy.is_none() && found.severity == Severity::Error);
        Ok(Suite {
            name: disk.display(&name),
            disk,
            files: linted.files,
            mistakes,
            table: linted.policy.map(|policy| Box::new(Table::new(*policy))),
        })
    }

    fn is_wanted(&self, test: &consentry::model::Test) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|text| test.name().contains(text))
    }
}

/// Draws the errors of the files that have some, each with an end.
fn write_errors(
    to: &mut impl Write,
    suites: &[Suite],
    outcome: impl Fn(&str) -> String,
    end: &str,
) -> io::Result<()> {
    suites.iter().filter(|suite| !suite.mistakes.is_empty()).try_for_each(|suite| {
        let drawn = render::mistakes(&suite.mistakes, &suite.files, &outcome(&suite.name));
        write!(to, "{drawn}{end}")
    })
}
