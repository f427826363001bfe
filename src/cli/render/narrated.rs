//! Sentences without drawings, for screen readers and braille.

use consentry::diagnostic::Report;
use miette::NarratableReportHandler;
use std::fmt;

/// `place` is exact, which a column of the snippet is not: of a long line it shows a part, and a tab as several spaces.
pub(super) fn render(report: &Report, place: Option<String>) -> Result<String, fmt::Error> {
    let mut handler = NarratableReportHandler::new();
    if let Some(place) = place {
        handler = handler.with_footer(format!("diagnostic place: {place}"));
    }
    let mut text = String::new();
    handler.render_report(&mut text, report)?;
    Ok(text)
}
