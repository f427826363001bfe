//! The results of tests. Reports print these types as JSON.

use crate::diagnostic::Place;
use crate::event::{EventError, LedgerAnswer};
use crate::model::{CheckResult, Policy};
use crate::reason::{Outcome, Reason};
use crate::verdict::Verdict;
use serde::{Serialize, Serializer};
use std::fmt;

/// The result of one case of a test.
#[derive(Debug, Clone, Serialize)]
pub struct CaseResult<'p> {
    /// The number of events that were decided.
    pub events: u64,
    /// The file with the events of the case, as it is displayed.
    pub events_file: Option<String>,
    /// The failures, in the order of the events and of the expectations.
    pub failures: Vec<Failure<'p>>,
    /// The number of differences and of lines that are not events beyond the ones that are kept.
    pub more: u64,
    /// True if nothing is wrong.
    pub passed: bool,
    /// The place of the case, without its text.
    pub place: Place<'p>,
    /// The ledger's answer about the person of each event, if the test states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<LedgerAnswer>,
    /// The row of the case in its table, counted from 1; `None` if the test is no table.
    pub row: Option<usize>,
    /// The name of the test.
    pub test: &'p str,
    /// True if the policy has a ledger check, and the case is decided without it because it states no answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unchecked: bool,
}

/// An error of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Failure<'p> {
    /// The file with the events cannot be used.
    File {
        /// The reason: it cannot be read, is too large, or has no event.
        message: String,
    },
    /// A line or a text is not an event.
    NotAnEvent {
        /// Its line in the file, counted from 1.
        line: Option<u64>,
        /// The reason.
        #[serde(rename = "message", serialize_with = "serialize_text")]
        error: EventError,
    },
    /// No event has the consent state that is stated. If the event itself holds the preferences, no consent object is missing.
    Consent {
        /// Both states: the one that is stated, and the one that such an event has.
        message: String,
    },
    /// An event is decided otherwise than expected.
    Decided {
        /// Its line in the file, counted from 1.
        line: Option<u64>,
        /// The item, counted from 0, if the line is a batch.
        #[serde(skip_serializing_if = "Option::is_none")]
        item: Option<usize>,
        /// The event as JSON on one line.
        event: String,
        /// The result of the ledger check, if the policy has one.
        #[serde(skip_serializing_if = "Option::is_none")]
        check: Option<CheckResult>,
        /// The differences, at least one.
        differences: Vec<Difference<'p>>,
    },
}

fn serialize_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A difference between a decision and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Difference<'p> {
    /// The verdict on a destination differs.
    Destination {
        /// The destination.
        destination: &'p str,
        /// The place of the expectation.
        expectation: Place<'p>,
        /// The verdict that is expected.
        expected: StatedVerdict<'p>,
        /// The verdict that was decided.
        actual: StatedVerdict<'p>,
        /// The place in the policy that decided it.
        decided_by: Option<Place<'p>>,
    },
    /// The event is dropped and should not be, or the reverse, or for another reason.
    Drop {
        /// The place of the expectation.
        expectation: Place<'p>,
        /// The drop that is expected.
        expected: StatedDrop<'p>,
        /// The decision.
        actual: StatedDrop<'p>,
        /// The row of the reconcile table that decided it.
        decided_by: Place<'p>,
    },
    /// The table and the reference interpreter disagree: a bug of this crate.
    #[serde(rename = "bug")]
    Disagreement {
        /// The destination; `None` for the whole event.
        destination: Option<&'p str>,
        /// The decision of the table.
        table: String,
        /// The decision of the reference interpreter.
        reference: String,
    },
}

/// A verdict on one destination, as far as it is stated: `block, refused: Analytics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatedVerdict<'p> {
    /// The outcome.
    pub outcome: Outcome,
    /// The reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The categories that a refusal names, in declaration order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Vec<&'p str>>,
}

/// A decision whether to drop an event: `drop "malformed"`, `drop` for any reason, or `not dropped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StatedDrop<'p> {
    /// True if the event is dropped.
    pub drop: bool,
    /// The reason.
    pub reason: Option<&'p str>,
}

impl<'p> StatedDrop<'p> {
    pub(super) fn of(reason: Option<&'p str>) -> Self {
        StatedDrop { drop: reason.is_some(), reason }
    }
}

impl<'p> StatedVerdict<'p> {
    pub(super) fn of(policy: &'p Policy, verdict: &Verdict) -> Self {
        StatedVerdict {
            outcome: verdict.outcome(),
            reason: Some(verdict.reason()),
            refused: Some(policy.category_names(verdict.refused())),
        }
    }

    /// Returns true if a verdict has everything that this one states.
    pub(super) fn is_met_by(&self, actual: &StatedVerdict<'_>) -> bool {
        self.outcome == actual.outcome
            && (self.reason.is_none() || self.reason == actual.reason)
            && (self.refused.is_none() || self.refused == actual.refused)
    }
}

impl fmt::Display for StatedVerdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome)?;
        self.reason.iter().try_for_each(|reason| write!(f, ", {reason}"))?;
        match self.refused.as_deref().unwrap_or_default() {
            [] => Ok(()),
            refused => write!(f, ": {}", refused.join(", ")),
        }
    }
}

impl fmt::Display for StatedDrop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Some(reason) => write!(f, "drop {reason:?}"),
            None => f.write_str(if self.drop { "drop" } else { "not dropped" }),
        }
    }
}

impl CaseResult<'_> {
    /// Returns the name of the test, and the row of its table.
    pub fn title(&self) -> String {
        match self.row {
            Some(row) => format!("{}, case {row}", self.test),
            None => self.test.to_owned(),
        }
    }
}
