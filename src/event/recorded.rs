//! What is recorded of a person's consent, for the check against the ledger (section 6 of the semantics).

use super::json::{Json, Type};
use crate::diagnostic::escaped;
use crate::model::RecordedPreference;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// The record of a person: what they said last of each category.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Record {
    /// By wire id. A category that is not there is refused.
    pub preferences: BTreeMap<String, RecordedPreference>,
}

impl Record {
    /// Returns what is recorded under a wire id.
    pub fn preference(&self, wire_id: &str) -> RecordedPreference {
        self.preferences.get(wire_id).copied().unwrap_or(RecordedPreference::Refused)
    }

    /// Returns what is recorded of a category under all of its wire ids: a refusal wins, then an expired grant, then a conflict.
    pub fn preference_of<'w>(&self, wire_ids: impl Iterator<Item = &'w str>) -> RecordedPreference {
        let recorded = wire_ids.filter_map(|wire_id| self.preferences.get(wire_id)).copied();
        let all: Vec<RecordedPreference> = recorded.collect();
        let order = [
            RecordedPreference::Refused,
            RecordedPreference::Expired,
            RecordedPreference::Conflict,
            RecordedPreference::Granted,
        ];
        order.into_iter().find(|one| all.contains(one)).unwrap_or(RecordedPreference::Refused)
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
    /// Reads an answer, as [`LedgerAnswer::to_json`] writes it too: `unknown`, `unreachable`, or a JSON object of what is recorded, by wire id: `"granted"` or `true`, `"refused"` or
    /// `false`, `"conflict"` or `"expired"`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, and what to write.
    ///
    /// ```
    /// use consentry::event::{LedgerAnswer, RecordedPreference};
    ///
    /// let answer = LedgerAnswer::parse(r#"{"C0004":"refused","C0002":true}"#)?;
    /// let LedgerAnswer::Known(record) = answer else { unreachable!() };
    /// assert_eq!(record.preference("C0002"), RecordedPreference::Granted);
    /// assert!(LedgerAnswer::parse(r#"{"C0004":"maybe"}"#).is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim_matches('"') {
            "unknown" => return Ok(LedgerAnswer::Unknown),
            "unreachable" => return Ok(LedgerAnswer::Unreachable),
            _ => {}
        }
        let members = Json::parse(text).ok().and_then(Json::members);
        let members = members
            .ok_or("write `unknown`, `unreachable`, or a JSON object such as {\"C0004\":\"refused\"}")?;
        let mut preferences = BTreeMap::new();
        for (name, value) in members {
            let preference = match (value.json_type(), value.read::<&str>()) {
                (Type::True, _) | (_, Some("granted")) => RecordedPreference::Granted,
                (Type::False, _) | (_, Some("refused")) => RecordedPreference::Refused,
                (_, Some("conflict")) => RecordedPreference::Conflict,
                (_, Some("expired")) => RecordedPreference::Expired,
                _ => {
                    return Err(format!(
                        "{name:?} is neither \"granted\", \"refused\", \"conflict\" nor \"expired\""
                    ));
                }
            };
            if preferences.insert(name.to_string(), preference).is_some() {
                return Err(format!("{name:?} is there twice"));
            }
        }
        Ok(LedgerAnswer::Known(Record { preferences }))
    }

    /// Returns the answer as JSON: `"unknown"`, `"unreachable"`, or an object of what is recorded. Harmful characters are written by their
    /// numbers.
    pub fn to_json(&self) -> String {
        escaped(&serde_json::to_string(self).unwrap_or_default())
    }

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
