//! consentry's stores.

use super::contender::{Answer, Contender, on_disk};
use super::redis::Redis;
use consentry::ledger::{
    DatedRecord, FileStore, Id, LedgerEvent, LedgerReader, MemoryStore, Recording, Store, Timestamp, record,
    recorded,
};
use consentry::{Limits, Policy};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// After every event.
const NOW: i64 = 1_900_000_000_000_000;

/// A store of consentry's, and the policy that says what writes to it.
pub(super) struct Ours<'r> {
    name: &'static str,
    policy: Policy,
    store: Box<dyn Store>,
    place: Place<'r>,
}

/// Where it is.
enum Place<'r> {
    Memory,
    File(PathBuf),
    Redis(&'r Redis),
}

impl Ours<'static> {
    /// In a file.
    pub(super) fn file(folder: &Path) -> Self {
        let path = folder.join("people.ledger");
        let store = FileStore::create(&path).expect("the file can be made");
        Ours::new("consentry, file", Box::new(store), Place::File(path))
    }

    /// In memory.
    pub(super) fn memory() -> Self {
        Ours::new("consentry, memory", Box::<MemoryStore>::default(), Place::Memory)
    }
}

impl<'r> Ours<'r> {
    /// In Redis.
    pub(super) fn redis(server: &'r Redis) -> Self {
        Ours::new("consentry, Redis", Box::new(server.store()), Place::Redis(server))
    }

    fn new(name: &'static str, store: Box<dyn Store>, place: Place<'r>) -> Self {
        let policy = Policy::parse(r#"consentry 1 policy "people" include prelude "segment""#);
        Ours { name, policy: policy.expect("the policy compiles"), store, place }
    }

    fn recorded(&self, people: &[Id]) -> Vec<Option<DatedRecord>> {
        recorded(self.store.as_ref(), people).expect("the store answers")
    }
}

impl Contender for Ours<'_> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ingest(&mut self, lines: &[u8]) -> Duration {
        let start = Instant::now();
        let limits = Limits::default();
        let mut reader = LedgerReader::new(&self.policy);
        let read = |(line, _)| reader.read(line, &limits).expect("events are JSON");
        let notices: Vec<LedgerEvent<'_>> = consentry::event::lines(lines).map(read).collect();
        let reading = start.elapsed();
        let recordings = record(self.store.as_ref(), &notices, Timestamp::from_microseconds(NOW));
        let recordings = recordings.expect("the store answers");
        assert!(recordings.iter().all(|recording| matches!(recording, Recording::Recorded { .. })));
        reading
    }

    fn look_up(&mut self, people: &[Id]) -> usize {
        std::hint::black_box(self.recorded(people)).iter().flatten().count()
    }

    fn answers(&mut self, people: &[Id]) -> Vec<Answer> {
        self.recorded(people).into_iter().map(|record| Some(record?.record().preferences)).collect()
    }

    fn merges(&self) -> bool {
        true
    }

    fn bytes(&mut self) -> Option<u64> {
        match &self.place {
            Place::Memory => None,
            Place::File(path) => Some(on_disk(path)),
            Place::Redis(server) => Some(server.bytes()),
        }
    }
}
