//! `consentry ledger`.

mod ingest;
mod maintain;
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
    Export(show::Export),
    Import(maintain::Import),
    Check(maintain::Check),
    Compact(maintain::Compact),
    /// Erase a person: every id of theirs that nobody else has. The records of others stay as they are.
    ///
    /// Bytes of it may stay in the file until `ledger compact`. If old events of the person are ingested later, they are recorded again. Erase them first. Exit
    /// status: 0 nothing is recorded any more, 2 usage, or a ledger that does not answer.
    Forget(show::PersonArguments),
}

impl Command {
    pub(super) fn run(&self, to: &mut Output) -> Result<Status> {
        match self {
            Command::Ingest(ingest) => ingest.run(to),
            Command::Show(person) => person.show(to),
            Command::Export(export) => export.run(to),
            Command::Import(import) => import.run(to),
            Command::Check(check) => check.run(to),
            Command::Compact(compact) => compact.run(to),
            Command::Forget(person) => person.forget(to),
        }
    }
}
