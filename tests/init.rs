//! `consentry init`: every form of input, and that what it writes compiles, is formatted, lints without errors, and has tests
//! that hold.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use common::{command, run, run_command, start};
use consentry::diagnostic::Code;
use consentry::event::{Consent, Entry, Integrations, Preference};
use consentry::model::DestinationSet;
use consentry::model::{
    Enforce, Expected, StatedEntry, StatedPreference, Test, TestConsent, TestEvent, TestIntegrations,
};
use consentry::{Event, Input, Outcome, Policy, Table, lint, reference};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use text::Run;

const EVENTS: &str = "tests/data/events.ndjson";

fn init_with(arguments: &[&str], input: &[u8]) -> Run {
    text::run(&[&["init"], arguments].concat(), input)
}

/// The policy that is written to standard output, once it has been seen to be a good one.
fn written(arguments: &[&str], input: &[u8]) -> (String, Policy) {
    let run = init_with(&[arguments, &["-"]].concat(), input);
    assert_eq!(run.status, 0, "{}", run.err);
    let policy = good(&run.out);
    (run.out, policy)
}

/// A sheet or a stream in a file of that name.
fn from_file(name: &str, content: &[u8], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    init_with(&[&["--yes", "--name", "p", "--from", path.to_str().unwrap(), "-"], arguments].concat(), b"")
}

fn sheet(content: &str) -> Run {
    from_file("d.csv", content.as_bytes(), &[])
}

/// It compiles, is formatted, lints without errors, and its tests hold.
fn good(text: &str) -> Policy {
    let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(consentry::format::format(text).unwrap(), text);
    let linted = lint::lint(&consentry::source::Memory::from([("p", text)]), "p", &lint::Levels::default());
    let errors: Vec<_> = linted
        .diagnostics
        .iter()
        .filter(|found| found.severity == consentry::diagnostic::Severity::Error)
        .map(|found| &found.message)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    let table = Table::new(policy.clone());
    for test in policy.tests() {
        holds(&table, test);
    }
    policy
}

fn event<'p>(policy: &'p Policy, stated: &'p TestEvent) -> Event<'p> {
    let TestEvent::Stated { consent, integrations, track: None, .. } = stated else { panic!("{stated:?}") };
    let consent = match consent {
        TestConsent::Missing => Consent::Missing,
        TestConsent::Empty => Consent::Empty,
        TestConsent::Malformed => Consent::Malformed,
        TestConsent::Preferences(stated) => Consent::Preferences(
            stated
                .iter()
                .map(|(id, value)| {
                    let granted = *value == StatedPreference::Granted;
                    let preference = if granted { Preference::Granted } else { Preference::Refused };
                    (policy.category(*id).unwrap().wire_id().into(), preference)
                })
                .collect(),
        ),
    };
    let TestIntegrations::Entries(entries) = integrations else { panic!("{integrations:?}") };
    let entry = |value| if value == StatedEntry::On { Entry::On } else { Entry::Off };
    let entries = entries.iter().map(|(name, value)| (name.as_str().into(), entry(*value))).collect();
    Event { consent, integrations: Integrations::Entries(entries), ..Event::default() }
}

fn holds(table: &Table, test: &Test) {
    let policy = table.policy();
    assert!(!test.cases.is_empty());
    for case in &test.cases {
        let event = event(policy, &case.event);
        let mut scratch = table.scratch();
        let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
        for expected in &case.expectations {
            let (outcome, which, reason, refused) = match &expected.value {
                Expected::Drop(expected) => {
                    let row = policy.reconcile().row(event.consent.state(), event.integrations.state());
                    assert_eq!(row.enforce.value, Enforce::Drop(expected.clone().unwrap()));
                    continue;
                }
                Expected::Outcome { outcome, which, reason, refused } => (*outcome, which, *reason, refused),
            };
            for id in policy.destination_ids() {
                let (is_named, has_rest) = match which {
                    DestinationSet::All => (true, false),
                    DestinationSet::These(these) => (these.contains(&id), false),
                    DestinationSet::Only(these) => (these.contains(&id), true),
                };
                let verdict = decision.verdict(id).unwrap();
                assert_eq!(verdict, reference::explain(policy, &event, id).unwrap().verdict);
                if is_named {
                    assert_eq!(verdict.outcome(), outcome, "{}", test.name());
                    assert!(reason.is_none_or(|reason| reason == verdict.reason()));
                    assert!(refused.as_ref().is_none_or(|refused| refused == verdict.refused()));
                } else if has_rest {
                    assert_ne!(verdict.outcome(), outcome, "{}", test.name());
                }
            }
        }
    }
}

#[test]
fn flags_say_everything() {
    let arguments = [
        "--yes",
        "--name",
        "acme web",
        "--category",
        "Advertising=C0004",
        "--category",
        "Analytics",
        "--destination",
        "Google Ads=Advertising",
        "--destination",
        "Facebook Pixel=Advertising,Analytics",
        "--destination",
        "Zendesk",
    ];
    let (text, _) = written(&arguments, b"");
    let expected = r#"consentry 1
policy "acme web"

// The rules that are in force beside what is said here: `consentry show segment-strict`.
include prelude "segment-strict"

// The wire id is what the consent platform stamps on events: the name, or what stands behind `=`. Case counts.
category Advertising  = "C0004"
category Analytics

destination "Google Ads"      needs Advertising
destination "Facebook Pixel"  needs all of Advertising, Analytics

// What these need is not known: put `needs` and the categories in the place of `unmapped`. Until then they
// receive nothing where consent is enforced, and `consentry lint` lists them.
// `segment-strict` does not enforce it for the events that `exempt events` names: that reaches them even now.
destination "Zendesk"  unmapped  // decide: needs …

// What the policy decides today, case by case. Who maps a destination changes the rows that it stands in, too:
// what `consentry test` shows then is what the change changes.

test "who agrees to this and to nothing else is shared with these" {
  consent                                       integrations  expect
  { Advertising: granted }                      none          deliver only "Google Ads" because consented
  { Advertising: granted, Analytics: granted }  none          block only "Zendesk" because unmapped_denied
}

test "who refuses this is not shared with these" {
  consent                                       integrations  expect
  { Advertising: refused }                      none          block "Google Ads" because refused Advertising
  { Advertising: refused, Analytics: granted }  none          block "Facebook Pixel" because refused Advertising
  { Advertising: granted, Analytics: refused }  none          block "Facebook Pixel" because refused Analytics
  { Advertising: refused, Analytics: refused }  none          block "Facebook Pixel" because refused Advertising, Analytics
}

test "no consent object, or one without preferences" {
  consent     integrations  expect
  missing     none          block all
  empty       none          block all
  unanswered  none          block all
  malformed   none          drop "malformed consent object"
}

test "the integrations object takes away from what was agreed to" {
  consent                                       integrations           expect
  { Advertising: granted, Analytics: granted }  none                   block only "Zendesk" because unmapped_denied
  { Advertising: granted, Analytics: granted }  { All: off }           block all
  { Advertising: granted, Analytics: granted }  { "Google Ads": off }  deliver only "Facebook Pixel" because consented
}
"#;
    assert!(text == expected, "{text}");
}

/// What people have agreed to under one wire id never counts under another, and what no event has is said.
#[test]
fn wire_ids_are_those_that_events_carry() {
    let arguments = ["-", "--yes", "--from", EVENTS, "--category", "Advertising=C0004"];
    let refused = init_with(&arguments, b"");
    assert_eq!((refused.status, refused.out.as_str()), (2, ""), "{}", refused.err);
    assert!(
        refused.err.contains("events carry the wire id `Advertising`") && refused.err.contains("`C0004`"),
        "{}",
        refused.err
    );
    let unseen = init_with(&["-", "--yes", "--from", EVENTS, "--category", "Ads=C0004"], b"");
    assert!(unseen.err.contains("no event has the wire id `C0004` of the category `Ads`"), "{}", unseen.err);
}

/// Words for nothing are nothing, and what reads like several categories is said.
#[test]
fn cells_of_a_sheet_are_read_as_people_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("sheet.csv");
    let init = |rows: &str| {
        fs::write(&sheet, format!("destination,categories\n{rows}")).unwrap();
        init_with(&["-", "--yes", "--from", sheet.to_str().unwrap()], b"")
    };
    let written = init("A,none\nB,n/a\nC,-\nD,TBD\nE,Advertising\n");
    let policy = good(&written.out);
    assert_eq!(policy.categories().len(), 1, "{}", written.out);
    assert_eq!(written.out.matches("// decide: needs").count(), 4, "{}", written.out);
    let several = init("A,Advertising and Social\nB,Advertising and Social\n");
    assert_eq!(several.err.matches("is taken for one category").count(), 1, "{}", several.err);
    let exempt = init("A,Exempt\n");
    assert!(
        exempt.status == 2 && exempt.err.contains("line 2") && exempt.err.contains("is no category"),
        "{}",
        exempt.err
    );
}

/// Under every prelude, with each of its rules, the tests hold.
#[test]
fn tests_follow_from_the_prelude() {
    for prelude in consentry::model::prelude_names() {
        let arguments = [
            "--name",
            "p",
            "--prelude",
            prelude,
            "--destination",
            "A=x,y",
            "--destination",
            "B=y",
            "--destination",
            "C",
        ];
        let (text, policy) = written(&arguments, b"");
        assert_eq!(policy.tests().len(), 4, "{text}");
        // Nobody has said what this one needs, so that it is closed where consent is enforced.
        let refused = Event {
            consent: Consent::Preferences(vec![
                ("x".into(), Preference::Granted),
                ("y".into(), Preference::Granted),
            ]),
            ..Event::default()
        };
        let open = policy.destination_named("C").unwrap();
        assert_eq!(
            reference::explain(&policy, &refused, open).unwrap().verdict.outcome(),
            Outcome::Block,
            "{prelude}"
        );
        assert_eq!(text.contains("where it is missing"), !prelude.contains("strict"), "{text}");
    }
}

#[test]
fn answers_come_as_lines() {
    let answers = b"shop\nsegment\nAds = C4, Stats\nGoogle Ads = Ads\nBoth=Ads, Stats\nLater\n\n";
    let (text, policy) = written(&[], answers);
    assert_eq!((policy.name(), policy.categories()[0].wire_id()), ("shop", "C4"));
    assert!(text.contains("include prelude \"segment\"\n"));
    assert_eq!(policy.destinations().len(), 3);
    assert!(text.contains("destination \"Both\"        needs all of Ads, Stats"), "{text}");
    // An empty line takes the default, which was shown.
    let run = init_with(&["-"], b"shop\n\n\n\n");
    assert!(run.err.contains("rules to start from [segment-strict]: "), "{}", run.err);
    assert_eq!(good(&run.out).categories().len(), 3);
    // Answers that were cut off are not completed, wherever that was.
    for answers in ["shop\n", "shop\n\n", "shop\n\n\n", "shop\n\n\nBraze\n", "shop\n\nA, B"] {
        let run = init_with(&["-"], answers.as_bytes());
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{answers:?}");
        assert!(run.err.contains("no answer on standard input: it has ended; "), "{}", run.err);
    }
    for (answers, reason) in [
        (&b"shop\nsegmnt\n"[..], "there is no prelude `segmnt`; did you mean \"segment\"?"),
        (b"shop\n\nAds\nGoogle=Adds\n", "there is no category `Adds`; did you mean `Ads`?"),
        (b"shop\n\nA=x,B=x\n", "have one wire id"),
        (b"shop\n\nA\nAll=A\n", "may be called `All`"),
        (b"sh\x1bop\n", "control characters"),
        (b"\xff\n", "not UTF-8"),
    ] {
        let run = init_with(&["-"], answers);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{answers:?}");
        assert!(run.err.contains(reason), "{}", run.err);
    }
}

/// A build that runs this by mistake ends, and is told what to do.
#[test]
fn nobody_waits_for_answers_that_never_come() {
    let run = init_with(&["-"], b"");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("--yes"), "{}", run.err);
    // A pipe that stays open and silent.
    let mut child = start(&mut command(&["init", "-"]));
    let silent = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    drop(silent);
    // What flags have said is not asked for, be the input open or not.
    for arguments in
        [&["init", "-", "--yes"][..], &["init", "-", "--category", "A"], &["init", "-", "--from", EVENTS]]
    {
        let mut child = command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let silent = child.stdin.take();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
        drop(silent);
    }
}

#[test]
fn events_are_counted() {
    let (text, policy) = written(&["--from", EVENTS, "--name", "shop"], b"");
    let names: Vec<&str> = policy.categories().iter().map(|one| one.name()).collect();
    assert_eq!(
        names,
        ["Advertising", "Analytics", "DataSharing", "Functional", "Marketing", "Personalization"]
    );
    assert_eq!(policy.destinations().len(), 10);
    assert!(policy.destinations().iter().all(|one| one.requirement().is_none() && one.name() != "All"));
    assert!(text.contains("category Personalization  // granted 151, refused 94, unasked 13\n"), "{text}");
    assert!(
        text.contains("destination \"Zendesk\"         unmapped  // decide: needs …; seen on 19, off 6\n"),
        "{text}"
    );
    assert!(text.starts_with("// From events.ndjson: 300 events; consent answered 258, empty 10,"), "{text}");
    // What is known beside the events is not to be decided any more.
    let with = ["--from", EVENTS, "--name", "shop", "--destination", "Braze=Advertising"];
    assert!(
        written(&with, b"").0.contains("destination \"Braze\"  needs Advertising  // seen on 13, off 8\n")
    );
    let run = init_with(&["--from", EVENTS, "-", "--destination", "Braze=Advertisng"], b"");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("there is no category `Advertisng`"), "{}", run.err);
}

#[test]
fn what_is_odd_about_events_is_said() {
    let lines = concat!(
        r#"{"context":{"consent":{"categoryPreferences":{"Ads":true,"ads":false,"":true,"\ud800":true,"X":7}}},"integrations":{"All":false,"a":{},"A":3}}"#,
        "\n",
        r#"{"context":{"consent":{"consentPreferences":{"Ads":true}}}}"#,
        "\n",
        r#"{"traits":{"Consent":{"Ads":true}}}"#,
        "\n\nnonsense\n",
    );
    let run = from_file("e.jsonl", lines.as_bytes(), &["--prelude", "segment"]);
    // It is written, and ends as `eval` does with lines that are not events.
    assert_eq!(run.status, 1, "{}", run.err);
    good(&run.out);
    for said in [
        "1 line is not an event and counts for nothing (not_json 1); the first is line 5",
        "1 events whose consent is not read have `context.consent.consentPreferences`",
        "1 events whose consent is not read have `traits.Consent`",
        "2 keys are empty or no text",
        "`ads` and `Ads` look alike, and are two wire ids",
        "`a` and `A` look alike, and are two destinations",
        "`All` was off 1",
        "of one category some values are neither true nor false",
    ] {
        assert!(run.err.contains(said), "{said}\n{}", run.err);
    }
    // The strict rules read that spelling.
    assert!(!from_file("e.jsonl", lines.as_bytes(), &[]).err.contains("consentPreferences"));
    for nothing in ["", "\n", "[]\n", "nonsense"] {
        let run = from_file("e.jsonl", nothing.as_bytes(), &[]);
        assert_eq!((run.status, run.out.as_str()), (2, ""));
        assert!(run.err.contains("no line is an event"), "{}", run.err);
    }
}

/// Lists of categories have the words that the setting of the prelude stands for.
#[test]
fn lists_show_what_they_mean() {
    for (prelude, words) in [("segment-strict", "all of"), ("segment-2023-reconcile", "any of")] {
        let run =
            from_file("d.csv", b"destination,categories\nA,Ads\nB,Ads;Stats\n", &["--prelude", prelude]);
        assert!(run.out.contains(&format!("destination \"B\"  needs {words} Ads, Stats\n")), "{}", run.out);
        assert!(run.out.contains("destination \"A\"  needs Ads\n"), "{}", run.out);
        let linted =
            lint::lint(&consentry::source::Memory::from([("p", &*run.out)]), "p", &lint::Levels::default());
        let found = linted.diagnostics.iter().map(|found| found.code);
        assert!(!found.collect::<Vec<_>>().contains(&Code::AmbiguousList), "{}", run.out);
    }
}

/// A sheet in each of its forms comes to the same.
#[test]
fn sheets_in_every_form() {
    let expected = sheet("destination,categories\nA,Ads\nB,Ads;Stats\nC,\n");
    let policy = good(&expected.out);
    assert_eq!((policy.categories().len(), policy.destinations().len(), expected.status), (2, 3, 0));
    assert!(expected.out.contains("destination \"B\"  needs all of Ads, Stats\n"), "{}", expected.out);
    for form in [
        "A,Ads\nB,\"Ads, Stats\"\nC\n",
        "A,Ads\nB,Ads,Stats\nC,,\n",
        "\u{FEFF}Destination;Categories\r\n\"A\";Ads\r\n\r\n;;\r\nB;Ads | Stats\r\nC;\r\n",
        "sep=;\r\nName;Needs\r\nA;Ads\r\nB;Ads,Stats\r\nC;\r\n",
        "tool\tcategory\t\nA\tAds\t\nB\tAds\tStats\nC\t\t\nB\tStats\tAds\n",
        "Tool,Ads,Stats\nA,x,\nB,Yes,1\nC,no,-\n",
        "mode,destination,category,category\n,A,Ads,\n,B,Ads,Stats\n,C,,\n",
    ] {
        let run = sheet(form);
        assert_eq!(run.out, expected.out, "{form}\n{}", run.err);
    }
    let more = sheet("name,categories,wire id,mode,kind,owner\nA,Ads;Stats,C1;C2,Device,warehouse,me\n");
    assert!(more.out.contains("category Ads    = \"C1\"\n"), "{}", more.out);
    assert!(
        more.out.contains("destination \"A\"  needs all of Ads, Stats  mode device kind warehouse\n"),
        "{}",
        more.out
    );
    assert!(more.err.contains("the column `owner` is not read"), "{}", more.err);
    good(&more.out);
}

#[test]
fn a_sheet_that_can_be_read_in_two_ways_is_refused() {
    for (text, reason) in [
        ("A,Ads\nA,Stats\n", "`destination \"A\"` is said twice"),
        ("A,Ads\nA,Stats\n", "destination \"A\" needs Ads // line 1 of d.csv"),
        ("A,Ads\nA,Stats\n", "destination \"A\" needs Stats // line 2 of d.csv"),
        ("A\n\nA,Ads\n", "destination \"A\" needs Ads // line 3 of d.csv"),
        ("A,Ads\nA\n", "destination \"A\" unmapped // line 2 of d.csv"),
        ("name,mode\nA,device\nA,cloud\n", "destination \"A\" unmapped mode cloud // line 3 of d.csv"),
        ("A,Ads\n,Stats\n", "line 2: the row has no destination"),
        (
            "A,Ads\nB,\"Ads\nC,Ads\n",
            "line 2: a cell has a line break; separate categories by `;`, and see whether a quote is not closed",
        ),
        ("A,Ads\nB,\"Ads\nC\",Ads\n", "line 2: a cell has a line break"),
        ("Tool,Ads\nA,x\nB,maybe\n", "line 3: `maybe` in the column `Ads` is neither yes nor no"),
        ("name,kind\nA,werehouse\n", "there is no destination kind `werehouse`"),
        ("name,mode\nA,devise\n", "line 2: the mode `devise`"),
        ("name,needs,wire id\nA,Ads;Stats,C1\n", "line 2: there are 2 categories and 1 wire ids"),
        ("name,needs,wire id\nA,Ads,C1\nB,Ads,C2\n", "category Ads = \"C2\" // line 3 of d.csv"),
        ("name,needs\nA,Ads,Stats\n", "line 2: the row is longer than the header"),
        ("name,tool\nA,B\n", "two columns are headed"),
        ("name,needs\n", "no row"),
        ("", "no row"),
        ("All,Ads\n", "may be called `All`"),
        ("Mapping,2026\nDestination,Categories\nA,Ads\n", "line 2: this row looks like a header"),
        ("A,Ads,device\n", "line 1: `device` is no category but a mode"),
    ] {
        let run = sheet(text);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{text}");
        assert!(run.err.contains(reason), "{text}\n{}", run.err);
    }
    // DestinationSet columns have become categories is said: one of them may stand for something else.
    let run = sheet("Tool,Ads,Active\nA,x,yes\n");
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.err.contains("the column `Active` is taken for a category"), "{}", run.err);
    let run = from_file("d.csv", b"A,Ads\nB,\xe9\n", &[]);
    assert!(run.status == 2 && run.err.contains("line 2: it is not UTF-8"), "{}", run.err);
}

/// What a name holds never becomes a statement, and never deceives.
#[test]
fn hostile_names_are_written_safely() {
    let names = [
        "a\"b\\c",
        "\"} category Evil //",
        "x\u{202E}y",
        " \u{A0}edge ",
        "\u{200B}",
        "all",
        "consent",
        "two\nlines\r\u{85}\u{2028}",
        "\u{0}\u{1b}[2J",
        "// no",
        "\\u{41}",
        "\u{AD}\u{FEFF}",
        "日本語",
        "test \"t\" { }",
        "{",
        "tab\there",
    ];
    let object = |value: &str| {
        let members: Vec<String> =
            names.iter().map(|name| format!("{}:{value}", serde_json::to_string(name).unwrap())).collect();
        members.join(",")
    };
    let line = format!(
        "{{\"context\":{{\"consent\":{{\"categoryPreferences\":{{{}}}}}}},\"integrations\":{{{}}}}}",
        object("true"),
        object("false")
    );
    for prelude in ["segment", "segment-strict"] {
        let run = from_file("e.ndjson", line.as_bytes(), &["--prelude", prelude]);
        let policy = good(&run.out);
        let mut expected = names.to_vec();
        expected.sort_unstable();
        assert_eq!(policy.categories().iter().map(|one| one.wire_id()).collect::<Vec<_>>(), expected);
        assert_eq!(policy.destinations().iter().map(|one| one.name()).collect::<Vec<_>>(), expected);
    }
    let mapped: Vec<String> = names.iter().map(|name| format!("{name}=any")).collect();
    let mut arguments = vec!["--yes", "--name", "\u{202E}\"", "--category", "any=w\"\u{200B}", "-"];
    // The operating system has no arguments with a zero byte.
    for name in mapped.iter().filter(|name| !name.contains('\0')) {
        arguments.extend(["--destination", name]);
    }
    let policy = good(&init_with(&arguments, b"").out);
    assert_eq!((policy.name(), policy.categories()[0].wire_id()), ("\u{202E}\"", "w\"\u{200B}"));
    assert!(policy.destinations().iter().any(|one| one.name() == "\"} category Evil //"));
}

#[test]
fn too_much_is_an_error_that_says_so() {
    let keys =
        |count: usize| (0..count).map(|key| format!("\"key{key}\":true")).collect::<Vec<_>>().join(",");
    let consent =
        |count| format!("{{\"context\":{{\"consent\":{{\"categoryPreferences\":{{{}}}}}}}}}\n", keys(count));
    let run = from_file("e.ndjson", consent(100_000).as_bytes(), &[]);
    assert_eq!((run.status, run.out.as_str()), (2, ""));
    assert!(run.err.contains("too many different keys for a policy (10000 are counted)"), "{}", run.err);
    let entries = format!("{{\"integrations\":{{{}}}}}\n", keys(100_002));
    let run = from_file("e.ndjson", entries.as_bytes(), &[]);
    assert!(run.status == 2 && run.err.contains("the integrations have too many"), "{}", run.err);
    let long = format!("{{\"integrations\":{{\"{}\":true}}}}\n", "x".repeat(9 << 20));
    let run = from_file("e.ndjson", long.as_bytes(), &[]);
    assert!(run.status == 2 && run.err.contains("too many different keys"), "{}", run.err);
}

/// Ten thousand destinations make a file that can still be read: the tests stay few, and say so.
#[test]
fn large_policies_have_few_tests() {
    let mut text = String::from("name,categories\n");
    for number in 0..10_000 {
        writeln!(text, "destination {number},Category {};Category {}", number % 50, number % 49).unwrap();
    }
    let run = sheet(&text);
    assert_eq!(run.status, 0, "{}", run.err);
    let policy = Policy::parse(&run.out).unwrap();
    assert_eq!((policy.destinations().len(), policy.categories().len()), (10_000, 50));
    assert!(
        run.out.contains(
            "// The tests name 100 of 10000 destinations that need categories, and 20 of 1274 combinations"
        ),
        "{}",
        run.err
    );
    let lines = run.out.lines().skip_while(|line| !line.starts_with("test ")).count();
    assert!(lines > 50 && lines < 150, "{lines}");
    let table = Table::new(policy.clone());
    policy.tests().iter().for_each(|test| holds(&table, test));

    // Many that need the same are not all named.
    let halves: String =
        (0..2_000).map(|number| format!("destination {number},{}\n", number % 2 + 7)).collect();
    let run = sheet(&halves);
    good(&run.out);
    let widest = run.out.lines().map(str::len).max().unwrap();
    assert!(widest < 300, "{widest}");
}

#[test]
fn files_are_written_whole_and_never_lost() {
    let folder = tempfile::tempdir().unwrap();
    let init = |arguments: &[&str]| {
        let mut command =
            command(&[&["init", "--yes", "--category", "A", "--destination", "B=A"], arguments].concat());
        let output = run_command(command.current_dir(folder.path()), b"");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, err) = init(&["--name", "acme web"]);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("wrote acme-web.consent: 1 category and 1 destination"), "{err}");
    assert!(
        err.contains("next: `consentry lint acme-web.consent`, `consentry test acme-web.consent`"),
        "{err}"
    );
    let path = folder.path().join("acme-web.consent");
    good(&fs::read_to_string(&path).unwrap());
    fs::write(&path, "mine").unwrap();
    for arguments in [&["--name", "acme web"][..], &["acme-web.consent"]] {
        let (status, err) = init(arguments);
        assert!(status == 2 && err.contains("`acme-web.consent` is there already"), "{err}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
    assert_eq!(init(&["acme-web.consent", "--force"]).0, 0);
    let policy = good(&fs::read_to_string(&path).unwrap());
    assert_eq!(policy.name(), "acme-web");
    assert!(init(&[".", "--force"]).1.contains("it is a folder"));
    assert_eq!(init(&["none/a.consent"]).0, 2);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["acme-web.consent"], "nothing is left over");
    #[cfg(unix)]
    {
        // Not even a link to nowhere is followed.
        std::os::unix::fs::symlink("elsewhere", folder.path().join("link.consent")).unwrap();
        assert!(init(&["link.consent"]).1.contains("is there already"));
        assert!(!Path::new("elsewhere").exists() && !folder.path().join("elsewhere").exists());
    }
}

/// What `lint` and `fmt` say of a new policy.
#[test]
fn the_other_commands_accept_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.consent");
    let path = path.to_str().unwrap();
    assert_eq!(init_with(&[path, "--from", EVENTS], b"").status, 0);
    for arguments in
        [&["lint", path][..], &["test", path], &["fmt", "--check", path], &["eval", path, EVENTS]]
    {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

/// Programs read the same result that people are told of.
#[test]
fn the_result_is_a_document() {
    let run = init_with(&["-", "--yes", "--name", "p", "--from", EVENTS, "--format", "json"], b"");
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert_eq!(
        (&document["v"], &document["categories"], &document["destinations"]),
        (&1.into(), &6.into(), &10.into())
    );
    assert_eq!(document["undecided"].as_array().unwrap().len(), 10);
    assert_eq!(document["file"], serde_json::Value::Null);
    good(document["text"].as_str().unwrap());
    let schema = serde_json::from_str(include_str!("../grammar/init.schema.json")).unwrap();
    jsonschema::validate(&schema, &document).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.consent");
    let path = path.to_str().unwrap();
    let run = init_with(&[path, "--category", "A", "--yes", "--format", "json"], b"");
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&document["file"], &document["text"]), (&path.into(), &serde_json::Value::Null));
    jsonschema::validate(&schema, &document).unwrap();
    good(&fs::read_to_string(path).unwrap());
}

/// A flag that is invalid is reported, and no answer is blamed for it.
#[test]
fn all_mistakes_of_flags_are_reported_at_once() {
    let run = init_with(
        &[
            "-",
            "--yes",
            "--category",
            "A=x",
            "--category",
            "B=x",
            "--destination",
            "All",
            "--destination",
            "D=C",
        ],
        b"",
    );
    assert_eq!((run.status, run.out.as_str()), (2, ""));
    for mistake in ["`A` and `B` have one wire id", "may be called `All`", "there is no category `C`"] {
        assert!(run.err.contains(mistake), "{mistake}\n{}", run.err);
    }
}

/// The README's section runs as written.
#[test]
fn the_readme_starts_from_nothing() {
    let (_, section) = include_str!("../README.md").split_once("\n## From nothing to a policy\n").unwrap();
    let block =
        |mark: &str| section.split_once(&format!("```{mark}\n")).unwrap().1.split_once("```").unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("destinations.csv"), block("csv")).unwrap();
    for line in block("sh").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let output = run_command(command(&words[1..]).current_dir(folder.path()), b"");
        assert_eq!((words[0], output.status.code()), ("consentry", Some(0)), "{line}");
    }
    let policy = good(&fs::read_to_string(folder.path().join("acme.consent")).unwrap());
    assert_eq!((policy.destinations().len(), policy.tests().len()), (4, 4));
}
