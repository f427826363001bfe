//! The events of a file that each change touches.

use crate::cli::input::Chunks;
use crate::cli::shared::Result;
use consentry::exact::{DestinationDiff, Diff};
use consentry::report::event_counts::EventCounts;
use consentry::{Event, Limits, Policy};
use std::path::Path;

pub(super) fn count(diff: &Diff, old: &Policy, new: &Policy, path: &Path) -> Result<EventCounts> {
    let limits = Limits::default();
    let mut counts = EventCounts::new(diff);
    let touching: Vec<_> = diff.destinations.iter().map(DestinationDiff::touching).collect();
    for chunk in Chunks::open(Some(path))? {
        for line in chunk?.events() {
            let read = |policy: &Policy| Event::read(line.clone()?, policy.reading(), &limits);
            match (read(old), read(new)) {
                (Ok(old), Ok(new)) => counts.add(&touching, &old, &new),
                _ => counts.add_error(),
            }
        }
    }
    Ok(counts)
}
