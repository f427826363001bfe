//! Pages as Markdown, for repositories and comments.

use super::page::{Cell, Column, Grid, Page, PageBlock, Role};
use crate::diagnostic::{escaped, visible};
use std::io::{self, Write};

/// Writes a page.
///
/// # Errors
///
/// When the writer fails.
pub fn write(to: &mut impl Write, page: &Page) -> io::Result<()> {
    to.write_all(text(page).as_bytes())
}

/// Returns a page as text.
pub(super) fn text(page: &Page) -> String {
    let blocks = page.0.iter().filter(|block| !matches!(block, PageBlock::Gap));
    blocks.map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &PageBlock) -> String {
    match block {
        PageBlock::Heading(level, text) => heading(*level, text),
        PageBlock::Title { level, about, name, lead } => {
            format!("{}\n{}\n", heading(*level, &format!("{about} {name}")), inline(lead))
        }
        PageBlock::Gap => String::new(),
        PageBlock::Paragraph(_, text) => inline(text) + "\n",
        PageBlock::List { numbered: true, items, .. } => {
            items.iter().zip(1..).map(|(item, number)| format!("{number}. {}\n", inline(item))).collect()
        }
        PageBlock::List { items, .. } => items.iter().map(|item| format!("- {}\n", inline(item))).collect(),
        PageBlock::Grid(table) => self::table(table),
        PageBlock::Definitions { is_header, items } => {
            let bold = if *is_header { "" } else { "**" };
            let item = |(term, meaning): &(&str, String)| {
                format!("- {bold}{}{bold}: {}\n", inline(term), inline(meaning))
            };
            items.iter().map(item).collect()
        }
        PageBlock::Event(event) => code(event) + "\n",
        PageBlock::Events { summary, events } => {
            let items: String =
                events.iter().zip(1..).map(|(event, number)| numbered(number, event)).collect();
            format!("<details><summary>{summary}</summary>\n\n{items}\n</details>\n")
        }
        PageBlock::Blanks(fields) => {
            fields.iter().map(|field| format!("{field}:\n")).collect::<Vec<_>>().join("\n")
        }
    }
}

fn heading(level: u8, text: &str) -> String {
    format!("{} {}\n", "#".repeat(level.into()), inline(text))
}

/// Returns an item of a list of events.
pub(super) fn numbered(number: usize, event: &str) -> String {
    format!("{number}. {}\n", code(event))
}

/// Returns an event as code, between more backticks than it has in a row.
fn code(event: &str) -> String {
    let event = escaped(event);
    let longest = event.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    format!("{ticks} {event} {ticks}")
}

fn table(table: &Grid) -> String {
    let mut widths = vec![0; table.columns.len()];
    if !table.is_long {
        widths = table.widths(usize::MAX, |text| inline(text).chars().count().max(3));
    }
    let dashes = table.columns.iter().zip(&widths).map(|(column, width)| {
        format!("{}{}", "-".repeat((*width).max(3)), if column.is_right { ":" } else { "" })
    });
    let rule = match table.is_long {
        true => format!("|{}|\n", dashes.collect::<Vec<_>>().join("|")),
        false => line(dashes, &widths),
    };
    let titles = table.columns.iter().map(|column| column.title.to_owned());
    let rows = table.rows().map(|cells| line(cells.iter().zip(&table.columns).map(cell), &widths));
    line(titles, &widths) + &rule + &rows.collect::<String>()
}

/// Returns a row that is not padded.
pub(super) fn row(cells: &[Cell], columns: &[Column]) -> String {
    line(cells.iter().zip(columns).map(cell), &vec![0; columns.len()])
}

/// Returns a row of cells that are escaped already.
fn line(cells: impl Iterator<Item = String>, widths: &[usize]) -> String {
    let cells = cells.zip(widths).map(|(text, width)| {
        // A cell may be wider than a formatting argument can be.
        let padding = " ".repeat(width.saturating_sub(text.chars().count()));
        let gap = if text.is_empty() && *width == 0 { "" } else { " " };
        format!("|{gap}{text}{padding} ")
    });
    cells.collect::<String>() + "|\n"
}

/// Returns a cell in the role that its column has.
fn cell((cell, column): (&Cell, &Column)) -> String {
    let text = cell.0.iter().map(|line| inline(line)).collect::<Vec<_>>().join("<br>");
    match column.role {
        Role::Strong => format!("**{text}**"),
        _ => text,
    }
}

/// Escapes a text that is shown as it is, in a cell of a table as elsewhere.
fn inline(text: &str) -> String {
    let mut shown = String::new();
    for char in visible(text).chars() {
        if char.is_ascii_punctuation() && !"\",.:;()-/'?!=+".contains(char) {
            shown.push('\\');
        }
        shown.push(char);
    }
    shown
}
