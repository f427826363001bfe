//! The documents' table "Expected wrapper behavior", for the destinations of a policy.

use super::machine::Choice;
use crate::decide::Table;
use crate::event::Event;
use crate::model::{DestinationId, GateOpens};

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
    let destination = |id: DestinationId| policy.destination(id).filter(|one| one.disabled().is_none());
    let is_mapped = |id: DestinationId| table.consent_step(id).requirement().is_some();
    let is_storage = |id: DestinationId| destination(id).is_some_and(|one| one.exempt().is_some());
    let is_unmapped = |id: DestinationId| {
        destination(id).is_some()
            && !is_mapped(id)
            && match unmapped {
                Unmapped::None => false,
                Unmapped::Some => !is_storage(id),
                Unmapped::Storage => is_storage(id),
            }
    };
    let exist = |is: &dyn Fn(DestinationId) -> bool| policy.destination_ids().any(is);
    let mapped_exist = exist(&|id| destination(id).is_some() && is_mapped(id));
    if unmapped != Unmapped::None && !exist(&is_unmapped) || mapped == Mapped::Some && !mapped_exist {
        return Flow::NoSuchDestination;
    }
    let choice = if granted { Choice::everything(policy) } else { Choice::nothing(policy) };
    let event = Event { consent: choice.stamp(policy), ..Event::default() };
    let mut scratch = table.scratch();
    let decision = table.decide_event(&event, &mut scratch);
    let passes = |with_mapped: bool| {
        let is_enabled =
            |id: DestinationId| is_unmapped(id) || with_mapped && destination(id).is_some() && is_mapped(id);
        decision.passes(reading, &table.gate_if(&is_enabled), &|id| is_enabled(*id))
    };
    match (mapped, passes(false), passes(true)) {
        (Mapped::None, true, _) | (Mapped::Some, _, true) | (Mapped::Any, true, true) => Flow::Flows,
        (Mapped::None, false, _) | (Mapped::Some, _, false) | (Mapped::Any, false, false) => Flow::Withheld,
        (Mapped::Any, true, false) | (Mapped::Any, false, true) => Flow::Depends,
    }
}
