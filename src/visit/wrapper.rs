//! The documents' table "Expected wrapper behavior", for the destinations of a policy.

use super::machine::Choice;
use crate::decide::Table;
use crate::event::Event;
use crate::model::{DestinationId, GateOpens};
use std::collections::BTreeSet;

spelled! {
    /// Which unmapped destinations are enabled.
    Unmapped {
        /// None: there are none, or all of them are disabled.
        None = "none enabled",
        /// At least one.
        Some = "one or more enabled",
        /// None but storage that does not enforce consent, which the documents call S3.
        Storage = "exempt storage enabled",
    }
}

spelled! {
    /// Which mapped destinations are enabled.
    Mapped {
        /// Any or none of them.
        Any = "any",
        /// None.
        None = "none enabled",
        /// One or more; here all of them.
        Some = "one or more enabled",
    }
}

spelled! {
    /// What becomes of an event.
    Flow {
        /// The source sends it.
        Flows = "flows",
        /// The source does not.
        Withheld = "withheld",
        /// It depends on which mapped destinations are enabled.
        Depends = "depends",
        /// The policy has no such destinations.
        NoSuchDestination = "no_such_destination",
    }
}

/// A row of "Expected wrapper behavior".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapperRow {
    /// Its number in the documents.
    pub row: usize,
    /// True if the person grants every category, false if none. The documents say of both "enabled" and "disabled".
    pub granted: bool,
    /// The unmapped destinations.
    pub unmapped: Unmapped,
    /// The mapped destinations.
    pub mapped: Mapped,
    /// What becomes of an event in each reading.
    pub flows: [(GateOpens, Flow); 3],
}

/// The seven rows, in their order.
const ROWS: [(bool, Unmapped, Mapped); 7] = [
    (false, Unmapped::None, Mapped::Any),
    (false, Unmapped::Some, Mapped::Any),
    (false, Unmapped::Storage, Mapped::Any),
    (true, Unmapped::None, Mapped::None),
    (true, Unmapped::None, Mapped::Some),
    (true, Unmapped::Some, Mapped::None),
    (true, Unmapped::Some, Mapped::Some),
];

/// The documents' table of the wrapper, as a policy has it: as if the destinations of a row were enabled and no others. A destination
/// that the policy disables is disabled in every row.
pub fn wrapper(table: &Table) -> Vec<WrapperRow> {
    let rows = ROWS.into_iter().enumerate().map(|(place, (granted, unmapped, mapped))| {
        let flows = GateOpens::ALL.map(|reading| (reading, flow(table, reading, granted, unmapped, mapped)));
        WrapperRow { row: place + 1, granted, unmapped, mapped, flows }
    });
    rows.collect()
}

fn flow(table: &Table, reading: GateOpens, granted: bool, unmapped: Unmapped, mapped: Mapped) -> Flow {
    let policy = table.policy();
    let enabled = |is_mapped: bool| {
        policy.destinations().iter().zip(policy.destination_ids()).filter(move |(one, id)| {
            one.disabled.is_none() && table.consent_step(*id).requirement().is_some() == is_mapped
        })
    };
    let mapped_ids: BTreeSet<DestinationId> = enabled(true).map(|(_, id)| id).collect();
    let unmapped_ones = enabled(false).filter(|(one, _)| match unmapped {
        Unmapped::None => false,
        Unmapped::Some => one.exempt.is_none(),
        Unmapped::Storage => one.exempt.is_some(),
    });
    let unmapped_ids: BTreeSet<DestinationId> = unmapped_ones.map(|(_, id)| id).collect();
    if unmapped != Unmapped::None && unmapped_ids.is_empty()
        || mapped == Mapped::Some && mapped_ids.is_empty()
    {
        return Flow::NoSuchDestination;
    }
    let choice = if granted { Choice::everything(policy) } else { Choice::nothing(policy) };
    let event = Event { consent: choice.stamp(policy), ..Event::default() };
    let mut scratch = table.scratch();
    let decision = table.decide_event(&event, &mut scratch);
    let passes = |enabled: &BTreeSet<DestinationId>| {
        decision.passes(reading, &table.gate_if(&|id| enabled.contains(&id)), &|id| enabled.contains(id))
    };
    let (without_mapped, with_mapped) = (passes(&unmapped_ids), passes(&(&unmapped_ids | &mapped_ids)));
    let is_open = match mapped {
        Mapped::Any if without_mapped != with_mapped => return Flow::Depends,
        Mapped::Any | Mapped::Some => with_mapped,
        Mapped::None => without_mapped,
    };
    if is_open { Flow::Flows } else { Flow::Withheld }
}
