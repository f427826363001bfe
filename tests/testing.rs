//! Tests of policies, run through the library: what passes, what fails and with what, and where.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use consentry::event::LedgerAnswer;
use consentry::source::{Memory, SourceError};
use consentry::syntax::MAX_FILE_BYTES;
use consentry::testing::{self, CaseResult, Difference, Failure, StatedVerdict};
use consentry::{Policy, Table};

const BASE: &str = r#"consentry 1
policy "p"
include prelude "segment"
category Advertising = "C4"
category Analytics = "C2"
category Functional
destination "Google Ads" needs Advertising alias "AdWords"
destination "Facebook" needs Analytics, Advertising mode device
destination "Zendesk" unmapped
destination "Old" needs Functional disabled
override reconcile {
  consent integrations enforce
  missing none nothing
  missing present integrations
  malformed any drop "malformed consent object"
  any malformed drop "malformed integrations object"
  any none consent
  answered present consent then integrations
  any any consent or integrations because "so"
}
"#;

/// What is wrong with each case of these tests, as lines.
fn run(tests: &str, files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let text = format!("{BASE}{tests}");
    let mut source = Memory::from([("p", text.as_str())]);
    for (name, text) in files {
        source.insert(*name, *text);
    }
    let policy = Policy::from_source(&source, "p").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let table = Table::new(policy);
    testing::run(&table, &source, |_| true).iter().map(lines).collect()
}

fn lines(result: &CaseResult) -> Vec<String> {
    let refused =
        |verdict: &StatedVerdict| verdict.refused.as_ref().map_or("-".into(), |names| names.join("+"));
    let mut lines = Vec::new();
    for failure in &result.failures {
        match failure {
            Failure::File { message } => lines.push(format!("file: {message}")),
            Failure::NotAnEvent { line, error } => lines.push(format!("{line:?}: {}", error.code())),
            Failure::Consent { message } => lines.push(message.clone()),
            Failure::Decided { line, event, check, differences, .. } => {
                let line = line.map_or(String::new(), |line| format!("{line}:"));
                let check = check.map_or(String::new(), |check| format!(" {check}"));
                lines.push(format!("{line}{event}{check}"));
                lines.extend(differences.iter().map(|one| match one {
                    Difference::Destination { destination, expectation, expected, actual, decided_by } => {
                        format!(
                            "{destination}: {} {:?} {}, not {} {:?} {} <- {} <- {}",
                            expected.outcome,
                            expected.reason,
                            refused(expected),
                            actual.outcome,
                            actual.reason.unwrap(),
                            refused(actual),
                            expectation.text,
                            decided_by.as_ref().map_or("-", |place| &place.text),
                        )
                    }
                    Difference::Drop { expectation, expected, actual, decided_by } => {
                        assert!(expected.drop && actual.drop == actual.reason.is_some());
                        let (expected, actual) = (expected.reason, actual.reason);
                        format!(
                            "drop {expected:?}, not {actual:?} <- {} <- {}",
                            expectation.text, decided_by.text
                        )
                    }
                    Difference::Disagreement { .. } => panic!("{one:?}"),
                }));
            }
        }
    }
    assert_eq!(result.passed, lines.is_empty());
    lines
}

fn passes(tests: &str) {
    for (number, failures) in run(tests, &[]).iter().enumerate() {
        assert!(failures.is_empty(), "case {}: {failures:#?}\n{tests}", number + 1);
    }
}

fn fails(tests: &str) -> Vec<String> {
    let mut results = run(tests, &[]);
    assert_eq!(results.len(), 1, "{results:#?}");
    results.pop().unwrap()
}

#[test]
fn what_is_expected_passes() {
    passes(
        r#"test "each way to say an event" {
             consent integrations expect
             missing none deliver only "Google Ads", "Facebook", "Zendesk" because not_enforced
             missing { All: off, "Zendesk": {} } deliver only "Zendesk" block "Facebook" because integration_all_off
             empty none block only "Google Ads", "Facebook", "Old" deliver "Zendesk" because unmapped
             unanswered none block "Google Ads" because refused Advertising
                             block "Facebook" because refused Advertising, Analytics
             { Advertising: granted } { "AdWords": {} } deliver "Google Ads" because consented
             { Advertising: granted, Analytics: invalid } none block "Facebook" because refused Analytics
             { Advertising: granted } { "AdWords": off } block "Google Ads" because integration_off
             { Advertising: granted } { "AdWords": invalid } deliver "Google Ads" because consented
             {} { "Facebook": on } deliver "Facebook" because integration_granted
             malformed none drop "malformed consent object" block all
             { Advertising: granted } malformed drop "malformed integrations object"
             malformed malformed drop
           }
           test "exempt" { event "Segment Consent Preference Updated" consent {} deliver "Facebook" because exempt }
           test "not exempt" { event "Order Completed" consent {} block "Facebook" because refused }
           test "nothing said" { deliver "Facebook" because not_enforced block "Old" because disabled }
           test "json" {
             event {
               "context": { "consent": { "categoryPreferences": {
                 "C4": true, "C2": false, "C2": true } } }
             }
             deliver "Google Ads" block "Facebook" because refused Analytics
           }"#,
    );
}

#[test]
fn differences_say_what_and_where() {
    assert_eq!(
        fails(
            r#"test "t" { consent { Analytics: granted } integrations { "Zendesk": on } deliver "Google Ads", "Facebook" block "Zendesk" }"#
        ),
        [
            r#"{"context":{"consent":{"categoryPreferences":{"C2":true}}},"integrations":{"Zendesk":true}}"#,
            r#"Google Ads: deliver None -, not block Refused Advertising <- deliver "Google Ads", "Facebook" <- needs Advertising"#,
            r#"Facebook: deliver None -, not block Refused Advertising <- deliver "Google Ads", "Facebook" <- needs Analytics, Advertising"#,
            r#"Zendesk: block None -, not deliver Unmapped  <- block "Zendesk" <- unmapped destinations deliver"#,
        ]
    );
    // The outcome is as expected, and the reason or the categories are not.
    assert_eq!(
        fails(
            r#"test "t" { consent {} block "Facebook" because refused Analytics
                 block "Google Ads" because integration_off block "Old" because refused }"#
        )[1..],
        [
            r#"Facebook: block Some(Refused) Analytics, not block Refused Advertising+Analytics <- block "Facebook" because refused Analytics <- needs Analytics, Advertising"#,
            r#"Google Ads: block Some(IntegrationOff) -, not block Refused Advertising <- block "Google Ads" because integration_off <- needs Advertising"#,
            r#"Old: block Some(Refused) -, not block Disabled  <- block "Old" because refused <- disabled"#,
        ]
    );
    // What no step decided by itself is decided by the row.
    assert_eq!(
        fails(r#"test "t" { integrations { "AdWords": off } deliver "Google Ads" block "Facebook" }"#)[1..],
        [
            r#"Google Ads: deliver None -, not block IntegrationOff  <- deliver "Google Ads" <- consent missing, integrations present → integrations"#,
            r#"Facebook: block None -, not deliver NotEnforced  <- block "Facebook" <- consent missing, integrations present → integrations"#,
        ]
    );
    assert_eq!(
        fails(r#"test "t" { consent {} integrations { "Facebook": on } block "Facebook" }"#)[1],
        r#"Facebook: block None -, not deliver IntegrationGranted  <- block "Facebook" <- consent any, integrations any → consent or integrations because "so""#
    );
}

#[test]
fn drops_say_what_and_where() {
    let row = r#"consent malformed, integrations any → drop "malformed consent object""#;
    assert_eq!(
        fails(r#"test "t" { consent malformed drop "another" deliver "Zendesk" }"#),
        [
            r#"{"context":null}"#.to_owned(),
            format!(
                r#"drop Some("another"), not Some("malformed consent object") <- drop "another" <- {row}"#
            ),
            format!(r#"Zendesk: deliver None -, not block Dropped  <- deliver "Zendesk" <- {row}"#),
        ]
    );
    assert_eq!(
        fails("test \"t\" { drop }")[1],
        "drop None, not None <- drop <- consent missing, integrations none → nothing"
    );
    assert_eq!(
        fails("test \"t\" { drop \"x\" }")[1],
        "drop Some(\"x\"), not None <- drop \"x\" <- consent missing, integrations none → nothing"
    );
}

/// `all` and `only` speak of disabled destinations as well, which receive nothing.
#[test]
fn every_destination_is_spoken_of() {
    let old =
        |expectation: &str| format!("Old: deliver None -, not block Disabled  <- {expectation} <- disabled");
    assert_eq!(fails("test \"t\" { deliver all }")[1..], [old("deliver all")]);
    let only = "block only \"Zendesk\"";
    assert_eq!(
        fails(&format!("test \"t\" {{ {only} }}"))[1..],
        [
            format!(
                "Zendesk: block None -, not deliver NotEnforced  <- {only} <- consent missing, integrations none → nothing"
            ),
            old(only)
        ]
    );
    // The reason is that of the destinations which are named.
    let only = "deliver only \"Zendesk\" because unmapped";
    assert_eq!(
        fails(&format!("test \"t\" {{ consent {{ Advertising: granted }} {only} }}"))[1..],
        [format!("Google Ads: block None -, not deliver Consented  <- {only} <- needs Advertising")]
    );
}

#[test]
fn each_event_of_a_file_is_decided() {
    let granted = r#"{"context":{"consent":{"categoryPreferences":{"C4":true}}}}"#;
    let refused = r#"{"context":{"consent":{"categoryPreferences":{"C4":false}}}}"#;
    let test = r#"test "t" { events from "events.ndjson" deliver "Google Ads" }"#;
    let file = |text: &str| run(test, &[("events.ndjson", text)]).pop().unwrap();
    assert!(file(&format!("{granted}\n{granted}")).is_empty());
    assert_eq!(
        file(&format!("{granted}\r\n{refused}\r\n\nnonsense\n{refused}\n")),
        [
            format!("2:{refused}"),
            r#"Google Ads: deliver None -, not block Refused Advertising <- deliver "Google Ads" <- needs Advertising"#.into(),
            "Some(4): not_json".into(),
            format!("5:{refused}"),
            r#"Google Ads: deliver None -, not block Refused Advertising <- deliver "Google Ads" <- needs Advertising"#.into(),
        ]
    );
    // A file without an event would pass whatever is expected.
    assert_eq!(file(""), ["file: it has no event"]);
    assert_eq!(file("\n \r\n"), ["file: it has no event"]);
    // One that is written over several lines is one event, at its first line.
    let pretty = |preference: &str| {
        format!(
            "\n{{\n  \"context\": {{\"consent\":\r\n{{\"categoryPreferences\":{{\"C4\":{preference}}}}}}}\n}}\n\n"
        )
    };
    assert!(file(&pretty("true")).is_empty());
    assert!(file(&pretty("false"))[0].starts_with("2:{ \"context\": "), "{:?}", file(&pretty("false")));
    assert_eq!(run(test, &[])[0], [format!("file: {}", SourceError::NotFound)]);
    let large = format!("{granted}\n").repeat(MAX_FILE_BYTES / granted.len() + 1);
    assert_eq!(file(&large), ["file: it is larger than 8388608 bytes"]);
    assert!(file(&large[..MAX_FILE_BYTES / (granted.len() + 1) * (granted.len() + 1)]).is_empty());
}

/// Results say which test, which row of its table, and how many events were decided.
#[test]
fn results_are_in_order() {
    let tests = r#"test "b" { deliver all }
        test "a" { consent integrations expect missing none drop empty none block "Facebook" }
        test "c" { events from "e" block "Old" }"#;
    let text = format!("{BASE}{tests}");
    let source = Memory::from([("p", text.as_str()), ("e", "{}\n{}\nx")]);
    let table = Table::new(Policy::from_source(&source, "p").unwrap());
    let results = testing::run(&table, &source, |_| true);
    let told: Vec<_> = results.iter().map(|one| (one.test, one.row, one.events, one.passed)).collect();
    assert_eq!(
        told,
        [("b", None, 1, false), ("a", Some(1), 1, false), ("a", Some(2), 1, true), ("c", None, 2, false)]
    );
    let line = |at: usize| results[at].place.line;
    assert_eq!((line(1), line(2)), (22, 22));
    let wanted = testing::run(&table, &source, |test| test.name() == "a");
    assert_eq!(wanted.len(), 2);
}

/// A table of any number of failures does not keep all of them.
#[test]
fn differences_are_bounded() {
    let text = format!("{BASE} test \"t\" {{ events from \"e\" block \"Zendesk\" }}");
    let source = Memory::from([("p", text), ("e", "{}\n".repeat(1_500) + "x\n")]);
    let table = Table::new(Policy::from_source(&source, "p").unwrap());
    let result = &testing::run(&table, &source, |_| true)[0];
    assert_eq!((result.events, result.failures.len(), result.more), (1_500, 1_000, 501));
}

/// Where the event itself holds the preferences, there is none without a consent object.
#[test]
fn a_state_that_no_event_has_is_said() {
    let text = r#"consentry 1 policy "p" include prelude "segment" override consent at choices
        test "t" { consent missing drop } test "u" { consent empty drop } test "v" { consent malformed drop }"#;
    let source = Memory::from([("p", text)]);
    let table = Table::new(Policy::from_source(&source, "p").unwrap());
    let results = testing::run(&table, &source, |_| true);
    let message = "no event can have consent missing: this policy reads it as empty".to_owned();
    let no = Failure::Consent { message };
    assert_eq!((results[0].events, &results[0].failures), (0, &vec![no]));
    assert!(matches!(results[1].failures[..], [Failure::Decided { .. }]));
    assert!(matches!(results[2].failures[..], [Failure::Decided { .. }]));
}

/// JSON is shown on one line, and as it was written otherwise.
#[test]
fn events_are_on_one_line() {
    let test = "test \"t\" { event {\n   \"a b\" :  \"c  d\",\r\n\n\t\"e\": [1,\n2] }\n drop }";
    assert_eq!(fails(test)[0], r#"{ "a b" :  "c  d", "e": [1, 2] }"#);
    assert_eq!(fails("test \"t\" { event { \"a\": 1e999 } drop }").len(), 2);
    // What would hide on a terminal is written by its number, and reads as the same.
    let file = "{\"\u{202E}\u{E0001}\":\t\"\u{7F}é\"}";
    let shown = &run("test \"t\" { events from \"e\" drop }", &[("e", file)])[0][0];
    assert_eq!(shown, "1:{\"\\u202e\\udb40\\udc01\": \"\\u007fé\"}");
}

/// A policy that checks events against a ledger.
fn checked(settings: &str, tests: &str) -> Vec<Vec<String>> {
    run(&format!("override ledger mismatch drop\n{settings}\n{tests}"), &[])
}

fn checked_fails(settings: &str, test: &str) -> Vec<String> {
    let mut results = checked(settings, test);
    assert_eq!(results.len(), 1, "{results:#?}");
    results.pop().unwrap()
}

/// The table of the check in the semantics: what an event is decided with after each result, and why it is dropped.
#[test]
fn what_is_recorded_decides() {
    let none: [&[String]; 0] = [];
    let tests = r#"
        test "as the event says, unless the ledger contradicts" {
          consent integrations recorded expect
          { Advertising: granted } none { Advertising: granted } deliver "Google Ads" because consented
          { Advertising: granted } none { Advertising: refused } drop "Consent mismatch" block all
          { Advertising: granted } none {} drop "Consent mismatch"
          { Advertising: granted } none { Advertising: conflict } drop "Consent mismatch"
          { Advertising: refused } none { Advertising: conflict } block "Google Ads" because refused Advertising
          { Advertising: granted } none { Advertising: granted, Functional: granted } drop "Consent mismatch"
          { Advertising: granted } none unknown deliver "Google Ads" because consented
          { Advertising: granted } none unreachable block "Google Ads" because refused Advertising
          { Analytics: granted } none unreachable block "Facebook" because refused Advertising, Analytics
          missing none { Advertising: granted, Analytics: granted } deliver "Facebook", "Google Ads" because consented
          missing none {} block "Facebook" because refused Advertising, Analytics
          empty { "Facebook": on } { Advertising: granted } block "Facebook" because refused Analytics
          malformed none { Advertising: granted } drop "malformed consent object"
          malformed none unreachable drop "malformed consent object"
        }
        test "one" { consent { Advertising: granted } recorded unreachable block "Google Ads", "Facebook" }
        test "two" { recorded { Advertising: granted } deliver "Google Ads" because consented }
        test "no answer, no check" { consent { Advertising: granted } deliver "Google Ads" because consented }
        test "preference events are never checked" {
          event "Segment Consent Preference Updated" consent { Advertising: granted }
          recorded { Advertising: refused } deliver "Google Ads" because exempt }
        test "json" {
          event { "context": { "consent": { "categoryPreferences": { "C4": true } } } }
          recorded { Advertising: refused } drop "Consent mismatch" }"#;
    assert_eq!(checked("", tests).iter().filter(|lines| !lines.is_empty()).collect::<Vec<_>>(), none);
    let tests = r#"
        test "t" {
          consent integrations recorded expect
          { Advertising: granted } none { Advertising: refused } block "Google Ads" because refused Advertising
          { Advertising: refused } none { Advertising: conflict } deliver "Google Ads" because consented
          empty none { Advertising: granted } drop "Consent not stamped"
          empty none unknown drop "Person not in the ledger" block all
          empty none unreachable drop "Ledger unreachable"
        }"#;
    let settings = "override ledger unstamped drop override ledger unknown drop
        override ledger unreachable drop override ledger conflict grant";
    let text = format!("override ledger mismatch use recorded {settings} {tests}");
    assert_eq!(run(&text, &[]).iter().filter(|lines| !lines.is_empty()).collect::<Vec<_>>(), none);
}

/// A failure names the result of the check, and the setting that dropped the event.
#[test]
fn failures_name_the_check() {
    let event = r#"{"context":{"consent":{"categoryPreferences":{"C4":true}}}}"#;
    // An answer is about somebody.
    let answered = r#"{"userId":"someone","context":{"consent":{"categoryPreferences":{"C4":true}}}}"#;
    let drop = "override ledger mismatch drop";
    assert_eq!(
        checked_fails(
            "",
            r#"test "t" { consent { Advertising: granted } recorded {} deliver "Google Ads" drop "no" }"#
        ),
        [
            format!("{answered} mismatch"),
            format!("Google Ads: deliver None -, not block Dropped  <- deliver \"Google Ads\" <- {drop}"),
            format!("drop Some(\"no\"), not Some(\"Consent mismatch\") <- drop \"no\" <- {drop}"),
        ]
    );
    let unreachable = checked_fails(
        "",
        r#"test "t" { consent { Advertising: granted } recorded unreachable deliver "Google Ads" drop }"#,
    );
    assert_eq!(unreachable[0], format!("{answered} unreachable"));
    assert_eq!(
        unreachable[1..],
        [
            r#"Google Ads: deliver None -, not block Refused Advertising <- deliver "Google Ads" <- needs Advertising"#,
            "drop None, not None <- drop <- consent any, integrations none → consent",
        ]
    );
    assert_eq!(
        checked_fails("", r#"test "t" { consent { Advertising: granted } drop }"#),
        [
            format!("{event} unchecked"),
            "drop None, not None <- drop <- consent any, integrations none → consent".to_owned(),
        ]
    );
}

/// Each event of a file gets the answer that the test states, and results have it.
#[test]
fn files_have_one_answer() {
    let events = "{\"context\":{\"consent\":{\"categoryPreferences\":{\"C4\":true}}}}\n{}\n";
    let text = format!(
        r#"{BASE} override ledger mismatch drop
           test "a" {{ events from "e" recorded {{ Advertising: refused }} block "Google Ads" }}
           test "b" {{ events from "e" recorded unknown deliver "Google Ads" }}
           test "c" {{ events from "e" deliver "Google Ads" }}"#
    );
    let source = Memory::from([("p", text.as_str()), ("e", events)]);
    let table = Table::new(Policy::from_source(&source, "p").unwrap());
    let results = testing::run(&table, &source, |_| true);
    let told: Vec<_> = results
        .iter()
        .map(|one| {
            let answer = one.recorded.as_ref().map(LedgerAnswer::to_json);
            (one.passed, one.events, answer, one.unchecked)
        })
        .collect();
    let answer = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (true, 2, answer(r#"{"C4":"refused"}"#), false),
            (true, 2, answer("\"unknown\""), false),
            (true, 2, None, true),
        ]
    );
}
