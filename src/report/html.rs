//! Pages as HTML that needs nothing else, to print and to sign.

use super::page::{Cell, Column, Grid, Page, PageBlock, Role};
use crate::diagnostic::{escaped, visible};
use std::io::{self, Write};

/// Writes a page.
///
/// # Errors
///
/// When the writer fails.
pub fn write(to: &mut impl Write, page: &Page) -> io::Result<()> {
    let title = page.0.iter().find_map(|block| match block {
        PageBlock::Heading(_, text) => Some(text.clone()),
        PageBlock::Title { about, name, .. } => Some(format!("{about} {name}")),
        _ => None,
    });
    writeln!(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(to, "<meta name=\"viewport\" content=\"width=device-width\">")?;
    let (title, style) = (inline(&title.unwrap_or_default()), include_str!("page.css"));
    writeln!(to, "<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>")?;
    page.0.iter().map(block).try_for_each(|block| to.write_all(block.as_bytes()))?;
    writeln!(to, "</body>\n</html>")
}

fn block(block: &PageBlock) -> String {
    match block {
        PageBlock::Heading(level, text) => format!("<h{level}>{}</h{level}>\n", inline(text)),
        PageBlock::Title { level, about, name, lead } => {
            format!("<h{level}>{}</h{level}>\n<p>{}</p>\n", inline(&format!("{about} {name}")), inline(lead))
        }
        PageBlock::Gap => String::new(),
        PageBlock::Paragraph(_, text) => format!("<p>{}</p>\n", inline(text)),
        PageBlock::List { numbered, items, .. } => {
            list(if *numbered { "ol" } else { "ul" }, items.iter().map(|item| inline(item)))
        }
        PageBlock::Grid(table) => self::table(table),
        PageBlock::Definitions { is_header, items } => {
            let item = |(term, meaning): &(&str, String)| {
                format!("<dt>{}</dt><dd>{}</dd>\n", inline(term), inline(meaning))
            };
            let class = if *is_header { " class=\"header\"" } else { "" };
            format!("<dl{class}>\n{}</dl>\n", items.iter().map(item).collect::<String>())
        }
        PageBlock::Event(event) => format!("<pre>{}</pre>\n", inline(&escaped(event))),
        PageBlock::Events { summary, events } => {
            let items = events.iter().map(|event| format!("<code>{}</code>", inline(&escaped(event))));
            format!("<details><summary>{summary}</summary>\n{}</details>\n", list("ol", items))
        }
        PageBlock::Blanks(fields) => {
            let fields: String = fields.iter().map(|field| format!("<div>{field}</div>")).collect();
            format!("<div class=\"signature\">{fields}</div>\n")
        }
    }
}

fn list(tag: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    format!("<{tag}>\n{items}</{tag}>\n")
}

fn table(table: &Grid) -> String {
    let titles = table.columns.iter().map(|column| format!("<th scope=\"col\">{}</th>", column.title));
    let mut text = format!("<table>\n<thead><tr>{}</tr></thead>\n", titles.collect::<String>());
    for group in &table.groups {
        let row = |row: &Vec<Cell>| -> String { row.iter().zip(&table.columns).map(cell).collect() };
        let rows: String = group.iter().map(|cells| format!("<tr>{}</tr>\n", row(cells))).collect();
        text.push_str(&format!("<tbody>\n{rows}</tbody>\n"));
    }
    text + "</table>\n"
}

/// Returns a cell. One that heads its row can be read alone on the next page.
fn cell((cell, column): (&Cell, &Column)) -> String {
    let text = cell.0.iter().map(|line| inline(line)).collect::<Vec<_>>().join("<br>");
    match column.role {
        Role::Head => format!("<th scope=\"row\">{text}</th>"),
        Role::Outcome => format!("<td class=\"{text}\">{text}</td>"),
        Role::Strong => format!("<td><strong>{text}</strong></td>"),
        Role::Plain => format!("<td>{text}</td>"),
    }
}

/// Escapes a text that is shown as it is.
fn inline(text: &str) -> String {
    let mut shown = String::new();
    for char in visible(text).chars() {
        match char {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            char => shown.push(char),
        }
    }
    shown
}
