//! `consentry ledger`.

mod ingest;
mod show;

use super::output::Output;
use super::shared::{Result, Status};

/// Keep what people have agreed to, from the events that say it, to check what other events are stamped with.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    Ingest(ingest::Ingest),
    /// Say what is recorded of a person, and what it is made of.
    ///
    /// Exit status: 0 something is recorded, 1 nothing is, 2 usage, or a ledger that does not answer.
    Show(show::PersonArguments),
    /// Write every entry of a ledger, one JSON object a line: the id, what was written last under it, and the ids that it is linked with.
    ///
    /// Exit status: 0 all are written, 2 a ledger that does not answer, 141 the reader of standard output went away before the end.
    Export(show::StoreArguments),
    /// Erase a person: the id, and the anonymous ids that were never linked with another. What is recorded of others stays as it is.
    ///
    /// Events that are ingested afterwards are recorded again, old ones too: erase them first. Exit status: 0 nothing is recorded any more, 2 usage,
    /// or a ledger that does not answer.
    Forget(show::PersonArguments),
}

impl Command {
    pub(super) fn run(&self, to: &mut Output) -> Result<Status> {
        match self {
            Command::Ingest(ingest) => ingest.run(to),
            Command::Show(person) => person.show(to),
            Command::Export(store) => store.export(to),
            Command::Forget(person) => person.forget(to),
        }
    }
}
