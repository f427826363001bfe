//! The number of events of a stream that each change of a policy touches.

use super::names;
use crate::event::Event;
use crate::exact::{Diff, Direction};
use serde::Serialize;

/// The number of events that each change of a policy touches.
#[derive(Debug, Serialize)]
pub struct EventCounts {
    /// Events that some change touches.
    changed: u64,
    decided: u64,
    not_events: u64,
    /// By destination and change.
    #[serde(skip)]
    by_change: Vec<Vec<u64>>,
}

impl EventCounts {
    /// Creates counts of no event.
    pub fn new(diff: &Diff) -> Self {
        let counts = diff.destinations.iter().map(|one| {
            let changes: usize = Direction::ALL.iter().map(|direction| one.count(*direction)).sum();
            vec![0; changes]
        });
        EventCounts { changed: 0, decided: 0, not_events: 0, by_change: counts.collect() }
    }

    /// Counts an event as both policies read it. `touching` has for each destination of the difference what
    /// [`touching`](crate::exact::DestinationDiff::touching) returns.
    pub fn add(
        &mut self,
        touching: &[impl Fn(&Event<'_>, &Event<'_>) -> Vec<usize>],
        old: &Event<'_>,
        new: &Event<'_>,
    ) {
        self.decided += 1;
        let mut is_changed = false;
        for (touching, counts) in touching.iter().zip(&mut self.by_change) {
            for change in touching(old, new) {
                is_changed = true;
                counts.get_mut(change).into_iter().for_each(|count| *count += 1);
            }
        }
        self.changed += u64::from(is_changed);
    }

    /// Counts a line that is not an event.
    pub fn add_error(&mut self) {
        self.not_events += 1;
    }

    /// Returns the number of lines that are not events.
    pub fn not_events(&self) -> u64 {
        self.not_events
    }

    /// Returns how many events a change of a destination touches.
    pub(super) fn of(&self, destination: usize, change: usize) -> u64 {
        self.by_change.get(destination).and_then(|counts| counts.get(change)).copied().unwrap_or(0)
    }

    /// Returns a sentence about all events.
    pub(super) fn summary(&self) -> String {
        let not_events = match self.not_events {
            0 => String::new(),
            count => format!("; {}", names::counted(count, "line is not an event", "lines are not events")),
        };
        format!("{} of {} events are decided otherwise{not_events}", self.changed, self.decided)
    }
}
