//! Names in events that the policy does not have: `eval` and `filter` report them, and `--deny unknown` fails.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use consentry::event::{Record, Recorded, RecordedPreference};
use consentry::report::filter::SummaryReport;
use consentry::report::{KeyCount, Summary};
use consentry::{Input, Limits, Policy, Table};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use text::{Run, run};

const POLICY: &str = r#"consentry 1
policy "p"
include prelude "segment"
category Ads = "C0004"
category Stats
category Needed always
destination "Facebook Pixel" needs Ads alias "fb"
destination "Amplitude" needs Stats
"#;

/// A policy in a file that is there as long as the folder.
fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("p.consent");
    fs::write(&path, text).unwrap();
    path
}

fn stamped(preferences: &str, rest: &str) -> String {
    format!("{{\"context\":{{\"consent\":{{\"categoryPreferences\":{{{preferences}}}}}}}{rest}}}\n")
}

/// The summary of decisions about lines, each read by the fast reader, by the slow one, and as an event.
fn summaries(text: &str, lines: &[String]) -> Vec<Summary> {
    let table = Table::new(Policy::parse(text).unwrap());
    let mut scratch = table.scratch();
    // Twice, so that what repeats is remembered.
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).cycle().take(3 * lines.len()).collect();
    let (mut fast, mut slow, mut read) = (Summary::default(), Summary::default(), Summary::default());
    for line in lines {
        fast.add(&table.decide(Input::line(line.as_bytes()), &mut scratch).unwrap());
        // The fast reader leaves such an event to the slow one.
        let escaped = line.replacen("context", "co\\u006etext", 1);
        slow.add(&table.decide(Input::line(escaped.as_bytes()), &mut scratch).unwrap());
        let event = table.read(line.as_bytes(), &Limits::default()).unwrap();
        read.add(&table.decide(Input::event(&event), &mut scratch).unwrap());
    }
    vec![fast, slow, read]
}

#[test]
fn entries_for_unknown_destinations_are_counted() {
    let ads = r#""C0004":true"#;
    let lines = [
        stamped(ads, ""),
        stamped(ads, r#","integrations":{}"#),
        stamped(ads, r#","integrations":{"All":false,"fb":true,"Amplitude":{"a":1}}"#),
        stamped(ads, r#","integrations":{"all":false,"AMPLITUDE":true,"fb":false}"#),
        stamped(ads, r#","integrations":{"Salesforce":"no"}"#),
        stamped(ads, r#","integrations":{"Salesforc\u0065":0,"Amplitude":null}"#),
        stamped(ads, r#","integrations":[]"#),
    ];
    for summary in summaries(POLICY, &lines) {
        let unknown = summary.unknown_integrations();
        assert_eq!((unknown.events, unknown.entries), (3 * 3, 3 * 4));
        assert!(summary.unmatched_keys().is_none() && summary.has_unknown());
    }
    for summary in summaries(POLICY, &lines[..3]) {
        assert_eq!(summary.unknown_integrations().events, 0);
        assert!(!summary.has_unknown());
    }
}

#[test]
fn keys_are_named_only_if_none_is_a_category() {
    let key = |key: &str, events| KeyCount { events, key: key.to_owned() };
    let wrong = [stamped(r#""Ads":true,"c0004":true"#, ""), stamped(r#""Ads":false"#, ""), stamped("", "")];
    for summary in summaries(POLICY, &wrong) {
        assert_eq!(summary.unmatched_keys(), Some(vec![key("Ads", 6), key("c0004", 3)]));
    }
    // One event with a category is enough, wherever it comes; an event without preferences has no keys.
    let category = stamped(r#""Stats":false,"x":true"#, "");
    let category = std::slice::from_ref(&category);
    for lines in [[&wrong[..], category].concat(), [category, &wrong[..]].concat()] {
        for summary in summaries(POLICY, &lines) {
            assert_eq!(summary.unmatched_keys(), None);
        }
    }
    for summary in summaries(POLICY, &["{\"a\":{}}".to_owned(), stamped("", "")]) {
        assert_eq!(summary.unmatched_keys(), Some(vec![]));
    }
    // Nobody has asked for a category, or nothing depends on one.
    assert_eq!(Summary::default().unmatched_keys(), None);
    for categories in ["", "category Needed always category Old unenforced"] {
        let text = format!("consentry 1 policy \"p\" include prelude \"segment\" {categories}");
        for summary in summaries(&text, &wrong) {
            assert_eq!(summary.unmatched_keys(), None);
        }
    }
    let table = Table::new(Policy::parse(POLICY).unwrap());
    let mut summary = Summary::default();
    summary.add(&table.decide(Input::granted(&[0]), &mut table.scratch()).unwrap());
    assert_eq!(summary.unmatched_keys(), None, "the caller names categories by their numbers");
}

/// A source may leave preferences to the ledger.
#[test]
fn a_record_that_is_used_names_categories() {
    let text = POLICY.to_owned() + "override ledger mismatch drop";
    let table = Table::new(Policy::parse(&text).unwrap());
    let record =
        |wire_id: &str| Record { preferences: [(wire_id.to_owned(), RecordedPreference::Refused)].into() };
    for (line, record, is_named) in [
        ("{}", record("C0004"), true),
        ("{}", record("Ads"), false),
        // The stamp counts, whatever becomes of the event.
        (r#"{"context":{"consent":{"categoryPreferences":{"C0004":true}}}}"#, record("x"), true),
        (r#"{"context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#, record("x"), false),
    ] {
        let input = Input::line(line.as_bytes()).recorded(Recorded::Known(&record));
        let mut summary = Summary::default();
        summary.add(&table.decide(input, &mut table.scratch()).unwrap());
        assert_eq!(summary.unmatched_keys().is_none(), is_named, "{line} {record:?}");
    }
}

/// Keys are counted in bounded memory: the most frequent ones are named if all are counted, and otherwise none.
#[test]
fn the_most_frequent_keys_are_named() {
    let table = Table::new(Policy::parse(POLICY).unwrap());
    let mut scratch = table.scratch();
    let mut counted = |most: usize| {
        let mut all = Summary::default();
        for part in 0..4 {
            let mut summary = Summary::default();
            for number in 0..most {
                let line =
                    stamped(&format!(r#""k{}":true,"often{}":true"#, part * most + number, number % 10), "");
                summary.add(&table.decide(Input::line(line.trim_end().as_bytes()), &mut scratch).unwrap());
            }
            all.merge(&summary);
        }
        all
    };
    let keys = counted(240).unmatched_keys().unwrap();
    assert_eq!(keys.len(), 10);
    assert!(keys.iter().all(|key| key.events == 96 && key.key.starts_with("often")), "{keys:?}");
    let all = counted(260);
    assert!(all.has_uncounted_keys() && all.unmatched_keys().unwrap().is_empty());
    let shown = SummaryReport::new(table.policy(), &all).warnings().join("\n");
    assert!(shown.contains("too many or too long to be counted"), "{shown}");
    // A summary in which a category occurs settles it for all.
    let mut other = Summary::default();
    let line = stamped(r#""C0004":true"#, "");
    other.add(&table.decide(Input::line(line.trim_end().as_bytes()), &mut scratch).unwrap());
    let mut both = all.clone();
    both.merge(&other);
    other.merge(&all);
    assert_eq!((both.unmatched_keys(), other.unmatched_keys()), (None, None));
}

const KEYS: &str =
    r#"0 of 3 categories of this policy occur in 3 events; most frequent keys: "ads" (2), "a\u{202e}" (1)"#;
const ENTRIES: &str = "2 integrations entries are for destinations that this policy does not have, in 1 event; `consentry audit` lists them";

fn wrong() -> String {
    stamped(r#""ads":true"#, "")
        + &stamped(r#""ads":true,"a\u202e":true"#, r#","integrations":{"all":false,"X":true}"#)
        + &stamped("", "")
}

#[test]
fn eval_warns_and_fails_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, POLICY);
    let path = path.to_str().unwrap();
    for (deny, severity, status) in [(&[][..], "warning", 0), (&["--deny", "unknown"], "error", 1)] {
        let human = run(&[&["eval", path], deny].concat(), wrong().as_bytes());
        assert_eq!(human.status, status);
        assert_eq!(human.err, format!("consentry: {severity}: {KEYS}\nconsentry: {severity}: {ENTRIES}\n"));
        assert!(
            human.out.ends_with(&format!("\n{severity}: {KEYS}\n{severity}: {ENTRIES}\n")),
            "{}",
            human.out
        );
        let json = run(&[&["eval", path, "--format", "json"], deny].concat(), wrong().as_bytes());
        assert_eq!((json.status, json.err), (status, human.err));
        assert_eq!(json.out.lines().count(), 3);
        // Nothing is wrong.
        let right = stamped(r#""Stats":true"#, r#","integrations":{"fb":true}"#);
        for input in [right.as_str(), ""] {
            let fine = run(&[&["eval", path], deny].concat(), input.as_bytes());
            assert_eq!((fine.status, fine.err.as_str()), (0, ""));
            assert!(!fine.out.contains("warning") && !fine.out.contains("error"), "{}", fine.out);
        }
    }
    assert_eq!(run(&["eval", path, "--deny", "everything"], b"").status, 2);
}

#[test]
fn filter_warns_and_fails_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, POLICY);
    let path = path.to_str().unwrap();
    let filter = |arguments: &[&str], input: &str| -> Run {
        run(&[&["filter", path], arguments].concat(), input.as_bytes())
    };
    for (deny, severity, status) in [(&[][..], "warning", 0), (&["--deny", "unknown"], "error", 1)] {
        let human = filter(deny, &wrong());
        assert_eq!(human.status, status, "{}", human.err);
        assert!(
            human.err.ends_with(&format!("\n{severity}: {KEYS}\n{severity}: {ENTRIES}\n")),
            "{}",
            human.err
        );
        assert_eq!(human.out.lines().count(), 3, "the events are written");
        let json = filter(&[deny, &["--format", "json"]].concat(), &wrong());
        assert_eq!(json.status, status);
        let summary: Value = serde_json::from_str(&json.err).unwrap();
        assert_eq!(summary["unknown_integrations"], json!({ "entries": 2, "events": 1 }));
        assert_eq!(
            summary["unmatched_keys"],
            json!([{ "key": "ads", "events": 2 }, { "key": "a\u{202e}", "events": 1 }])
        );
        let right = stamped(r#""Stats":true"#, r#","integrations":{"fb":true}"#);
        for input in [right.as_str(), ""] {
            let fine = filter(&[deny, &["--format", "json"]].concat(), input);
            let summary: Value = serde_json::from_str(&fine.err).unwrap();
            assert_eq!(
                (fine.status, &summary["unmatched_keys"], &summary["unknown_integrations"]["events"]),
                (0, &json!(null), &json!(0))
            );
        }
    }
}

/// The threads of `filter` agree, however they share the events.
#[test]
fn threads_agree_on_what_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, POLICY);
    let path = path.to_str().unwrap();
    let mut input = wrong().repeat(20_000);
    let summary = |threads: &str, input: &str| {
        let run = run(&["filter", path, "--threads", threads, "--format", "json"], input.as_bytes());
        serde_json::from_str::<Value>(&run.err).unwrap()
    };
    let one = summary("1", &input);
    assert_eq!(one["unmatched_keys"][0], json!({ "key": "ads", "events": 40_000 }));
    assert_eq!(one["unknown_integrations"], json!({ "entries": 40_000, "events": 20_000 }));
    assert_eq!(one, summary("4", &input));
    input += &stamped(r#""C0004":true"#, "");
    assert_eq!(summary("4", &input)["unmatched_keys"], json!(null));
}
