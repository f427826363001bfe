//! A ledger whose ingest is killed at any point. This test is alone in its process: the lock of a file that it reads is held by what another test
//! starts meanwhile, for a moment.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/killed.rs"]
mod killed;
#[path = "common/text.rs"]
mod text;

use consentry::ledger::FileStore;
use killed::{Entries, Ingest, assert_whole, entries, history, kills, recorded};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;
use text::run;

fn kept(path: &Path) -> Entries {
    match path.exists() {
        true => entries(&FileStore::open_to_read(path).unwrap()),
        false => Entries::new(),
    }
}

/// An ingest that is killed in the middle has lost nothing that it acknowledged, and has recorded nothing that nobody wrote; repeating it ends at
/// the ledger that an undisturbed one ends at.
#[test]
fn a_crash_loses_nothing_and_applies_nothing_twice() {
    let kills = kills(200);
    let events = history(2_000);
    let all = recorded(&events);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let place = path.to_str().unwrap();
    // An ingest that nothing disturbs.
    let started = Instant::now();
    assert_eq!(Ingest::start(place, &events).end(), (true, events.len()));
    let whole = started.elapsed();
    assert_eq!(kept(&path), all);
    let (mut in_the_middle, mut acknowledged_some) = (0, 0);
    for kill in 0..kills {
        fs::remove_file(&path).ok();
        let mut ingest = Ingest::start(place, &events);
        thread::sleep(whole.mul_f64(f64::from(kill) / f64::from(kills)));
        ingest.child.kill().unwrap();
        let (_, acknowledged) = ingest.end();
        let is_there = kept(&path);
        assert_whole(&is_there, &events[..acknowledged], &all, kill);
        in_the_middle += u32::from(!is_there.is_empty() && is_there != all);
        acknowledged_some += u32::from(acknowledged > 0 && acknowledged < events.len());
        // Once more from the start, as somebody would who knows nothing of it.
        if kill % 10 == 0 {
            let again = run(&["ledger", "ingest", place], events.concat().as_bytes());
            assert_eq!((again.status, again.err.as_str()), (0, ""), "{}", again.out);
            assert_eq!(kept(&path), all, "kill {kill}");
        }
    }
    // Otherwise nothing was shown.
    assert!(
        in_the_middle > kills / 4 && acknowledged_some > kills / 4,
        "{in_the_middle} {acknowledged_some}"
    );
}
