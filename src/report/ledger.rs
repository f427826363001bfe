//! The records of people, and the recording of events.

use super::eval::{Fault, place};
use super::json::VERSION;
use super::names;
use super::page::{Column, Document, Grid, Page};
use crate::ledger::{
    DatedPreference, DatedRecord, EntryLine, Id, LedgerEntry, Links, Rejection, StoreCheck, Timestamp,
};
use crate::model::Policy;
use serde::Serialize;

/// The result of `ledger show`: the record of a person, and the entries that it is made of.
#[derive(Debug, Serialize)]
pub struct PersonReport<'a> {
    ids: Vec<EntryLine>,
    person: String,
    recorded: Option<&'a DatedRecord>,
    #[serde(skip)]
    entries: &'a [(Id, LedgerEntry)],
    v: u32,
}

impl<'a> PersonReport<'a> {
    /// Creates the report of a person. The entries are that of the person's id, and those of the ids that it is linked with.
    pub fn new(person: &Id, recorded: Option<&'a DatedRecord>, entries: &'a [(Id, LedgerEntry)]) -> Self {
        let ids = entries.iter().map(|(id, entry)| EntryLine::new(id, entry)).collect();
        PersonReport { ids, person: person.to_string(), recorded, entries, v: VERSION }
    }
}

impl Document for PersonReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let Some(record) = self.recorded else {
            return page.paragraph(format!("{}: nothing is recorded", self.person));
        };
        page.paragraph(format!("{}, {}", self.person, at(record.at)));
        let row = |(name, dated): (&String, &DatedPreference)| {
            let granted = dated.granted.map_or(String::new(), |at| at.to_string());
            [dated.preference.as_str().to_owned(), name.clone(), granted]
        };
        let rows = record.preferences.iter().map(row);
        page.table(Grid::new([Column::wide(9), Column::default(), Column::default()]).with(rows));
        page.gap();
        let own = self.entries.first();
        for (id, entry) in self.entries {
            let link = own.and_then(|(_, own)| own.links.iter().find(|(linked, _)| *linked == id));
            let since = link.map_or(String::new(), |(_, since)| format!("; one person since {since}"));
            page.indented(format!("{id}: {}{since}", said(entry)));
        }
    }
}

fn at(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "at an unknown time".to_owned(), |time| time.to_string())
}

/// Describes the choices under one id in a few words.
fn said(entry: &LedgerEntry) -> String {
    if entry.links == Links::TooMany {
        return "linked with too many ids, so nothing is granted".to_owned();
    }
    if !entry.choices.say_something() {
        return "said nothing".to_owned();
    }
    let names = |is_granted: bool| -> Vec<&str> {
        let named = entry.choices.named().filter(|(_, choice)| choice.granted.is_some() == is_granted);
        named.map(|(name, _)| name).collect()
    };
    let listed = |names: &[&str]| if names.is_empty() { "nothing".to_owned() } else { names::joined(names) };
    let (granted, refused) = (names(true), names(false));
    let refused =
        if refused.is_empty() { String::new() } else { format!(", refused {}", names::joined(&refused)) };
    format!("granted {}{refused}, {}", listed(&granted), at(entry.choices.latest()))
}

/// The result of `ledger forget`.
#[derive(Debug, Serialize)]
pub struct ForgetReport {
    v: u32,
    person: String,
    erased: Vec<String>,
    /// The anonymous ids that others share, whose entries stay.
    shared: Vec<String>,
}

impl ForgetReport {
    /// Creates the report of a person, the ids that are erased, and those that others share.
    pub fn new(person: &Id, erased: &[Id], shared: &[Id]) -> Self {
        let texts = |ids: &[Id]| ids.iter().map(Id::to_string).collect();
        ForgetReport { v: VERSION, person: person.to_string(), erased: texts(erased), shared: texts(shared) }
    }
}

impl Document for ForgetReport {
    fn add_to(&self, page: &mut Page) {
        if self.erased.is_empty() {
            return page.paragraph(format!("{}: nothing was recorded", self.person));
        }
        self.erased.iter().for_each(|id| page.paragraph(format!("{id} is erased")));
        let stays = |id| format!("{id} stays, because others share it; it grants nothing by itself");
        self.shared.iter().map(stays).for_each(|line| page.paragraph(line));
    }
}

/// Returns entries as a table: a row for each category and for each link of an id, and one if a person who shared it is forgotten. The category `*` means
/// all categories without a row. The table leaves out when a category was named last, and the times that were still to come.
pub fn entry_rows(entries: &[(&Id, &LedgerEntry)]) -> Grid {
    const TITLES: [&str; 7] = ["id", "category", "choice", "granted", "refused", "version", "linked"];
    let time = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.to_string());
    let mut rows = Vec::new();
    for (id, entry) in entries {
        let mut row = |cells: [String; 6]| {
            let [category, choice, granted, refused, version, linked] = cells;
            rows.push([id.to_string(), category, choice, granted, refused, version, linked]);
        };
        for (name, choice) in entry.choices.named() {
            let grant = choice.granted.as_ref();
            let version = grant.and_then(|grant| grant.version.as_ref());
            row([
                name.to_owned(),
                if grant.is_some() { "granted" } else { "refused" }.to_owned(),
                time(grant.and_then(|grant| grant.at)),
                time(choice.refused),
                version.map_or(String::new(), ToString::to_string),
                String::new(),
            ]);
        }
        let others = entry.choices.others_refused();
        let none = || String::new();
        if others.is_some() {
            row(["*".to_owned(), "refused".to_owned(), none(), time(others), none(), none()]);
        }
        for (linked, since) in entry.links.iter() {
            row([none(), none(), none(), none(), none(), format!("{linked} since {since}")]);
        }
        let is_shared = entry.shared.then_some("a person who is forgotten");
        let has_too_many = (entry.links == Links::TooMany).then_some("too many");
        for linked in is_shared.into_iter().chain(has_too_many) {
            row([none(), none(), none(), none(), none(), linked.to_owned()]);
        }
    }
    Grid::new(TITLES.map(|title| Column { title, ..Column::default() })).with(rows)
}

/// The result of `ledger check`.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    check: CheckResult,
    v: u32,
}

#[derive(Debug, Serialize)]
struct CheckResult {
    /// True if all entries are those that the marker counts.
    #[serde(skip)]
    are_entries_sound: bool,
    /// The number of changes, by the marker.
    changes: Option<u64>,
    damaged: u64,
    /// The entries that are sound.
    entries: u64,
    examples: Vec<String>,
    /// The number of changes that the caller expects at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_changes: Option<u64>,
    is_sound: bool,
    /// The number of entries that there should be, by the marker.
    stated_entries: Option<u64>,
}

impl CheckReport {
    /// Creates the report of a look at every entry, for a caller who expects so many changes at least.
    pub fn new(check: &StoreCheck, expected_changes: Option<u64>) -> Self {
        let changes = check.marker.map(|marker| marker.changes);
        let is_old = expected_changes.is_some_and(|expected| changes < Some(expected));
        let check = CheckResult {
            are_entries_sound: check.is_sound(),
            changes,
            damaged: check.damaged,
            entries: check.entries,
            examples: check.examples.clone(),
            expected_changes,
            is_sound: check.is_sound() && !is_old,
            stated_entries: check.marker.map(|marker| marker.entries),
        };
        CheckReport { check, v: VERSION }
    }

    /// Returns true if nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.check.is_sound
    }
}

impl Document for CheckReport {
    fn add_to(&self, page: &mut Page) {
        let CheckResult {
            are_entries_sound,
            changes,
            damaged,
            entries,
            examples,
            expected_changes,
            is_sound,
            stated_entries,
        } = &self.check;
        let is_old = expected_changes.is_some_and(|expected| *changes < Some(expected));
        let changes = changes.map_or(String::new(), |changes| format!(", {changes} changes"));
        page.paragraph(format!("{entries} entries are sound, {damaged} are damaged{changes}"));
        examples.iter().for_each(|example| page.indented(example.clone()));
        if let Some(stated) = stated_entries.filter(|stated| *stated != entries + damaged) {
            page.paragraph(format!(
                "there should be {stated} entries: some are lost, or were added by another program"
            ));
        } else if !are_entries_sound && *damaged == 0 {
            page.paragraph("some entries are not those that were written last".to_owned());
        }
        if let Some(expected) = expected_changes {
            page.paragraph(format!(
                "there should be at least {expected} changes{}",
                if is_old { ": this may be an older copy" } else { "" }
            ));
        }
        page.paragraph(if *is_sound { "the ledger is sound" } else { "the ledger is not sound" }.to_owned());
    }
}

/// The result of `ledger compact`.
#[derive(Debug, Serialize)]
pub struct CompactReport {
    bytes: u64,
    bytes_before: u64,
    v: u32,
}

impl CompactReport {
    /// Creates the report of how many bytes the file had, and how many it has.
    pub fn new(before: u64, after: u64) -> Self {
        CompactReport { bytes: after, bytes_before: before, v: VERSION }
    }
}

impl Document for CompactReport {
    fn add_to(&self, page: &mut Page) {
        page.paragraph(format!("{} bytes, before {}", self.bytes, self.bytes_before));
    }
}

/// A result of `ledger import`.
#[derive(Debug, Serialize)]
pub struct ImportReport {
    #[serde(flatten)]
    result: ImportResult,
    v: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum ImportResult {
    Fault { line: u64, message: String },
    Imported { created: bool, entries: u64, faults: u64, lines: u64 },
}

impl ImportReport {
    /// Creates the report that a line is no entry.
    pub fn fault(line: u64, message: String) -> Self {
        ImportReport { result: ImportResult::Fault { line, message }, v: VERSION }
    }

    /// Creates the report of a whole import.
    pub fn summary(lines: u64, entries: u64, faults: u64, created: bool) -> Self {
        ImportReport { result: ImportResult::Imported { created, entries, faults, lines }, v: VERSION }
    }
}

impl Document for ImportReport {
    fn add_to(&self, page: &mut Page) {
        page.paragraph(match &self.result {
            ImportResult::Fault { line, message } => format!("line {line}  {message}"),
            ImportResult::Imported { created, entries, faults, lines } => {
                let new = if *created { "; the ledger is new" } else { "" };
                format!("{lines} lines: {entries} entries imported, {faults} lines are no entries{new}")
            }
        });
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
    /// It is recorded, though it states no time that can be used.
    Warning(Fault),
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
    /// True if there was no such ledger, and one was made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub created: bool,
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
    /// The recorded events without a time that can be used.
    #[serde(skip_serializing_if = "names::is_zero")]
    pub without_time: u64,
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

    /// Creates the report that the event on a line, or an item of it, is recorded without a time.
    pub fn without_time(line: u64, item: Option<usize>) -> Self {
        let message = "it states no time, or one that is still to come: its grants are older than any other choice, its refusals count from now"
            .to_owned();
        let fault = Fault { code: "no_time", message };
        IngestReport { item, line: Some(line), result: IngestResult::Warning(fault), v: VERSION }
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
            IngestResult::Warning(Fault { code, message }) => {
                let place = place(self.line.unwrap_or_default(), self.item);
                page.paragraph(format!("{place}  recorded ({code}): {message}"))
            }
            IngestResult::Summary(IngestCounts {
                batches,
                blank_lines,
                created,
                lines,
                links,
                not_events,
                others,
                preferences,
                rejected,
                without_time,
            }) => page.paragraph(format!(
                "{lines} lines: {preferences} preferences and {links} links recorded, {others} that do not write, {rejected} rejected, {not_events} not events{}{}{}{}",
                names::blank_lines(*blank_lines),
                names::batches(*batches),
                match without_time {
                    0 => String::new(),
                    count => format!(", {count} without a time"),
                },
                if *created { "; the ledger is new" } else { "" }
            )),
        }
    }
}
