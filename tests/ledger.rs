//! The ledger through the command: what is recorded, what the check makes of events, and what a crash leaves.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use text::{Run, run};

const POLICY: &str = r#"consentry 1
policy "acme"
include prelude "segment"
category Advertising
category Analytics
category Necessary  always
destination "Google Ads"  needs Advertising
destination "Amplitude"   needs Analytics
destination "Zendesk"     unmapped
"#;

/// A folder with a policy that says `more`.
struct Place(tempfile::TempDir);

impl Place {
    fn new(more: &str) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        place.write("acme.consent", &format!("{POLICY}{more}\n"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn ingest(&self, events: &str, more: &[&str]) -> Run {
        run(&[&["ledger", "ingest", &self.text("ledger"), "-"], more].concat(), events.as_bytes())
    }

    fn eval(&self, events: &str, more: &[&str]) -> Run {
        run(
            &[&["eval", &self.text("acme.consent"), "-", "--format", "json"], more].concat(),
            events.as_bytes(),
        )
    }
}

fn preference_event(person: &str, time: &str, preferences: &str) -> String {
    format!(
        r#"{{"type":"track","event":"Segment Consent Preference Updated",{person},"timestamp":"{time}","context":{{"consent":{{"categoryPreferences":{preferences}}}}}}}"#
    ) + "\n"
}

fn order(person: &str, consent: &str) -> String {
    format!(r#"{{"type":"track","event":"Order Completed",{person},"context":{{{consent}}}}}"#) + "\n"
}

fn stamped(preferences: &str) -> String {
    format!(r#""consent":{{"categoryPreferences":{preferences}}}"#)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is recorded is shown and exported, what cannot be is rejected with the platform's message, and a person can be forgotten.
#[test]
fn people_are_recorded_shown_and_forgotten() {
    let place = Place::new("");
    let events = [
        preference_event(r#""userId":"u","anonymousId":"a""#, "2026-10-01T10:00:00Z", r#"{"Advertising":false,"Analytics":true}"#),
        preference_event(r#""anonymousId":"a""#, "2026-10-01T09:00:00Z", r#"{"Advertising":true,"Analytics":true}"#),
        // Identify events link, and write nothing unless the policy says so.
        r#"{"type":"identify","userId":"u","anonymousId":"a","timestamp":"2026-10-01T10:00:01Z","context":{"consent":{"categoryPreferences":{"Analytics":false}}}}"#.to_owned() + "\n",
        r#"{"type":"track","event":"Segment Consent Preference","userId":"v","context":{"consent":{}}}"#.to_owned() + "\n",
        preference_event(r#""userId":null"#, "2026-10-01T10:00:00Z", "{}"),
        "nonsense\n".to_owned(),
        order(r#""userId":"u""#, &stamped(r#"{"Advertising":true}"#)),
    ]
    .concat();
    let told = place.ingest(&events, &[]);
    assert_eq!(
        (told.status, told.out.as_str(), told.err.as_str()),
        (
            1,
            "line 4  rejected (no_preferences): context.consent.categoryPreferences object is required\n\
             line 5  rejected (no_person): a userId or an anonymousId is required\n\
             line 6  not an event (not_json): not JSON: expected ident at byte 1\n\n\
             7 lines: 2 preferences and 1 links recorded, 1 that do not write, 2 rejected, 1 not events; the ledger is new\n",
            ""
        )
    );
    let again = place.ingest(&events, &["--format", "json"]);
    assert_eq!(
        lines(&again.out),
        [
            json!({ "v": 1, "line": 4, "rejected": { "code": "no_preferences", "message": "context.consent.categoryPreferences object is required" } }),
            json!({ "v": 1, "line": 5, "rejected": { "code": "no_person", "message": "a userId or an anonymousId is required" } }),
            json!({ "v": 1, "line": 6, "error": { "code": "not_json", "message": "not JSON: expected ident at byte 1" } }),
            json!({ "v": 1, "acknowledged": 7 }),
            json!({ "v": 1, "summary": { "lines": 7, "preferences": 2, "links": 1, "others": 1, "rejected": 2, "not_events": 1, "blank_lines": 0 } }),
        ]
    );
    let ledger = place.text("ledger");
    let shown = run(&["ledger", "show", &ledger, "user:u"], b"");
    assert_eq!(
        (shown.status, shown.out.as_str()),
        (
            0,
            "user:u, 2026-10-01T10:00:00Z\n  conflict   Advertising  2026-10-01T09:00:00Z\n  \
             granted    Analytics    2026-10-01T10:00:00Z\n\n  \
             user:u: granted Analytics, refused Advertising, 2026-10-01T10:00:00Z\n  \
             anonymous:a: granted Advertising, Analytics, 2026-10-01T09:00:00Z; one person since 2026-10-01T10:00:01Z\n"
        )
    );
    let shown = run(&["ledger", "show", &ledger, "anonymous:a", "--format", "json"], b"");
    let granted = json!({ "Advertising": "2026-10-01T09:00:00Z", "Analytics": "2026-10-01T10:00:00Z" });
    let expected = json!({ "at": "2026-10-01T10:00:00Z", "granted": granted, "preferences": { "Advertising": "conflict", "Analytics": "granted" } });
    assert_eq!(lines(&shown.out)[0]["recorded"], expected);
    let exported = lines(&run(&["ledger", "export", &ledger], b"").out);
    let granted = |at: &str| json!({ "granted": { "at": at }, "named": at });
    assert_eq!(
        exported,
        [
            json!({
                "v": 2,
                "id": "anonymous:a",
                "categories": { "Advertising": granted("2026-10-01T09:00:00Z"), "Analytics": granted("2026-10-01T09:00:00Z") },
                "others_refused": "2026-10-01T09:00:00Z",
                "links": [{ "id": "user:u", "since": "2026-10-01T10:00:01Z" }],
                "shared": false,
            }),
            json!({
                "v": 2,
                "id": "user:u",
                "categories": {
                    "Advertising": { "named": "2026-10-01T10:00:00Z", "refused": "2026-10-01T10:00:00Z" },
                    "Analytics": granted("2026-10-01T10:00:00Z"),
                },
                "others_refused": "2026-10-01T10:00:00Z",
                "links": [{ "id": "anonymous:a", "since": "2026-10-01T10:00:01Z" }],
                "shared": false,
            }),
        ]
    );
    // A later write ends the conflict, under either id.
    place.ingest(
        &preference_event(r#""anonymousId":"a""#, "2026-10-02T00:00:00Z", r#"{"Advertising":true}"#),
        &[],
    );
    let shown = run(&["ledger", "show", &ledger, "user:u"], b"");
    assert!(
        shown
            .out
            .starts_with("user:u, 2026-10-02T00:00:00Z\n  granted    Advertising  2026-10-02T00:00:00Z\n"),
        "{}",
        shown.out
    );
    let linked = run(&["ledger", "forget", &ledger, "anonymous:a"], b"");
    assert!(
        linked.status == 2 && linked.err.contains("is one person with user:u, whose refusals"),
        "{}",
        linked.err
    );
    let forgotten = run(&["ledger", "forget", &ledger, "user:u"], b"");
    assert_eq!((forgotten.status, forgotten.out.as_str()), (0, "user:u is erased\nanonymous:a is erased\n"));
    assert_eq!(run(&["ledger", "export", &ledger], b"").out, "");
    let shown = run(&["ledger", "show", &ledger, "user:u"], b"");
    assert_eq!((shown.status, shown.out.as_str()), (1, "user:u: nothing is recorded\n"));
    let forgotten = run(&["ledger", "forget", &ledger, "user:u"], b"");
    assert_eq!((forgotten.status, forgotten.out.as_str()), (0, "user:u: nothing was recorded\n"));
    for (arguments, said) in [
        (vec!["ledger", "show", &ledger, "u"], "write `user:ID`"),
        (vec!["ledger", "show", &place.text("none"), "user:u"], "the ledger does not answer"),
        (vec!["ledger", "export", "mysql://localhost"], "no `mysql://`"),
        (vec!["ledger", "export", &place.text("acme.consent")], "the ledger does not answer"),
    ] {
        let run = run(&arguments, b"");
        assert!(run.status == 2 && run.out.is_empty() && run.err.contains(said), "{} {}", run.err, run.out);
    }
}

/// A policy says which events write, and where their preferences are.
#[test]
fn the_policy_says_what_writes() {
    let place = Place::new(
        "override preference events \"Consent Given\"\noverride ledger also records identify\noverride consent at consent.choices\n\
         override ledger mismatch drop",
    );
    let at = r#""timestamp":"2026-10-01T10:00:00Z","consent":{"choices":{"Advertising":true}}"#;
    let events = [
        format!(r#"{{"type":"track","event":"Consent Given","userId":"u",{at}}}"#),
        format!(r#"{{"type":"identify","userId":"v",{at}}}"#),
        // Without preferences an identify event writes none, and is not rejected.
        r#"{"type":"identify","userId":"x"}"#.to_owned(),
        format!(r#"{{"type":"track","event":"Segment Consent Preference Updated","userId":"w",{at}}}"#),
        r#"{"type":"track","event":"Consent Given","userId":"u"}"#.to_owned(),
    ];
    let told = place.ingest(&events.join("\n"), &["--policy", &place.text("acme.consent")]);
    assert_eq!(
        told.out,
        "line 5  rejected (no_preferences): consent.choices object is required\n\
         5 lines: 2 preferences and 0 links recorded, 2 that do not write, 1 rejected, 0 not events; the ledger is new\n"
    );
    let ids: Vec<Value> = lines(&run(&["ledger", "export", &place.text("ledger")], b"").out)
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(ids, ["user:u", "user:v"]);
    // What writes is not checked, whatever is recorded.
    let events = events.map(|event| event.replace("true", "false")).join("\n");
    let decided = lines(&place.eval(&events, &["--ledger", &place.text("ledger")]).out);
    let found: Vec<&str> = decided.iter().map(|one| one["check"]["found"].as_str().unwrap()).collect();
    assert_eq!(found, ["recording", "recording", "unknown", "unknown", "recording"]);
    place.write(
        "bare.consent",
        "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\noverride preference events none\n",
    );
    let told = place.ingest("", &["--policy", &place.text("bare.consent")]);
    let said = "no event writes to the ledger under this policy";
    assert!(told.status == 2 && told.err.contains(said), "{}", told.err);
}

/// The outcomes that each setting has, for each thing that a check finds.
#[test]
fn events_are_decided_as_the_policy_says() {
    let refused = r#"{"Advertising":false,"Analytics":true}"#;
    let granted = r#"{"Advertising":true,"Analytics":true}"#;
    let record = preference_event(r#""userId":"u""#, "2026-10-01T10:00:00Z", refused);
    let (ads, stats, all) = (["Google Ads", "Amplitude"], ["Amplitude"], ["Zendesk"]);
    let everyone = [ads.as_slice(), &all].concat();
    let recorded = [stats.as_slice(), &all].concat();
    let nothing = all.to_vec();
    let mismatch = order(r#""userId":"u""#, &stamped(granted));
    let unstamped = order(r#""userId":"u""#, "");
    let unanswered = order(r#""userId":"u""#, &stamped("{}"));
    let malformed = order(r#""userId":"u""#, r#""consent":null"#);
    let unknown = order(r#""userId":"v""#, &stamped(granted));
    let nobody = order(r#""userId":7,"anonymousId":"a""#, &stamped(granted));
    let agrees = order(r#""userId":"u""#, &stamped(refused));
    // What is not named is refused, and what is always granted is not compared.
    let agrees_too =
        order(r#""userId":"u""#, &stamped(r#"{"Analytics":true,"Necessary":false,"Unknown":true}"#));
    let preference = preference_event(r#""userId":"u""#, "2026-09-01T00:00:00Z", granted);
    type Expected<'e> = (&'e str, &'e str, &'e str, Option<&'e str>, Option<&'e str>, Vec<&'e str>);
    let cases: Vec<Expected<'_>> = vec![
        ("", &mismatch, "mismatch", Some("drop"), Some("Consent mismatch"), vec![]),
        (
            "override ledger mismatch use recorded",
            &mismatch,
            "mismatch",
            Some("use_recorded"),
            None,
            recorded.clone(),
        ),
        ("override ledger mismatch report", &mismatch, "mismatch", Some("report"), None, everyone.clone()),
        ("", &unstamped, "unstamped", Some("use_recorded"), None, recorded.clone()),
        ("", &unanswered, "unstamped", Some("use_recorded"), None, recorded.clone()),
        ("", &malformed, "unstamped", Some("use_recorded"), None, recorded.clone()),
        (
            "override ledger unstamped use stamped",
            &unstamped,
            "unstamped",
            Some("use_stamped"),
            None,
            everyone.clone(),
        ),
        ("override ledger unstamped refuse", &unstamped, "unstamped", Some("refuse"), None, nothing.clone()),
        (
            "override ledger unstamped drop",
            &unstamped,
            "unstamped",
            Some("drop"),
            Some("Consent not stamped"),
            vec![],
        ),
        ("", &unknown, "unknown", Some("use_stamped"), None, everyone.clone()),
        ("", &nobody, "unknown", Some("use_stamped"), None, everyone.clone()),
        ("override ledger unknown refuse", &unknown, "unknown", Some("refuse"), None, nothing.clone()),
        (
            "override ledger unknown drop",
            &unknown,
            "unknown",
            Some("drop"),
            Some("Person not in the ledger"),
            vec![],
        ),
        (
            "override ledger unknown drop",
            &nobody,
            "unknown",
            Some("drop"),
            Some("Person not in the ledger"),
            vec![],
        ),
        ("", &agrees, "agrees", None, None, recorded.clone()),
        ("", &agrees_too, "agrees", None, None, recorded.clone()),
        ("", &preference, "recording", None, None, everyone.clone()),
    ];
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(format!("{}/grammar/decision.schema.json", env!("CARGO_MANIFEST_DIR"))).unwrap(),
    )
    .unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (settings, event, found, then, dropped, delivered) in cases {
        // The policy that asks is included, so that what it says can be overridden.
        let place = Place::new("");
        place.write(
            "asks.consent",
            "consentry 1\ninclude prelude \"segment\"\noverride ledger mismatch drop\n",
        );
        place.write("acme.consent", &format!("{POLICY}include \"asks.consent\"\n{settings}\n"));
        place.ingest(&record, &[]);
        let before = run(&["ledger", "export", &place.text("ledger")], b"").out;
        let said = place.eval(event, &["--ledger", &place.text("ledger")]);
        let decision = &lines(&said.out)[0];
        assert!(validator.is_valid(decision), "{decision}");
        let names = |list: &Value| -> Vec<String> {
            list.as_array()
                .unwrap()
                .iter()
                .map(|one| one["destination"].as_str().unwrap().to_owned())
                .collect()
        };
        let context = format!("{settings} {event} {decision}");
        // An event alone may name no category.
        let warning = said
            .err
            .lines()
            .all(|line| line.starts_with("consentry: warning: 0 of 3 categories of this policy "));
        assert!(said.status == 0 && warning, "{context} {}", said.err);
        assert_eq!(decision["check"]["found"], found, "{context}");
        assert_eq!(decision["check"]["then"].as_str(), then, "{context}");
        assert_eq!(decision["drop"]["reason"].as_str(), dropped, "{context}");
        assert_eq!(names(&decision["deliver"]), delivered, "{context}");
        let categories = (found == "mismatch").then(|| json!(["Advertising"]));
        assert_eq!(decision["check"].get("categories"), categories.as_ref(), "{context}");
        if matches!(then, Some("use_recorded" | "refuse")) {
            assert_eq!(decision["consent"], "answered", "{context}");
        }
        // A router that knows the integrations object alone obeys what was decided.
        let arguments = ["filter", &place.text("acme.consent"), "-", "--ledger", &place.text("ledger")];
        let filtered = run(&arguments, event.as_bytes());
        let rewritten = &lines(&filtered.out)[0];
        for destination in ["Google Ads", "Amplitude", "Zendesk"] {
            let entries = &rewritten["integrations"];
            let stopped = entries.get(destination).or(entries.get("All")).is_some_and(|entry| entry == false);
            assert_eq!(!stopped, delivered.contains(&destination), "{destination} {rewritten} {context}");
        }
        assert!(filtered.err.contains("against the ledger: 1 "), "{}", filtered.err);
        let split = place.text("split");
        let arguments = [
            "filter",
            &place.text("acme.consent"),
            "-",
            "--split",
            &split,
            "--ledger",
            &place.text("ledger"),
        ];
        assert_eq!(run(&arguments, event.as_bytes()).status, 0);
        let to_zendesk = fs::read_to_string(place.path("split").join("+zendesk.ndjson")).unwrap();
        assert_eq!(!to_zendesk.is_empty(), delivered.contains(&"Zendesk"), "{context}");
        assert_eq!(run(&["ledger", "export", &place.text("ledger")], b"").out, before, "{context}");
    }
}

/// A policy that asks for a check is not decided without one by mistake, nor one that does not against a ledger.
#[test]
fn a_check_is_asked_for_twice() {
    let place = Place::new("override ledger mismatch drop");
    let event = order(r#""userId":"u""#, "");
    for command in ["eval", "filter"] {
        let told = run(&[command, &place.text("acme.consent"), "-"], event.as_bytes());
        assert_eq!((told.status, told.out.as_str()), (2, ""));
        assert!(told.err.contains("name it with --ledger STORE, or say --unchecked"), "{}", told.err);
        let told = run(&[command, &place.text("acme.consent"), "-", "--unchecked"], event.as_bytes());
        assert_eq!(told.status, 0, "{}", told.err);
    }
    let place = Place::new("");
    place.ingest("", &[]);
    let told = place.eval(&event, &["--ledger", &place.text("ledger")]);
    assert!(told.status == 2 && told.err.contains("asks for no check"), "{}", told.err);
}

/// A ledger is not written over, not even by force, and a secret in its address is not shown.
#[test]
fn a_ledger_is_neither_lost_nor_told() {
    let place = Place::new("override ledger mismatch drop");
    place.ingest(&preference_event(r#""userId":"u""#, "2026-10-01T10:00:00Z", "{}"), &[]);
    let (policy, ledger) = (place.text("acme.consent"), place.text("ledger"));
    let before = fs::read(&ledger).unwrap();
    let arguments = ["filter", &policy, "-", "--ledger", &ledger, "--rejects", &ledger, "--force"];
    let told = run(&arguments, b"[]\n");
    assert_eq!((told.status, told.out.as_str()), (2, ""));
    assert!(told.err.contains("the ledger and the file of the rejects are the same file"), "{}", told.err);
    assert_eq!(fs::read(&ledger).unwrap(), before);
    for place in [
        "redis+unix:///x.sock?db=abc&pass=hunter2",
        "redis:hunter2@localhost",
        "redis://:hun/ter2",
        "redis://u:hunter2@localhost:1/0",
    ] {
        let told = run(&["eval", &policy, "-", "--ledger", place], order(r#""userId":"u""#, "").as_bytes());
        assert!(
            !told.err.is_empty() && !told.err.contains("hun") && !told.out.contains("hun"),
            "{} {}",
            told.err,
            told.out
        );
    }
}

/// A Redis that is dead, and one that accepts and never answers, are unreachable; each event has the outcome that the policy states.
#[test]
fn an_unreachable_ledger_is_said() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = format!("redis://{}/0", silent.local_addr().unwrap());
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("redis://{}/0", gone.local_addr().unwrap());
    drop(gone);
    let granted = stamped(r#"{"Advertising":true,"Analytics":true}"#);
    let events = [
        order(r#""userId":"u""#, &granted),
        preference_event(r#""userId":"u""#, "2026-10-01T10:00:00Z", "{}"),
    ]
    .concat();
    for (setting, then, delivered) in
        [("refuse", "refuse", 1), ("use stamped", "use_stamped", 3), ("drop", "drop", 0)]
    {
        let place =
            Place::new(&format!("override ledger mismatch drop\noverride ledger unreachable {setting}"));
        for ledger in [&dead, &slow] {
            let started = Instant::now();
            let told = place.eval(&events, &["--ledger", ledger, "--ledger-timeout", "200"]);
            assert!(started.elapsed() < Duration::from_secs(5));
            assert!(told.err.starts_with("consentry: the ledger does not answer: "), "{}", told.err);
            let decided = lines(&told.out);
            assert_eq!(decided[0]["check"], json!({ "found": "unreachable", "then": then }));
            assert_eq!(decided[0]["deliver"].as_array().unwrap().len(), delivered, "{}", decided[0]);
            assert_eq!(
                decided[0]["drop"]["reason"].as_str(),
                (delivered == 0).then_some("Ledger unreachable")
            );
            assert_eq!(decided[1]["check"]["found"], "recording");
            let arguments =
                ["filter", &place.text("acme.consent"), "-", "--ledger", ledger, "--ledger-timeout", "200"];
            let told = run(&arguments, events.as_bytes());
            assert_eq!((told.status, told.out.lines().count()), (0, 2));
            assert!(
                told.err.contains(&format!("1 unreachable ({})", then.replace('_', " "))),
                "{}",
                told.err
            );
            assert!(told.err.contains("consentry: the ledger does not answer: "), "{}", told.err);
        }
    }
    // What is not recorded is not acknowledged.
    let told = run(&["ledger", "ingest", &dead, "-", "--format", "json"], events.as_bytes());
    assert_eq!((told.status, told.out.as_str()), (2, ""));
    assert!(told.err.starts_with("consentry: the ledger does not answer: "), "{}", told.err);
    drop(silent);
}

/// The README's example is what the command prints.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let section = readme.split("## A ledger by example").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks: Vec<(&str, &str)> =
        section.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect();
    let [policy, preferences, told, event, decided, _] = blocks.as_slice() else { panic!("{blocks:?}") };
    let place = Place::new("");
    place.write("acme.consent", policy.1);
    let ingested = place.ingest(preferences.1, &[]);
    let shown = run(&["ledger", "show", &place.text("ledger"), "user:u1"], b"");
    assert_eq!(ingested.out + &shown.out, told.1);
    let arguments = ["eval", &place.text("acme.consent"), "-", "--ledger", &place.text("ledger")];
    assert_eq!(run(&arguments, event.1.as_bytes()).out, decided.1);
}

/// A reader that goes away stops no recording.
#[cfg(unix)]
#[test]
fn a_closed_pipe_stops_no_recording() {
    let count = 20_000;
    for format in ["human", "json"] {
        let place = Place::new("");
        let events: String = (0..count)
            .map(|id| {
                preference_event(
                    &format!(r#""userId":"{id}""#),
                    "2026-10-01T10:00:00Z",
                    r#"{"Advertising":true}"#,
                )
            })
            .collect();
        place.write("events", &events);
        let arguments =
            ["ledger", "ingest", &place.text("ledger"), &place.text("events"), "--format", format];
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = common::command(&arguments).stdout(writer).output().unwrap();
        assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
        let all = run(&["ledger", "export", &place.text("ledger")], b"").out;
        assert_eq!(all.lines().count(), count);
    }
}

/// A shared device grants nothing for a person whom others share it with, also after one of them is forgotten.
#[test]
fn a_shared_device_grants_nothing() {
    let place = Place::new("override ledger mismatch use recorded");
    let link = |user: &str| {
        format!(
            r#"{{"type":"identify","userId":"{user}","anonymousId":"tablet","timestamp":"2026-10-01T09:00:00Z"}}"#
        ) + "\n"
    };
    let grant = r#"{"Advertising":true,"Analytics":true}"#;
    let of_tablet = preference_event(r#""anonymousId":"tablet""#, "2026-10-01T10:00:00Z", grant);
    let of_mum = preference_event(r#""userId":"mum""#, "2026-10-01T10:00:00Z", grant);
    place.ingest(&[of_tablet, of_mum, link("mum"), link("child")].concat(), &[]);
    let delivered = |person: &str, stamp: &str| -> Vec<String> {
        let told = place.eval(&order(person, &stamped(stamp)), &["--ledger", &place.text("ledger")]);
        let told = lines(&told.out).remove(0);
        told["deliver"].as_array().unwrap().iter().map(|one| one["destination"].to_string()).collect()
    };
    let refusal = r#"{"Advertising":false,"Analytics":false}"#;
    assert_eq!(delivered(r#""userId":"child""#, refusal), ["\"Zendesk\""]);
    // The mother's own grant is hers. The tablet alone is held to both, and the child has agreed to nothing.
    assert_eq!(delivered(r#""userId":"mum""#, refusal).len(), 3);
    assert_eq!(delivered(r#""anonymousId":"tablet""#, grant), ["\"Zendesk\""]);
    let forgotten = run(&["ledger", "forget", &place.text("ledger"), "user:child"], b"");
    assert!(forgotten.out.contains("anonymous:tablet stays, because others share it"), "{}", forgotten.out);
    let rows = run(&["ledger", "export", &place.text("ledger"), "--format", "csv"], b"").out;
    assert!(rows.contains("\nanonymous:tablet,,,,,,a person who is forgotten\r\n"), "{rows}");
    assert_eq!(delivered(r#""anonymousId":"tablet""#, grant), ["\"Zendesk\""]);
}

/// A refusal under a device counts however many more devices the person has, and forgetting the person leaves none of them.
#[test]
fn no_number_of_links_hides_a_refusal() {
    let place = Place::new("override ledger mismatch drop");
    let link = |number: u32| {
        let (minute, second) = (number / 60, number % 60);
        format!(
            r#"{{"type":"identify","userId":"u","anonymousId":"a{number}","timestamp":"2026-10-02T{:02}:{:02}:{second:02}Z"}}"#,
            minute / 60,
            minute % 60
        ) + "\n"
    };
    let refusal =
        preference_event(r#""anonymousId":"a0""#, "2026-10-01T10:00:00Z", r#"{"Advertising":false}"#);
    let links: Vec<String> = (0..=2_000).map(link).collect();
    place.ingest(&(refusal + &links.concat()), &[]);
    let stamp = stamped(r#"{"Advertising":true}"#);
    for person in [r#""userId":"u""#, r#""anonymousId":"a0""#, r#""anonymousId":"a1999""#] {
        let told = place.eval(&order(person, &stamp), &["--ledger", &place.text("ledger")]);
        assert_eq!(lines(&told.out)[0]["check"]["found"], "mismatch", "{person}");
    }
    // The same in another order is the same ledger.
    let other = Place::new("");
    other.ingest(&links.iter().rev().cloned().collect::<String>(), &[]);
    other.ingest(
        &preference_event(r#""anonymousId":"a0""#, "2026-10-01T10:00:00Z", r#"{"Advertising":false}"#),
        &[],
    );
    let export = |place: &Place| run(&["ledger", "export", &place.text("ledger")], b"").out;
    assert!(export(&place) == export(&other));
    let forgotten = run(&["ledger", "forget", &place.text("ledger"), "user:u"], b"");
    assert_eq!((forgotten.status, forgotten.out.lines().count()), (0, 2_002));
    assert_eq!(export(&place), "");
}

/// A grant from a clock that is ahead is no newer when an archive is ingested again, and events without a usable time are named.
#[test]
fn a_time_that_cannot_be_used_grants_nothing_new() {
    let place = Place::new("");
    let grant = r#"{"Advertising":true,"Analytics":true}"#;
    let ahead = preference_event(r#""userId":"u9""#, "2931-01-01T00:00:00Z", grant);
    let told = place.ingest(&ahead, &[]);
    assert!(told.out.starts_with("line 1  recorded (no_time): "), "{}", told.out);
    assert!(told.out.ends_with("not events, 1 without a time; the ledger is new\n"), "{}", told.out);
    let refusal = preference_event(r#""userId":"u9""#, "2026-10-01T10:00:00Z", r#"{"Advertising":false}"#);
    for archive in [refusal.clone(), [refusal, ahead].concat()] {
        place.ingest(&archive, &[]);
        let shown = run(&["ledger", "show", &place.text("ledger"), "user:u9"], b"").out;
        assert!(shown.contains("refused    Advertising"), "{shown}");
    }
    let read = preference_event(r#""userId":"u8""#, "2026-10-01T10:00:00.12345678901Z", grant)
        + &preference_event(r#""userId":"u7""#, "2026-10-01T10:00:00", grant)
        + &preference_event(r#""userId":"u6""#, "2026-10-01T10:00:00Z", grant)
            .replace("\"2026-10-01T10:00:00Z\"", "1790848800000");
    assert!(!place.ingest(&read, &[]).out.contains("without a time"));
    for (user, time) in [("u8", "10:00:00.123456Z"), ("u7", "10:00:00Z"), ("u6", "10:00:00Z")] {
        let shown = run(&["ledger", "show", &place.text("ledger"), &format!("user:{user}")], b"").out;
        assert!(shown.contains(&format!("2026-10-01T{time}")), "{shown}");
    }
}

/// An id is one person as a number and as a text, and an alias is one person with the id before it.
#[test]
fn ids_are_read_and_linked() {
    let place = Place::new("override ledger mismatch drop");
    let refusal = r#"{"Advertising":false}"#;
    let events = preference_event(r#""userId":42"#, "2026-10-01T10:00:00Z", refusal)
        + &preference_event(r#""userId":"old""#, "2026-10-01T10:00:00Z", refusal)
        + &preference_event(r#""anonymousId":"before""#, "2026-10-01T10:00:00Z", refusal)
        + r#"{"type":"alias","userId":"new","previousId":"old","timestamp":"2026-10-01T11:00:00Z"}"#
        + "\n"
        + r#"{"type":"alias","userId":"newer","previousId":"before","timestamp":"2026-10-01T11:00:00Z"}"#
        + "\n"
        + r#"{"type":"identify","userId":1.5,"anonymousId":"x","timestamp":"2026-10-01T11:00:00Z"}"#;
    let told = place.ingest(&events, &[]);
    assert!(
        told.out.contains("line 6  rejected (invalid_id): an id is a text or an integer"),
        "{}",
        told.out
    );
    let stamp = stamped(r#"{"Advertising":true}"#);
    for (person, found) in [
        (r#""userId":"42""#, "mismatch"),
        (r#""userId":42"#, "mismatch"),
        (r#""userId":"new""#, "mismatch"),
        (r#""userId":"old""#, "mismatch"),
        (r#""userId":"newer""#, "mismatch"),
        (r#""userId":4.2"#, "unknown"),
    ] {
        let told = place.eval(&order(person, &stamp), &["--ledger", &place.text("ledger")]);
        assert_eq!(lines(&told.out)[0]["check"]["found"], found, "{person}");
    }
}

/// Erased entries leave no byte in a compacted file, and only `ingest` and `import` make a ledger.
#[test]
fn ledgers_are_kept_in_order() {
    let place = Place::new("");
    let ledger = place.text("ledger");
    for arguments in [
        vec!["ledger", "forget", &ledger, "user:u"],
        vec!["ledger", "show", &ledger, "user:u"],
        vec!["ledger", "check", &ledger],
        vec!["ledger", "compact", &ledger],
        vec!["ledger", "export", &ledger],
    ] {
        let told = run(&arguments, b"");
        assert!(told.status == 2 && !place.path("ledger").exists(), "{arguments:?} {}", told.err);
        place.write("ledger", "");
        assert_eq!(run(&arguments, b"").status, 2, "{arguments:?}");
        assert_eq!(fs::read(place.path("ledger")).unwrap(), b"");
        assert_eq!(place.ingest("", &[]).status, 2);
        fs::remove_file(place.path("ledger")).unwrap();
    }
    let events: String = (0..500)
        .map(|number| {
            preference_event(
                &format!(r#""userId":"person-{number}""#),
                "2026-10-01T10:00:00Z",
                r#"{"Advertising":false,"Analytics":true}"#,
            )
        })
        .collect();
    place.ingest(&events, &[]);
    let checked = run(&["ledger", "check", &ledger, "--format", "json"], b"");
    let check = &lines(&checked.out)[0]["check"];
    assert_eq!(
        (checked.status, &check["entries"], &check["stated_entries"], &check["is_sound"]),
        (0, &json!(500), &json!(500), &json!(true))
    );
    let changes = check["changes"].as_u64().unwrap();
    let later = run(&["ledger", "check", &ledger, "--changes", &(changes + 1).to_string()], b"");
    assert!(later.status == 1 && later.out.contains("this may be an older copy"), "{}", later.out);
    let before = run(&["ledger", "export", &ledger], b"").out;
    assert_eq!(run(&["ledger", "forget", &ledger, "user:person-250"], b"").status, 0);
    assert_eq!(run(&["ledger", "compact", &ledger], b"").status, 0);
    let bytes = fs::read(&ledger).unwrap();
    assert!(!bytes.windows(10).any(|part| part == b"person-250"));
    assert!(bytes.windows(10).any(|part| part == b"person-251"));
    assert_eq!(run(&["ledger", "check", &ledger], b"").status, 0);
    let left = run(&["ledger", "export", &ledger], b"").out;
    let expected: String = before
        .lines()
        .filter(|line| !line.contains("person-250\""))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(left, expected);
    // What was exported can be imported, here and elsewhere.
    for store in [ledger, place.text("other")] {
        let told = run(&["ledger", "import", &store, "-"], (before.clone() + "nonsense\n").as_bytes());
        assert!(
            told.status == 1 && told.out.starts_with("line 501  not a line of an export: "),
            "{}",
            told.out
        );
        assert_eq!(run(&["ledger", "export", &store], b"").out, before);
        let as_csv = run(&["ledger", "export", &store, "--format", "csv"], b"").out;
        assert_eq!(as_csv.lines().count(), 1_501);
        assert_eq!(as_csv.lines().nth(1), Some("user:person-0,Advertising,refused,,2026-10-01T10:00:00Z,,"));
    }
}

/// A grant counts for as long as the policy says, measured at the time of the event. A refusal never expires.
#[test]
fn grants_expire() {
    let place =
        Place::new("override ledger mismatch use recorded\noverride ledger grants expire after 395 days");
    let grant = r#"{"Advertising":true,"Analytics":false}"#;
    place.ingest(&preference_event(r#""userId":"u""#, "2026-01-01T00:00:00Z", grant), &[]);
    let ledger = place.text("ledger");
    let event = |time: &str, consent: &str| {
        let time = if time.is_empty() { String::new() } else { format!(r#""timestamp":"{time}","#) };
        format!(r#"{{"type":"track","event":"Buy",{time}"userId":"u","context":{{{consent}}}}}"#) + "\n"
    };
    let stamp = stamped(r#"{"Advertising":true}"#);
    let last = "2027-01-31T00:00:00Z";
    let late = "2027-01-31T00:00:00.000001Z";
    for (time, consent, more, found, is_delivered) in [
        (last, &stamp, None, "agrees", true),
        (last, &String::new(), None, "unstamped", true),
        (late, &stamp, None, "mismatch", false),
        (late, &String::new(), None, "unstamped", false),
        // Without a time nobody knows the age.
        ("", &stamp, None, "mismatch", false),
        ("", &stamp, Some(last), "agrees", true),
        (last, &stamp, Some(late), "mismatch", false),
        ("2019-01-01T00:00:00Z", &stamp, None, "agrees", true),
    ] {
        let at: Vec<&str> = more.into_iter().flat_map(|time| ["--at", time]).collect();
        let told = place.eval(&event(time, consent), &[&["--ledger", &ledger], at.as_slice()].concat());
        let decided = &lines(&told.out)[0];
        assert_eq!(decided["check"]["found"], found, "{time} {consent} {more:?}");
        let delivers =
            decided["deliver"].as_array().unwrap().iter().any(|one| one["destination"] == "Google Ads");
        assert_eq!(delivers, is_delivered, "{time} {consent} {more:?}");
    }
    // A time that measures nothing is a usage error.
    let other = Place::new("override ledger mismatch drop");
    for arguments in [&["--ledger", ledger.as_str(), "--at", last][..], &["--unchecked", "--at", last]] {
        let told = other.eval(&event(last, &stamp), arguments);
        assert!(told.status == 2 && told.err.contains("--at is for a policy"), "{}", told.err);
    }
    // A shorter time is a change, and the difference is shown with an old grant.
    let shorter =
        Place::new("override ledger mismatch use recorded\noverride ledger grants expire after 90 days");
    let told =
        run(&["diff", &place.text("acme.consent"), &shorter.text("acme.consent"), "--deny", "loosened"], b"");
    assert_eq!(told.status, 0, "{}", told.out);
    assert!(told.out.contains("grants expire after 90 days") && told.out.contains("expired"), "{}", told.out);
    let told =
        run(&["diff", &shorter.text("acme.consent"), &place.text("acme.consent"), "--deny", "loosened"], b"");
    assert_eq!(told.status, 1, "{}", told.out);
}

/// Returns the policy and the events of a case that was reported. The first events are recorded.
fn reported_case(name: &str, recorded: usize) -> (String, Place, Vec<String>) {
    let place = Place::new("");
    let events = fs::read_to_string(format!("tests/cases/{name}.ndjson")).unwrap();
    let events: Vec<String> = events.lines().map(|line| format!("{line}\n")).collect();
    assert_eq!(place.ingest(&events[..recorded].concat(), &[]).status, 0);
    (format!("tests/cases/{name}.consent"), place, events)
}

fn decided(policy: &str, place: &Place, events: &[String], more: &[&str]) -> Vec<Value> {
    let arguments = ["eval", policy, "-", "--format", "json", "--ledger", &place.text("ledger")];
    let told = run(&[&arguments, more].concat(), events.concat().as_bytes());
    assert_eq!(told.status, 0, "{}", told.err);
    lines(&told.out)
}

/// An app sends its ids as numbers, and a library makes texts of them: the refusal counts for both.
#[test]
fn a_refusal_under_a_number_counts_for_its_text() {
    let (policy, place, events) = reported_case("numeric-user-id", 2);
    for decision in decided(&policy, &place, &events[2..], &[]) {
        assert_eq!(decision["check"]["found"], "mismatch", "{decision}");
        assert_eq!(decision["deliver"], json!([]), "{decision}");
    }
}

/// A device stamps consent in the future. However often it is recorded again, it beats no refusal.
#[test]
fn a_clock_that_is_ahead_beats_no_refusal() {
    let (policy, place, mut events) = reported_case("future-clock-replayed", 2);
    let stamped = stamped(r#"{"C0002":true,"C0004":true}"#);
    events.push(order(r#""userId":"u9""#, &stamped));
    for archive in [vec![0, 1], vec![1, 0], vec![0], vec![0, 0, 1]] {
        let again: String = archive.into_iter().map(|number| events[number].as_str()).collect();
        assert_eq!(place.ingest(&again, &[]).status, 0);
        let decision = decided(&policy, &place, &events[2..], &[]).remove(0);
        assert_eq!(decision["deliver"], json!([]), "{decision}");
    }
}

/// A grant of 2019 is no grant where grants expire after 395 days, whether or not the event states a time.
#[test]
fn consent_grows_old() {
    let (policy, place, events) = reported_case("consent-grows-old", 1);
    let delivered = |more: &[&str]| {
        let decision = decided(&policy, &place, &events[1..], more).remove(0);
        decision["deliver"].as_array().unwrap().len()
    };
    assert_eq!(delivered(&[]), 0);
    assert_eq!(delivered(&["--at", "2019-12-01T00:00:00Z"]), 2);
    assert_eq!(delivered(&["--at", "2020-02-01T00:00:00Z"]), 0);
    assert_eq!(delivered(&["--at", "2020-01-31T10:00:00Z"]), 2);
}
