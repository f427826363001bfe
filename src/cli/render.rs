//! Diagnostics for people, with source excerpts.

use consentry::PolicyError;
use consentry::diagnostic::{Diagnostic, Files};
use miette::{GraphicalReportHandler, GraphicalTheme};
use std::io::IsTerminal;

/// The width when nobody watches, so that output in files and tests is the same everywhere.
const WIDTH: usize = 100;

/// One diagnostic, with an empty line after it.
pub(super) fn diagnostic(diagnostic: &Diagnostic, files: &Files, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, &files.report(diagnostic)) {
        Ok(()) => text + "\n",
        // The message alone is better than nothing.
        Err(_) => format!("{}: {}\n", diagnostic.code, diagnostic.message),
    }
}

/// All mistakes of a policy that does not compile, for standard error.
pub(super) fn policy_error(error: &PolicyError) -> String {
    let colour = colour(&std::io::stderr());
    let mistakes = error.diagnostics();
    let mut text: String =
        mistakes.iter().map(|mistake| diagnostic(mistake, error.files(), colour)).collect();
    let count = mistakes.len();
    text.push_str(&format!(
        "consentry: the policy does not compile: {count} {}\n",
        if count == 1 { "error" } else { "errors" }
    ));
    text
}

/// Whether to use colour: a person watches, and has not asked for none (see no-color.org).
pub(super) fn colour(to: &impl IsTerminal) -> bool {
    to.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
