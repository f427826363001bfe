//! The findings that there are.

use super::json::VERSION;
use super::page::{Column, Document, Grid, Page};
use crate::diagnostic::{Code, Severity};
use serde::Serialize;

/// The result of `help` about findings.
#[derive(Debug, Serialize)]
pub struct HelpReport {
    v: u32,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    code: String,
    name: &'static str,
    severity: Severity,
    sentence: &'static str,
    /// Markdown with examples.
    page: &'static str,
}

impl HelpReport {
    /// Creates the report of some findings.
    pub fn new(codes: &[Code]) -> Self {
        let findings = codes.iter().map(|code| Finding {
            code: code.to_string(),
            name: code.name(),
            severity: code.severity(),
            sentence: code.sentence(),
            page: code.page(),
        });
        HelpReport { v: VERSION, findings: findings.collect() }
    }
}

impl Document for HelpReport {
    fn add_to(&self, page: &mut Page) {
        let rows = self.findings.iter().map(|one| [one.name, &one.code, one.severity.as_str(), one.sentence]);
        let columns = [Column::default(), Column::default(), Column::wide(7), Column::default()];
        page.table(Grid::new(columns).with(rows));
    }
}
