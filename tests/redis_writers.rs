//! Writers next to each other in a Redis, and entries that are large together.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[path = "common/redis_server.rs"]
#[allow(dead_code, reason = "not every test starts a server with options")]
mod redis_server;

use consentry::ledger::{Choices, Id, LedgerEntry, Links, RedisStore, Store, Timestamp, Write, WriteTime};
use redis_server::Server;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);

fn store(server: &Server) -> RedisStore {
    let store = RedisStore::new(&server.address(), "x:", TIMEOUT).unwrap();
    store.create().unwrap();
    store
}

fn user(number: usize) -> Id {
    Id::User(number.to_string())
}

fn wrote(second: usize, name: impl Into<String>) -> LedgerEntry {
    let time = WriteTime::Stated(Timestamp::from_microseconds(second as i64));
    let preferences = [(name.into(), true)].into();
    Choices::from(Write { time, preferences, refuses_others: true, version: None }).into()
}

fn linked(mut entry: LedgerEntry, other: Id) -> LedgerEntry {
    entry.links = Links::Known([(other, Timestamp::from_microseconds(0))].into());
    entry
}

fn anonymous(name: impl ToString) -> Id {
    Id::Anonymous(name.to_string())
}

/// A writer of 200 small changes a second and an ingest of many people: both end, and nothing is lost.
#[test]
fn a_small_writer_and_an_ingest_both_end() {
    let Some(server) = Server::start() else { return };
    let (people, batches) = (10_000, 20);
    let is_done = AtomicBool::new(false);
    let small = thread::scope(|scope| {
        let small = scope.spawn(|| {
            let (store, mut count) = (store(&server), 0);
            while !is_done.load(Ordering::Relaxed) {
                // It writes of one person most of the time.
                let id = if count % 2 == 0 { 0 } else { count % people };
                let link = linked(LedgerEntry::default(), anonymous(format!("small {count}")));
                store.join(&[(user(id), link)]).unwrap();
                count += 1;
                thread::sleep(Duration::from_millis(5));
            }
            count
        });
        let store = store(&server);
        for batch in 0..batches {
            let changes: Vec<_> =
                (0..people).map(|id| (user(id), wrote(batch, format!("{batch}")))).collect();
            store.join(&changes).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        small.join().unwrap()
    });
    let entries = store(&server).get(&(0..people).map(user).collect::<Vec<_>>()).unwrap();
    let mut all = LedgerEntry::default();
    (0..batches).for_each(|batch| all.join(wrote(batch, format!("{batch}"))));
    assert!(entries.iter().all(|entry| entry.choices == all.choices));
    let links: usize = entries.iter().map(|entry| entry.links.iter().count()).sum();
    assert!(links == small && small > 20, "{links} of {small}");
}

/// Eight ingests of the same people.
#[test]
fn eight_ingests_of_the_same_people_end() {
    let Some(server) = Server::start() else { return };
    let (people, writers) = (5_000, 8);
    thread::scope(|scope| {
        for writer in 0..writers {
            let server = &server;
            scope.spawn(move || {
                let store = store(server);
                let changes: Vec<_> =
                    (0..people).map(|id| (user(id), linked(wrote(writer, "A"), anonymous(writer)))).collect();
                store.join(&changes).unwrap();
            });
        }
    });
    let entries = store(&server).get(&(0..people).map(user).collect::<Vec<_>>()).unwrap();
    assert!(entries.iter().all(|entry| entry.links.iter().count() == writers));
}

/// Nobody sees a link on one side only.
#[test]
fn links_are_whole() {
    let Some(server) = Server::start() else { return };
    let (is_done, pairs) = (AtomicBool::new(false), 3_000);
    let ids: Vec<Id> = (0..pairs).flat_map(|number| [user(number), anonymous(number)]).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            let link = |other: Id| linked(LedgerEntry::default(), other);
            // In the order of ids, which is that of `record`: the two sides of a link are far apart.
            let unknown = (0..pairs).map(|number| (anonymous(number), link(user(number))));
            let changes = unknown.chain((0..pairs).map(|number| (user(number), link(anonymous(number)))));
            store(&server).join(&changes.collect::<Vec<_>>()).unwrap();
            is_done.store(true, Ordering::Relaxed);
        });
        let store = store(&server);
        while !is_done.load(Ordering::Relaxed) {
            // An update reads all of its entries at one moment, or is repeated.
            let at = ids.len() / 2;
            let mut seen = Vec::new();
            store
                .update(&ids[at..at + 2], &mut |entries| {
                    seen = entries.iter().map(|entry| entry.links.iter().count()).collect();
                    entries[0].shared = !entries[0].shared;
                })
                .unwrap();
            assert!(seen[0] == seen[1], "{seen:?}");
        }
    });
    let entries = store(&server).get(&ids).unwrap();
    assert!(entries.iter().all(|entry| entry.links.iter().count() == 1));
}

/// Entries that together are larger than a reply may be are asked for in groups. A server that forgets the script is sent it again.
#[test]
fn large_entries_are_read_in_groups() {
    let Some(server) = Server::start() else { return };
    let store = store(&server);
    let large = "é".repeat(1 << 16);
    let changes: Vec<_> = (0..400).map(|id| (user(id), wrote(id, large.clone()))).collect();
    for group in changes.chunks(100) {
        store.join(group).unwrap();
    }
    let flush = || {
        let client = redis::Client::open(server.address()).unwrap();
        redis::cmd("SCRIPT").arg("FLUSH").exec(&mut client.get_connection().unwrap()).unwrap();
    };
    flush();
    store.update(&[user(0)], &mut |entries| entries[0].shared = true).unwrap();
    let ids: Vec<Id> = changes.iter().map(|(id, _)| id.clone()).collect();
    let entries = store.get(&ids).unwrap();
    assert!(
        entries[0].shared
            && entries.iter().zip(&changes).all(|(entry, (_, change))| entry.choices == change.choices)
    );
    let mut seen = 0;
    store
        .each(&mut |_, _| {
            seen += 1;
            true
        })
        .unwrap();
    assert_eq!(seen, ids.len());
}
