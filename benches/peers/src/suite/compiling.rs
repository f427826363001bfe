//! What a policy costs before the first event: time and memory.

use super::Effort;
use crate::allocations;
use crate::measure::{Field, Times};
use crate::ours::compile;
use crate::report::Section;
use crate::workload::{Shape, Workload};
use std::hint::black_box;

/// How often each policy is compiled: at most so often.
const ROUNDS: usize = 5;

/// The largest policy.
pub(super) const LARGEST: &str = "10,000 destinations, 1,000 categories";

/// The policies between which memory is compared: name, destinations, categories.
const POLICIES: [(&str, usize, usize); 4] = [
    ("50 destinations, 8 categories", 50, 8),
    ("1,000 destinations, 256 categories", 1000, 256),
    ("10,000 destinations, 256 categories", 10_000, 256),
    (LARGEST, 10_000, 1000),
];

/// What was measured.
pub(super) struct Compiling {
    pub(super) times: Times,
    /// The bytes that each policy takes once it is compiled.
    pub(super) bytes: Vec<i64>,
}

/// The text of each policy.
pub fn policies() -> Vec<(&'static str, String)> {
    let text = |destinations, categories| {
        Workload::new(Shape { destinations, categories, events: 0, ..Shape::default() }).policy
    };
    POLICIES.map(|(name, destinations, categories)| (name, text(destinations, categories))).to_vec()
}

pub(super) fn measure(effort: Effort) -> Compiling {
    let policies = policies();
    let bytes = policies
        .iter()
        .map(|(_, text)| {
            let (table, counts) = allocations::during(|| compile(text));
            drop(table);
            counts.live_bytes
        })
        .collect();
    let mut field = Field::default();
    for (name, text) in &policies {
        field.add(*name, 1, || {
            black_box(compile(black_box(text)));
        });
    }
    Compiling { times: field.run(effort.rounds.min(ROUNDS)), bytes }
}

impl Compiling {
    /// How much memory ten times the destinations take: the ratio.
    pub(super) fn growth(&self) -> f64 {
        self.bytes[2] as f64 / self.bytes[1] as f64
    }

    pub(super) fn section(&self) -> Section {
        let mut lines = self.times.0.clone();
        for (line, bytes) in lines.iter_mut().zip(&self.bytes) {
            line.name = format!("{}; takes {:.1} kB", line.name, *bytes as f64 / 1e3);
        }
        Section {
            title: "Text to table".to_owned(),
            note: "Reading, checking and compiling a policy, and the memory that it takes from then on, its text included."
                .to_owned(),
            unit: "policy",
            references: Vec::new(),
            pictured: false,
            lines,
        }
    }
}
