//! All that is measured, each section of it by itself.

pub mod bytes;
pub mod compiling;
#[cfg(feature = "engines")]
mod engines;
pub mod extracted;
mod goals;
pub mod shapes;
pub mod threads;

use crate::allocations;
use crate::measure::{PARTS, Times};
use crate::ours::Ours;
use crate::report::Report;
use crate::workload::{Shape, Workload};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// The events of the main workload.
    pub events: usize,
    /// How often each way has its turn.
    pub rounds: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Effort { events: 50_000, rounds: 15 }
    }
}

/// Everything that the goals are computed from.
struct Measured {
    bytes: bytes::Bytes,
    extracted: Times,
    shapes: Times,
    threads: Times,
    compiling: compiling::Compiling,
    /// How often a thousand events asked for memory, for each grade.
    allocations: [f64; 2],
}

/// Checks that all agree, then measures everything.
///
/// # Panics
///
/// When somebody decides otherwise than the others.
pub fn run(effort: Effort) -> Report {
    let workload = Workload::new(Shape { events: effort.events, ..Shape::default() });
    let setting = format!(
        "{} events of {:.0} bytes on average, {:.0} MB; {} destinations, {} categories. Everybody has a turn in each of {} rounds, \
         in one process and on one thread, after all have been seen to agree on every event. A turn is timed in {} parts; \
         minimum and median are those of each part, added up.",
        effort.events,
        workload.mean_bytes(),
        workload.text().len() as f64 / 1e6,
        workload.catalogue.destinations.len(),
        workload.catalogue.categories.len(),
        effort.rounds,
        PARTS,
    );
    let measured = Measured {
        bytes: bytes::measure(&workload, effort),
        extracted: extracted::measure(effort),
        shapes: shapes::measure(effort),
        threads: threads::measure(&workload, effort),
        compiling: compiling::measure(effort),
        allocations: bytes::GRADES.map(|(_, decide)| allocations(&workload, decide)),
    };
    let [decisions, rewriting] = measured.bytes.sections();
    let sections = vec![
        decisions,
        rewriting,
        #[cfg(feature = "engines")]
        engines::section(&engines::measure(effort)),
        extracted::section(&measured.extracted),
        shapes::section(&measured.shapes),
        threads::section(&measured.threads),
        measured.compiling.section(),
    ];
    Report { setting, sections, goals: goals::all(&measured) }
}

/// How often a thousand events ask for memory, once the room has grown to its size: it takes on texts when they come again.
fn allocations(workload: &Workload, decide: bytes::Decide) -> f64 {
    let ours = Ours::new(&workload.policy);
    let mut room = ours.room();
    let mut pass = || bytes::pass(workload.events(), |event| decide(&ours, event, &mut room));
    (0..5).for_each(|_| pass());
    allocations::during(pass).1.allocations as f64 * 1000.0 / workload.events().len() as f64
}
