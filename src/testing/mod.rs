//! The tests of a policy, run: each case is decided by the table, which decides in production, and by the reference interpreter, and
//! compared with what it expects.
//!
//! `event` makes JSON of an event that a test states in words, so that every event goes through the reader of bytes; `expect` says
//! what is asked of each destination. A test states the ledger's answer too, or is decided without a check: no store is asked. Files with events come from the policy's [`Source`]. Nothing here fails: whatever is
//! wrong with a case is a [`Failure`] of it.

mod event;
mod expect;
mod result;

pub use result::{CaseResult, Difference, Failure, StatedDrop, StatedVerdict};

use crate::decide::{Input, Scratch, Table};
use crate::diagnostic::escaped;
use crate::event::{Batch, Event, EventError, Layout, LedgerAnswer, Limits, Recorded, lines, of_somebody};
#[cfg(feature = "lint")]
use crate::model::CheckResult;
use crate::model::{Test, TestCase, TestEvent};
use crate::source::Source;
use crate::syntax::MAX_FILE_BYTES;
use expect::Expectations;
#[cfg(feature = "lint")]
use std::collections::BTreeSet;

/// How many differences of a case are kept, and of all cases together, but for the first of each; the others are counted.
const MAX_DIFFERENCES: usize = 1_000;
const MAX_DIFFERENCES_OF_ALL: usize = 10_000;

/// Runs the tests of a table's policy that are `wanted`, in the order of the policy. The files that they name come from the
/// policy's source.
///
/// ```
/// use consentry::source::Memory;
/// use consentry::{Policy, Table, testing};
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
/// assert!(results.len() == 1 && results[0].passed);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn run<'t>(table: &'t Table, source: &dyn Source, wanted: impl Fn(&Test) -> bool) -> Vec<CaseResult<'t>> {
    let policy = table.policy();
    let source = source.pinned();
    let source = &*source;
    let mut results = Vec::new();
    let mut scratch = table.scratch();
    let mut left = MAX_DIFFERENCES_OF_ALL;
    for test in policy.tests().iter().filter(|test| wanted(test)) {
        for (number, case) in test.cases.iter().enumerate() {
            let expectations = Expectations::of(&case.expectations, policy);
            let events_file = match &case.event {
                TestEvent::File(path) => Some(source.display(&path.value)),
                _ => None,
            };
            let answer = case.recorded.as_ref().map(|stated| event::answer(stated, policy));
            let recorded = answer.as_ref().map_or(Recorded::Unchecked, LedgerAnswer::recorded);
            let result = CaseResult {
                events: 0,
                events_file,
                failures: Vec::new(),
                more: 0,
                passed: false,
                place: policy.files().locate(case.span),
                recorded: answer.clone(),
                row: test.is_table.then_some(number + 1),
                test: test.name(),
                unchecked: answer.is_none() && policy.ledger_check().is_some(),
            };
            let at_first = left.clamp(1, MAX_DIFFERENCES);
            let mut run =
                Run { table, scratch: &mut scratch, recorded, expectations, left: at_first, result };
            run.case(case, source);
            left = left.saturating_sub(at_first - run.left);
            results.push(CaseResult { passed: run.result.failures.is_empty(), ..run.result });
        }
    }
    results
}

/// Returns the results that the ledger check has in the tests of a policy. A file of events is not read, so that a case with one counts for no
/// result that depends on what the file holds.
#[cfg(feature = "lint")]
pub(crate) fn check_results(table: &Table) -> BTreeSet<CheckResult> {
    let policy = table.policy();
    let mut scratch = table.scratch();
    let mut results = BTreeSet::new();
    for case in policy.tests().iter().flat_map(|test| &test.cases) {
        let Some(answer) = case.recorded.as_ref().map(|stated| event::answer(stated, policy)) else {
            continue;
        };
        let json = match &case.event {
            TestEvent::Stated { consent, integrations, track, inputs } => {
                &event::json(&event::consent(consent, policy), integrations, track.as_deref(), inputs, policy)
            }
            TestEvent::Json(json) => json,
            TestEvent::File(_) => {
                results.extend(match answer {
                    LedgerAnswer::Unknown => vec![CheckResult::Unknown],
                    LedgerAnswer::Unreachable => vec![CheckResult::Unreachable],
                    LedgerAnswer::Known(_) => Vec::new(),
                });
                continue;
            }
        };
        let input = Input::line(json.as_bytes()).recorded(answer.recorded());
        let checked = table.decide(input, &mut scratch).ok().and_then(|decision| decision.checked());
        results.extend(checked.map(|(result, _)| result));
    }
    results
}

/// A case that is being run.
struct Run<'t, 's> {
    table: &'t Table,
    scratch: &'s mut Scratch,
    recorded: Recorded<'s>,
    expectations: Expectations<'t>,
    /// How many more differences and lines that are not events are kept.
    left: usize,
    result: CaseResult<'t>,
}

impl<'t> Run<'t, '_> {
    fn case(&mut self, case: &TestCase, source: &dyn Source) {
        match &case.event {
            TestEvent::Stated { consent, integrations, track, inputs } => {
                let policy = self.table.policy();
                let consent = event::consent(consent, policy);
                let json = event::json(&consent, integrations, track.as_deref(), inputs, policy);
                let json = if case.recorded.is_some() { of_somebody(&json) } else { json };
                let stated = consent.state();
                let read = Event::read(json.as_bytes(), policy.reading(), &Limits::default());
                match read.map(|event| event.consent.state()) {
                    Ok(read) if read != stated => self.result.failures.push(Failure::Consent {
                        message: format!(
                            "no event can have consent {stated}: this policy reads it as {read}"
                        ),
                    }),
                    _ => self.event(json.as_bytes(), None, None),
                }
            }
            TestEvent::Json(json) => self.event(json.as_bytes(), None, None),
            TestEvent::File(path) => {
                let failure = match source.read(&path.value) {
                    Err(error) => Some(error.to_string()),
                    Ok(bytes) if bytes.len() > MAX_FILE_BYTES => {
                        Some(format!("it is larger than {MAX_FILE_BYTES} bytes"))
                    }
                    Ok(bytes) => self.file(&bytes),
                };
                self.result.failures.extend(failure.map(|message| Failure::File { message }));
            }
        }
    }

    /// Decides the events of a file, one or a batch a line, or one over several lines, and returns what is wrong with the file.
    fn file(&mut self, bytes: &[u8]) -> Option<String> {
        let read = Event::read(bytes, self.table.policy().reading(), &Limits::default());
        if read.is_ok() || read.is_err_and(|error| error.is_batch()) {
            let space = bytes.iter().take_while(|byte| byte.is_ascii_whitespace());
            self.line(bytes, space.filter(|byte| **byte == b'\n').count() as u64 + 1);
            return self.has_no_event();
        }
        if is_binary(bytes) {
            return Some(
                "it is no UTF-8 text: convert it first, or unpack it if it is an archive".to_owned(),
            );
        }
        if let Some(refusal) = Layout::of(bytes, true).refusal() {
            return Some(refusal);
        }
        for ((line, _), number) in lines(bytes).zip(1..) {
            self.line(line, number);
        }
        self.has_no_event()
    }

    fn has_no_event(&self) -> Option<String> {
        (self.result.events == 0 && self.result.failures.is_empty()).then(|| "it has no event".to_owned())
    }

    /// Decides the event of a line, or those of a batch.
    fn line(&mut self, bytes: &[u8], line: u64) {
        match Batch::read(bytes, self.table.policy(), &Limits::default()) {
            Ok(None) => self.event(bytes, Some(line), None),
            Ok(Some(batch)) => {
                for item in batch.items() {
                    self.event(item.bytes(), Some(line), Some(item.number()));
                }
            }
            Err(error) => self.not_an_event(Some(line), error),
        }
    }

    fn not_an_event(&mut self, line: Option<u64>, error: EventError) {
        if self.keep(1) == 1 {
            self.result.failures.push(Failure::NotAnEvent { line, error });
        }
    }

    /// Decides an event, by table and reference, and compares.
    fn event(&mut self, bytes: &[u8], line: Option<u64>, item: Option<usize>) {
        let read = Event::read(bytes, self.table.policy().reading(), &Limits::default());
        let decided = self.table.decide(Input::line(bytes).recorded(self.recorded), self.scratch);
        let mut check = None;
        let mut differences = match (decided, read) {
            (Ok(decision), Ok(event)) => {
                self.result.events += 1;
                check = decision.checked().map(|(result, _)| result);
                self.expectations.differences(&decision, &event, self.recorded)
            }
            // A blank line of a file is skipped.
            (Err(error), Err(_)) if error.is_blank() && line.is_some() => return,
            (Err(error), Err(_)) => return self.not_an_event(line, error),
            (decided, read) => {
                let said = |error: Option<EventError>| match error {
                    Some(error) => format!("not an event: {error}"),
                    None => "an event".to_owned(),
                };
                let (table, reference) = (said(decided.err()), said(read.err()));
                vec![Difference::Disagreement { destination: None, table, reference }]
            }
        };
        differences.truncate(self.keep(differences.len()));
        if !differences.is_empty() {
            let event = one_line(&String::from_utf8_lossy(bytes));
            self.result.failures.push(Failure::Decided { line, item, event, check, differences });
        }
    }

    /// How many of so many may be kept.
    fn keep(&mut self, wanted: usize) -> usize {
        let kept = wanted.min(self.left);
        self.left -= kept;
        self.result.more += (wanted - kept) as u64;
        kept
    }
}

/// Returns true for an archive, or a text in another encoding than UTF-8, by the first bytes of a file. An event alone that is no UTF-8
/// has a better message.
fn is_binary(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(512)).unwrap_or_default();
    let is_event = start.trim_ascii_start().starts_with(b"{") && !start.iter().take(4).any(|byte| *byte == 0);
    // The last character may be cut in two.
    let is_broken = std::str::from_utf8(start).is_err_and(|error| error.error_len().is_some());
    !is_event && (start.contains(&0) || is_broken)
}

/// JSON on one line, with nothing in it that would be shown otherwise than it is: its texts have no line breaks and no tabs, so that
/// these are layout, and what hides or turns text around is in texts only, where it may be written by its number.
fn one_line(json: &str) -> String {
    let lines: Vec<&str> = json.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    escaped(&lines.join(" ").replace('\t', " "))
}
