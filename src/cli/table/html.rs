//! The sheet as one page that needs nothing else, to print and to sign.

use super::words::{self, CATEGORY_TITLES, PROMISE_TITLES};
use super::{DESTINATION_TITLES, STATES, Sheet, TITLES};
use consentry::diagnostic::visible;
use consentry::exact::Block;
use std::io::{self, Write};

pub(super) fn write(to: &mut impl Write, sheet: &Sheet<'_>) -> io::Result<()> {
    let name = escaped(sheet.policy.name());
    writeln!(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(to, "<meta name=\"viewport\" content=\"width=device-width\">")?;
    writeln!(
        to,
        "<title>Decision table of {name}</title>\n<style>\n{}</style>",
        include_str!("../../report/page.css")
    )?;
    writeln!(to, "</head>\n<body>\n<h1>Decision table of {name}</h1>")?;
    let header = sheet.header.iter().map(|(title, text)| ((*title).to_owned(), text.clone()));
    definitions(to, " class=\"header\"", header)?;
    let drops = words::drops(sheet.policy);
    if !drops.is_empty() {
        writeln!(to, "<h2>Events that are dropped</h2>\n<ul>")?;
        for drop in drops {
            writeln!(to, "<li>{}</li>", escaped(&drop))?;
        }
        writeln!(to, "</ul>")?;
    }
    writeln!(to, "<h2>Categories</h2>")?;
    plain(to, &CATEGORY_TITLES, words::categories(sheet.policy))?;
    let promises = words::promises(sheet.policy);
    if !promises.is_empty() {
        writeln!(to, "<h2>Promises</h2>")?;
        plain(to, &PROMISE_TITLES, promises.into_iter())?;
    }
    for (place, table) in sheet.tables.iter().enumerate() {
        writeln!(to, "<h2>Table {}</h2>", place + 1)?;
        let said = sheet.destinations(table).map(|(_, one)| words::destination(sheet.policy, one));
        plain(to, &DESTINATION_TITLES, said)?;
        writeln!(to, "<table>")?;
        titles(to, &TITLES)?;
        for one in &table.blocks {
            block(to, one)?;
        }
        writeln!(to, "</table>")?;
    }
    writeln!(to, "<h2>What the words mean</h2>")?;
    definitions(to, "", words::meanings(sheet).into_iter())?;
    writeln!(to, "<div class=\"signature\"><div>Name</div><div>Date</div><div>Signature</div></div>")?;
    writeln!(to, "</body>\n</html>")
}

/// The rows of a block. Each says its states again, so that it can be read alone on the next page.
fn block(to: &mut impl Write, block: &Block) -> io::Result<()> {
    writeln!(to, "<tbody>")?;
    for row in &block.rows {
        write!(to, "<tr>")?;
        let outcome = row.reason.outcome().word();
        for (column, text) in words::cells(block, row).iter().enumerate() {
            match text {
                text if column < STATES => write!(to, "<th scope=\"row\">{}</th>", escaped(text))?,
                text if text == outcome => write!(to, "<td class=\"{outcome}\">{outcome}</td>")?,
                text => write!(to, "<td>{}</td>", escaped(text))?,
            }
        }
        writeln!(to, "</tr>")?;
    }
    writeln!(to, "</tbody>")
}

fn plain<const N: usize>(
    to: &mut impl Write,
    columns: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> io::Result<()> {
    writeln!(to, "<table>")?;
    titles(to, columns)?;
    writeln!(to, "<tbody>")?;
    for row in rows {
        let cells = row.map(|text| format!("<td>{}</td>", escaped(&text)));
        writeln!(to, "<tr>{}</tr>", cells.concat())?;
    }
    writeln!(to, "</tbody>\n</table>")
}

fn titles(to: &mut impl Write, titles: &[&str]) -> io::Result<()> {
    let cells: Vec<String> = titles.iter().map(|title| format!("<th scope=\"col\">{title}</th>")).collect();
    writeln!(to, "<thead><tr>{}</tr></thead>", cells.concat())
}

fn definitions(
    to: &mut impl Write,
    class: &str,
    all: impl Iterator<Item = (String, String)>,
) -> io::Result<()> {
    writeln!(to, "<dl{class}>")?;
    for (word, meaning) in all {
        writeln!(to, "<dt>{}</dt><dd>{}</dd>", escaped(&word), escaped(&meaning))?;
    }
    writeln!(to, "</dl>")
}

/// Text that is shown as it is.
fn escaped(text: &str) -> String {
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
