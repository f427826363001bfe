//! Every event that a command prints can be fed to `eval`, which decides it as the command states: in each format, whatever the names are.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[expect(dead_code, reason = "other tests run the command in the folder of the project")]
mod common;
use consentry::syntax::quoted;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// Names that mislead a reader, end a cell or a line, or mean something to a format.
const NAMES: [&str; 8] = [
    "\u{202E}D|<b>\u{2066}",
    "=E\"q\\",
    "n\u{A}l\r\tt\u{1}",
    "``](x) @a #1 %0A ](",
    "\u{200B}\u{FEFF}\u{7F}\u{1B}[2J\u{85}\u{2028}",
    "&amp;<!-- '",
    "\u{E0041}\u{1F36A}\u{FFFE}",
    "-1+@x, y",
];

/// An event that a test names in a file: a lone surrogate, and characters as they are.
const EVENT: &str = "{\"context\":{\"consent\":{\"categoryPreferences\":{\"\\ud800\":true,\"\u{202E}D|<b>\":true,\"\\u0000\":null}}},\
                     \"integrations\":{\"\\udfff\":false,\"All\":true}}";

/// Policies whose categories, destinations and events have such names, and the events that their tests name.
struct Policies {
    folder: tempfile::TempDir,
}

impl Policies {
    fn new() -> Self {
        let policies = Policies { folder: tempfile::tempdir().unwrap() };
        for (at, name) in NAMES.iter().enumerate() {
            let other = NAMES[(at + 1) % NAMES.len()];
            let text = |needs: &str, plain: &str, statements: &str| {
                let [quoted_name, wire_id, event] =
                    [name.to_string(), format!("{other}w"), format!("{name}e")].map(|text| quoted(&text));
                format!(
                    "consentry 1\npolicy {quoted_name}\ninclude prelude \"segment\"\n\
                     category A = {wire_id}\ncategory B\n\
                     destination {quoted_name} {needs}\ndestination \"Plain\" needs {plain}\n\
                     override exempt events {event}\nnever deliver {quoted_name} without B\n{statements}\n"
                )
            };
            let tests = "test \"t\" {\n  consent  integrations  expect\n  { A: granted, B: granted }  { All: on }  block all\n}\n\
                         test \"f\" { events from \"events.ndjson\" deliver all }";
            policies.write(&format!("{at}.consent"), &text("needs all of A, B", "B", tests));
            policies.write(&format!("{at}.new.consent"), &text("needs A", "B", ""));
            let checked = "override ledger mismatch drop\nalways deliver \"Plain\" when A granted and B granted and integrations none";
            policies.write(&format!("{at}.ledger.consent"), &text("needs A", "all of A, B", checked));
        }
        policies.write("events.ndjson", &format!("{EVENT}\n"));
        policies
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Runs a command on files of the folder.
    fn run(&self, words: &[&str], input: &str) -> String {
        let mut command = common::command(words);
        let output = common::run_command(command.current_dir(self.folder.path()), input.as_bytes());
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(!out.is_empty(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        out
    }

    fn json(&self, words: &[&str], input: &str) -> Value {
        serde_json::from_str(&self.run(&[words, &["--format", "json"]].concat(), input)).unwrap()
    }

    /// Returns how `eval` decides events: for each, the outcome and the reason of each destination.
    fn eval(&self, policy: &str, events: &[&str]) -> Vec<BTreeMap<String, (String, String)>> {
        let out = self.run(&["eval", policy, "--unchecked", "--format", "json"], &(events.join("\n") + "\n"));
        let decisions: Vec<_> = out
            .lines()
            .zip(events)
            .map(|(line, event)| {
                let line: Value = serde_json::from_str(line).unwrap();
                let of = |outcome: &str| {
                    let all = line[outcome].as_array().unwrap_or_else(|| panic!("{line}: {event}")).clone();
                    let one = move |one: Value| {
                        (word(&one, "destination"), (outcome.to_owned(), word(&one, "reason")))
                    };
                    all.into_iter().map(one).collect::<Vec<_>>()
                };
                [of("deliver"), of("block")].concat().into_iter().collect()
            })
            .collect();
        assert_eq!(decisions.len(), events.len());
        decisions
    }
}

fn word(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member}: {value}")).to_owned()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

/// An event that a command prints, the destination that it speaks of, and the outcome and the reason that it states.
#[derive(Debug, Clone, PartialEq)]
struct Printed {
    event: String,
    destination: String,
    outcome: String,
    reason: String,
}

fn printed(event: &Value, destination: &Value, stated: &Value) -> Printed {
    let destination = destination.as_str().unwrap().to_owned();
    Printed {
        event: event.as_str().unwrap().to_owned(),
        destination,
        outcome: word(stated, "outcome"),
        reason: word(stated, "reason"),
    }
}

/// The events of `table`, in the order of its sheet.
fn in_tables(document: &Value) -> Vec<Printed> {
    let mut all = Vec::new();
    for table in list(&document["tables"]) {
        for (at, destination) in list(&table["destinations"]).iter().enumerate() {
            for row in list(&table["blocks"]).iter().flat_map(|block| list(&block["rows"])) {
                all.push(printed(&row["events"][at], &destination["destination"], row));
            }
        }
    }
    all
}

fn in_proofs(document: &Value) -> Vec<Printed> {
    let proofs = list(&document["promises"]).iter().flat_map(|promise| list(&promise["counterexamples"]));
    proofs.map(|one| printed(&one["event"], &one["destination"], one)).collect()
}

/// The events of `diff`, as the policy before or after decides them.
fn in_changes(document: &Value, side: &str) -> Vec<Printed> {
    let mut all = Vec::new();
    for destination in list(&document["destinations"]) {
        let changes = list(&destination["changes"]).iter().filter(|change| change["event"].is_string());
        all.extend(
            changes.map(|change| printed(&change["event"], &destination["destination"], &change[side])),
        );
    }
    all
}

fn in_failures(document: &Value) -> Vec<Printed> {
    let mut all = Vec::new();
    for case in list(&document["policies"]).iter().flat_map(|policy| list(&policy["cases"])) {
        for failure in list(&case["failures"]) {
            for one in list(&failure["differences"]) {
                all.push(printed(&failure["event"], &one["destination"], &one["actual"]));
            }
        }
    }
    all
}

/// The events of the findings of `lint`, in labels such as "`Braze`: deliver, not_enforced, with {}", some without a reason.
fn in_findings(document: &Value) -> Vec<Printed> {
    let places = list(&document["diagnostics"]).iter().flat_map(|found| list(&found["places"]));
    let labels = places.filter_map(|place| place["label"].as_str());
    labels
        .filter_map(|label| {
            let (stated, event) = label.split_once(", with {")?;
            let (destination, stated) = stated.rsplit_once("`: ").unwrap();
            let (outcome, reason) = stated.split_once(", ").unwrap_or((stated, ""));
            Some(Printed {
                event: format!("{{{event}"),
                destination: destination[1..].to_owned(),
                outcome: outcome.to_owned(),
                reason: reason.to_owned(),
            })
        })
        .collect()
}

/// A text as the reader of a format sees it.
fn read(format: &str, text: &str) -> String {
    let unescaped = |pairs: &[(&str, &str)]| {
        pairs.iter().fold(text.to_owned(), |text, (escape, meaning)| text.replace(escape, meaning))
    };
    match format {
        "junit" => {
            unescaped(&[("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&amp;", "&")])
        }
        // The strings of the document, without the backslash before what would begin a link.
        "sarif" => {
            fn strings(value: &Value, into: &mut String) {
                match value {
                    Value::String(text) => *into += &(text.replace("\\](", "](") + "\n"),
                    Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
                    Value::Object(members) => members.values().for_each(|value| strings(value, into)),
                    _ => {}
                }
            }
            let mut all = String::new();
            strings(&serde_json::from_str(text).unwrap(), &mut all);
            all
        }
        _ => text.to_owned(),
    }
}

#[test]
fn what_any_command_prints_is_what_eval_reads() {
    let policies = Policies::new();
    let mut count = 0;
    for (at, name) in NAMES.iter().enumerate() {
        let [old, new, ledger] = ["", ".new", ".ledger"].map(|kind| format!("{at}{kind}.consent"));
        let (old, new, ledger) = (&*old, &*new, &*ledger);
        // As eval decides them, so the rows state.
        let mut checked = |policy: &str, all: &[Printed], least: usize| {
            assert!(all.len() >= least, "{policy}: {all:?}");
            count += all.len();
            let events: Vec<&str> = all.iter().map(|one| one.event.as_str()).collect();
            for (one, decided) in all.iter().zip(policies.eval(policy, &events)) {
                let (outcome, reason) = &decided[&one.destination];
                assert_eq!(*outcome, one.outcome, "{policy}: {one:?}");
                assert!(
                    one.reason.is_empty() || *reason == one.reason,
                    "{policy}: {one:?}, and not {reason}"
                );
            }
        };
        // The other formats print the same events, character by character.
        let in_formats = |words: &[&str], formats: &[&str], all: &[Printed]| {
            for format in formats {
                let out = policies.run(&[words, &["--format", format]].concat(), "");
                // A terminal is not steered, and XML can carry what is left.
                assert!(!out.contains(['\u{202E}', '\u{1B}', '\u{FFFE}']), "{words:?} {format}: {out}");
                let out = read(format, &out);
                for one in all {
                    assert!(out.contains(&one.event), "{words:?} {format}: {}\n{out}", one.event);
                }
            }
        };

        let table = in_tables(&policies.json(&["table", old], ""));
        checked(old, &table, 20);
        let sheet = policies.run(&["table", old, "--format", "csv"], "");
        let mut sheet = csv::Reader::from_reader(sheet.as_bytes());
        let rows: Vec<csv::StringRecord> = sheet.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), table.len());
        for (row, one) in rows.iter().zip(&table) {
            assert_eq!((&row[14], &row[11], &row[12]), (&*one.event, &*one.outcome, &*one.reason));
        }

        let proofs = in_proofs(&policies.json(&["prove", old], ""));
        checked(old, &proofs, 1);
        in_formats(&["prove", old], &["human"], &proofs);

        let changes = policies.json(&["diff", old, new], "");
        let before = in_changes(&changes, "before");
        checked(old, &before, 2);
        checked(new, &in_changes(&changes, "after"), 2);
        in_formats(&["diff", old, new, "--reasons"], &["human", "markdown"], &before);

        let failures = in_failures(&policies.json(&["test", old], ""));
        checked(old, &failures, 4);
        in_formats(&["test", old], &["human", "junit"], &failures);

        let findings = in_findings(&policies.json(&["lint", old], ""));
        checked(old, &findings, 3);
        in_formats(&["lint", old], &["human", "plain", "narrated", "sarif"], &findings);

        let explained = policies.json(&["explain", old, &format!("--destination={}", name)], EVENT);
        let flipped = if explained["outcome"] == "block" { "deliver" } else { "block" };
        let flips: Vec<Printed> = list(&explained["flips"])
            .iter()
            .map(|flip| Printed {
                event: word(flip, "event"),
                destination: (*name).to_owned(),
                outcome: flipped.to_owned(),
                reason: word(flip, "reason"),
            })
            .collect();
        checked(old, &flips, 1);

        // The answer of a ledger is JSON too, which `explain --recorded` reads.
        let proved = policies.json(&["prove", ledger], "");
        let broken = list(&proved["promises"]).iter().flat_map(|promise| list(&promise["counterexamples"]));
        let broken: Vec<&Value> = broken.filter(|one| one["recorded"].is_object()).collect();
        assert!(!broken.is_empty(), "{proved}");
        let out = policies.run(&["prove", ledger], "");
        let answers: Vec<&str> =
            out.lines().filter_map(|line| Some(line.split_once("where the ledger says ")?.1)).collect();
        for one in broken {
            let is_same = |answer: &&&str| serde_json::from_str::<Value>(answer).unwrap() == one["recorded"];
            let answer = answers.iter().find(is_same).unwrap_or_else(|| panic!("{one}\n{out}"));
            let destination = format!("--destination={}", word(one, "destination"));
            let words = ["explain", ledger, &destination, "--recorded", answer];
            let explained = policies.json(&words, &word(one, "event"));
            assert_eq!(explained["outcome"], one["outcome"], "{one}");
        }
    }
    assert!(count > 500, "{count}");
}
