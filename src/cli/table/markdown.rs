//! The sheet as Markdown: tables that people can read as they are, too.

use super::words::{self, CATEGORY_TITLES, PROMISE_TITLES};
use super::{DESTINATION_TITLES, Sheet, TITLES};
use crate::cli::markdown::cell;
use std::io::{self, Write};

pub(super) fn write(to: &mut impl Write, sheet: &Sheet<'_>) -> io::Result<()> {
    writeln!(to, "# Decision table of {}\n", cell(sheet.policy.name()))?;
    for (title, text) in &sheet.header {
        writeln!(to, "- {title}: {}", cell(text))?;
    }
    let drops = words::drops(sheet.policy);
    if !drops.is_empty() {
        writeln!(to, "\n## Events that are dropped\n")?;
        for drop in drops {
            writeln!(to, "- {}", cell(&drop))?;
        }
    }
    writeln!(to, "\n## Categories\n")?;
    table(to, &CATEGORY_TITLES, words::categories(sheet.policy))?;
    let promises = words::promises(sheet.policy);
    if !promises.is_empty() {
        writeln!(to, "\n## Promises\n")?;
        table(to, &PROMISE_TITLES, promises.into_iter())?;
    }
    for (place, one) in sheet.tables.iter().enumerate() {
        writeln!(to, "\n## Table {}\n", place + 1)?;
        let said =
            sheet.destinations(one).map(|(_, destination)| words::destination(sheet.policy, destination));
        table(to, &DESTINATION_TITLES, said)?;
        writeln!(to)?;
        let rows =
            one.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| words::cells(block, row)));
        table(to, &TITLES, rows)?;
    }
    writeln!(to, "\n## What the words mean\n")?;
    for (word, meaning) in words::meanings(sheet) {
        writeln!(to, "- **{}**: {}", cell(&word), cell(&meaning))?;
    }
    writeln!(to, "\nName:\n\nDate:\n\nSignature:")
}

/// A table whose columns are as wide as what is in them.
fn table<const N: usize>(
    to: &mut impl Write,
    titles: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> io::Result<()> {
    let rows: Vec<[String; N]> = rows.map(|row| row.map(|text| cell(&text))).collect();
    let mut widths = titles.map(|title| title.chars().count().max(3));
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }
    line(to, titles.iter().copied(), &widths)?;
    let dashes = widths.map(|width| "-".repeat(width));
    line(to, dashes.iter().map(String::as_str), &widths)?;
    for row in &rows {
        line(to, row.iter().map(String::as_str), &widths)?;
    }
    Ok(())
}

fn line<'c>(to: &mut impl Write, cells: impl Iterator<Item = &'c str>, widths: &[usize]) -> io::Result<()> {
    for (text, width) in cells.zip(widths) {
        // A cell may be wider than a formatting argument can be.
        write!(to, "| {text}{} ", " ".repeat(width.saturating_sub(text.chars().count())))?;
    }
    writeln!(to, "|")
}
