//! The gate: whether a source may send an event at all (section 5 of the semantics).

use super::bits::Bits;
use super::consent_step::ConsentStep;
use crate::model::{DestinationId, Policy, WithoutConsent};

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
    /// Returns the gate if these destinations are not disabled, and no others.
    pub(super) fn of(
        policy: &Policy,
        steps: &[ConsentStep],
        is_enabled: &dyn Fn(DestinationId) -> bool,
    ) -> Self {
        let mut gate = Gate {
            is_held_open: false,
            has_mapped: false,
            needed: Bits::new(policy.categories().len()),
            counted: Bits::new(policy.categories().len()),
            is_open_without_consent: policy.gate_without_consent().value == WithoutConsent::Open,
        };
        for (_, step) in policy.destination_ids().zip(steps).filter(|(id, _)| is_enabled(*id)) {
            match step.requirement() {
                Some(requirement) => {
                    gate.has_mapped = true;
                    requirement.categories().for_each(|category| gate.needed.insert(category.index()));
                }
                None => gate.is_held_open = true,
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
