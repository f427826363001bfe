//! What came of a test, and what is wrong with it.

use crate::diagnostic::Span;
use crate::event::EventError;
use crate::model::{CategoryId, ConsentState, DestinationId, Test, TestCase};
use crate::reason::{Outcome, Reason};
use crate::source::SourceError;
use crate::syntax::MAX_FILE_BYTES;
use crate::verdict::Verdict;
use std::fmt;

/// What came of one case of a test.
#[derive(Debug, Clone)]
pub struct CaseResult<'p> {
    /// The test.
    pub test: &'p Test,
    /// The case.
    pub case: &'p TestCase,
    /// Which row of its table the case is, counted from 1; `None` where the test is no table.
    pub row: Option<usize>,
    /// How many events were decided.
    pub events: u64,
    /// What is wrong, in the order of the events and of what is expected; nothing where the case has passed.
    pub failures: Vec<Failure>,
    /// How many more differences and lines that are not events there are than are kept.
    pub more: u64,
}

/// What is wrong with a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The file that the events are in is of no use.
    File(FileFault),
    /// What is said to be an event is none.
    NotAnEvent {
        /// Its line in the file, counted from 1.
        line: Option<u64>,
        /// Why.
        error: EventError,
    },
    /// Under this policy no event has the consent state that is stated: where the event itself holds the preferences, no consent
    /// object can be missing.
    NoSuchConsent {
        /// The state that is stated.
        stated: ConsentState,
        /// The state that such an event has.
        read: ConsentState,
    },
    /// An event is decided otherwise than expected.
    Decided {
        /// Its line in the file, counted from 1.
        line: Option<u64>,
        /// The event as JSON on one line.
        event: String,
        /// What differs. Never empty.
        differences: Vec<Difference>,
    },
}

/// Why a file with events is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    /// It cannot be read.
    Unreadable(SourceError),
    /// It is larger than a file may be.
    TooLargeError,
    /// It has no event, so that nothing would be tested.
    Empty,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileFault::Unreadable(error) => write!(f, "{error}"),
            FileFault::TooLargeError => write!(f, "it is larger than {MAX_FILE_BYTES} bytes"),
            FileFault::Empty => f.write_str("it has no event"),
        }
    }
}

/// How a decision differs from what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Of a destination.
    Destination {
        /// Which one.
        destination: DestinationId,
        /// Where it is expected.
        expectation: Span,
        /// What is expected.
        expected: ExpectedVerdict,
        /// What was decided.
        actual: Verdict,
        /// The place in the policy that decided it.
        decided_by: Option<Span>,
    },
    /// Of the whole event: whether it is dropped, and why.
    Drop {
        /// Where it is expected.
        expectation: Span,
        /// The reason that is expected, where one is.
        expected: Option<String>,
        /// The reason why it is dropped; `None` where it is not.
        actual: Option<String>,
        /// The row of the reconcile table that decided it.
        decided_by: Span,
    },
    /// The table and the reference interpreter do not agree: a mistake of this crate.
    Disagreement {
        /// About which destination; `None` for the whole event.
        destination: Option<DestinationId>,
        /// What the table decides.
        table: String,
        /// What the reference decides.
        reference: String,
    },
}

/// What is expected of one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedVerdict {
    /// The outcome.
    pub outcome: Outcome,
    /// The reason, where one is said.
    pub reason: Option<Reason>,
    /// The categories that a refusal names, where they are said, in declaration order.
    pub refused: Option<Vec<CategoryId>>,
}

impl CaseResult<'_> {
    /// Returns true if everything is as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}
