//! What a policy says of its gate, before any event: section 5 of the semantics.

use super::{Asks, Bits, Table};
use crate::model::{DestinationId, WithoutConsent};

/// Whether a source may send, as far as no event says.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    /// Whether a destination that is not disabled keeps the gate open: it is unmapped, exempt storage too, or all of its categories
    /// are unenforced.
    pub(crate) is_held_open: bool,
    /// Whether there is a mapped destination that is not disabled.
    pub(crate) has_mapped: bool,
    /// The live categories that such destinations need.
    pub(crate) needed: Bits,
    /// The live categories whose being granted counts: an `always` one only where it is needed.
    pub(crate) counted: Bits,
    /// Whether it is open for events without a consent object.
    pub(crate) is_open_without_consent: bool,
}

impl Gate {
    /// If these destinations are not disabled, and no others.
    pub(crate) fn of(table: &Table, is_enabled: &dyn Fn(DestinationId) -> bool) -> Self {
        let policy = table.policy();
        let mut gate = Gate {
            is_held_open: false,
            has_mapped: false,
            needed: Bits::new(policy.categories().len()),
            counted: Bits::new(policy.categories().len()),
            is_open_without_consent: policy.gate_without_consent().value == WithoutConsent::Open,
        };
        for id in policy.destination_ids().filter(|id| is_enabled(*id)) {
            match table.asks(id) {
                Asks::Needs(requirement) => {
                    gate.has_mapped = true;
                    requirement.categories().for_each(|category| gate.needed.insert(category.index()));
                }
                Asks::Nothing | Asks::Refuses | Asks::Unenforced => gate.is_held_open = true,
            }
        }
        for (index, category) in policy.categories().iter().enumerate() {
            if category.is_free() || category.is_live() && gate.needed.contains(index) {
                gate.counted.insert(index);
            }
        }
        gate
    }
}
