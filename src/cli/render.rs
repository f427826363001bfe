//! Diagnostics for people, with source excerpts, in each of the ways in which people read.

use super::format::Format;
use consentry::diagnostic::{Diagnostic, Files, visible};
use miette::{GraphicalReportHandler, GraphicalTheme, NarratableReportHandler};
use std::ffi::OsStr;
use std::io::IsTerminal;

/// The width of drawings, which is the same in files, tests and terminals.
const WIDTH: usize = 100;

/// How many findings people are shown; programs get all of them.
const MAX_SHOWN: usize = 200;

/// One diagnostic, with an empty line after it.
fn diagnostic(diagnostic: &Diagnostic, files: &Files, format: Format, colour: bool) -> String {
    let report = files.report(diagnostic);
    let mut text = String::new();
    let mut draw = |theme| {
        let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
        handler.render_report(&mut text, &report)
    };
    let rendered = match format {
        // Only what the author wrote can have other characters than ASCII.
        Format::Plain => draw(GraphicalTheme::none()),
        // Sentences for screen readers.
        Format::Narrated => {
            let mut handler = NarratableReportHandler::new();
            if let Some(span) = diagnostic.span() {
                // As editors take it, and unlike the column of a snippet, which shows a part of a long line.
                let place = format!("{}:{}", visible(&files.place(span)), files.position(span).column);
                handler = handler.with_footer(format!("diagnostic place: {place}"));
            }
            handler.render_report(&mut text, &report)
        }
        _ if colour => draw(GraphicalTheme::unicode()),
        _ => draw(GraphicalTheme::unicode_nocolor()),
    };
    match rendered {
        Ok(()) => text + "\n",
        // The message alone is better than nothing.
        Err(_) => format!("{}: {}\n", diagnostic.code.label(), visible(&diagnostic.message)),
    }
}

/// Draws findings, and says where to read more about them.
pub(super) fn diagnostics<'d>(
    findings: impl Iterator<Item = (&'d Diagnostic, &'d Files)> + Clone,
    format: Format,
    colour: bool,
) -> String {
    let shown = findings.clone().take(MAX_SHOWN);
    let mut text: String = shown.map(|(found, files)| diagnostic(found, files, format, colour)).collect();
    let more = findings.clone().skip(MAX_SHOWN).count();
    if more > 0 {
        text.push_str(&format!("{more} more are not shown\n"));
    }
    if let Some((found, _)) = findings.clone().next() {
        text.push_str(&format!("more about a finding: `consentry help {}`\n", found.code.name()));
    }
    text
}

/// All mistakes of a policy, and what comes of them, for standard error.
pub(super) fn mistakes(mistakes: &[Diagnostic], files: &Files, outcome: &str) -> String {
    let findings = mistakes.iter().map(|mistake| (mistake, files));
    let mut text = diagnostics(findings, Format::Human, colour(&std::io::stderr()));
    let errors = if mistakes.len() == 1 { "error" } else { "errors" };
    text.push_str(&format!("consentry: {}: {} {errors}\n", visible(outcome), mistakes.len()));
    text
}

/// Whether to use colour: a person watches, and has not asked for none (see no-color.org).
pub(super) fn colour(to: &impl IsTerminal) -> bool {
    wanted(to.is_terminal(), std::env::var_os("NO_COLOR").as_deref())
}

fn wanted(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::wanted;
    use std::ffi::OsStr;

    #[test]
    fn no_color_is_honoured() {
        assert!(wanted(true, None) && wanted(true, Some(OsStr::new(""))));
        assert!(!wanted(true, Some(OsStr::new("1"))) && !wanted(false, None));
    }
}
