//! Where a ledger is, as arguments name it.

use super::shared::{CliError, Result};
use consentry::ledger::{FileStore, RedisOptions, RedisStore, Store, StoreError};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The address of a store that is no file, for help texts.
pub(super) const ADDRESS: &str = "`redis://HOST:PORT/DB`";

/// The variable that names the user of a ledger in Redis.
const USER: &str = "CONSENTRY_LEDGER_USER";

/// The variable that holds the password of a ledger in Redis.
const PASSWORD: &str = "CONSENTRY_LEDGER_PASSWORD";

/// A ledger by its name on the command line.
#[derive(clap::Args)]
pub(super) struct Reach {
    /// The longest time of one request to a ledger in Redis, in milliseconds. After that the ledger counts as unreachable, and is not asked for as long again
    /// [default: 1000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    ledger_timeout: Option<u64>,
    /// What the keys of the ledger begin with in Redis [default: consentry:].
    #[arg(long, value_name = "TEXT")]
    ledger_prefix: Option<String>,
    /// Read the password of a ledger in Redis from the first line of this file.
    ///
    /// The variable CONSENTRY_LEDGER_PASSWORD can hold it too. The address can name the user, `redis://USER@HOST`, and so can the variable
    /// CONSENTRY_LEDGER_USER. An address with the password in it, percent-encoded, is visible in the list of processes.
    #[arg(long, value_name = "FILE")]
    ledger_password_file: Option<PathBuf>,
    /// Trust the certificates (PEM) of this file, and not the system's, for a ledger in Redis with TLS (`rediss://`).
    #[arg(long, value_name = "FILE")]
    ledger_ca: Option<PathBuf>,
}

/// Opens a file to read it, or to write to it.
pub(super) type FileOpener = fn(&Path) -> Result<FileStore, StoreError>;

pub(super) type Shared = dyn Store + Send + Sync;

impl Reach {
    /// Returns an error if there is an option for Redis where no ledger in Redis is asked.
    pub(super) fn ensure_unused(&self) -> Result<()> {
        match (self.ledger_timeout, &self.ledger_prefix, &self.ledger_password_file, &self.ledger_ca) {
            (None, None, None, None) => Ok(()),
            _ => Err(format!(
                "--ledger-timeout, --ledger-prefix, --ledger-password-file and --ledger-ca are for a ledger in Redis: name one ({ADDRESS}), or leave them out"
            ).into()),
        }
    }

    /// Opens a ledger that is there. One that is Redis answers, or does not, when it is asked.
    pub(super) fn open(&self, place: &str, open_file: FileOpener) -> Result<Box<Shared>> {
        match self.redis(place)? {
            Some(store) => Ok(Box::new(store)),
            None => Ok(Box::new(self.file(place, open_file)?)),
        }
    }

    /// Opens a ledger, and makes it if it is not there. Returns true if it was made.
    pub(super) fn create(&self, place: &str) -> Result<(Box<Shared>, bool)> {
        match self.redis(place)? {
            Some(store) => {
                let is_new = store.create()?;
                Ok((Box::new(store), is_new))
            }
            None => {
                let store = self.file(place, FileStore::create)?;
                let is_new = store.is_new();
                Ok((Box::new(store), is_new))
            }
        }
    }

    fn file(&self, place: &str, open_file: FileOpener) -> Result<FileStore> {
        self.ensure_unused()?;
        Ok(open_file(Path::new(place)).map_err(|error| format!("`{place}`: {error}"))?)
    }

    /// Returns the ledger in Redis that a place names; `None` if it names a file.
    fn redis(&self, place: &str) -> Result<Option<RedisStore>> {
        let scheme = place.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_of = |words: &[&str]| words.iter().any(|word| scheme.to_ascii_lowercase().contains(word));
        match place.contains("://") {
            true if is_of(&["redis", "valkey", "unix", "sentinel", "cluster"]) => {
                // The address may have a password in it, which nobody should read in a log.
                let told = |error: &StoreError| {
                    error.source().map_or_else(|| error.to_string(), ToString::to_string)
                };
                let store = RedisStore::open(self.options(place)?);
                Ok(Some(store.map_err(|error| format!("`{scheme}://...`: {}", told(&error)))?))
            }
            true => Err(format!("a ledger is a file or {ADDRESS}, and no `{scheme}://`").into()),
            false if ["redis", "rediss"].iter().any(|word| scheme.eq_ignore_ascii_case(word)) => {
                Err(format!("a ledger in Redis is {ADDRESS}").into())
            }
            false => Ok(None),
        }
    }

    fn options(&self, place: &str) -> Result<RedisOptions> {
        let timeout = Duration::from_millis(self.ledger_timeout.unwrap_or(1_000));
        let mut options =
            RedisOptions::new(place, self.ledger_prefix.as_deref().unwrap_or("consentry:"), timeout);
        options.user = variable(USER)?;
        options.password = match (&self.ledger_password_file, variable(PASSWORD)?) {
            (None, password) => password,
            (Some(path), other) => {
                let password = first_line(path)?;
                if other.is_some_and(|other| other != password) {
                    return Err(format!(
                        "--ledger-password-file and {PASSWORD} give different passwords; give one"
                    )
                    .into());
                }
                Some(password)
            }
        };
        options.certificates.clone_from(&self.ledger_ca);
        Ok(options)
    }
}

/// Returns the value of a variable; `None` if it is empty.
fn variable(name: &str) -> Result<Option<String>> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    let value = value.map(|value| value.into_string().map_err(|_| format!("{name} is not UTF-8")));
    Ok(value.transpose()?)
}

/// Reads the first line of a file, without the line end.
fn first_line(path: &Path) -> Result<String> {
    let mut line = String::new();
    let file = std::fs::File::open(path).map_err(CliError::input(path.display()))?;
    BufReader::new(file).read_line(&mut line).map_err(CliError::input(path.display()))?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    match line.strip_suffix('\r').unwrap_or(line) {
        "" => {
            Err(format!("the first line of `{}` is empty; write the password there", path.display()).into())
        }
        password => Ok(password.to_owned()),
    }
}
