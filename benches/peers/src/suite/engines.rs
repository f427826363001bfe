//! Policy engines, on few events: they are slow.

use super::Effort;
use super::bytes::{GRADES, pass};
use crate::agreement;
use crate::measure::{Field, Times};
use crate::ours::Ours;
use crate::peers::{Peer, engines};
use crate::report::Section;
use crate::rules::Rules;
use crate::workload::{Shape, Workload};

/// How many events there are at most.
const EVENTS: usize = 200;

pub(super) fn measure(effort: Effort) -> Times {
    let workload = &Workload::new(Shape { events: effort.events.min(EVENTS), ..Shape::default() });
    let rules = Rules::new(&workload.catalogue);
    let ours = &Ours::new(&workload.policy);
    let mut peers = engines::deciders(&workload.catalogue, &rules);
    agreement::decisions(workload, ours, &mut peers);
    let count = workload.events().len();
    let mut field = Field::default();
    for (name, decide) in GRADES {
        let mut room = ours.room();
        field.add(name, count, move || pass(workload.events(), |event| decide(ours, event, &mut room)));
    }
    for Peer { name, mut decide, .. } in peers {
        field.add(name, count, move || pass(workload.events(), &mut decide));
    }
    field.run(effort.rounds)
}

pub(super) fn section(times: &Times) -> Section {
    Section {
        title: "Policy engines, bytes to decision".to_owned(),
        note: format!(
            "At most {EVENTS} events, so few that the processor has forgotten them when ours have their turn. The host reads the \
             event with serde_json into a borrowed struct and gives the engine the names that decide."
        ),
        unit: "event",
        references: GRADES.map(|(name, _)| name.to_owned()).to_vec(),
        pictured: true,
        lines: times.0.clone(),
    }
}
