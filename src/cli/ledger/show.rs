//! `consentry ledger show`, `export` and `forget`.

use crate::cli::format::ResultFormat;
use crate::cli::shared::{CliError, Status};
use crate::cli::store_uri::{ADDRESS, Access, Reach, Shared};
use consentry::ledger::{Forgotten, Id, LedgerEntry, StoreError, forget, recorded};
use consentry::report::json;
use consentry::report::ledger::{EntryReport, ForgetReport, PersonReport};
use std::io::Write;

/// Say what is recorded of a person, and what it is made of.
///
/// Exit status: 0 something is recorded, 1 nothing is, 2 usage, or a ledger that does not answer.
#[derive(clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    person: PersonArguments,
    #[command(flatten)]
    format: ResultFormat,
}

/// Erase a person: the id, and the anonymous ids that were never linked with another. What is recorded of others stays as it is.
///
/// Events that are ingested afterwards are recorded again, old ones too: erase them first. Exit status: 0 nothing is recorded any more, 2 usage,
/// or a ledger that does not answer.
#[derive(clap::Args)]
pub(super) struct Forget {
    #[command(flatten)]
    person: PersonArguments,
    #[command(flatten)]
    format: ResultFormat,
}

/// Write every entry of a ledger, one JSON object a line: the id, what was written last under it, and the ids that it is linked with.
///
/// Exit status: 0 all are written, 2 a ledger that does not answer.
#[derive(clap::Args)]
pub(super) struct Export {
    #[arg(help = format!("The ledger: a file, or {ADDRESS}"))]
    store: String,
    #[command(flatten)]
    reach: Reach,
}

/// A person in a ledger.
#[derive(clap::Args)]
struct PersonArguments {
    #[arg(help = format!("The ledger: a file, or {ADDRESS}"))]
    store: String,
    /// The person: `user:ID` by `userId`, or `anonymous:ID` by `anonymousId`.
    #[arg(value_parser = id)]
    person: Id,
    #[command(flatten)]
    reach: Reach,
}

fn id(text: &str) -> Result<Id, &'static str> {
    Id::parse(text).ok_or("write `user:ID` for a userId, or `anonymous:ID` for an anonymousId")
}

impl Show {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        let PersonArguments { store, person, reach } = &self.person;
        let store = reach.open(store, Access::Read)?;
        let record = recorded(store.as_ref(), std::slice::from_ref(person))?.pop().flatten();
        let parts = parts(store.as_ref(), person)?;
        self.format.write(to, &PersonReport::new(person, record.as_ref(), &parts))?;
        Ok(Status::fine_if(record.is_some()))
    }
}

/// The entry of a person's id, and those of the ids that it is linked with.
fn parts(store: &Shared, person: &Id) -> Result<Vec<(Id, LedgerEntry)>, StoreError> {
    let own = store.get(std::slice::from_ref(person))?.pop().unwrap_or_default();
    let ids: Vec<Id> = own.linked(person).collect();
    let entries = store.get(&ids)?;
    Ok(std::iter::once((person.clone(), own)).chain(ids.into_iter().zip(entries)).collect())
}

impl Export {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        let store = self.reach.open(&self.store, Access::Read)?;
        let mut written = Ok(());
        let all = store.each(&mut |id, entry| {
            written = json::write(to, &EntryReport::new(&id, &entry));
            written.is_ok()
        });
        written?;
        all?;
        Ok(Status::Fine)
    }
}

impl Forget {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        let PersonArguments { store, person, reach } = &self.person;
        let store = reach.open(store, Access::Write)?;
        let erased = match forget(store.as_ref(), person)? {
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
