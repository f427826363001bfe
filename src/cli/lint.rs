//! `consentry lint`.

use super::{Failure, Format, Root, Status, files, render};
use consentry::diagnostic::{Code, Severity};
use consentry::lint::{Linted, part_alone};
use consentry::report::json;
use std::collections::HashSet;
use std::io::Write;
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
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How many findings people are shown; programs get all of them.
const MAX_SHOWN: usize = 200;

impl Lint {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let paths = files::below(&self.paths)?;
        let linted = self.lint(&paths)?;
        let all = || linted.iter().flat_map(|one| one.diagnostics.iter().map(|found| (found, &one.files)));
        let errors = all().filter(|(found, _)| found.severity() == Severity::Error).count();
        match self.format {
            Format::Json => json::Diagnostics::new(all()).write(to)?,
            Format::Human => {
                let colour = render::colour(&std::io::stdout());
                for (diagnostic, files) in all().take(MAX_SHOWN) {
                    to.write_all(render::diagnostic(diagnostic, files, colour).as_bytes())?;
                }
                if all().count() > MAX_SHOWN {
                    writeln!(to, "{} more are not shown", all().count() - MAX_SHOWN)?;
                }
                to.write_all(render::more_about(all().next().map(|(found, _)| found)).as_bytes())?;
                let count =
                    |count: usize, one, more| format!("{count} {}", if count == 1 { one } else { more });
                let parts = linted.iter().filter(|one| one.is_part).count();
                writeln!(
                    to,
                    "{} and {} checked: {}, {}",
                    count(linted.len() - parts, "policy", "policies"),
                    count(parts, "part", "parts"),
                    count(errors, "error", "errors"),
                    count(all().count() - errors, "warning", "warnings")
                )?;
            }
        }
        Ok(if errors == 0 { Status::Fine } else { Status::Findings })
    }

    fn lint(&self, paths: &[PathBuf]) -> Result<Vec<Linted>, Failure> {
        let mut all = Vec::new();
        // What is wrong in a file that several policies include is said once.
        let mut said = HashSet::new();
        let mut included = HashSet::new();
        for path in paths {
            let (disk, name) = self.root.place(path)?;
            let mut linted = consentry::lint::lint(&disk, &name);
            let unread = |code| matches!(code, Code::Unreadable | Code::OutsideRoot);
            if let Some(found) =
                linted.diagnostics.iter().find(|found| unread(found.code) && found.span().is_none())
            {
                return Err(Failure::Other(found.message.clone()));
            }
            let files = &linted.files;
            linted.diagnostics.retain(|found| {
                let place = found.span().map(|span| (files.name(span.file).to_owned(), span.range()));
                place.is_none() || said.insert((found.code, place, found.message.clone()))
            });
            included.extend(files.names().skip(1).filter_map(|name| Path::new(name).canonicalize().ok()));
            all.push(linted);
        }
        for (path, linted) in paths.iter().zip(&mut all) {
            if linted.is_part && !path.canonicalize().is_ok_and(|path| included.contains(&path)) {
                linted.diagnostics.extend(part_alone(&linted.files));
            }
        }
        Ok(all)
    }
}
