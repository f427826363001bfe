//! Whether a source may send an event at all.

use super::Decision;
use crate::model::{ConsentState, DestinationId, GateOpens};
use crate::table::Gate;

impl Decision<'_> {
    /// Returns true if the gate is open: if the source may send this event at all, before any destination is decided.
    ///
    /// The rules are those of "Expected wrapper behavior" in Segment's documentation of its OneTrust wrapper. A preference event
    /// passes every gate, so that a total refusal still arrives. A category that is not declared, or unenforced, opens nothing.
    ///
    /// ```
    /// use consentry::{GateOpens, Limits, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     r#"consentry 1 policy "p" include prelude "segment"
    ///        category Ads category Stats destination "Facebook Pixel" needs Ads destination "Amplitude" needs Stats disabled"#
    /// )?);
    /// let event = br#"{"context":{"consent":{"categoryPreferences":{"Ads":false,"Stats":true}}}}"#;
    /// let mut scratch = table.scratch();
    /// let decision = table.decide_bytes(event, &Limits::default(), &mut scratch).unwrap();
    /// // Something is granted, and a destination is enabled, though it does not need what is granted.
    /// assert!(decision.passes_gate(GateOpens::AnyGrant));
    /// assert!(!decision.passes_gate(GateOpens::NeededGrant));
    /// # Ok::<(), consentry::PolicyError>(())
    /// ```
    pub fn passes_gate(&self, opens: GateOpens) -> bool {
        self.passes(opens, self.table.gate(), &|_| true)
    }

    /// The same for another gate. Under `delivery` only the destinations that `counts` accepts open it.
    pub(crate) fn passes(
        &self,
        opens: GateOpens,
        gate: &Gate,
        counts: &dyn Fn(&DestinationId) -> bool,
    ) -> bool {
        let facts = self.facts();
        let granted = &facts.choices.granted;
        let is_open = match opens {
            GateOpens::Delivery => self.delivered().any(|id| counts(&id)),
            _ if facts.consent == ConsentState::Missing => gate.is_open_without_consent,
            _ if gate.is_held_open => true,
            // Rows 1 to 3 ask for any grant, rows 4 to 7 for an enabled destination.
            GateOpens::AnyGrant => gate.has_mapped && granted.meets(&gate.counted),
            GateOpens::NeededGrant => granted.meets(&gate.needed),
        };
        is_open || facts.preference_event()
    }
}
