//! Results of tests as JUnit's XML: a suite for each policy, and a test case for each test or row of a table.

use super::test::{self, PolicyReport, TestReport};
use crate::diagnostic::visible;
use crate::testing::CaseResult;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;
use std::borrow::Cow;
use std::io::{self, Write};
use std::slice;

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
    let policies = &report.policies;
    writer
        .create_element("testsuites")
        .with_attributes([("name", "consentry")])
        .with_attributes(counts(policies))
        .write_inner_content(|writer| policies.iter().try_for_each(|policy| suite(writer, policy)))?;
    writeln!(to)
}

/// Returns how many tests policies have, how many of them fail, and how many policies have errors, each of which counts as a test.
fn counts(policies: &[PolicyReport<'_>]) -> [(&'static str, Cow<'static, str>); 3] {
    let cases = || policies.iter().flat_map(|policy| policy.cases);
    let errors = policies.iter().filter(|policy| !policy.mistakes.is_empty()).count();
    let failures = cases().filter(|case| !case.passed).count();
    [("tests", cases().count() + errors), ("failures", failures), ("errors", errors)]
        .map(|(name, count)| (name, count.to_string().into()))
}

fn suite<W: Write>(writer: &mut Writer<W>, policy: &PolicyReport<'_>) -> io::Result<()> {
    let name = &*visible(policy.file);
    let (file, first) = (("file", name), policy.mistakes.first());
    let start = writer.create_element("testsuite").with_attributes([("name", name)]);
    let start = start
        .with_attributes(first.is_none().then_some(file))
        .with_attributes(counts(slice::from_ref(policy)));
    start.write_inner_content(|writer| {
        let Some(first) = first else {
            return policy.cases.iter().try_for_each(|one| case(writer, one, name));
        };
        let lines: Vec<String> = policy.mistakes.iter().map(|one| visible(&one.text())).collect();
        let attributes = [("name", "the policy compiles"), ("classname", name), file];
        let case = writer.create_element("testcase").with_attributes(attributes);
        case.write_inner_content(|writer| {
            detail(writer, "error", "mistakes", &visible(first.message), &lines)
        })?;
        Ok(())
    })?;
    Ok(())
}

fn case<W: Write>(writer: &mut Writer<W>, case: &CaseResult<'_>, suite: &str) -> io::Result<()> {
    let (title, file, line) = (visible(&case.title()), visible(case.place.file), case.place.line.to_string());
    let attributes = [("name", title.as_str()), ("classname", suite), ("file", &file), ("line", &line)];
    let start = writer.create_element("testcase").with_attributes(attributes);
    if case.passed {
        start.write_empty()?;
        return Ok(());
    }
    start.write_inner_content(|writer| {
        let (lines, count) = test::lines(case, MAX_SHOWN);
        let mut lines: Vec<String> = lines.iter().map(|line| visible(line)).collect();
        lines.extend((count == MAX_SHOWN).then(|| "and more".to_owned()));
        let first = lines.first().cloned().unwrap_or_default();
        detail(writer, "failure", "expectation", &first, &lines)
    })?;
    Ok(())
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
