//! Input that people really have: other archives and encodings, long windows, blank lines, events over several lines, CRLF.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use std::fs;
use std::path::Path;
use std::process::Command;
use text::{Run, run};

const SHOP: &str = "policies/examples/shop.consent";

/// Each command that reads events, with the events at the end.
fn readers(ledger: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["eval", SHOP],
        vec!["filter", SHOP],
        vec!["filter", SHOP, "--discard-rejects"],
        vec!["explain", SHOP, "--destination", "Zendesk"],
        vec!["explain", SHOP, "--destination", "Zendesk", "--line", "1"],
        vec!["audit", SHOP],
        vec!["ledger", "ingest", ledger],
        vec!["diff", SHOP, SHOP, "--events"],
        vec!["init", "-", "--yes", "--from"],
    ]
}

fn ledger(folder: &tempfile::TempDir) -> String {
    folder.path().join("ledger").to_str().unwrap().to_owned()
}

/// An input that is no UTF-8, or an archive that is not read, gets one message with the command that converts it.
#[test]
fn what_is_not_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    for (name, what, command) in [
        ("events.utf16", "UTF-16, and not UTF-8", "iconv -f UTF-16 -t UTF-8 FILE"),
        ("events.utf16le", "UTF-16, and not UTF-8", "iconv -f UTF-16LE -t UTF-8 FILE"),
        ("events.zip", "a zip archive", "unzip -p FILE"),
        ("events.xz", "an xz archive", "xz -dc FILE"),
        ("events.bz2", "a bzip2 archive", "bzip2 -dc FILE"),
        ("events.lz4", "an lz4 archive", "lz4 -dc FILE"),
        ("events.gz.gz", "a gzip archive inside a gzip archive", "gzip -dc FILE | gzip -dc"),
        ("events.zst.gz", "a zstd archive inside a gzip archive", "gzip -dc FILE | zstd -dc"),
        ("events.tar.gz", "a tar archive inside a gzip archive", "gzip -dc FILE | tar -xO"),
    ] {
        let file = format!("tests/data/input/{name}");
        let command = command.replace("FILE", &file);
        let expected = format!(
            "consentry: cannot read `{file}`: it is {what}; convert it first: `{command} | consentry ...`"
        );
        for arguments in readers(&ledger) {
            let Run { status, out, err } = run(&[&arguments[..], &[&file]].concat(), b"");
            assert_eq!((status, out.as_str()), (2, ""), "{arguments:?} {name}");
            assert!(err.starts_with(&expected) && err.lines().count() == 1, "{arguments:?}: {err}");
        }
        // Standard input has no file to name.
        let piped = run(&["eval", SHOP], &fs::read(&file).unwrap());
        assert!(piped.status == 2 && piped.err.contains(what) && !piped.err.contains(&file), "{}", piped.err);
        // The command does it, where it is installed.
        let program = command.split(' ').next().unwrap();
        let is_installed =
            Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
        if is_installed.status.success() {
            let script = format!("{command} | {} eval {SHOP}", env!("CARGO_BIN_EXE_consentry"));
            let mut shell = Command::new("sh");
            let done = shell.args(["-c", &script]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
            assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
            assert!(String::from_utf8(done.stdout).unwrap().contains("0 not events"), "{script}");
        }
    }
}

/// Names of files are words for a shell.
#[test]
fn the_command_can_be_copied() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it's $HOME.xz");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/input/events.xz"), &file).unwrap();
    let refused = run(&["eval", SHOP, file.to_str().unwrap()], b"");
    let expected = format!(r"`xz -dc '{}/it'\''s $HOME.xz' | consentry", folder.path().display());
    assert!(refused.err.contains(&expected), "{}", refused.err);
}

/// `zstd --long` and `--ultra` write archives with a large window, which is allowed on purpose.
#[test]
fn a_long_window_is_allowed_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    // A window of 128 MiB, and one raw block.
    let event = b"{}\n";
    let header = [&b"\x28\xB5\x2F\xFD\0\x88"[..], &[(event.len() as u8) << 3 | 1, 0, 0]].concat();
    let file = folder.path().join("long.zst");
    fs::write(&file, [&header[..], event].concat()).unwrap();
    let file = file.to_str().unwrap();
    let refused = run(&["filter", SHOP, file], b"");
    assert_eq!((refused.status, refused.out.as_str()), (2, ""));
    assert!(
        refused.err.contains("needs a window of 134217728 bytes, and at most 8388608"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("allow it with `--zstd-window 128M`"), "{}", refused.err);
    for size in ["128M", "134217728", "1GiB"] {
        let read = run(&["filter", SHOP, file, "--zstd-window", size], b"");
        assert_eq!((read.status, read.out.as_str()), (0, "{}\n"), "{}", read.err);
    }
    let ledger = ledger(&folder);
    for arguments in readers(&ledger) {
        let all = [&arguments[..], &[file, "--zstd-window", "128M"]].concat();
        let err = run(&all, b"").err;
        assert!(!err.contains("window"), "{arguments:?}: {err}");
    }
    for size in ["127M", "0", "many", "1T"] {
        assert_eq!(run(&["eval", SHOP, file, "--zstd-window", size], b"").status, 2, "{size}");
    }
}

/// A first line that looks like the start of an array refuses no stream: it is one line that is not an event.
#[test]
fn a_bad_first_line_is_one_bad_line() {
    let event = r#"{"type":"track","context":{}}"#;
    for first in ["[{\"a\":1},7]", "[INFO] {", "[INFO] start [", "[{\"lvl", "[1,", "{\"a\":", "[]"] {
        let text = format!("{first}\n{event}\n{event}\n");
        let filtered = run(&["filter", SHOP, "--discard-rejects"], text.as_bytes());
        assert_eq!((filtered.status, filtered.out.lines().count()), (1, 2), "{first}: {}", filtered.err);
    }
}

const PRETTY: &str = "\n{\n  \"type\": \"track\",\n  \"context\": {\n    \"consent\": { \"categoryPreferences\": { \"Advertising\": false } }\n  }\n}\n";

/// An event over several lines gets one message where each line is one, and is an event where there is one.
#[test]
fn an_event_over_several_lines() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    for (text, what, filter) in [
        (PRETTY.to_owned(), "lines 2 to 7 are one event, which must be on one line", "."),
        (PRETTY.repeat(3), "lines 2 to 7 are one event, which must be on one line", "."),
        (PRETTY.replace('\n', "\r\n"), "lines 2 to 7 are one event, which must be on one line", "."),
        (format!("\u{FEFF}{PRETTY}"), "lines 2 to 7 are one event, which must be on one line", "."),
        (
            "{ \"a\": 1\n, \"b\": 2\n}\n".to_owned(),
            "lines 1 to 3 are one event, which must be on one line",
            ".",
        ),
        (format!("[\n{PRETTY},{PRETTY}]"), "it is a JSON array, and not one event a line", "'.[]'"),
        ("[{\"a\":1},\n{\"a\":2}]\n".to_owned(), "it is a JSON array, and not one event a line", "'.[]'"),
        ("[ {\"a\":1}\n, {\"a\":2}\n]\n".to_owned(), "it is a JSON array, and not one event a line", "'.[]'"),
    ] {
        let file = folder.path().join("pretty.json");
        fs::write(&file, &text).unwrap();
        let file = file.to_str().unwrap();
        let expected =
            format!("consentry: cannot read `{file}`: {what}; convert it first with `jq -c {filter}`\n");
        for arguments in
            readers(&ledger).into_iter().filter(|all| all[0] != "explain" || all.contains(&"--line"))
        {
            let Run { status, out, err } = run(&[&arguments[..], &[file]].concat(), b"");
            assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
            assert!(
                err.starts_with(&expected[..expected.len() - 1]) && err.lines().count() == 1,
                "{arguments:?}: {err}"
            );
        }
    }
    // A slow stream of such an event, one byte after the other.
    let mut child = common::start(&mut common::command(&["filter", SHOP]));
    let mut stdin = child.stdin.take().unwrap();
    for byte in PRETTY.as_bytes() {
        let _ = std::io::Write::write_all(&mut stdin, &[*byte]);
    }
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let file = folder.path().join("one.json");
    fs::write(&file, PRETTY).unwrap();
    let explained = run(&["explain", SHOP, "--destination", "Google Ads", file.to_str().unwrap()], b"");
    assert!(explained.status == 0 && explained.out.contains("block"), "{}{}", explained.out, explained.err);
    let policy = folder.path().join("p.consent");
    let test = "test \"t\" {\n  events from \"one.json\"\n  block \"Google Ads\"\n}\n";
    let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory Advertising\ndestination \"Google Ads\"  needs Advertising\n";
    fs::write(&policy, format!("{text}{test}")).unwrap();
    let tested = run(&["test", policy.to_str().unwrap()], b"");
    assert!(tested.status == 0 && tested.out.contains("1 event decided"), "{}", tested.out);
    // A file of a test gets one message as well, where none of its lines is an event.
    let utf16 = || PRETTY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, what) in [
        (PRETTY.repeat(2).into_bytes(), "lines 2 to 7 are one event, which must be on one line; convert"),
        (b"[{\"a\":1},\n{\"a\":2}]\n{}\n".to_vec(), "it is a JSON array, and not one event a line; convert"),
        (utf16(), "it is no UTF-8 text: convert it first"),
        (b"\x1F\x8B\x08\0\0\0\0\0".to_vec(), "it is no UTF-8 text: convert it first"),
        (b"\xFD7zXZ\0".to_vec(), "it is no UTF-8 text: convert it first"),
    ] {
        fs::write(&file, bytes).unwrap();
        let tested = run(&["test", policy.to_str().unwrap()], b"");
        assert!(tested.status == 1 && tested.out.matches("one.json").count() == 1, "{}", tested.out);
        assert!(tested.out.contains(what), "{what}: {}", tested.out);
    }
}

/// A line that is cut off is a fault of that line, and the lines behind it are events.
#[test]
fn a_line_that_is_cut_off_is_no_event_over_several_lines() {
    for cut in ["{\"a\":1,", "{\"a\":{", "{\"a\":[", "{"] {
        let input = format!("{cut}\n{{}}\n{{\"b\":2}}\n");
        let read = run(&["filter", SHOP, "--discard-rejects"], input.as_bytes());
        assert_eq!((read.status, read.out.as_str()), (1, "{}\n{\"b\":2}\n"), "{cut}: {}", read.err);
    }
}

/// Blank lines are skipped, counted and numbered by every command.
#[test]
fn blank_lines_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let event = r#"{"type":"track","event":"Segment Consent Preference Updated","userId":"u","timestamp":"2026-10-01T10:00:00Z","context":{"consent":{"categoryPreferences":{"Advertising":true}}}}"#;
    let input = format!("\n{event}\n \t\r\n{event}\n\n");
    for arguments in readers(&ledger).into_iter().filter(|all| !["explain", "audit"].contains(&all[0])) {
        let done = run(&[&arguments[..], &["-"]].concat(), input.as_bytes());
        assert_eq!(done.status, 0, "{arguments:?}: {}{}", done.out, done.err);
        if !arguments.contains(&"init") {
            assert!((done.out + &done.err).contains(", 3 blank lines"), "{arguments:?}");
        }
    }
    let audited = run(&["audit", SHOP, "--format", "json"], input.as_bytes());
    let audited: serde_json::Value = serde_json::from_str(&audited.out).unwrap();
    assert_eq!((&audited["blank_lines"], &audited["events"]), (&3.into(), &2.into()));
    // They have their numbers.
    let evaluated = run(&["eval", SHOP, "--format", "json"], format!("{input}no event\n").as_bytes()).out;
    let numbers = evaluated
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["line"].clone());
    assert_eq!(numbers.collect::<Vec<_>>(), [2, 4, 6]);
    let explain =
        |line| run(&["explain", SHOP, "--destination", "Zendesk", "--line", line], input.as_bytes()).status;
    assert_eq!([explain("2"), explain("3"), explain("4"), explain("6")], [0, 1, 0, 2]);
}

/// A file whose lines all end with CRLF, as a checkout on Windows has it, keeps that.
#[test]
fn line_ends_of_a_checkout_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.consent");
    let file = path.to_str().unwrap();
    let text =
        "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n\ncategory A\ndestination \"X\"  needs A\n";
    let crlf = text.replace('\n', "\r\n");
    for (before, after, status) in [
        (crlf.clone(), crlf.clone(), 0),
        (text.to_owned(), text.to_owned(), 0),
        (crlf.replace("\"X\"  ", "\"X\" "), crlf.clone(), 1),
        // Some of each: all are line feeds.
        (crlf.replacen("\r\n", "\n", 1), text.to_owned(), 1),
    ] {
        fs::write(&path, &before).unwrap();
        assert_eq!(run(&["fmt", "--check", file], b"").status, status, "{before:?}");
        let diff = run(&["fmt", "--diff", file], b"").out;
        assert!(status == 1 || diff.is_empty(), "{diff}");
        if after == crlf && before != crlf {
            assert_eq!(diff.lines().filter(|line| line.starts_with(['-', '+'])).count(), 4, "{diff}");
        }
        assert_eq!(run(&["fmt", "-"], before.as_bytes()).out, after);
        run(&["fmt", file], b"");
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
    }
    // A fix keeps it too.
    let odd = crlf.replace("category A", "category A\r\ndestination \"Y\"  needs all of A");
    fs::write(&path, &odd).unwrap();
    run(&["lint", "--fix", file], b"");
    let fixed = fs::read_to_string(&path).unwrap();
    assert_eq!(fixed.matches('\n').count(), fixed.matches("\r\n").count(), "{fixed:?}");
}
