//! The records of people, and the recording of events.

use super::eval::Fault;
use super::json::VERSION;
use super::names;
use super::page::{Column, Page, Report, Table};
use crate::ledger::{Entry, Id, Moment, Record, Rejection, Write};
use crate::model::Policy;
use serde::Serialize;
use std::collections::BTreeMap;

/// An entry of a ledger: a line of `ledger export`.
#[derive(Debug, Serialize)]
pub struct EntryReport<'a> {
    granted: &'a BTreeMap<String, Option<Moment>>,
    id: String,
    links: Vec<Link>,
    shared: bool,
    v: u32,
    write: Option<&'a Write>,
}

#[derive(Debug, Serialize)]
struct Link {
    id: String,
    since: Moment,
}

impl<'a> EntryReport<'a> {
    /// Creates the report of the entry of an id.
    pub fn new(id: &Id, entry: &'a Entry) -> Self {
        let link = |(other, since): (&String, &Moment)| Link {
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
    recorded: Option<&'a Record>,
    v: u32,
}

impl<'a> PersonReport<'a> {
    /// Creates the report of a person. The entries are that of the person's id, and those of the ids that it is linked with.
    pub fn new(person: &Id, recorded: Option<&'a Record>, entries: &'a [(Id, Entry)]) -> Self {
        let ids = entries.iter().map(|(id, entry)| EntryReport::new(id, entry)).collect();
        PersonReport { ids, person: person.to_string(), recorded, v: VERSION }
    }
}

impl Report for PersonReport<'_> {
    fn page(&self) -> Page {
        let Some(record) = self.recorded else {
            return Page::line(format!("{}: nothing is recorded", self.person));
        };
        let mut page = Page::line(format!("{}, {}", self.person, record.at));
        let rows = record.preferences.iter().map(|(name, preference)| [preference.word(), name]);
        page.table(Table::new([Column::wide(9), Column::default()]).with(rows));
        page.gap();
        let links = || self.ids.first().into_iter().flat_map(|own| &own.links);
        for entry in &self.ids {
            let since = links().find(|link| link.id == entry.id && entry.id != self.person);
            let since = since.map_or(String::new(), |link| format!("; one person since {}", link.since));
            page.indented(entry.text() + &since);
        }
        page
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

impl Report for ForgetReport {
    fn page(&self) -> Page {
        if self.erased.is_empty() {
            return Page::line(format!("{}: nothing was recorded", self.person));
        }
        let mut page = Page::default();
        self.erased.iter().for_each(|id| page.paragraph(format!("{id} is erased")));
        page
    }
}

/// A line of `ledger ingest` about an event that was rejected.
#[derive(Debug, Serialize)]
pub struct RejectedReport {
    line: u64,
    rejected: Fault,
    v: u32,
}

impl RejectedReport {
    /// Creates the report of a rejection by a policy.
    pub fn new(line: u64, rejection: Rejection, policy: &Policy) -> Self {
        let rejected = Fault { code: rejection.word(), message: rejection.message(policy) };
        RejectedReport { line, rejected, v: VERSION }
    }
}

impl Report for RejectedReport {
    fn page(&self) -> Page {
        let Fault { code, message } = &self.rejected;
        Page::line(format!("line {}  rejected ({code}): {message}", self.line))
    }
}

/// A line of `ledger ingest`: everything up to a line is recorded. People are not shown it.
#[derive(Debug, Serialize)]
pub struct AcknowledgedReport {
    acknowledged: u64,
    v: u32,
}

impl AcknowledgedReport {
    /// Creates the report for the last line that is recorded.
    pub fn new(line: u64) -> Self {
        AcknowledgedReport { acknowledged: line, v: VERSION }
    }
}

impl Report for AcknowledgedReport {
    fn page(&self) -> Page {
        Page::default()
    }
}

/// The counts of an ingest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IngestCounts {
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

/// The last line of `ledger ingest`.
#[derive(Debug, Serialize)]
pub struct IngestReport {
    summary: IngestCounts,
    v: u32,
}

impl IngestReport {
    /// Creates the report of an ingest.
    pub fn new(summary: IngestCounts) -> Self {
        IngestReport { summary, v: VERSION }
    }
}

impl Report for IngestReport {
    fn page(&self) -> Page {
        let IngestCounts { lines, links, not_events, others, preferences, rejected } = self.summary;
        Page::line(format!(
            "{lines} lines: {preferences} preferences and {links} links recorded, {others} that do not write, {rejected} rejected, {not_events} not events"
        ))
    }
}
