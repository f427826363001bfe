//! `consentry test`: what it says of tests that fail, in each format, and its behaviour as a command.
//!
//! Run with `BLESS=1` to write the expected outputs under `tests/runner` anew.

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
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use text::Run;

fn run(arguments: &[&str]) -> Run {
    text::run(arguments, b"")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_shipped_policies_pass_their_tests() {
    let run = run(&["test", "policies"]);
    assert_eq!((run.status, run.err.as_str()), (0, ""), "{}", run.out);
    let last = run.out.lines().last().unwrap();
    assert!(last.ends_with(" events decided") && last.contains(", 0 failed, "), "{last}");
    let passed: usize = last.split(' ').next().unwrap().parse().unwrap();
    assert!(passed >= 25, "{last}");
}

#[test]
fn failures_are_told_to_people_and_programs() {
    for (format, ending) in [("human", "txt"), ("json", "json"), ("junit", "xml")] {
        let run = run(&["test", "tests/runner", "--format", format]);
        assert_eq!((run.status, run.err.as_str()), (1, ""));
        let path = root().join(format!("tests/runner/expected.{ending}"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &run.out).unwrap();
        }
        assert_eq!(run.out, fs::read_to_string(path).unwrap(), "{format}");
    }
}

#[test]
fn json_follows_its_schema() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(root().join("grammar/test.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for path in ["tests/runner", "policies"] {
        let document: Value = serde_json::from_str(&run(&["test", path, "--format", "json"]).out).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        // Every case is there, and counted.
        let cases =
            document["policies"].as_array().unwrap().iter().flat_map(|one| one["cases"].as_array().unwrap());
        let (passed, failed): (Vec<_>, Vec<_>) = cases.partition(|case| case["passed"] == true);
        assert_eq!((&document["passed"], &document["failed"]), (&passed.len().into(), &failed.len().into()));
        assert!(failed.iter().all(|case| !case["failures"].as_array().unwrap().is_empty()));
    }
    let wrong = serde_json::json!({ "v": 1, "passed": 0, "failed": "none", "events": 0, "policies": [] });
    assert!(!validator.is_valid(&wrong), "the schema asks for something");
}

/// What is wrong with a document of JUnit's, by the schema of the plug-in that reads it on build servers.
fn junit_errors(document: &str) -> Vec<String> {
    let schema = fs::read_to_string(root().join("tests/schemas/junit-10.xsd")).unwrap();
    let schema = uppsala::parse(&schema).unwrap();
    let validator = uppsala::XsdValidator::from_schema(&schema).unwrap();
    let document = uppsala::parse(document).unwrap();
    validator.validate(&document).iter().map(|error| error.to_string()).collect()
}

#[test]
fn junit_follows_its_schema() {
    for path in ["tests/runner", "policies"] {
        let document = run(&["test", path, "--format", "junit"]).out;
        assert_eq!(junit_errors(&document), Vec::<String>::new(), "{document}");
    }
    // What the schema forbids is seen.
    let document = run(&["test", "policies", "--format", "junit"]).out;
    for (right, wrong) in
        [("<testcase name=", "<testcase title="), ("<testsuite ", "<suite "), ("tests=", "texts=")]
    {
        let wrong = document
            .replace(right, wrong)
            .replace("</testsuite>", if right == "<testsuite " { "</suite>" } else { "</testsuite>" });
        assert!(!junit_errors(&wrong).is_empty(), "{right}");
    }
}

#[test]
fn tests_are_chosen_and_listed() {
    let filtered = run(&["test", "policies", "--filter", "integrations object", "--filter", "share stops"]);
    assert_eq!(filtered.status, 0, "{}", filtered.err);
    assert!(filtered.out.contains("5 cases passed, 0 failed"), "{}", filtered.out);
    let list = run(&["test", "policies", "--list", "--filter", "follow"]);
    assert_eq!(list.out.lines().count(), 1, "{}", list.out);
    assert!(list.out.starts_with("policies/examples/gazette/gazette-tests.consent:"), "{}", list.out);
    // Of a policy without such a test nothing is said, least of all that it has none.
    let gazette = run(&["test", "policies/examples", "--filter", "share"]).out;
    assert!(gazette.contains("gazette.consent") && !gazette.contains("shop.consent"), "{gazette}");
    let none = run(&["test", "policies", "--filter", "Integrations object"]);
    assert_eq!((none.status, none.out.as_str()), (2, ""));
    assert_eq!(none.err, "consentry: no test has `Integrations object` in its name\n");
}

#[test]
fn what_cannot_be_tested_is_said() {
    for (arguments, status, says) in [
        (&["test"][..], 2, "required arguments"),
        (&["test", "no-such-folder"], 2, "cannot read `no-such-folder`"),
        (&["test", "tests/data"], 2, "there is no .consent file below `tests/data`"),
        (&["test", "policies", "--watch", "--format", "json"], 2, "cannot be used with"),
        (&["test", "no-such.consent", "--watch"], 2, "cannot read `no-such.consent`"),
    ] {
        let run = run(arguments);
        assert!(run.status == status && run.err.contains(says), "{}", run.err);
    }
    let broken = run(&["test", "tests/runner/broken.consent"]);
    assert_eq!(broken.status, 1);
    assert!(broken.out.contains("C305") && broken.out.contains("C317"), "{}", broken.out);
    assert!(broken.out.ends_with("0 cases passed, 0 failed, 0 events decided; 1 policy was not run\n"));
    let prelude = run(&["test", "policies/segment.consent"]);
    assert_eq!((prelude.status, prelude.out.contains("no tests")), (1, true));
    assert!(prelude.out.ends_with("0 events decided; nothing was tested\n"), "{}", prelude.out);
}

/// A policy whose `policy` line is not one looks like a part of others, and is none that has passed.
#[test]
fn what_looks_like_a_part_has_not_passed() {
    let body = "include prelude \"segment\"\ndestination \"A\" unmapped\ntest \"t\" {\n  deliver \"A\"\n}\n";
    for (text, says) in [
        (format!("consentry 1\npolicy \"p\"\n{body}"), ""),
        (format!("consentry 1\npolcy \"p\"\n{body}"), "polcy"),
        (format!("consentry 1\npolicy p\n{body}"), "not run"),
        (format!("consentry 1\n{body}"), "no policy that was checked includes this file"),
        (String::new(), "C104"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.consent");
        fs::write(&path, &text).unwrap();
        let test = run(&["test", path.to_str().unwrap()]);
        assert_eq!(test.status == 0, says.is_empty(), "{text}\n{}", test.out);
        assert!(test.out.contains(says), "{text}\n{}", test.out);
    }
    // A policy that has lost its first line, with its tests in a file that another policy includes.
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("tests.consent", "consentry 1\ntest \"q\" {\n  consent missing\n  block all\n}\n");
    let policy = "include prelude \"segment-strict\"\ninclude \"tests.consent\"\ncategory A\ndestination \"X\" needs A\n";
    write("a.consent", &format!("consentry 1\npolicy \"a\"\n{policy}"));
    assert_eq!(run(&["test", folder.path().to_str().unwrap()]).status, 0);
    write("b.consent", &format!("consentry 1\n// policy \"b\"\n{policy}"));
    let test = run(&["test", folder.path().to_str().unwrap()]);
    assert_eq!(test.status, 1, "{}", test.out);
    assert!(test.out.contains("b.consent") && test.out.contains("1 policy was not run"), "{}", test.out);
    // Beside the policy that includes it, a part is run with it.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("part.consent"), format!("consentry 1\n{body}")).unwrap();
    fs::write(folder.path().join("p.consent"), "consentry 1\npolicy \"p\"\ninclude \"part.consent\"\n")
        .unwrap();
    let test = run(&["test", folder.path().to_str().unwrap()]);
    assert_eq!(test.status, 0, "{}", test.out);
    assert!(test.out.contains("1 case passed"), "{}", test.out);
}

/// The event of a failure goes into `explain` as it is, also where it has characters that a terminal would not show.
#[test]
fn events_of_failures_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.consent");
    let event = "{ \"a\":\t\"\",\n\n  \"\\u202E\": [1,\n 2] }";
    let policy = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ndestination \"A\"  unmapped\n";
    fs::write(&path, format!("{policy}test \"t\" {{ event {event} block all }}\n")).unwrap();
    let events = format!("{policy}test \"t\" {{ events from \"e.ndjson\" block all }}\n");
    fs::write(folder.path().join("q.consent"), events).unwrap();
    fs::write(folder.path().join("e.ndjson"), "{\"\u{202E}\u{E0001}\":\t\"\u{7F}\"}\n").unwrap();
    let run = run(&["test", folder.path().to_str().unwrap()]);
    let events: Vec<&str> =
        run.out.lines().filter_map(|line| line.split_once(": {")).map(|(_, it)| it).collect();
    assert_eq!(events, [" \"a\": \"\", \"\\u202E\": [1, 2] }", "\"\\u202e\\udb40\\udc01\": \"\\u007f\"}"]);
    for event in events {
        let explain = ["explain", path.to_str().unwrap(), "--destination", "A"];
        let output = common::run(&explain, format!("{{{event}").as_bytes());
        assert_eq!(output.status.code(), Some(0), "{event}");
    }
}

/// The destinations that one expectation is about are listed below it.
#[test]
fn an_expectation_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.consent");
    let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ndestination \"A\"  unmapped\n\
                destination \"B\"  unmapped\ntest \"t\" {\n  block all\n}\n";
    fs::write(&path, text).unwrap();
    let out = run(&["test", path.to_str().unwrap()]).out;
    assert_eq!(
        (out.matches("p.consent:7: ").count(), out.matches("  expected  block").count()),
        (1, 2),
        "{out}"
    );
}

/// A policy with a ledger check: the summary counts the cases that are decided without it, and a failure names its result.
#[test]
fn tests_without_an_answer_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.consent");
    let test = |check: &str, tests: &str, format: &str| {
        let policy = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A = \"C4\"\n\
                      destination \"X\"  needs A\n";
        fs::write(&path, format!("{policy}{check}\n{tests}\n")).unwrap();
        run(&["test", path.to_str().unwrap(), "--format", format]).out
    };
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(root().join("grammar/test.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = |check: &str, tests: &str| -> Value {
        let document = serde_json::from_str(&test(check, tests, "json")).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        document
    };
    let check = "override ledger mismatch drop";
    let one = "test \"one\" { consent { A: granted } deliver \"X\" }";
    let table = "test \"two\" { consent integrations expect missing none deliver all {} none block all }";
    let answered = "test \"a\" { consent { A: granted } recorded { A: refused } drop \"Consent mismatch\" }";

    // The lines after the list of tests.
    let end = |check: &str, tests: &str| {
        let shown = test(check, tests, "human");
        shown.split_once("\n\n").unwrap().1.trim_end().replace('\n', "|")
    };
    assert_eq!(end("", one), "1 case passed, 0 failed, 1 event decided");
    assert_eq!(
        end(check, one),
        "1 case passed, 0 failed, 1 event decided|\
         1 case of a policy with a ledger check states no `recorded`: it is decided unchecked"
    );
    assert_eq!(
        end(check, &format!("{table} {answered} {one}")).split_once("|").unwrap().1,
        "3 cases of policies with a ledger check state no `recorded`: they are decided unchecked"
    );
    assert_eq!(end(check, answered), "1 case passed, 0 failed, 1 event decided");

    // A policy without a check keeps its document.
    let without = json("", one);
    assert_eq!(without.get("unchecked"), None);
    let case = &without["policies"][0]["cases"][0];
    assert_eq!((case.get("unchecked"), case.get("recorded")), (None, None));
    let with = json(check, &format!("{one} {table} {answered}"));
    assert_eq!(with["unchecked"], 3);
    let cases = with["policies"][0]["cases"].as_array().unwrap();
    let unchecked: Vec<bool> = cases.iter().map(|case| case.get("unchecked").is_some()).collect();
    assert_eq!(unchecked, [true, true, true, false]);
    assert_eq!(cases[3]["recorded"], serde_json::json!({ "C4": "refused" }));
    assert_eq!(json(check, answered)["unchecked"], 0);

    // What fails.
    let fails = "test \"a\" { consent { A: granted } recorded { A: conflict } deliver \"X\" }
        test \"b\" { consent { A: granted } recorded unreachable deliver \"X\" }
        test \"c\" { consent { A: granted } block \"X\" }";
    let shown = test(check, fails, "human");
    for line in [
        "  ledger: mismatch; recorded {\"C4\":\"conflict\"}\n",
        "  ledger: unreachable; recorded \"unreachable\"\n",
        "  ledger: unchecked\n",
        "override ledger mismatch drop\n",
    ] {
        assert!(shown.contains(line), "{line}{shown}");
    }
    let failed = json(check, fails);
    let found = failed["policies"][0]["cases"].as_array().unwrap().iter();
    let found: Vec<&Value> = found.map(|case| &case["failures"][0]["check"]).collect();
    assert_eq!(found, ["mismatch", "unreachable", "unchecked"]);
    assert_eq!(junit_errors(&test(check, fails, "junit")), Vec::<String>::new());
    // The answer that is shown can be given to `explain`.
    let explain =
        ["explain", path.to_str().unwrap(), "--destination", "X", "--recorded", "{\"C4\":\"conflict\"}"];
    let event = failed["policies"][0]["cases"][0]["failures"][0]["event"].as_str().unwrap().as_bytes();
    let explained = String::from_utf8(common::run(&explain, event).stdout).unwrap();
    assert!(explained.contains("mismatch"), "{explained}");
}

/// A child that runs until the test ends, however it does, and its lines.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(arguments: &[&str]) -> Self {
        let mut child = common::start(&mut common::command(arguments));
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).all(|line| send.send(line).is_ok());
        });
        Watching { child, lines }
    }

    /// What it says of the next run; a run that does not come fails the test.
    fn run(&self) -> String {
        let mut seen = String::new();
        loop {
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => seen.push_str(&format!("{line}\n")),
                Err(error) => panic!("{error}: {seen}"),
            }
            if seen.lines().last().is_some_and(|line| line.starts_with("watching ")) {
                return seen;
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // What has ended already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn watching_runs_the_tests_again() {
    watch("");
    watch("p.consent");
}

/// Watches a folder, or a file in it.
fn watch(file: &str) {
    let folder = tempfile::tempdir().unwrap();
    let policy = |expectation: &str| {
        format!(
            "consentry 1\npolicy \"p\"\ninclude \"part.consent\"\ndestination \"A\" unmapped\ntest \"t\" {{\n  {expectation} \"A\"\n}}\ntest \"f\" {{\n  events from \"e.ndjson\"\n  deliver all\n}}\n"
        )
    };
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("p.consent", &policy("block"));
    write("part.consent", "consentry 1\ninclude prelude \"segment\"\n");
    write("e.ndjson", "{}\n");
    let watching = Watching::start(&["test", folder.path().join(file).to_str().unwrap(), "--watch"]);
    let first = watching.run();
    assert!(first.contains("1 case passed, 1 failed"), "{first}");
    // The policy, in the way of editors: a new file in the place of the old one.
    write("new", &policy("deliver"));
    fs::rename(folder.path().join("new"), folder.path().join("p.consent")).unwrap();
    let second = watching.run();
    assert!(
        second.contains("p.consent has changed") && second.contains("2 cases passed, 0 failed"),
        "{second}"
    );
    // A file that it includes, with a mistake; the tests go on being watched.
    write("part.consent", "consentry 1\ninclude prelude \"sgment\"\n");
    let third = watching.run();
    assert!(third.contains("C205") && third.contains("not run"), "{third}");
    write("part.consent", "consentry 1\ninclude prelude \"segment-strict\"\n");
    let fourth = watching.run();
    assert!(fourth.contains("0 cases passed, 2 failed"), "{fourth}");
    // And a file with events.
    write("e.ndjson", "{}\n{}\n");
    let fifth = watching.run();
    assert!(fifth.contains("e.ndjson has changed") && fifth.contains("3 events decided"), "{fifth}");
    // What was there comes back, also a policy and a file with events.
    for name in ["e.ndjson", "p.consent"] {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        fs::remove_file(folder.path().join(name)).unwrap();
        let without = watching.run();
        assert!(
            without.to_lowercase().contains("no such file") || without.contains("0 cases passed, 0 failed"),
            "{without}"
        );
        write(name, &text);
        let again = watching.run();
        assert!(again.contains(&format!("{name} has changed")) && again.contains("3 events"), "{again}");
    }
}
