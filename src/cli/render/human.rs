//! Drawn with lines and, where a person watches, with colour.

use super::WIDTH;
use consentry::diagnostic::Report;
use miette::{GraphicalReportHandler, GraphicalTheme};
use std::fmt;

pub(super) fn render(report: &Report, colour: bool) -> Result<String, fmt::Error> {
    draw(report, if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() })
}

pub(super) fn draw(report: &Report, theme: GraphicalTheme) -> Result<String, fmt::Error> {
    let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
    let mut text = String::new();
    handler.render_report(&mut text, report)?;
    Ok(text)
}
