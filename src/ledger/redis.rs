//! A store in Redis.

use super::encoding::{Names, decode, encode};
use super::entry::LedgerEntry;
use super::error::{Cause, StoreError};
use super::id::Id;
use super::store::Store;
use redis::{Client, Connection, RedisError, Script};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a change is tried that others get in front of.
const TRIES: usize = 100;

/// How many entries are asked for at a time when all are.
const SCANNED: usize = 1_000;

/// Changes all entries if each is still what it was, and else none. An empty text stands for an entry that is not there.
const REPLACE: &str = r"
for at, key in ipairs(KEYS) do
  if (redis.call('GET', key) or '') ~= ARGV[at] then return 0 end
end
for at, key in ipairs(KEYS) do
  local entry = ARGV[#KEYS + at]
  if entry == '' then redis.call('DEL', key)
  elseif entry ~= ARGV[at] then redis.call('SET', key, entry) end
end
return 1
";

/// A store in Redis, or what speaks like it, for any number of processes at a time. What Redis does with a change that it has acknowledged is for
/// its own settings to say (`appendfsync`).
///
/// Each entry is JSON under a key of its own: the prefix and the id. The keys of one change must be on one server.
pub struct RedisStore {
    client: Client,
    prefix: String,
    timeout: Duration,
    connection: Mutex<Held>,
    replace: Script,
}

/// The connection, as far as there is one.
#[derive(Default)]
struct Held {
    /// There is none before the first question, and none after one that failed.
    connection: Option<Connection>,
    /// A server that was silent for too long is not asked again before this, so that not everybody waits for it.
    silent_until: Option<Instant>,
}

impl RedisStore {
    /// At an address such as `redis://localhost:6379/0`; nothing is asked of it yet. A server that is silent for `timeout` counts as one that does not
    /// answer, and for as long again it is not asked.
    ///
    /// # Errors
    ///
    /// When the address is none.
    pub fn new(address: &str, prefix: impl Into<String>, timeout: Duration) -> Result<Self, StoreError> {
        Ok(RedisStore {
            client: Client::open(address).map_err(StoreError::new)?,
            prefix: prefix.into(),
            timeout,
            connection: Mutex::default(),
            replace: Script::new(REPLACE),
        })
    }

    /// Asks a question. After one that failed nobody knows what is still to come on the connection: the next one has a new one.
    fn ask<T>(&self, question: impl Fn(&mut Connection) -> Result<T, RedisError>) -> Result<T, StoreError> {
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if held.silent_until.is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::new("it was silent a moment ago"));
        }
        let answer = self.ask_held(&mut held, question);
        let was_silent = answer.as_ref().is_err_and(RedisError::is_timeout);
        held.silent_until = was_silent.then(|| Instant::now() + self.timeout);
        answer.map_err(StoreError::new)
    }

    fn ask_held<T>(
        &self,
        held: &mut Held,
        question: impl Fn(&mut Connection) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        if let Some(mut connection) = held.connection.take() {
            match question(&mut connection) {
                // A server closes connections after some time; that is no answer yet. All questions may be asked twice.
                Err(error) if error.is_connection_dropped() => {}
                answer => {
                    let answer = answer?;
                    held.connection = Some(connection);
                    return Ok(answer);
                }
            }
        }
        let mut connection = self.connect()?;
        let answer = question(&mut connection)?;
        held.connection = Some(connection);
        Ok(answer)
    }

    fn connect(&self) -> Result<Connection, RedisError> {
        let connection = self.client.get_connection_with_timeout(self.timeout)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        Ok(connection)
    }

    fn key(&self, id: &Id) -> String {
        format!("{}{id}", self.prefix)
    }

    fn texts(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        match keys {
            [] => Ok(Vec::new()),
            // Of what is no text `MGET` says that it is not there.
            keys => self.ask(|connection| {
                let mut question = redis::pipe();
                for key in keys {
                    question.get(key);
                }
                question.query(connection)
            }),
        }
    }
}

impl Store for RedisStore {
    fn get(&self, ids: &[Id]) -> Result<Vec<LedgerEntry>, StoreError> {
        let keys: Vec<String> = ids.iter().map(|id| self.key(id)).collect();
        let texts = self.texts(&keys)?;
        Ok(ids
            .iter()
            .zip(&texts)
            .map(|(id, text)| unpacked(id, text.as_deref()))
            .collect::<Result<_, _>>()?)
    }

    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [LedgerEntry])) -> Result<(), StoreError> {
        let keys: Vec<String> = ids.iter().map(|id| self.key(id)).collect();
        for _ in 0..TRIES {
            let before = self.texts(&keys)?;
            let known = before.iter().map(Option::as_deref);
            let mut entries =
                ids.iter().zip(known).map(|(id, text)| unpacked(id, text)).collect::<Result<Vec<_>, _>>()?;
            let unchanged = entries.clone();
            change(&mut entries);
            if entries == unchanged {
                return Ok(());
            }
            let after: Vec<Vec<u8>> = ids
                .iter()
                .zip(&entries)
                .map(|(id, entry)| match entry.is_empty() {
                    true => Vec::new(),
                    false => encode(id, entry, &Names::default()).0,
                })
                .collect();
            let is_made: bool = self.ask(|connection| {
                let mut invocation = self.replace.prepare_invoke();
                for key in &keys {
                    invocation.key(key);
                }
                let before = before.iter().map(|text| text.as_deref().unwrap_or_default());
                for text in before.chain(after.iter().map(Vec::as_slice)) {
                    invocation.arg(text);
                }
                invocation.invoke(connection)
            })?;
            if is_made {
                return Ok(());
            }
        }
        Err(StoreError::new(format!("others were in front of a change {TRIES} times")))
    }

    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError> {
        let special = |char: char| matches!(char, '*' | '?' | '[' | ']' | '\\' | '^');
        let mut pattern = String::new();
        for char in self.prefix.chars() {
            pattern.extend(special(char).then_some('\\'));
            pattern.push(char);
        }
        pattern.push('*');
        // The server may give a key more than once.
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut cursor = 0u64;
        loop {
            let (next, keys): (u64, Vec<String>) = self.ask(|connection| {
                redis::cmd("SCAN")
                    .arg(cursor)
                    .arg("MATCH")
                    .arg(&pattern)
                    .arg("COUNT")
                    .arg(SCANNED)
                    .query(connection)
            })?;
            let keys: Vec<String> = keys.into_iter().filter(|key| seen.insert(key.clone())).collect();
            for (key, text) in keys.iter().zip(self.texts(&keys)?) {
                // What was taken away in between is not there any more.
                let Some(text) = text else { continue };
                let id = key.strip_prefix(&self.prefix).and_then(Id::parse);
                let id =
                    id.ok_or_else(|| StoreError::new(format!("it has an entry of `{key}`, which is no id")))?;
                let entry = unpacked(&id, Some(&text))?;
                if !see(id, entry) {
                    return Ok(());
                }
            }
            match next {
                0 => return Ok(()),
                next => cursor = next,
            }
        }
    }
}

/// Reads an entry; an empty one if there is none.
fn unpacked(id: &Id, text: Option<&[u8]>) -> Result<LedgerEntry, Cause> {
    text.map_or(Ok(LedgerEntry::default()), |text| Ok(decode(id, text, &Names::default())?.0))
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may have a password in it.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
