//! `consentry lint`.

use super::{Failure, Format, Root, Status, render};
use consentry::diagnostic::{Diagnostic, Files, Severity};
use consentry::report::json;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Parse and check policies, and report what is questionable about them.
///
/// A folder stands for every .consent file below it. A file without a `policy` line is a part of others: alone, only its
/// syntax is checked. Exit status: 0 fine or warnings only, 1 errors, 2 a path that cannot be read.
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

impl Lint {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let mut paths = Vec::new();
        for path in &self.paths {
            collect(path, &mut paths)?;
        }
        let mut found: Vec<(Diagnostic, Files)> = Vec::new();
        // Files that several policies include are looked at each time; what is wrong in them is said once.
        let mut said = HashSet::new();
        for path in &paths {
            let (disk, name) = self.root.place(path)?;
            let linted = consentry::lint::lint(&disk, &name);
            for diagnostic in linted.diagnostics {
                let place =
                    diagnostic.span().map(|span| (linted.files.name(span.file).to_owned(), span.range()));
                if place.is_none() || said.insert((diagnostic.code, place, diagnostic.message.clone())) {
                    found.push((diagnostic, linted.files.clone()));
                }
            }
        }
        let errors = found.iter().filter(|(diagnostic, _)| diagnostic.severity() == Severity::Error).count();
        match self.format {
            Format::Json => {
                json::Diagnostics::new(found.iter().map(|(diagnostic, files)| (diagnostic, files)))
                    .write(to)?;
            }
            Format::Human => {
                let colour = render::colour(&std::io::stdout());
                for (diagnostic, files) in &found {
                    to.write_all(render::diagnostic(diagnostic, files, colour).as_bytes())?;
                }
                let count =
                    |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
                let warnings = found.len() - errors;
                writeln!(
                    to,
                    "{} checked: {}, {}",
                    count(paths.len(), "file"),
                    count(errors, "error"),
                    count(warnings, "warning")
                )?;
            }
        }
        Ok(if errors == 0 { Status::Fine } else { Status::Findings })
    }
}

/// The files that a path stands for, in a stable order.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| Failure::input(&path.display().to_string(), &error);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        into.push(path.to_owned());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder is not followed: it may lead back here.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "consent") {
            into.push(path);
        }
    }
    Ok(())
}
