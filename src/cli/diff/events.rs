//! How many events of a stream each change touches.

use super::Failure;
use crate::cli::input::{Block, Blocks};
use consentry::exact::{DestinationDiff, Diff, Direction};
use consentry::{Event, Limits, Policy};
use std::path::Path;

/// The counts, by destination and change.
pub(super) struct Touched {
    counts: Vec<Vec<u64>>,
    pub(super) events: u64,
    /// Events that some change touches.
    pub(super) changed: u64,
    pub(super) not_events: u64,
}

impl Touched {
    pub(super) fn count(changes: &Diff, old: &Policy, new: &Policy, path: &Path) -> Result<Self, Failure> {
        let limits = Limits::default();
        let counts = changes
            .destinations
            .iter()
            .map(|one| vec![0; Direction::ALL.map(|direction| one.count(direction)).iter().sum()])
            .collect();
        let mut touched = Touched { counts, events: 0, changed: 0, not_events: 0 };
        let touching: Vec<_> = changes.destinations.iter().map(DestinationDiff::touching).collect();
        let mut blocks = Blocks::open(Some(path), &limits)?;
        let mut block = Block::default();
        while blocks.next(&mut block)? {
            if block.piece().is_some_and(|piece| piece.first) {
                touched.not_events += 1;
            }
            for (line, _) in block.lines() {
                let read = |policy: &Policy| Event::read(line, policy.reading(), &limits);
                match (read(old), read(new)) {
                    (Ok(old), Ok(new)) => touched.add(&touching, &old, &new),
                    _ => touched.not_events += 1,
                }
            }
        }
        Ok(touched)
    }

    fn add(
        &mut self,
        touching: &[impl Fn(&Event<'_>, &Event<'_>) -> Vec<usize>],
        old: &Event<'_>,
        new: &Event<'_>,
    ) {
        self.events += 1;
        let mut is_changed = false;
        for (touching, counts) in touching.iter().zip(&mut self.counts) {
            for change in touching(old, new) {
                is_changed = true;
                if let Some(count) = counts.get_mut(change) {
                    *count += 1;
                }
            }
        }
        self.changed += u64::from(is_changed);
    }

    /// How many events a change of a destination touches.
    pub(super) fn of(&self, destination: usize, change: usize) -> u64 {
        self.counts.get(destination).and_then(|counts| counts.get(change)).copied().unwrap_or(0)
    }

    /// What is said of all of them.
    pub(super) fn summary(&self) -> String {
        let not_events = match self.not_events {
            0 => String::new(),
            1 => "; 1 line is not an event".to_owned(),
            count => format!("; {count} lines are not events"),
        };
        format!("{} of {} events are decided otherwise{not_events}", self.changed, self.events)
    }
}
