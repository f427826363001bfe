//! The tests of a policy, run: each case is decided by the table, which decides in production, and by the reference interpreter, and
//! compared with what it expects.
//!
//! `event` makes JSON of an event that a test states in words, so that every event goes through the reader of bytes; `expect` says
//! what is asked of each destination. Files with events come from the policy's [`Source`]. Nothing here fails: whatever is
//! wrong with a case is a [`Failure`] of it.

mod event;
mod expect;

use crate::decide::Scratch;
use crate::decide::{Input, Table};
use crate::diagnostic::{Span, is_harmful};
use crate::event::{Event, EventError, Limits, lines};
use crate::model::{CategoryId, ConsentState, DestinationId, Test, TestCase, TestEvent};
use crate::reason::{Outcome, Reason};
use crate::source::{Source, SourceError};
use crate::syntax::MAX_FILE_BYTES;
use crate::verdict::Verdict;
use expect::Asked;
use std::fmt;

/// How many differences of a case are kept, and of all cases together, but for the first of each; the others are counted.
const MAX_DIFFERENCES: usize = 1_000;
const MAX_DIFFERENCES_OF_ALL: usize = 10_000;

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
    TooLarge,
    /// It has no event, so that nothing would be tested.
    Empty,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileFault::Unreadable(error) => write!(f, "{error}"),
            FileFault::TooLarge => write!(f, "it is larger than {MAX_FILE_BYTES} bytes"),
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
    /// Whether everything is as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs the tests of a table's policy that are `wanted`, in the order of the policy. The files that they name come from the
/// policy's source.
///
/// ```
/// use consentry::{Memory, Policy, Table, testing};
///
/// let text = r#"
/// consentry 1
/// policy "acme"
/// include prelude "segment"
/// category Advertising
/// destination "Google Ads"  needs Advertising
/// test "who refuses is left alone" {
///   consent  { Advertising: refused }
///   block    "Google Ads" because refused Advertising
/// }
/// "#;
/// let source = Memory::from([("acme", text)]);
/// let table = Table::new(Policy::from_source(&source, "acme")?);
/// let results = testing::run(&table, &source, |_| true);
/// assert!(results.len() == 1 && results[0].passed());
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn run<'t>(table: &'t Table, source: &dyn Source, wanted: impl Fn(&Test) -> bool) -> Vec<CaseResult<'t>> {
    let policy = table.policy();
    let mut results = Vec::new();
    let mut scratch = table.scratch();
    let mut left = MAX_DIFFERENCES_OF_ALL;
    for test in policy.tests().iter().filter(|test| wanted(test)) {
        for (number, case) in test.cases().iter().enumerate() {
            let asked = Asked::of(&case.expectations, policy);
            let mut run = Run {
                table,
                scratch: &mut scratch,
                asked,
                events: 0,
                failures: Vec::new(),
                left: left.clamp(1, MAX_DIFFERENCES),
                more: 0,
            };
            let at_first = run.left;
            run.case(case, source);
            left = left.saturating_sub(at_first - run.left);
            let row = test.is_table().then_some(number + 1);
            let Run { events, failures, more, .. } = run;
            results.push(CaseResult { test, case, row, events, failures, more });
        }
    }
    results
}

/// A case that is being run.
struct Run<'t, 's> {
    table: &'t Table,
    scratch: &'s mut Scratch,
    asked: Asked<'t>,
    events: u64,
    failures: Vec<Failure>,
    /// How many more differences and lines that are not events are kept.
    left: usize,
    more: u64,
}

impl Run<'_, '_> {
    fn case(&mut self, case: &TestCase, source: &dyn Source) {
        match &case.event {
            TestEvent::Stated { consent, integrations, track } => {
                let json = event::json(consent, integrations, track.as_deref(), self.table.policy());
                let stated = event::state(consent);
                let read = Event::read(json.as_bytes(), self.table.policy().reading(), &Limits::default());
                match read.map(|event| event.consent.state()) {
                    Ok(read) if read != stated => self.failures.push(Failure::NoSuchConsent { stated, read }),
                    _ => self.event(json.as_bytes(), None),
                }
            }
            TestEvent::Json(json) => self.event(json.as_bytes(), None),
            TestEvent::File(path) => match source.read(&path.value) {
                Err(error) => self.failures.push(Failure::File(FileFault::Unreadable(error))),
                Ok(bytes) if bytes.len() > MAX_FILE_BYTES => {
                    self.failures.push(Failure::File(FileFault::TooLarge));
                }
                Ok(bytes) if bytes.is_empty() => self.failures.push(Failure::File(FileFault::Empty)),
                Ok(bytes) => {
                    for ((line, _), number) in lines(&bytes).zip(1..) {
                        self.event(line, Some(number));
                    }
                }
            },
        }
    }

    /// Decides an event, by table and reference, and compares.
    fn event(&mut self, bytes: &[u8], line: Option<u64>) {
        match self.differences(bytes) {
            Err(error) => {
                if self.keep(1) == 1 {
                    self.failures.push(Failure::NotAnEvent { line, error });
                }
            }
            Ok(mut differences) => {
                differences.truncate(self.keep(differences.len()));
                if !differences.is_empty() {
                    let event = one_line(&String::from_utf8_lossy(bytes));
                    self.failures.push(Failure::Decided { line, event, differences });
                }
            }
        }
    }

    fn differences(&mut self, bytes: &[u8]) -> Result<Vec<Difference>, EventError> {
        let limits = Limits::default();
        let read = Event::read(bytes, self.table.policy().reading(), &limits);
        let decided = self.table.decide(Input::line(bytes), self.scratch);
        Ok(match (decided, read) {
            (Ok(decision), Ok(event)) => {
                self.events += 1;
                self.asked.differences(&decision, &event)
            }
            (Err(error), Err(_)) => return Err(error),
            (decided, read) => {
                let said = |error: Option<&EventError>| match error {
                    Some(error) => format!("not an event: {error}"),
                    None => "an event".to_owned(),
                };
                let (table, reference) = (said(decided.as_ref().err()), said(read.as_ref().err()));
                vec![Difference::Disagreement { destination: None, table, reference }]
            }
        })
    }

    /// How many of so many may be kept.
    fn keep(&mut self, wanted: usize) -> usize {
        let kept = wanted.min(self.left);
        self.left -= kept;
        self.more += (wanted - kept) as u64;
        kept
    }
}

/// JSON on one line, with nothing in it that would be shown otherwise than it is: its texts have no line breaks and no tabs, so that
/// these are layout, and what hides or turns text around is in texts only, where it may be written by its number.
fn one_line(json: &str) -> String {
    let lines: Vec<&str> = json.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut shown = String::with_capacity(json.len());
    for char in lines.join(" ").chars() {
        match char {
            '\t' => shown.push(' '),
            harmful if is_harmful(harmful) => {
                for unit in harmful.encode_utf16(&mut [0; 2]) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
            char => shown.push(char),
        }
    }
    shown
}
