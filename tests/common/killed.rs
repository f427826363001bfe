//! A history of many people, an ingest of it that is killed, and what must be true afterwards.

use consentry::ledger::{Id, LedgerEntry, LedgerEvent, MemoryStore, Store, Timestamp, record};
use consentry::{Limits, Policy};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::Child;
use std::thread::{self, JoinHandle};
use std::time::Duration;

fn preference_event(person: &str, time: &str, preferences: &str) -> String {
    format!(
        r#"{{"type":"track","event":"Segment Consent Preference Updated",{person},"timestamp":"{time}","context":{{"consent":{{"categoryPreferences":{preferences}}}}}}}"#
    ) + "\n"
}

/// A history of many people, so that ids, times and links meet.
pub(crate) fn history(events: usize) -> Vec<String> {
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
pub(crate) fn recorded(lines: &[String]) -> Entries {
    let policy = Policy::parse("consentry 1 policy \"p\" include prelude \"segment\"").unwrap();
    let store = MemoryStore::default();
    let notices: Vec<LedgerEvent<'_>> = lines
        .iter()
        .map(|line| LedgerEvent::read(line.trim_end().as_bytes(), &policy, &Limits::default()).unwrap())
        .collect();
    record(&store, &notices, Timestamp::from_microseconds(i64::MAX)).unwrap();
    entries(&store)
}

pub(crate) fn entries(store: &dyn Store) -> Entries {
    let mut entries = BTreeMap::new();
    store
        .each(&mut |id, entry| {
            assert!(entries.insert(id, entry).is_none());
            true
        })
        .unwrap();
    entries
}

/// Entries by their ids.
pub(crate) type Entries = BTreeMap<Id, LedgerEntry>;

/// An ingest that gets its lines slowly.
pub(crate) struct Ingest {
    pub(crate) child: Child,
    writer: JoinHandle<bool>,
    reader: JoinHandle<u64>,
}

impl Ingest {
    pub(crate) fn start(store: &str, lines: &[String]) -> Self {
        let arguments = ["ledger", "ingest", store, "--format", "json"];
        let mut child = super::common::start(&mut super::common::command(&arguments));
        let mut stdin = child.stdin.take().unwrap();
        let pieces: Vec<String> = lines.chunks(50).map(<[String]>::concat).collect();
        // Lines that come slowly are recorded as they come, so that there are as many steps as pieces.
        let writer = thread::spawn(move || {
            pieces.iter().all(|piece| {
                thread::sleep(Duration::from_millis(4));
                stdin.write_all(piece.as_bytes()).is_ok()
            })
        });
        let out = BufReader::new(child.stdout.take().unwrap());
        let reader = thread::spawn(move || {
            let acknowledged = out
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| serde_json::from_str::<Value>(&line).ok()?["acknowledged"].as_u64());
            acknowledged.last().unwrap_or(0)
        });
        Ingest { child, writer, reader }
    }

    /// Waits for the end. Returns true if the ingest took all lines and succeeded, and how many lines it acknowledged.
    pub(crate) fn end(mut self) -> (bool, usize) {
        let is_fine = self.child.wait().unwrap().success();
        let is_written = self.writer.join().unwrap();
        (is_fine && is_written, usize::try_from(self.reader.join().unwrap()).unwrap())
    }
}

/// Nothing acknowledged is lost, and nothing is there that nobody wrote.
pub(crate) fn assert_whole(is_there: &Entries, acknowledged: &[String], all: &Entries, kill: u32) {
    // The entries include each acknowledged one: joining it changes nothing. In the same way, the entries of all lines include them.
    for (id, entry) in recorded(acknowledged) {
        let mut joined = is_there.get(&id).cloned().unwrap_or_default();
        joined.join(entry);
        assert_eq!(
            Some(&joined),
            is_there.get(&id),
            "kill {kill}: {id} after line {} is lost",
            acknowledged.len()
        );
    }
    for (id, entry) in is_there {
        let mut joined = all[id].clone();
        joined.join(entry.clone());
        assert_eq!(joined, all[id], "kill {kill}: {id} was never written so");
    }
}

/// The number of kills: `CONSENTRY_ROUNDS`, or a default.
pub(crate) fn kills(default: u32) -> u32 {
    std::env::var("CONSENTRY_ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}
