//! The layout of policy files.

use super::json::VERSION;
use super::lint::DiagnosticReport;
use super::page::{Document, Page};
use crate::diagnostic::{Diagnostic, Files};
use serde::Serialize;

/// The result of `fmt` for one file.
///
/// The document is written by [`json::write_escaped`](super::json::write_escaped). The page leaves out errors, for which there are printers of their own.
#[derive(Debug, Serialize)]
pub struct FmtReport<'a> {
    v: u32,
    file: &'a str,
    /// True if the file had its canonical layout.
    formatted: bool,
    diff: Option<&'a str>,
    mistakes: Vec<DiagnosticReport<'a>>,
}

impl<'a> FmtReport<'a> {
    /// Creates the report of a file, with a diff if one was asked for.
    pub fn new(file: &'a str, formatted: bool, diff: Option<&'a str>) -> Self {
        FmtReport { v: VERSION, file, formatted, diff, mistakes: Vec::new() }
    }

    /// Creates the report of a file with errors, which has no canonical layout.
    pub fn with_errors(file: &'a str, errors: &'a [Diagnostic], files: &'a Files) -> Self {
        let mistakes = errors.iter().map(|error| DiagnosticReport::new(error, files)).collect();
        FmtReport { mistakes, ..FmtReport::new(file, false, None) }
    }
}

impl Document for FmtReport<'_> {
    fn add_to(&self, page: &mut Page) {
        if !self.formatted && self.mistakes.is_empty() {
            page.paragraph(self.file);
        }
    }
}
