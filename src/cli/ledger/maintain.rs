//! `consentry ledger check`, `compact` and `import`.

use super::show::StoreArguments;
use crate::cli::format::ResultFormat;
use crate::cli::input::EventsArguments;
use crate::cli::shared::{CliError, Result, Status};
use crate::cli::store_uri::{ADDRESS, Reach};
use consentry::ledger::{EntryLine, FileStore, Id, LedgerEntry, Store};
use consentry::report::ledger::{CheckReport, CompactReport, ImportReport};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Look at every entry of a ledger, and compare all of them with what the ledger says of itself.
///
/// It finds entries that are damaged, missing or older than they should be. An older copy of a whole ledger agrees with itself: note the number of
/// changes that this command prints, and state it with --changes. A ledger in Redis may not be written to meanwhile: this command would report
/// the changes as damage. Exit status: 0 the ledger is sound, 1 it is not, 2 usage, or a ledger that does
/// not answer.
#[derive(clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    store: StoreArguments,
    /// The number of changes that the ledger had before: it must have as many, or more.
    #[arg(long, value_name = "NUMBER")]
    changes: Option<u64>,
    #[command(flatten)]
    format: ResultFormat,
}

impl Check {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let check = self.store.open(FileStore::open_to_read)?.check()?;
        let report = CheckReport::new(&check, self.changes);
        self.format.write(to, &report)?;
        Ok(Status::fine_if(report.is_sound()))
    }
}

/// Rewrite a ledger in a file, without the bytes of erased people.
///
/// After `ledger forget`, bytes of a person may still be in the file. After this command, none are. Exit status: 0 the file is rewritten, 2 usage, an entry
/// is damaged, or the ledger does not answer. The file then stays as it was.
#[derive(clap::Args)]
pub(crate) struct Compact {
    /// The ledger: a file.
    store: String,
    #[command(flatten)]
    format: ResultFormat,
}

impl Compact {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        if self.store.contains("://") {
            return Err(
                "a ledger in Redis keeps no room for what was erased; its log does until `BGREWRITEAOF`"
                    .into(),
            );
        }
        let path = Path::new(&self.store);
        let compacted = FileStore::compact(path).map_err(|error| format!("`{}`: {error}", self.store));
        let (before, after) = compacted?;
        self.format.write(to, &CompactReport::new(before, after))?;
        Ok(Status::Fine)
    }
}

/// The number of lines that are imported at a time.
const LINES: usize = 10_000;

/// Add what `ledger export` has written to a ledger.
///
/// The ledger keeps the entries that it has. The later of two choices counts, and on a tie the refusal. Exit status: 0 all lines are imported, 1 some lines are no
/// entries, 2 usage, a file that cannot be read, or a ledger that does not answer.
#[derive(clap::Args)]
pub(crate) struct Import {
    #[arg(help = format!("The ledger: a file, which is made if it is not there, or {ADDRESS}"))]
    store: String,
    #[command(flatten)]
    lines: EventsArguments,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    format: ResultFormat,
}

impl Import {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let chunks = self.lines.open()?;
        let (store, created) = self.reach.create(&self.store)?;
        let (mut line, mut entries, mut faults) = (0, 0, 0);
        let mut changes: BTreeMap<Id, LedgerEntry> = BTreeMap::new();
        for chunk in chunks {
            let chunk = chunk?;
            for text in chunk.events() {
                line += 1;
                let text = match text {
                    Err(error) if error.is_blank() => continue,
                    text => text.map_err(|error| error.to_string()),
                };
                match text.and_then(entry) {
                    Ok((id, entry)) => {
                        changes.entry(id).or_default().join(entry);
                        entries += 1;
                    }
                    Err(message) => {
                        faults += 1;
                        self.format.write(to, &ImportReport::fault(line, message))?;
                    }
                }
                if changes.len() >= LINES {
                    join(store.as_ref(), &mut changes)?;
                }
            }
        }
        join(store.as_ref(), &mut changes)?;
        self.format.write(to, &ImportReport::summary(line, entries, faults, created))?;
        Ok(Status::fine_if(faults == 0))
    }
}

fn entry(line: &[u8]) -> Result<(Id, LedgerEntry), String> {
    let line: EntryLine =
        serde_json::from_slice(line).map_err(|error| format!("not a line of an export: {error}"))?;
    line.try_into()
}

/// Adds entries to those of a ledger.
fn join(store: &dyn Store, changes: &mut BTreeMap<Id, LedgerEntry>) -> Result<(), CliError> {
    let changes: Vec<_> = std::mem::take(changes).into_iter().collect();
    Ok(store.join(&changes)?)
}
