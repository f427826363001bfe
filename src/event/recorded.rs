//! What is recorded of a person's consent, for the check against the ledger (section 6 of the semantics).

use serde::{Serialize, Serializer};
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

/// An answer of a ledger that owns what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerAnswer {
    /// The ledger has this record.
    Known(Record),
    /// The ledger has no record.
    Unknown,
    /// The ledger gave no usable answer in time.
    Unreachable,
}

impl LedgerAnswer {
    /// Returns the answer, for a check.
    pub fn recorded(&self) -> Recorded<'_> {
        match self {
            LedgerAnswer::Known(record) => Recorded::Known(record),
            LedgerAnswer::Unknown => Recorded::Unknown,
            LedgerAnswer::Unreachable => Recorded::Unreachable,
        }
    }
}

impl Serialize for LedgerAnswer {
    /// `"unknown"`, `"unreachable"`, or an object of the recorded preferences by wire id.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            LedgerAnswer::Known(record) => record.preferences.serialize(to),
            LedgerAnswer::Unknown => to.serialize_str("unknown"),
            LedgerAnswer::Unreachable => to.serialize_str("unreachable"),
        }
    }
}
