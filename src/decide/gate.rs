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
        let categories = policy.categories();
        let (mut is_held_open, mut has_mapped, mut needed) = (false, false, Bits::new(categories.len()));
        for (_, step) in policy.destination_ids().zip(steps).filter(|(id, _)| is_enabled(*id)) {
            match step.requirement() {
                Some(requirement) => {
                    has_mapped = true;
                    requirement.categories().for_each(|category| needed.insert(category.index()));
                }
                None => is_held_open = true,
            }
        }
        let counted = categories
            .iter()
            .enumerate()
            .filter(|(index, category)| category.is_free() || category.is_live() && needed.contains(*index));
        Gate {
            is_held_open,
            has_mapped,
            counted: Bits::of(categories.len(), counted.map(|(index, _)| index)),
            is_open_without_consent: policy.gate_without_consent().value == WithoutConsent::Open,
            needed,
        }
    }
}
