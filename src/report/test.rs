//! The results of the tests of policies.

use super::json::VERSION;
use super::names;
use super::page::{Document, Page};
use crate::diagnostic::{Diagnostic, Files, Span};
use crate::model::{CategoryId, Policy, TestEvent};
use crate::reason::{Outcome, Reason};
use crate::source::Source;
use crate::testing::{CaseResult, Difference, Failure};
use serde::Serialize;

/// How many differences of a case the page lists.
const MAX_SHOWN: usize = 20;

/// The result of `test`.
///
/// ```
/// use consentry::report::page::Document;
/// use consentry::report::{test::{PolicyReport, TestReport}, text};
/// use consentry::source::Memory;
/// use consentry::{Policy, Table, testing};
///
/// let source = Memory::from([("p", r#"consentry 1 policy "p" include prelude "segment" destination "X" unmapped test "t" { deliver "X" }"#)]);
/// let table = Table::new(Policy::from_source(&source, "p")?);
/// let results = testing::run(&table, &source, |_| true);
/// let report = TestReport::new(vec![PolicyReport::new("p", table.policy(), &source, &results)]);
/// let mut shown = Vec::new();
/// text::write(&mut shown, &report.page())?;
/// assert!(shown.ends_with(b"1 case passed, 0 failed, 1 event decided\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct TestReport<'a> {
    events: u64,
    failed: usize,
    passed: usize,
    pub(super) policies: Vec<PolicyReport<'a>>,
    v: u32,
}

/// The results of the tests of one policy, or the errors that prevent them.
#[derive(Debug, Serialize)]
pub struct PolicyReport<'a> {
    pub(super) cases: Vec<CaseReport<'a>>,
    pub(super) file: &'a str,
    pub(super) mistakes: Vec<Mistake<'a>>,
    policy: Option<&'a str>,
    #[serde(skip)]
    has_tests: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Mistake<'a> {
    code: String,
    pub(super) message: &'a str,
    name: &'static str,
    place: Option<Place<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct CaseReport<'a> {
    events: u64,
    events_file: Option<String>,
    failures: Vec<FailureReport<'a>>,
    more: u64,
    pub(super) passed: bool,
    pub(super) place: Place<'a>,
    row: Option<usize>,
    test: &'a str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place<'a> {
    column: usize,
    pub(super) file: &'a str,
    pub(super) line: usize,
    #[serde(skip)]
    text: String,
}

/// A failure. Its kind decides which members it has.
#[derive(Debug, Default, Serialize)]
struct FailureReport<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<Vec<DifferenceReport<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<Option<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DifferenceReport<'a> {
    Destination {
        actual: VerdictReport<'a>,
        decided_by: Option<Place<'a>>,
        destination: &'a str,
        expectation: Place<'a>,
        expected: VerdictReport<'a>,
        kind: &'static str,
    },
    Drop {
        actual: DropReport<'a>,
        decided_by: Place<'a>,
        expectation: Place<'a>,
        expected: DropReport<'a>,
        kind: &'static str,
    },
    Disagreement {
        destination: Option<&'a str>,
        kind: &'static str,
        reference: &'a str,
        table: &'a str,
    },
}

/// A verdict, as far as it is expected.
#[derive(Debug, Serialize)]
struct VerdictReport<'a> {
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Vec<&'a str>>,
}

#[derive(Debug, Serialize)]
struct DropReport<'a> {
    drop: bool,
    reason: Option<&'a str>,
}

impl<'a> TestReport<'a> {
    /// Creates the report of policies.
    pub fn new(policies: Vec<PolicyReport<'a>>) -> Self {
        let cases = || policies.iter().flat_map(|policy| &policy.cases);
        let passed = cases().filter(|case| case.passed).count();
        let (failed, events) = (cases().count() - passed, cases().map(|case| case.events).sum());
        TestReport { events, failed, passed, policies, v: VERSION }
    }

    /// Returns true if a case failed.
    pub fn has_failures(&self) -> bool {
        self.failed > 0
    }
}

impl<'a> PolicyReport<'a> {
    /// Creates the report of results, from the file and the source of the policy.
    pub fn new(
        file: &'a str,
        policy: &'a Policy,
        source: &dyn Source,
        results: &'a [CaseResult<'a>],
    ) -> Self {
        PolicyReport {
            cases: results.iter().map(|result| CaseReport::new(policy, source, result)).collect(),
            file,
            mistakes: Vec::new(),
            policy: Some(policy.name()),
            has_tests: !policy.tests().is_empty(),
        }
    }

    /// Creates the report of a file with errors.
    pub fn with_errors(file: &'a str, errors: &'a [Diagnostic], files: &'a Files) -> Self {
        let mistakes = errors.iter().map(|error| Mistake {
            code: error.code.to_string(),
            message: &error.message,
            name: error.code.name(),
            place: error.span().map(|span| Place::new(files, span, String::new())),
        });
        PolicyReport { cases: Vec::new(), file, mistakes: mistakes.collect(), policy: None, has_tests: false }
    }

    fn add_to(&self, page: &mut Page) {
        page.paragraph(self.file);
        if self.cases.is_empty() {
            page.indented("no tests".to_owned());
        }
        for cases in self.cases.chunk_by(|_, next| next.row.is_some_and(|row| row > 1)) {
            let Some(first) = cases.first() else { continue };
            let failed = cases.iter().filter(|case| !case.passed).count();
            let word = if failed == 0 { "ok    " } else { "FAILED" };
            let counted = names::counted(cases.len(), "case", "cases");
            let note = match (first.row, failed) {
                (None, _) => String::new(),
                (Some(_), 0) => format!(" ({counted})"),
                (Some(_), failed) => format!(" ({failed} of {counted} failed)"),
            };
            page.indented(format!("{word}  {}{note}", first.test));
        }
        page.gap();
    }
}

impl Mistake<'_> {
    /// Returns the error on one line.
    #[cfg(feature = "cli")]
    pub(super) fn text(&self) -> String {
        let place = self.place.as_ref().map_or(String::new(), |place| format!("{}: ", place.name()));
        format!("{place}{} ({}): {}", self.name, self.code, self.message)
    }
}

impl<'a> CaseReport<'a> {
    fn new(policy: &'a Policy, source: &dyn Source, result: &'a CaseResult<'a>) -> Self {
        let events_file = match &result.case.event {
            TestEvent::File(path) => Some(source.display(&path.value)),
            _ => None,
        };
        let failures = result.failures.iter().map(|one| FailureReport::new(policy, one));
        CaseReport {
            events: result.events,
            failures: failures.collect(),
            more: result.more,
            passed: result.passed(),
            place: Place::of(policy, result.case.span),
            row: result.row,
            test: result.test.name(),
            events_file,
        }
    }

    /// Returns the name of the test, and the place in its table.
    pub(super) fn title(&self) -> String {
        match self.row {
            Some(row) => format!("{}, case {row}", self.test),
            None => self.test.to_owned(),
        }
    }

    /// Returns lines about some differences, at most so many, and how many these are.
    pub(super) fn lines(&self, most: usize) -> (Vec<String>, usize) {
        let (mut lines, mut shown) = (Vec::new(), 0);
        let events_file = self.events_file.as_deref().unwrap_or_default();
        for failure in &self.failures {
            if shown == most {
                break;
            }
            let Some(differences) = &failure.differences else {
                lines.push(failure.sentence(events_file));
                shown += 1;
                continue;
            };
            let mut expectation = None;
            for difference in differences.iter().take(most - shown) {
                let own = difference.expectation();
                if own.is_some() && own != expectation {
                    expectation = own;
                    lines.extend(own.map(Place::excerpt));
                }
                lines.extend(difference.lines().into_iter().map(|line| format!("  {line}")));
                shown += 1;
            }
            let at = failure.line.flatten().map_or(String::new(), |line| format!(" at {events_file}:{line}"));
            lines.push(format!("event{at}: {}", failure.event.unwrap_or_default()));
        }
        (lines, shown)
    }

    fn add_to(&self, page: &mut Page) {
        page.paragraph(format!("FAILED  {} ({})", self.title(), self.place.name()));
        let (lines, shown) = self.lines(MAX_SHOWN);
        lines.into_iter().for_each(|line| page.indented(line));
        let all: usize = self.failures.iter().map(|one| one.differences.as_ref().map_or(1, Vec::len)).sum();
        let more = (all - shown) as u64 + self.more;
        if more > 0 {
            let (one, many) = ("more difference is not shown", "more differences are not shown");
            page.indented(names::counted(more, one, many));
        }
        page.gap();
    }
}

impl<'a> Place<'a> {
    pub(super) fn new(files: &'a Files, span: Span, text: String) -> Self {
        let position = files.position(span);
        Place { column: position.column, file: files.name(span.file), line: position.line, text }
    }

    fn of(policy: &'a Policy, span: Span) -> Self {
        Place::new(policy.files(), span, policy.line_at(span))
    }

    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Returns the place with its line: `shop.consent:14: deliver "Google Ads"`.
    fn excerpt(&self) -> String {
        format!("{}: {}", self.name(), self.text)
    }
}

impl<'a> FailureReport<'a> {
    fn new(policy: &'a Policy, failure: &'a Failure) -> Self {
        let message =
            |kind, message: String| FailureReport { kind, message: Some(message), ..Self::default() };
        match failure {
            Failure::Decided { line, event, differences } => FailureReport {
                differences: Some(differences.iter().map(|one| DifferenceReport::new(policy, one)).collect()),
                event: Some(event),
                kind: "decided",
                line: Some(*line),
                message: None,
            },
            Failure::NotAnEvent { line, error } => {
                FailureReport { line: Some(*line), ..message("not_an_event", error.to_string()) }
            }
            Failure::File(fault) => message("file", fault.to_string()),
            Failure::NoSuchConsent { stated, read } => {
                let (stated, read) = (stated.as_str(), read.as_str());
                message(
                    "consent",
                    format!("no event can have consent {stated}: this policy reads it as {read}"),
                )
            }
        }
    }

    /// Returns the failure on one line.
    fn sentence(&self, events_file: &str) -> String {
        let message = self.message.as_deref().unwrap_or_default();
        match (self.kind, self.line.flatten()) {
            ("file", _) => format!("the file with the events, `{events_file}`: {message}"),
            ("not_an_event", Some(line)) => format!("{events_file}:{line} is not an event: {message}"),
            ("not_an_event", None) => format!("this is not an event: {message}"),
            _ => message.to_owned(),
        }
    }
}

impl<'a> DifferenceReport<'a> {
    fn new(policy: &'a Policy, difference: &'a Difference) -> Self {
        let place = |span: &Span| Place::of(policy, *span);
        let categories = |ids: &[CategoryId]| names::categories(policy, ids);
        match difference {
            Difference::Destination { destination, expectation, expected, actual, decided_by } => {
                DifferenceReport::Destination {
                    actual: VerdictReport {
                        outcome: actual.outcome(),
                        reason: Some(actual.reason()),
                        refused: Some(categories(actual.refused())),
                    },
                    decided_by: decided_by.as_ref().map(place),
                    destination: names::destination(policy, *destination),
                    expectation: place(expectation),
                    expected: VerdictReport {
                        outcome: expected.outcome,
                        reason: expected.reason,
                        refused: expected.refused.as_deref().map(categories),
                    },
                    kind: "destination",
                }
            }
            Difference::Drop { expectation, expected, actual, decided_by } => DifferenceReport::Drop {
                actual: DropReport { drop: actual.is_some(), reason: actual.as_deref() },
                decided_by: place(decided_by),
                expectation: place(expectation),
                expected: DropReport { drop: true, reason: expected.as_deref() },
                kind: "drop",
            },
            Difference::Disagreement { destination, table, reference } => DifferenceReport::Disagreement {
                destination: destination.map(|id| names::destination(policy, id)),
                kind: "bug",
                reference,
                table,
            },
        }
    }

    fn expectation(&self) -> Option<&Place<'a>> {
        match self {
            DifferenceReport::Destination { expectation, .. }
            | DifferenceReport::Drop { expectation, .. } => Some(expectation),
            DifferenceReport::Disagreement { .. } => None,
        }
    }

    fn lines(&self) -> Vec<String> {
        match self {
            DifferenceReport::Destination { destination, expected, actual, decided_by, .. } => {
                let lines = [
                    (*destination).to_owned(),
                    format!("  expected  {}", expected.text()),
                    format!("  actual    {}", actual.text()),
                ];
                let decided_by = decided_by.as_ref().map(|place| format!("  by        {}", place.excerpt()));
                lines.into_iter().chain(decided_by).collect()
            }
            DifferenceReport::Drop { expected, actual, decided_by, .. } => vec![
                format!("expected  {}", expected.text()),
                format!("actual    {}", actual.text()),
                format!("by        {}", decided_by.excerpt()),
            ],
            DifferenceReport::Disagreement { destination, table, reference, .. } => {
                let about = destination.unwrap_or("the event");
                vec![
                    format!(
                        "{about}: the table and the reference interpreter disagree; this is a bug of consentry, please report it"
                    ),
                    format!("  table      {table}"),
                    format!("  reference  {reference}"),
                ]
            }
        }
    }
}

impl VerdictReport<'_> {
    /// Returns the verdict on one line: `block, refused: Analytics`.
    fn text(&self) -> String {
        let reason = self.reason.map_or(String::new(), |reason| format!(", {reason}"));
        let refused = self.refused.as_deref().unwrap_or_default();
        names::reason(format!("{}{reason}", self.outcome), refused)
    }
}

impl DropReport<'_> {
    fn text(&self) -> String {
        match self.reason {
            Some(reason) => format!("drop {reason:?}"),
            None if self.drop => "drop".to_owned(),
            None => "not dropped".to_owned(),
        }
    }
}

/// The page leaves out errors of policies, for which there are printers of their own.
impl Document for TestReport<'_> {
    fn page(&self) -> Page {
        let mut page = Page::default();
        let (compiled, mistaken): (Vec<_>, Vec<_>) =
            self.policies.iter().partition(|policy| policy.mistakes.is_empty());
        // A policy has tests but no cases if none was asked for.
        compiled
            .into_iter()
            .filter(|policy| !policy.has_tests || !policy.cases.is_empty())
            .for_each(|policy| policy.add_to(&mut page));
        let cases = self.policies.iter().flat_map(|policy| &policy.cases);
        cases.filter(|case| !case.passed).for_each(|case| case.add_to(&mut page));
        let passed = names::counted(self.passed, "case", "cases");
        let events = names::counted(self.events, "event", "events");
        let end = match mistaken.len() {
            0 if self.passed + self.failed == 0 => "; nothing was tested".to_owned(),
            0 => String::new(),
            count => format!("; {} not run", names::counted(count, "policy was", "policies were")),
        };
        page.paragraph(format!("{passed} passed, {} failed, {events} decided{end}", self.failed));
        page
    }
}
