//! Diagnostics for people, with source excerpts, in each of the ways in which people read.

mod human;
mod narrated;
mod plain;

use consentry::PolicyError;
use consentry::diagnostic::{Diagnostic, Files, Span, visible};
use std::ffi::OsStr;
use std::io::IsTerminal;

/// The width when nobody watches, so that output in files and tests is the same everywhere.
const WIDTH: usize = 100;

/// How many mistakes of a policy people are shown.
const MAX_SHOWN: usize = 200;

/// How somebody reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    /// With everything that a terminal can draw.
    Human { colour: bool },
    /// In ASCII, without colour.
    Plain,
    /// By listening.
    Narrated,
}

/// One diagnostic, with an empty line after it.
pub(super) fn diagnostic(diagnostic: &Diagnostic, files: &Files, reader: Reader) -> String {
    let report = files.report(diagnostic);
    let rendered = match reader {
        Reader::Human { colour } => human::render(&report, colour),
        Reader::Plain => plain::render(&report),
        Reader::Narrated => narrated::render(&report, diagnostic.span().map(|span| place(files, span))),
    };
    match rendered {
        Ok(text) => text + "\n",
        // The message alone is better than nothing.
        Err(_) => format!("{}: {}\n", diagnostic.code.label(), visible(&diagnostic.message)),
    }
}

/// `shop.consent:14:3`, as editors take it.
fn place(files: &Files, span: Span) -> String {
    format!("{}:{}", visible(&files.place(span)), files.position(span).column)
}

/// Where to read more about what was found, once for all of it; nothing where nothing was found.
pub(super) fn more_about(found: Option<&Diagnostic>) -> String {
    found.map_or(String::new(), |found| {
        format!("more about a finding: `consentry help {}`\n", found.code.name())
    })
}

/// All mistakes of a policy that does not compile, for standard error.
pub(super) fn policy_error(error: &PolicyError) -> String {
    mistakes(error.diagnostics(), error.files(), "the policy does not compile")
}

/// All mistakes of a policy, and what comes of them, for standard error.
pub(super) fn mistakes(mistakes: &[Diagnostic], files: &Files, outcome: &str) -> String {
    let reader = Reader::Human { colour: colour(&std::io::stderr()) };
    let shown = mistakes.iter().take(MAX_SHOWN);
    let mut text: String = shown.map(|mistake| diagnostic(mistake, files, reader)).collect();
    if mistakes.len() > MAX_SHOWN {
        text.push_str(&format!("{} more are not shown\n", mistakes.len() - MAX_SHOWN));
    }
    text.push_str(&more_about(mistakes.first()));
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
