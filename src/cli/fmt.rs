//! `consentry fmt`.

use super::format::ResultFormat;
use super::shared::{CliError, Result, Status, beside, cannot_read, print_error};
use super::{files, render};
use consentry::diagnostic::{Diagnostic, Files, visible};
use consentry::format::FormatError;
use consentry::report::fmt::FmtReport;
use consentry::report::json;
use consentry::source::Source;
use consentry::syntax::{MAX_FILE_BYTES, text_of};
use similar::TextDiff;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Write policies in their one canonical layout, and name the files that changed.
///
/// A folder stands for every .consent file below it. Files are rewritten in place; standard input is written to standard
/// output. A file with mistakes is left as it is. A file whose lines all end with CRLF keeps that. Exit status: 0 fine, 1 mistakes, or with --check and --diff a file that is
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
    #[command(flatten)]
    format: ResultFormat,
}

/// How long shorter diffs are looked for; very large texts of which everything changes have many.
const DIFF_TIME: Duration = Duration::from_secs(2);

/// What standard input is called.
const STDIN: &str = "standard input";

impl Fmt {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        if self.paths.is_empty() && io::stdin().is_terminal() {
            return Err("name policy files or folders, or `-` for standard input".into());
        }
        let is_stdin = |path: &PathBuf| path == Path::new("-");
        if self.paths.iter().all(is_stdin) {
            return self.stdin(to);
        }
        if self.paths.iter().any(is_stdin) {
            return Err("standard input is formatted alone, without files beside it".into());
        }
        let mut is_fine = true;
        for file in files::below(&self.paths)? {
            is_fine &= self.file(&file.path, to)? == Status::Fine;
        }
        Ok(Status::fine_if(is_fine))
    }

    fn is_dry(&self) -> bool {
        self.check || self.diff
    }

    fn stdin(&self, to: &mut impl Write) -> Result<Status> {
        if self.format.is_json() && !self.is_dry() {
            let message = "standard input is written to standard output; for `--format json` name files, or add --check";
            return Err(message.into());
        }
        let mut bytes = Vec::new();
        let mut limited = io::stdin().lock().take(MAX_FILE_BYTES as u64 + 1);
        limited.read_to_end(&mut bytes).map_err(CliError::input(STDIN))?;
        let layout = layout(STDIN, bytes)?;
        if let (Ok((_, formatted)), false) = (&layout, self.is_dry()) {
            to.write_all(formatted.as_bytes())?;
            return Ok(Status::Fine);
        }
        self.report(STDIN, &layout, to)
    }

    fn file(&self, path: &Path, to: &mut impl Write) -> Result<Status> {
        let (disk, name) = beside(path)?;
        let shown = path.display().to_string();
        let bytes = disk.read(&name).map_err(|error| cannot_read(path, &error))?;
        let layout = layout(&shown, bytes)?;
        if let Ok((text, formatted)) = &layout
            && !self.is_dry()
            && text != formatted
        {
            files::update(path, text, formatted).map_err(CliError::output(path))?;
        }
        self.report(&shown, &layout, to)
    }

    /// Reports what has changed, or would.
    fn report(&self, name: &str, layout: &Layout, to: &mut impl Write) -> Result<Status> {
        let (text, formatted) = match layout {
            Ok(texts) => texts,
            Err((mistakes, files)) => {
                if self.format.is_json() {
                    json::write_escaped(to, &FmtReport::with_errors(name, mistakes, files))?;
                } else {
                    let drawn = render::mistakes(mistakes, files, &format!("`{name}` is not formatted"));
                    print_error(&drawn);
                }
                return Ok(Status::Findings);
            }
        };
        let is_same = text == formatted;
        let diff = (self.diff && !is_same).then(|| diff(&visible(name), text, formatted));
        let report = FmtReport::new(name, is_same, diff.as_deref());
        match &diff {
            Some(diff) if !self.format.is_json() => to.write_all(diff.as_bytes())?,
            _ => self.format.write_escaped(to, &report)?,
        }
        Ok(Status::fine_if(is_same || !self.is_dry()))
    }
}

fn diff(name: &str, text: &str, formatted: &str) -> String {
    let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(text, formatted);
    diff.unified_diff().header(name, name).to_string()
}

/// A text and its canonical layout, or the errors of a text that has none.
type Layout = Result<(String, String), (Vec<Diagnostic>, Files)>;

fn layout(name: &str, bytes: Vec<u8>) -> Result<Layout> {
    let text = match text_of(name, bytes) {
        Ok(text) => text,
        Err(mistake) => return Ok(Err((vec![mistake], Files::default()))),
    };
    match consentry::format::format(&text) {
        Ok(formatted) => {
            let formatted = files::with_line_ends_of(&text, formatted);
            Ok(Ok((text, formatted)))
        }
        Err(FormatError::Mistakes(mistakes)) => Ok(Err((mistakes, Files::of(name, &text)))),
        Err(error) => Err(format!("`{name}`: {error}").into()),
    }
}
