//! `consentry test`: the tests of policies, run, and told to people and programs, one renderer a file.

mod human;
mod json;
mod junit;
mod watch;

use super::shared::{CliError, Root, Status};
use super::{files, render};
use consentry::diagnostic::{Code, Diagnostic, Files, Severity};
use consentry::lint::{Levels, lint, part_alone};
use consentry::syntax::Tree;
use consentry::syntax::tree::Fact;
use consentry::testing::{self, CaseResult};
use consentry::{Disk, Level, Source, Table, TestEvent, Verdict};
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Run the tests that policies have, through the table that decides in production and through the reference interpreter.
///
/// A folder stands for every .consent file below it; files without a `policy` line are parts of others and run with them. Exit status:
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
    #[arg(long)]
    list: bool,
    /// How the results are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Run again whenever a file changes, until interrupted.
    #[arg(long, conflicts_with_all = ["list", "format"])]
    watch: bool,
}

/// How the results of tests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One document, for programs.
    Json,
    /// JUnit's XML, which build servers read.
    Junit,
}

/// A file that was asked for.
struct Suite {
    /// The file, as people know it.
    name: String,
    content: Content,
}

enum Content {
    Policy {
        table: Box<Table>,
        disk: Disk,
    },
    Mistakes(Vec<Diagnostic>, Files),
    /// A part of other policies.
    Part(Files),
}

/// A policy or a file with mistakes, and what came of the tests.
struct Ran<'s> {
    suite: &'s Suite,
    results: Vec<CaseResult<'s>>,
}

impl Test {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        match self.watch {
            true => watch::run(self, to),
            false => self.report(&self.load()?, to),
        }
    }

    /// Reads the policies.
    fn load(&self) -> Result<Vec<Suite>, CliError> {
        let mut suites: Vec<Suite> =
            files::below(&self.paths)?.iter().map(|path| self.suite(path)).collect::<Result<_, _>>()?;
        let included: HashSet<PathBuf> =
            suites.iter().filter_map(Suite::read).flat_map(files::included).collect();
        for suite in &mut suites {
            suite.tell_part(&included);
        }
        Ok(suites)
    }

    /// Runs the tests, or lists them.
    fn report(&self, suites: &[Suite], to: &mut impl Write) -> Result<Status, CliError> {
        let mut status = Status::Fine;
        if suites.iter().any(|suite| matches!(suite.content, Content::Mistakes(..))) {
            status = Status::Findings;
        }
        let found = suites.iter().flat_map(Suite::tests).filter(|(_, test)| self.is_wanted(test)).count();
        if found == 0 && !self.filter.is_empty() && status == Status::Fine {
            let texts: Vec<String> = self.filter.iter().map(|text| format!("`{text}`")).collect();
            return Err(CliError::Other(format!("no test has {} in its name", texts.join(" or "))));
        }
        if self.list {
            human::list(to, suites.iter().flat_map(Suite::tests).filter(|(_, test)| self.is_wanted(test)))?;
            human::mistakes(to, suites)?;
            return Ok(status);
        }
        let all: Vec<Ran<'_>> =
            suites.iter().map(|suite| Ran { suite, results: self.results(suite) }).collect();
        match self.format {
            Format::Human => human::write(to, &all)?,
            Format::Json => json::write(to, &all)?,
            Format::Junit => junit::write(to, &all)?,
        }
        // Where nothing was tested, nothing has passed.
        if found == 0 || all.iter().flat_map(|ran| &ran.results).any(|result| !result.passed()) {
            status = Status::Findings;
        }
        Ok(status)
    }

    fn suite(&self, path: &Path) -> Result<Suite, CliError> {
        let (disk, name) = self.root.place(path)?;
        let linted = lint(&disk, &name, &Levels::default());
        files::was_read(&linted)?;
        let shown = disk.display(&name);
        let is_mistake = |found: &Diagnostic| found.severity() == Severity::Error;
        let mistakes: Vec<Diagnostic> = linted.diagnostics.into_iter().filter(is_mistake).collect();
        // A file without a `policy` line may lack it by mistake.
        let content = match linted.policy {
            Some(policy) => Content::Policy { table: Box::new(Table::new(*policy)), disk },
            None if linted.is_part && mistakes.is_empty() => Content::Part(linted.files),
            None => Content::Mistakes(mistakes, linted.files),
        };
        Ok(Suite { name: shown, content })
    }

    fn is_wanted(&self, test: &consentry::Test) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|text| test.name().contains(text))
    }

    fn results<'s>(&self, suite: &'s Suite) -> Vec<CaseResult<'s>> {
        match &suite.content {
            Content::Policy { table, disk } => testing::run(table, disk, |test| self.is_wanted(test)),
            Content::Mistakes(..) | Content::Part(_) => Vec::new(),
        }
    }
}

impl Suite {
    /// The files that it was read from, unless it is a part of others.
    fn read(&self) -> Option<&Files> {
        match &self.content {
            Content::Policy { table, .. } => Some(table.policy().files()),
            Content::Mistakes(_, files) => Some(files),
            Content::Part(_) => None,
        }
    }

    /// Makes a mistake of a part that has tests, or includes files that may have some, and that no policy of this run includes:
    /// they would not run, and it may be a policy that has lost its first line.
    fn tell_part(&mut self, included: &HashSet<PathBuf>) {
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
    fn tests(&self) -> impl Iterator<Item = (&Files, &consentry::Test)> {
        let policy = match &self.content {
            Content::Policy { table, .. } => Some(table.policy()),
            _ => None,
        };
        policy.into_iter().flat_map(|policy| policy.tests().iter().map(move |test| (policy.files(), test)))
    }

    /// The files that its results depend on.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![PathBuf::from(&self.name)];
        match &self.content {
            Content::Policy { table, disk } => {
                files.extend(on_disk(table.policy().files()));
                let cases = table.policy().tests().iter().flat_map(consentry::Test::cases);
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

impl<'s> Ran<'s> {
    /// The file that the events of a case are in.
    fn events_file(&self, result: &CaseResult<'_>) -> Option<String> {
        match (&self.suite.content, &result.case.event) {
            (Content::Policy { disk, .. }, TestEvent::File(path)) => Some(disk.display(&path.value)),
            _ => None,
        }
    }

    /// The files that the places of its results are in; `None` for what has no results.
    fn files(&self) -> Option<&'s Files> {
        self.table().map(|table| table.policy().files())
    }

    fn table(&self) -> Option<&'s Table> {
        match &self.suite.content {
            Content::Policy { table, .. } => Some(table),
            _ => None,
        }
    }
}

/// The files that are none of ours: a prelude is part of the command.
fn on_disk(files: &Files) -> impl Iterator<Item = PathBuf> {
    files.own().map(|file| PathBuf::from(files.name(file)))
}

/// How many cases have passed and failed, and over how many events.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    events: u64,
}

impl Counts {
    fn of(all: &[Ran<'_>]) -> Self {
        let mut counts = Counts::default();
        for result in all.iter().flat_map(|ran| &ran.results) {
            counts.events += result.events;
            match result.passed() {
                true => counts.passed += 1,
                false => counts.failed += 1,
            }
        }
        counts
    }
}

/// The name of a case: that of its test, and its place in a table.
fn title(result: &CaseResult<'_>) -> String {
    match result.row {
        Some(row) => format!("{}, case {row}", result.test.name()),
        None => result.test.name().to_owned(),
    }
}

/// What a verdict says: `block, refused: Analytics`.
fn verdict(verdict: &Verdict, table: &Table) -> String {
    let mut text = format!("{}, {}", verdict.outcome().word(), verdict.reason());
    text.push_str(&categories(verdict.refused(), table));
    text
}

/// `: Advertising, Analytics`; nothing for none.
fn categories(ids: &[consentry::CategoryId], table: &Table) -> String {
    let names: Vec<&str> =
        ids.iter().filter_map(|id| table.policy().category(*id)).map(|one| one.name()).collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}
