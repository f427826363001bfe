//! Diagnostics as workflow commands of GitHub Actions, which show them beside the lines of a pull request.
//!
//! One line each: `::error file=acme.consent,line=6,endLine=6,col=31,endColumn=40,title=consentry unknown-category (C305)::message`.

use super::said;
use crate::diagnostic::{Diagnostic, Files, Span, visible};
use std::io::{self, Write};

/// Writes one line for a diagnostic.
///
/// # Errors
///
/// When the writer fails.
pub fn annotation(to: &mut impl Write, diagnostic: &Diagnostic, files: &Files) -> io::Result<()> {
    write!(to, "::{} ", diagnostic.severity)?;
    let mut message = said(diagnostic);
    match diagnostic.span() {
        // Nobody can look at a prelude beside the lines of the repository.
        Some(span) if files.is_prelude(span.file) => message = format!("{}: {message}", files.place(span)),
        Some(span) => place(to, files, span)?,
        None => {
            if let Some(name) = files.names().next() {
                write!(to, "file={},", file(name))?;
            }
        }
    }
    writeln!(to, "title=consentry {}::{}", diagnostic.code.label(), data(&message))
}

fn place(to: &mut impl Write, files: &Files, span: Span) -> io::Result<()> {
    let (start, end) = (files.position(span), files.end_position(span));
    write!(to, "file={},line={},endLine={},", file(files.name(span.file)), start.line, end.line)?;
    // GitHub has columns only within one line.
    if start.line == end.line {
        write!(to, "col={},endColumn={},", start.column, end.column)?;
    }
    Ok(())
}

/// The name of a file exactly, as far as the escapes of workflow commands go: GitHub looks for the file. Other characters
/// that could harm a terminal are shown by their number.
fn file(name: &str) -> String {
    visible(&data(name).replace(':', "%3A").replace(',', "%2C"))
}

/// A message, which must not end the line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
