//! Several threads with one table, a room each.

use super::Effort;
use super::bytes::{Decide, GRADES};
use crate::measure::{Field, Times};
use crate::ours::Ours;
use crate::report::Section;
use crate::workload::Workload;
use std::hint::black_box;
use std::thread;

/// Fewer than elsewhere: a part must be long enough that starting threads does not matter.
const PARTS: usize = 5;

pub(super) fn measure(workload: &Workload, effort: Effort) -> Times {
    let ours = Ours::new(&workload.policy);
    let events: Vec<&[u8]> = workload.events().collect();
    let (events, ours) = (&events, &ours);
    let mut field = Field::default();
    for (grade, decide) in GRADES {
        for threads in [1, 2] {
            field.add_parts(line(grade, threads), events.len(), PARTS, move |part| {
                let bound = |part| events.len() * part / PARTS;
                spread(ours, &events[bound(part)..bound(part + 1)], threads, decide);
            });
        }
    }
    field.run(effort.rounds)
}

/// Decides the events with so many threads, each of which has its part of them.
pub fn spread(ours: &Ours, events: &[&[u8]], threads: usize, decide: Decide) {
    thread::scope(|scope| {
        for part in events.chunks(events.len().div_ceil(threads)) {
            scope.spawn(move || {
                let mut room = ours.room();
                part.iter().for_each(|event| {
                    black_box(decide(ours, event, &mut room));
                });
            });
        }
    });
}

/// The name of a line.
pub(super) fn line(grade: &str, threads: usize) -> String {
    format!("{grade}, {threads} thread{}", if threads == 1 { "" } else { "s" })
}

pub(super) fn section(times: &Times) -> Section {
    Section {
        title: "Threads".to_owned(),
        note: "Threads are started, and rooms made, in the time that is measured.".to_owned(),
        unit: "event",
        references: Vec::new(),
        pictured: false,
        lines: times.0.clone(),
    }
}
