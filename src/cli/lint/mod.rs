//! `consentry lint`: the findings about each policy, listed once for all of them, and fixed.

mod fix;

use super::files::{self, NamedFile};
use super::format::Format;
use super::render;
use super::shared::{Result, Root, Status};
use consentry::diagnostic::{Code, UnknownCodeError};
use consentry::lint::{self, Levels, Linted};
use consentry::model::Level;
use consentry::report::lint::LintReport;
use consentry::report::page::Document;
use consentry::report::{github, json, sarif, text};
use fix::Changes;
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
    #[arg(long, value_parser = Format::among(&FORMATS), default_value = "human")]
    format: Format,
    /// Do not report a finding, such as unmapped-destination or C507; this comes before what a policy says.
    #[arg(long, value_name = "FINDING", value_parser = lint_code)]
    allow: Vec<Code>,
    /// Report a finding as a warning.
    #[arg(long, value_name = "FINDING", value_parser = lint_code)]
    warn: Vec<Code>,
    /// Report a finding as an error; `warnings` stands for all that would be warnings.
    #[arg(long, value_name = "FINDING|warnings", value_parser = denied)]
    deny: Vec<Option<Code>>,
    /// Fix what can be fixed without changing any decision, and report what is left.
    #[arg(long)]
    fix: bool,
}

fn lint_code(text: &str) -> Result<Code, String> {
    match text.parse::<Code>() {
        Ok(code) if code.is_lint() => Ok(code),
        Ok(code) => Err(format!("{} prevents compilation: it is always an error", code.label())),
        Err(UnknownCodeError) => Err(match Code::nearest(text, Code::is_lint) {
            Some(meant) => format!("there is no such finding; did you mean `{}`?", meant.name()),
            None => "there is no such finding; `consentry help` lists all of them".to_owned(),
        }),
    }
}

/// Returns a finding, or `None` for all warnings.
fn denied(text: &str) -> Result<Option<Code>, String> {
    if text == "warnings" { Ok(None) } else { lint_code(text).map(Some) }
}

const FORMATS: [Format; 6] =
    [Format::Human, Format::Plain, Format::Narrated, Format::Json, Format::Sarif, Format::Github];

impl Lint {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let named = files::below(&self.paths)?;
        let mut linted = self.lint(&named, &Changes::default())?;
        let fix = || fix::apply(&named, &mut linted, |changes| self.lint(&named, changes));
        let fixed = self.fix.then(fix).transpose()?;
        let findings =
            || linted.iter().flat_map(|one| one.diagnostics.iter().map(|found| (found, &one.files)));
        let mut report = LintReport::of(&linted);
        if let Some(fixed) = fixed {
            report = report.with_fixed(fixed);
        }
        match self.format {
            Format::Json => json::write_escaped(to, &report)?,
            Format::Sarif => json::write(to, &sarif::Log::new(findings()))?,
            Format::Github => {
                findings().try_for_each(|(found, files)| github::annotation(to, found, files))?;
            }
            _ => {
                let colour = render::colour(&io::stdout());
                to.write_all(render::diagnostics(findings(), self.format, colour).as_bytes())?;
                text::write(to, &report.page())?;
            }
        }
        Ok(Status::fine_if(report.errors() == 0))
    }

    /// What the command line says of findings. Where it contradicts itself, the strictest counts.
    fn levels(&self) -> Levels {
        let mut levels = Levels::default();
        for (codes, level) in [(&self.allow, Level::Off), (&self.warn, Level::Warning)] {
            codes.iter().for_each(|code| levels.set(*code, level));
        }
        for denied in &self.deny {
            match denied {
                None => levels.deny_warnings(),
                Some(code) => levels.set(*code, Level::Error),
            }
        }
        levels
    }

    /// Lints the files, as they are or as they would be.
    fn lint(&self, named: &[NamedFile], changes: &Changes) -> Result<Vec<Linted>> {
        let levels = self.levels();
        let mut all = Vec::new();
        for file in named {
            let (disk, name) = file.place(&self.root)?;
            let linted = lint::lint(&changes.over(disk), &name, &levels);
            files::was_read(&linted)?;
            all.push(linted);
        }
        let included: HashSet<PathBuf> =
            all.iter().flat_map(|linted| files::included(&linted.files)).collect();
        for (file, linted) in named.iter().zip(&mut all) {
            if linted.is_part && !included.contains(&files::real(&file.path)) {
                linted.diagnostics.extend(lint::part_alone(&linted.files, &levels));
            }
        }
        lint::dedup(&mut all, |name| files::real(Path::new(name)));
        Ok(all)
    }
}
