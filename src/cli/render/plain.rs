//! The same drawing in ASCII and without colour, for mail, old terminals and whatever else knows no more. Only what the author
//! wrote can have other characters.

use super::human::draw;
use consentry::diagnostic::Report;
use miette::GraphicalTheme;
use std::fmt;

pub(super) fn render(report: &Report) -> Result<String, fmt::Error> {
    draw(report, GraphicalTheme::none())
}
