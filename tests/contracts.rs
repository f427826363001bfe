//! The JSON of the commands that have no tests of their own, by their schemas.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use serde_json::Value;
use std::fs;
use text::run;

const SHOP: &str = "policies/examples/shop.consent";

/// Checks that every line has the form of a schema, and returns them.
fn lines(schema: &str, written: &str) -> Vec<Value> {
    let path = format!("{}/grammar/{schema}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let validator =
        jsonschema::validator_for(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
            .unwrap();
    assert!(!validator.is_valid(&serde_json::json!({ "v": 1 })), "the schema asks for something");
    let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let errors: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}\n{errors:#?}");
    }
    lines
}

#[test]
fn findings_are_a_document() {
    let lint = run(&["lint", "policies", "tests/mistakes/old_words.consent", "--format", "json"], b"");
    let document = &lines("lint", &lint.out)[0];
    assert_eq!(document["policies"][0]["policy"], "gazette web");
    assert!(document["diagnostics"].as_array().unwrap().iter().any(|found| found["fix"].is_object()));
    let help =
        |topic: &[&str]| lines("help", &run(&[&["help", "--format", "json"], topic].concat(), b"").out);
    let one = help(&["C501"])[0]["findings"].clone();
    assert_eq!((one.as_array().unwrap().len(), &one[0]["name"]), (1, &"overlapping-rows".into()));
    assert!(help(&[])[0]["findings"].as_array().unwrap().contains(&one[0]));
    let command = run(&["help", "lint", "--format", "json"], b"");
    assert_eq!((command.status, command.out.as_str()), (2, ""));
}

#[test]
fn a_prelude_is_a_document() {
    let shown = lines("show", &run(&["show", "segment", "--format", "json"], b"").out);
    assert_eq!(shown[0]["text"].as_str(), Some(run(&["show", "segment"], b"").out.as_str()));
}

/// A line for each file, and none for a text that goes to standard output.
#[test]
fn layouts_are_lines() {
    let files = [SHOP, "tests/format/texts.consent", "tests/mistakes/three_mistakes.consent"];
    for (option, has_diff) in [("--check", false), ("--diff", true)] {
        let run = run(&[&["fmt", option, "--format", "json"], &files[..]].concat(), b"");
        assert_eq!((run.status, run.err.as_str()), (1, ""));
        let lines = lines("fmt", &run.out);
        assert_eq!(lines.iter().map(|line| line["file"].as_str().unwrap()).collect::<Vec<_>>(), files);
        assert_eq!(
            lines.iter().map(|line| line["formatted"] == true).collect::<Vec<_>>(),
            [true, false, false]
        );
        assert_eq!(
            lines.iter().map(|line| line["diff"].is_string()).collect::<Vec<_>>(),
            [false, has_diff, false]
        );
        assert_eq!(lines[2]["mistakes"].as_array().unwrap().len(), 2);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.consent");
    fs::write(&path, "consentry 1   policy \"p\"").unwrap();
    for formatted in [false, true] {
        let run = run(&["fmt", path.to_str().unwrap(), "--format", "json"], b"");
        assert_eq!((run.status, &lines("fmt", &run.out)[0]["formatted"]), (0, &formatted.into()));
    }
    let stream = run(&["fmt", "-", "--format", "json"], b"consentry 1");
    assert!(
        stream.status == 2 && stream.out.is_empty() && stream.err.contains("add --check"),
        "{}",
        stream.err
    );
}

#[test]
fn a_summary_is_a_line() {
    let events = b"{}\nnonsense\n{\"integrations\":{\"All\":false},\"context\":{\"consent\":{\"categoryPreferences\":{}}}}\n";
    let filter = |more: &[&str]| {
        let arguments = [&["filter", SHOP, "-", "--discard-rejects", "--format", "json"], more].concat();
        lines("filter", &run(&arguments, events).err)
    };
    let summary = &filter(&[])[0];
    assert_eq!((&summary["decided"], &summary["not_events"]["not_json"]), (&2.into(), &1.into()));
    assert_eq!(summary["left_out"], Value::Null);
    let counts: u64 =
        summary["counts"].as_array().unwrap().iter().map(|one| one["events"].as_u64().unwrap()).sum();
    assert_eq!(counts, 20, "each of ten destinations decides each of two events");
    assert!(filter(&["--drop-undeliverable"])[0]["left_out"].is_number());
}

#[test]
fn ledgers_print_lines() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let ledger = ledger.to_str().unwrap();
    let write = r#"{"type":"track","event":"Segment Consent Preference Updated","timestamp":"2026-10-01T10:00:00Z","userId":"u","#;
    let link = r#"{"type":"identify","userId":"u","anonymousId":"a","timestamp":"2026-10-01T10:00:00Z"}"#;
    let consent = r#""context":{"consent":{"categoryPreferences":{"A":true}}}}"#;
    let rejected = write.replace("\"u\"", "7");
    let events = format!("{write}{consent}\n{link}\n{rejected}{consent}\nnonsense\n");
    let json = |arguments: &[&str], input: &str| {
        let run = run(&[&["ledger"], arguments].concat(), input.as_bytes());
        lines("ledger", &run.out)
    };
    let ingested = json(&["ingest", ledger, "-", "--format", "json"], &events);
    let members = ["rejected", "error", "acknowledged", "summary"];
    assert!(
        ingested.len() == 4 && ingested.iter().zip(members).all(|(line, member)| !line[member].is_null())
    );
    let shown = json(&["show", ledger, "user:u", "--format", "json"], "");
    assert_eq!(shown[0]["ids"].as_array().unwrap().len(), 2);
    assert_eq!(json(&["show", ledger, "user:v", "--format", "json"], "")[0]["recorded"], Value::Null);
    assert_eq!(
        json(&["export", ledger], ""),
        *shown[0]["ids"].as_array().unwrap().iter().rev().cloned().collect::<Vec<_>>()
    );
    let forget =
        || json(&["forget", ledger, "user:u", "--format", "json"], "")[0]["erased"].as_array().unwrap().len();
    assert_eq!((forget(), forget()), (2, 0));
}
