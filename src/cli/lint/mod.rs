//! `consentry lint`: the findings about each policy, listed once for all of them, and fixed.

mod fix;
mod join;

use super::render::{self, Reader};
use super::{Failure, Root, Status, files};
use clap::ValueEnum;
use consentry::diagnostic::{Code, Diagnostic, Files, Severity, UnknownCodeError, visible};
use consentry::exact::fingerprint;
use consentry::lint::{self, Levels, Linted};
use consentry::report::{github, json, sarif};
use consentry::{Level, Policy};
use fix::Changes;
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

/// Parse and check policies, and report what is questionable about them.
///
/// A folder stands for every .consent file below it. A file without a `policy` line is a part of others: it is checked with
/// the policies that include it, and alone for its syntax only. Exit status: 0 fine or warnings only, 1 errors, 2 a path
/// that cannot be read.
#[derive(clap::Args)]
pub(super) struct Lint {
    /// Policy files, or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    root: Root,
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Do not report a finding, such as unmapped-destination or C507; this comes before what a policy says.
    #[arg(long, value_name = "FINDING")]
    allow: Vec<LintCode>,
    /// Report a finding as a warning.
    #[arg(long, value_name = "FINDING")]
    warn: Vec<LintCode>,
    /// Report a finding as an error; `warnings` stands for all that would be warnings.
    #[arg(long, value_name = "FINDING|warnings")]
    deny: Vec<Denied>,
    /// Fix what can be fixed without changing any decision, and report what is left.
    #[arg(long)]
    fix: bool,
}

/// A finding of lint.
#[derive(Debug, Clone, Copy)]
struct LintCode(Code);

impl FromStr for LintCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Code>() {
            Ok(code) if code.is_lint() => Ok(LintCode(code)),
            Ok(code) => Err(format!("{} prevents compilation: it is always an error", code.label())),
            Err(UnknownCodeError) => Err(match Code::nearest(text, Code::is_lint) {
                Some(meant) => format!("there is no such finding; did you mean `{}`?", meant.name()),
                None => "there is no such finding; `consentry help` lists all of them".to_owned(),
            }),
        }
    }
}

/// What shall be an error.
#[derive(Debug, Clone, Copy)]
enum Denied {
    Warnings,
    One(LintCode),
}

impl FromStr for Denied {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "warnings" => Ok(Denied::Warnings),
            code => code.parse().map(Denied::One),
        }
    }
}

/// How findings are written: the same ones, in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: drawn, and in colour on a terminal.
    Human,
    /// For people, in ASCII and without colour.
    Plain,
    /// For people who listen: sentences without drawings.
    Narrated,
    /// For programs.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For pull requests: annotations of GitHub Actions.
    Github,
}

/// How many findings people are shown; programs get all of them.
const MAX_SHOWN: usize = 200;

impl Lint {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let paths = files::below(&self.paths)?;
        let mut linted = self.lint(&paths, &Changes::default())?;
        let fixed = match self.fix {
            true => Some(fix::apply(&paths, &mut linted, |changes| self.lint(&paths, changes))?),
            false => None,
        };
        let all = || findings(&linted);
        let errors = all().filter(|(found, _)| found.severity() == Severity::Error).count();
        match self.format {
            Format::Json => json::Diagnostics::new(all()).policies(policies(&linted)).write(to)?,
            Format::Sarif => sarif::Log::new(all()).write(to)?,
            Format::Github => {
                for (found, files) in all() {
                    github::annotation(to, found, files)?;
                }
            }
            Format::Human => {
                let colour = render::colour(&std::io::stdout());
                people(to, &linted, errors, fixed, Reader::Human { colour })?;
            }
            Format::Plain => people(to, &linted, errors, fixed, Reader::Plain)?,
            Format::Narrated => people(to, &linted, errors, fixed, Reader::Narrated)?,
        }
        Ok(if errors == 0 { Status::Fine } else { Status::Findings })
    }

    /// What the command line says of findings. Where it contradicts itself, the strictest counts.
    fn levels(&self) -> Levels {
        let mut levels = Levels::default();
        for (codes, level) in [(&self.allow, Level::Off), (&self.warn, Level::Warning)] {
            codes.iter().for_each(|code| levels.set(code.0, level));
        }
        for denied in &self.deny {
            match denied {
                Denied::Warnings => levels.deny_warnings(),
                Denied::One(code) => levels.set(code.0, Level::Error),
            }
        }
        levels
    }

    /// Lints the files, as they are or as they would be.
    fn lint(&self, paths: &[PathBuf], changes: &Changes) -> Result<Vec<Linted>, Failure> {
        let levels = self.levels();
        let mut all = Vec::new();
        for path in paths {
            let (disk, name) = self.root.place(path)?;
            let linted = lint::lint(&changes.over(disk), &name, &levels);
            files::was_read(&linted)?;
            all.push(linted);
        }
        let included: HashSet<PathBuf> =
            all.iter().flat_map(|linted| files::included(&linted.files)).collect();
        for (path, linted) in paths.iter().zip(&mut all) {
            if linted.is_part && !included.contains(&files::real(path)) {
                linted.diagnostics.extend(lint::part_alone(&linted.files, &levels));
            }
        }
        join::join(&mut all);
        Ok(all)
    }
}

fn findings(linted: &[Linted]) -> impl Iterator<Item = (&Diagnostic, &Files)> {
    linted.iter().flat_map(|one| one.diagnostics.iter().map(|found| (found, &one.files)))
}

/// The policies that compile, each with its file.
fn policies(linted: &[Linted]) -> impl Iterator<Item = (&str, &Policy)> {
    linted.iter().filter_map(|one| Some((one.files.names().next()?, one.policy.as_deref()?)))
}

/// Prints the findings with their source text and their counts. `fixed` of them have been fixed.
fn people(
    to: &mut impl Write,
    linted: &[Linted],
    errors: usize,
    fixed: Option<usize>,
    reader: Reader,
) -> io::Result<()> {
    let all = findings(linted).count();
    for (diagnostic, files) in findings(linted).take(MAX_SHOWN) {
        to.write_all(render::diagnostic(diagnostic, files, reader).as_bytes())?;
    }
    if all > MAX_SHOWN {
        writeln!(to, "{} more are not shown", all - MAX_SHOWN)?;
    }
    to.write_all(render::more_about(findings(linted).next().map(|(found, _)| found)).as_bytes())?;
    if let Some(fixed) = fixed {
        writeln!(to, "{fixed} fixed")?;
        let left = findings(linted).filter(|(found, _)| found.fix.is_some()).count();
        if left > 0 {
            writeln!(to, "{left} can be fixed in files that are included, and not named here")?;
        }
    }
    for (file, policy) in policies(linted) {
        match fingerprint(policy) {
            Ok(fingerprint) => writeln!(to, "{}: {fingerprint}", visible(file))?,
            Err(error) => writeln!(to, "{}: no fingerprint: {error}", visible(file))?,
        }
    }
    let count = |count: usize, one, more| format!("{count} {}", if count == 1 { one } else { more });
    let parts = linted.iter().filter(|one| one.is_part).count();
    writeln!(
        to,
        "{} and {} checked: {}, {}",
        count(linted.len() - parts, "policy", "policies"),
        count(parts, "part", "parts"),
        count(errors, "error", "errors"),
        count(all - errors, "warning", "warnings")
    )
}
