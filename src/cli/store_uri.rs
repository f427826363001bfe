//! Where a ledger is, as arguments name it.

use super::shared::Result;
use consentry::ledger::{FileStore, RedisStore, Store, StoreError};
use std::path::Path;
use std::time::Duration;

/// The address of a store that is no file, for help texts.
pub(super) const ADDRESS: &str = "`redis://HOST:PORT/DB`";

/// A ledger by its name on the command line.
#[derive(clap::Args)]
pub(super) struct Reach {
    /// How long a ledger in Redis may be silent, in milliseconds, before it counts as unreachable; then it is not asked for as long again
    /// [default: 1000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    ledger_timeout: Option<u64>,
    /// What the keys of the ledger begin with in Redis [default: consentry:].
    #[arg(long, value_name = "TEXT")]
    ledger_prefix: Option<String>,
}

/// Opens a file to read it, or to write to it.
pub(super) type FileOpener = fn(&Path) -> Result<FileStore, StoreError>;

pub(super) type Shared = dyn Store + Send + Sync;

impl Reach {
    /// Returns an error if there is an option for Redis where no ledger in Redis is asked.
    pub(super) fn ensure_unused(&self) -> Result<()> {
        match (self.ledger_timeout, &self.ledger_prefix) {
            (None, None) => Ok(()),
            _ => Err(format!("--ledger-timeout and --ledger-prefix are for a ledger in Redis: name one ({ADDRESS}), or leave them out").into()),
        }
    }

    /// Opens a ledger. One that is Redis answers, or does not, when it is asked.
    pub(super) fn open(&self, place: &str, open_file: FileOpener) -> Result<Box<Shared>> {
        match place.split_once("://") {
            Some((scheme @ ("redis" | "redis+unix" | "unix"), _)) => {
                let timeout = Duration::from_millis(self.ledger_timeout.unwrap_or(1_000));
                let prefix = self.ledger_prefix.as_deref().unwrap_or("consentry:");
                let store = RedisStore::new(place, prefix, timeout);
                // The address may have a password in it, which nobody should read in a log.
                Ok(Box::new(store.map_err(|error| format!("`{scheme}://...`: {error}"))?))
            }
            Some((scheme, _)) => Err(format!(
                "a ledger is a file or `redis://...`, and no `{scheme}://`; put a proxy in front of a Redis that wants TLS"
            ).into()),
            None if place.starts_with("redis:") => {
                Err(format!("a ledger in Redis is {ADDRESS}").into())
            }
            None => {
                self.ensure_unused()?;
                let store = open_file(Path::new(place)).map_err(|error| format!("`{place}`: {error}"))?;
                Ok(Box::new(store))
            }
        }
    }
}
