//! Results as JUnit's XML: a suite a policy, a test case for each test or row of a table.

use super::{Content, Counts, Ran, human, title};
use consentry::Table;
use consentry::diagnostic::{Files, visible};
use consentry::testing::CaseResult;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;
use std::io::{self, Write};

/// How many differences of a case are written out.
const MAX_SHOWN: usize = 100;

pub(super) fn write(to: &mut impl Write, all: &[Ran<'_>]) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(&mut *to, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts = Counts::of(all);
    let mistaken = all.iter().filter(|ran| matches!(ran.suite.content, Content::Mistakes(..))).count();
    let [tests, failures, errors] =
        [counts.passed + counts.failed + mistaken, counts.failed, mistaken].map(|count| count.to_string());
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "consentry"),
            ("tests", &tests),
            ("failures", &failures),
            ("errors", &errors),
        ])
        .write_inner_content(|writer| all.iter().try_for_each(|ran| suite(writer, ran)))?;
    writeln!(to)
}

fn suite<W: Write>(writer: &mut Writer<W>, ran: &Ran<'_>) -> io::Result<()> {
    let name = shown(&ran.suite.name);
    let attributes = |tests: usize, failures: usize, errors: usize| {
        [("tests", tests), ("failures", failures), ("errors", errors)]
            .map(|(name, count)| (name, count.to_string()))
    };
    match &ran.suite.content {
        Content::Part(_) => Ok(()),
        Content::Mistakes(found, files) => {
            let counts = attributes(1, 0, 1);
            let all = [("name", name.as_str())]
                .into_iter()
                .chain(counts.iter().map(|(name, count)| (*name, count.as_str())));
            writer.create_element("testsuite").with_attributes(all).write_inner_content(|writer| {
                let case =
                    [("name", "the policy compiles"), ("classname", name.as_str()), ("file", name.as_str())];
                writer.create_element("testcase").with_attributes(case).write_inner_content(|writer| {
                    let first = found.first().map_or(String::new(), |found| shown(&found.message));
                    let lines: Vec<String> = found
                        .iter()
                        .map(|found| {
                            let place =
                                found.span().map_or(String::new(), |span| format!("{}: ", files.place(span)));
                            shown(&format!("{place}{}: {}", found.code.label(), found.message))
                        })
                        .collect();
                    element(writer, "error", "mistakes", &first, &lines)
                })?;
                Ok(())
            })?;
            Ok(())
        }
        Content::Policy { table, .. } => {
            let failed = ran.results.iter().filter(|result| !result.passed()).count();
            let counts = attributes(ran.results.len(), failed, 0);
            let all = [("name", name.as_str()), ("file", name.as_str())]
                .into_iter()
                .chain(counts.iter().map(|(name, count)| (*name, count.as_str())));
            let files = table.policy().files();
            writer.create_element("testsuite").with_attributes(all).write_inner_content(|writer| {
                ran.results.iter().try_for_each(|result| case(writer, ran, result, (table, files), &name))
            })?;
            Ok(())
        }
    }
}

fn case<W: Write>(
    writer: &mut Writer<W>,
    ran: &Ran<'_>,
    result: &CaseResult<'_>,
    (table, files): (&Table, &Files),
    suite: &str,
) -> io::Result<()> {
    let span = result.case.span;
    let (title, file) = (shown(&title(result)), shown(files.name(span.file)));
    let line = files.position(span).line.to_string();
    let attributes =
        [("name", title.as_str()), ("classname", suite), ("file", file.as_str()), ("line", line.as_str())];
    let element_ = writer.create_element("testcase").with_attributes(attributes);
    if result.passed() {
        element_.write_empty()?;
        return Ok(());
    }
    element_.write_inner_content(|writer| {
        let mut left = MAX_SHOWN;
        let mut lines = Vec::new();
        let events_file = ran.events_file(result);
        for failure in &result.failures {
            lines.extend(
                human::lines(failure, events_file.as_deref(), (table, files), &mut left)
                    .iter()
                    .map(|line| shown(line)),
            );
            if left == 0 {
                lines.push("and more".to_owned());
                break;
            }
        }
        let first = lines.first().cloned().unwrap_or_default();
        element(writer, "failure", "expectation", &first, &lines)
    })?;
    Ok(())
}

/// A text as it is shown, without the two characters beside controls that XML cannot carry.
fn shown(text: &str) -> String {
    visible(text).replace('\u{FFFE}', "\\u{fffe}").replace('\u{FFFF}', "\\u{ffff}")
}

/// What is wrong: in a few words, and in full.
fn element<W: Write>(
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
