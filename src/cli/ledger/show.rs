//! `consentry ledger show`, `export` and `forget`.

use crate::cli::format::ResultFormat;
use crate::cli::output::Output;
use crate::cli::shared::{CliError, Result, Status};
use crate::cli::store_uri::{ADDRESS, FileOpener, Reach, Shared};
use consentry::ledger::{FileStore, Forgotten, Id, forget, recorded};
use consentry::report::json;
use consentry::report::ledger::{EntryReport, ForgetReport, PersonReport};
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
    fn open(&self, open_file: FileOpener) -> Result<Box<Shared>> {
        self.reach.open(&self.store, open_file)
    }

    /// Writes every entry.
    pub(super) fn export(&self, to: &mut Output) -> Result<Status> {
        let mut written = Ok(());
        let all = self.open(FileStore::open_to_read)?.each(&mut |id, entry| {
            let entry = json::write(to, &EntryReport::new(&id, &entry));
            written = entry.map_err(CliError::from).and_then(|()| to.ensure_open());
            written.is_ok()
        });
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
        let linked: Vec<Id> = own.linked(&self.person).collect();
        let entries = store.get(&linked)?;
        let mut parts = vec![(self.person.clone(), own)];
        parts.extend(linked.into_iter().zip(entries));
        self.format.write(to, &PersonReport::new(&self.person, record.as_ref(), &parts))?;
        Ok(Status::fine_if(record.is_some()))
    }

    /// Erases the person.
    pub(super) fn forget(&self, to: &mut impl Write) -> Result<Status> {
        let person = &self.person;
        let erased = match forget(self.store.open(FileStore::open)?.as_ref(), person)? {
            Forgotten::Erased(erased) => erased,
            Forgotten::Linked(with) => {
                let with: Vec<String> = with.iter().map(Id::to_string).collect();
                return Err(format!(
                    "`{person}` is one person with {}, whose refusals may be recorded under it: forget that instead",
                    with.join(", ")
                ).into());
            }
        };
        self.format.write_escaped(to, &ForgetReport::new(person, &erased))?;
        Ok(Status::Fine)
    }
}
