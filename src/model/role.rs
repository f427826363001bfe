//! The named inputs of an event: finite facts about it besides consent and integrations.

use super::policy::Policy;
use std::collections::BTreeMap;

/// What the policy makes of an event by its type and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct EventRole {
    /// It passes the consent step.
    pub(crate) is_exempt: bool,
    /// It passes every gate, writes to the ledger, and is never checked against it.
    pub(crate) is_preference_event: bool,
    /// It is an identify event, of a policy whose ledger also records those that carry preferences.
    pub(crate) is_recorded_identify: bool,
}

impl Policy {
    /// Returns the track events that have a role by their name, each once.
    pub(crate) fn named_events(&self) -> Vec<(String, EventRole)> {
        let mut events: BTreeMap<&str, EventRole> = BTreeMap::new();
        for name in &self.exempt_events().value {
            events.entry(&name.value).or_default().is_exempt = true;
        }
        for name in &self.preference_events().value {
            events.entry(&name.value).or_default().is_preference_event = true;
        }
        events.into_iter().map(|(name, role)| (name.to_owned(), role)).collect()
    }
}
