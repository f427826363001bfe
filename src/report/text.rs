//! Pages as plain text, for terminals.

use super::page::{Cell, Cells, Grid, Page, PageBlock};
use crate::diagnostic::{escaped, visible};
use std::io::{self, Write};

/// The widest column that is padded. A cell that is wider shifts its own line.
const WIDEST: usize = 40;

/// Writes a page.
///
/// # Errors
///
/// When the writer fails.
pub fn write(to: &mut impl Write, page: &Page) -> io::Result<()> {
    for (place, block) in page.0.iter().enumerate() {
        match block {
            PageBlock::Heading(_, text) if place == 0 => line(to, 0, text)?,
            PageBlock::Heading(_, text) => write!(to, "\n{}\n", visible(text))?,
            PageBlock::Title { name, lead, .. } => line(to, 0, &format!("{name}: {lead}"))?,
            PageBlock::Gap => writeln!(to)?,
            PageBlock::Paragraph(indent, text) => line(to, *indent, text)?,
            PageBlock::List { indent, items, .. } => {
                items.iter().try_for_each(|item| line(to, *indent, item))?
            }
            PageBlock::Grid(table) => self::table(to, table)?,
            PageBlock::Definitions { items, .. } => {
                items.iter().try_for_each(|(term, meaning)| line(to, 2, &format!("{term}: {meaning}")))?;
            }
            PageBlock::Event(event) => writeln!(to, "{}", escaped(event))?,
            PageBlock::Events { events, .. } => {
                events.iter().try_for_each(|event| writeln!(to, "{}", escaped(event)))?;
            }
            PageBlock::Blanks(fields) => fields.iter().try_for_each(|field| writeln!(to, "{field}:"))?,
        }
    }
    Ok(())
}

fn line(to: &mut impl Write, indent: usize, text: &str) -> io::Result<()> {
    writeln!(to, "{}{}", " ".repeat(indent), visible(text))
}

fn table(to: &mut impl Write, table: &Grid) -> io::Result<()> {
    if table.is_long {
        return records(to, table);
    }
    let titles: Cells = table.columns.iter().map(|column| Cell::from(column.title)).collect();
    let is_titled = table.columns.iter().any(|column| !column.title.is_empty());
    let widths = table.widths(WIDEST, |text| visible(text).chars().count());
    for row in is_titled.then_some(&titles).into_iter().chain(table.rows()) {
        let mut text = " ".repeat(table.indent);
        for ((cell, column), width) in row.iter().zip(&table.columns).zip(&widths) {
            let shown = lines(cell, text.chars().count());
            text.push_str(&match column.is_right {
                true => format!("{shown:>width$}  "),
                false => format!("{shown:<width$}  "),
            });
        }
        writeln!(to, "{}", text.trim_end())?;
    }
    Ok(())
}

/// Writes a line for each cell.
fn records(to: &mut impl Write, table: &Grid) -> io::Result<()> {
    for row in table.rows() {
        writeln!(to)?;
        for (column, cell) in table.columns.iter().zip(row) {
            writeln!(to, "  {:<24}  {}", column.title, lines(cell, 28))?;
        }
    }
    Ok(())
}

fn lines(cell: &Cell, margin: usize) -> String {
    let lines: Vec<String> = cell.0.iter().map(|line| visible(line)).collect();
    // A margin may be wider than a formatting argument can be.
    lines.join(&format!("\n{}", " ".repeat(margin)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    /// Widths of formatting arguments end at 65,535, and names of policies do not.
    #[test]
    fn long_cells_do_not_end_the_program() {
        let long = "x".repeat(66_000);
        let lines = ["1", "2"].map(str::to_owned).to_vec();
        let grid = Grid::new(["", ""]).with([[Cell::from(long.as_str()), Cell(lines)]]);
        let page = Page(vec![PageBlock::Paragraph(66_000, "y".to_owned()), PageBlock::Grid(grid)]);
        let mut shown = Vec::new();
        write(&mut shown, &page).unwrap();
        let spaces = " ".repeat(66_000);
        assert_eq!(String::from_utf8(shown).unwrap(), format!("{spaces}y\n  {long}  1\n{spaces}    2\n"));
    }
}
