//! `consentry lint`.

use super::render::{self, Reader};
use super::{Failure, Root, Status, files};
use clap::ValueEnum;
use consentry::analysis::fingerprint;
use consentry::diagnostic::{Code, Diagnostic, Files, Severity, visible};
use consentry::lint::{self, Levels, Linted};
use consentry::report::{github, json, sarif};
use consentry::{Disk, Level, Policy, Source, SourceError};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
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
    /// Do not report a finding, such as C507; this comes before what a policy says.
    #[arg(long, value_name = "CODE")]
    allow: Vec<LintCode>,
    /// Report a finding as a warning.
    #[arg(long, value_name = "CODE")]
    warn: Vec<LintCode>,
    /// Report a finding as an error; `warnings` stands for all that would be warnings.
    #[arg(long, value_name = "CODE|warnings")]
    deny: Vec<Denied>,
    /// Mend what can be mended without changing any decision, and report what is left.
    #[arg(long)]
    fix: bool,
}

/// A finding of lint.
#[derive(Debug, Clone, Copy)]
struct LintCode(Code);

impl FromStr for LintCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let code: Code = text.parse().map_err(|_| "there is no finding of this number".to_owned())?;
        match code.is_lint() {
            true => Ok(LintCode(code)),
            false => Err(format!("{code} keeps a policy from compiling: it is always an error")),
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
        let mut linted = self.lint(&paths, &BTreeMap::new())?;
        let fixed = if self.fix { Some(self.fix(&paths, &mut linted)?) } else { None };
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

    /// Lints the files, as they are or as `changed` has them by their real path.
    fn lint(&self, paths: &[PathBuf], changed: &BTreeMap<PathBuf, String>) -> Result<Vec<Linted>, Failure> {
        let levels = self.levels();
        let mut all = Vec::new();
        let mut included = HashSet::new();
        for path in paths {
            let (disk, name) = self.root.place(path)?;
            let linted = lint::lint(&Changed { disk, changed }, &name, &levels);
            files::was_read(&linted)?;
            included
                .extend(linted.files.names().skip(1).filter_map(|name| Path::new(name).canonicalize().ok()));
            all.push(linted);
        }
        for (path, linted) in paths.iter().zip(&mut all) {
            if linted.is_part && !path.canonicalize().is_ok_and(|path| included.contains(&path)) {
                linted.diagnostics.extend(lint::part_alone(&linted.files, &levels));
            }
        }
        join(&mut all);
        Ok(all)
    }

    /// Mends what can be mended, and gives how many findings that were; nothing is written unless every policy compiles
    /// and decides as before.
    fn fix(&self, paths: &[PathBuf], linted: &mut Vec<Linted>) -> Result<usize, Failure> {
        let mut changed: BTreeMap<PathBuf, String> = BTreeMap::new();
        let mut count = 0;
        // One fix may bring another to light; each takes text away or says it in fewer words, so that this ends.
        for _ in 0..MAX_ROUNDS {
            let mut edits = 0;
            for one in linted.iter() {
                for (file, fixed) in lint::edited(&one.files, &one.diagnostics) {
                    let name = one.files.name(file);
                    let path =
                        Path::new(name).canonicalize().map_err(|error| Failure::input(name, &error))?;
                    // Another policy may have changed the file in this round: the next one sees what is left.
                    if changed.get(&path).is_none_or(|text| text == one.files.text(file)) {
                        edits += fixed.count;
                        changed.insert(path, fixed.text);
                    }
                }
            }
            if edits == 0 {
                break;
            }
            let again = self.lint(paths, &changed)?;
            let is_same =
                linted.iter().zip(&again).all(|(before, after)| match (&before.policy, &after.policy) {
                    (Some(before), Some(after)) => lint::is_same(before, after),
                    (None, None) => true,
                    _ => false,
                });
            if !is_same {
                let message = "a fix would change what a policy decides, so that nothing was written: this is a bug of consentry, please report it";
                return Err(Failure::Other(message.into()));
            }
            *linted = again;
            count += edits;
        }
        for (path, text) in &changed {
            files::replace(path, text).map_err(|error| Failure::output(path, &error))?;
        }
        Ok(count)
    }
}

/// How often findings are mended before the rest is left for another run.
const MAX_ROUNDS: usize = 10;

/// Where a finding stands, by the name of the file.
type Place = (Code, String, Range<usize>);

fn place(files: &Files, found: &Diagnostic) -> Option<Place> {
    found.span().map(|span| (found.code, files.name(span.file).to_owned(), span.range()))
}

/// Says what is wrong in a file that several policies include once, and that something is of no use only where none of them
/// uses it.
fn join(all: &mut [Linted]) {
    // How many policies find something, and how many have the file.
    let mut found_by: HashMap<Place, usize> = HashMap::new();
    let mut read_by: HashMap<String, usize> = HashMap::new();
    // A policy with mistakes may use what it includes: it counts among those that have the file.
    for linted in all.iter().filter(|linted| !linted.is_part) {
        let about_use = linted.diagnostics.iter().filter(|found| lint::is_about_use(found.code));
        for place in about_use.filter_map(|found| place(&linted.files, found)) {
            *found_by.entry(place).or_default() += 1;
        }
        for name in linted.files.names() {
            *read_by.entry(name.to_owned()).or_default() += 1;
        }
    }
    let mut said = HashSet::new();
    for linted in all {
        let Linted { diagnostics, files, .. } = linted;
        diagnostics.retain(|found| {
            let Some(place) = place(files, found) else { return true };
            let everywhere = || found_by.get(&place) == read_by.get(&place.1);
            (!lint::is_about_use(found.code) || everywhere()) && said.insert((place, found.message.clone()))
        });
    }
}

/// The files of the disk, but for those that are changed and not written yet.
struct Changed<'c> {
    disk: Disk,
    changed: &'c BTreeMap<PathBuf, String>,
}

impl Source for Changed<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        // The disk says first whether the file may be read at all.
        let bytes = self.disk.read(path)?;
        let changed = Path::new(&self.disk.display(path)).canonicalize().ok();
        match changed.and_then(|path| self.changed.get(&path)) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Ok(bytes),
        }
    }

    fn display(&self, path: &str) -> String {
        self.disk.display(path)
    }
}

fn findings(linted: &[Linted]) -> impl Iterator<Item = (&Diagnostic, &Files)> {
    linted.iter().flat_map(|one| one.diagnostics.iter().map(|found| (found, &one.files)))
}

/// The policies that compile, each with its file.
fn policies(linted: &[Linted]) -> impl Iterator<Item = (&str, &Policy)> {
    linted.iter().filter_map(|one| Some((one.files.names().next()?, one.policy.as_deref()?)))
}

/// The findings with their source text, and how many there are of what; `fixed` have been mended.
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
        writeln!(to, "{fixed} mended")?;
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
