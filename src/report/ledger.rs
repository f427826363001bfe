//! The records of people, and the recording of events.

use super::eval::{Fault, place};
use super::json::VERSION;
use super::names;
use super::page::{Column, Document, Grid, Page};
use crate::ledger::{DatedRecord, Id, LedgerEntry, Rejection, Timestamp, Write};
use crate::model::Policy;
use serde::Serialize;
use std::collections::BTreeMap;

/// An entry of a ledger: a line of `ledger export`.
#[derive(Debug, Serialize)]
pub struct EntryReport<'a> {
    granted: &'a BTreeMap<String, Option<Timestamp>>,
    id: String,
    links: Vec<Link>,
    shared: bool,
    v: u32,
    write: Option<&'a Write>,
}

#[derive(Debug, Serialize)]
struct Link {
    id: String,
    since: Timestamp,
}

impl<'a> EntryReport<'a> {
    /// Creates the report of the entry of an id.
    pub fn new(id: &Id, entry: &'a LedgerEntry) -> Self {
        let link = |(other, since): (&String, &Timestamp)| Link {
            id: id.other(other.as_str()).to_string(),
            since: *since,
        };
        EntryReport {
            granted: &entry.granted,
            id: id.to_string(),
            links: entry.links.iter().map(link).collect(),
            shared: entry.shared,
            v: VERSION,
            write: entry.write.as_ref(),
        }
    }

    fn text(&self) -> String {
        let Some(write) = self.write else { return format!("{}: wrote nothing", self.id) };
        let granted = write.preferences.iter().filter(|(_, granted)| **granted);
        let granted: Vec<&str> = granted.map(|(name, _)| name.as_str()).collect();
        let granted = if granted.is_empty() { "nothing".to_owned() } else { names::joined(&granted) };
        format!("{}: granted {granted}, {}", self.id, write.at)
    }
}

/// The result of `ledger show`: the record of a person, and the entries that it is made of.
#[derive(Debug, Serialize)]
pub struct PersonReport<'a> {
    ids: Vec<EntryReport<'a>>,
    person: String,
    recorded: Option<&'a DatedRecord>,
    v: u32,
}

impl<'a> PersonReport<'a> {
    /// Creates the report of a person. The entries are that of the person's id, and those of the ids that it is linked with.
    pub fn new(person: &Id, recorded: Option<&'a DatedRecord>, entries: &'a [(Id, LedgerEntry)]) -> Self {
        let ids = entries.iter().map(|(id, entry)| EntryReport::new(id, entry)).collect();
        PersonReport { ids, person: person.to_string(), recorded, v: VERSION }
    }
}

impl Document for PersonReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let Some(record) = self.recorded else {
            return page.paragraph(format!("{}: nothing is recorded", self.person));
        };
        page.paragraph(format!("{}, {}", self.person, record.at));
        let rows = record.record.preferences.iter().map(|(name, preference)| [preference.as_str(), name]);
        page.table(Grid::new([Column::wide(9), Column::default()]).with(rows));
        page.gap();
        let links = || self.ids.first().into_iter().flat_map(|own| &own.links);
        for entry in &self.ids {
            let since = links().find(|link| link.id == entry.id && entry.id != self.person);
            let since = since.map_or(String::new(), |link| format!("; one person since {}", link.since));
            page.indented(entry.text() + &since);
        }
    }
}

/// The result of `ledger forget`.
#[derive(Debug, Serialize)]
pub struct ForgetReport {
    v: u32,
    person: String,
    erased: Vec<String>,
}

impl ForgetReport {
    /// Creates the report of a person and the ids that are erased.
    pub fn new(person: &Id, erased: &[Id]) -> Self {
        ForgetReport {
            v: VERSION,
            person: person.to_string(),
            erased: erased.iter().map(Id::to_string).collect(),
        }
    }
}

impl Document for ForgetReport {
    fn add_to(&self, page: &mut Page) {
        if self.erased.is_empty() {
            return page.paragraph(format!("{}: nothing was recorded", self.person));
        }
        self.erased.iter().for_each(|id| page.paragraph(format!("{id} is erased")));
    }
}

/// A result of `ledger ingest`.
#[derive(Debug, Serialize)]
pub struct IngestReport {
    /// The item of a batch, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(flatten)]
    result: IngestResult,
    v: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum IngestResult {
    /// Everything up to a line is recorded. People are not shown it.
    Acknowledged(u64),
    Rejected(Fault),
    Summary(IngestCounts),
}

/// The counts of an ingest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IngestCounts {
    /// The lines that are batches, whose items are events.
    #[serde(skip_serializing_if = "names::is_zero")]
    pub batches: u64,
    /// The lines of white space, which are skipped.
    pub blank_lines: u64,
    /// The lines.
    pub lines: u64,
    /// The links that are recorded.
    pub links: u64,
    /// The lines that are not events.
    pub not_events: u64,
    /// The events that do not write.
    pub others: u64,
    /// The preferences that are recorded.
    pub preferences: u64,
    /// The events that are rejected.
    pub rejected: u64,
}

impl IngestReport {
    /// Creates the report that everything up to a line is recorded.
    pub fn acknowledged(line: u64) -> Self {
        IngestReport { item: None, line: None, result: IngestResult::Acknowledged(line), v: VERSION }
    }

    /// Creates the report that a policy rejects the event on a line, or an item of it, counted from 0, if the line is a batch.
    pub fn rejected(line: u64, item: Option<usize>, rejection: Rejection, policy: &Policy) -> Self {
        let fault = Fault { code: rejection.as_str(), message: rejection.message(policy) };
        IngestReport { item, line: Some(line), result: IngestResult::Rejected(fault), v: VERSION }
    }

    /// Creates the report of a whole ingest.
    pub fn summary(counts: IngestCounts) -> Self {
        IngestReport { item: None, line: None, result: IngestResult::Summary(counts), v: VERSION }
    }
}

impl Document for IngestReport {
    fn add_to(&self, page: &mut Page) {
        match &self.result {
            IngestResult::Acknowledged(_) => {}
            IngestResult::Rejected(Fault { code, message }) => {
                let place = place(self.line.unwrap_or_default(), self.item);
                page.paragraph(format!("{place}  rejected ({code}): {message}"))
            }
            IngestResult::Summary(IngestCounts {
                batches,
                blank_lines,
                lines,
                links,
                not_events,
                others,
                preferences,
                rejected,
            }) => page.paragraph(format!(
                "{lines} lines: {preferences} preferences and {links} links recorded, {others} that do not write, {rejected} rejected, {not_events} not events{}{}",
                names::blank_lines(*blank_lines),
                names::batches(*batches)
            )),
        }
    }
}
