//! What is recorded of a person's consent, for the check against the ledger (section 6 of the semantics).

use serde::Serialize;
use std::collections::BTreeMap;

spelled! {
    /// What is recorded of one category.
    RecordedPreference {
        /// Granted.
        Granted = "granted",
        /// Refused.
        Refused = "refused",
        /// Two records of one person disagree, and the person has said nothing since.
        Conflict = "conflict",
    }
}

/// The record of a person: what they said last of each category.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Record {
    /// By wire id. A category that is not there is refused.
    pub preferences: BTreeMap<String, RecordedPreference>,
}

impl Record {
    /// Returns what is recorded of a category.
    pub fn preference(&self, wire_id: &str) -> RecordedPreference {
        self.preferences.get(wire_id).copied().unwrap_or(RecordedPreference::Refused)
    }
}

/// The answer of a ledger about the person of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded<'r> {
    /// The ledger has this record.
    Known(&'r Record),
    /// The ledger has no record, or the event names nobody.
    Unknown,
    /// The ledger gave no usable answer in time.
    Unreachable,
    /// The caller decides the event as it is stamped, without a check.
    Unchecked,
}
