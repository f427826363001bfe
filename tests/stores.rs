//! The laws of the ledger in each store: memory, a file, and a Redis that the test starts if one is installed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[path = "../fuzz/laws/ledger.rs"]
#[allow(dead_code, reason = "some of the laws are of no store")]
mod ledger;

#[path = "common/redis_server.rs"]
#[allow(dead_code, reason = "not every test starts each kind of server")]
mod redis_server;

use arbitrary::Unstructured;
use consentry::ledger::{
    Choices, FileStore, Id, LedgerEntry, Links, MemoryStore, RedisStore, Store, StoreError, Timestamp, Write,
    WriteTime, recorded,
};
use ledger::entries;
use redis_server::{DENY_SKIPS, Server};
use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Without a `redis-server`, a test that needs one succeeds with a line on the terminal, or fails where skips are denied.
#[test]
fn a_test_without_its_redis_is_skipped_visibly() {
    let empty = tempfile::tempdir().unwrap();
    let run = |deny: bool| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "what_is_no_entry_is_an_error"]).env("PATH", empty.path());
        match deny {
            true => command.env(DENY_SKIPS, "1"),
            false => command.env_remove(DENY_SKIPS),
        };
        command.output().unwrap()
    };
    let skipped = run(false);
    let line = "SKIPPED the Redis part of `what_is_no_entry_is_an_error`: there is no `redis-server`";
    assert!(skipped.status.success());
    assert!(String::from_utf8(skipped.stderr).unwrap().starts_with(line));
    let denied = run(true);
    assert!(!denied.status.success());
    assert!(String::from_utf8(denied.stdout).unwrap().contains(line));
}

/// The bytes of a generated history.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    });
    words.flat_map(u64::to_le_bytes).take(1 << 14).collect()
}

/// Some stores, and Redis if there is one.
fn with<'s, const N: usize>(
    redis: &'s Option<RedisStore>,
    stores: [&'s dyn Store; N],
) -> impl Iterator<Item = &'s dyn Store> {
    stores.into_iter().chain(redis.iter().map(|redis| redis as &dyn Store))
}

/// The same histories come to the same in each store: what is recorded is what the model says, in whatever order, however often.
#[test]
fn the_laws_hold_in_each_store() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..60 {
        let input = bytes(seed);
        let (memory, file) =
            (MemoryStore::default(), FileStore::create(&folder.path().join(seed.to_string())).unwrap());
        // Characters that a pattern of keys would read otherwise.
        let redis = server.as_ref().map(|server| store_of(server, &format!("h[{seed}]*:")));
        let told = |store| ledger::history_in(store, &mut Unstructured::new(&input)).unwrap();
        let expected = told(&memory);
        assert!(expected > 0);
        for store in with(&redis, [&file]) {
            assert_eq!(told(store), expected);
            assert_eq!(entries(store), entries(&memory));
        }
    }
}

fn store_of(server: &Server, prefix: &str) -> RedisStore {
    let store = RedisStore::new(&server.address(), prefix, TIMEOUT).unwrap();
    store.create().unwrap();
    store
}

fn write(person: &str, second: i64) -> (Id, LedgerEntry) {
    let preferences = [(format!("at {second}"), true)].into();
    let time = WriteTime::Stated(Timestamp::from_microseconds(second * 1_000_000));
    let write = Write { time, preferences, refuses_others: true, version: None };
    (Id::User(person.into()), Choices::from(write).into())
}

fn link(entry: &mut LedgerEntry, other: Id) {
    let Links::Known(links) = &mut entry.links else { panic!("too many links") };
    links.insert(other, Timestamp::from_microseconds(0));
}

/// Those who write side by side lose nothing of each other's.
#[test]
fn writers_side_by_side_lose_nothing() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (memory, file) = (MemoryStore::default(), FileStore::create(&folder.path().join("ledger")).unwrap());
    let redis: Vec<RedisStore> =
        server.iter().flat_map(|server| (0..4).map(|_| store_of(server, "x:"))).collect();
    let all: [Vec<&(dyn Store + Sync)>; 3] =
        [vec![&memory; 4], vec![&file; 4], redis.iter().map(|one| one as &(dyn Store + Sync)).collect()];
    for stores in all.into_iter().filter(|stores| !stores.is_empty()) {
        thread::scope(|scope| {
            for (writer, store) in stores.iter().enumerate() {
                scope.spawn(move || {
                    for round in 0..50 {
                        // All of them link with one person, and write of it.
                        let (id, mut entry) = write("p", i64::from(round));
                        link(&mut entry, Id::Anonymous(format!("{writer} {round}")));
                        store.update(&[id], &mut |entries| entries[0].join(entry.clone())).unwrap();
                    }
                });
            }
        });
        let kept = stores[0].get(&[Id::User("p".into())]).unwrap().remove(0);
        assert_eq!(
            (kept.links.iter().count(), kept.choices.latest()),
            (200, Some(Timestamp::from_microseconds(49_000_000)))
        );
        assert_eq!(entries(stores[0]).len(), 1);
    }
}

/// What was changed is changed as a whole, and what is empty afterwards is gone.
#[test]
fn changes_are_whole() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (memory, file) = (MemoryStore::default(), FileStore::create(&folder.path().join("ledger")).unwrap());
    let redis = server.as_ref().map(|server| store_of(server, "x:"));
    for store in with(&redis, [&memory, &file]) {
        let (one, two) = (write("one", 1), write("two", 2));
        let ids = [one.0.clone(), two.0.clone(), Id::Anonymous("one".into())];
        assert_eq!(store.get(&ids).unwrap(), vec![LedgerEntry::default(); 3]);
        assert_eq!((store.get(&[]).unwrap(), entries(store)), (vec![], BTreeMap::new()));
        store
            .update(&ids, &mut |entries| {
                entries[0] = one.1.clone();
                entries[1] = two.1.clone();
            })
            .unwrap();
        assert_eq!(store.get(&ids).unwrap(), [one.1.clone(), two.1.clone(), LedgerEntry::default()]);
        assert_eq!(entries(store).len(), 2);
        store.update(&ids[..1], &mut |entries| entries[0] = LedgerEntry::default()).unwrap();
        assert_eq!(entries(store).into_keys().collect::<Vec<_>>(), [ids[1].clone()]);
        let mut seen = 0;
        store
            .each(&mut |_, _| {
                seen += 1;
                false
            })
            .unwrap();
        assert_eq!(seen, 1);
    }
}

/// A store that counts how often it is asked.
#[derive(Default)]
struct Counting(MemoryStore, AtomicUsize);

impl Store for Counting {
    fn get(&self, ids: &[Id]) -> Result<Vec<LedgerEntry>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get(ids)
    }

    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [LedgerEntry])) -> Result<(), StoreError> {
        self.0.update(ids, change)
    }

    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError> {
        self.0.each(see)
    }
}

/// A store is asked once for many people, and of those that are linked twice more.
#[test]
fn many_people_are_one_question() {
    let store = Counting::default();
    let people: Vec<Id> = (0..1_000).map(|number| Id::User(number.to_string())).collect();
    let asked = |people: &[Id]| {
        store.1.store(0, Ordering::Relaxed);
        assert_eq!(recorded(&store, people).unwrap().len(), people.len());
        store.1.load(Ordering::Relaxed)
    };
    assert_eq!(asked(&people), 1);
    let ids = [Id::User("7".into()), Id::Anonymous("a".into()), Id::Anonymous("b".into())];
    store
        .update(&ids, &mut |entries| {
            link(&mut entries[0], Id::Anonymous("a".into()));
            link(&mut entries[0], Id::Anonymous("b".into()));
            link(&mut entries[1], Id::User("7".into()));
            link(&mut entries[2], Id::User("7".into()));
        })
        .unwrap();
    assert_eq!(asked(&people), 2);
    assert_eq!(asked(&[Id::Anonymous("a".into())]), 3);
    assert_eq!(asked(&[]), 0);
}

/// A server that is not there, one that never answers, and one that hangs up.
#[test]
fn a_server_that_does_not_answer_is_an_error() {
    let ids = [Id::User("p".into())];
    let timeout = Duration::from_millis(200);
    let store = |listener: &TcpListener| {
        RedisStore::new(&format!("redis://{}/0", listener.local_addr().unwrap()), "x:", timeout).unwrap()
    };
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = store(&gone);
    drop(gone);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = store(&silent);
    for store in [&dead, &slow] {
        let started = Instant::now();
        assert!(store.get(&ids).is_err());
        assert!(store.update(&ids, &mut |entries| entries[0] = write("p", 1).1).is_err());
        assert!(store.each(&mut |_, _| true).is_err());
        assert!(started.elapsed() < 20 * timeout, "{:?}", started.elapsed());
    }
    assert!(RedisStore::new("http://localhost", "x:", timeout).is_err());
    // One that hangs up after each answer is asked anew.
    let Some(server) = Server::start() else { return };
    store_of(&server, "x:");
    let real = server.address().trim_start_matches("redis://").trim_end_matches("/0").to_owned();
    let front = TcpListener::bind("127.0.0.1:0").unwrap();
    let behind = store(&front);
    thread::spawn(move || {
        for client in front.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&real).unwrap());
            server.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let mut buffer = [0; 4096];
            // Connecting asks nothing without a password and a database number.
            let mut left = 1;
            while let Ok(read @ 1..) = client.read(&mut buffer) {
                server.write_all(&buffer[..read]).unwrap();
                while let Ok(read @ 1..) = server.read(&mut buffer) {
                    client.write_all(&buffer[..read]).unwrap();
                }
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
    });
    for _ in 0..3 {
        assert_eq!(behind.get(&ids).unwrap(), [LedgerEntry::default()]);
    }
}

/// What is there and is no entry is an error, and never taken for nothing: so nobody is unknown whose entry cannot be read.
#[test]
fn what_is_no_entry_is_an_error() {
    let Some(server) = Server::start() else { return };
    let store = store_of(&server, "x:");
    let mut connection =
        redis::Client::open(server.address()).unwrap().get_connection_with_timeout(TIMEOUT).unwrap();
    let mut set = |words: &[&str]| redis::cmd(words[0]).arg(&words[1..]).exec(&mut connection).unwrap();
    let id = Id::User("p".into());
    set(&["lpush", "x:user:p", "1"]);
    assert!(store.get(std::slice::from_ref(&id)).is_err());
    for text in ["garbage", "", "{}", "[]", "\u{1}\0\0\0"] {
        set(&["del", "x:user:p"]);
        set(&["set", "x:user:p", text]);
        assert!(store.get(std::slice::from_ref(&id)).is_err(), "{text}");
        assert!(store.update(std::slice::from_ref(&id), &mut |_| ()).is_err(), "{text}");
        assert!(store.each(&mut |_, _| true).is_err(), "{text}");
    }
    set(&["set", "x:nobody", "{}"]);
    assert!(store.each(&mut |_, _| true).is_err());
}

/// A database that is empty, wrong or flushed is an error, and knows nobody. So is one that has lost its marker or some entries.
#[test]
fn a_database_without_a_ledger_is_an_error() {
    let Some(server) = Server::start() else { return };
    let ids = [Id::User("p".into())];
    let mut connection =
        redis::Client::open(server.address()).unwrap().get_connection_with_timeout(TIMEOUT).unwrap();
    let mut command = |words: &[&str]| redis::cmd(words[0]).arg(&words[1..]).exec(&mut connection).unwrap();
    let store = RedisStore::new(&server.address(), "x:", TIMEOUT).unwrap();
    let assert_is_none = || {
        let error = store.get(&ids).unwrap_err().to_string();
        assert!(error.contains("there is no ledger under `x:`"), "{error}");
        assert!(store.update(&ids, &mut |entries| entries[0] = write("p", 1).1).is_err());
        assert!(store.join(&[write("p", 1)]).is_err());
        assert!(store.each(&mut |_, _| true).is_err() && store.check().is_err());
    };
    assert_is_none();
    assert!(store.create().unwrap() && !store.create().unwrap());
    store.join(&[write("p", 1), write("q", 1)]).unwrap();
    assert!(store.check().unwrap().is_sound());
    assert_eq!(store.check().unwrap().found.entries, 2);
    // An entry that is lost, and one of another time.
    command(&["rename", "x:user:q", "y"]);
    assert!(!store.check().unwrap().is_sound());
    command(&["rename", "y", "x:user:q"]);
    assert!(store.check().unwrap().is_sound());
    command(&["copy", "x:user:p", "y"]);
    store.join(&[write("p", 2)]).unwrap();
    command(&["rename", "y", "x:user:p"]);
    assert!(!store.check().unwrap().is_sound());
    // A new marker would hide that a ledger was there.
    command(&["del", "x:marker"]);
    assert_is_none();
    assert!(store.create().unwrap_err().to_string().contains("no marker"));
    command(&["flushall"]);
    assert_is_none();
    command(&["hset", "x:marker", "format", "99"]);
    assert!(store.get(&ids).unwrap_err().to_string().contains("format 99"));
    command(&["del", "x:marker"]);
    command(&["set", "x:marker", "1"]);
    assert!(store.get(&ids).is_err() && store.create().is_err());
}

/// A file serves one who writes or several who read; what is no ledger is an error, and nothing is made of a file that is only read.
#[test]
fn a_file_is_opened_by_one_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    assert!(FileStore::open_to_read(&path).is_err() && FileStore::open(&path).is_err() && !path.exists());
    let store = FileStore::create(&path).unwrap();
    let (id, entry) = write("p", 1);
    store.update(std::slice::from_ref(&id), &mut |entries| entries[0] = entry.clone()).unwrap();
    assert!(FileStore::open(&path).is_err());
    assert!(FileStore::open_to_read(&path).is_err());
    drop(store);
    let readers = [FileStore::open_to_read(&path).unwrap(), FileStore::open_to_read(&path).unwrap()];
    for reader in &readers {
        assert_eq!(reader.get(std::slice::from_ref(&id)).unwrap()[0], entry);
        assert!(
            reader
                .update(std::slice::from_ref(&id), &mut |entries| entries[0] = LedgerEntry::default())
                .is_err()
        );
    }
    drop(readers);
    // Whatever became of the file, it is told and nothing panics.
    let whole = std::fs::read(&path).unwrap();
    let broken = folder.path().join("broken");
    for at in (0..whole.len()).step_by(whole.len() / 97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&broken, &bytes).unwrap();
        if let Ok(store) = FileStore::open_to_read(&broken) {
            let _ = (store.get(std::slice::from_ref(&id)), store.each(&mut |_, _| true));
        }
        // Nobody waits for what the engine was doing when it found out.
        if let Ok(store) = FileStore::open(&broken) {
            for second in 2..4 {
                let _ = store
                    .update(std::slice::from_ref(&id), &mut |entries| entries[0].join(write("p", second).1));
            }
        }
        std::fs::write(&broken, &bytes[..at]).unwrap();
        assert!(FileStore::open_to_read(&broken).is_err(), "{at}");
    }
}

/// Whatever becomes of a file, it never says of a person what nobody recorded. A check finds each entry that is lost, also one that only a look-up misses.
#[test]
fn a_damaged_file_grants_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let mut sound: BTreeMap<Id, LedgerEntry> = BTreeMap::new();
    for number in 0..300 {
        let id = match number % 3 {
            0 => Id::User(format!("u{number}")),
            1 => Id::Anonymous(format!("a{number}")),
            _ => Id::User(format!("0a1b2c3d-4e5f-6071-8293-a4b5c6d7{number:04x}")),
        };
        let time =
            WriteTime::Stated(Timestamp::from_microseconds(1_790_812_800_000_000 + number * 1_000_000));
        let preferences = [("C0004".to_owned(), number % 2 == 0), ("C0005".to_owned(), false)].into();
        let version = (number % 5 == 0).then(|| "1".to_owned());
        let mut entry =
            LedgerEntry::from(Choices::from(Write { time, preferences, refuses_others: true, version }));
        if number % 7 == 0 {
            link(&mut entry, Id::Anonymous(format!("a{}", number + 1)));
        }
        sound.insert(id, entry);
    }
    let ids: Vec<Id> = sound.keys().cloned().collect();
    {
        let store = FileStore::create(&path).unwrap();
        for part in ids.chunks(50) {
            store
                .update(part, &mut |entries| {
                    part.iter().zip(entries).for_each(|(id, entry)| *entry = sound[id].clone());
                })
                .unwrap();
        }
        assert!(store.check().unwrap().is_sound());
    }
    let whole = std::fs::read(&path).unwrap();
    let broken = folder.path().join("broken");
    // The bytes that say something: most of a small file is empty.
    let said: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let tries: usize = std::env::var("CONSENTRY_ROUNDS").map_or(1_000, |rounds| rounds.parse().unwrap());
    let mut random = bytes(7).into_iter().cycle();
    let mut next = |bound: usize| {
        let number = (0..4).fold(0, |all, _| all << 8 | usize::from(random.next().unwrap()));
        number % bound
    };
    let (mut errors, mut lost, mut unseen) = (0, 0, 0);
    for number in 0..tries {
        let mut damaged = whole.clone();
        let at = said[next(said.len())];
        match number % 8 {
            0 => damaged.truncate(at),
            1 => damaged[at..].iter_mut().take(1 + number % 64).for_each(|byte| *byte = 0),
            _ => damaged[at] ^= 1 << next(8),
        }
        std::fs::write(&broken, &damaged).unwrap();
        let Ok(store) = FileStore::open_to_read(&broken) else {
            errors += 1;
            continue;
        };
        let mut is_lost = false;
        for id in &ids {
            match store.get(std::slice::from_ref(id)) {
                Ok(entries) if entries[0] == sound[id] => {}
                Ok(entries) => {
                    assert!(entries[0].is_empty(), "{number}: {id} {:?}", entries[0]);
                    is_lost = true;
                }
                Err(_) => is_lost = true,
            }
        }
        let is_found = store.check().map_or(true, |check| !check.is_sound());
        assert!(is_found || !is_lost, "{number}: an entry is lost at {at}");
        match (is_lost, is_found) {
            (true, _) => lost += 1,
            (false, true) => errors += 1,
            (false, false) => unseen += 1,
        }
    }
    assert!(errors + lost > tries / 20 && unseen < tries, "{errors} {lost} {unseen}");
}
