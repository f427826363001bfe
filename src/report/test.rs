//! The results of the tests of policies.

use super::json::{self, VERSION};
use super::names;
use super::page::{Document, Page};
use crate::diagnostic::{Diagnostic, Files, Place};
use crate::model::Policy;
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
/// let report = TestReport::new(vec![PolicyReport::new("p", table.policy(), &results)]);
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
    /// `None` if no policy has a ledger check.
    #[serde(skip_serializing_if = "Option::is_none")]
    unchecked: Option<usize>,
    v: u32,
}

/// The results of the tests of one policy, or the errors that prevent them.
#[derive(Debug, Serialize)]
pub struct PolicyReport<'a> {
    #[serde(serialize_with = "json::sorted")]
    pub(super) cases: &'a [CaseResult<'a>],
    pub(super) file: &'a str,
    pub(super) mistakes: Vec<Mistake<'a>>,
    policy: Option<&'a str>,
    #[serde(skip)]
    has_tests: bool,
    #[serde(skip)]
    has_check: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Mistake<'a> {
    code: String,
    pub(super) message: &'a str,
    name: &'static str,
    place: Option<Place<'a>>,
}

impl<'a> TestReport<'a> {
    /// Creates the report of policies.
    pub fn new(policies: Vec<PolicyReport<'a>>) -> Self {
        let cases = || policies.iter().flat_map(|policy| policy.cases);
        let passed = cases().filter(|case| case.passed).count();
        let (failed, events) = (cases().count() - passed, cases().map(|case| case.events).sum());
        let unchecked = cases().filter(|case| case.unchecked).count();
        let unchecked = policies.iter().any(|policy| policy.has_check).then_some(unchecked);
        TestReport { events, failed, passed, policies, unchecked, v: VERSION }
    }

    /// Returns true if a case failed.
    pub fn has_failures(&self) -> bool {
        self.failed > 0
    }
}

impl<'a> PolicyReport<'a> {
    /// Creates the report of results, from the file of the policy.
    pub fn new(file: &'a str, policy: &'a Policy, cases: &'a [CaseResult<'a>]) -> Self {
        PolicyReport {
            cases,
            file,
            mistakes: Vec::new(),
            policy: Some(policy.name()),
            has_tests: !policy.tests().is_empty(),
            has_check: policy.ledger_check().is_some(),
        }
    }

    /// Creates the report of a file with errors.
    pub fn with_errors(file: &'a str, errors: &'a [Diagnostic], files: &'a Files) -> Self {
        let mistakes = errors.iter().map(|error| Mistake {
            code: error.code.to_string(),
            message: &error.message,
            name: error.code.name(),
            place: error.span().map(|span| files.locate(span)),
        });
        let mistakes = mistakes.collect();
        PolicyReport { cases: &[], file, mistakes, policy: None, has_tests: false, has_check: false }
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
        let place = self.place.as_ref().map_or(String::new(), |place| format!("{place}: "));
        format!("{place}{} ({}): {}", self.name, self.code, self.message)
    }
}

/// Returns lines about some differences of a case, at most so many, and how many these are.
pub(super) fn lines(case: &CaseResult<'_>, most: usize) -> (Vec<String>, usize) {
    let (mut lines, mut shown) = (Vec::new(), 0);
    let events_file = case.events_file.as_deref().unwrap_or_default();
    for failure in &case.failures {
        if shown == most {
            break;
        }
        let none = [].as_slice();
        let mut ledger = None;
        let (differences, text) = match failure {
            Failure::File { message } => {
                (none, format!("the file with the events, `{events_file}`: {message}"))
            }
            Failure::NotAnEvent { line: Some(line), error } => {
                (none, format!("{events_file}:{line} is not an event: {error}"))
            }
            Failure::NotAnEvent { line: None, error } => (none, format!("this is not an event: {error}")),
            Failure::Consent { message } => (none, message.clone()),
            Failure::Decided { line, item, event, check, differences } => {
                ledger = *check;
                let item = item.map_or(String::new(), |item| format!(" item {item}"));
                let at = line.map_or(String::new(), |line| format!(" at {events_file}:{line}{item}"));
                (differences.as_slice(), format!("event{at}: {event}"))
            }
        };
        let mut expectation = None;
        for difference in differences.iter().take(most - shown) {
            let own = match difference {
                Difference::Destination { expectation, .. } | Difference::Drop { expectation, .. } => {
                    Some(expectation)
                }
                Difference::Disagreement { .. } => None,
            };
            if own.is_some() && own != expectation {
                expectation = own;
                lines.extend(own.map(Place::to_string));
            }
            lines.extend(difference_lines(difference).into_iter().map(|line| format!("  {line}")));
        }
        shown += differences.len().clamp(1, most - shown);
        lines.push(text);
        let answer = case.recorded.as_ref().map(|answer| format!("; recorded {}", answer.to_json()));
        lines.extend(ledger.map(|check| format!("ledger: {check}{}", answer.unwrap_or_default())));
    }
    (lines, shown)
}

fn difference_lines(difference: &Difference<'_>) -> Vec<String> {
    match difference {
        Difference::Destination { destination, expected, actual, decided_by, .. } => {
            let lines = [
                (*destination).to_owned(),
                format!("  expected  {expected}"),
                format!("  actual    {actual}"),
            ];
            let decided_by = decided_by.as_ref().map(|place| format!("  by        {place}"));
            lines.into_iter().chain(decided_by).collect()
        }
        Difference::Drop { expected, actual, decided_by, .. } => vec![
            format!("expected  {expected}"),
            format!("actual    {actual}"),
            format!("by        {decided_by}"),
        ],
        Difference::Disagreement { destination, table, reference } => {
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

fn add_failed(page: &mut Page, case: &CaseResult<'_>) {
    page.paragraph(format!("FAILED  {} ({})", case.title(), case.place));
    let (lines, shown) = lines(case, MAX_SHOWN);
    lines.into_iter().for_each(|line| page.indented(line));
    let count = |failure: &Failure<'_>| match failure {
        Failure::Decided { differences, .. } => differences.len(),
        _ => 1,
    };
    let all: usize = case.failures.iter().map(count).sum();
    let more = (all - shown) as u64 + case.more;
    if more > 0 {
        let (one, many) = ("more difference is not shown", "more differences are not shown");
        page.indented(names::counted(more, one, many));
    }
    page.gap();
}

/// The page leaves out errors of policies, for which there are printers of their own.
impl Document for TestReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let (compiled, mistaken): (Vec<_>, Vec<_>) =
            self.policies.iter().partition(|policy| policy.mistakes.is_empty());
        // A policy has tests but no cases if none was asked for.
        compiled
            .into_iter()
            .filter(|policy| !policy.has_tests || !policy.cases.is_empty())
            .for_each(|policy| policy.add_to(page));
        let cases = self.policies.iter().flat_map(|policy| policy.cases);
        cases.filter(|case| !case.passed).for_each(|case| add_failed(page, case));
        let passed = names::counted(self.passed, "case", "cases");
        let events = names::counted(self.events, "event", "events");
        let end = match mistaken.len() {
            0 if self.passed + self.failed == 0 => "; nothing was tested".to_owned(),
            0 => String::new(),
            count => format!("; {} not run", names::counted(count, "policy was", "policies were")),
        };
        page.paragraph(format!("{passed} passed, {} failed, {events} decided{end}", self.failed));
        match self.unchecked.unwrap_or(0) {
            0 => {}
            1 => page.paragraph(
                "1 case of a policy with a ledger check states no `recorded`: it is decided unchecked",
            ),
            count => page.paragraph(format!(
                "{count} cases of policies with a ledger check state no `recorded`: they are decided unchecked"
            )),
        }
    }
}
