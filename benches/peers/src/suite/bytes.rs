//! Bytes to decisions, and to rewritten events: ours, the peers, and what the machine allows.

use super::Effort;
use crate::agreement;
use crate::limits::{self, StructuralScan};
use crate::measure::{Field, PARTS, Times};
use crate::ours::{Ours, Room, Validation};
use crate::peers::{self, Peer, Rewriter};
use crate::report::Section;
use crate::rules::Rules;
use crate::workload::Workload;
use std::hint::black_box;

/// How many events a room serves before it is thrown away, where it is measured cold.
pub const COLD: usize = 1000;

/// A function of ours that decides an event.
pub type Decide = fn(&Ours, &[u8], &mut Room) -> u64;

/// Our two grades of input.
pub const GRADES: [(&str, Decide); 2] =
    [("consentry, trusted", Ours::trusted), ("consentry, validating", Ours::validating)];

/// The limits that goals name.
pub(super) const COPY: &str = "limit: memcpy of each event";
const LINES: &str = "limit: memchr for line breaks";

/// Our rewriting.
pub const REWRITING: [(&str, Validation); 2] = [
    ("consentry, trusted, rewriting", Validation::Trusted),
    ("consentry, validating, rewriting", Validation::Full),
];

/// Our deciding of a whole buffer.
const BUFFER: [(&str, Validation); 2] = [
    ("consentry, trusted, lines of a buffer", Validation::Trusted),
    ("consentry, validating, lines of a buffer", Validation::Full),
];

/// What was measured.
pub(super) struct Bytes {
    /// Decisions and limits, then rewriting.
    pub(super) times: Times,
    decisions: usize,
    /// The peers that read JSON, and whether they refuse what is not JSON.
    pub(super) peers: Vec<(&'static str, bool)>,
    /// The structural scan with the fastest instructions.
    pub(super) scan: String,
}

/// Checks that all agree, then measures them in turns.
pub(super) fn measure(workload: &Workload, effort: Effort) -> Bytes {
    let rules = Rules::new(&workload.catalogue);
    let scans = StructuralScan::available();
    let ours = &Ours::new(&workload.policy);
    let mut deciders = peers::deciders(&workload.catalogue, &rules);
    let mut rewriters = peers::rewriters(&workload.catalogue, &rules);
    agreement::decisions(workload, ours, &mut deciders);
    agreement::extracted(&rules, ours);
    agreement::rewritten(workload, ours, &mut rewriters);
    let peers = deciders.iter().map(|peer| (peer.name, peer.validates)).collect();

    let mut field = EventField { workload, field: Field::default() };
    // The first set of instructions is what a user gets who does not choose.
    for (place, (set, ours)) in ours.with_each_instruction_set().into_iter().enumerate() {
        for (name, decide) in GRADES {
            let name = if place == 0 { name.to_owned() } else { format!("{name}, {set}") };
            let (mut room, ours) = (ours.room(), ours.clone());
            field.decide(name, move |event| decide(&ours, event, &mut room));
        }
    }
    for (name, decide) in GRADES {
        field.add(format!("{name}, cold"), move |part| cold(workload.part(part, PARTS), ours, decide));
    }
    for (name, validation) in BUFFER {
        let mut room = ours.room();
        field.add(name.to_owned(), move |part| {
            black_box(ours.lines(validation, black_box(workload.part_text(part, PARTS)), &mut room));
        });
    }
    for Peer { name, decide, .. } in deciders {
        field.decide(name.to_owned(), decide);
    }
    for StructuralScan { instructions, scan } in scans.iter().copied() {
        field.decide(scan_name(instructions), move |event| u64::from(scan(event).is_complete()));
    }
    let mut buffer = Vec::new();
    field.decide(COPY.to_owned(), move |event| {
        buffer.clear();
        buffer.extend_from_slice(event);
        black_box(buffer.as_slice()).len() as u64
    });
    field.add(LINES.to_owned(), move |part| {
        black_box(limits::lines(black_box(workload.part_text(part, PARTS))));
    });
    let decisions = field.field.len();
    for (name, validation) in REWRITING {
        let mut room = ours.room();
        field.rewrite(name.to_owned(), move |event, into| ours.rewrite(validation, event, &mut room, into));
    }
    for Rewriter { name, rewrite } in rewriters {
        field.rewrite(format!("{name}, rewriting"), rewrite);
    }
    Bytes { times: field.field.run(effort.rounds), decisions, peers, scan: scan_name(scans[0].instructions) }
}

/// Ways over the events of one workload.
struct EventField<'f> {
    workload: &'f Workload,
    field: Field<'f>,
}

impl<'f> EventField<'f> {
    fn add(&mut self, name: String, part: impl FnMut(usize) + 'f) {
        self.field.add_parts(name, self.workload.events().len(), PARTS, part);
    }

    fn decide(&mut self, name: String, mut decide: impl FnMut(&[u8]) -> u64 + 'f) {
        let workload = self.workload;
        self.add(name, move |part| pass(workload.part(part, PARTS), &mut decide));
    }

    fn rewrite(&mut self, name: String, mut rewrite: impl FnMut(&[u8], &mut Vec<u8>) + 'f) {
        let (workload, mut buffer) = (self.workload, Vec::new());
        self.add(name, move |part| rewrite_all(workload.part(part, PARTS), &mut buffer, &mut rewrite));
    }
}

impl Bytes {
    pub(super) fn sections(&self) -> [Section; 2] {
        let (decisions, rewriting) = self.times.0.split_at(self.decisions);
        let decisions = Section {
            title: "Bytes to decision".to_owned(),
            note: format!(
                "Without another word, consentry uses the fastest instructions that the processor has, and its room has seen \
                 the events before. Cold: a new room for every {COLD} events."
            ),
            unit: "event",
            references: GRADES.map(|(name, _)| name.to_owned()).to_vec(),
            pictured: true,
            lines: decisions.to_vec(),
        };
        let rewriting = Section {
            title: "Bytes to rewritten event".to_owned(),
            note: "The event with the decision in its `integrations`, appended to a buffer.".to_owned(),
            unit: "event",
            references: REWRITING.map(|(name, _)| name.to_owned()).to_vec(),
            pictured: true,
            lines: rewriting.to_vec(),
        };
        [decisions, rewriting]
    }
}

fn scan_name(instructions: &str) -> String {
    format!("limit: structural scan, {instructions}")
}

/// Decides every one of the events.
pub fn pass<'e>(events: impl Iterator<Item = &'e [u8]>, mut decide: impl FnMut(&[u8]) -> u64) {
    let sum = events.fold(0, |sum: u64, event| sum.wrapping_add(decide(black_box(event))));
    black_box(sum);
}

/// Decides every one of the events, with a new room now and then.
pub fn cold<'e>(events: impl Iterator<Item = &'e [u8]>, ours: &Ours, decide: Decide) {
    let mut room = ours.room();
    let mut left = COLD;
    pass(events, |event| {
        if left == 0 {
            (room, left) = (ours.room(), COLD);
        }
        left -= 1;
        decide(ours, event, &mut room)
    });
}

/// Rewrites every one of the events into the same buffer.
pub fn rewrite_all<'e>(
    events: impl Iterator<Item = &'e [u8]>,
    buffer: &mut Vec<u8>,
    mut rewrite: impl FnMut(&[u8], &mut Vec<u8>),
) {
    for event in events {
        buffer.clear();
        rewrite(black_box(event), buffer);
        black_box(buffer.as_slice());
    }
}
