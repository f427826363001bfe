//! Whether a source may send an event at all.

use super::Decision;
use crate::model::{ConsentState, DestinationId, GateReading};
use crate::table::Gate;

impl Decision<'_> {
    /// Whether the gate is open: whether the source may send this event at all, before anything is asked of its destinations.
    ///
    /// The rows are those of "Expected wrapper behavior" in the documents of the platform's OneTrust wrapper. In all three readings an
    /// exempt event passes: a total refusal must still be heard. A category that is not declared, or switched off, opens nothing.
    ///
    /// ```
    /// use consentry::{GateReading, Limits, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     r#"consentry 1 policy "p" include prelude "segment"
    ///        category Ads category Stats destination "Facebook Pixel" needs Ads destination "Amplitude" needs Stats disabled"#
    /// )?);
    /// let event = br#"{"context":{"consent":{"categoryPreferences":{"Ads":false,"Stats":true}}}}"#;
    /// let mut scratch = table.scratch();
    /// let decision = table.decide_bytes(event, &Limits::default(), &mut scratch).unwrap();
    /// // Something is granted, and a destination is enabled, though it does not need what is granted.
    /// assert!(decision.passes_gate(GateReading::Table));
    /// assert!(!decision.passes_gate(GateReading::Relevant));
    /// # Ok::<(), consentry::PolicyError>(())
    /// ```
    pub fn passes_gate(&self, reading: GateReading) -> bool {
        self.passes(reading, self.table.gate(), &|_| true)
    }

    /// The same for another gate, by the destinations that count in the exact reading.
    pub(crate) fn passes(
        &self,
        reading: GateReading,
        gate: &Gate,
        counts: &dyn Fn(&DestinationId) -> bool,
    ) -> bool {
        let facts = self.facts();
        let granted = &facts.choices.granted;
        match reading {
            _ if facts.exempt_event => true,
            GateReading::Exact => self.delivered().any(|id| counts(&id)),
            _ if facts.consent == ConsentState::Missing => gate.is_open_without_consent,
            _ if gate.is_held_open => true,
            // Rows 1 to 3 ask whether anything is granted, rows 4 to 7 whether any destination is enabled.
            GateReading::Table => gate.has_mapped && granted.meets(&gate.counted),
            GateReading::Relevant => granted.meets(&gate.needed),
        }
    }
}
