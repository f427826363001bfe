//! Why a policy does not compile.

use crate::diagnostic::{Code, Diagnostic, Files, Report, visible};
use crate::source::SourceError;
use std::fmt;
use std::path::Path;

/// Everything that keeps a policy from compiling, from one run.
///
/// It is a [`miette::Diagnostic`], so that a `miette` handler renders each mistake with its excerpt; [`fmt::Display`] gives
/// one line per mistake. Neither lets through what would steer a terminal.
#[derive(Debug)]
pub struct PolicyError {
    diagnostics: Vec<Diagnostic>,
    reports: Vec<Report>,
    files: Files,
}

impl PolicyError {
    pub(super) fn new(diagnostics: Vec<Diagnostic>, files: Files) -> Self {
        let reports = diagnostics.iter().map(|diagnostic| files.report(diagnostic)).collect();
        PolicyError { diagnostics, reports, files }
    }

    /// The error of a policy file that cannot be had at all.
    pub(super) fn cannot_read(path: &Path, error: &SourceError) -> Self {
        let name = path.display().to_string();
        let found = Diagnostic::new(Code::CannotReadFile, format!("cannot read `{name}`: {error}"));
        let found = found.help("name a policy file that can be read");
        PolicyError::new(vec![found], Files::of(&name, ""))
    }

    /// The mistakes, by file and place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The mistakes with their source text, for `miette` to render one by one.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// The files that were read.
    pub fn files(&self) -> &Files {
        &self.files
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy does not compile")?;
        for diagnostic in &self.diagnostics {
            writeln!(f)?;
            if let Some(span) = diagnostic.span() {
                let position = self.files.position(span);
                let name = visible(self.files.name(span.file));
                write!(f, "{name}:{}:{}: ", position.line, position.column)?;
            }
            write!(f, "{}: {}", diagnostic.code.label(), visible(&diagnostic.message))?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

impl miette::Diagnostic for PolicyError {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(self.reports.iter().map(|report| report as &dyn miette::Diagnostic)))
    }
}
