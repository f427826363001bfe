//! `consentry diff` and `consentry prove`, and the differences between the documents' own tables.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/facts.rs"]
mod facts;
#[path = "common/text.rs"]
mod text;

use consentry::exact::{Diff, Direction, Open, Opens, diff, gate, prove_all};
use consentry::{Event, Input, Limits, Policy, Table, reference};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use text::Run;

fn run(arguments: &[&str], input: &str) -> Run {
    text::run(arguments, input.as_bytes())
}

const HEAD: &str = "consentry 1\npolicy \"acme\"\ninclude prelude \"segment-strict\"\ncategory Ads = \"C0004\"\ncategory Stats\n";

/// A folder with an old and a new policy.
fn policies(old: &str, new: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("old.consent", old), ("new.consent", new)] {
        fs::write(folder.path().join(name), format!("{HEAD}{text}\n")).unwrap();
    }
    folder
}

fn diff_of(folder: &tempfile::TempDir, arguments: &[&str]) -> Run {
    let [old, new] = ["old.consent", "new.consent"].map(|name| folder.path().join(name));
    let all = [&["diff", old.to_str().unwrap(), new.to_str().unwrap()], arguments].concat();
    run(&all, "")
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar").join(name);
    jsonschema::validator_for(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()).unwrap()
}

#[test]
fn changes_are_told_to_people_programs_and_reviewers() {
    let folder = policies(
        "destination \"Braze\"  needs Ads, Stats",
        "destination \"Braze\"  needs Ads\ndestination \"a|b\"  unmapped",
    );
    let human = diff_of(&folder, &[]);
    assert_eq!(human.status, 0, "{}", human.err);
    assert!(
        human.out.starts_with("2 destinations change outcome: Braze, a|b; the gate changes\n"),
        "{}",
        human.out
    );
    for part in [
        "the integrations entry `a|b` is known now\n",
        "\nBraze\n",
        "  loosened ",
        "block, refused -> deliver, consented\n             in this event refused before: Stats\n\
         {\"context\":{\"consent\":{\"categoryPreferences\":{\"C0004\":true,\"Stats\":false}}}}\n",
        "\na|b (new)\n",
        "\n2 destinations loosened (4 rows)\n3 rows of 1 destination change only the reason; `--reasons` shows them\n",
    ] {
        assert!(human.out.contains(part), "{part}\n{}", human.out);
    }
    let json = diff_of(&folder, &["--format", "json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    let validator = schema("diff.schema.json");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(document["equal"], false);
    let braze = &document["destinations"][0];
    assert_eq!((&braze["destination"], &braze["presence"]), (&"Braze".into(), &"both".into()));
    let first = &braze["changes"][0];
    assert_eq!(first["direction"], "loosened");
    assert_eq!(first["when"]["categories"], serde_json::json!({ "Ads": true, "Stats": false }));
    assert!(!validator.is_valid(&serde_json::json!({ "v": 1 })), "the schema asks for something");
    let markdown = diff_of(&folder, &["--format", "markdown"]).out;
    assert!(
        markdown.starts_with("### acme: 2 destinations change outcome: Braze, a\\|b; the gate changes\n"),
        "{markdown}"
    );
    assert!(
        markdown.contains("| block, refused<br>(in event 1: Stats) | deliver, consented |"),
        "{markdown}"
    );
    assert!(
        markdown.ends_with("3 rows of 1 destination change only the reason; \\`--reasons\\` shows them\n"),
        "{markdown}"
    );
    assert!(markdown.contains("| Braze | **loosened** |") && markdown.contains("a\\|b"), "{markdown}");
    assert!(markdown.contains("<details>") && markdown.len() < 65_536);
}

#[test]
fn the_same_in_other_words_is_no_change() {
    let folder = policies(
        "destination \"Braze\"  needs Ads, Stats",
        "// other words\ndestination \"Braze\"  needs all of Stats, Ads mode device\nlint device-mode off because \"so\"\n\
         banner stays\nmodel opt-in\noverride library loads when gate open",
    );
    let same = diff_of(&folder, &["--deny", "any"]);
    assert_eq!(same.status, 0, "{}", same.out);
    assert!(same.out.starts_with("no change: every event gets the same decision\n"), "{}", same.out);
}

/// A gate that other events pass is a change, though every event is decided alike; another reading that the same events pass is none.
#[test]
fn a_gate_is_compared_as_what_passes() {
    let gate = |said: &str| format!("destination \"X\"  needs Ads\noverride gate opens on {said}");
    let folder = policies(&gate("needed grant"), &gate("any grant"));
    let run = diff_of(&folder, &[]);
    let always = "always open for \"Segment Consent Preference\", \"Segment Consent Preference Updated\"";
    let said = format!(
        "the gate is open if one of these is granted: C0004, Stats; without consent closed; {always}, and was open if one of these \
         is granted: C0004; without consent closed; {always}\n"
    );
    assert!(run.out.contains(&said), "{}", run.out);
    let json: Value = serde_json::from_str(&diff_of(&folder, &["--format", "json"]).out).unwrap();
    assert!(schema("diff.schema.json").is_valid(&json), "{json}");
    assert_eq!((&json["equal"], &json["destinations"]), (&false.into(), &serde_json::json!([])));
    assert_ne!(json["old"]["fingerprint"], json["new"]["fingerprint"]);
    for (denied, status) in [("any", 1), ("loosened", 1), ("tightened", 0), ("reason", 0)] {
        assert_eq!(diff_of(&folder, &["--deny", denied]).status, status, "{denied}");
    }
    // Where every category is needed the two are one gate, and so is `delivery` where no integrations object counts.
    let table = "override reconcile {\nconsent integrations enforce\nany any consent\n}";
    let gate = |said: &str| format!("{}\ndestination \"Y\"  needs Stats\n{table}", gate(said));
    for (old, new) in [("needed grant", "any grant"), ("any grant", "delivery"), ("delivery", "needed grant")]
    {
        let run = diff_of(&policies(&gate(old), &gate(new)), &["--deny", "any"]);
        assert_eq!(
            (run.status, run.out.starts_with("no change: every event gets the same decision\n")),
            (0, true),
            "{}",
            run.out
        );
    }
}

/// The known names change who receives a rewritten event, though every event gets the same decision. Without aliases they change nothing.
#[test]
fn a_change_of_the_known_names_is_not_silent() {
    let router = |alias: &str, names: &str| {
        format!("destination \"X\"  needs Ads {alias}\noverride router knows {names}")
    };
    let alias = "shared alias \"S\"\ndestination \"Y\" needs Stats shared alias \"S\"";
    let folder = policies(&router(alias, "some names"), &router(alias, "own names"));
    let run = diff_of(&folder, &[]);
    assert!(run.out.starts_with("no destination changes outcome; the known names change\n"), "{}", run.out);
    let sentence = "the router knows own names, and knew some names: `filter` writes other entries\n";
    assert!(run.out.contains(sentence), "{}", run.out);
    let json: Value = serde_json::from_str(&diff_of(&folder, &["--format", "json"]).out).unwrap();
    assert!(schema("diff.schema.json").is_valid(&json), "{json}");
    assert_eq!(json["router"], serde_json::json!({ "before": "some names", "after": "own names" }));
    assert_ne!(json["old"]["fingerprint"], json["new"]["fingerprint"]);
    for (denied, status) in [("any", 1), ("loosened", 1), ("tightened", 0), ("reason", 0)] {
        assert_eq!(diff_of(&folder, &["--deny", denied]).status, status, "{denied}");
    }
    let back = policies(&router(alias, "own names"), &router(alias, "some names"));
    assert_eq!(diff_of(&back, &["--deny", "loosened"]).status, 0);
    assert_eq!(diff_of(&back, &["--deny", "tightened"]).status, 1);
    let same = diff_of(&policies(&router("", "some names"), &router("", "own names")), &["--deny", "any"]);
    assert_eq!((same.status, same.out.contains("router")), (0, false), "{}", same.out);
}

/// An entry that is there twice, on and invalid, is on to one policy and off to the other.
#[test]
fn entries_that_two_policies_count_differently_are_told_apart() {
    let policy = |setting: &str| {
        format!(
            "destination \"P\"  exempt because \"x\"\noverride invalid entries  {setting}\noverride reconcile {{\n\
             consent integrations enforce\nany any listed integrations\n}}"
        )
    };
    let folder = policies(&policy("off"), &policy("unlisted"));
    let events = folder.path().join("events.ndjson");
    fs::write(&events, "{\"integrations\":{\"P\":null,\"P\":true}}\n{\"integrations\":{\"P\":true}}\n")
        .unwrap();
    let run = diff_of(&folder, &["--deny", "loosened", "--events", events.to_str().unwrap()]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert!(run.out.contains("  loosened   \"P\" on and invalid at once, 1 event\n"), "{}", run.out);
    assert!(run.out.contains("{\"integrations\":{\"P\":null,\"P\":true}}\n"), "{}", run.out);
    assert!(
        run.out.contains("1 of 2 events change outcome (0 change only the listed reason)"),
        "{}",
        run.out
    );
    let json = diff_of(&folder, &["--format", "json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert!(schema("diff.schema.json").is_valid(&document));
    assert_eq!(
        document["destinations"][0]["changes"][0]["when"]["entries"]["P"],
        serde_json::json!(["on_and_invalid"])
    );
    // Where both count it as off, it is as good as invalid.
    let delivered = "override unmapped destinations  deliver\ndestination \"P\"  unmapped";
    let folder = policies(delivered, &format!("{delivered} disabled"));
    fs::write(folder.path().join("events.ndjson"), fs::read(&events).unwrap()).unwrap();
    let run = diff_of(&folder, &["--events", folder.path().join("events.ndjson").to_str().unwrap()]);
    assert!(
        run.out.contains("1 of 2 events change outcome (1 changes only the listed reason)"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("at once"), "{}", run.out);
}

/// What one policy alone reads may stand beside what both read: then no answer is exact, and everything that is denied may be there.
#[test]
fn spellings_that_no_document_has_are_not_compared_exactly() {
    let policy = |more: &str| {
        format!("destination \"X\"  needs Ads\noverride consent at context.consent.categoryPreferences{more}")
    };
    let folder = policies(&policy(" alias foo"), &policy(""));
    let run = diff_of(&folder, &["--deny", "loosened"]);
    assert!(run.status == 1 && run.out.contains("the rows are not exact"), "{}", run.out);
    let folder = policies(&policy(" alias consentPreferences"), &policy(""));
    assert!(!diff_of(&folder, &[]).out.contains("the rows are not exact"));
}

/// Of two categories that are called alike each says its wire id, and no condition is lost.
#[test]
fn categories_that_are_called_alike_are_told_apart() {
    let folder = policies(
        "category A = \"one\"\ndestination \"X\"  needs A",
        "category A = \"two\"\ndestination \"X\"  needs A",
    );
    let human = diff_of(&folder, &[]);
    assert!(human.out.contains("A = \"one\" not granted, A = \"two\" granted\n"), "{}", human.out);
    let json = diff_of(&folder, &["--format", "json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    let expected = serde_json::json!({ "A = \"one\"": false, "A = \"two\"": true });
    assert_eq!(document["destinations"][0]["changes"][0]["when"]["categories"], expected);
}

/// Rows by categories would be thousands: they ask for what the destination needs, and are as exact.
#[test]
fn too_many_rows_by_categories_are_few_by_needs() {
    let text = |pairs: usize| {
        let categories: String = (0..30).map(|id| format!("category c{id:02}\n")).collect();
        let pairs: Vec<String> =
            (0..pairs).map(|id| format!("(any of c{:02}, c{:02})", id, id + 15)).collect();
        format!("{categories}destination \"Braze\"  needs all of {}", pairs.join(", "))
    };
    let folder = policies(&text(15), &text(14));
    let json = diff_of(&folder, &["--format", "json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    let validator = schema("diff.schema.json");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let changes = document["destinations"][0]["changes"].as_array().unwrap();
    assert_eq!(changes[0]["when"]["needs"], serde_json::json!({ "old": false, "new": true }));
    let names = changes.iter().filter(|change| change["when"]["other_names"] == true);
    assert!(names.clone().count() > 0 && changes.len() < 10, "{changes:#?}");
    assert!(names.clone().all(|change| change["direction"] == "reason"));
    // Each event shows what its row says.
    for change in changes {
        for (file, member) in [("old.consent", "before"), ("new.consent", "after")] {
            let policy = Policy::load(folder.path().join(file)).unwrap();
            let table = Table::new(policy.clone());
            let event = table.read(change["event"].as_str().unwrap().as_bytes(), &Limits::default()).unwrap();
            let id = policy.destination_named("Braze").unwrap();
            let verdict = reference::explain(&policy, &event, id).unwrap().verdict;
            assert_eq!(change[member]["reason"], verdict.reason().as_str(), "{change}");
            assert_eq!(
                change["event_refused"][member].as_array().unwrap().len(),
                verdict.refused().len(),
                "{change}"
            );
        }
    }
    let human = diff_of(&folder, &["--reasons"]);
    for part in
        ["what it needed not granted, what it needs granted\n", "the refusals name other categories\n"]
    {
        assert!(human.out.contains(part), "{part}\n{}", human.out);
    }
}

/// The rows of a JSON diff.
fn rows_of(document: &Value) -> Vec<&Value> {
    let destinations = document["destinations"].as_array().unwrap().iter();
    destinations.flat_map(|one| one["changes"].as_array().unwrap()).collect()
}

/// The document of a diff, which its schema accepts.
fn json_of(folder: &tempfile::TempDir) -> Value {
    let document: Value = serde_json::from_str(&diff_of(folder, &["--format", "json"]).out).unwrap();
    let errors: Vec<String> =
        schema("diff.schema.json").iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    document
}

/// Every event of a row is decided as the row states, not its own event alone.
#[test]
fn rows_state_what_each_of_their_events_gets() {
    let policy = |none: &str, malformed: &str| {
        format!(
            "override exempt events  none\noverride gate opens on  any grant\ndestination \"D\"  needs Ads\n\
             override reconcile {{\nconsent integrations enforce\nmissing none {none}\nmissing malformed {malformed}\n\
             any any consent then integrations\n}}"
        )
    };
    let folder = policies(
        &policy("listed integrations", "integrations"),
        &policy("consent", "consent or integrations because \"x\""),
    );
    let document = json_of(&folder);
    let stated: Vec<[&Value; 4]> = rows_of(&document)
        .into_iter()
        .map(|row| {
            [&row["when"]["integrations"], &row["before"]["reason"], &row["after"]["reason"], &row["event"]]
        })
        .collect();
    let row = |state: &str, before: &str, after: &str, event: &str| {
        [serde_json::json!([state]), before.into(), after.into(), event.into()]
    };
    let expected = [
        row("malformed", "not_enforced", "integration_granted", "{\"integrations\":null}"),
        row("none", "integration_unlisted", "refused", "{}"),
    ];
    assert_eq!(stated, expected.each_ref().map(|row| row.each_ref()));
    // Which categories a refusal names is a fact of the event.
    assert_eq!(
        rows_of(&document)[1]["event_refused"],
        serde_json::json!({ "before": [], "after": ["C0004"] })
    );
    assert!(rows_of(&document)[1]["after"].get("refused").is_none());
    let human = diff_of(&folder, &[]).out;
    assert!(human.starts_with("no destination changes outcome\n"), "{human}");
    assert!(
        human.ends_with("\n2 rows of 1 destination change only the reason; `--reasons` shows them\n"),
        "{human}"
    );
    assert!(!human.contains("refused"), "{human}");
    let reasons = diff_of(&folder, &["--reasons"]).out;
    assert!(
        reasons.contains(
            "block, integration_unlisted -> block, refused\n             in this event refused after: Ads\n"
        ),
        "{reasons}"
    );
    for (denied, status) in [("reason", 1), ("any", 1), ("loosened", 0), ("tightened", 0)] {
        assert_eq!(diff_of(&folder, &["--deny", denied]).status, status, "{denied}");
    }
}

/// Dropped events of different texts have rows of their own.
#[test]
fn rows_state_the_text_of_a_drop() {
    let policy = |malformed: &str| {
        format!(
            "override exempt events  none\ndestination \"D\"  needs Ads\noverride reconcile {{\nconsent integrations enforce\n\
             malformed any {malformed}\nany malformed drop \"no integrations\"\nany any consent\n}}"
        )
    };
    let folder = policies(
        &policy("nothing").replace("any malformed drop \"no integrations\"", "any malformed nothing"),
        &policy("drop \"no consent\""),
    );
    let document = json_of(&folder);
    let texts: BTreeSet<&str> =
        rows_of(&document).into_iter().filter_map(|row| row["after"]["drop_reason"].as_str()).collect();
    assert_eq!(texts, BTreeSet::from(["no consent", "no integrations"]));
    let human = diff_of(&folder, &[]).out;
    assert!(human.contains("deliver, not_enforced -> block, dropped: \"no consent\"\n"), "{human}");
}

/// Grants alone do not say which events pass a gate on delivery if exempt events are delivered without them, though not all.
#[test]
fn exempt_events_that_pass_otherwise_are_part_of_the_gate() {
    let gate_with = |exempt: &str| {
        let text = format!(
            "{HEAD}destination \"X\" needs Ads\noverride gate opens on delivery\noverride exempt events {exempt}\n\
             override reconcile {{\n  consent integrations enforce\n  missing any drop \"no consent\"\n  any any consent\n}}\n"
        );
        gate(&Policy::parse(&text).unwrap())
    };
    let ads = Open::Any(BTreeSet::from(["C0004".to_owned()]));
    assert_eq!(
        gate_with("none").opens,
        Opens::Grants { without_consent: Some(false), open: ads, open_states: Default::default() }
    );
    assert_eq!(gate_with("\"Order\"").opens, Opens::Delivery);
}

/// The gates of two policies are compared event by event, also where decisions differ.
#[test]
fn a_gate_is_compared_in_every_event() {
    // What preference events and exempt events do to the gate of storage that is always exempt.
    let storage = "destination \"Amazon S3\"  exempt because \"x\" kind storage";
    let folder = policies(
        storage,
        &format!("{storage}\noverride preference events  none\noverride exempt events  none"),
    );
    let document = json_of(&folder);
    assert_ne!(document["old"]["fingerprint"], document["new"]["fingerprint"]);
    assert_eq!(document["gate"]["opened"], false);
    assert_eq!(document["gate"]["closed"], true);
    shows_gate(&folder, document["gate"]["closed_event"].as_str().unwrap(), [true, false]);
    for (denied, status) in [("any", 1), ("loosened", 0), ("tightened", 1)] {
        assert_eq!(diff_of(&folder, &["--deny", denied]).status, status, "{denied}");
    }
    // A gate that follows decisions changes with them: it is in words what it was, and other events pass.
    let folder = policies("destination \"X\"  needs Ads, Stats", "destination \"X\"  needs Ads");
    let document = json_of(&folder);
    assert_eq!((&document["gate"]["opened"], &document["gate"]["closed"]), (&true.into(), &false.into()));
    shows_gate(&folder, document["gate"]["opened_event"].as_str().unwrap(), [false, true]);
    let human = diff_of(&folder, &[]).out;
    assert!(
        human.contains(
            "\nother events pass the gate, which is open for events that some destination receives"
        ),
        "{human}"
    );
    assert!(human.contains("\nthis event passes the gate, and did not:\n{\"context\""), "{human}");
    // Another destination keeps it open.
    let kept = "override unmapped destinations  deliver\noverride reconcile {\nconsent integrations enforce\n\
                any any consent\n}\ndestination \"Y\"  unmapped\n";
    let folder = policies(
        &format!("{kept}destination \"X\"  needs Ads, Stats"),
        &format!("{kept}destination \"X\"  needs Ads"),
    );
    assert_eq!(json_of(&folder)["gate"], Value::Null);
}

/// An event passes the gates of the old and the new policy, or does not.
fn shows_gate(folder: &tempfile::TempDir, event: &str, expected: [bool; 2]) {
    let passes = ["old.consent", "new.consent"].map(|name| {
        let table = Table::new(Policy::load(folder.path().join(name)).unwrap());
        let opens = table.policy().gate_opens().value;
        let mut scratch = table.scratch();
        table.decide(Input::line(event.as_bytes()), &mut scratch).unwrap().passes_gate(opens)
    });
    assert_eq!(passes, expected, "{event}");
}

/// An event of a row holds the same consent where each policy reads it, so that both decide it as the row states.
#[test]
fn rows_of_other_places_have_events_that_show_them() {
    let needs = "destination \"X\"  needs Ads\ndestination \"Y\"  unmapped";
    let at = |path: &str, needs: &str| format!("{needs}\noverride consent at  {path}");
    let mut shown = 0;
    for (old, new) in [
        ("context.consent.categoryPreferences", "traits.choices"),
        ("context.consent.categoryPreferences", "context.privacy.choices"),
        ("choices", "context.consent.categoryPreferences"),
        ("context.consent", "context.consent.categoryPreferences"),
    ] {
        let other = needs.replace("needs Ads", "needs Ads, Stats").replace("unmapped", "exempt");
        let folder = policies(&at(old, needs), &at(new, &other));
        for row in rows_of(&json_of(&folder)) {
            let Some(event) = row["event"].as_str() else {
                assert_eq!(
                    row["no_event"],
                    "the policies read consent at places that one event cannot fill alike"
                );
                assert_eq!(new, "context.consent.categoryPreferences", "{row}");
                continue;
            };
            for (file, member) in [("old.consent", "before"), ("new.consent", "after")] {
                let policy = Policy::load(folder.path().join(file)).unwrap();
                let event = Event::read(event.as_bytes(), policy.reading(), &Limits::default()).unwrap();
                let reasons: Vec<String> = policy
                    .destination_ids()
                    .map(|id| reference::explain(&policy, &event, id).unwrap().verdict.reason().to_string())
                    .collect();
                assert!(reasons.iter().any(|reason| row[member]["reason"] == **reason), "{row}");
            }
            let said = |member: &str| (&row[member], &row["event_refused"][member]);
            assert_ne!(said("before"), said("after"), "{row}");
            shown += 1;
        }
    }
    assert!(shown > 20, "{shown}");
    let folder = policies(
        &at("context.consent", needs),
        &at("context.consent.categoryPreferences", "destination \"X\"  unmapped"),
    );
    let human = diff_of(&folder, &["--reasons"]).out;
    assert!(human.contains("no event shows this row: the policies read consent at places"), "{human}");
}

/// Where categories swap their names, words and JSON tell which wire id is meant.
#[test]
fn categories_that_swap_names_are_told_apart() {
    let old = "category A = \"one\"\ncategory B = \"two\"\ndestination \"X\"  needs A";
    let new = "category A = \"two\"\ncategory B = \"one\"\ndestination \"X\"  needs A";
    let folder = policies(old, new);
    let human = diff_of(&folder, &["--reasons"]).out;
    assert!(human.contains("B = \"one\" not granted, A = \"two\" granted\n"), "{human}");
    assert!(human.contains("in this event refused before: B = \"one\"\n"), "{human}");
    assert!(human.contains("in this event refused before: B = \"one\"; after: A = \"two\"\n"), "{human}");
    let document = json_of(&folder);
    let row = rows_of(&document)[0];
    assert_eq!(row["when"]["wire_ids"], serde_json::json!({ "one": false, "two": true }));
    assert_eq!(row["event_refused"], serde_json::json!({ "before": ["one"], "after": [] }));
    // A name that another destination's category had is ambiguous too.
    let folder = policies(
        "category A = \"one\"\ncategory B = \"two\"\ndestination \"X\"  needs A",
        "category B = \"one\"\ndestination \"X\"  needs all of B, Ads",
    );
    let human = diff_of(&folder, &[]).out;
    assert!(human.contains("B = \"one\" granted"), "{human}");
}

/// A row lists no state that none of its events has: nothing is granted where no policy sees preferences.
#[test]
fn rows_list_states_that_occur() {
    let policy = |more: &str| format!("override exempt events  none\ndestination \"D\"  needs Ads{more}");
    // Under two of the three spellings only the old one sees preferences.
    let folder = policies(&policy(""), &policy("\noverride consent at  context.consent.categoryPreferences"));
    let document = json_of(&folder);
    let mut listed = 0;
    for row in rows_of(&document) {
        let when = &row["when"];
        if when["wire_ids"]["C0004"] == true {
            let states = when["consent"].as_array().into_iter().flatten();
            for state in states.filter_map(Value::as_str) {
                assert!(state.contains("answered") && !state.starts_with("unanswered"), "{row}");
                listed += 1;
            }
        }
    }
    assert!(listed > 0, "{document}");
}

/// Of a destination without an answer it is said that there is none, and whatever is denied may be there.
#[test]
fn what_is_too_large_is_said_and_denied() {
    let text = |last: &str| {
        let name = |row: usize, column: usize| format!("c{row:02}{column:02}");
        let all = |of: &dyn Fn(usize, usize) -> String| -> Vec<String> {
            let group = |one| (0..16).map(|other| of(one, other)).collect::<Vec<_>>().join(", ");
            (0..16).map(|one| format!("(any of {})", group(one))).collect()
        };
        let categories: String =
            (0..256).map(|id| format!("category {}\n", name(id / 16, id % 16))).collect();
        let groups = [all(&|row, column| name(row, column)), all(&|column, row| name(row, column))].concat();
        format!(
            "{categories}destination \"Braze\"  needs all of {}{last}\ndestination \"Slack\"  needs Ads",
            groups.join(", ")
        )
    };
    let folder = policies(&text(""), &text(", Stats").replace("needs Ads", "needs Ads, Stats"));
    let human = diff_of(&folder, &[]);
    assert_eq!(human.status, 1, "{}", human.err);
    let said = "`Braze` is not compared: it is too large to be answered exactly\n";
    assert!(human.out.contains(said) && human.out.contains("\nSlack\n  tightened"), "{}", human.out);
    let json = diff_of(&folder, &["--format", "json", "--deny", "loosened"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.status, &document["too_large"]), (1, &serde_json::json!(["Braze"])));
    assert_eq!((&document["equal"], document["destinations"].as_array().unwrap().len()), (&false.into(), 1));
    // The same policy is the same, however large it is.
    fs::write(folder.path().join("new.consent"), format!("{HEAD}// the same\n{}", text(""))).unwrap();
    let same = diff_of(&folder, &["--deny", "any"]);
    assert_eq!(
        (same.status, same.out.lines().next()),
        (0, Some("no change: every event gets the same decision"))
    );
}

#[test]
fn what_is_denied_fails() {
    let (loose, tight) = ("destination \"Braze\"  needs Ads", "destination \"Braze\"  needs Ads, Stats");
    let reason = "destination \"Braze\"  needs Ads\noverride invalid entries  unlisted";
    for (old, new, denied, status) in [
        (tight, loose, "loosened", 1),
        (tight, loose, "tightened", 0),
        (tight, loose, "any", 1),
        (loose, tight, "tightened", 1),
        (loose, tight, "loosened", 0),
        (loose, loose, "any", 0),
        (loose, reason, "loosened", 1),
    ] {
        let run = diff_of(&policies(old, new), &["--deny", denied]);
        assert_eq!(run.status, status, "{denied}: {old} -> {new}\n{}", run.out);
    }
    // What is read elsewhere cannot be compared exactly, so that it may be loosened.
    let elsewhere = format!("{loose}\noverride consent at  traits.choices");
    let run = diff_of(&policies(loose, &elsewhere), &["--deny", "loosened"]);
    assert_eq!(run.status, 1);
    assert!(run.out.contains("as if each event had the same preferences for both"), "{}", run.out);
}

#[test]
fn events_are_counted() {
    let folder = policies("destination \"Braze\"  needs Ads, Stats", "destination \"Braze\"  needs Ads");
    let event = |ads: bool, stats: bool| {
        format!(
            "{{\"context\":{{\"consent\":{{\"categoryPreferences\":{{\"C0004\":{ads},\"Stats\":{stats}}}}}}}}}\n"
        )
    };
    let events = folder.path().join("events.ndjson");
    fs::write(&events, event(true, false).repeat(3) + &event(true, true) + &event(false, true)).unwrap();
    let counted = diff_of(&folder, &["--events", events.to_str().unwrap(), "--format", "json"]);
    assert_eq!(counted.status, 0, "{}", counted.err);
    let document: Value = serde_json::from_str(&counted.out).unwrap();
    assert!(schema("diff.schema.json").is_valid(&document));
    assert_eq!(
        document["events"],
        serde_json::json!({
            "decided": 5, "blank_lines": 0, "changed": 3, "outcome_changed": 3, "reason_changed": 0, "not_events": 0
        })
    );
    let changes = document["destinations"][0]["changes"].as_array().unwrap();
    let loosened = changes.iter().filter(|change| change["direction"] == "loosened");
    assert_eq!(loosened.map(|change| change["events"].as_u64().unwrap()).max(), Some(3));
    // A line that is no event is counted and fails.
    fs::write(&events, "{}\nno event\n").unwrap();
    let broken = diff_of(&folder, &["--events", events.to_str().unwrap()]);
    assert_eq!(broken.status, 1);
    assert!(
        broken.out.contains(
            "0 of 1 events change outcome (1 changes only the listed reason); 1 line is not an event"
        ),
        "{}",
        broken.out
    );
}

/// A policy and what it includes, against what they were in a revision of git.
#[test]
fn a_revision_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let done = Command::new("git").arg("-C").arg(folder.path()).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("sub folder")).unwrap();
    write("sub folder/p.consent", &format!("{HEAD}include \"parts/d.consent\"\n"));
    fs::create_dir(folder.path().join("sub folder/parts")).unwrap();
    write("sub folder/parts/d.consent", "consentry 1\ndestination \"Braze\"  needs Ads, Stats\n");
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "first"]);
    let policy = folder.path().join("sub folder/p.consent");
    let against = |revision: &str| {
        run(&["diff", "--against", revision, policy.to_str().unwrap(), "--deny", "loosened"], "")
    };
    assert_eq!(against("HEAD").status, 0);
    write("sub folder/parts/d.consent", "consentry 1\ndestination \"Braze\"  needs Ads\n");
    let changed = against("HEAD");
    assert_eq!(changed.status, 1, "{}", changed.err);
    assert!(changed.out.contains("\nHEAD:") && changed.out.contains("loosened"), "{}", changed.out);
    for (revision, says) in
        [("no-such", "cannot read revision `no-such`"), ("--help", "cannot read revision `--help`")]
    {
        let run = run(&["diff", &format!("--against={revision}"), policy.to_str().unwrap()], "");
        assert!(run.status == 2 && run.err.contains(says), "{}", run.err);
    }
    for (arguments, says) in [
        (&["diff", "a.consent"][..], "there is one policy"),
        (&["diff", "a.consent", "b.consent", "c.consent"], "there are several policies"),
    ] {
        let run = run(arguments, "");
        assert!(run.status == 2 && run.err.contains(says), "{}", run.err);
    }
}

/// An event of a change, piped into `eval`, is decided as the change says.
#[test]
fn events_that_show_a_change_can_be_decided() {
    let folder = policies("destination \"Braze\"  needs Ads, Stats", "destination \"Braze\"  unmapped");
    let human = diff_of(&folder, &[]).out;
    let events: Vec<&str> = human.lines().filter(|line| line.starts_with('{')).collect();
    assert!(!events.is_empty());
    let new = folder.path().join("new.consent");
    let decided = run(&["eval", new.to_str().unwrap(), "--format", "json"], &(events.join("\n") + "\n"));
    assert_eq!((decided.status, decided.out.lines().count()), (0, events.len()));
}

#[test]
fn promises_are_proved_or_shown_to_be_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.consent");
    let prove = |text: &str, arguments: &[&str]| {
        fs::write(
            &path,
            format!("{HEAD}destination \"Braze\"  needs Ads\ndestination \"Slack\"  needs Stats\n{text}\n"),
        )
        .unwrap();
        run(&[&["prove", path.to_str().unwrap()], arguments].concat(), "")
    };
    let kept = prove("never deliver \"Braze\"  without Ads when event not exempt because \"law\"", &[]);
    assert_eq!(kept.status, 0, "{}", kept.out);
    assert!(
        kept.out.contains("proved over ") && kept.out.ends_with("1 of 1 promises are kept\n"),
        "{}",
        kept.out
    );
    let text = "never deliver any  without Ads when event not exempt\nalways deliver \"Braze\"  when Ads granted and integrations none";
    let broken = prove(text, &[]);
    assert_eq!(broken.status, 1);
    assert!(
        broken.out.contains("BROKEN  never deliver any without Ads when event not exempt"),
        "{}",
        broken.out
    );
    assert!(broken.out.contains("Slack: deliver, consented\n{\"context\":"), "{}", broken.out);
    assert!(
        !broken.out.contains("Braze: ") && broken.out.ends_with("1 of 2 promises are kept\n"),
        "{}",
        broken.out
    );
    let document: Value = serde_json::from_str(&prove(text, &["--format", "json"]).out).unwrap();
    let errors: Vec<String> =
        schema("prove.schema.json").iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(
        (&document["promises"][0]["kept"], &document["promises"][1]["kept"]),
        (&false.into(), &true.into())
    );
    let nothing = prove("", &[]);
    assert!(nothing.status == 1 && nothing.out.starts_with("nothing is promised"), "{}", nothing.out);
    // A promise that is not kept fails lint.
    fs::write(&path, format!("{HEAD}destination \"Braze\"  needs Ads\nnever deliver \"Braze\"\n")).unwrap();
    let lint = run(&["lint", path.to_str().unwrap()], "");
    assert!(lint.status == 1 && lint.out.contains("C528"), "{}", lint.out);
}

/// A policy over one of the documents' preludes, with the categories and destinations that a case speaks of.
fn documented(prelude: &str, facts: &Value) -> Policy {
    Policy::parse(&facts::policy(prelude, facts, "")).unwrap()
}

/// Each event of the documents' tables is in a change between two of them exactly where they decide it otherwise, and each event
/// that the comparison shows is really decided otherwise.
#[test]
fn the_documents_differ_where_they_say() {
    let documents = [
        include_str!("documents/segment_seed_new_table.json"),
        include_str!("documents/segment_seed_old_consent_management_table.json"),
        include_str!("documents/segment_seed_old_reconcile_table.json"),
    ];
    let preludes = ["segment", "segment-2023-overview", "segment-2023-reconcile"];
    let (mut same, mut otherwise) = (0, 0);
    for document in documents {
        let document: Value = serde_json::from_str(document).unwrap();
        for case in document["cases"].as_array().unwrap() {
            let facts = case.get("policy_facts").unwrap_or(&document["policy_facts"]);
            let event = case["event"].to_string();
            for (one, other) in preludes.iter().flat_map(|one| preludes.map(|other| (*one, other))) {
                let (old, new) = (documented(one, facts), documented(other, facts));
                let changes = diff(&old, &new);
                assert!(one != other || changes.is_empty(), "{one} -> {other}");
                let [as_old, as_new] = [&old, &new].map(|policy| {
                    Event::read(event.as_bytes(), policy.reading(), &Limits::default()).unwrap()
                });
                for id in old.destination_ids() {
                    let name = old.destination(id).unwrap().name();
                    let delivers = |policy: &Policy, event: &Event| {
                        let id = policy.destination_named(name).unwrap();
                        reference::explain(policy, event, id).unwrap().verdict.delivers()
                    };
                    let expected = match (delivers(&old, &as_old), delivers(&new, &as_new)) {
                        (false, true) => Some(Direction::Loosened),
                        (true, false) => Some(Direction::Tightened),
                        _ => None,
                    };
                    let found = directions(&changes, name, &as_old, &as_new);
                    assert_eq!(found, expected.into_iter().collect(), "{name}: {event}, {one} -> {other}");
                    if expected.is_some() { otherwise += 1 } else { same += 1 }
                }
                shown(&changes, &old, &new);
            }
        }
    }
    assert!(otherwise >= 40 && same > otherwise, "{otherwise} differ, {same} do not");
}

/// In which directions an event changes for a destination, but for its reason.
fn directions(changes: &Diff, name: &str, old: &Event, new: &Event) -> BTreeSet<Direction> {
    let destination = changes.destinations.iter().find(|one| one.name == name);
    let touching = destination.into_iter().flat_map(|one| {
        let all: Vec<Direction> = one.changes().map(|change| change.direction).collect();
        one.touching()(old, new).into_iter().map(move |place| all[place]).collect::<Vec<_>>()
    });
    touching.filter(|direction| *direction != Direction::Reason).collect()
}

/// The event of each change is decided as it says.
fn shown(changes: &Diff, old: &Policy, new: &Policy) {
    for (destination, change) in changes.changes() {
        let said = |policy: &Policy| {
            let table = Table::new(policy.clone());
            let witness = change.witness.clone().unwrap();
            let event = table.read(witness.event.as_bytes(), &Limits::default()).unwrap();
            let id = policy.destination_named(&destination.name).unwrap();
            let verdict = reference::explain(policy, &event, id).unwrap().verdict;
            (verdict.delivers(), verdict.reason())
        };
        let (before, after) = (said(old), said(new));
        let reasons = [&change.before, &change.after].map(|decided| decided.as_ref().unwrap().reason);
        assert_eq!(reasons, [before.1, after.1]);
        match change.direction {
            Direction::Loosened => assert!(!before.0 && after.0),
            Direction::Tightened => assert!(before.0 && !after.0),
            Direction::Reason => assert_eq!(before.0, after.0),
        }
    }
}

/// What the removed pages say of themselves: an empty consent object without integrations refuses on the first one; on the second
/// one also what is unmapped is blocked, and one of several categories is enough.
#[test]
fn the_removed_pages_differ_in_what_they_are_known_for() {
    let facts = serde_json::json!({
        "categories": [{ "id": "ad", "enabled": true }, { "id": "analytics", "enabled": true }],
        "destinations": [
            { "name": "facebook", "categories": ["ad"], "kind": "cloud", "enabled": true },
            { "name": "both", "categories": ["ad", "analytics"], "kind": "cloud", "enabled": true },
            { "name": "crm-sink", "categories": [], "kind": "cloud", "enabled": true },
        ],
    });
    let changes = |prelude: &str| -> Vec<String> {
        let changes = diff(&documented("segment", &facts), &documented(prelude, &facts));
        let outcomes = changes.changes().filter(|(_, change)| change.direction != Direction::Reason);
        outcomes
            .map(|(one, change)| format!("{} {}: {}", one.name, change.direction.as_str(), change.conditions))
            .collect()
    };
    let empty = "consent empty, integrations none or malformed, event any other";
    assert_eq!(
        changes("segment-2023-overview"),
        [format!("both tightened: {empty}"), format!("facebook tightened: {empty}")]
    );
    assert_eq!(
        changes("segment-2023-reconcile"),
        [
            "both loosened: event any other, \"both\" on, ad not granted, analytics granted",
            "both loosened: event any other, \"both\" on, ad granted, analytics not granted",
            "both loosened: event any other, \"both\" not off, All not off, ad not granted, analytics granted",
            "both loosened: event any other, \"both\" not off, All not off, ad granted, analytics not granted",
            &format!("both tightened: {empty}"),
            // Nothing was enforced there, and elsewhere it was delivered as unmapped: each has rows of its own.
            &format!("crm-sink tightened: {empty}"),
            "crm-sink tightened: consent unanswered, answered or malformed, integrations none or malformed, event any other",
            "crm-sink tightened: consent empty, unanswered, answered or malformed, integrations present, event any other, \"crm-sink\" not off, All not off",
            "crm-sink tightened: consent empty, unanswered, answered or malformed, event any other, \"crm-sink\" on",
            &format!("facebook tightened: {empty}"),
        ]
    );
}

/// Where preferences are at the root of the event under one policy, no event that is compared is without a level above them.
#[test]
fn a_path_of_one_key_has_no_missing_level() {
    let policy = |place: &str, enforce: &str| {
        let text = format!(
            r#"consentry 1 policy "p" include prelude "segment" {place} category Ads destination "X" needs Ads
            override reconcile {{
              consent  integrations  enforce
              missing  any  {enforce}
              any      any  consent then integrations
            }}"#
        );
        Policy::parse(&text).unwrap()
    };
    let nested = policy("", "consent");
    let root = policy("override consent at categoryPreferences", "nothing");
    for (old, new) in [(&nested, &root), (&root, &nested)] {
        let diff = diff(old, new);
        let rows: Vec<String> = diff.changes().map(|(_, change)| change.conditions.to_string()).collect();
        assert!(rows.iter().all(|row| !row.contains("missing")), "{rows:?}");
        assert!(!diff.is_exact());
    }
}

/// In Markdown nothing from a policy mentions anybody, links anywhere or closes an issue on GitHub, which looks for such words outside
/// code after it has read the escapes.
#[test]
fn a_policy_refers_to_nothing_on_github() {
    let names = [
        "@acme",
        "fixes #12",
        "gh-12",
        "acme/site#7",
        "https://a.example",
        "www.a.example",
        "a@b.co",
        "1234abc",
    ];
    let text = |needs: &str| {
        let categories = names.map(|name| format!("category \"C {name}\"  \"about {name}\"\n")).concat();
        let destinations =
            names.map(|name| format!("destination \"D {name}\"  needs \"C {name}\"{needs}\n")).concat();
        let promises = names
            .map(|name| {
                format!("never deliver \"D {name}\"  without \"C {name}\"  when event not exempt because \"{name}\"\n")
            })
            .concat();
        format!(
            "consentry 1\npolicy \"p {}\"\ninclude prelude \"segment\"\noverride exempt events  \"E @acme\"\ncategory Ads\n{categories}{destinations}{promises}",
            names[0]
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, needs) in [("old.consent", ""), ("new.consent", ", Ads")] {
        fs::write(path(name), text(needs)).unwrap();
    }
    let (old, new) = (path("old.consent"), path("new.consent"));
    for arguments in [
        &["diff", &old, &new, "--reasons", "--format", "markdown"][..],
        &["table", &new, "--format", "markdown"],
        &["simulate", &new, "--all", "--format", "markdown"],
        &[
            "simulate",
            &new,
            "--banner",
            "mandatory",
            "--model",
            "opt-in",
            "--format",
            "markdown",
            "event",
            "choose all",
            "event",
        ],
    ] {
        let shown = run(arguments, "");
        assert!(shown.status == 0, "{arguments:?}: {}", shown.err);
        // Every second part is code.
        let prose: Vec<&str> = shown.out.split('`').step_by(2).collect();
        let prose = prose.join(" ").replace('\\', "").replace("&#8203;", "\u{200b}");
        assert!(prose.contains("D @"), "{arguments:?}: {prose}");
        for name in names {
            assert!(!prose.contains(name), "{arguments:?}: {name}: {prose}");
        }
    }
}

/// An input refuses a category that a promise names, or the ledger's check compares, and the destination does not need.
#[test]
fn promises_are_asked_for_each_input_that_matters_to_them() {
    let policy = Policy::parse(
        r#"consentry 1
policy "p"
include prelude "segment-strict"
input p at context.p values "a"
category A
category B refused when p absent
destination "D" needs A
override ledger mismatch report
always deliver "D" when B granted and event not exempt
never deliver "D" when ledger mismatch and A granted and recorded A granted and event not exempt
never deliver "D" without B
"#,
    )
    .unwrap();
    let proofs: Vec<_> = prove_all(&policy).map(Result::unwrap).collect();
    for proof in &proofs {
        assert!(!proof.counterexamples.is_empty() && proof.situations != Some(0), "{:?}", proof.promise);
    }
    // The event of the first two has the input.
    for proof in &proofs[..2] {
        assert!(proof.counterexamples[0].event.contains("\"p\":"), "{}", proof.counterexamples[0].event);
    }
}

/// A comparison of other places fails also where there is no destination to name.
#[test]
fn other_places_are_a_failure_without_destinations() {
    let places = |rule: &str| {
        format!(
            "override consent at places {rule} {{ a at a.c b at b.c }}\ncategory Other from a\ncategory Both"
        )
    };
    let folder = policies(&places("all"), &places("any refuses"));
    let compared = diff_of(&folder, &[]);
    assert_eq!(compared.status, 1, "{}", compared.out);
    assert!(compared.out.contains("decisions are not compared"), "{}", compared.out);
}
