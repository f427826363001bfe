//! A store in Redis.
//!
//! ```text
//! RedisStore ──▶ Pool ──▶ Connection ──▶ TLS ──▶ TimedSocket     one deadline for each request
//!     │                       └──────▶ Replies                    one limit for each request
//!     └──▶ units, BackOff                                         writers next to each other
//! ```
//!
//! The `redis` crate builds the commands and reads the addresses. The connection is our own: the crate's has a timeout for each read, and no limit
//! for a reply.

mod address;
mod back_off;
mod connection;
mod deadline;
mod failure;
mod options;
mod pool;
mod replacement;
mod replies;
mod socket;
#[cfg(feature = "ledger-redis-tls")]
mod tls;
mod units;
mod values;

pub use options::RedisOptions;

use super::difference::{Difference, FORMAT};
use super::encoding::{Hash, Names, decode, encode};
use super::entry::LedgerEntry;
use super::error::{Cause, StoreError};
use super::id::Id;
use super::marker::Marker;
use super::store::{Store, StoreCheck};
use address::Address;
use back_off::{BackOff, PATIENCE, random};
use connection::Connector;
use deadline::Deadline;
use failure::Failure;
use pool::Pool;
use redis::{Pipeline, Script, Value};
use replacement::{REPLACE, Replacement};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;
use units::{Unit, units};
use values::{place, scanned, text};

/// The entries that are asked for in one exchange.
const ASKED: usize = 10_000;

/// The keys that are asked for at a time when all are.
const SCANNED: usize = 1_000;

/// The entries that a join writes in one request. A few hundred keep the server for a millisecond or two, and so do not hold up others.
const JOINED: usize = 500;

/// A store in Redis, or a server that speaks like it, for any number of processes and threads at a time. The settings of Redis decide how durable an
/// acknowledged change is (`appendfsync`).
///
/// - Each entry is packed under a key of its own: the prefix and the id. The keys of one change must be on one server.
/// - The key `marker` behind the prefix shows that there is a ledger, and holds the count and the sums of all entries. Without it, each request is an error: so a database
///   that is empty, wrong or flushed knows nobody, and does not seem to. [`RedisStore::create`] makes it.
/// - Each request ends by [`RedisOptions::timeout`], whatever the server does. A `get` is one request. The other calls make several: `update` and
///   `join` read, write, and begin again if others got ahead of them, and `each` makes as many as there are keys to see. After a request that was
///   too late no request is made for as long again: each is an error at once.
/// - The replies of one exchange take at most 32 MiB of memory. Entries that are larger together are asked for in smaller groups; a larger reply
///   is an error.
/// - Up to eight idle connections are kept. The store has no thread of its own.
/// - A change that others get ahead of is tried again, after random waits. `update` gives up after 30 seconds, and `join` after 30 seconds in which
///   it has written nothing.
pub struct RedisStore {
    pool: Pool,
    prefix: String,
    timeout: Duration,
    replace: Script,
}

impl RedisStore {
    /// Opens a store at an address such as `redis://localhost:6379/0`, which has the credentials, if the server asks for some. It sends nothing yet.
    ///
    /// # Errors
    ///
    /// If the address is invalid.
    pub fn new(address: &str, prefix: impl Into<String>, timeout: Duration) -> Result<Self, StoreError> {
        RedisStore::open(RedisOptions::new(address, prefix, timeout))
    }

    /// Opens a store. It sends nothing yet.
    ///
    /// # Errors
    ///
    /// If the address is invalid or not supported, if it and the options have different credentials, or if the certificates cannot be read.
    pub fn open(options: RedisOptions) -> Result<Self, StoreError> {
        Ok(RedisStore {
            pool: Pool::new(connector(&options)?, options.timeout),
            prefix: options.prefix,
            timeout: options.timeout,
            replace: Script::new(REPLACE),
        })
    }

    /// Sends some commands. All commands may be sent twice.
    fn ask(&self, request: &Pipeline, deadline: Deadline) -> Result<Vec<Value>, Failure> {
        self.pool.ask(&request.get_packed_pipeline(), request.len(), deadline)
    }

    /// Returns a failure as the error of the store.
    fn error(&self, failure: Failure) -> StoreError {
        match failure {
            Failure::Late => {
                StoreError::new(format!("it gave no answer within {} ms", self.timeout.as_millis()))
            }
            failure => StoreError::new(failure),
        }
    }

    /// Makes a ledger if there is none, and returns true if it made one.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or has entries under the prefix, and no marker: then it was a ledger, and a part of it is lost.
    pub fn create(&self) -> Result<bool, StoreError> {
        if self.format()?.is_some() {
            return Ok(false);
        }
        let mut has_entries = false;
        self.each_key(&mut |_| {
            has_entries = true;
            Ok(false)
        })?;
        if has_entries {
            return Err(StoreError::new(format!(
                "there are keys that begin with `{}`, and no marker of a ledger among them",
                self.prefix
            )));
        }
        let mut request = redis::pipe();
        request.cmd("HSETNX").arg(self.marker()).arg("format").arg(FORMAT);
        let answer = self.ask(&request, self.pool.deadline()).map_err(|failure| self.error(failure))?;
        Ok(answer.into_iter().next() == Some(Value::Int(1)))
    }

    fn key(&self, id: &Id) -> String {
        format!("{}{id}", self.prefix)
    }

    fn marker(&self) -> String {
        format!("{}marker", self.prefix)
    }

    /// Returns the format of the ledger, if there is one.
    fn format(&self) -> Result<Option<String>, StoreError> {
        let mut request = redis::pipe();
        request.cmd("HGET").arg(self.marker()).arg("format");
        let answer = self.ask(&request, self.pool.deadline()).and_then(|answer| {
            let format = answer.into_iter().next().map_or(Ok(None), text)?;
            Ok(format.map(|format| String::from_utf8_lossy(&format).into_owned()))
        });
        answer.map_err(|failure| self.error(failure))
    }

    /// Returns an error unless a reply is the format that this version reads and writes.
    fn ensure_format(&self, reply: Option<Value>) -> Result<(), StoreError> {
        let format = reply.map_or(Ok(None), text).map_err(|failure| self.error(failure))?;
        match format {
            Some(format) if format == FORMAT.to_string().into_bytes() => Ok(()),
            Some(format) => Err(StoreError::new(format!(
                "the ledger has format {}, and this version reads format {FORMAT}",
                String::from_utf8_lossy(&format)
            ))),
            None => Err(self.no_ledger()),
        }
    }

    fn no_ledger(&self) -> StoreError {
        StoreError::new(format!(
            "there is no ledger under `{}`: `ledger ingest` and `ledger import` make one",
            self.prefix
        ))
    }

    /// Returns the texts of some keys, in their order. The format of the ledger is asked for with them.
    fn texts(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let deadline = self.pool.deadline();
        let (mut texts, mut rest, mut group) = (Vec::with_capacity(keys.len()), keys, ASKED);
        while !rest.is_empty() {
            let (some, others) = rest.split_at(group.min(rest.len()));
            // `MGET` returns null for a key of another type.
            let mut request = redis::pipe();
            request.cmd("HGET").arg(self.marker()).arg("format");
            for key in some {
                request.get(key);
            }
            match self.ask(&request, deadline) {
                Err(Failure::TooLarge) if some.len() > 1 => group = some.len() / 2,
                answer => {
                    let mut answer = answer.map_err(|failure| self.error(failure))?.into_iter();
                    self.ensure_format(answer.next())?;
                    for value in answer {
                        texts.push(text(value).map_err(|failure| self.error(failure))?);
                    }
                    rest = others;
                }
            }
        }
        Ok(texts)
    }

    /// Returns the entries of some ids as they are stored.
    fn stored(&self, ids: &[Id]) -> Result<Vec<Stored>, StoreError> {
        let keys: Vec<String> = ids.iter().map(|id| self.key(id)).collect();
        let texts = self.texts(&keys)?;
        Ok(ids.iter().zip(texts).map(|(id, text)| Stored::read(id, text)).collect::<Result<_, _>>()?)
    }

    /// Replaces entries, and returns the units that are not replaced because others got ahead of them.
    fn replace(&self, replacement: &Replacement) -> Result<BTreeSet<usize>, StoreError> {
        let (deadline, marker) = (self.pool.deadline(), self.marker());
        let answer = match self.ask(&replacement.request(&self.replace, &marker, FORMAT), deadline) {
            Err(Failure::NoScript) => self.ask(&replacement.request_with_script(&marker, FORMAT), deadline),
            answer => answer,
        };
        let lost = answer.and_then(|answer| match answer.into_iter().next() {
            Some(Value::Array(lost)) => lost.into_iter().map(place).collect(),
            _ => Err(Failure::OTHER_TYPE),
        });
        lost.map_err(|failure| self.error(failure))
    }

    /// Joins some units of changes, and returns those that others got ahead of.
    fn join_units(&self, changes: &[(Id, LedgerEntry)], some: Vec<Unit>) -> Result<Vec<Unit>, StoreError> {
        let all = || some.iter().flatten().filter_map(|at| changes.get(*at));
        let ids: Vec<Id> = all().map(|(id, _)| id.clone()).collect();
        let mut stored = ids.iter().zip(self.stored(&ids)?);
        let mut replacement = Replacement::default();
        for (number, unit) in some.iter().enumerate() {
            let mut replaced = Vec::with_capacity(unit.len());
            for ((_, change), (id, old)) in unit.iter().filter_map(|at| changes.get(*at)).zip(stored.by_ref())
            {
                let mut new = old.entry.clone();
                new.join(change.clone());
                replaced.push((id, old, new));
            }
            // A unit that has every change already is left out.
            if replaced.iter().any(|(_, old, new)| old.entry != *new) {
                replaced
                    .into_iter()
                    .for_each(|(id, old, new)| old.replace(id, &new, number, self, &mut replacement));
            }
        }
        if replacement.is_empty() {
            return Ok(Vec::new());
        }
        let lost = self.replace(&replacement)?;
        Ok(some
            .into_iter()
            .enumerate()
            .filter(|(number, _)| lost.contains(number))
            .map(|(_, unit)| unit)
            .collect())
    }
}

#[cfg(not(feature = "ledger-redis-tls"))]
fn connector(options: &RedisOptions) -> Result<Connector, StoreError> {
    Ok(Connector::new(Address::of(options)?))
}

#[cfg(feature = "ledger-redis-tls")]
fn connector(options: &RedisOptions) -> Result<Connector, StoreError> {
    let address = Address::of(options)?;
    let tls = match &address.place {
        address::Place::Tcp { host, is_tls: true, .. } => {
            Some(tls::Tls::new(host, options.certificates.as_deref())?)
        }
        _ => None,
    };
    Ok(Connector::new(address, tls))
}

/// An entry as it is stored.
#[derive(Default)]
struct Stored {
    entry: LedgerEntry,
    /// Its hash, and its text, if there is one.
    packed: Option<(Hash, Vec<u8>)>,
}

impl Stored {
    fn read(id: &Id, text: Option<Vec<u8>>) -> Result<Self, Cause> {
        let Some(text) = text else { return Ok(Stored::default()) };
        let (entry, hash) = decode(id, &text, &Names::default())?;
        Ok(Stored { entry, packed: Some((hash, text)) })
    }

    /// Adds the replacement of this entry by a new one.
    fn replace(self, id: &Id, new: &LedgerEntry, unit: usize, store: &RedisStore, to: &mut Replacement) {
        let (hash, before) = self.packed.unzip();
        let (after, new_hash) = match new.is_empty() {
            true => (Vec::new(), None),
            false => {
                let (packed, hash) = encode(id, new, &Names::default());
                (packed, Some(hash))
            }
        };
        let mut gained = Difference::default();
        gained.replace(hash, new_hash);
        to.push(store.key(id), [before.unwrap_or_default(), after], unit, gained);
    }
}

fn given_up() -> StoreError {
    let seconds = PATIENCE.as_secs();
    StoreError::new(format!("other writers got ahead of a change for {seconds} seconds"))
}

impl Store for RedisStore {
    fn get(&self, ids: &[Id]) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(self.stored(ids)?.into_iter().map(|stored| stored.entry).collect())
    }

    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [LedgerEntry])) -> Result<(), StoreError> {
        let mut back_off = BackOff::start();
        loop {
            let stored = self.stored(ids)?;
            let mut new: Vec<LedgerEntry> = stored.iter().map(|stored| stored.entry.clone()).collect();
            change(&mut new);
            if stored.iter().zip(&new).all(|(stored, new)| stored.entry == *new) {
                return Ok(());
            }
            let mut replacement = Replacement::default();
            for ((id, old), new) in ids.iter().zip(stored).zip(&new) {
                old.replace(id, new, 0, self, &mut replacement);
            }
            if self.replace(&replacement)?.is_empty() {
                return Ok(());
            }
            if !back_off.wait() {
                return Err(given_up());
            }
        }
    }

    /// Writes a few hundred ids at a time. The ids that the changes link are written in one step, unless there are more than 64 of them.
    fn join(&self, changes: &[(Id, LedgerEntry)]) -> Result<(), StoreError> {
        let mut queue: VecDeque<Unit> = units(changes).into();
        // Writers of the same ids begin at different ones.
        if let Some(start) = usize::try_from(random()).unwrap_or(0).checked_rem(queue.len()) {
            queue.rotate_left(start);
        }
        let mut back_off = BackOff::start();
        while !queue.is_empty() {
            let (mut some, mut count) = (Vec::new(), 0);
            while let Some(unit) = queue.front()
                && (count == 0 || count + unit.len() <= JOINED)
            {
                count += unit.len();
                some.extend(queue.pop_front());
            }
            let asked = some.len();
            let lost = self.join_units(changes, some)?;
            if lost.len() < asked {
                back_off = BackOff::start();
            } else if !back_off.wait() {
                return Err(given_up());
            }
            queue.extend(lost);
        }
        Ok(())
    }

    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError> {
        self.read_marker()?;
        self.each_row(&mut |row| {
            let (id, stored) = row?;
            Ok(see(id, stored.entry))
        })
    }

    fn check(&self) -> Result<StoreCheck, StoreError> {
        let marker = self.read_marker()?;
        let mut check = StoreCheck { marker: Some(marker), ..StoreCheck::default() };
        self.each_row(&mut |row| {
            match row {
                Ok((_, Stored { packed: Some((hash, _)), .. })) => {
                    check.entries += 1;
                    check.found.count(hash);
                }
                Ok(_) => {}
                Err(cause) => check.add_damaged(&cause),
            }
            Ok(true)
        })?;
        Ok(check)
    }
}

impl RedisStore {
    /// Calls `see` with each entry, until it has seen enough.
    fn each_row(
        &self,
        see: &mut dyn FnMut(Result<(Id, Stored), Cause>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.each_key(&mut |keys| {
            for (key, text) in keys.iter().zip(self.texts(keys)?) {
                // An entry may be gone since the scan.
                let Some(text) = text else { continue };
                let id = key.strip_prefix(&self.prefix).and_then(Id::parse);
                let id = id.ok_or_else(|| Cause::from(format!("it has an entry of `{key}`, which is no id")));
                let row = id.and_then(|id| {
                    let stored = Stored::read(&id, Some(text))?;
                    Ok((id, stored))
                });
                if !see(row)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Calls `see` with some keys of entries at a time, each once, until it has seen enough.
    fn each_key(&self, see: &mut dyn FnMut(&[String]) -> Result<bool, StoreError>) -> Result<(), StoreError> {
        let special = |char: char| matches!(char, '*' | '?' | '[' | ']' | '\\' | '^');
        let mut pattern = String::new();
        for char in self.prefix.chars() {
            pattern.extend(special(char).then_some('\\'));
            pattern.push(char);
        }
        pattern.push('*');
        let marker = self.marker();
        // The server may give a key more than once.
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut cursor = 0u64;
        loop {
            let mut request = redis::pipe();
            request.cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCANNED);
            let answer = self.ask(&request, self.pool.deadline()).and_then(scanned);
            let (next, keys) = answer.map_err(|failure| self.error(failure))?;
            let is_new = |key: &String| *key != marker && seen.insert(key.clone());
            let keys: Vec<String> = keys.into_iter().filter(is_new).collect();
            if !keys.is_empty() && !see(&keys)? {
                return Ok(());
            }
            match next {
                0 => return Ok(()),
                next => cursor = next,
            }
        }
    }

    /// Reads what the ledger says of itself.
    fn read_marker(&self) -> Result<Marker, StoreError> {
        let mut request = redis::pipe();
        request.cmd("HMGET").arg(self.marker());
        request.arg(&["format", "entries", "changes", "sum0", "sum1", "sum2", "sum3"]);
        let answer = self.ask(&request, self.pool.deadline()).map_err(|failure| self.error(failure))?;
        let Some(Value::Array(values)) = answer.into_iter().next() else {
            return Err(self.error(Failure::OTHER_TYPE));
        };
        let mut values = values.into_iter();
        self.ensure_format(values.next())?;
        let mut next = || -> Result<u64, StoreError> {
            let value = values.next().map_or(Ok(None), text).map_err(|failure| self.error(failure))?;
            // A count that nothing was added to is not there.
            let Some(value) = value else { return Ok(0) };
            let number = String::from_utf8_lossy(&value).parse();
            number.map_err(|_| StoreError::new("the marker of the ledger is damaged"))
        };
        let (entries, changes) = (next()?, next()?);
        let sums = [next()?, next()?, next()?, next()?];
        Ok(Marker { entries, changes, sums })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may have a password in it.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
