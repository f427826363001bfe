//! Audits: what is found of events written by hand, and of 6,000 real ones, counted a second time without the library.
//!
//! `tests/data/events-6000.ndjson.gz` has the events of which `tests/data/events.ndjson` has every twentieth, from the third on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use consentry::event::{EventErrorKind, Record, Recorded, RecordedPreference};
use consentry::ledger::{
    Audit, AuditEvent, By, Finding, LedgerEvent, MAX_VALUE_BYTES, MAX_VALUES, MemoryStore, Recording,
    Timestamp, record,
};
use consentry::model::{CheckResult, ConsentState};
use consentry::{Limits, Policy, reference};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

const SHOP: &str = "policies/examples/shop.consent";
const EVENTS: &str = "tests/data/events-6000.ndjson.gz";

fn policy(statements: &str) -> Policy {
    Policy::parse(&policy_text(statements)).unwrap()
}

fn policy_text(statements: &str) -> String {
    format!(
        "consentry 1 policy \"p\" include prelude \"segment\" category Ads category Stats = \"s\" {statements}"
    )
}

fn audit(policy: &Policy, lines: &[&[u8]]) -> Audit {
    let mut audit = Audit::new(policy);
    for line in lines {
        match AuditEvent::read(line, policy, &Limits::default()) {
            Ok(event) => audit.add(&event, None),
            Err(error) => audit.add_error(&error),
        }
    }
    audit
}

fn findings(policy: &Policy, line: &str) -> Vec<Finding> {
    let audit = audit(policy, &[line.as_bytes()]);
    assert_eq!(audit.all.events, 1, "{line}");
    Finding::ALL.into_iter().filter(|finding| audit.all.of(*finding) == 1).collect()
}

/// An event with a consent object.
fn stamped(consent: &str) -> String {
    format!(r#"{{"userId":"u","context":{{"consent":{consent}}}}}"#)
}

#[test]
fn each_stamp_has_its_findings() {
    use Finding::*;
    let policy = policy("");
    let given = r#"{"categoryPreferences":{"Ads":true,"s":false}}"#;
    for (line, expected) in [
        (stamped(given), vec![]),
        ("{}".to_owned(), vec![Missing]),
        (r#"{"context":{}}"#.to_owned(), vec![Missing]),
        (r#"{"consent":{"categoryPreferences":{"Ads":true}}}"#.to_owned(), vec![Missing, ForeignConsent]),
        (r#"{"context":{"tcString":"CPXxRfA"}}"#.to_owned(), vec![Missing, ForeignConsent]),
        (r#"{"context":null}"#.to_owned(), vec![Malformed]),
        (r#"{"context":{},"context":{}}"#.to_owned(), vec![Malformed]),
        (stamped("{}"), vec![Empty]),
        (stamped(r#"{"version":2}"#), vec![Empty]),
        (stamped("null"), vec![Malformed]),
        (stamped("[]"), vec![Malformed]),
        (stamped(r#"{"categoryPreferences":null}"#), vec![Malformed]),
        (stamped(r#"{"categoryPreferences":{},"categoryPreferences":{}}"#), vec![Malformed]),
        (stamped(r#"{"categoryPreferences":{}}"#), vec![Unanswered]),
        (stamped(r#"{"categoryPreference":{"Ads":false}}"#), vec![WrongSpelling]),
        (stamped(r#"{"consentPreferences":null}"#), vec![WrongSpelling]),
        (stamped(r#"{"category\u0050reference":{}}"#), vec![WrongSpelling]),
        (stamped(r#"{"categoryPreferences":{},"consentPreferences":{}}"#), vec![WrongSpelling]),
        // A spelling that no document has is a member like any other.
        (stamped(r#"{"categorypreferences":{}}"#), vec![Empty]),
        (stamped(r#"{"categoryPreferences":{"ads":true,"Stats":true}}"#), vec![UnknownCategory]),
        (stamped(r#"{"categoryPreferences":{"\u0041ds":true}}"#), vec![]),
        (stamped(r#"{"categoryPreferences":{"Ads\ud800":true}}"#), vec![UnknownCategory]),
        (stamped(r#"{"categoryPreferences":{"Ads":"true"}}"#), vec![InvalidPreference]),
        // "Among duplicate keys any refusal wins".
        (stamped(r#"{"categoryPreferences":{"Ads":1,"Ads":false}}"#), vec![]),
        (stamped(r#"{"categoryPreferences":{"Ads":1,"Ads":true}}"#), vec![InvalidPreference]),
        // What cannot be read of an unknown category is unknown, and no more.
        (stamped(r#"{"categoryPreferences":{"X":1}}"#), vec![UnknownCategory]),
        (stamped(r#"{"categoryPreferences":{"X":1,"s":[]}}"#), vec![UnknownCategory, InvalidPreference]),
    ] {
        assert_eq!(findings(&policy, &line), expected, "{line}");
    }
}

/// The spelling depends on what the policy accepts.
#[test]
fn a_wrong_spelling_is_one_that_the_policy_does_not_accept() {
    let both = policy("override consent at context.consent.categoryPreferences alias consentPreferences");
    assert_eq!(findings(&both, &stamped(r#"{"consentPreferences":{"Ads":true}}"#)), []);
    // Two at once are malformed, but each of them is accepted.
    let two = stamped(r#"{"consentPreferences":{},"categoryPreferences":{}}"#);
    assert_eq!(findings(&both, &two), [Finding::Malformed]);
    let old = policy("override consent at context.consent.consentPreferences");
    assert_eq!(findings(&old, &stamped(r#"{"categoryPreferences":{"Ads":true}}"#)), [Finding::WrongSpelling]);
    let lines = [
        stamped(r#"{"categoryPreference":1,"categoryPreferences":1}"#),
        stamped(r#"{"categoryPreferences":1}"#),
        stamped(r#"{"categoryPreferences":{}}"#),
        stamped("7"),
    ];
    let audit = audit(&old, &lines.iter().map(String::as_bytes).collect::<Vec<_>>());
    let spellings: Vec<_> = audit.wrong_spellings.iter().collect();
    assert_eq!(spellings, [("categoryPreference", 1), ("categoryPreferences", 2)]);
    assert_eq!(audit.states.of(ConsentState::Malformed), 4);
    // Elsewhere too: a path with parents of its own.
    let elsewhere = policy("override consent at traits.choices");
    assert_eq!(findings(&elsewhere, r#"{"traits":{"categoryPreferences":{}}}"#), [Finding::WrongSpelling]);
    assert_eq!(findings(&elsewhere, r#"{"traits":{"choices":{"Ads":true}}}"#), []);
}

/// What a ledger rejects is found, and nothing else: by hand, and as `record` says it of the same event.
#[test]
fn what_a_ledger_rejects_is_found() {
    let preference =
        |rest: &str| format!(r#"{{"type":"track","event":"Segment Consent Preference Updated"{rest}}}"#);
    let identify = |rest: &str| format!(r#"{{"type":"identify"{rest}}}"#);
    let given = r#","context":{"consent":{"categoryPreferences":{"Ads":true}}}"#;
    let none = r#","context":{"consent":{"categoryPreferences":{}}}"#;
    let misspelled = r#","context":{"consent":{"categoryPreference":{"Ads":true}}}"#;
    let someone = r#","userId":"u""#;
    let writes = "override preference events \"Segment Consent Preference Updated\" override ledger also records identify";
    let cases = [
        ("", preference(&format!("{given}{someone}")), None),
        ("", preference(&format!(r#"{given},"anonymousId":"a""#)), None),
        ("", preference(&format!("{none}{someone}")), None),
        ("", preference(someone), Some("no_preferences")),
        ("", preference(&format!("{misspelled}{someone}")), Some("no_preferences")),
        ("", preference(""), Some("no_preferences")),
        ("", preference(given), Some("no_person")),
        // An event whose id cannot be read has no person. An integer is read as a text.
        ("", preference(&format!(r#"{given},"userId":7.5,"anonymousId":"a""#)), Some("invalid_id")),
        ("", preference(&format!(r#"{given},"userId":7,"anonymousId":[]"#)), None),
        (
            "override ledger integer ids invalid",
            preference(&format!(r#"{given},"userId":7"#)),
            Some("invalid_id"),
        ),
        ("", preference(&format!(r#"{given},"anonymousId":[]"#)), Some("invalid_id")),
        ("", identify(r#","userId":"u","anonymousId":{}"#), Some("invalid_id")),
        ("", r#"{"type":"alias","userId":"u","previousId":{}}"#.to_owned(), Some("invalid_id")),
        (
            "override ledger alias ignored",
            r#"{"type":"alias","userId":"u","previousId":{}}"#.to_owned(),
            None,
        ),
        ("", r#"{"type":"track","event":"segment consent preference updated"}"#.to_owned(), None),
        ("", identify(given), None),
        (writes, identify(given), Some("no_person")),
        (writes, identify(&format!("{given}{someone}")), None),
        (writes, identify(""), None),
    ];
    for (statements, line, expected) in cases {
        let policy = policy(statements);
        let audit = audit(&policy, &[line.as_bytes()]);
        let rejected: Vec<_> =
            audit.rejections.iter().filter(|(_, count)| *count > 0).map(|(one, _)| one.as_str()).collect();
        assert_eq!(rejected, Vec::from_iter(expected), "{line}");
        assert_eq!(audit.all.of(Finding::Rejected), u64::from(expected.is_some()), "{line}");
        let notice = LedgerEvent::read(line.as_bytes(), &policy, &Limits::default()).unwrap();
        let now = Timestamp::parse("2026-10-01T00:00:00Z").unwrap();
        let recording = record(&MemoryStore::default(), &[notice], now).unwrap().remove(0);
        assert_eq!(matches!(recording, Recording::Rejected(_)), expected.is_some(), "{line} {recording:?}");
    }
}

#[test]
fn what_is_not_as_recorded_is_found() {
    let policy = policy("category Z always override ledger mismatch report");
    let recorded = Record { preferences: [("Ads".to_owned(), RecordedPreference::Granted)].into() };
    let mut audit = Audit::new(&policy);
    for (preferences, against) in [
        (r#"{"Ads":true}"#, Recorded::Known(&recorded)),
        (r#"{"Ads":false}"#, Recorded::Known(&recorded)),
        (r#"{"Ads":"true","s":true,"Z":true}"#, Recorded::Known(&recorded)),
        ("{}", Recorded::Known(&recorded)),
        (r#"{"Ads":false}"#, Recorded::Unknown),
        (r#"{"Ads":false}"#, Recorded::Unreachable),
    ] {
        let line = stamped(&format!(r#"{{"categoryPreferences":{preferences}}}"#));
        let event = AuditEvent::read(line.as_bytes(), &policy, &Limits::default()).unwrap();
        audit.add(&event, Some(&reference::check(&policy, &event.notice.event, against).unwrap().0));
    }
    assert_eq!(audit.all.of(Finding::Mismatch), 2);
    let mismatched: Vec<u64> = audit.categories.iter().map(|one| one.mismatched).collect();
    assert_eq!(mismatched, [2, 1, 0]);
    let checks: Vec<_> = audit.checks.iter().collect();
    assert_eq!(
        checks,
        [
            (CheckResult::Unknown, 1),
            (CheckResult::Unreachable, 1),
            (CheckResult::Unstamped, 1),
            (CheckResult::Agrees, 1),
            (CheckResult::Mismatch, 2)
        ]
    );
}

/// A policy with destinations, of which two share an alias.
fn with_destinations() -> Policy {
    policy(
        r#"destination "Amplitude" needs Stats destination "Facebook Pixel" needs Ads alias "fb"
           destination "Café" unmapped
           destination "Snowflake" unmapped shared alias "Warehouses" destination "Redshift" unmapped shared alias "Warehouses""#,
    )
}

/// An event whose stamp is fine.
fn integrated(members: &str) -> String {
    format!(r#"{{"context":{{"consent":{{"categoryPreferences":{{"Ads":true,"s":true}}}}}},{members}}}"#)
}

#[test]
fn each_integrations_object_has_its_findings() {
    use Finding::*;
    let policy = with_destinations();
    for (members, expected) in [
        (r#""integrations":{}"#, vec![]),
        (
            r#""integrations":{"All":false,"Amplitude":true,"fb":{"id":1},"Warehouses":false,"Café":{}}"#,
            vec![],
        ),
        // Names are exact, and a near one stops nothing.
        (r#""integrations":{"all":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"ALL":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"All ":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"facebook pixel":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"Facebook-Pixel":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"FB":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"warehouses":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"Cafe\u0301":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"\u0410mplitude":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"\u200bAmplitude":false}"#, vec![MisspelledIntegration]),
        (r#""integrations":{"Salesforce":false}"#, vec![UnknownIntegration]),
        (
            r#""integrations":{"Salesforce":false,"AMPLITUDE":1}"#,
            vec![MisspelledIntegration, UnknownIntegration],
        ),
        (r#""integrations":{"Amplitude\ud800":false}"#, vec![MisspelledIntegration]),
        // An invalid entry of a name that is known; among duplicates any that is off wins.
        (r#""integrations":{"Amplitude":"false"}"#, vec![InvalidEntry]),
        (r#""integrations":{"All":null}"#, vec![InvalidEntry]),
        (r#""integrations":{"fb":[]}"#, vec![InvalidEntry]),
        (r#""integrations":{"fb":0,"fb":false}"#, vec![]),
        (r#""integrations":{"Salesforce":0}"#, vec![UnknownIntegration]),
        // Another type than an object.
        (r#""integrations":[]"#, vec![MalformedIntegrations]),
        (r#""integrations":null"#, vec![MalformedIntegrations]),
        (r#""integrations":false"#, vec![MalformedIntegrations]),
        (r#""integrations":{"all":false},"integrations":[]"#, vec![MalformedIntegrations]),
        // An object counts as on, whatever its members say.
        (r#""integrations":{"Warehouses":{"all":false}}"#, vec![UnreadSwitch]),
        (r#""integrations":{"Warehouses":{"All":false,"warehouseIds":["w"]}}"#, vec![UnreadSwitch]),
        (r#""integrations":{"Warehouses":{"warehouseIds":["w"]}}"#, vec![UnreadSwitch]),
        (r#""integrations":{"Warehouses":{"snowflake":false}}"#, vec![UnreadSwitch]),
        (r#""integrations":{"Warehouses":{"all":"false"}}"#, vec![UnreadSwitch]),
        (r#""integrations":{"Amplitude":{"enabled":false}}"#, vec![UnreadSwitch]),
        (r#""integrations":{"All":{"Amplitude":true}}"#, vec![UnreadSwitch]),
        (r#""integrations":{"Other":{"all":false}}"#, vec![UnknownIntegration, UnreadSwitch]),
        (r#""integrations":{"Warehouses":{"all":true}}"#, vec![]),
        (r#""integrations":{"All":{}}"#, vec![]),
        (r#""integrations":{"Amplitude":{"session_id":1,"debug":false,"nested":{"All":false}}}"#, vec![]),
        // An object that no decision reads.
        (r#""options":{"integrations":{"All":false}}"#, vec![MisplacedIntegrations]),
        (r#""options":{"x":1,"Integrations":{"Salesforce":true}}"#, vec![MisplacedIntegrations]),
        (r#""Integrations":{"All":false}"#, vec![MisplacedIntegrations]),
        (r#""integration":{"All":false}"#, vec![MisplacedIntegrations]),
        (r#""integrations ":{"All":false}"#, vec![MisplacedIntegrations]),
        (r#""properties":{"integrations":{"All":false}}"#, vec![MisplacedIntegrations]),
        (r#""traits":{"integrations":{"amplitude":false}}"#, vec![MisplacedIntegrations]),
        // Properties are the customer's own.
        (r#""properties":{"integrations":{"Jira":true}}"#, vec![]),
        (r#""properties":{"integrations":3}"#, vec![]),
        (r#""options":{"integrations":{}},"integration":"x""#, vec![]),
    ] {
        assert_eq!(findings(&policy, &integrated(members)), expected, "{members}");
    }
    for place in [r#""integrations":{"All":false}"#, r#""options":{"integrations":{"All":false}}"#] {
        let line = format!(
            r#"{{"context":{{{place},"consent":{{"categoryPreferences":{{"Ads":true,"s":true}}}}}}}}"#
        );
        assert_eq!(findings(&policy, &line), [MisplacedIntegrations], "{line}");
    }
}

/// A person sees what stands there, and knows at once what to correct.
#[test]
fn the_values_behind_findings_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let text = policy_text(r#"destination "X" needs Ads override invalid entries unlisted"#);
    let path = file(&folder, "p.consent", &text);
    let path = path.to_str().unwrap();
    let long = format!(r#"["{}"]"#, "é".repeat(200));
    let preferences = |members: &str| stamped(&format!(r#"{{"categoryPreferences":{{{members}}}}}"#));
    let lines = [
        preferences(r#""Ads":"GRANTED","s":true"#),
        preferences(r#""Ads":"GRANTED","s":{"a":[1]},"Other":"GRANTED""#),
        preferences(&format!(r#""Ads":{long},"s":true"#)),
        // The refusal wins.
        preferences(r#""Ads":"DENIED","Ads":false"#),
        r#"{"context":[]}"#.to_owned(),
        stamped(r#"{"categoryPreferences":[]}"#),
        r#"{"integrations":{"X":"no\u202e","All":0,"Other":"no"}}"#.to_owned(),
        r#"{"integrations":[],"options":{"integrations":{"X":false}}}"#.to_owned(),
    ];
    let input = lines.join("\n");
    let document = document(&[path], input.as_bytes());
    let rows = document["unread_values"]["rows"].as_array().unwrap();
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let text = |member: &str| row[member].as_str().unwrap().to_owned();
            format!("{} {} {} {}", text("finding"), text("name"), text("value"), row["events"])
        })
        .collect();
    let shown = format!("[\"{}…", "é".repeat(49));
    assert_eq!(
        rows,
        [
            "invalid_entry All 0 1".to_owned(),
            r#"invalid_entry X "no\u202e" 1"#.to_owned(),
            r#"invalid_preference Ads "GRANTED" 2"#.to_owned(),
            format!("invalid_preference Ads {shown} 1"),
            r#"invalid_preference s {"a":[1]} 1"#.to_owned(),
            "malformed context [] 1".to_owned(),
            "malformed context.consent.categoryPreferences [] 1".to_owned(),
            "malformed_integrations integrations [] 1".to_owned(),
            r#"misplaced_integrations options.integrations {"X":false} 1"#.to_owned(),
        ]
    );
    let human = run(&[path], input.as_bytes()).out;
    for part in [
        "\ninvalid_preference, 3 events\n  by value\n    \"Ads\"  \"GRANTED\"",
        "    \"context\"                              []         1\n",
        "    \"X\"    \"no\\u202e\"         1\n",
        "  help: move the object to the key `integrations` of the event itself; elsewhere it stops nothing\n",
    ] {
        assert!(human.contains(part), "{part}\n{human}");
    }
}

/// The values are bounded in number and length, as names are.
#[test]
fn values_are_counted_in_bounded_memory() {
    let policy = policy("");
    let preference =
        |value: &str| stamped(&format!(r#"{{"categoryPreferences":{{"Ads":{value},"s":true}}}}"#));
    let lines: Vec<String> = (0..MAX_VALUES + 20)
        .map(|number| preference(&format!("{number}")))
        .chain([preference("0")])
        .collect();
    let audit = audit(&policy, &lines.iter().map(String::as_bytes).collect::<Vec<_>>());
    let values = &audit.unread_values[&Finding::InvalidPreference];
    assert_eq!(values.rows().count(), MAX_VALUES);
    assert_eq!((*values.other(), audit.all.of(Finding::InvalidPreference)), (20, 1_021));
}

/// A name that nearly is one of the policy's comes with that one, in both outputs.
#[test]
fn the_name_that_is_meant_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "p.consent", &policy_text(r#"destination "Facebook Pixel" needs Ads"#));
    let path = path.to_str().unwrap();
    let line = r#"{"integrations":{"facebook pixel":false,"Salesforce":true},"context":{"consent":{"categoryPreferences":{"ads ":true,"C0004":true}}}}"#;
    let found = document(&[path], line.as_bytes());
    assert_eq!(
        found["unknown_integrations"]["rows"],
        json!([
            { "integration": "Salesforce", "meant": null, "events": 1, "on": 1, "off": 0, "invalid": 0 },
            { "integration": "facebook pixel", "meant": "Facebook Pixel", "events": 1, "on": 0, "off": 1, "invalid": 0 },
        ])
    );
    assert_eq!(
        found["unknown_categories"]["rows"],
        json!([
            { "category": "C0004", "meant": null, "events": 1 },
            { "category": "ads ", "meant": "Ads", "events": 1 },
        ])
    );
    let human = run(&[path], line.as_bytes()).out;
    for part in [
        "\"ads \"           1  did you mean \"Ads\"?\n",
        "\"facebook pixel\"          1  did you mean \"Facebook Pixel\"?  off 1\n",
        "\"Salesforce\"              1  on 1\n",
    ] {
        assert!(human.contains(part), "{part}\n{human}");
    }
}

/// However many other names there are, and however frequent, they hide no misspelled one.
#[test]
fn a_misspelled_name_is_shown_before_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "p.consent", &policy_text(r#"destination "X" needs Ads"#));
    let path = path.to_str().unwrap();
    let named = |name: &str| {
        format!(
            r#"{{"integrations":{{"{name}":false}},"context":{{"consent":{{"categoryPreferences":{{"{name}":true}}}}}}}}"#
        )
    };
    let of = |number: usize| named(&format!("stranger {number}"));
    let frequent = (0..2).flat_map(|_| (0..20).map(of));
    let many = (20..MAX_VALUES + 20).map(of);
    let late = [r#"{"integrations":{"all":false}}"#.to_owned(), named("ADS")];
    for (others, hidden) in [(frequent.collect::<Vec<_>>(), 0), (many.collect(), 1)] {
        let lines: Vec<String> = others.into_iter().chain(late.clone()).collect();
        let input = lines.join("\n");
        let document = document(&[path], input.as_bytes());
        let meant = |names: &str, key: &str| -> Vec<(String, String)> {
            let rows = document[names]["rows"].as_array().unwrap().iter();
            let text = |value: &Value| value.as_str().map(str::to_owned);
            rows.filter_map(|row| Some((text(&row[key])?, text(&row["meant"])?))).collect()
        };
        let pair = |name: &str, meant: &str| (name.to_owned(), meant.to_owned());
        assert_eq!(meant("unknown_integrations", "integration"), [pair("all", "All")]);
        assert_eq!(meant("unknown_categories", "category"), [pair("ADS", "Ads")]);
        // The name of the category stands in the integrations object too, where it means nothing.
        assert_eq!(document["unknown_integrations"]["other"], hidden);
        let human = run(&[path], input.as_bytes()).out;
        for part in [
            "integrations that the policy does not declare\n  \"all\"  ",
            "categories that the policy does not declare\n  \"ADS\"  ",
        ] {
            assert!(human.contains(part), "{part}\n{human}");
        }
    }
}

/// Where names are too many to compare each with each, the report says so.
#[test]
fn names_that_are_not_compared_are_announced() {
    let folder = tempfile::tempdir().unwrap();
    let letters = |number: usize| -> String {
        [number % 26, number / 26 % 26, number / 676]
            .map(|letter| char::from(b'a' + letter as u8))
            .iter()
            .collect()
    };
    let destinations: Vec<String> = (0..15_000)
        .map(|number| format!("destination \"{}{}\" unmapped", "x".repeat(90), letters(number)))
        .collect();
    let path = file(&folder, "p.consent", &policy_text(&destinations.join("\n")));
    let path = path.to_str().unwrap();
    let named = |count: usize| -> String {
        let names = (0..count).map(|number| format!("\"{}{}\":true", "y".repeat(90), letters(number)));
        format!("{{\"integrations\":{{{}}}}}", names.collect::<Vec<_>>().join(","))
    };
    for (count, all) in [(1, true), (4, false)] {
        let found = document(&[path], named(count).as_bytes());
        assert_eq!(found["unknown_integrations"]["all_compared"], all);
        assert_eq!(found["unknown_categories"]["all_compared"], true);
        let human = run(&[path], named(count).as_bytes()).out;
        assert_eq!(
            human.contains("  too many names to compare each with those of the policy"),
            !all,
            "{human}"
        );
    }
}

/// The values of one finding leave room for those of another.
#[test]
fn values_of_one_finding_do_not_hide_those_of_another() {
    let policy = policy("");
    let preference = |number: usize| stamped(&format!(r#"{{"categoryPreferences":{{"Ads":{number}}}}}"#));
    let mut lines: Vec<String> = (0..2 * MAX_VALUES).map(preference).collect();
    lines.push(r#"{"integrations":[]}"#.to_owned());
    let audit = audit(&policy, &lines.iter().map(String::as_bytes).collect::<Vec<_>>());
    assert_eq!(audit.unread_values[&Finding::MalformedIntegrations].rows().count(), 1);
    // The report counts values without a row too.
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "p.consent", &policy_text(""));
    let human = run(&[path.to_str().unwrap()], lines.join("\n").as_bytes()).out;
    assert!(human.contains("    990 more            990\n    other              1000\n"), "{human}");
}

/// People write the name of a category where its wire id belongs.
#[test]
fn the_name_of_a_category_means_its_wire_id() {
    let text = format!("{} category Advertising = \"C0004\"", policy_text(""));
    let policy = consentry::Policy::parse(&text).unwrap();
    let lines = ["Advertising", "advertising ", "Advertisng", "C0005"];
    let lines = lines.map(|key| stamped(&format!(r#"{{"categoryPreferences":{{"{key}":true}}}}"#)));
    let audit = audit(&policy, &lines.each_ref().map(|line| line.as_bytes()));
    let rows: Vec<_> = audit.unknown_categories.rows().map(|(name, _)| audit.meant_category(name)).collect();
    assert_eq!(rows, [Some("C0004"), Some("C0004"), None, Some("C0004")]);
}

/// Cases after problems that users of these pipelines reported in public.
#[test]
fn reported_cases_are_found() {
    for (case, expected) in [
        ("warehouses-object", json!({ "unread_switch": 2 })),
        ("integrations-misspelled", json!({ "misspelled_integration": 3 })),
        ("php-empty-arrays", json!({ "malformed": 2, "malformed_integrations": 1 })),
    ] {
        let path = |end: &str| format!("tests/cases/{case}.{end}");
        let found = document(&[&path("consent"), &path("ndjson")], b"");
        let findings = found["findings"].as_object().unwrap().iter().filter(|(_, count)| **count != 0);
        assert_eq!(
            Value::Object(findings.map(|(name, count)| (name.clone(), count.clone())).collect()),
            expected
        );
    }
    // Decisions stay as they are: an object counts as on, names are exact, and what is malformed is dropped.
    let outcomes = |case: &str| {
        let path = |end: &str| format!("tests/cases/{case}.{end}");
        let run = text::run(&["eval", &path("consent"), &path("ndjson"), "--format", "json"], b"");
        let lines = run.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let names = |reports: &Value| -> Vec<String> {
            let names = reports.as_array().unwrap().iter();
            names.map(|one| one["destination"].as_str().unwrap().to_owned()).collect()
        };
        lines.map(|line| names(&line["deliver"]).join(", ")).collect::<Vec<_>>()
    };
    let warehouses = "Snowflake, Redshift, Google Ads";
    assert_eq!(outcomes("warehouses-object"), [warehouses, warehouses, "Google Ads"]);
    let all = "Amplitude, Facebook Pixel, Intercom, Snowflake";
    assert_eq!(outcomes("integrations-misspelled"), [all, all, "Snowflake"]);
    assert_eq!(outcomes("php-empty-arrays"), ["", "", ""]);
}

/// Each thing that can be found makes an audit not clean by itself.
#[test]
fn an_audit_is_clean_only_if_nothing_is_found() {
    let policy = policy("category Z always category Old unenforced");
    let fine = stamped(r#"{"categoryPreferences":{"Ads":true,"s":false}}"#);
    let clean = |lines: &[&str]| {
        audit(&policy, &lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>()).is_clean()
    };
    assert!(
        clean(&[])
            && clean(&[&fine, "", " "])
            && clean(&[&fine, &stamped(r#"{"categoryPreferences":{"Z":true}}"#)])
    );
    for line in ["{}", "[]", &stamped("{}"), &stamped("1"), &stamped(r#"{"categoryPreferences":{}}"#)] {
        assert!(!clean(&[&fine, line]), "{line}");
    }
    // `Stats` is never stamped; what is `always` granted or unenforced need not be.
    let partly = stamped(r#"{"categoryPreferences":{"Ads":true}}"#);
    assert!(!clean(&[&partly]));
    let audit = audit(&policy, &[partly.as_bytes()]);
    let never: Vec<&str> = audit.never_stamped().map(|id| policy.category(id).unwrap().wire_id()).collect();
    assert_eq!(never, ["s"]);
    // A ledger that does not answer has checked nothing.
    let policy = self::policy("override ledger mismatch report");
    let event = AuditEvent::read(fine.as_bytes(), &policy, &Limits::default()).unwrap();
    for (recorded, clean) in [(Recorded::Unknown, true), (Recorded::Unreachable, false)] {
        let mut audit = Audit::new(&policy);
        audit.add(&event, Some(&reference::check(&policy, &event.notice.event, recorded).unwrap().0));
        assert_eq!(audit.is_clean(), clean);
    }
}

/// Sorts of events, and of whom they say: one whose id cannot be read is of nobody, whatever else it has.
#[test]
fn events_and_their_people_are_counted() {
    let policy = policy("");
    let lines = [
        r#"{"type":"identify","userId":"u"}"#,
        r#"{"type":"identify","anonymousId":"a"}"#,
        r#"{"type":"identify","userId":"","anonymousId":null}"#,
        r#"{"type":"track","event":"Segment Consent Preference","userId":7.5,"anonymousId":"a"}"#,
        r#"{"type":"page","event":"Segment Consent Preference","userId":"u"}"#,
        r#"{"type":"page"}"#,
    ];
    let audit = audit(&policy, &lines.map(str::as_bytes));
    let counts = (audit.preference_events, audit.identify_events, audit.without_person);
    assert_eq!(counts, (1, 3, 3));
}

/// Days are those of UTC, and what an event does not say is a value of its own.
#[test]
fn events_are_broken_down() {
    let policy = policy("");
    let lines = [
        r#"{"type":"page","timestamp":"2026-10-01T23:30:00-02:00","context":{"library":{"name":"a","version":"1"}}}"#,
        r#"{"type":"page","timestamp":"2026-10-01T01:30:00+02:00","receivedAt":"2026-12-01T00:00:00Z","context":{"library":{"name":"a"}}}"#,
        r#"{"type":"none","timestamp":"yesterday","receivedAt":"2026-10-03T00:00:00Z","context":{"library":{"version":"1"}}}"#,
        r#"{"type":7,"timestamp":7,"context":{"library":"a"}}"#,
        r#"{"type":"page","type":"page","context":{"library":{"name":"a@1"}}}"#,
    ];
    let audit = audit(&policy, &lines.map(str::as_bytes));
    let rows = |by| -> Vec<(Vec<Option<String>>, u64)> {
        let rows = audit.by[by as usize].rows();
        rows.map(|(value, tally)| {
            (value.iter().map(|part| part.as_ref().map(ToString::to_string)).collect(), tally.events)
        })
        .collect()
    };
    let one = |text: &str| vec![Some(text.to_owned())];
    let two =
        |name: Option<&str>, version: Option<&str>| vec![name.map(str::to_owned), version.map(str::to_owned)];
    assert_eq!(rows(By::Type), [(vec![None], 2), (one("none"), 1), (one("page"), 2)]);
    assert_eq!(rows(By::Library), [(vec![None], 2), (one("a"), 2), (one("a@1"), 1)]);
    assert_eq!(
        rows(By::Version),
        [
            (two(None, None), 1),
            (two(None, Some("1")), 1),
            (two(Some("a"), None), 1),
            (two(Some("a"), Some("1")), 1),
            (two(Some("a@1"), None), 1),
        ]
    );
    assert_eq!(
        rows(By::Day),
        [(vec![None], 2), (one("2026-09-30"), 1), (one("2026-10-02"), 1), (one("2026-10-03"), 1)]
    );
}

fn run(arguments: &[&str], input: &[u8]) -> text::Run {
    text::run(&[&["audit"], arguments].concat(), input)
}

/// The document that the command prints, which has the form that its schema says.
fn document(arguments: &[&str], input: &[u8]) -> Value {
    let run = run(&[arguments, &["--format", "json"]].concat(), input);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    assert!(run.out.ends_with("}\n") && run.err.is_empty(), "{}", run.err);
    assert_eq!(run.status, i32::from(document["clean"] == false));
    let schema =
        fs::read_to_string(format!("{}/grammar/audit.schema.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!validator.is_valid(&json!({ "v": 1 })));
    document
}

/// A policy in a file that is there as long as the folder.
fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn real_events() -> Vec<String> {
    let file = fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(EVENTS)).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What the independent count has to know of a policy.
struct Facts {
    name: &'static str,
    spelling: &'static str,
    /// The name, the wire id, and whether it counts.
    categories: &'static [(&'static str, &'static str, bool)],
    /// The names and aliases of destinations.
    integrations: &'static [&'static str],
}

const SPELLINGS: [&str; 3] = ["categoryPreferences", "categoryPreference", "consentPreferences"];

/// The findings of an event and its state, worked out from its JSON, in which no key is there twice.
fn by_hand(event: &Value, facts: &Facts) -> (&'static str, BTreeSet<&'static str>) {
    let mut found = BTreeSet::new();
    let state = match event["context"].get("consent") {
        None => "missing",
        Some(Value::Object(consent)) => {
            let spelled: Vec<&str> =
                SPELLINGS.into_iter().filter(|spelling| consent.contains_key(*spelling)).collect();
            match (spelled.as_slice(), consent.get(facts.spelling)) {
                ([], _) => "empty",
                ([_], Some(Value::Object(preferences))) if preferences.is_empty() => "unanswered",
                ([_], Some(Value::Object(preferences))) => {
                    for (name, value) in preferences {
                        match facts.categories.iter().any(|(_, wire_id, _)| name == wire_id) {
                            false => found.insert("unknown_category"),
                            true if !value.is_boolean() => found.insert("invalid_preference"),
                            true => false,
                        };
                    }
                    "answered"
                }
                (spelled, _) if spelled.iter().any(|one| *one != facts.spelling) => "wrong_spelling",
                _ => "malformed",
            }
        }
        Some(_) => "malformed",
    };
    if state != "answered" {
        found.insert(state);
    }
    for name in entries(event).keys() {
        if name != "All" && !facts.integrations.contains(&name.as_str()) {
            found.insert("unknown_integration");
        }
    }
    if is_preference_event(event) && state != "answered" && state != "unanswered" {
        found.insert("rejected");
    }
    (if state == "wrong_spelling" { "malformed" } else { state }, found)
}

/// The integrations of an event, each of which is true, false or an object.
fn entries(event: &Value) -> Map<String, Value> {
    event.get("integrations").map_or_else(Map::new, |entries| entries.as_object().unwrap().clone())
}

fn is_preference_event(event: &Value) -> bool {
    event["type"] == "track"
        && (event["event"] == "Segment Consent Preference Updated"
            || event["event"] == "Segment Consent Preference")
}

const FINDINGS: [&str; 15] = [
    "missing",
    "empty",
    "unanswered",
    "malformed",
    "wrong_spelling",
    "unknown_category",
    "invalid_preference",
    "malformed_integrations",
    "misplaced_integrations",
    "misspelled_integration",
    "unknown_integration",
    "invalid_entry",
    "unread_switch",
    "mismatch",
    "rejected",
];

fn no_findings() -> Map<String, Value> {
    FINDINGS.map(|finding| (finding.to_owned(), json!(0))).into_iter().collect()
}

fn add(to: &mut Value) {
    *to = json!(to.as_u64().unwrap() + 1);
}

/// In which categories an event differs from what is recorded, or what else its check finds.
type Compared = Result<Vec<&'static str>, &'static str>;

/// The whole document, counted with a JSON parser alone.
fn counted(events: &[Value], facts: &Facts, compare: Option<&dyn Fn(&Value) -> Compared>) -> Value {
    let mut counts = json!({
        "v": 1,
        "policy": facts.name,
        "edition": 1,
        "clean": false,
        "events": events.len(),
        "blank_lines": 0,
        "not_events": EventErrorKind::ALL.iter().filter(|kind| !kind.as_str().contains("batch") && kind.as_str() != "invalid_item").map(|kind| (kind.as_str().to_owned(), json!(0))).collect::<Map<_, _>>(),
        "consent": { "missing": 0, "empty": 0, "unanswered": 0, "answered": 0, "malformed": 0 },
        "integrations": { "none": 0, "present": 0, "malformed": 0 },
        "findings": no_findings(),
        "wrong_spellings": {},
        "rejections": { "no_preferences": 0, "no_person": 0, "too_large": 0, "invalid_id": 0 },
        "preference_events": 0,
        "identify_events": 0,
        "without_person": 0,
        "checks": compare.map(|_| json!({})),
    });
    let mut categories: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
    let mut unknown_entries: BTreeMap<String, BTreeMap<&str, u64>> = BTreeMap::new();
    let mut values: BTreeMap<(&str, String, String), u64> = BTreeMap::new();
    let mut by: BTreeMap<&str, BTreeMap<Vec<Option<String>>, Value>> = BTreeMap::new();
    for event in events {
        let (state, mut found) = by_hand(event, facts);
        add(&mut counts["consent"][state]);
        if let Some(compare) = compare {
            let word = match compare(event) {
                Ok(differing) if differing.is_empty() => "agrees",
                Ok(differing) => {
                    found.insert("mismatch");
                    for name in differing {
                        *categories.entry(name).or_default().entry("mismatched").or_default() += 1;
                    }
                    "mismatch"
                }
                Err(word) => word,
            };
            let seen = counts["checks"][word].as_u64().unwrap_or(0);
            counts["checks"][word] = json!(seen + 1);
        }
        for finding in &found {
            add(&mut counts["findings"][finding]);
        }
        if found.contains("wrong_spelling") {
            let consent = &event["context"]["consent"];
            let spelling =
                SPELLINGS.iter().find(|one| **one != facts.spelling && !consent[**one].is_null()).unwrap();
            let seen = counts["wrong_spellings"][spelling].as_u64().unwrap_or(0);
            counts["wrong_spellings"][spelling] = json!(seen + 1);
        }
        let integrations = entries(event);
        add(&mut counts["integrations"][if integrations.is_empty() { "none" } else { "present" }]);
        for (name, value) in integrations {
            if name != "All" && !facts.integrations.contains(&name.as_str()) {
                let entry = if value == false { "off" } else { "on" };
                assert!(value.is_boolean() || value.is_object());
                *unknown_entries.entry(name).or_default().entry(entry).or_default() += 1;
            }
        }
        if found.contains("malformed") {
            let consent = event["context"]["consent"].to_string();
            *values.entry(("malformed", "context.consent".to_owned(), consent)).or_default() += 1;
        }
        if found.contains("rejected") {
            add(&mut counts["rejections"]["no_preferences"]);
        }
        if is_preference_event(event) {
            add(&mut counts["preference_events"]);
        }
        if event["type"] == "identify" {
            add(&mut counts["identify_events"]);
        }
        if !event["userId"].is_string() && !event["anonymousId"].is_string() {
            add(&mut counts["without_person"]);
        }
        if state == "answered" {
            let preferences = event["context"]["consent"][facts.spelling].as_object().unwrap();
            for (_, wire_id, _) in facts.categories {
                let said = match preferences.get(*wire_id) {
                    Some(Value::Bool(true)) => "granted",
                    Some(Value::Bool(false)) => "refused",
                    Some(value) => {
                        let value = ("invalid_preference", (*wire_id).to_owned(), value.to_string());
                        *values.entry(value).or_default() += 1;
                        "invalid"
                    }
                    None => "unasked",
                };
                *categories.entry(wire_id).or_default().entry(said).or_default() += 1;
            }
            for name in preferences.keys() {
                if !facts.categories.iter().any(|(_, wire_id, _)| name == wire_id) {
                    *unknown.entry(name.clone()).or_default() += 1;
                }
            }
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let library = &event["context"]["library"];
        // All of them are in UTC.
        let day = event["timestamp"].as_str().map(|timestamp| {
            assert!(timestamp.ends_with('Z'));
            timestamp[..10].to_owned()
        });
        for (by_what, value) in [
            ("type", vec![text(&event["type"])]),
            ("library", vec![text(&library["name"])]),
            ("version", vec![text(&library["name"]), text(&library["version"])]),
            ("day", vec![day]),
        ] {
            let row = by
                .entry(by_what)
                .or_default()
                .entry(value)
                .or_insert_with(|| json!({ "events": 0, "findings": no_findings() }));
            add(&mut row["events"]);
            for finding in &found {
                add(&mut row["findings"][finding]);
            }
        }
    }
    let count = |wire_id: &str, said: &str| {
        categories.get(wire_id).and_then(|counts| counts.get(said)).copied().unwrap_or(0)
    };
    counts["categories"] = facts
        .categories
        .iter()
        .map(|(name, wire_id, is_counted)| {
            json!({
                "category": name,
                "wire_id": wire_id,
                "wire_ids": [wire_id],
                "counts": is_counted,
                "granted": count(wire_id, "granted"),
                "refused": count(wire_id, "refused"),
                "unasked": count(wire_id, "unasked"),
                "invalid": count(wire_id, "invalid"),
                "mismatched": compare.map(|_| count(wire_id, "mismatched")),
            })
        })
        .collect();
    let never = facts.categories.iter().filter(|(_, wire_id, is_counted)| {
        *is_counted && ["granted", "refused", "invalid"].iter().all(|said| count(wire_id, said) == 0)
    });
    counts["never_stamped"] = never.map(|(name, ..)| json!(name)).collect();
    let unknown: Vec<Value> = unknown
        .into_iter()
        .map(|(name, count)| json!({ "category": name, "meant": null, "events": count }))
        .collect();
    counts["unknown_categories"] = json!({ "rows": unknown, "other": 0, "all_compared": true });
    let unknown: Vec<Value> = unknown_entries
        .into_iter()
        .map(|(name, entries)| {
            let count = |entry: &str| entries.get(entry).copied().unwrap_or(0);
            let (on, off) = (count("on"), count("off"));
            json!({ "integration": name, "meant": null, "events": on + off, "on": on, "off": off, "invalid": 0 })
        })
        .collect();
    counts["unknown_integrations"] = json!({ "rows": unknown, "other": 0, "all_compared": true });
    let values: Vec<Value> = values
        .into_iter()
        .map(|((finding, name, value), events)| {
            json!({ "finding": finding, "name": name, "value": value, "events": events })
        })
        .collect();
    counts["unread_values"] = json!({ "rows": values, "other": 0 });
    let parts = |by_what: &str| match by_what {
        "version" => vec!["library".to_owned(), "version".to_owned()],
        other => vec![other.to_owned()],
    };
    for (by_what, rows) in by {
        let rows: Vec<Value> = rows
            .into_iter()
            .map(|(value, mut row)| {
                parts(by_what).into_iter().zip(value).for_each(|(part, text)| row[part] = json!(text));
                row
            })
            .collect();
        let other = json!({ "events": 0, "findings": no_findings() });
        counts["by"][by_what] = json!({ "rows": rows, "other": other });
    }
    counts
}

fn parsed(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SHOP_FACTS: Facts = Facts {
    name: "shop",
    spelling: "categoryPreferences",
    categories: &[
        ("Advertising", "Advertising", true),
        ("Analytics", "Analytics", true),
        ("Functional", "Functional", true),
        ("DataSharing", "DataSharing", true),
        ("Personalization", "Personalization", true),
        ("Marketing", "Marketing", false),
    ],
    integrations: &[
        "Facebook Pixel",
        "Google Ads",
        "Amplitude",
        "amplitude-js",
        "Mixpanel",
        "Braze",
        "HubSpot",
        "Intercom",
        "Zendesk",
        "Snowflake",
        "Amazon S3",
    ],
};

const OTHER_FACTS: Facts = Facts {
    name: "other",
    spelling: "categoryPreferences",
    categories: &[
        ("Chat", "Functional", true),
        ("Analytics", "Analytics", true),
        ("Never", "Never", true),
        ("Old", "Old", false),
        ("Needed", "Needed", false),
    ],
    integrations: &[],
};

const OTHER: &str = "consentry 1 policy \"other\" include prelude \"segment\" category Chat = \"Functional\" category Analytics \
    category Never category Old unenforced category Needed always";

/// Every number of the document, of the shop and of policies that know less, or spell otherwise.
#[test]
fn real_events_are_counted_as_by_hand() {
    let lines = real_events();
    let events = parsed(&lines);
    assert_eq!(events.len(), 6_000);
    let some: Vec<&str> = lines.iter().skip(2).step_by(20).map(String::as_str).collect();
    let file_of_some =
        fs::read_to_string(format!("{}/tests/data/events.ndjson", env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(some == file_of_some.lines().collect::<Vec<_>>(), "the small file is no part of the large one");

    let shop = document(&[SHOP, EVENTS], b"");
    assert_eq!(shop, counted(&events, &SHOP_FACTS, None));
    // The same, written down: the two counts are wrong in the same way at most where this is too.
    assert_eq!(
        shop["findings"],
        json!({
            "missing": 460, "empty": 190, "unanswered": 305, "malformed": 52, "wrong_spelling": 0,
            "unknown_category": 0, "invalid_preference": 58, "malformed_integrations": 0, "misplaced_integrations": 0,
            "misspelled_integration": 0, "unknown_integration": 0, "invalid_entry": 0, "unread_switch": 0, "mismatch": 0, "rejected": 40,
        })
    );

    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "other.consent", OTHER);
    let other = document(&[path.to_str().unwrap(), EVENTS], b"");
    assert_eq!(other, counted(&events, &OTHER_FACTS, None));
    assert_eq!(other["never_stamped"], json!(["Never"]));
    assert_eq!(other["findings"]["unknown_category"], 4_993);
    assert_eq!(other["findings"]["unknown_integration"], 1_765);

    let old =
        format!("{} override consent at context.consent.consentPreferences", OTHER.replace("other", "old"));
    let path = file(&folder, "old.consent", &old);
    let spelled = document(&[path.to_str().unwrap(), EVENTS], b"");
    let facts = Facts { name: "old", spelling: "consentPreferences", ..OTHER_FACTS };
    assert_eq!(spelled, counted(&events, &facts, None));
    assert_eq!(spelled["findings"]["wrong_spelling"], 4_993 + 305);
}

/// Against a ledger of their own preference events, without links: what each id said last.
#[test]
fn real_events_against_a_ledger_are_counted_as_by_hand() {
    let lines = real_events();
    let events = parsed(&lines);
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{OTHER} override ledger mismatch report");
    let path = file(&folder, "other.consent", &text);
    let path = path.to_str().unwrap();
    let writes: Vec<&String> = lines
        .iter()
        .zip(&events)
        .filter(|(_, event)| is_preference_event(event))
        .map(|(line, _)| line)
        .collect();
    let writes: String = writes.into_iter().map(|line| format!("{line}\n")).collect();
    let store = folder.path().join("ledger");
    let store = store.to_str().unwrap();
    let ingested = text::run(&["ledger", "ingest", store, "--policy", path], writes.as_bytes());
    assert_eq!(ingested.status, 1, "some are rejected: {}", ingested.err);

    let person = |event: &Value| match (&event["userId"], &event["anonymousId"]) {
        (Value::String(id), _) => format!("user {id}"),
        (_, id) => format!("anonymous {id}"),
    };
    // What is granted by the latest preference event of each id; no id has two at one time.
    let mut recorded: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    let granted = |event: &Value| -> Option<BTreeSet<String>> {
        let preferences = event["context"]["consent"]["categoryPreferences"].as_object()?;
        Some(preferences.iter().filter(|(_, value)| **value == true).map(|(name, _)| name.clone()).collect())
    };
    for event in events.iter().filter(|event| is_preference_event(event)) {
        let Some(granted) = granted(event) else { continue };
        let at = event["timestamp"].as_str().unwrap().to_owned();
        let latest = recorded.entry(person(event)).or_insert_with(|| (String::new(), BTreeSet::new()));
        assert_ne!(latest.0, at);
        if at > latest.0 {
            *latest = (at, granted);
        }
    }
    let compare = |event: &Value| -> Compared {
        if is_preference_event(event) {
            return Err("recording");
        }
        let (_, recorded) = recorded.get(&person(event)).ok_or("unknown")?;
        let given = event["context"]["consent"]["categoryPreferences"].as_object();
        let granted = granted(event).filter(|_| !given.unwrap().is_empty()).ok_or("unstamped")?;
        let differing = ["Functional", "Analytics", "Never"].into_iter();
        Ok(differing.filter(|name| granted.contains(*name) != recorded.contains(*name)).collect())
    };
    let found = document(&[path, EVENTS, "--ledger", store], b"");
    assert_eq!(found, counted(&events, &OTHER_FACTS, Some(&compare)));
    let mismatches = found["findings"]["mismatch"].as_u64().unwrap();
    let agrees = found["checks"]["agrees"].as_u64().unwrap();
    assert!(
        mismatches > 100 && agrees > 100 && found["checks"]["unstamped"].as_u64() > Some(10),
        "{}",
        found["checks"]
    );
    let human = run(&[path, EVENTS, "--ledger", store], b"").out;
    let expected = format!("\n  mismatch               {mismatches:>9}  ");
    assert!(
        human.contains(&expected)
            && human.contains("\nagainst the ledger: ")
            && human.contains(" not as recorded\n"),
        "{human}"
    );
}

/// Memory stays bounded, and what is beyond is counted apart, whatever it is called.
#[test]
fn what_is_beyond_the_bounds_is_counted_together() {
    let policy = policy("");
    let long = "x".repeat(MAX_VALUE_BYTES + 1);
    let longest = &long[1..];
    let mut lines: Vec<String> =
        (0..MAX_VALUES - 4).map(|number| format!(r#"{{"type":"{number:04}"}}"#)).collect();
    let preferences = |names: &[String]| {
        let members: Vec<String> = names.iter().map(|name| format!(r#""{name}":true"#)).collect();
        stamped(&format!(r#"{{"categoryPreferences":{{{}}}}}"#, members.join(",")))
    };
    for value in ["other", longest, &long, "none"] {
        lines.push(format!(r#"{{"type":"{value}"}}"#));
    }
    // One more of each that is there, and of one that is not any more.
    lines.extend(
        ["{}", r#"{"type":"other"}"#, r#"{"type":"0000"}"#, r#"{"type":"late"}"#, r#"{"type":"late"}"#]
            .map(String::from),
    );
    let names: Vec<String> =
        (0..MAX_VALUES + 7).map(|number| format!("{number:05}")).chain([long.clone()]).collect();
    lines.push(preferences(&names));
    lines.push(preferences(&names[MAX_VALUES - 1..]));
    let audit = audit(&policy, &lines.iter().map(String::as_bytes).collect::<Vec<_>>());

    let types = &audit.by[By::Type as usize];
    assert_eq!(types.rows().count(), MAX_VALUES);
    // The long one and the two late ones.
    assert_eq!((types.other().events, types.other().of(Finding::Missing)), (3, 3));
    let count = |name: Option<&str>| {
        let is = |value: &&str, part: &consentry::event::Name<'_>| *part == **value;
        let mut rows = types.rows().filter(|(value, _)| match (name, &value[0]) {
            (None, None) => true,
            (Some(name), Some(part)) => is(&name, part),
            _ => false,
        });
        rows.next().map(|(_, tally)| tally.events)
    };
    assert_eq!([count(Some("other")), count(Some("none")), count(None)], [Some(2), Some(1), Some(3)]);
    assert_eq!(
        [count(Some(longest)), count(Some("0000")), count(Some("late")), count(Some(&long))],
        [Some(1), Some(2), None, None]
    );
    assert_eq!(types.rows().map(|(_, tally)| tally.events).sum::<u64>() + 3, audit.all.events);

    let unknown = &audit.unknown_categories;
    assert_eq!(unknown.rows().count(), MAX_VALUES);
    assert_eq!(unknown.rows().map(|(_, count)| count.total()).sum::<u64>(), MAX_VALUES as u64 + 1);
    // Seven beyond the bound and the long one, in each of two events.
    assert_eq!(unknown.other(), 16);

    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "p.consent", &policy_text(""));
    let path = path.to_str().unwrap();
    let input = lines.join("\n");
    let document = document(&[path, "-"], input.as_bytes());
    assert_eq!(document["by"]["type"]["other"]["events"], 3);
    assert_eq!(document["by"]["type"]["rows"].as_array().unwrap().len(), MAX_VALUES);
    assert_eq!(document["unknown_categories"]["other"], 16);
    let human = run(&[path], input.as_bytes()).out;
    let row = |name: &str, count: u64, of: u64| format!("    {name:<8}  {count:>7} of {of:<7}   100.0 %\n");
    for part in [
        row("\"other\"", 2, 2),
        row("\"0000\"", 2, 2),
        row("990 more", 990, 990),
        row("other", 3, 3),
        "  other names, named 16 times\n".to_owned(),
    ] {
        assert!(human.contains(&part), "{part}\n{human}");
    }
}

/// Lines that are not events are counted, also one that is longer than an event may be, and the events around them.
#[test]
fn no_line_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "p.consent", &policy_text(""));
    let path = path.to_str().unwrap();
    let fine = stamped(r#"{"categoryPreferences":{"Ads":true,"s":false}}"#);
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(16 << 20));
    let deep = "[".repeat(200);
    let mut input = Vec::new();
    for line in [
        fine.as_bytes(),
        long.as_bytes(),
        b"",
        b"\xEF\xBB\xBF{}",
        b"{\"\xFF\":1}",
        deep.as_bytes(),
        b"{",
        b"[]",
        b"7",
    ] {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    input.extend_from_slice(fine.as_bytes());
    let found = document(&[path], &input);
    assert_eq!(found["events"], 2);
    assert_eq!(
        found["not_events"],
        json!({ "line_too_long": 1, "blank_line": 0, "byte_order_mark": 1, "not_utf8": 1, "nested_too_deep": 1, "not_json": 1, "not_an_object": 2 })
    );
    assert_eq!(found["clean"], false);
    let human = run(&[path, "-"], &input);
    let first = "2 events audited by \"p\", 7 not events (1 line_too_long, 1 byte_order_mark, 1 not_utf8, 1 nested_too_deep, 1 not_json, 2 not_an_object), 1 blank line\n";
    assert!(human.status == 1 && human.out.starts_with(first), "{}", human.out);
}

#[test]
fn the_status_says_whether_something_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "p.consent", &policy_text(""));
    let path = path.to_str().unwrap();
    let fine = stamped(r#"{"categoryPreferences":{"Ads":true,"s":false}}"#);
    let clean = run(&[path], fine.as_bytes());
    assert_eq!((clean.status, clean.err.as_str()), (0, ""));
    assert!(clean.out.contains("\nnothing was found\n"), "{}", clean.out);
    assert_eq!(run(&[path], b"").status, 0);
    let never = run(&[path], stamped(r#"{"categoryPreferences":{"Ads":true}}"#).as_bytes());
    assert_eq!(never.status, 1);
    assert!(never.out.contains("no event says anything of \"Stats\"\n"), "{}", never.out);
    for (arguments, said) in [
        (vec![path, "no-such-file"], "cannot read `no-such-file`"),
        (vec!["no-such.consent"], "no-such.consent"),
        (vec![], "required"),
        (vec![path, "--format", "csv"], "csv"),
        (vec![path, "--ledger", "ledger"], "the policy asks for no check against a ledger"),
    ] {
        let run = run(&arguments, b"{}");
        assert!(run.status == 2 && run.out.is_empty() && run.err.contains(said), "{arguments:?} {}", run.err);
    }
    // A ledger that is not there cannot be read; one that does not answer has checked nothing, and that is said.
    let path = file(&folder, "v.consent", &policy_text("override ledger mismatch report"));
    let path = path.to_str().unwrap();
    let missing = folder.path().join("missing");
    assert_eq!(run(&[path, "--ledger", missing.to_str().unwrap()], fine.as_bytes()).status, 2);
    let silent = run(&[path, "--ledger", "redis://127.0.0.1:1/0"], fine.as_bytes());
    assert!(
        silent.status == 1 && silent.err.contains("the ledger does not answer"),
        "{} {}",
        silent.status,
        silent.err
    );
    assert!(
        silent.out.contains("\n  unreachable  ")
            && silent.out.contains("\nagainst the ledger: 1 unreachable\n"),
        "{}",
        silent.out
    );
}

/// Names of events and policies cannot deceive who reads them.
#[test]
fn what_deceives_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "p.consent", &policy_text(""));
    let line = "{\"type\":\"a\u{202E}b\",\"context\":{\"library\":{\"name\":\"x\\n  mismatch\",\"version\":\"\\u0000\"},\
                \"consent\":{\"categoryPreferences\":{\"Ads\":1,\"\u{200B}Ads\":true,\"a\\\"b\":true}}}}";
    let human = run(&[path.to_str().unwrap()], line.as_bytes()).out;
    for part in [
        "\"a\\u{202e}b\"",
        "\"x\\n  mismatch\" @ \"\\0\"",
        "\"\\u{200b}Ads\"",
        "\"a\\\"b\"",
        "  \"Stats\" = \"s\"  ",
    ] {
        assert!(human.contains(part), "{part}\n{human}");
    }
    assert!(
        !human
            .chars()
            .any(|char| char != '\n' && (char.is_control() || matches!(char, '\u{202E}' | '\u{200B}')))
    );
}

/// The README's example is what the command prints.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let section = readme.split("## Auditing by example").nth(1).unwrap();
    let block = |after: &str| section.split(after).nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(block("```sh\n"), format!("cargo run --release --features cli -- audit {SHOP} {EVENTS}\n"));
    let shown = block("```text\n").strip_suffix("…\n").unwrap();
    let run = run(&[SHOP, EVENTS], b"");
    assert!(run.out.starts_with(shown), "{}", run.out);
}
