//! Tables as CSV (RFC 4180), for spreadsheets and programs.

use super::page::{Cell, Grid};
use crate::diagnostic::visible;
use std::io::{self, Write};

/// Writes the titles and the rows of a table.
///
/// # Errors
///
/// When the writer fails.
pub fn write(to: &mut impl Write, table: &Grid) -> io::Result<()> {
    let titles = table.columns.iter().map(|column| field(column.title)).collect::<Vec<_>>();
    write!(to, "{}\r\n", titles.join(","))?;
    write_rows(to, table)
}

/// Writes the rows of a table.
///
/// # Errors
///
/// When the writer fails.
pub fn write_rows(to: &mut impl Write, table: &Grid) -> io::Result<()> {
    for row in table.rows() {
        let fields: Vec<String> = row.iter().map(|cell: &Cell| field(&cell.0.join(" "))).collect();
        write!(to, "{}\r\n", fields.join(","))?;
    }
    Ok(())
}

/// Returns a field that no spreadsheet takes for a formula, as OWASP advises.
fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let text = format!("{}{}", if is_formula { "'" } else { "" }, visible(text));
    match text.contains(['"', ',']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}
