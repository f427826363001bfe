//! Results for people: a line a test, and then what failed, each with what was expected and what came.

use super::{Content, Counts, Ran, Suite, categories, render, title, verdict};
use consentry::Table;
use consentry::diagnostic::{Files, Span, visible};
use consentry::testing::{CaseResult, Difference, ExpectedVerdict, Failure};
use std::io::{self, Write};

/// How many differences of a case people are shown.
const MAX_SHOWN: usize = 20;

/// The names of tests, and where they are.
pub(super) fn list<'s>(
    to: &mut impl Write,
    tests: impl Iterator<Item = (&'s Files, &'s consentry::Test)>,
) -> io::Result<()> {
    for (files, test) in tests {
        writeln!(to, "{}: {}", visible(&files.place(test.span())), visible(test.name()))?;
    }
    Ok(())
}

/// What keeps policies from compiling.
pub(super) fn mistakes(to: &mut impl Write, suites: &[Suite]) -> io::Result<()> {
    for suite in suites {
        if let Content::Mistakes(found, files) = &suite.content {
            to.write_all(
                render::mistakes(found, files, &format!("`{}` has no tests", suite.name)).as_bytes(),
            )?;
        }
    }
    Ok(())
}

pub(super) fn write(to: &mut impl Write, all: &[Ran<'_>]) -> io::Result<()> {
    for ran in all {
        match &ran.suite.content {
            Content::Part(_) => {}
            Content::Mistakes(found, files) => {
                let outcome = format!("the tests of `{}` were not run", ran.suite.name);
                to.write_all(render::mistakes(found, files, &outcome).as_bytes())?;
                writeln!(to)?;
            }
            // Of a policy that has tests, but none with a name that was asked for, there is nothing to say.
            Content::Policy { table, .. } if ran.results.is_empty() && !table.policy().tests().is_empty() => {
            }
            Content::Policy { .. } => suite(to, ran)?,
        }
    }
    for ran in all {
        let (Some(table), Some(files)) = (ran.table(), ran.files()) else { continue };
        for result in ran.results.iter().filter(|result| !result.passed()) {
            failures(to, ran, result, (table, files))?;
        }
    }
    let counts = Counts::of(all);
    let mistaken = all.iter().filter(|ran| matches!(ran.suite.content, Content::Mistakes(..))).count();
    write!(
        to,
        "{} passed, {} failed, {} decided",
        counted(counts.passed as u64, "case", "cases"),
        counts.failed,
        counted(counts.events, "event", "events")
    )?;
    match mistaken {
        0 if counts.passed + counts.failed == 0 => writeln!(to, "; nothing was tested"),
        0 => writeln!(to),
        count => writeln!(to, "; {} not run", counted(count as u64, "policy was", "policies were")),
    }
}

fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// The tests of a policy, a line each.
fn suite(to: &mut impl Write, ran: &Ran<'_>) -> io::Result<()> {
    writeln!(to, "{}", visible(&ran.suite.name))?;
    if ran.results.is_empty() {
        writeln!(to, "  no tests")?;
    }
    for cases in ran.results.chunk_by(|one, next| std::ptr::eq(one.test, next.test)) {
        let Some(first) = cases.first() else { continue };
        let failed = cases.iter().filter(|case| !case.passed()).count();
        let word = if failed == 0 { "ok    " } else { "FAILED" };
        write!(to, "  {word}  {}", visible(first.test.name()))?;
        match (first.row, failed) {
            (None, _) => writeln!(to)?,
            (Some(_), 0) => writeln!(to, " ({})", counted(cases.len() as u64, "case", "cases"))?,
            (Some(_), failed) => {
                writeln!(to, " ({failed} of {} failed)", counted(cases.len() as u64, "case", "cases"))?
            }
        }
    }
    writeln!(to)
}

/// Everything that is wrong with a case.
fn failures(
    to: &mut impl Write,
    ran: &Ran<'_>,
    result: &CaseResult<'_>,
    (table, files): (&Table, &Files),
) -> io::Result<()> {
    let events_file = ran.events_file(result);
    writeln!(to, "FAILED  {} ({})", visible(&title(result)), visible(&files.place(result.case.span)))?;
    let mut left = MAX_SHOWN;
    for failure in &result.failures {
        if left == 0 {
            break;
        }
        for line in lines(failure, events_file.as_deref(), (table, files), &mut left) {
            writeln!(to, "{}{}", if line.is_empty() { "" } else { "  " }, visible(&line))?;
        }
    }
    let total: usize = result.failures.iter().map(size).sum();
    let more = (total - (MAX_SHOWN - left)) as u64 + result.more;
    if more > 0 {
        writeln!(
            to,
            "  {}",
            counted(more, "more difference is not shown", "more differences are not shown")
        )?;
    }
    writeln!(to)
}

/// How many differences a failure is.
fn size(failure: &Failure) -> usize {
    match failure {
        Failure::Decided { differences, .. } => differences.len(),
        _ => 1,
    }
}

/// A failure in lines, which are shown as they are; at most so many differences of it as are left to be shown.
pub(super) fn lines(
    failure: &Failure,
    events_file: Option<&str>,
    (table, files): (&Table, &Files),
    left: &mut usize,
) -> Vec<String> {
    let at = |line: &Option<u64>| {
        line.map_or(String::new(), |line| format!(" at {}:{line}", events_file.unwrap_or_default()))
    };
    match failure {
        Failure::Decided { line, event, differences } => {
            let mut lines = Vec::new();
            let shown = differences.len().min(*left);
            *left -= shown;
            let mut expectation = None;
            for difference in differences.iter().take(shown) {
                let own = place(difference);
                if own.is_some() && own != expectation {
                    expectation = own;
                    lines.extend(own.map(|span| excerpt(table, files, span)));
                }
                lines.extend(
                    difference_lines(difference, table, files).into_iter().map(|line| format!("  {line}")),
                );
            }
            lines.push(format!("event{}: {event}", at(line)));
            lines
        }
        other => {
            *left = left.saturating_sub(1);
            vec![sentence(other, events_file)]
        }
    }
}

/// What is wrong in a line, for what is no difference of a decision.
pub(super) fn sentence(failure: &Failure, events_file: Option<&str>) -> String {
    let file = events_file.unwrap_or_default();
    match failure {
        Failure::File(fault) => format!("the file with the events, `{file}`: {fault}"),
        Failure::NotAnEvent { line: Some(line), error } => format!("{file}:{line} is not an event: {error}"),
        Failure::NotAnEvent { line: None, error } => format!("this is not an event: {error}"),
        Failure::NoSuchConsent { stated, read } => {
            format!("no event can have consent {}: this policy reads it as {}", stated.word(), read.word())
        }
        Failure::Decided { .. } => "decided otherwise".to_owned(),
    }
}

/// Where a difference was expected to be none.
pub(super) fn place(difference: &Difference) -> Option<Span> {
    match difference {
        Difference::Destination { expectation, .. } | Difference::Drop { expectation, .. } => {
            Some(*expectation)
        }
        _ => None,
    }
}

/// `shop.consent:14: deliver "Google Ads"`.
fn excerpt(table: &Table, files: &Files, span: Span) -> String {
    format!("{}: {}", files.place(span), table.policy().line_at(span))
}

fn difference_lines(difference: &Difference, table: &Table, files: &Files) -> Vec<String> {
    let drop = |reason: &Option<String>| match reason {
        Some(reason) => format!("drop {reason:?}"),
        None => "drop".to_owned(),
    };
    match difference {
        Difference::Destination { destination, expected: wanted, actual, decided_by, .. } => {
            let mut lines = vec![
                name(table, *destination),
                format!("  expected  {}", expected(wanted, table)),
                format!("  actual    {}", verdict(actual, table)),
            ];
            lines.extend(decided_by.map(|span| format!("  by        {}", excerpt(table, files, span))));
            lines
        }
        Difference::Drop { expected, actual, decided_by, .. } => vec![
            format!("expected  {}", drop(expected)),
            format!("actual    {}", actual.as_ref().map_or("not dropped".to_owned(), |_| drop(actual))),
            format!("by        {}", excerpt(table, files, *decided_by)),
        ],
        Difference::Disagreement { destination, table: decided, reference } => {
            let of = destination.map_or("the event".to_owned(), |id| name(table, id));
            vec![
                format!(
                    "{of}: the table and the reference interpreter disagree; this is a bug of consentry, please report it"
                ),
                format!("  table      {decided}"),
                format!("  reference  {reference}"),
            ]
        }
    }
}

/// The name of a destination, as a policy writes it.
pub(super) fn name(table: &Table, id: consentry::DestinationId) -> String {
    table.policy().destination(id).map_or(String::new(), |one| one.name().to_owned())
}

/// `block, refused: Analytics`, as far as it is said.
pub(super) fn expected(expected: &ExpectedVerdict, table: &Table) -> String {
    let mut text = expected.outcome.word().to_owned();
    if let Some(reason) = expected.reason {
        text.push_str(&format!(", {reason}"));
    }
    text.push_str(&categories(expected.refused.as_deref().unwrap_or_default(), table));
    text
}
