//! A ledger in Redis whose ingest is killed at any point, or whose server is.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[allow(dead_code, reason = "not every test runs the command to its end")]
mod common;
#[path = "common/killed.rs"]
mod killed;
#[path = "common/redis_server.rs"]
#[allow(dead_code, reason = "not every test starts each kind of server")]
mod redis_server;

use consentry::ledger::{RedisStore, Store};
use killed::{Entries, Ingest, assert_whole, entries, history, kills, recorded};
use redis_server::Server;
use std::thread;
use std::time::{Duration, Instant};

fn kept(server: &Server) -> Entries {
    let store = RedisStore::new(&server.address(), "consentry:", Duration::from_secs(10)).unwrap();
    // An ingest that was killed early has made no ledger. A server that was started again reads its log first.
    let is_ready = (0..200).any(|_| {
        let made = store.create();
        made.is_err().then(|| thread::sleep(Duration::from_millis(50)));
        made.is_ok()
    });
    assert!(is_ready);
    assert!(store.check().unwrap().is_sound());
    entries(&store)
}

fn flush(server: &Server) {
    let client = redis::Client::open(server.address()).unwrap();
    redis::cmd("FLUSHALL").exec(&mut client.get_connection().unwrap()).unwrap();
}

/// Kills an ingest, or its server, and looks at the ledger.
fn assert_nothing_lost(options: &[&str], kills: u32, kill_one: fn(&mut Server, &mut Ingest)) {
    let Some(mut server) = Server::start_with("--port", options, tempfile::tempdir().unwrap()) else {
        return;
    };
    let events = history(2_000);
    let all = recorded(&events);
    let started = Instant::now();
    assert_eq!(Ingest::start(&server.address(), &events).end(), (true, events.len()));
    let whole = started.elapsed();
    assert_eq!(kept(&server), all);
    let mut in_the_middle = 0;
    for kill in 0..kills {
        flush(&server);
        let mut ingest = Ingest::start(&server.address(), &events);
        thread::sleep(whole.mul_f64(f64::from(kill) / f64::from(kills)));
        kill_one(&mut server, &mut ingest);
        let (_, acknowledged) = ingest.end();
        let is_there = kept(&server);
        assert_whole(&is_there, &events[..acknowledged], &all, kill);
        in_the_middle += u32::from(!is_there.is_empty() && is_there != all);
        if kill % 10 == 0 {
            assert_eq!(Ingest::start(&server.address(), &events).end(), (true, events.len()));
            assert_eq!(kept(&server), all, "kill {kill}");
        }
    }
    // Otherwise nothing was shown.
    assert!(in_the_middle > kills / 4, "{in_the_middle}");
}

#[test]
fn a_killed_ingest_loses_nothing() {
    assert_nothing_lost(&[], kills(50), |_, ingest| ingest.child.kill().unwrap());
}

/// The server writes each acknowledged change to its log first.
#[test]
fn a_killed_server_loses_nothing() {
    let options = ["--appendonly", "yes", "--appendfsync", "always"];
    assert_nothing_lost(&options, kills(20), |server, _| server.kill_and_restart());
}
