//! Pages as Markdown, for repositories and comments.

use super::page::{Cell, Column, Grid, Page, PageBlock, Role};
use crate::diagnostic::{escaped, visible};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::RangeInclusive;

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

/// The largest table whose columns are padded, in characters.
const MAX_PADDED: usize = 16 << 20;

fn table(table: &Grid) -> String {
    let mut widths = vec![0; table.columns.len()];
    if !table.is_long {
        let widest = table.widths(usize::MAX, |text| inline(text).chars().count().max(3));
        // One very wide cell must not make every row of a long table as wide.
        if widest.iter().sum::<usize>().saturating_mul(table.rows().count()) <= MAX_PADDED {
            widths = widest;
        }
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
    let (mut shown, text) = (String::new(), visible(text));
    let breaks = inside_references(&text);
    for (at, char) in text.char_indices() {
        if breaks.contains(&at) {
            shown.push_str(BREAK);
        }
        if char.is_ascii_punctuation() && !"\",.:;()-/'?!=+".contains(char) {
            shown.push('\\');
        }
        shown.push(char);
    }
    shown
}

/// A space without width. GitHub looks for references when it has read the escapes, so that a backslash does not stop it.
const BREAK: &str = "&#8203;";

/// The lengths of what GitHub takes for the hash of a commit.
const HASH: RangeInclusive<usize> = 7..=40;

/// The places in what GitHub would take for a mention, an issue, a commit, an advisory or an address: nothing in a policy notifies
/// anybody, links anywhere or closes an issue.
fn inside_references(text: &str) -> BTreeSet<usize> {
    let mut breaks = BTreeSet::new();
    for (at, char) in text.char_indices() {
        let before = text.get(..at).unwrap_or_default();
        let rest = text.get(at + char.len_utf8()..).unwrap_or_default();
        let is_followed = |by: fn(char) -> bool| rest.chars().next().is_some_and(by);
        let is_reference = match char {
            '@' => is_followed(char::is_alphanumeric),
            '#' => is_followed(|char| char.is_ascii_digit()),
            ':' => rest.starts_with("//"),
            '-' => is_followed(char::is_alphanumeric) && ends_with_word(before, &["gh", "ghsa", "cve"]),
            '.' => ends_with_word(before, &["www"]),
            _ => false,
        };
        if is_reference {
            breaks.insert(if char == '.' { at } else { at + 1 });
        }
    }
    let mut start = 0;
    for word in text.split(|char: char| !char.is_ascii_alphanumeric()) {
        if HASH.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            // Each part is too short: the rest of a longer one could be a hash again.
            breaks.extend((start..start + word.len()).step_by(HASH.start() - 1).skip(1));
        }
        start += word.len();
        start += text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
    breaks
}

/// Returns true if a text ends with one of some words, in capital letters or small ones.
fn ends_with_word(text: &str, words: &[&str]) -> bool {
    let word = text.rsplit(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    words.iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::inline;

    #[test]
    fn nothing_refers_to_anything() {
        for (text, expected) in [
            ("@acme", r"\@&#8203;acme"),
            ("(@acme/legal)", r"(\@&#8203;acme/legal)"),
            ("a@b.co", r"a\@&#8203;b.co"),
            ("closes #12", r"closes \#&#8203;12"),
            ("acme/site#7", r"acme/site\#&#8203;7"),
            ("fixes gh-12, GH-3", "fixes gh-&#8203;12, GH-&#8203;3"),
            ("GHSA-aaaa-bbbb-cccc CVE-2026-1", "GHSA-&#8203;aaaa-bbbb-cccc CVE-&#8203;2026-1"),
            ("https://a.example www.a.example", "https:&#8203;//a.example www&#8203;.a.example"),
            ("1234abc", "1234ab&#8203;c"),
            ("01234abcd 0/1234567.", "01234a&#8203;bcd 0/123456&#8203;7."),
            ("0123456789abcdefABCDEF.", "012345&#8203;6789ab&#8203;cdefAB&#8203;CDEF."),
            ("\u{e9}@\u{e9} \u{e9}abcdef1", "\u{e9}\\@&#8203;\u{e9} \u{e9}abcdef&#8203;1"),
            ("[x](y) <a> `c` |", r"\[x\](y) \<a\> \`c\` \|"),
            (
                "feedback 0123456789abcdef0123456789abcdef012345678",
                "feedback 0123456789abcdef0123456789abcdef012345678",
            ),
            // These refer to nothing.
            (
                "a @ b # 12 C# 123456 a: //x laugh-2 Google-1",
                r"a \@ b \# 12 C\# 123456 a: //x laugh-2 Google-1",
            ),
        ] {
            assert_eq!(inline(text), expected);
        }
    }
}
