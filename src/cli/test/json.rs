//! Results as one JSON document, which `grammar/test.schema.json` describes.

use super::{Content, Counts, Ran};
use consentry::Table;
use consentry::diagnostic::{Files, Span};
use consentry::testing::{CaseResult, Difference, ExpectedVerdict, Failure};
use consentry::{CategoryId, Verdict};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

pub(super) fn write(to: &mut impl Write, all: &[Ran<'_>]) -> io::Result<()> {
    let counts = Counts::of(all);
    let policies: Vec<Value> = all.iter().filter_map(policy).collect();
    let document = json!({
        "v": 1,
        "passed": counts.passed,
        "failed": counts.failed,
        "events": counts.events,
        "policies": policies,
    });
    serde_json::to_writer(&mut *to, &document)?;
    writeln!(to)
}

fn policy(ran: &Ran<'_>) -> Option<Value> {
    match &ran.suite.content {
        Content::Part(_) => None,
        Content::Mistakes(found, files) => {
            let mistakes = found.iter().map(|found| {
                json!({
                    "code": found.code.to_string(),
                    "name": found.code.name(),
                    "message": found.message,
                    "place": found.span().map(|span| place(files, span)),
                })
            });
            Some(json!({
                "file": ran.suite.name,
                "policy": null,
                "mistakes": mistakes.collect::<Vec<_>>(),
                "cases": [],
            }))
        }
        Content::Policy { table, .. } => Some(json!({
            "file": ran.suite.name,
            "policy": table.policy().name(),
            "mistakes": [],
            "cases": ran.results.iter().map(|result| case(ran, result, table)).collect::<Vec<_>>(),
        })),
    }
}

fn place(files: &Files, span: Span) -> Value {
    let position = files.position(span);
    json!({ "file": files.name(span.file), "line": position.line, "column": position.column })
}

fn case(ran: &Ran<'_>, result: &CaseResult<'_>, table: &Table) -> Value {
    json!({
        "test": result.test.name(),
        "row": result.row,
        "place": place(table.policy().files(), result.case.span),
        "events": result.events,
        "events_file": ran.events_file(result),
        "passed": result.passed(),
        "failures": result.failures.iter().map(|one| failure(one, table)).collect::<Vec<_>>(),
        "more": result.more,
    })
}

fn failure(failure: &Failure, table: &Table) -> Value {
    match failure {
        Failure::Decided { line, event, differences } => json!({
            "kind": "decided",
            "line": line,
            "event": event,
            "differences": differences.iter().map(|one| difference(one, table)).collect::<Vec<_>>(),
        }),
        Failure::NotAnEvent { line, error } => {
            json!({ "kind": "not_an_event", "line": line, "message": error.to_string() })
        }
        Failure::File(fault) => json!({ "kind": "file", "message": fault.to_string() }),
        other => json!({ "kind": "consent", "message": super::human::sentence(other, None) }),
    }
}

fn difference(difference: &Difference, table: &Table) -> Value {
    let files = table.policy().files();
    let name = |id| super::human::name(table, id);
    match difference {
        Difference::Destination { destination, expectation, expected: wanted, actual, decided_by } => json!({
            "kind": "destination",
            "destination": name(*destination),
            "expectation": place(files, *expectation),
            "expected": expected(wanted, table),
            "actual": decided(actual, table),
            "decided_by": decided_by.map(|span| place(files, span)),
        }),
        Difference::Drop { expectation, expected, actual, decided_by } => json!({
            "kind": "drop",
            "expectation": place(files, *expectation),
            "expected": { "drop": true, "reason": expected },
            "actual": { "drop": actual.is_some(), "reason": actual },
            "decided_by": place(files, *decided_by),
        }),
        Difference::Disagreement { destination, table, reference } => json!({
            "kind": "bug",
            "destination": destination.map(name),
            "table": table,
            "reference": reference,
        }),
    }
}

fn names(ids: &[CategoryId], table: &Table) -> Vec<String> {
    ids.iter().filter_map(|id| table.policy().category(*id)).map(|one| one.name().to_owned()).collect()
}

/// What is expected, as far as it is said.
fn expected(expected: &ExpectedVerdict, table: &Table) -> Value {
    let mut said = Map::new();
    said.insert("outcome".into(), expected.outcome.word().into());
    if let Some(reason) = expected.reason {
        said.insert("reason".into(), reason.word().into());
    }
    if let Some(refused) = &expected.refused {
        said.insert("refused".into(), names(refused, table).into());
    }
    Value::Object(said)
}

fn decided(verdict: &Verdict, table: &Table) -> Value {
    json!({
        "outcome": verdict.outcome().word(),
        "reason": verdict.reason().word(),
        "refused": names(verdict.refused(), table),
    })
}
