//! Findings about policies.

use super::json::VERSION;
use super::names;
use super::page::{Document, Page};
use crate::diagnostic::{Diagnostic, Files, Position, Severity, Span};
#[cfg(feature = "lint")]
use crate::exact::fingerprint;
#[cfg(feature = "lint")]
use crate::lint::Linted;
#[cfg(feature = "lint")]
use crate::model::Policy;
use serde::Serialize;

/// The result of `lint`: findings in any number of files.
///
/// The document is written by [`json::write_escaped`](super::json::write_escaped). The page sums the findings up, for which there are printers of their own.
#[derive(Debug, Serialize)]
pub struct LintReport<'a> {
    v: u32,
    policies: Vec<PolicyReport<'a>>,
    diagnostics: Vec<DiagnosticReport<'a>>,
    /// How many policies and parts of policies were checked.
    #[serde(skip)]
    checked: [usize; 2],
    #[serde(skip)]
    fixed: Option<usize>,
}

#[derive(Debug, Serialize)]
struct PolicyReport<'a> {
    file: &'a str,
    policy: &'a str,
    /// `null` for a policy without one.
    fingerprint: Option<String>,
    #[serde(skip)]
    text: String,
}

/// A finding.
#[derive(Debug, Serialize)]
pub(super) struct DiagnosticReport<'a> {
    code: String,
    name: &'static str,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    places: Vec<LabelReport<'a>>,
    fix: Option<FixReport<'a>>,
}

#[derive(Debug, Serialize)]
struct FixReport<'a> {
    title: &'a str,
    edits: Vec<EditReport<'a>>,
}

#[derive(Debug, Serialize)]
struct EditReport<'a> {
    #[serde(flatten)]
    place: Range<'a>,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct LabelReport<'a> {
    #[serde(flatten)]
    place: Range<'a>,
    label: &'a str,
}

#[derive(Debug, Serialize)]
struct Range<'a> {
    file: &'a str,
    start: Place,
    end: Place,
}

#[derive(Debug, Serialize)]
struct Place {
    line: usize,
    column: usize,
    offset: usize,
}

impl<'a> LintReport<'a> {
    /// Creates the report from each diagnostic and the files it points into.
    pub fn new(diagnostics: impl Iterator<Item = (&'a Diagnostic, &'a Files)>) -> Self {
        LintReport {
            v: VERSION,
            policies: Vec::new(),
            diagnostics: diagnostics.map(|(found, files)| DiagnosticReport::new(found, files)).collect(),
            checked: [0; 2],
            fixed: None,
        }
    }

    /// Creates the report of files that were linted.
    #[cfg(feature = "lint")]
    pub fn of(linted: &'a [Linted]) -> Self {
        let found = linted.iter().flat_map(|one| one.diagnostics.iter().map(|found| (found, &one.files)));
        let compiled =
            linted.iter().filter_map(|one| Some((one.files.names().next()?, one.policy.as_deref()?)));
        let parts = linted.iter().filter(|one| one.is_part).count();
        LintReport {
            policies: compiled.map(|(file, policy)| PolicyReport::new(file, policy)).collect(),
            checked: [linted.len() - parts, parts],
            ..LintReport::new(found)
        }
    }

    /// Adds how many findings have been fixed.
    #[must_use]
    pub fn with_fixed(mut self, fixed: usize) -> Self {
        self.fixed = Some(fixed);
        self
    }

    /// Returns how many findings are errors.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
    }
}

#[cfg(feature = "lint")]
impl<'a> PolicyReport<'a> {
    fn new(file: &'a str, policy: &'a Policy) -> Self {
        let (fingerprint, text) = match fingerprint(policy) {
            Ok(fingerprint) => (Some(fingerprint.to_string()), fingerprint.to_string()),
            Err(error) => (None, format!("no fingerprint: {error}")),
        };
        PolicyReport { file, policy: policy.name(), fingerprint, text }
    }
}

impl<'a> DiagnosticReport<'a> {
    pub(super) fn new(diagnostic: &'a Diagnostic, files: &'a Files) -> Self {
        let labels = diagnostic.labels.iter();
        DiagnosticReport {
            code: diagnostic.code.to_string(),
            name: diagnostic.code.name(),
            severity: diagnostic.severity,
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            places: labels
                .map(|label| LabelReport { place: Range::new(files, label.span), label: &label.text })
                .collect(),
            fix: diagnostic.fix.as_ref().map(|fix| {
                let edits = fix.edits.iter();
                let edits =
                    edits.map(|edit| EditReport { place: Range::new(files, edit.span), text: &edit.text });
                FixReport { title: &fix.title, edits: edits.collect() }
            }),
        }
    }
}

impl<'a> Range<'a> {
    fn new(files: &'a Files, span: Span) -> Self {
        let place = |at: Position, offset| Place { line: at.line, column: at.column, offset };
        Range {
            file: files.name(span.file),
            start: place(files.position(span), span.start),
            end: place(files.end_position(span), span.end),
        }
    }
}

impl Document for LintReport<'_> {
    fn add_to(&self, page: &mut Page) {
        if let Some(fixed) = self.fixed {
            page.paragraph(format!("{fixed} fixed"));
            let left = self.diagnostics.iter().filter(|found| found.fix.is_some()).count();
            if left > 0 {
                page.paragraph(format!("{left} can be fixed in files that are included, and not named here"));
            }
        }
        for policy in &self.policies {
            page.paragraph(format!("{}: {}", policy.file, policy.text));
        }
        let ([policies, parts], errors) = (self.checked, self.errors());
        page.paragraph(format!(
            "{} and {} checked: {}, {}",
            names::counted(policies, "policy", "policies"),
            names::counted(parts, "part", "parts"),
            names::counted(errors, "error", "errors"),
            names::counted(self.diagnostics.len() - errors, "warning", "warnings")
        ));
    }
}
