//! A spreadsheet of destinations: a row each, with the categories that it needs.
//!
//! Who makes such a sheet does not think of this program, so that a header is optional, any common delimiter will do, and the
//! categories stand in one cell, in several, or in a column each. What could be read in two ways is refused with its line.

use super::draft::{Destination, Draft, distinct};
use consentry::Limits;
use consentry::model::Mode;
use std::collections::HashSet;

/// A row that is not empty, and its line.
type Row = (u64, Vec<String>);

/// The content of a column.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Name,
    Categories,
    WireIds,
    Mode,
    Kind,
    /// Marks for one category, which is the title.
    Marks,
    Other,
}

/// The most rows above a header that are looked through.
const MAX_TITLES: usize = 10;

/// Adds the destinations of a sheet to a draft; returns remarks for people.
pub(super) fn add_to(draft: &mut Draft, bytes: &[u8], file: &str) -> Result<Vec<String>, String> {
    let limit = Limits::default().bytes;
    if bytes.len() > limit {
        return Err(format!("it is longer than {limit} bytes"));
    }
    draft.sources.push(format!("From {file}."));
    let rows = rows(bytes)?;
    let headed = rows.split_first().and_then(|((_, first), rest)| Some((first, columns(first)?, rest)));
    let (has_header, none) = (headed.is_some(), Vec::new());
    let (header, mut columns, rows) = headed.unwrap_or((&none, vec![Column::Name], &rows));
    if columns.iter().filter(|column| **column == Column::Name).count() > 1 {
        return Err("line 1: two columns are headed as the destination's name".into());
    }
    if rows.is_empty() {
        return Err("there is no row with a destination".into());
    }
    // A title above the header would make destinations of both.
    let later = rows.iter().skip(1).take(MAX_TITLES).find(|(_, row)| !has_header && is_header(row));
    if let Some((line, _)) = later {
        return Err(format!("line {line}: this row looks like a header: delete what stands above it"));
    }
    let mut remarks = Vec::new();
    // Without a column of categories, each column that has nothing but marks is one category.
    let is_wide = !columns.contains(&Column::Categories);
    for (place, (column, title)) in columns.iter_mut().zip(header).enumerate() {
        let is_other = *column == Column::Other;
        if is_other && is_wide && has_marks(rows, place, title)? {
            *column = Column::Marks;
            draft.add_category(title, None, Some((file.to_owned(), 1)));
            remarks.push(format!("the column `{title}` is taken for a category"));
        } else if is_other && !title.is_empty() {
            remarks.push(format!("the column `{title}` is not read"));
        }
    }
    let mut doubtful = HashSet::new();
    for (line, row) in rows {
        let at = |message: String| format!("line {line}: {message}");
        let origin = || Some((file.to_owned(), *line));
        if has_header && row.iter().skip(header.len()).any(|cell| !cell.is_empty()) {
            let message = format!("the row is longer than the header, which has {} cells", header.len());
            return Err(at(message));
        }
        // Without a header, categories follow the name.
        let column = |place| columns.get(place).copied().unwrap_or(Column::Categories);
        let cells = |wanted| {
            let cells = row.iter().enumerate().filter(move |(place, _)| column(*place) == wanted);
            cells.map(|(_, cell)| cell.as_str()).filter(|cell| !cell.is_empty())
        };
        let cell = |wanted| cells(wanted).next();
        let Some(name) = cell(Column::Name) else {
            return Err(at("the row has no destination; all categories of one stand in its row".into()));
        };
        let listed = cells(Column::Categories).flat_map(list);
        let listed: Vec<&str> = listed.filter(|category| !is_none(category)).collect();
        let wire_ids: Vec<&str> = cell(Column::WireIds).into_iter().flat_map(list).collect();
        if !wire_ids.is_empty() && wire_ids.len() != listed.len() {
            let (names, ids) = (listed.len(), wire_ids.len());
            return Err(at(format!("there are {names} categories and {ids} wire ids")));
        }
        for (number, category) in listed.iter().enumerate() {
            let lower = category.to_lowercase();
            if lower == "exempt" {
                return Err(at("`exempt` is no category: leave the cell empty, and say it in the policy with the reason, `exempt because \"...\"`".into()));
            }
            if !has_header && mode(category).is_ok() {
                return Err(at(format!(
                    "`{category}` is no category but a mode: begin the sheet with a header, such as `destination,categories,mode`"
                )));
            }
            let is_several = [" and ", " or ", " / ", "any of ", "all of ", " & "];
            if is_several.iter().any(|word| lower.contains(word)) && doubtful.insert(*category) {
                remarks.push(format!(
                    "line {line}: `{category}` is taken for one category; several stand with `;` between them"
                ));
            }
            draft.add_category(category, wire_ids.get(number).copied(), origin());
        }
        let titled = columns.iter().zip(header).zip(row);
        let marked =
            titled.filter(|((column, _), cell)| **column == Column::Marks && mark(cell) == Some(true));
        let marked = marked.map(|((_, title), _)| title.as_str());
        draft.add_destination(Destination {
            name: name.to_owned(),
            needs: distinct(marked.chain(listed)),
            mode: cell(Column::Mode).map(mode).transpose().map_err(at)?,
            kind: cell(Column::Kind).map(str::to_lowercase),
            counts: String::new(),
            origin: origin(),
        });
    }
    Ok(remarks)
}

/// Returns the rows that are not empty, with trimmed cells.
fn rows(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line}: it is not UTF-8; save it as `CSV UTF-8`")
    })?;
    // Excel names the delimiter like this.
    let (text, skipped, stated) = match text.split_once('\n') {
        Some((first, rest)) if first.len() > 4 && first.starts_with("sep=") => {
            (rest, 1, first.as_bytes().get(4))
        }
        _ => (text, 0, None),
    };
    let mut in_quotes = false;
    let outside = text.bytes().find(|byte| {
        in_quotes ^= *byte == b'"';
        !in_quotes && matches!(byte, b',' | b';' | b'\t' | b'\n')
    });
    let delimiter = stated.copied().or(outside).filter(|byte| *byte != b'\n').unwrap_or(b',');
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(::csv::Trim::All)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        // The reader counts from the end of the record before, in front of empty lines.
        let (start, line) = record.position().map_or((0, 0), |at| (at.byte() as usize, at.line()));
        let rest = text.get(start..).unwrap_or_default();
        let empty =
            rest.bytes().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|byte| *byte == b'\n');
        let line = line + empty.count() as u64 + skipped;
        // A quote that is never closed swallows the rows behind it.
        if record.iter().any(|cell| cell.contains(['\n', '\r'])) {
            return Err(format!(
                "line {line}: a cell has a line break; separate categories by `;`, and see whether a quote is not closed"
            ));
        }
        if record.iter().any(|cell| !cell.is_empty()) {
            rows.push((line, record.iter().map(str::to_owned).collect()));
        }
    }
    Ok(rows)
}

/// Returns the columns, if the row is a header. `Category 2` is a title, and `Destination 2` is a destination.
fn columns(row: &[String]) -> Option<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    for title in row {
        let letters: String =
            title.chars().filter(|char| char.is_alphabetic()).flat_map(char::to_lowercase).collect();
        columns.push(match letters.as_str() {
            "destination" | "destinations" | "name" | "destinationname" | "integration" | "tool"
            | "vendor"
                if !title.contains(char::is_numeric) =>
            {
                Column::Name
            }
            "category" | "categories" | "needs" | "consentcategory" | "consentcategories" => {
                Column::Categories
            }
            "wireid" | "wireids" => Column::WireIds,
            "mode" => Column::Mode,
            "kind" => Column::Kind,
            // Cells beside a title go on with it.
            "" if title.is_empty() && columns.last() == Some(&Column::Categories) => Column::Categories,
            _ => Column::Other,
        });
    }
    columns.contains(&Column::Name).then_some(columns)
}

/// Returns true if a row names a column of destinations and another one that is known.
fn is_header(row: &[String]) -> bool {
    let is_known = |column: &Column| !matches!(column, Column::Other | Column::Name);
    columns(row).is_some_and(|columns| columns.iter().any(is_known))
}

/// Returns true if a column has only marks; free text next to marks could be a mark that is mistyped.
fn has_marks(rows: &[Row], place: usize, title: &str) -> Result<bool, String> {
    let cells = || rows.iter().filter_map(|(line, row)| Some((*line, row.get(place)?)));
    let is_marked = cells().any(|(_, cell)| !cell.is_empty() && mark(cell).is_some());
    match cells().find(|(_, cell)| mark(cell).is_none()) {
        Some((line, cell)) if is_marked => {
            Err(format!("line {line}: `{cell}` in the column `{title}` is neither yes nor no"))
        }
        _ => Ok(is_marked),
    }
}

/// Reads a cell of a column of marks.
fn mark(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "x" | "yes" | "y" | "true" | "1" | "✓" | "✔" => Some(true),
        "" | "no" | "n" | "false" | "0" | "-" | "–" => Some(false),
        _ => None,
    }
}

/// Returns true for a word that stands for no category: then it is to be decided, as for an empty cell.
fn is_none(part: &str) -> bool {
    let words = ["none", "n/a", "na", "-", "\u{2013}", "tbd", "?", "unknown", "unmapped"];
    words.iter().any(|word| part.eq_ignore_ascii_case(word))
}

/// Returns the categories or wire ids of a cell.
fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', ',', '|']).map(str::trim).filter(|part| !part.is_empty())
}

fn mode(cell: &str) -> Result<Mode, String> {
    match cell.to_lowercase().as_str() {
        "device" | "device-mode" | "device mode" => Ok(Mode::Device),
        "cloud" | "cloud-mode" | "cloud mode" => Ok(Mode::Cloud),
        _ => Err(format!("the mode `{cell}` is neither `device` nor `cloud`")),
    }
}
