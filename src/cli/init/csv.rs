//! A spreadsheet of destinations: a row each, with the categories that it needs.
//!
//! Who makes such a sheet does not think of this program, so that a header is optional, any common delimiter will do, and the
//! categories stand in one cell, in several, or in a column each. What could be read in two ways is refused with its line.

use super::Undone;
use super::facts::{Destination, Facts};
use consentry::Mode;
use consentry::diagnostic::visible;
use std::collections::{HashMap, HashSet};

/// A row that has something in it, and its line.
type Row = (u64, Vec<String>);

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Categories,
    WireIds,
    Mode,
    Kind,
    Other,
}

/// Adds the destinations of a sheet to the facts; gives remarks for people.
pub(super) fn add_to(facts: &mut Facts, bytes: &[u8], kinds: &[String]) -> Result<Vec<String>, Undone> {
    let rows = rows(bytes)?;
    let mut rows = rows.as_slice();
    let mut remarks = Vec::new();
    let mut header: &[String] = &[];
    let mut columns = Vec::new();
    if let Some(((_, first), rest)) = rows.split_first()
        && let Some(named) = columns_of(first)
    {
        (header, columns, rows) = (first, named, rest);
        if columns.iter().filter(|column| **column == Column::Name).count() > 1 {
            return Err(Undone::new("line 1: two columns are headed as the destination's name"));
        }
    }
    if rows.is_empty() {
        return Err(Undone::new("there is no row with a destination"));
    }
    // A title above the header would make destinations of both.
    if header.is_empty()
        && let Some((line, _)) = rows.iter().skip(1).take(MAX_TITLES).find(|(_, row)| is_header(row))
    {
        let message = "this row looks like a header: delete what stands above it";
        return Err(Undone::new(message).at_line(*line));
    }
    // Without a column of categories, each column that has nothing but marks is one category.
    let is_wide = !header.is_empty() && !columns.contains(&Column::Categories);
    let mut marked = HashMap::new();
    for (place, title) in header.iter().enumerate() {
        if columns.get(place) != Some(&Column::Other) {
            continue;
        }
        match is_wide && has_marks(rows, place, title)? {
            true => {
                marked.insert(place, facts.category(title, None)?);
                remarks.push(format!("the column `{}` is taken for a category", visible(title)));
            }
            false if title.is_empty() => {}
            false => remarks.push(format!("the column `{}` is not read", visible(title))),
        }
    }
    let mut lines: HashMap<&str, u64> = HashMap::new();
    let mut said = HashSet::new();
    for (line, row) in rows {
        let at = |undone: Undone| undone.at_line(*line);
        let cell =
            |wanted| columns.iter().position(|column| *column == wanted).and_then(|place| row.get(place));
        let beyond = row.iter().skip(header.len()).any(|cell| !cell.is_empty());
        if !header.is_empty() && beyond {
            return Err(at(Undone::new(format!(
                "the row is longer than the header, which has {} cells",
                header.len()
            ))));
        }
        let name =
            if header.is_empty() { row.first() } else { cell(Column::Name) }.map_or("", String::as_str);
        if name.is_empty() {
            return Err(at(Undone::new(
                "the row has no destination; all categories of one stand in its row",
            )));
        }
        let mut needs = Vec::new();
        let mut names = Vec::new();
        for (place, cell) in row.iter().enumerate() {
            let is_list = match header {
                [] => place > 0,
                _ => columns.get(place) == Some(&Column::Categories),
            };
            if is_list {
                names.extend(list(cell).filter(|part| !is_none(part)));
            } else if let Some(category) = marked.get(&place).filter(|_| mark(cell) == Some(true)) {
                needs.push(*category);
            }
        }
        let wire_ids: Vec<&str> = cell(Column::WireIds).map(|cell| list(cell).collect()).unwrap_or_default();
        if !wire_ids.is_empty() && wire_ids.len() != names.len() {
            let message = format!("there are {} categories and {} wire ids", names.len(), wire_ids.len());
            return Err(at(Undone::new(message)));
        }
        for category in &names {
            if category.eq_ignore_ascii_case("exempt") {
                let message = "`exempt` is no category: leave the cell empty, and say it in the policy with the reason, `exempt because \"...\"`";
                return Err(at(Undone::new(message)));
            }
            if header.is_empty() && mode(category).is_ok_and(|mode| mode.is_some()) {
                let message = format!(
                    "`{}` is no category but a mode: begin the sheet with a header, such as `destination,categories,mode`",
                    visible(category)
                );
                return Err(at(Undone::new(message)));
            }
            let is_several = [" and ", " or ", " / ", "any of ", "all of ", " & "];
            if is_several.iter().any(|word| category.to_lowercase().contains(word))
                && said.insert(category.to_string())
            {
                remarks.push(format!(
                    "line {line}: `{}` is taken for one category; several stand with `;` between them",
                    visible(category)
                ));
            }
        }
        for (number, category) in names.into_iter().enumerate() {
            needs.push(facts.category(category, wire_ids.get(number).copied()).map_err(at)?);
        }
        let mut known = HashSet::new();
        needs.retain(|category| known.insert(*category));
        let destination = Destination {
            name: name.to_owned(),
            needs,
            mode: cell(Column::Mode).map_or(Ok(None), |cell| mode(cell)).map_err(at)?,
            kind: cell(Column::Kind).map_or(Ok(None), |cell| kind(cell, kinds)).map_err(at)?,
            note: None,
        };
        // A row that says less than another of the same destination would be a silent answer to what it leaves open.
        let twice = lines.insert(name, *line);
        let open =
            |facts: &Facts| facts.destinations().iter().any(|one| one.name == name && one.needs.is_empty());
        if let Some(first) = twice
            && open(facts) != destination.needs.is_empty()
        {
            let message =
                format!("`{}` is on line {first} too, and says something else there", visible(name));
            return Err(at(Undone::new(message)));
        }
        facts.destination(destination).map_err(|undone| match twice {
            Some(first) => at(undone).and(format!("it is on line {first} too")),
            None => at(undone),
        })?;
    }
    Ok(remarks)
}

/// The rows that are not empty, with trimmed cells.
fn rows(bytes: &[u8]) -> Result<Vec<Row>, Undone> {
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Undone::new("it is not UTF-8; save it as `CSV UTF-8`").at_line(line as u64)
    })?;
    // How Excel says which delimiter it wrote.
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
        let record = record.map_err(|error| Undone::new(error.to_string()))?;
        // The reader counts from the end of the record before, in front of empty lines.
        let (start, line) = record.position().map_or((0, 0), |at| (at.byte() as usize, at.line()));
        let rest = text.get(start..).unwrap_or_default();
        let empty =
            rest.bytes().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|byte| *byte == b'\n');
        let line = line + empty.count() as u64 + skipped;
        // A quote that is never closed swallows the rows behind it.
        if record.iter().any(|cell| cell.contains(['\n', '\r'])) {
            let message =
                "a cell has a line break; separate categories by `;`, and see whether a quote is not closed";
            return Err(Undone::new(message).at_line(line));
        }
        if record.iter().any(|cell| !cell.is_empty()) {
            rows.push((line, record.iter().map(str::to_owned).collect()));
        }
    }
    Ok(rows)
}

/// What the columns hold, if the row is a header. `Category 2` is a title, and `Destination 2` is a destination.
fn columns_of(row: &[String]) -> Option<Vec<Column>> {
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

/// How many rows above a header are looked for.
const MAX_TITLES: usize = 10;

/// Whether a row names a column of destinations and another one that is known.
fn is_header(row: &[String]) -> bool {
    columns_of(row).is_some_and(|columns| {
        let known = columns.iter().filter(|column| !matches!(column, Column::Other | Column::Name));
        known.count() > 0
    })
}

/// Whether a column is one of marks; free text beside marks could be a mark that is mistyped.
fn has_marks(rows: &[Row], place: usize, title: &str) -> Result<bool, Undone> {
    let cells = || rows.iter().filter_map(|(line, row)| Some((*line, row.get(place)?)));
    let is_marked = cells().any(|(_, cell)| !cell.is_empty() && mark(cell).is_some());
    match cells().find(|(_, cell)| mark(cell).is_none()) {
        Some((line, cell)) if is_marked => Err(Undone::new(format!(
            "`{}` in the column `{}` is neither yes nor no",
            visible(cell),
            visible(title)
        ))
        .at_line(line)),
        _ => Ok(is_marked),
    }
}

/// What a cell of a column of marks says.
fn mark(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "x" | "yes" | "y" | "true" | "1" | "✓" | "✔" => Some(true),
        "" | "no" | "n" | "false" | "0" | "-" | "–" => Some(false),
        _ => None,
    }
}

/// Whether a cell says in words that there is nothing in it: then it is to be decided, as an empty one is.
fn is_none(part: &str) -> bool {
    let words = ["none", "n/a", "na", "-", "\u{2013}", "tbd", "?", "unknown", "unmapped"];
    words.iter().any(|word| part.eq_ignore_ascii_case(word))
}

/// The categories or wire ids of a cell.
fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', ',', '|']).map(str::trim).filter(|part| !part.is_empty())
}

fn mode(cell: &str) -> Result<Option<Mode>, Undone> {
    match cell.to_lowercase().as_str() {
        "" => Ok(None),
        "device" | "device-mode" | "device mode" => Ok(Some(Mode::Device)),
        "cloud" | "cloud-mode" | "cloud mode" => Ok(Some(Mode::Cloud)),
        _ => Err(Undone::new(format!("the mode `{}` is neither `device` nor `cloud`", visible(cell)))),
    }
}

fn kind(cell: &str, kinds: &[String]) -> Result<Option<String>, Undone> {
    match cell.to_lowercase() {
        none if none.is_empty() => Ok(None),
        kind if kinds.contains(&kind) => Ok(Some(kind)),
        _ => Err(Undone::new(format!(
            "the prelude has no kind `{}`; it has {}",
            visible(cell),
            kinds.join(", ")
        ))),
    }
}
