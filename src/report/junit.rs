//! Results of tests as JUnit's XML: a suite for each policy, and a test case for each test or row of a table.

use super::test::{CaseReport, PolicyReport, TestReport};
use crate::diagnostic::visible;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;
use std::io::{self, Write};

/// How many differences of a case are written.
const MAX_SHOWN: usize = 100;

/// Writes a report.
///
/// # Errors
///
/// When the writer fails.
pub fn write(to: &mut impl Write, report: &TestReport<'_>) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(&mut *to, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites: Vec<Suite<'_>> = report.policies.iter().map(Suite::new).collect();
    let sum = |of: fn(&Suite<'_>) -> usize| suites.iter().map(of).sum::<usize>().to_string();
    let counts = [sum(|suite| suite.tests), sum(|suite| suite.failures), sum(|suite| suite.errors)];
    let [tests, failures, errors] = counts.each_ref().map(String::as_str);
    let attributes = [("name", "consentry"), ("tests", tests), ("failures", failures), ("errors", errors)];
    writer
        .create_element("testsuites")
        .with_attributes(attributes)
        .write_inner_content(|writer| suites.iter().try_for_each(|suite| suite.write(writer)))?;
    writeln!(to)
}

/// A policy with its counts.
struct Suite<'r> {
    policy: &'r PolicyReport<'r>,
    name: String,
    tests: usize,
    failures: usize,
    errors: usize,
}

impl<'r> Suite<'r> {
    fn new(policy: &'r PolicyReport<'_>) -> Self {
        let errors = usize::from(!policy.mistakes.is_empty());
        Suite {
            policy,
            name: shown(policy.file),
            tests: policy.cases.len() + errors,
            failures: policy.cases.iter().filter(|case| !case.passed).count(),
            errors,
        }
    }

    fn write<W: Write>(&self, writer: &mut Writer<W>) -> io::Result<()> {
        let name = self.name.as_str();
        let counts = [self.tests, self.failures, self.errors].map(|count| count.to_string());
        let [tests, failures, errors] = counts.each_ref().map(String::as_str);
        let file = (self.errors == 0).then_some(("file", name));
        let attributes = [("name", name)].into_iter().chain(file);
        let counts = [("tests", tests), ("failures", failures), ("errors", errors)];
        let suite = writer.create_element("testsuite").with_attributes(attributes.chain(counts));
        suite.write_inner_content(|writer| match self.errors {
            0 => self.policy.cases.iter().try_for_each(|one| case(writer, one, name)),
            _ => {
                let attributes = [("name", "the policy compiles"), ("classname", name), ("file", name)];
                let lines: Vec<String> = self.policy.mistakes.iter().map(|one| shown(&one.text())).collect();
                let first = self.policy.mistakes.first().map_or("", |one| one.message);
                let case = writer.create_element("testcase").with_attributes(attributes);
                case.write_inner_content(|writer| {
                    detail(writer, "error", "mistakes", &shown(first), &lines)
                })?;
                Ok(())
            }
        })?;
        Ok(())
    }
}

fn case<W: Write>(writer: &mut Writer<W>, case: &CaseReport<'_>, suite: &str) -> io::Result<()> {
    let (title, file, line) = (shown(&case.title()), shown(case.place.file), case.place.line.to_string());
    let attributes = [("name", title.as_str()), ("classname", suite), ("file", &file), ("line", &line)];
    let start = writer.create_element("testcase").with_attributes(attributes);
    if case.passed {
        start.write_empty()?;
        return Ok(());
    }
    start.write_inner_content(|writer| {
        let (lines, count) = case.lines(MAX_SHOWN);
        let mut lines: Vec<String> = lines.iter().map(|line| shown(line)).collect();
        lines.extend((count == MAX_SHOWN).then(|| "and more".to_owned()));
        let first = lines.first().cloned().unwrap_or_default();
        detail(writer, "failure", "expectation", &first, &lines)
    })?;
    Ok(())
}

/// Shows a text as elsewhere, without the two characters besides controls that XML cannot carry.
fn shown(text: &str) -> String {
    visible(text).replace('\u{FFFE}', "\\u{fffe}").replace('\u{FFFF}', "\\u{ffff}")
}

/// Writes what is wrong: in a few words, and in full.
fn detail<W: Write>(
    writer: &mut Writer<W>,
    name: &str,
    kind: &str,
    message: &str,
    lines: &[String],
) -> io::Result<()> {
    writer
        .create_element(name)
        .with_attributes([("type", kind), ("message", message)])
        .write_text_content(BytesText::new(&lines.join("\n")))?;
    Ok(())
}
