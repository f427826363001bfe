//! `consentry ledger show`, `export` and `forget`.

use crate::cli::format::{Format, ResultFormat};
use crate::cli::output::Output;
use crate::cli::shared::{CliError, Result, Status};
use crate::cli::store_uri::{ADDRESS, FileOpener, Reach, Shared};
use consentry::ledger::{EntryLine, FileStore, Forgotten, Id, LedgerEntry, forget, recorded};
use consentry::report::ledger::{ForgetReport, PersonReport, entry_rows};
use consentry::report::{csv, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::slice;

/// A ledger.
#[derive(clap::Args)]
pub(crate) struct StoreArguments {
    #[arg(help = format!("The ledger: a file, or {ADDRESS}"))]
    store: String,
    #[command(flatten)]
    reach: Reach,
}

/// A person in a ledger.
#[derive(clap::Args)]
pub(crate) struct PersonArguments {
    #[command(flatten)]
    store: StoreArguments,
    /// The person: `user:ID` by `userId`, or `anonymous:ID` by `anonymousId`.
    #[arg(value_parser = id)]
    person: Id,
    #[command(flatten)]
    format: ResultFormat,
}

fn id(text: &str) -> Result<Id, &'static str> {
    Id::parse(text).ok_or("write `user:ID` for a userId, or `anonymous:ID` for an anonymousId")
}

impl StoreArguments {
    pub(super) fn open(&self, open_file: FileOpener) -> Result<Box<Shared>> {
        self.reach.open(&self.store, open_file)
    }
}

/// Write every entry of a ledger, in the order of the ids.
///
/// As JSON, each line is an entry: the id, its choices in each category, and the ids that are linked with it. `ledger import` reads it. As CSV, each row
/// is a category or a link of an id. CSV leaves out when a category was named last, and the times that were still to come. Exit status: 0 all
/// entries are written, 2 a ledger that does not answer, 141 the reader of standard output went away before the end.
#[derive(clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    store: StoreArguments,
    /// The format of the entries.
    #[arg(long, value_parser = Format::among(&[Format::Json, Format::Csv]), default_value = "json")]
    format: Format,
}

impl Export {
    /// Writes every entry.
    pub(super) fn run(&self, to: &mut Output) -> Result<Status> {
        let mut written = Ok(());
        let store = self.store.open(FileStore::open_to_read)?;
        if self.format == Format::Csv {
            csv::write(to, &entry_rows(&[]))?;
        }
        let mut write = |id: &Id, entry: &LedgerEntry| {
            let entry = match self.format {
                Format::Csv => csv::write_rows(to, &entry_rows(&[(id, entry)])),
                _ => json::write(to, &EntryLine::new(id, entry)),
            };
            written = entry.map_err(CliError::from).and_then(|()| to.ensure_open());
            written.is_ok()
        };
        let all = match store.is_sorted() {
            true => store.each(&mut |id, entry| write(&id, &entry)),
            false => {
                let mut entries = BTreeMap::new();
                let all = store.each(&mut |id, entry| {
                    entries.insert(id, entry);
                    true
                });
                entries.iter().take_while(|(id, entry)| write(id, entry)).for_each(drop);
                all
            }
        };
        to.flush()?;
        let written = written.and_then(|()| to.ensure_open());
        written.map_err(|failure| failure.with("; some entries are not written"))?;
        all?;
        Ok(Status::Fine)
    }
}

impl PersonArguments {
    /// Writes what is recorded of the person.
    pub(super) fn show(&self, to: &mut impl Write) -> Result<Status> {
        let store = self.store.open(FileStore::open_to_read)?;
        let person = slice::from_ref(&self.person);
        let record = recorded(store.as_ref(), person)?.pop().flatten();
        // The entry of the id, and those of the ids that it is linked with.
        let own = store.get(person)?.pop().unwrap_or_default();
        let linked: Vec<Id> = own.links.iter().map(|(id, _)| id.clone()).collect();
        let entries = store.get(&linked)?;
        let mut parts = vec![(self.person.clone(), own)];
        parts.extend(linked.into_iter().zip(entries));
        self.format.write(to, &PersonReport::new(&self.person, record.as_ref(), &parts))?;
        Ok(Status::fine_if(record.is_some()))
    }

    /// Erases the person.
    pub(super) fn forget(&self, to: &mut impl Write) -> Result<Status> {
        let person = &self.person;
        let (erased, shared) = match forget(self.store.open(FileStore::open)?.as_ref(), person)? {
            Forgotten::Erased { erased, shared } => (erased, shared),
            Forgotten::Linked(with) => {
                let with: Vec<String> = with.iter().map(Id::to_string).collect();
                return Err(match with.as_slice() {
                    [] => format!("`{person}` is linked with more known ids than are kept, whose refusals may be recorded under it"),
                    with => format!(
                        "`{person}` is one person with {}, whose refusals may be recorded under it: forget that instead",
                        with.join(", ")
                    ),
                }
                .into());
            }
        };
        self.format.write_escaped(to, &ForgetReport::new(person, &erased, &shared))?;
        Ok(Status::Fine)
    }
}
