//! Lines that are batches: what they are, what each command makes of them, and what comes out.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use consentry::event::{Batch, InstructionSet, Recorded};
use consentry::{Event, EventError, Input, Limits, Policy, Table, Validation};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use text::{Run, run};

const CASE: &str = "tests/cases/batch-envelope.consent";
const BODY: &str = "tests/cases/batch-envelope.ndjson";

/// Two categories, a destination for each, and one that needs nothing.
fn policy(settings: &str) -> String {
    format!(
        "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n{settings}\ncategory Ads\ncategory Stats\n\
         destination \"Facebook Pixel\" needs Ads\ndestination \"Amplitude\" needs Stats\ndestination \"Zendesk\" unmapped\n"
    )
}

fn table(settings: &str) -> Table {
    Table::new(Policy::parse(&policy(settings)).unwrap())
}

/// An event with preferences, which are members of an object.
fn event(preferences: &str) -> String {
    format!("{{\"context\":{{\"consent\":{{\"categoryPreferences\":{{{preferences}}}}}}}}}")
}

/// The items of a line as they are decided.
fn items(table: &Table, line: &str) -> Result<Vec<String>, EventError> {
    let batch = Batch::read(line.as_bytes(), table.policy(), &Limits::default())?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ok(batch.unwrap().items().map(|item| text(item.bytes())).collect())
}

/// The line as `filter` writes it.
fn rewritten(table: &Table, line: &str) -> Result<String, EventError> {
    let batch = Batch::read(line.as_bytes(), table.policy(), &Limits::default())?.unwrap();
    let mut into = Vec::new();
    table.rewrite_batch(&batch, || Recorded::Unchecked, &mut table.scratch(), &mut into, |_| true)?;
    Ok(String::from_utf8(into).unwrap())
}

/// Checks a document by the schema of a command, and returns it.
fn document(schema: &str, line: &str) -> Value {
    let path = format!("{}/grammar/{schema}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{line}\n{errors:#?}");
    line
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Each line with the code of the error that a reader of one event gives, and what a reader of batches finds: how many items, `None` where
/// it is no batch, or an error with the byte and perhaps the item.
#[test]
fn a_line_is_an_event_a_batch_or_an_error() {
    type Found = Result<Option<usize>, (&'static str, usize, Option<usize>)>;
    let cases: &[(&str, Option<&str>, Found)] = &[
        (r#"{"batch":[{},{"a":1}]}"#, Some("batch"), Ok(Some(2))),
        (r#"{"sentAt":"x", "batch" : [ {} ] }"#, Some("batch"), Ok(Some(1))),
        (r#"{"b\u0061tch":[{}]}"#, Some("batch"), Ok(Some(1))),
        (r#"{"batch":[]}"#, Some("batch"), Ok(Some(0))),
        (r#"[{}]"#, Some("batch"), Ok(Some(1))),
        (" [ {\"type\":\"page\"} , {} ] \r", Some("batch"), Ok(Some(2))),
        // An event of Segment has a type.
        (r#"{"batch":[{}],"type":"track"}"#, None, Ok(None)),
        (r#"{"type":null,"batch":[{}]}"#, None, Ok(None)),
        (r#"{"batch":7,"t\u0079pe":"track"}"#, None, Ok(None)),
        (r#"{"properties":{"batch":[{}]}}"#, None, Ok(None)),
        (r#"{"batches":[{}],"Batch":[{}]}"#, None, Ok(None)),
        (r#"{"a":"batch","b":["batch"]}"#, None, Ok(None)),
        // Nothing shows that there are events in it.
        ("[]", Some("not_an_object"), Ok(None)),
        ("[1,{}]", Some("not_an_object"), Ok(None)),
        ("[[{}]]", Some("not_an_object"), Ok(None)),
        ("\"batch\"", Some("not_an_object"), Ok(None)),
        ("{\"batch\":[{}", Some("not_json"), Ok(None)),
        ("", Some("blank_line"), Ok(None)),
        (r#"{"batch":{}}"#, Some("malformed_batch"), Err(("malformed_batch", 9, None))),
        (r#"{"batch":null}"#, Some("malformed_batch"), Err(("malformed_batch", 9, None))),
        (r#"{"batch":[{}],"batch":[{}]}"#, Some("malformed_batch"), Err(("malformed_batch", 22, None))),
        (r#"{"batch":[{},7]}"#, Some("batch"), Err(("invalid_item", 13, Some(1)))),
        (r#"{"batch":[null]}"#, Some("batch"), Err(("invalid_item", 10, Some(0)))),
        (r#"[{},[{}]]"#, Some("batch"), Err(("invalid_item", 4, Some(1)))),
        (r#"{"batch":[{},{},{"batch":[{}]}]}"#, Some("batch"), Err(("invalid_item", 16, Some(2)))),
        (r#"{"batch":[{"batch":1}]}"#, Some("batch"), Err(("invalid_item", 10, Some(0)))),
        (r#"{"batch":[{"batch":1,"type":"track"}]}"#, Some("batch"), Ok(Some(1))),
    ];
    let table = table("");
    let limits = Limits::default();
    for (line, one, expected) in cases {
        let bytes = line.as_bytes();
        let code = |error: EventError| error.code();
        assert_eq!(Event::read(bytes, table.policy().reading(), &limits).err().map(code), *one, "{line}");
        assert_eq!(table.read(bytes, &limits).err().map(code), *one, "{line}");
        for instructions in InstructionSet::available() {
            let table = table.clone().with_instructions(instructions);
            for validation in [Validation::Full, Validation::Trusted] {
                let mut scratch = table.scratch();
                let input = Input::line(bytes).validation(validation);
                // Trusted bytes are JSON.
                if validation == Validation::Trusted && *one == Some("not_json") {
                    continue;
                }
                assert_eq!(table.decide(input, &mut scratch).err().map(code), *one, "{line}");
                let mut into = Vec::new();
                assert_eq!(table.rewrite(input, &mut scratch, &mut into).err().map(code), *one, "{line}");
                assert_eq!(into.is_empty(), one.is_some(), "{line}");
            }
        }
        let read = Batch::read(bytes, table.policy(), &limits);
        let found = read.map(|batch| batch.map(|batch| batch.len()));
        let found = found.map_err(|error| (error.code(), error.offset(), error.item()));
        assert_eq!(found, *expected, "{line}");
    }
}

/// A policy cannot read consent within the member that makes a line a batch.
#[test]
fn no_policy_reads_consent_within_batch() {
    for path in ["batch.consent", "batch", "a alias batch"] {
        let error = Policy::parse(&policy(&format!("override consent at {path}"))).unwrap_err().to_string();
        assert!(error.contains("preferences cannot be read through `batch`"), "{error}");
    }
    assert!(Policy::parse(&policy("override consent at context.batch")).is_ok());
}

/// An event behind the limits of a line is refused where it is, in a batch as elsewhere.
#[test]
fn the_limits_are_those_of_the_line() {
    let policy = Policy::parse(&policy("")).unwrap();
    let line = br#"{"batch":[{"a":[1]}]}"#;
    let read = |bytes, nesting| Batch::read(line, &policy, &Limits { bytes, nesting });
    assert!(read(line.len(), 4).unwrap().is_some());
    // Whoever reads the line as an event has the error.
    for limits in [Limits { bytes: line.len(), nesting: 3 }, Limits { bytes: line.len() - 1, nesting: 4 }] {
        assert!(Batch::read(line, &policy, &limits).unwrap().is_none());
        assert!(!Event::read(line, policy.reading(), &limits).unwrap_err().is_batch());
    }
}

/// The consent of the envelope and of an item, and the item with both.
#[test]
fn any_refusal_wins() {
    let table = table("");
    let own = |consent: &str| format!("{{\"n\":1,\"context\":{{\"l\":2,\"consent\":{consent}}}}}");
    for (envelope, item, expected) in [
        // The envelope says nothing.
        ("{}", "{ }".to_owned(), "{ }".to_owned()),
        (r#"{"version":2}"#, r#"{"n":1}"#.to_owned(), r#"{"context":{"consent":{}},"n":1}"#.to_owned()),
        // The item says nothing.
        (
            r#"{"categoryPreferences":{"Ads":false,"x":"y"}}"#,
            r#"{"n":1,"context":{"l":2}}"#.to_owned(),
            r#"{"n":1,"context":{"consent":{"categoryPreferences":{"Ads":false,"x":"y"}},"l":2}}"#.to_owned(),
        ),
        (
            r#"{"categoryPreferences":{"Ads":true}}"#,
            own("{\"version\":2}"),
            own(r#"{"categoryPreferences":{"Ads":true},"version":2}"#),
        ),
        // Both do.
        (
            r#"{"categoryPreferences":{"Ads":true,"Stats":false}}"#,
            own(r#"{"categoryPreferences":{"Ads":false,"Stats":true}}"#),
            own(r#"{"categoryPreferences":{"Ads":false,"Stats":false}}"#),
        ),
        (
            r#"{"categoryPreferences":{"Ads":null,"Stats":true,"Stats":false}}"#,
            own(r#"{"categoryPreferences":{"Ads":true,"More":true}}"#),
            own(r#"{"categoryPreferences":{"Ads":null,"More":true,"Stats":false}}"#),
        ),
        // An item that the envelope does not change stays byte for byte.
        (
            r#"{"categoryPreferences":{"Ads":true}}"#,
            own(r#"{"categoryPreferences": { "Ads":false, "Ads":7 }}"#),
            own(r#"{"categoryPreferences": { "Ads":false, "Ads":7 }}"#),
        ),
        (r#"{"categoryPreferences":{}}"#, own("{}"), own(r#"{"categoryPreferences":{}}"#)),
        // One of both is malformed.
        (
            r#"{"categoryPreferences":[]}"#,
            own(r#"{"categoryPreferences":{"Ads":true}}"#),
            own(r#"{"categoryPreferences":null}"#),
        ),
        (
            r#"{"categoryPreference":{}}"#,
            "{\"n\":1}".to_owned(),
            r#"{"context":{"consent":{"categoryPreferences":null}},"n":1}"#.to_owned(),
        ),
        (r#"{"categoryPreferences":{"Ads":true}}"#, own("null"), own("null")),
    ] {
        let envelope = if envelope == "{}" { "{}" } else { &format!("{{\"consent\":{envelope}}}") };
        let line = format!("{{\"batch\":[{item},{{\"type\":\"page\"}}],\"context\":{envelope}}}");
        assert_eq!(items(&table, &line).unwrap()[0], expected, "{line}");
    }
    // Under another spelling that the policy accepts, the item keeps its own.
    let strict = Table::new(Policy::parse(&policy("").replace("\"segment\"", "\"segment-strict\"")).unwrap());
    let line = format!(
        "{{\"batch\":[{}],\"context\":{{\"consent\":{{\"categoryPreferences\":{{\"Ads\":false}}}}}}}}",
        own(r#"{"consentPreferences":{"Ads":true}}"#)
    );
    assert_eq!(items(&strict, &line).unwrap(), [own(r#"{"consentPreferences":{"Ads":false}}"#)]);
}

/// The integrations of the envelope and of an item, the item with both, and under `invalid entries off` if that is another.
#[test]
fn off_wins() {
    let (unlisted, off) = (table(""), table("override invalid entries off"));
    for (envelope, item, expected, expected_off) in [
        (r#"{"A":false}"#, r#"{"n":1}"#, r#"{"integrations":{"A":false},"n":1}"#, None),
        ("{}", r#"{"n":1}"#, r#"{"n":1}"#, None),
        (
            r#"{"A":false,"B":true,"C":{"id":1},"D":true}"#,
            r#"{"integrations" : { "A":{"id":2},"B":false, "C":true }}"#,
            r#"{"integrations" : {"D":true, "A":false,"B":false, "C":true }}"#,
            None,
        ),
        (
            r#"{"A":7,"B":true}"#,
            r#"{"integrations":{"A":true,"B":7}}"#,
            r#"{"integrations":{"A":true,"B":true}}"#,
            Some(r#"{"integrations":{"A":7,"B":7}}"#),
        ),
        (
            r#"{"\u0041":false}"#,
            r#"{"integrations":{"A":true,"A":true}}"#,
            r#"{"integrations":{"A":false,"A":false}}"#,
            None,
        ),
        // Two that cannot be one object stay two.
        (
            "null",
            r#"{"integrations":{"A":true}}"#,
            r#"{"integrations":null,"integrations":{"A":true}}"#,
            None,
        ),
        (r#"{"A":false}"#, r#"{"integrations":5}"#, r#"{"integrations":{"A":false},"integrations":5}"#, None),
    ] {
        let line = format!("{{\"integrations\":{envelope},\"batch\":[{item}]}}");
        assert_eq!(items(&unlisted, &line).unwrap(), [expected], "{line}");
        assert_eq!(items(&off, &line).unwrap(), [expected_off.unwrap_or(expected)], "{line}");
    }
}

/// Segment documents a merge, RudderStack's gateway reads the array alone, and some want no batch at all.
/// A value that counts as absent hides no other one, however often it is there: neither next to one on an event, nor in an item next to one of
/// the envelope.
#[test]
fn an_absent_input_hides_no_signal() {
    let stated = policy("input gpc at context.gpc values true, 1 absent null");
    let text = stated.replace("category Ads", "category Ads refused when gpc true | 1");
    let table = Table::new(Policy::parse(&text).unwrap());
    let pixel = table.policy().destination_named("Facebook Pixel").unwrap();
    let consent = r#""consent":{"categoryPreferences":{"Ads":true}}"#;
    let delivers = |line: &str| {
        let mut scratch = table.scratch();
        let fast = table.decide(Input::line(line.as_bytes()), &mut scratch).unwrap().delivers(pixel);
        let event = Event::read(line.as_bytes(), table.policy().reading(), &Limits::default()).unwrap();
        assert_eq!(
            table.decide(Input::event(&event), &mut table.scratch()).unwrap().delivers(pixel),
            fast,
            "{line}"
        );
        fast
    };
    let signals = [
        "\"gpc\":true,\"gpc\":null,",
        "\"gpc\":null,\"gpc\":null,\"gpc\":true,",
        "\"gpc\":true,",
        "\"gpc\":1,\"gpc\":true,",
        "\"gpc\":false,\"gpc\":1,",
    ];
    for own in signals {
        assert!(!delivers(&format!("{{\"context\":{{{own}{consent}}}}}")), "{own}");
    }
    for own in ["", "\"gpc\":null,", "\"gpc\":null,\"gpc\":null,"] {
        let item = format!("{{\"context\":{{{own}{consent}}}}}");
        assert!(delivers(&item), "{item}");
        let items = items(&table, &format!("{{\"context\":{{\"gpc\":true}},\"batch\":[{item}]}}")).unwrap();
        assert!(items.iter().all(|item| !delivers(item)), "{items:?}");
    }
    for (envelope, own) in [("true", "1"), ("1", "true"), ("1", "\"no\""), ("\"no\"", "1"), ("false", "1")] {
        let item = format!("{{\"context\":{{\"gpc\":{own},{consent}}}}}");
        let line = format!("{{\"context\":{{\"gpc\":{envelope}}},\"batch\":[{item}]}}");
        let items = items(&table, &line).unwrap();
        assert!(items.iter().all(|item| !delivers(item)), "{items:?}");
        assert!(!items[0].contains('?'), "{items:?}");
    }
    // Something that is no object stands on the way: the consent of the item stays as it is.
    let text = text.replace("context.gpc", "context.device.gpc");
    let device = Table::new(Policy::parse(&text).unwrap());
    for own in ["null", "5", "[]"] {
        let line = format!(
            "{{\"context\":{{\"device\":{{\"gpc\":\"no\"}}}},\"batch\":[{{\"context\":{{\"device\":{own},{consent}}}}}]}}"
        );
        for item in &self::items(&device, &line).unwrap() {
            let event = Event::read(item.as_bytes(), device.policy().reading(), &Limits::default()).unwrap();
            assert_eq!(event.consent.state().as_str(), "answered", "{item}");
            assert_eq!(event.inputs.len(), 1, "{item}");
        }
    }
    // An item without a value gets the envelope's own.
    let line = format!("{{\"context\":{{\"gpc\":\"no\"}},\"batch\":[{{\"context\":{{{consent}}}}}]}}");
    let items = items(&table, &line).unwrap();
    assert!(items[0].contains("\"gpc\":\"no\"") && delivers(&items[0]), "{items:?}");
}

#[test]
fn the_setting_says_what_the_envelope_counts_for() {
    let line = format!(
        r#"{{"batch":[{}],"context":{{"consent":{{"categoryPreferences":{{"Ads":false}}}}}},"integrations":{{"Zendesk":false}}}}"#,
        event(r#""Ads":true,"Stats":true"#)
    );
    let delivered = |table: &Table| -> Vec<String> {
        let items = items(table, &line).unwrap();
        let mut scratch = table.scratch();
        let decision = table.decide(Input::line(items[0].as_bytes()), &mut scratch).unwrap();
        let name = |id| table.policy().destination(id).unwrap().name().to_owned();
        decision.delivered().map(name).collect()
    };
    assert_eq!(delivered(&table("")), ["Amplitude"]);
    let ignoring = table("override batches envelope ignored");
    assert_eq!(delivered(&ignoring), ["Facebook Pixel", "Amplitude", "Zendesk"]);
    // Nothing of the envelope counts, and nothing of it goes.
    assert_eq!(rewritten(&ignoring, &line).unwrap(), line);
    let rejecting = table("override batches reject");
    let error = items(&rejecting, &line).unwrap_err();
    assert!(error.is_batch() && error.to_string().contains("`batches reject`"), "{error}");
    // No two of them have one fingerprint.
    let prints = [&table(""), &ignoring, &rejecting].map(|table| table.fingerprint().unwrap().to_string());
    assert!(prints[0] != prints[1] && prints[1] != prints[2] && prints[0] != prints[2]);
    assert!(Policy::parse("consentry 1 policy \"p\" include prelude \"segment\" batches merged").is_err());
}

/// A batch comes out in one line. The decision is in each item, the envelope has no integrations, and everything else stays.
#[test]
fn a_rewritten_batch_is_one_line() {
    let table = table("");
    let refused = event(r#""Ads":false"#);
    let blocked =
        refused.replacen('{', "{\"integrations\":{\"Facebook Pixel\":false,\"Amplitude\":false},", 1);
    for (line, expected) in [
        (format!("{{\"batch\":[{refused}]}}"), format!("{{\"batch\":[{blocked}]}}")),
        (
            format!("{{ \"sentAt\" : 1e400 , \"batch\" : [ {{ }} ,\t{refused} ] , \"x\":[] }}\r"),
            format!("{{ \"sentAt\" : 1e400 , \"batch\" : [ {{ }} ,\t{blocked} ] , \"x\":[] }}\r"),
        ),
        (format!("[{{}}, {refused}]"), format!("[{{}}, {blocked}]")),
        // The integrations of the envelope, twice, and the options of an item.
        (
            r#"{"integrations":{"X":false}, "batch":[{"integrations":{"Zendesk":{"id":1}}}],"integrations":{"Y":true} }"#.to_owned(),
            r#"{ "batch":[{"integrations":{"X":false,"Y":true,"Zendesk":{"id":1}}}] }"#.to_owned(),
        ),
        // Its consent stays where it is.
        (
            r#"{"context":{"consent":{"categoryPreferences":{"Stats":false}}},"integrations":{"All":false},"batch":[{},{"integrations":{"Zendesk":true}}]}"#.to_owned(),
            r#"{"context":{"consent":{"categoryPreferences":{"Stats":false}}},"batch":[{"integrations":{"All":false}},{"integrations":{"All":false,"Zendesk":true}}]}"#.to_owned(),
        ),
        (r#"{"batch":[ ],"integrations":{"A":false}}"#.to_owned(), r#"{"batch":[ ],"integrations":{"A":false}}"#.to_owned()),
        (r#"{"batch":[{}],"integrations":{}}"#.to_owned(), r#"{"batch":[{}]}"#.to_owned()),
    ] {
        assert_eq!(rewritten(&table, &line).unwrap(), expected, "{line}");
    }
}

/// A reader of all integrations objects finds the decision even if one of three is no object.
#[test]
fn an_object_in_the_midst_that_is_none_stops_nobody() {
    let table = table("");
    let line = event(r#""Ads":false,"Stats":true"#).replacen(
        '{',
        "{\"integrations\":{},\"integrations\":7,\"integrations\":{},",
        1,
    );
    let mut into = Vec::new();
    table.rewrite(Input::line(line.as_bytes()), &mut table.scratch(), &mut into).unwrap();
    let entries = "{\"Amplitude\":true,\"Zendesk\":true,\"Facebook Pixel\":false}";
    let expected: Value = serde_json::from_str(entries).unwrap();
    let event = Event::read(&into, table.policy().reading(), &Limits::default()).unwrap();
    assert_eq!(event.integrations.state().as_str(), "present", "{}", String::from_utf8_lossy(&into));
    assert_eq!(serde_json::from_slice::<Value>(&into).unwrap()["integrations"], expected);
}

/// The parts of a long envelope, times many items, are more than any line may be; and so are decisions that name every destination.
#[test]
fn a_batch_cannot_grow_without_bounds() {
    let names: String = (0..20_000).map(|number| format!("\"n{number}\":true,")).collect();
    let many = "{},".repeat(200_000);
    let line = format!("{{\"integrations\":{{{names}\"z\":true}},\"batch\":[{many}{{}}]}}");
    let error = items(&table(""), &line).unwrap_err();
    assert!(
        error.code() == "line_too_long" && error.to_string().contains("written into each item"),
        "{error}"
    );
    let destinations: String =
        (0..100).map(|number| format!("destination \"d{number}\" needs Ads\n")).collect();
    let table = Table::new(Policy::parse(&(policy("") + &destinations)).unwrap());
    let refused = vec![event(r#""Ads":false"#); 20_000].join(",");
    let error = rewritten(&table, &format!("[{refused}]")).unwrap_err();
    assert_eq!(error.code(), "line_too_long");
}

/// Decisions say the line and the item, and only those of batches.
#[test]
fn decisions_carry_line_and_item() {
    let Run { status, out, err } = run(&["eval", CASE, BODY], b"");
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with("line 1 item 0  b1  consent answered, integrations none\n"), "{out}");
    assert!(out.contains("\nline 1 item 1  b2  ") && out.contains("2 decided by \"batch\""), "{out}");
    assert!(out.contains("0 not events, 1 batch\n"), "{out}");
    let lines = format!("{{}}\n{}", fs::read_to_string(BODY).unwrap());
    let json = run(&["eval", CASE, "--format", "json"], lines.as_bytes()).out;
    let documents: Vec<Value> = json.lines().map(|line| document("decision", line)).collect();
    let places: Vec<[&Value; 2]> = documents.iter().map(|one| [&one["line"], &one["item"]]).collect();
    assert_eq!(json!(places), json!([[1, null], [2, 0], [2, 1]]));
    assert_eq!(documents[0].get("item"), None);
    let error = run(&["eval", CASE, "--format", "json"], b"{\"batch\":[{},7]}\n");
    let fault = document("decision", error.out.trim_end());
    assert_eq!(
        (error.status, &fault["item"], &fault["error"]["code"]),
        (1, &json!(1), &json!("invalid_item"))
    );
    let error = run(&["eval", CASE], b"{\"batch\":[{},7]}\n").out;
    let sentence =
        "line 1  not an event (invalid_item): item 1 of the batch, at byte 13, is JSON, but no object\n";
    assert!(error.starts_with(sentence), "{error}");
}

/// `filter` in each of its forms. A line in is a line out, and with `--unpack` an item in is a line out.
#[test]
fn filter_writes_batches() {
    let folder = tempfile::tempdir().unwrap();
    let policy = write(folder.path(), "p.consent", &(policy("") + "override unmapped destinations block\n"));
    let given = event(r#""Ads":true,"Stats":true"#);
    let refused = event(r#""Ads":false,"Stats":false"#);
    let body = format!(
        "{{\"batch\":[{refused},{given}],\"integrations\":{{\"X\":false}}}}\r\n{given}\n[{refused}]\n{{\"batch\":[]}}"
    );
    let filter = |options: &[&str]| run(&[&["filter", policy.as_str()], options].concat(), body.as_bytes());

    let Run { status, out, err } = filter(&["--format", "json"]);
    let lines: Vec<&str> = out.split_inclusive('\n').collect();
    assert_eq!((status, lines.len()), (0, 4), "{out}{err}");
    assert!(
        lines[0].starts_with("{\"batch\":[{\"integrations\":{") && lines[0].ends_with("}]}\r\n"),
        "{out}"
    );
    assert!(
        lines[2].starts_with("[{\"integrations\":{\"Facebook Pixel\":false,") && lines[3] == "{\"batch\":[]}",
        "{out}"
    );
    let summary = document("filter", err.trim_end());
    assert_eq!((&summary["batches"], &summary["decided"]), (&json!(3), &json!(4)));
    assert_eq!(summary.get("large_batches"), None);

    let unpacked = filter(&["--unpack"]);
    let lines: Vec<&str> = unpacked.out.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 4, "{}", unpacked.out);
    assert!(
        lines[0].starts_with("{\"integrations\":{")
            && lines[0].contains("\"X\":false")
            && lines[0].ends_with("\r\n")
    );
    assert!(
        lines[1].contains("\"X\":false")
            && !lines[2].contains("\"X\"")
            && unpacked.err.contains(", 3 batches\n")
    );
    // Unpacked events come out again as they are.
    let again = run(&["filter", policy.as_str()], unpacked.out.as_bytes());
    assert_eq!(again.out, unpacked.out);

    // Events that nobody receives are left out of their batches, and batches that are empty then.
    let kept = filter(&["--drop-undeliverable", "--format", "json"]);
    let lines: Vec<&str> = kept.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", kept.out);
    let first: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((first["batch"].as_array().unwrap().len(), lines[2]), (1, "{\"batch\":[]}"));
    assert_eq!(document("filter", kept.err.trim_end())["left_out"], json!(2));
    assert_eq!(filter(&["--drop-undeliverable", "--unpack"]).out.lines().count(), 2);

    // A file has the items that its destination receives, as they are decided.
    let split = folder.path().join("split");
    let run = filter(&["--split", split.to_str().unwrap()]);
    assert_eq!(run.status, 0, "{}", run.err);
    let merged = given.replacen('{', "{\"integrations\":{\"X\":false},", 1);
    assert_eq!(
        fs::read_to_string(split.join("+amplitude.ndjson")).unwrap(),
        format!("{merged}\r\n{given}\n")
    );
    assert_eq!(fs::read_to_string(split.join("+zendesk.ndjson")).unwrap(), "");
    assert_eq!(filter(&["--split", split.to_str().unwrap(), "--unpack"]).status, 2);
}

/// One item that is no event rejects the line as it came, and nothing of it is decided.
#[test]
fn one_invalid_item_rejects_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "{\"batch\":[{},{\"batch\":[]}]}\n";
    let lines = format!("{bad}{{\"batch\":[{{}}]}}\n");
    let rejects = folder.path().join("rejects");
    for option in [None, Some("--unpack")] {
        let arguments = ["filter", CASE, "--force", "--rejects", rejects.to_str().unwrap()];
        let Run { status, out, err } = run(&[&arguments[..], option.as_slice()].concat(), lines.as_bytes());
        assert_eq!((status, out.lines().count()), (1, 1), "{err}");
        assert!(
            err.starts_with("1 decided by \"batch\", 0 dropped, 1 not events (1 invalid_item), 1 batch\n"),
            "{err}"
        );
        assert_eq!(fs::read_to_string(&rejects).unwrap(), bad);
        let stopped = run(&[&["filter", CASE][..], option.as_slice()].concat(), lines.as_bytes());
        let sentence =
            "line 1 is not an event (invalid_item): item 1 of the batch, at byte 13, is a batch itself";
        assert!(stopped.status == 2 && stopped.err.contains(sentence), "{}", stopped.err);
    }
}

/// The summary tells of a batch that Segment accepted before and refuses now.
#[test]
fn a_batch_that_has_become_too_large_is_reported() {
    let refused = event(r#""C0002":false,"C0004":false"#);
    let items = vec![refused.as_str(); 6_000];
    let line = format!("{{\"batch\":[{}]}}\n", items.join(","));
    assert!(line.len() < 500_000);
    let Run { status, out, err } = run(&["filter", CASE], line.as_bytes());
    assert!(status == 0 && out.len() > 500_000, "{err}");
    let sentence = "1 batch is larger than 500 KB once rewritten, which Segment refuses; `--unpack` writes an event a line\n";
    assert!(err.contains(sentence), "{err}");
    let json = run(&["filter", CASE, "--format", "json"], line.as_bytes()).err;
    assert_eq!(document("filter", json.trim_end())["large_batches"], json!(1));
    // One that is not changed is as large as it was.
    let large = format!("{{\"batch\":[{{}}],\"x\":\"{}\"}}\n", "x".repeat(600_000));
    assert!(!run(&["filter", CASE], large.as_bytes()).err.contains("500 KB"));
}

/// A policy with a check asks the ledger for the person of each item.
#[test]
fn each_item_has_a_person_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let text = policy("override ledger mismatch drop\noverride ledger unknown drop");
    let policy = write(folder.path(), "p.consent", &text);
    let store = folder.path().join("ledger").to_str().unwrap().to_owned();
    let records = |user: &str, ads: bool| {
        format!(
            r#"{{"type":"track","event":"Segment Consent Preference Updated","userId":"{user}","timestamp":"2026-01-01T00:00:00Z","context":{{"consent":{{"categoryPreferences":{{"Ads":{ads},"Stats":true}}}}}}}}"#
        )
    };
    let nobody = r#"{"type":"track","event":"Segment Consent Preference Updated"}"#;
    let body = format!("{{\"batch\":[{},{nobody}]}}\n\n[{}]\n", records("u1", true), records("u2", false));
    let json = run(&["ledger", "ingest", &store, "--format", "json"], body.as_bytes());
    let documents: Vec<Value> = json.out.lines().map(|line| document("ledger", line)).collect();
    assert_eq!((&documents[0]["line"], &documents[0]["item"]), (&json!(1), &json!(1)), "{}", json.out);
    let expected = json!({ "batches": 2, "blank_lines": 1, "created": true, "lines": 3, "links": 0, "not_events": 0, "others": 0, "preferences": 2, "rejected": 1 });
    assert_eq!(documents.last().unwrap()["summary"], expected);
    let human = run(&["ledger", "ingest", &store], body.as_bytes()).out;
    assert!(human.starts_with("line 1 item 1  rejected (no_preferences)"), "{human}");
    assert!(human.ends_with("0 not events, 1 blank line, 2 batches\n"), "{human}");

    let stamped =
        |user: &str| format!("{{\"userId\":\"{user}\",{}", &event(r#""Ads":true,"Stats":true"#)[1..]);
    let body = format!("{{\"batch\":[{},{},{}]}}\n{{}}\n", stamped("u1"), stamped("u2"), stamped("u3"));
    let eval = run(&["eval", &policy, "--ledger", &store, "--format", "json"], body.as_bytes()).out;
    let found: Vec<Value> =
        eval.lines().map(|line| document("decision", line)["check"]["found"].clone()).collect();
    assert_eq!(json!(found), json!(["agrees", "mismatch", "unknown", "unknown"]));
    let filtered = run(&["filter", &policy, "--ledger", &store], body.as_bytes());
    let line: Value = serde_json::from_str(filtered.out.lines().next().unwrap()).unwrap();
    let dropped: Vec<bool> = line["batch"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["integrations"]["All"] == json!(false))
        .collect();
    assert_eq!(dropped, [false, true, true], "{}", filtered.out);
    let audit = run(&["audit", &policy, "--ledger", &store, "--format", "json"], body.as_bytes()).out;
    let audit = document("audit", audit.trim_end());
    assert_eq!(
        (&audit["events"], &audit["batches"], &audit["checks"]["mismatch"]),
        (&json!(4), &json!(1), &json!(1))
    );
}

/// `audit` and `init` count items as events, and say how many lines were batches.
#[test]
fn items_are_counted_as_events() {
    let body = fs::read_to_string(BODY).unwrap();
    let audit = run(&["audit", CASE], body.as_bytes()).out;
    assert!(audit.starts_with("2 events audited by \"batch\", 0 not events, 1 batch\n"), "{audit}");
    let without = run(&["audit", CASE, "--format", "json"], b"{}\n").out;
    let without = document("audit", without.trim_end());
    assert_eq!((without.get("batches"), without["not_events"].get("batch")), (None, None));
    let written = run(&["init", "-", "--yes", "--from", BODY], b"").out;
    assert!(written.contains("2 events (1 line is a batch); consent answered 2"), "{written}");
    assert!(written.contains("C0002") && written.contains("C0004"), "{written}");
    let both =
        run(&["init", "-", "--yes", "--from", "-"], [body.as_bytes(), body.as_bytes()].concat().as_slice())
            .out;
    assert!(both.contains("4 events (2 lines are batches); "), "{both}");
}

/// `explain` asks which item is meant.
#[test]
fn an_item_is_explained() {
    let explain = |options: &[&str]| {
        run(&[&["explain", CASE, "--destination", "Amplitude", BODY], options].concat(), b"")
    };
    for (item, outcome) in
        [("0", "Amplitude: block, refused: Analytics\n"), ("1", "Amplitude: deliver, consented\n")]
    {
        for options in [&["--item", item][..], &["--item", item, "--line", "1"]] {
            let Run { status, out, err } = explain(options);
            assert!(status == 0 && out.starts_with(outcome), "{out}{err}");
        }
    }
    let without = explain(&[]);
    assert_eq!(without.status, 1);
    assert!(
        without.out.starts_with("not an event (batch): the line is a batch of events"),
        "{}",
        without.out
    );
    assert!(
        without.out.ends_with("; choose an event of it with --item, counted from 0\n"),
        "{}",
        without.out
    );
    let beyond = explain(&["--item", "2"]);
    assert_eq!(
        (beyond.status, beyond.err.as_str()),
        (2, "consentry: there is no item 2; the batch has 2, counted from 0\n")
    );
    let none = run(&["explain", CASE, "--destination", "Amplitude", "--item", "0"], b"{}");
    assert_eq!(
        (none.status, none.err.as_str()),
        (2, "consentry: --item chooses an event of a batch, and this is none: leave it out\n")
    );
    // A body over several lines is one too.
    let pretty = serde_json::to_string_pretty(
        &serde_json::from_str::<Value>(&fs::read_to_string(BODY).unwrap()).unwrap(),
    )
    .unwrap();
    let spread = run(&["explain", CASE, "--destination", "Amplitude", "--item", "0"], pretty.as_bytes());
    assert!(spread.status == 0 && spread.out.starts_with("Amplitude: block"), "{}{}", spread.out, spread.err);
}

/// Tests of a policy decide each item of a file.
#[test]
fn tests_decide_each_item() {
    let folder = tempfile::tempdir().unwrap();
    let case = fs::read_to_string(CASE).unwrap();
    write(folder.path(), "body.ndjson", &fs::read_to_string(BODY).unwrap());
    write(folder.path(), "empty.ndjson", "{\"batch\":[]}\n");
    write(folder.path(), "pretty.json", "{\n \"batch\": [\n  {}\n ]\n}\n");
    write(folder.path(), "array.json", "[\n{}\n]\n");
    let test = |file: &str, expected: &str| {
        let text = format!("{case}test \"t\" {{\n  events from \"{file}\"\n  {expected}\n}}\n");
        run(&["test", &write(folder.path(), "p.consent", &text)], b"")
    };
    let fine = test("body.ndjson", "deliver \"Intercom\"");
    assert!(fine.status == 0 && fine.out.contains("2 events decided"), "{}", fine.out);
    let failed = test("body.ndjson", "deliver \"Amplitude\"");
    assert!(failed.status == 1 && failed.out.contains("body.ndjson:1 item 0"), "{}", failed.out);
    let none = test("empty.ndjson", "deliver \"Amplitude\"");
    assert!(none.status == 1 && none.out.contains("it has no event"), "{}", none.out);
    for file in ["pretty.json", "array.json"] {
        let spread = test(file, "deliver \"Amplitude\"");
        assert!(spread.status == 0 && spread.out.contains("1 event decided"), "{}", spread.out);
    }
    let text = format!("{case}test \"t\" {{\n  event {{ \"batch\": [{{}}] }}\n  deliver \"Intercom\"\n}}\n");
    let one = run(&["test", &write(folder.path(), "p.consent", &text)], b"");
    assert!(one.status == 1 && one.out.contains("this is not an event: the line is a batch"), "{}", one.out);
}

/// A change of the setting is a change of what is decided.
#[test]
fn a_change_of_the_setting_is_not_silent() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        |name: &str, value: &str| write(folder.path(), name, &policy(&format!("override batches {value}")));
    let (merged, ignored, reject) =
        (file("merged", "merged"), file("ignored", "envelope ignored"), file("reject", "reject"));
    let shown = run(&["diff", &merged, &ignored], b"").out;
    assert!(shown.starts_with("no destination changes outcome; the reading of batches changes\n"), "{shown}");
    assert!(
        shown.contains("batches are read without their envelopes, and were merged with their envelopes\n"),
        "{shown}"
    );
    let json = document("diff", run(&["diff", &merged, &reject, "--format", "json"], b"").out.trim_end());
    assert_eq!(
        (&json["batches"], &json["equal"]),
        (&json!({ "before": "merged", "after": "reject" }), &json!(false))
    );
    for (old, new, denied, status) in [
        (&merged, &merged, "any", 0),
        (&merged, &ignored, "loosened", 1),
        (&merged, &ignored, "tightened", 1),
        (&merged, &reject, "loosened", 0),
        (&merged, &reject, "tightened", 1),
        (&reject, &merged, "loosened", 1),
        (&reject, &merged, "tightened", 0),
    ] {
        assert_eq!(run(&["diff", old, new, "--deny", denied], b"").status, status, "{old} {new} {denied}");
    }
    // Each policy reads the events of a batch in its own way.
    let line =
        format!("{{\"batch\":[{},{{}}],\"integrations\":{{\"Zendesk\":false}}}}\n", event(r#""Ads":true"#));
    let events = write(folder.path(), "events", &line);
    let counted = |new: &str| {
        let json = run(&["diff", &merged, new, "--events", &events, "--format", "json"], b"").out;
        document("diff", json.trim_end())["events"].clone()
    };
    let counts = counted(&ignored);
    assert_eq!((&counts["decided"], &counts["outcome_changed"]), (&json!(2), &json!(2)), "{counts}");
    let counts = counted(&reject);
    assert_eq!((&counts["decided"], &counts["not_events"]), (&json!(0), &json!(1)), "{counts}");
}

/// A policy that rejects batches has every command say so.
#[test]
fn a_rejected_batch_is_an_error_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let policy = write(folder.path(), "p.consent", &policy("override batches reject"));
    let store = folder.path().join("ledger").to_str().unwrap().to_owned();
    let line = b"{\"batch\":[{}]}\n";
    for (arguments, status) in [
        (vec!["eval", &policy], 1),
        (vec!["filter", &policy], 2),
        (vec!["filter", &policy, "--discard-rejects"], 1),
        (vec!["filter", &policy, "--discard-rejects", "--unpack"], 2),
        (vec!["audit", &policy], 1),
        (vec!["ledger", "ingest", &store, "--policy", &policy], 1),
        (vec!["explain", &policy, "--destination", "Zendesk"], 1),
    ] {
        let Run { status: ended, out, err } = run(&arguments, line);
        assert_eq!(ended, status, "{arguments:?} {out}{err}");
        assert!(format!("{out}{err}").contains("batch"), "{arguments:?} {out}{err}");
    }
}
