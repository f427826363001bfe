//! `consentry ledger`.

mod ingest;
mod show;

use super::shared::{CliError, Status};
use std::io::Write;

/// Keep what people have agreed to, from the events that say it, to check what other events are stamped with.
#[derive(clap::Args)]
pub(super) struct LedgerCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Ingest(ingest::Ingest),
    Show(show::Show),
    Export(show::Export),
    Forget(show::Forget),
}

impl LedgerCommand {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        match &self.command {
            Command::Ingest(ingest) => ingest.run(to),
            Command::Show(show) => show.run(to),
            Command::Export(export) => export.run(to),
            Command::Forget(forget) => forget.run(to),
        }
    }
}
