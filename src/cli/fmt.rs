//! `consentry fmt`.

use super::shared::{CliError, Status};
use super::{files, render};
use consentry::FormatError;
use consentry::diagnostic::{Files, visible};
use consentry::syntax::{MAX_FILE_BYTES, text_of};
use consentry::{Disk, Source};
use similar::TextDiff;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Write policies in their one canonical layout, and name the files that changed.
///
/// A folder stands for every .consent file below it. Files are rewritten in place; standard input is written to standard
/// output. A file with mistakes is left as it is. Exit status: 0 fine, 1 mistakes, or with --check and --diff a file that is
/// not formatted, 2 a path that cannot be read or written.
#[derive(clap::Args)]
pub(super) struct Fmt {
    /// Policy files, or folders of them [default, and `-`: standard input].
    paths: Vec<PathBuf>,
    /// Write nothing, and name the files that would change.
    #[arg(long)]
    check: bool,
    /// Write nothing, and show what would change.
    #[arg(long)]
    diff: bool,
}

/// How long shorter diffs are looked for; very large texts of which everything changes have many.
const DIFF_TIME: Duration = Duration::from_secs(2);

/// What standard input is called.
const STDIN: &str = "standard input";

impl Fmt {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        if self.paths.is_empty() && io::stdin().is_terminal() {
            return Err(CliError::Other("name policy files or folders, or `-` for standard input".into()));
        }
        let is_stdin = |path: &PathBuf| path == Path::new("-");
        if self.paths.iter().all(is_stdin) {
            return self.stdin(to);
        }
        if self.paths.iter().any(is_stdin) {
            return Err(CliError::Other("standard input is formatted alone, without files beside it".into()));
        }
        let mut status = Status::Fine;
        for path in files::below(&self.paths)? {
            if self.file(&path, to)? == Status::Findings {
                status = Status::Findings;
            }
        }
        Ok(status)
    }

    fn stdin(&self, to: &mut impl Write) -> Result<Status, CliError> {
        let mut bytes = Vec::new();
        let mut limited = io::stdin().lock().take(MAX_FILE_BYTES as u64 + 1);
        limited.read_to_end(&mut bytes).map_err(|error| CliError::input(STDIN, &error))?;
        let Some((text, formatted)) = formatted(STDIN, bytes)? else { return Ok(Status::Findings) };
        if self.check || self.diff {
            return self.report(STDIN, &text, &formatted, to);
        }
        to.write_all(formatted.as_bytes())?;
        Ok(Status::Fine)
    }

    fn file(&self, path: &Path, to: &mut impl Write) -> Result<Status, CliError> {
        let (disk, name) = Disk::beside(path);
        let shown = path.display().to_string();
        let bytes =
            disk.read(&name).map_err(|error| CliError::Other(format!("cannot read `{shown}`: {error}")))?;
        let Some((text, formatted)) = formatted(&shown, bytes)? else { return Ok(Status::Findings) };
        if self.check || self.diff {
            return self.report(&shown, &text, &formatted, to);
        }
        if text != formatted {
            files::replace(path, &formatted).map_err(|error| CliError::output(path, &error))?;
            writeln!(to, "{}", visible(&shown))?;
        }
        Ok(Status::Fine)
    }

    /// What would change.
    fn report(
        &self,
        name: &str,
        text: &str,
        formatted: &str,
        to: &mut impl Write,
    ) -> Result<Status, CliError> {
        if text == formatted {
            return Ok(Status::Fine);
        }
        let name = visible(name);
        if self.diff {
            let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(text, formatted);
            diff.unified_diff().header(&name, &name).to_writer(to)?;
        } else {
            writeln!(to, "{name}")?;
        }
        Ok(Status::Findings)
    }
}

/// A text, and the same formatted; `None` when it has mistakes, which are told.
fn formatted(name: &str, bytes: Vec<u8>) -> Result<Option<(String, String)>, CliError> {
    let (mistakes, files) = match text_of(name, bytes) {
        Err(mistake) => (vec![mistake], Files::default()),
        Ok(text) => match consentry::format(&text) {
            Ok(formatted) => return Ok(Some((text, formatted))),
            Err(FormatError::Mistakes(mistakes)) => (mistakes, Files::of(name, &text)),
            Err(error) => return Err(CliError::Other(format!("`{name}`: {error}"))),
        },
    };
    let outcome = format!("`{name}` is not formatted");
    // There is nowhere left to say that standard error is closed.
    let _ = io::stderr().write_all(render::mistakes(&mistakes, &files, &outcome).as_bytes());
    Ok(None)
}
