//! What the size of the policy and the form of the events cost.

use super::Effort;
use super::bytes::{GRADES, pass};
use crate::measure::{Field, PARTS, Times};
use crate::ours::Ours;
use crate::report::Section;
use crate::workload::{ConsentStrings, Form, Shape, Workload};

/// The sizes between which the cost of an event is to be flat.
pub(super) const FLAT: [&str; 2] = ["10 destinations", "10,000 destinations"];

/// The workload that all others are compared with.
const USUAL: &str = "50 destinations, 8 categories";

/// The shape in which nothing is to be remembered, with memory and without.
pub(super) const UNIQUE: [&str; 2] =
    ["every consent string different", "every consent string different, without memory"];

/// Each shape, and what is special about it.
pub fn all(events: usize) -> Vec<(&'static str, Shape)> {
    let usual = Shape { events, ..Shape::default() };
    vec![
        (USUAL, usual),
        ("10 destinations", Shape { destinations: 10, ..usual }),
        ("200 destinations", Shape { destinations: 200, ..usual }),
        ("1,000 destinations", Shape { destinations: 1000, ..usual }),
        ("10,000 destinations", Shape { destinations: 10_000, ..usual }),
        ("32 categories", Shape { categories: 32, ..usual }),
        ("256 categories", Shape { categories: 256, ..usual }),
        (UNIQUE[0], Shape { consent: ConsentStrings::Unique, ..usual }),
        (UNIQUE[1], Shape { consent: ConsentStrings::Unique, ..usual }),
        ("pretty-printed", Shape { form: Form::Pretty, ..usual }),
    ]
}

pub(super) fn measure(effort: Effort) -> Times {
    // Few enough that the events of all shapes together stay in no cache.
    let events = effort.events / 10;
    let workloads: Vec<(&str, Shape, Workload, Ours)> = all(events)
        .into_iter()
        .map(|(name, shape)| {
            let workload = Workload::new(shape);
            let ours = Ours::new(&workload.policy);
            (name, shape, workload, ours)
        })
        .collect();
    let mut field = Field::default();
    for (name, shape, workload, ours) in &workloads {
        for (grade, decide) in GRADES {
            let new_room = if *name == UNIQUE[1] { Ours::room_without_memory } else { Ours::room };
            let mut room = new_room(ours);
            field.add_parts(line(grade, name), events, PARTS, move |part| {
                // What is to be different from everything before must not be known from the last round.
                if part == 0 && shape.consent == ConsentStrings::Unique {
                    room = new_room(ours);
                }
                pass(workload.part(part, PARTS), |event| decide(ours, event, &mut room));
            });
        }
    }
    field.run(effort.rounds)
}

/// The name of a line.
pub(super) fn line(grade: &str, shape: &str) -> String {
    format!("{}: {shape}", grade.trim_start_matches("consentry, "))
}

pub(super) fn section(times: &Times) -> Section {
    Section {
        title: "Other policies and other events".to_owned(),
        note: "A tenth of the events. What is not said is as above; a consent string names eight categories whatever the policy."
            .to_owned(),
        unit: "event",
        references: GRADES.map(|(grade, _)| line(grade, USUAL)).to_vec(),
        pictured: false,
        lines: times.0.clone(),
    }
}
