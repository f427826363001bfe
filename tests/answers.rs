//! Every command gives one answer about an event, with and without what a ledger says of its person.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use consentry::event::LedgerAnswer;
use consentry::model::CheckResult;
use consentry::{Decision, Event, Input, Limits, Policy, Table, reference};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use text::run;

/// Two destinations that need something, one that needs nothing, and one that gets nothing.
fn policy(settings: &str, more: &str) -> String {
    format!(
        "consentry 1 policy \"shop\" include prelude \"segment\"\n\
         category Advertising = \"C0004\"\ncategory Analytics = \"C0002\"\n\
         destination \"Facebook Pixel\" needs Advertising\ndestination \"Amplitude\" needs any of Analytics, Advertising\n\
         destination \"Zendesk\" unmapped\ndestination \"Old\" needs Advertising disabled\n{settings}\n{more}\n"
    )
}

const NAMES: [&str; 4] = ["Facebook Pixel", "Amplitude", "Zendesk", "Old"];

/// A policy in a file, and a ledger in which some people have said something.
struct Shop {
    folder: tempfile::TempDir,
    text: String,
}

impl Shop {
    fn new(text: String) -> Self {
        let shop = Shop { folder: tempfile::tempdir().unwrap(), text };
        fs::write(shop.path("shop.consent"), &shop.text).unwrap();
        let choices = [("both", true, true), ("ads", true, false), ("none", false, false)].map(
            |(person, ads, stats)| {
                let preferences = json!({ "C0004": ads, "C0002": stats });
                json!({ "type": "track", "event": "Segment Consent Preference Updated", "userId": person,
                        "timestamp": "2026-10-01T00:00:00Z", "context": { "consent": { "categoryPreferences": preferences } } })
                    .to_string()
                    + "\n"
            },
        );
        let ingest = run(&["ledger", "ingest", &shop.path("ledger"), "-"], choices.concat().as_bytes());
        assert_eq!(ingest.status, 0, "{}", ingest.err);
        shop
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn json(&self, command: &str, arguments: &[&str], input: &str) -> Value {
        let policy = self.path("shop.consent");
        let run = run(&[&[command, &policy, "--format", "json"], arguments].concat(), input.as_bytes());
        assert!(run.status < 2, "{command} {arguments:?}: {}", run.err);
        serde_json::from_str(run.out.lines().next().unwrap()).unwrap()
    }
}

/// The events that are tried: of people of each sort, with each sort of stamp.
fn events() -> Vec<String> {
    let stamps = [
        json!({}),
        json!({ "consent": {} }),
        json!({ "consent": 7 }),
        json!({ "consent": { "categoryPreferences": {} } }),
        json!({ "consent": { "categoryPreferences": { "C0004": true, "C0002": true } } }),
        json!({ "consent": { "categoryPreferences": { "C0004": false } } }),
        json!({ "consent": { "categoryPreferences": { "C0002": true, "C0009": true } } }),
    ];
    let kinds = ["Order Completed", "Segment Consent Preference Updated"];
    let people = ["both", "ads", "none", "nobody"];
    let integrations = [json!({}), json!({ "All": false, "Amplitude": true })];
    let mut events = Vec::new();
    for (number, stamp) in stamps.iter().enumerate() {
        for (kind, person) in kinds.iter().flat_map(|kind| people.iter().map(move |person| (kind, person))) {
            let entries = &integrations[(number + events.len()) % 2];
            let event = json!({ "type": "track", "event": kind, "userId": person, "context": stamp, "integrations": entries });
            events.push(event.to_string());
        }
    }
    events
}

/// What a ledger says of the person of an event: what `ledger show` prints.
fn answer(shop: &Shop, event: &str) -> String {
    let person = serde_json::from_str::<Value>(event).unwrap()["userId"].as_str().unwrap().to_owned();
    let shown =
        run(&["ledger", "show", &shop.path("ledger"), &format!("user:{person}"), "--format", "json"], b"");
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    match &shown["recorded"] {
        Value::Null => "unknown".to_owned(),
        record => record["preferences"].to_string(),
    }
}

const SETTINGS: [&str; 4] = [
    "override ledger mismatch drop",
    "override ledger mismatch use recorded override ledger unknown refuse",
    "override ledger mismatch report override ledger unstamped drop override ledger unknown drop",
    "override ledger mismatch drop override ledger also records identify\n\
     override reconcile { consent integrations enforce\n missing any drop \"unsaid\"\n any any consent then integrations\n }",
];

/// Returns a test of one event that expects what was decided. `said` is the ledger's answer, if the event is checked.
fn stated_test(event: &str, said: Option<&LedgerAnswer>, decided: &Decision) -> String {
    let name = |wire_id: &str| if wire_id == "C0004" { "Advertising" } else { "Analytics" };
    let recorded = match said {
        None => String::new(),
        Some(LedgerAnswer::Known(record)) => {
            let all = record.preferences.iter().map(|(wire_id, value)| format!("{}: {value}", name(wire_id)));
            format!("recorded {{ {} }}", all.collect::<Vec<_>>().join(", "))
        }
        Some(answer) => format!("recorded {}", answer.to_json().trim_matches('"')),
    };
    let verdicts = decided.verdicts().map(|(id, verdict)| {
        let destination = decided.policy().destination(id).unwrap().name();
        format!("{} {destination:?} because {}", verdict.outcome(), verdict.reason())
    });
    let drop = decided.drop_reason().map(|reason| format!("drop {reason:?}"));
    let expected: Vec<String> = verdicts.chain(drop).collect();
    format!("test \"t\" {{ event {event} {recorded} {} }}\n", expected.join("\n"))
}

/// `eval`, `explain`, `filter`, `test`, the library and the reference decide each event alike, with a ledger and without.
#[test]
fn commands_agree_on_each_event() {
    for (number, settings) in SETTINGS.into_iter().enumerate() {
        let shop = Shop::new(policy(settings, ""));
        let table = Table::new(Policy::parse(&shop.text).unwrap());
        let policy = table.policy();
        let mut scratch = table.scratch();
        // Each event costs a few runs of the command, so that each policy sees some of them.
        for event in events().into_iter().skip(number).step_by(3) {
            for with_ledger in [true, false] {
                let ledger = shop.path("ledger");
                let check: &[&str] = if with_ledger { &["--ledger", &ledger] } else { &["--unchecked"] };
                let decision = shop.json("eval", &[&["-"], check].concat(), &event);
                let mut evaluated: BTreeMap<String, (String, Value)> = BTreeMap::new();
                for outcome in ["deliver", "block"] {
                    for one in decision[outcome].as_array().unwrap() {
                        let name = one["destination"].as_str().unwrap().to_owned();
                        evaluated.insert(name, (outcome.to_owned(), one["reason"].clone()));
                    }
                }
                let said = answer(&shop, &event);
                let read = Event::read(event.as_bytes(), policy.reading(), &Limits::default()).unwrap();
                let owned = LedgerAnswer::parse(&said).unwrap();
                let recorded =
                    if with_ledger { owned.recorded() } else { consentry::event::Recorded::Unchecked };
                let decided =
                    table.decide(Input::line(event.as_bytes()).recorded(recorded), &mut scratch).unwrap();
                assert_eq!(decision["drop"]["reason"].as_str(), decided.drop_reason(), "{event} {said}");
                assert_eq!(
                    decision["check"]["found"],
                    decided.check().unwrap().result.as_str(),
                    "{event} {said}"
                );
                let stated = stated_test(&event, Some(&owned).filter(|_| with_ledger), &decided);
                fs::write(shop.path("test.consent"), format!("{}{stated}", shop.text)).unwrap();
                let tested = run(&["test", &shop.path("test.consent")], b"");
                assert_eq!(tested.status, 0, "{stated}\n{}", tested.out);
                let line = format!("{event}\n");
                let filter =
                    run(&[&["filter", &shop.path("shop.consent"), "-"], check].concat(), line.as_bytes());
                let routed: Value = serde_json::from_str(&filter.out).unwrap();
                for name in NAMES {
                    let id = policy.destination_named(name).unwrap();
                    let verdict = decided.verdict(id).unwrap();
                    let both = (verdict.outcome().as_str().to_owned(), json!(verdict.reason().as_str()));
                    assert_eq!(evaluated[name], both, "{name} {event} {said}\n{}", shop.text);
                    let stepwise = reference::explain_recorded(policy, &read, recorded, id).unwrap();
                    assert_eq!(stepwise.verdict, verdict, "{name} {event} {said}");
                    let integrations = &routed["integrations"];
                    let entry = integrations.get(name).or(integrations.get("All")).unwrap_or(&Value::Null);
                    assert_eq!(*entry != json!(false), verdict.delivers(), "{name} {event} {said} {routed}");
                    // A command for each destination is slow: one of them is explained.
                    if name == NAMES[event.len() % NAMES.len()] {
                        let asked: &[&str] =
                            if with_ledger { &["--recorded", &said] } else { &["--unchecked"] };
                        let arguments = [&["-", "--destination", name], asked].concat();
                        let explained = shop.json("explain", &arguments, &event);
                        assert_eq!(explained["outcome"], both.0, "{name} {event} {said}");
                        assert_eq!(explained["reason"], both.1, "{name} {event} {said}");
                        assert_eq!(
                            explained["steps"][0]["check"]["found"], decision["check"]["found"],
                            "{event}"
                        );
                    }
                }
            }
        }
    }
}

/// A promise is proved exactly when no event breaks it, and the command shows what does.
#[test]
fn promises_count_the_ledger() {
    let promises = "always deliver \"Facebook Pixel\" when Advertising granted and integrations none\n\
                    never deliver any when ledger unreachable\n\
                    never deliver \"Facebook Pixel\" when recorded Advertising not granted\n";
    let shop = Shop::new(policy("override ledger mismatch drop override ledger unreachable drop", promises));
    let proved = shop.json("prove", &[], "");
    let kept: Vec<&Value> = proved["promises"].as_array().unwrap().iter().map(|one| &one["kept"]).collect();
    // A preference event is decided by its own stamp, whatever is recorded: it writes the record.
    assert_eq!(kept, [false, true, true]);
    assert_eq!(proved["uncovered_results"], json!(["unchecked"]));
    let broken = &proved["promises"][0]["counterexamples"][0];
    let arguments = ["-", "--destination", "Facebook Pixel", "--recorded", &broken["recorded"].to_string()];
    let explained = shop.json("explain", &arguments, broken["event"].as_str().unwrap());
    assert_eq!((&explained["outcome"], &explained["reason"]), (&json!("block"), &broken["reason"]));

    // Without a check, a promise about the ledger speaks of no event and is not kept.
    let shop = Shop::new(policy("", promises));
    let proved = shop.json("prove", &[], "");
    let kept: Vec<&Value> = proved["promises"].as_array().unwrap().iter().map(|one| &one["kept"]).collect();
    assert_eq!(kept, [true, false, false]);
    let linted = run(&["lint", &shop.path("shop.consent"), "--format", "plain"], b"");
    assert_eq!(linted.out.matches("C529").count(), 2, "{}", linted.out);
}

/// No command decides an event as it is stamped by mistake, and what leaves the check out says so.
#[test]
fn the_check_is_never_left_out_in_silence() {
    let shop = Shop::new(policy("override ledger mismatch drop", ""));
    let policy_file = shop.path("shop.consent");
    let explain = |more: &[&str]| {
        run(&[&["explain", &policy_file, "-", "--destination", "Facebook Pixel"], more].concat(), b"{}")
    };
    let silent = explain(&[]);
    assert_eq!(silent.status, 2);
    assert!(silent.err.contains("--ledger STORE, or say --unchecked"), "{}", silent.err);
    assert_eq!(explain(&["--recorded", "{\"C0004\":1}"]).status, 2);
    assert_eq!(explain(&["--recorded", "{\"C0004\":true,\"C0004\":false}"]).status, 2);
    assert_eq!(explain(&["--recorded", "unknown", "--unchecked"]).status, 2);
    let plain = Shop::new(policy("", ""));
    let arguments =
        ["explain", &plain.path("shop.consent"), "-", "--destination", "Zendesk", "--recorded", "unknown"];
    assert_eq!(run(&arguments, b"{}").status, 2);

    let sheet = run(&["table", &policy_file], b"").out;
    assert!(sheet.contains("## Ledger check") && sheet.contains("| consent used"), "{sheet}");
    assert!(sheet.contains("unless that row drops it"), "{sheet}");
    // Each result has a row, but for a mismatch where nothing is compared.
    let nothing_compared = Shop::new(
        "consentry 1 policy \"p\" include prelude \"segment\" category A always destination \"X\" needs A override ledger mismatch drop"
            .to_owned(),
    );
    for (policy_file, most) in [(&policy_file, 7), (&nothing_compared.path("shop.consent"), 6)] {
        let table = run(&["table", policy_file, "--format", "json"], b"").out;
        let table: Value = serde_json::from_str(&table).unwrap();
        let results = table["check"].as_array().unwrap().iter().map(|row| row["result"].as_str().unwrap());
        let all = CheckResult::ALL.map(CheckResult::as_str);
        assert_eq!(results.collect::<Vec<_>>(), all[..most]);
    }
    let unchecked = run(&["table", &plain.path("shop.consent")], b"").out;
    assert!(!unchecked.contains("Ledger") && unchecked.contains("| consent object"), "{unchecked}");

    let visit = ["simulate", &policy_file, "--banner", "mandatory", "--model", "opt-in", "event"];
    assert!(run(&visit, b"").out.contains("ledger check is left out"));
    let certified = shop.json("certify", &["--situations", "1000000"], "");
    assert_eq!(certified["differences"], json!([]));
    assert!(certified["checked"].as_str().unwrap().parse::<u64>().unwrap() >= 1_000_000);

    // A program that says nothing of the ledger gets what `ledger unreachable` says.
    let table = Table::new(Policy::parse(&shop.text).unwrap());
    let granted = br#"{"context":{"consent":{"categoryPreferences":{"C0004":true}}}}"#;
    let mut scratch = table.scratch();
    let decision = table.decide(Input::line(granted), &mut scratch).unwrap();
    assert_eq!(decision.check().unwrap().result.as_str(), "unreachable");
    assert_eq!(decision.delivered().count(), 1, "only the unmapped destination");
}

/// `diff` says what a changed check delivers or blocks, and only what is newly delivered fails `--deny loosened`.
#[test]
fn a_changed_check_is_compared() {
    let old = Shop::new(policy("override ledger mismatch drop override ledger unknown refuse", ""));
    let stricter = Shop::new(policy("override ledger mismatch drop override ledger unknown drop", ""));
    let looser = Shop::new(policy("override ledger mismatch report override ledger unknown refuse", ""));
    let status = |new: &Shop, deny: &str| {
        run(&["diff", &old.path("shop.consent"), &new.path("shop.consent"), "--deny", deny], b"").status
    };
    assert_eq!((status(&stricter, "loosened"), status(&stricter, "tightened")), (0, 1));
    assert_eq!((status(&looser, "loosened"), status(&looser, "tightened")), (1, 0));
    assert_eq!((status(&stricter, "any"), status(&old, "any")), (1, 0));

    let files = [old.path("shop.consent"), looser.path("shop.consent")];
    let compared = run(&["diff", &files[0], &files[1], "--format", "json"], b"");
    let compared: Value = serde_json::from_str(&compared.out).unwrap();
    let rows = compared["check_rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{compared}");
    assert_eq!((&rows[0]["before"], &rows[0]["after"]), (&json!("drop"), &json!("report")));
    for row in rows[0]["destinations"].as_array().unwrap() {
        let name = row["destination"].as_str().unwrap();
        let witness = &row["delivered"];
        let arguments = ["-", "--destination", name, "--recorded", &witness["recorded"].to_string()];
        let event = witness["event"].as_str().unwrap();
        assert_eq!(old.json("explain", &arguments, event)["outcome"], "block", "{row}");
        assert_eq!(looser.json("explain", &arguments, event)["outcome"], "deliver", "{row}");
    }
    let names: Vec<&str> = rows[0]["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["destination"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Amplitude", "Facebook Pixel", "Zendesk"], "all that are enabled");
}

/// Runs `diff` of two policies, each in a file of its own.
fn diff(old: &str, new: &str, more: &[&str]) -> text::Run {
    let [old, new] = [old, new].map(|text| Shop::new(text.to_owned()));
    run(&[&["diff", &old.path("shop.consent"), &new.path("shop.consent")], more].concat(), b"")
}

const ROWS: &str = "override exempt events none override ledger mismatch drop\n\
    override reconcile { consent integrations enforce\n missing any";

/// A changed row changes which consent an unchanged check uses: that is counted, denied and said first.
#[test]
fn an_unchanged_check_is_compared_with_changed_rows() {
    let old = policy(&format!("{ROWS} drop \"x\"\n any any consent\n }}"), "");
    let new = policy(&format!("{ROWS} consent\n any any consent\n }}"), "");
    for (files, denied, allowed, word) in [
        ([&old, &new], "loosened", "tightened", "delivered"),
        ([&new, &old], "tightened", "loosened", "blocked"),
    ] {
        let [old, new] = files;
        assert_eq!(diff(old, new, &["--deny", denied]).status, 1, "{denied}");
        assert_eq!(diff(old, new, &["--deny", allowed]).status, 0, "{denied}");
        let shown = diff(old, new, &[]).out;
        assert!(shown.contains("Facebook Pixel (after the ledger check)"), "{shown}");
        assert!(shown.contains(&format!("newly {word}, where the ledger says")), "{shown}");
        let found: Value = serde_json::from_str(&diff(old, new, &["--format", "json"]).out).unwrap();
        assert_eq!(found["check"], Value::Null, "the check is the same");
        assert_ne!(found[denied], json!(0), "{found}");
    }
    // Another text of a drop is another reason.
    let other = policy(&format!("{ROWS} drop \"y\"\n any any consent\n }}"), "");
    assert_eq!(diff(&old, &other, &["--deny", "reason"]).status, 1);
    assert_eq!(diff(&old, &other, &["--deny", "loosened"]).status, 0);
}

/// Counts of events leave the check out under both policies, and say so.
#[test]
fn counts_of_events_say_that_they_are_unchecked() {
    let [old, new] = ["", "override ledger mismatch drop"].map(|check| policy(check, ""));
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events.ndjson");
    fs::write(&events, b"{\"userId\":\"u\"}\n").unwrap();
    let events = events.to_str().unwrap();
    for format in ["human", "markdown"] {
        let counted = diff(&old, &new, &["--events", events, "--format", format]).out;
        assert!(counted.contains("0 of 1 events change outcome"), "{counted}");
        assert!(counted.contains("without the ledger check"), "{counted}");
    }
    let counted = diff(&old, &new, &["--events", events, "--format", "json"]).out;
    assert_eq!(serde_json::from_str::<Value>(&counted).unwrap()["events"]["unchecked"], json!(true));
    let plain = diff(&old, &old, &["--events", events]).out;
    assert!(!plain.contains("ledger"), "{plain}");
}

/// A destination is compared by the categories that it needs, however many the policies have.
#[test]
fn many_categories_are_no_reason_not_to_compare() {
    let categories: String = (0..600).map(|number| format!("category C{number}\n")).collect();
    let large = |check: &str| {
        format!(
            "consentry 1 policy \"p\" include prelude \"segment\" {categories} destination \"D\" needs C0 {check}"
        )
    };
    let found = diff(&large(""), &large("override ledger mismatch drop"), &["--format", "json"]);
    let found: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!(found["too_large"], json!([]));
    assert_ne!(found["tightened"], json!(0), "{found}");
}

/// A comment fits, however many destinations a changed check has.
#[test]
fn the_comment_of_a_changed_check_fits() {
    let many: String =
        (0..300).map(|number| format!("destination \"D{number}\" needs Advertising\n")).collect();
    let [old, new] = ["", "override ledger mismatch drop"].map(|check| policy(check, &many));
    let comment = diff(&old, &new, &["--format", "markdown"]).out;
    assert!(comment.len() < 65_536, "{}", comment.len());
    assert!(comment.contains("more rows are not shown"), "{comment}");
}

/// An event that names nobody has no record, and `explain` reports a key that is no wire id.
#[test]
fn what_is_recorded_is_about_somebody() {
    let shop = Shop::new(policy("override ledger mismatch drop", ""));
    let explain = |event: &str, recorded: &str| {
        let file = shop.path("shop.consent");
        let arguments = [
            "explain",
            &file,
            "-",
            "--destination",
            "Facebook Pixel",
            "--format",
            "json",
            "--recorded",
            recorded,
        ];
        let run = run(&arguments, event.as_bytes());
        assert_eq!(run.status, 0, "{}", run.err);
        (serde_json::from_str::<Value>(&run.out).unwrap(), run.err)
    };
    let (nobody, said) = explain("{}", "{\"C0004\":\"refused\"}");
    assert_eq!(nobody["steps"][0]["check"]["found"], json!("unknown"), "{nobody}");
    assert!(said.contains("names nobody"), "{said}");
    let (_, said) = explain("{\"userId\":\"u\"}", "{\"Advertising\":\"granted\"}");
    assert!(said.contains("`Advertising` has the wire id `C0004`"), "{said}");
    let granted = r#"{"userId":"u","context":{"consent":{"categoryPreferences":{"C0004":true}}}}"#;
    let (flips, said) = explain(granted, "{\"C0004\":\"granted\"}");
    assert_eq!(said, "");
    for flip in flips["flips"].as_array().unwrap() {
        assert!(flip["event"].as_str().unwrap().contains("\"userId\":\"u\""), "{flip}");
    }
    // An event that writes to the ledger is decided as it is stamped.
    let (flips, _) = explain(granted, "{\"C0004\":\"refused\"}");
    assert!(flips["flips"].to_string().contains("Segment Consent Preference"), "{flips}");
}

/// Findings that show an event name the answer of the ledger with it, or say that they leave it out.
#[test]
fn findings_name_the_ledger() {
    let lint = |settings: &str, more: &str| {
        let shop = Shop::new(policy(settings, more));
        run(&["lint", &shop.path("shop.consent"), "--format", "plain"], b"").out
    };
    let check = "override ledger mismatch drop override exempt events none override preference events none";
    let promise = "always deliver \"Facebook Pixel\" when Advertising granted and consent answered and integrations none";
    let found = lint(check, promise);
    assert!(found.contains("where the ledger says {"), "{found}");
    let nothing =
        format!("{check} override reconcile {{ consent integrations enforce\n any any nothing\n }}");
    assert!(lint(&nothing, "").contains("unless the ledger check drops it"));
    assert!(lint(check, "").contains("the consent used is missing"));
    // A promise about a ledger needs a check.
    let found = lint("", "never deliver any when ledger unreachable");
    assert!(found.contains("C528") && found.contains("C529"), "{found}");
}
