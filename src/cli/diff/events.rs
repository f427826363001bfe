//! The events of a file that each change touches.

use super::Failure;
use crate::cli::input::{Block, Blocks};
use consentry::exact::{DestinationDiff, Diff};
use consentry::report::event_counts::EventCounts;
use consentry::{Event, Limits, Policy};
use std::path::Path;

pub(super) fn count(diff: &Diff, old: &Policy, new: &Policy, path: &Path) -> Result<EventCounts, Failure> {
    let limits = Limits::default();
    let mut counts = EventCounts::new(diff);
    let touching: Vec<_> = diff.destinations.iter().map(DestinationDiff::touching).collect();
    let mut blocks = Blocks::open(Some(path), &limits)?;
    let mut block = Block::default();
    while blocks.next(&mut block)? {
        if block.piece().is_some_and(|piece| piece.first) {
            counts.add_error();
        }
        for (line, _) in block.lines() {
            let read = |policy: &Policy| Event::read(line, policy.reading(), &limits);
            match (read(old), read(new)) {
                (Ok(old), Ok(new)) => counts.add(&touching, &old, &new),
                _ => counts.add_error(),
            }
        }
    }
    Ok(counts)
}
