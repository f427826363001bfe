//! The tables as CSV (RFC 4180): each destination has its rows, and each row an event that shows it.

use super::words;
use super::{DESTINATION_TITLES, Sheet, TITLES};
use consentry::Reason;
use consentry::diagnostic::visible;
use consentry::exact::DecisionTable;
use std::io::{self, Write};

pub(super) fn write(to: &mut impl Write, sheet: &Sheet<'_>) -> io::Result<()> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(to);
    let more = ["nothing granted: refused categories", "event that shows it"];
    writer.write_record(DESTINATION_TITLES.into_iter().chain(TITLES).chain(more))?;
    for table in &sheet.tables {
        for (id, destination) in sheet.destinations(table) {
            let said = words::destination(sheet.policy, destination);
            let refused = DecisionTable::refused(sheet.policy, destination, &|_| false);
            let named = sheet.policy.categories().iter().filter(|one| refused.contains(one.wire_id()));
            let named: Vec<&str> = named.map(|category| category.name()).collect();
            for (block, row) in
                table.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)))
            {
                let refused = if row.reason == Reason::Refused { named.join(", ") } else { String::new() };
                let witness = DecisionTable::witness(sheet.policy, id, block, row).unwrap_or_default();
                let cells = said.iter().cloned().chain(words::cells(block, row)).chain([refused, witness]);
                writer.write_record(cells.map(|text| guarded(&visible(&text))))?;
            }
        }
    }
    writer.flush()
}

/// A text that no spreadsheet takes for a formula, as OWASP advises.
fn guarded(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}
