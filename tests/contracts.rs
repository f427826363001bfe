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
use std::path::Path;
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
    let rejected = write.replace("\"u\"", "7.5");
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
    let undated = write.replace("2026-10-01T10:00:00Z", "soon").replace("\"u\"", "\"v\"");
    let recorded = json(&["ingest", ledger, "-", "--format", "json"], &format!("{undated}{consent}\n"));
    assert!(recorded[0]["warning"].is_object());
    assert_eq!(json(&["forget", ledger, "user:v", "--format", "json"], "")[0]["erased"][0], "user:v");
    let shown = json(&["show", ledger, "user:u", "--format", "json"], "");
    assert_eq!(shown[0]["ids"].as_array().unwrap().len(), 2);
    assert_eq!(json(&["show", ledger, "user:v", "--format", "json"], "")[0]["recorded"], Value::Null);
    assert_eq!(
        json(&["export", ledger], ""),
        *shown[0]["ids"].as_array().unwrap().iter().rev().cloned().collect::<Vec<_>>()
    );
    assert_eq!(json(&["check", ledger, "--format", "json"], "")[0]["check"]["is_sound"], true);
    assert!(json(&["compact", ledger, "--format", "json"], "")[0]["bytes"].is_number());
    let imported = json(&["import", ledger, "-", "--format", "json"], "nonsense\n");
    assert!(imported[0]["fault"].is_object() && imported[1]["imported"].is_object());
    let forget =
        || json(&["forget", ledger, "user:u", "--format", "json"], "")[0]["erased"].as_array().unwrap().len();
    assert_eq!((forget(), forget()), (2, 0));
}

/// Each schema names the types that it describes, which are where embedders look for them.
#[test]
fn schemas_name_their_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &str| fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let folders = files("src/report").chain(files("src/ledger"));
    let reports: String = folders.filter_map(|path| fs::read_to_string(path).ok()).collect();
    let schemas: Vec<_> =
        files("grammar").filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    assert!(schemas.len() > 10);
    for path in schemas {
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let description = schema["description"].as_str().unwrap();
        let types: Vec<&str> =
            description.split('`').skip(1).step_by(2).filter(|word| word.len() > 1).collect();
        assert!(!types.is_empty(), "{}: {description}", path.display());
        for name in types {
            assert!(reports.contains(&format!("pub struct {name}")), "{}: `{name}`", path.display());
        }
    }
}

#[test]
fn tables_are_a_document() {
    for policy in [SHOP, "policies/examples/gazette/gazette.consent", "policies/segment.consent"] {
        let document = &lines("table", &run(&["table", policy, "--format", "json"], b"").out)[0];
        for table in document["tables"].as_array().unwrap() {
            let rows = table["blocks"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|block| block["rows"].as_array().unwrap());
            for row in rows {
                let events = row["events"].as_array().unwrap();
                for (event, destination) in events.iter().zip(table["destinations"].as_array().unwrap()) {
                    assert!(!event.as_str().unwrap().is_empty(), "{destination}");
                }
                assert_eq!(events.len(), table["destinations"].as_array().unwrap().len());
            }
        }
    }
    // An event of a row is decided as the row says.
    let document = &lines("table", &run(&["table", SHOP, "--format", "json"], b"").out)[0];
    let table = &document["tables"][0];
    for row in table["blocks"].as_array().unwrap().iter().flat_map(|block| block["rows"].as_array().unwrap())
    {
        let event = row["events"][0].as_str().unwrap();
        let eval = run(&["eval", SHOP, "--format", "json"], event.as_bytes());
        let decision: Value = serde_json::from_str(&eval.out).unwrap();
        let own = decision[row["outcome"].as_str().unwrap()].as_array().unwrap();
        let own =
            own.iter().find(|one| one["destination"] == table["destinations"][0]["destination"]).unwrap();
        assert_eq!(own["reason"], row["reason"], "{event}");
    }
}

#[test]
fn explanations_and_certificates_are_documents() {
    let explain = |policy: &str, destination: &str, event: &str| {
        let arguments = ["explain", policy, "--destination", destination, "--format", "json"];
        lines("explain", &run(&arguments, event.as_bytes()).out).pop().unwrap()
    };
    let refusal = r#"{"context":{"consent":{"categoryPreferences":{"Advertising":true}}},"integrations":{"All":false}}"#;
    for destination in ["HubSpot", "Zendesk", "Amazon S3", "Facebook Pixel", "Braze"] {
        for event in [refusal, "{}"] {
            assert_eq!(explain(SHOP, destination, event)["destination"], destination);
        }
    }
    assert_eq!(explain(SHOP, "Zendesk", "{")["error"]["code"], "not_json");
    for situations in ["100", "1000000"] {
        let certify = run(&["certify", SHOP, "--situations", situations, "--format", "json"], b"");
        assert_eq!(lines("certify", &certify.out)[0]["policy"], "shop");
    }
}
