//! What is measured.

use consentry::event::RecordedPreference;
use consentry::ledger::Id;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// What is recorded of a person, by the names of categories.
pub(super) type Answer = Option<BTreeMap<String, RecordedPreference>>;

/// A store, and the code around it from an event's bytes to what is recorded of a person.
pub(super) trait Contender {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Records the events of some lines; they are durable when it returns. Returns how long it took to read them.
    fn ingest(&mut self, lines: &[u8]) -> Duration;

    /// Looks people up as a service would, and returns of how many something is recorded.
    fn look_up(&mut self, people: &[Id]) -> usize;

    /// The same, for comparing.
    fn answers(&mut self, people: &[Id]) -> Vec<Answer>;

    /// Whether it puts together what was said under several ids of a person as the semantics say.
    fn merges(&self) -> bool;

    /// How many bytes it takes on the disk, if it is there.
    fn bytes(&mut self) -> Option<u64>;
}

/// How many bytes of the disk a file takes, or all files of a folder.
pub(super) fn on_disk(path: &Path) -> u64 {
    let of = fs::metadata(path).expect("the store is there");
    if of.is_dir() {
        let files = fs::read_dir(path).expect("the folder can be read");
        return files.map(|file| on_disk(&file.expect("the folder can be read").path())).sum();
    }
    // A file may have holes, which take nothing.
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::blocks(&of) * 512;
    #[cfg(not(unix))]
    return of.len();
}
