//! The table of docs/exit-status.md, cell by cell: every command and every way to end.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[expect(dead_code, reason = "other tests run the command to its end")]
mod common;

use common::command;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PAGE: &str = include_str!("../docs/exit-status.md");

/// A command with its arguments for each way to end. A word that is empty is a way in which it does not end. Each file that may be missing
/// has its arguments.
struct Ways {
    command: &'static str,
    fine: &'static str,
    finding: &'static str,
    missing: &'static [&'static str],
    empty: &'static str,
}

const COMMANDS: [Ways; 28] = [
    Ways {
        command: "init",
        fine: "init - --yes --from good.ndjson",
        finding: "init - --yes --from bad.ndjson",
        missing: &["init - --yes --from none.ndjson"],
        empty: "init - --yes --from empty.ndjson",
    },
    Ways {
        command: "lint",
        fine: "lint good.consent",
        finding: "lint bad.consent",
        missing: &["lint none.consent", "lint good.consent none.consent"],
        empty: "lint empty.consent",
    },
    Ways {
        command: "lint --fix",
        fine: "lint --fix good.consent",
        finding: "lint --fix bad.consent",
        missing: &["lint --fix none.consent"],
        empty: "lint --fix empty.consent",
    },
    Ways {
        command: "fmt",
        fine: "fmt good.consent",
        finding: "fmt wrong.consent good.consent",
        missing: &["fmt none.consent", "fmt none.consent good.consent"],
        empty: "fmt empty.consent",
    },
    Ways {
        command: "fmt --check",
        fine: "fmt --check formatted.consent --format json",
        finding: "fmt --check good.consent",
        missing: &["fmt --check none.consent"],
        empty: "fmt --check empty.consent",
    },
    Ways {
        command: "test",
        fine: "test good.consent",
        finding: "test bad.consent",
        missing: &["test none.consent", "test good.consent none.consent"],
        empty: "test empty.consent",
    },
    Ways {
        command: "test --watch",
        fine: "",
        finding: "",
        missing: &["test --watch none.consent"],
        empty: "",
    },
    Ways {
        command: "eval",
        fine: "eval good.consent good.ndjson",
        finding: "eval good.consent bad.ndjson",
        missing: &["eval good.consent none.ndjson", "eval none.consent good.ndjson"],
        empty: "eval good.consent empty.ndjson",
    },
    Ways {
        command: "eval --deny",
        fine: "eval --deny unknown good.consent good.ndjson",
        finding: "eval --deny unknown good.consent unknown.ndjson",
        missing: &["eval --deny unknown good.consent none.ndjson"],
        empty: "eval --deny unknown good.consent empty.ndjson",
    },
    Ways {
        command: "filter",
        fine: "filter good.consent good.ndjson",
        finding: "filter good.consent bad.ndjson",
        missing: &["filter good.consent none.ndjson", "filter none.consent good.ndjson"],
        empty: "filter good.consent empty.ndjson",
    },
    Ways {
        command: "filter --deny",
        fine: "filter --deny unknown good.consent good.ndjson",
        finding: "filter --deny unknown good.consent unknown.ndjson",
        missing: &["filter --deny unknown good.consent none.ndjson"],
        empty: "filter --deny unknown good.consent empty.ndjson",
    },
    Ways {
        command: "filter --rejects",
        fine: "filter --rejects /dev/null good.consent good.ndjson",
        finding: "filter --rejects /dev/null good.consent bad.ndjson",
        missing: &[
            "filter --rejects /dev/null good.consent none.ndjson",
            "filter --rejects nowhere/rejects good.consent good.ndjson",
        ],
        empty: "filter --rejects /dev/null good.consent empty.ndjson",
    },
    Ways {
        command: "explain",
        fine: "explain good.consent --destination Braze one.json",
        finding: "explain good.consent --destination Braze bad.ndjson --line 3",
        missing: &[
            "explain good.consent --destination Braze none.json",
            "explain none.consent --destination Braze one.json",
        ],
        empty: "explain good.consent --destination Braze empty.ndjson",
    },
    Ways {
        command: "prove",
        fine: "prove good.consent",
        finding: "prove bad.consent",
        missing: &["prove none.consent", "prove good.consent none.consent"],
        empty: "prove empty.consent",
    },
    Ways {
        command: "diff",
        fine: "diff good.consent formatted.consent --deny any",
        finding: "diff good.consent bad.consent --deny any",
        missing: &["diff good.consent none.consent", "diff none.consent good.consent"],
        empty: "diff good.consent empty.consent",
    },
    Ways {
        command: "table",
        fine: "table good.consent",
        finding: "table large.consent",
        missing: &["table none.consent"],
        empty: "table empty.consent",
    },
    Ways {
        command: "simulate",
        fine: "simulate good.consent --banner mandatory --model opt-in event",
        finding: "",
        missing: &["simulate none.consent --banner mandatory --model opt-in event"],
        empty: "simulate empty.consent --banner mandatory --model opt-in event",
    },
    Ways {
        command: "ledger ingest",
        fine: "ledger ingest people good.ndjson",
        finding: "ledger ingest people bad.ndjson",
        missing: &["ledger ingest people none.ndjson", "ledger ingest nowhere/people good.ndjson"],
        empty: "ledger ingest people empty.ndjson",
    },
    Ways {
        command: "ledger show",
        fine: "ledger show people user:u",
        finding: "ledger show people user:nobody",
        missing: &["ledger show nowhere user:u"],
        empty: "ledger show nobody user:u",
    },
    Ways {
        command: "ledger export",
        fine: "ledger export people",
        finding: "",
        missing: &["ledger export nowhere"],
        empty: "ledger export nobody",
    },
    Ways {
        command: "ledger import",
        fine: "ledger import people entries.ndjson",
        finding: "ledger import people bad.ndjson",
        missing: &["ledger import people none.ndjson", "ledger import nowhere/people entries.ndjson"],
        empty: "ledger import people empty.ndjson",
    },
    Ways {
        command: "ledger check",
        fine: "ledger check people",
        finding: "ledger check people --changes 1000",
        missing: &["ledger check nowhere"],
        empty: "ledger check nobody",
    },
    Ways {
        command: "ledger compact",
        fine: "ledger compact people",
        finding: "",
        missing: &["ledger compact nowhere"],
        empty: "ledger compact nobody",
    },
    Ways {
        command: "ledger forget",
        fine: "ledger forget people user:v",
        finding: "",
        missing: &["ledger forget folder/nowhere user:v"],
        empty: "ledger forget nobody user:v",
    },
    Ways {
        command: "audit",
        fine: "audit good.consent good.ndjson",
        finding: "audit good.consent bad.ndjson",
        missing: &["audit good.consent none.ndjson", "audit none.consent good.ndjson"],
        empty: "audit good.consent empty.ndjson",
    },
    Ways { command: "show", fine: "show segment", finding: "", missing: &["show none"], empty: "" },
    Ways {
        command: "certify",
        fine: "certify good.consent",
        finding: "",
        missing: &["certify none.consent"],
        empty: "certify empty.consent",
    },
    Ways { command: "help", fine: "help lint", finding: "", missing: &["help none"], empty: "" },
];

const POLICY: &str = r#"consentry 1
policy "acme"
include prelude "segment-strict"

category Advertising

destination "Braze"  needs Advertising

never deliver "Braze"  without Advertising when event not exempt because "law"

test "a refusal is kept" {
  consent  { Advertising: refused }
  block    "Braze"
}
"#;

/// A preference event of two people, which every command accepts.
fn events() -> String {
    let event = |person: &str| {
        format!(
            r#"{{"type":"track","event":"Segment Consent Preference Updated","userId":"{person}","timestamp":"2026-10-01T10:00:00Z","context":{{"consent":{{"categoryPreferences":{{"Advertising":true}}}}}}}}"#
        ) + "\n"
    };
    event("u") + &event("v")
}

/// A folder with what the commands read.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        let bad = POLICY.replace("needs Advertising", "exempt because \"storage\"");
        // Two hundred and fifty-six categories, of which each row and each column of a square must have one.
        let name = |row: usize, column: usize| format!("c{row:02}{column:02}");
        let all = |of: &dyn Fn(usize, usize) -> String| -> Vec<String> {
            let group = |one| (0..16).map(|other| of(one, other)).collect::<Vec<_>>().join(", ");
            (0..16).map(|one| format!("(any of {})", group(one))).collect()
        };
        let categories: String =
            (0..256).map(|id| format!("category {}\n", name(id / 16, id % 16))).collect();
        let groups = [all(&|row, column| name(row, column)), all(&|column, row| name(row, column))].concat();
        let large = format!("{categories}destination \"Slack\"  needs all of {}\n", groups.join(", "));
        for (name, text) in [
            ("good.consent", &*POLICY.replace("consent  {", "consent {")),
            ("formatted.consent", POLICY),
            ("bad.consent", &bad),
            ("wrong.consent", "consentry 1 policy"),
            ("large.consent", &(POLICY.to_owned() + &large)),
            ("empty.consent", ""),
            ("good.ndjson", &events()),
            ("bad.ndjson", &(events() + "no event\n")),
            ("unknown.ndjson", &events().replace("Advertising", "advertising")),
            ("one.json", events().lines().next().unwrap()),
            ("empty.ndjson", ""),
        ] {
            fs::write(place.0.path().join(name), text).unwrap();
        }
        for (store, events) in [("people", "good.ndjson"), ("nobody", "empty.ndjson")] {
            let made = place.command(&format!("ledger ingest {store} {events}")).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let exported = place.command("ledger export people").stdout(Stdio::piped()).output().unwrap();
        fs::write(place.0.path().join("entries.ndjson"), exported.stdout).unwrap();
        place
    }

    fn command(&self, arguments: &str) -> Command {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let mut command = command(&arguments);
        command.current_dir(self.0.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// Returns the end of a child as the page names it. One that does not end is ended.
fn ended(child: &mut Child, mut meanwhile: impl FnMut(&Child)) -> String {
    let until = Instant::now() + Duration::from_secs(120);
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return word(status);
        }
        meanwhile(child);
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    "–".to_owned()
}

fn word(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(1 | 2 | 15)) => "killed".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Returns the cells of a column: the commands, and how the page says that they end.
fn column(title: &str) -> Vec<(&'static Ways, &'static str)> {
    let cells =
        |line: &'static str| -> Vec<&str> { line.trim_matches('|').split('|').map(str::trim).collect() };
    let mut rows = PAGE.lines().skip_while(|line| !line.starts_with("| command |")).map(cells);
    let at = rows.next().unwrap().iter().position(|cell| *cell == title).unwrap();
    let rows: Vec<_> = rows.skip(1).map(|row| (row[0].trim_matches('`'), row[at])).collect();
    let named: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    let known: Vec<&str> = COMMANDS.iter().map(|ways| ways.command).collect();
    assert_eq!(named, known);
    COMMANDS.iter().zip(rows).map(|(ways, (_, cell))| (ways, cell)).collect()
}

/// Runs the commands of a column, each in a folder of its own, and compares how they end.
fn check(title: &str, ways: impl Fn(&Ways) -> Vec<&'static str>, run: impl Fn(&Place, &str, &str) -> String) {
    let mut wrong = Vec::new();
    for (one, cell) in column(title) {
        let ways: Vec<&str> = ways(one).into_iter().filter(|arguments| !arguments.is_empty()).collect();
        assert!(cell == "–" || !ways.is_empty(), "{title}: {}", one.command);
        for arguments in ways {
            let place = Place::new();
            let expected = match (cell, arguments) {
                // The command ends as it does with a reader.
                ("as usual", arguments) => ended(&mut place.command(arguments).spawn().unwrap(), |_| ()),
                (cell, _) => cell.to_owned(),
            };
            let place = Place::new();
            let actual = run(&place, arguments, cell);
            if actual != expected {
                wrong.push(format!("{title}: {arguments}: {actual}, and not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn run(place: &Place, arguments: &str) -> String {
    ended(&mut place.command(arguments).spawn().unwrap(), |_| ())
}

/// The ways in which a command prints something. One that watches never ends by itself.
fn printing(ways: &Ways) -> Vec<&'static str> {
    match ways.command {
        "test --watch" => vec!["test --watch good.consent", "test --watch bad.consent"],
        _ => vec![ways.fine, ways.finding],
    }
}

#[test]
fn every_command_is_in_the_table() {
    let help = |arguments: &[&str]| String::from_utf8(command(arguments).output().unwrap().stdout).unwrap();
    let listed = |help: String| -> Vec<String> {
        let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let commands = commands.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  "));
        let words = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let own = listed(help(&["--help"]));
    let of_ledger = listed(help(&["ledger", "--help"])).into_iter().map(|name| format!("ledger {name}"));
    let all: Vec<String> = own.into_iter().filter(|name| name != "ledger").chain(of_ledger).collect();
    assert!(all.len() > 18, "{all:?}");
    for name in all.iter().filter(|name| *name != "ledger help") {
        assert!(COMMANDS.iter().any(|ways| ways.command == name), "{name}");
    }
}

#[test]
fn fine() {
    check("fine", |ways| vec![ways.fine], |place, arguments, _| run(place, arguments));
}

#[test]
fn finding() {
    check("finding", |ways| vec![ways.finding], |place, arguments, _| run(place, arguments));
}

#[test]
fn missing_file() {
    check("missing file", |ways| ways.missing.to_vec(), |place, arguments, _| run(place, arguments));
}

#[test]
fn empty_input() {
    check("empty input", |ways| vec![ways.empty], |place, arguments, _| run(place, arguments));
}

#[test]
fn closed_pipe() {
    check("closed pipe", printing, |place, arguments, _| {
        ended(&mut place.command(arguments).stdout(closed()).spawn().unwrap(), |_| ())
    });
}

#[test]
fn full_disk() {
    check("full disk", printing, |place, arguments, _| {
        ended(&mut place.command(arguments).stdout(full()).spawn().unwrap(), |_| ())
    });
}

/// Standard output is a pipe that is full, so that no command ends by itself.
#[test]
fn signal() {
    for signal in ["INT", "TERM", "HUP"] {
        check("signal", printing, |place, arguments, cell| {
            let (_reader, mut writer) = std::io::pipe().unwrap();
            writer.write_all(&[b'x'; 1 << 16]).unwrap();
            // Whoever runs the tests may ignore a signal, and a child would ignore it too.
            let mut command = Command::new("env");
            command.args(["--default-signal", env!("CARGO_BIN_EXE_consentry")]);
            command.args(arguments.split_whitespace()).current_dir(place.0.path());
            command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            ended(&mut child, |child| {
                // A command that has an ending of its own prepares for it first.
                if cell == "killed" || catches_signals(child) {
                    let (signal, pid) = (format!("-{signal}"), child.id().to_string());
                    assert!(Command::new("kill").args([&signal, &pid]).status().unwrap().success());
                    sleep(Duration::from_millis(50));
                }
            })
        });
    }
}

/// Returns true if a process has a handler for SIGTERM.
fn catches_signals(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(caught.trim(), 16).is_ok_and(|caught| caught >> 14 & 1 == 1)
}

/// A message that nobody reads changes no status.
#[test]
fn standard_error_may_be_gone() {
    for ways in &COMMANDS {
        let all = [ways.fine, ways.finding, ways.empty].into_iter().chain(ways.missing.iter().copied());
        for arguments in all.filter(|arguments| !arguments.is_empty()) {
            let expected = run(&Place::new(), arguments);
            for stderr in [full(), closed()] {
                let place = Place::new();
                let ended = ended(&mut place.command(arguments).stderr(stderr).spawn().unwrap(), |_| ());
                assert_eq!(ended, expected, "{arguments}");
            }
        }
    }
}

/// A reader that leaves after a line, as `head -1` does, changes no status either, and no work that is not printing.
#[test]
fn a_reader_leaves_after_a_line() {
    let place = Place::new();
    let write = |name: &str, text: String| fs::write(place.0.path().join(name), text).unwrap();
    let destinations = |needs: &str| -> String {
        (0..1_000).map(|number| format!("destination \"destination {number}\"  {needs}\n")).collect()
    };
    write("old.consent", format!("{POLICY}{}", destinations("needs Advertising")));
    write("new.consent", format!("{POLICY}{}", destinations("unmapped")));
    let policy = POLICY.replace("\"Braze\"  without", "any  without");
    write("broken.consent", format!("{policy}{}", destinations("exempt")));
    write("many.ndjson", events().repeat(20_000) + "no event\n");
    for (arguments, expected) in [
        ("diff old.consent new.consent --deny any", "1"),
        ("lint broken.consent --format json", "1"),
        ("prove broken.consent", "1"),
        ("table old.consent", "0"),
        ("eval good.consent many.ndjson", "141"),
        ("filter --rejects rejects.ndjson good.consent many.ndjson", "141"),
        ("ledger ingest heads many.ndjson --format json", "1"),
    ] {
        let mut child = place.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut byte = [0];
        child.stdout.take().unwrap().read_exact(&mut byte).unwrap();
        assert_eq!(ended(&mut child, |_| ()), expected, "{arguments}");
    }
    let shown = place.command("ledger show heads user:v").status().unwrap();
    assert!(shown.success());
}

/// Files of `filter` are written to their end without a reader of standard output, where nothing goes.
#[test]
fn filter_writes_its_files_without_a_reader() {
    for stdout in [full(), closed()] {
        let place = Place::new();
        let arguments = "filter --split out --rejects rejects.ndjson good.consent bad.ndjson";
        assert_eq!(ended(&mut place.command(arguments).stdout(stdout).spawn().unwrap(), |_| ()), "1");
        let lines = |name: &str| fs::read_to_string(place.0.path().join(name)).unwrap().lines().count();
        assert_eq!((lines("out/+braze.ndjson"), lines("rejects.ndjson")), (2, 1));
    }
}

/// Standard output or standard error on a disk without room.
fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// Standard output or standard error that nobody reads.
fn closed() -> Stdio {
    std::io::pipe().unwrap().1.into()
}

/// The work that is not printing is done, whatever becomes of standard output.
#[test]
fn files_are_written_without_a_reader() {
    for output in [&full as &dyn Fn() -> Stdio, &closed] {
        let place = Place::new();
        let path = |name: &str| place.0.path().join(name);
        for name in ["a.consent", "b.consent"] {
            fs::copy(path("good.consent"), path(name)).unwrap();
        }
        place.command("fmt a.consent b.consent").stdout(output()).status().unwrap();
        for name in ["a.consent", "b.consent"] {
            assert_eq!(fs::read_to_string(path(name)).unwrap(), POLICY);
        }
        place.command("ledger forget people user:u").stdout(output()).status().unwrap();
        assert_eq!(run(&place, "ledger show people user:u"), "1");
    }
}

/// Help and the version end as other output does.
#[test]
fn help_and_version() {
    for (arguments, fine) in
        [("--help", "0"), ("--version", "0"), ("eval --help", "0"), ("", "2"), ("none", "2")]
    {
        let place = Place::new();
        assert_eq!(run(&place, arguments), fine);
        assert_eq!(
            ended(&mut place.command(arguments).stdout(full()).spawn().unwrap(), |_| ()),
            "2",
            "{arguments}"
        );
        assert_eq!(ended(&mut place.command(arguments).stdout(closed()).spawn().unwrap(), |_| ()), fine);
    }
}
