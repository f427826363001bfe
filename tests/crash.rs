//! A ledger whose ingest is killed at any point. This test is alone in its process: the lock of a file that it reads is held by what another test
//! starts meanwhile, for a moment.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use consentry::ledger::{FileStore, Id, LedgerEntry, LedgerEvent, MemoryStore, Store, Timestamp, record};
use consentry::{Limits, Policy};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use text::run;

fn preference_event(person: &str, time: &str, preferences: &str) -> String {
    format!(
        r#"{{"type":"track","event":"Segment Consent Preference Updated",{person},"timestamp":"{time}","context":{{"consent":{{"categoryPreferences":{preferences}}}}}}}"#
    ) + "\n"
}

/// A history of many people, so that ids, times and links meet.
fn history(events: usize) -> Vec<String> {
    let mut state = 7u64;
    let mut next = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let event = |_| {
        let (user, anonymous, minute, second) = (next(300), next(400), next(60), next(60));
        let time = format!("2026-10-01T10:{minute:02}:{second:02}Z");
        match next(10) {
            0 => {
                format!(
                    r#"{{"type":"identify","userId":"u{user}","anonymousId":"a{anonymous}","timestamp":"{time}"}}"#
                ) + "\n"
            }
            one => {
                let person = if one < 6 {
                    format!(r#""userId":"u{user}""#)
                } else {
                    format!(r#""anonymousId":"a{anonymous}""#)
                };
                preference_event(
                    &person,
                    &time,
                    &format!(r#"{{"Advertising":{},"Analytics":{}}}"#, next(2) == 0, next(2) == 0),
                )
            }
        }
    };
    (0..events).map(event).collect()
}

/// The entries after some lines were recorded, each once and in their order.
fn recorded(lines: &[String]) -> BTreeMap<Id, LedgerEntry> {
    let policy = Policy::parse("consentry 1 policy \"p\" include prelude \"segment\"").unwrap();
    let store = MemoryStore::default();
    let notices: Vec<LedgerEvent<'_>> = lines
        .iter()
        .map(|line| LedgerEvent::read(line.trim_end().as_bytes(), &policy, &Limits::default()).unwrap())
        .collect();
    record(&store, &notices, Timestamp::from_microseconds(i64::MAX)).unwrap();
    entries(&store)
}

fn entries(store: &dyn Store) -> BTreeMap<Id, LedgerEntry> {
    let mut entries = BTreeMap::new();
    store
        .each(&mut |id, entry| {
            assert!(entries.insert(id, entry).is_none());
            true
        })
        .unwrap();
    entries
}

fn kept(path: &Path) -> BTreeMap<Id, LedgerEntry> {
    match path.exists() {
        true => entries(&FileStore::open_to_read(path).unwrap()),
        false => BTreeMap::new(),
    }
}

/// An ingest that is killed in the middle has lost nothing that it acknowledged, and has recorded nothing that nobody wrote; repeating it ends at
/// the ledger that an undisturbed one ends at.
#[test]
fn a_crash_loses_nothing_and_applies_nothing_twice() {
    const KILLS: u32 = 200;
    let events = history(2_000);
    let all = recorded(&events);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let arguments = ["ledger", "ingest", path.to_str().unwrap(), "--format", "json"];
    let start = |lines: &[String]| {
        let mut child = common::start(&mut common::command(&arguments));
        let mut stdin = child.stdin.take().unwrap();
        let pieces: Vec<String> = lines.chunks(50).map(<[String]>::concat).collect();
        // What comes slowly is recorded as it comes, so that there are as many steps as pieces.
        let writer = thread::spawn(move || {
            pieces.iter().all(|piece| {
                thread::sleep(Duration::from_millis(4));
                stdin.write_all(piece.as_bytes()).is_ok()
            })
        });
        (child, writer)
    };
    // How long it takes undisturbed.
    let started = Instant::now();
    let (child, writer) = start(&events);
    assert!(child.wait_with_output().unwrap().status.success() && writer.join().unwrap());
    let whole = started.elapsed();
    assert_eq!(kept(&path), all);
    let (mut in_the_middle, mut acknowledged_some) = (0, 0);
    for kill in 0..KILLS {
        fs::remove_file(&path).ok();
        let (mut child, writer) = start(&events);
        let out = BufReader::new(child.stdout.take().unwrap());
        let reader = thread::spawn(move || {
            let acknowledged = out
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| serde_json::from_str::<Value>(&line).ok()?["acknowledged"].as_u64());
            acknowledged.last().unwrap_or(0)
        });
        thread::sleep(whole.mul_f64(f64::from(kill) / f64::from(KILLS)));
        child.kill().unwrap();
        child.wait().unwrap();
        writer.join().unwrap();
        let acknowledged = usize::try_from(reader.join().unwrap()).unwrap();
        let is_there = kept(&path);
        // What is there already includes what was acknowledged: joining it changes nothing. The same with what all lines come to.
        for (id, entry) in recorded(&events[..acknowledged]) {
            let mut joined = is_there.get(&id).cloned().unwrap_or_default();
            joined.join(entry);
            assert_eq!(
                Some(&joined),
                is_there.get(&id),
                "kill {kill}: {id} after line {acknowledged} is lost"
            );
        }
        for (id, entry) in &is_there {
            let mut joined = all[id].clone();
            joined.join(entry.clone());
            assert_eq!(joined, all[id], "kill {kill}: {id} was never written so");
        }
        in_the_middle += u32::from(!is_there.is_empty() && is_there != all);
        acknowledged_some += u32::from(acknowledged > 0 && acknowledged < events.len());
        // Once more from the start, as somebody would who knows nothing of it.
        if kill % 10 == 0 {
            let again = run(&["ledger", "ingest", path.to_str().unwrap()], events.concat().as_bytes());
            assert_eq!((again.status, again.err.as_str()), (0, ""), "{}", again.out);
            assert_eq!(kept(&path), all, "kill {kill}");
        }
    }
    // Otherwise nothing was shown.
    assert!(
        in_the_middle > KILLS / 4 && acknowledged_some > KILLS / 4,
        "{in_the_middle} {acknowledged_some}"
    );
}
