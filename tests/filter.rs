//! `consentry filter`: what comes out, where, in which order, and in how much memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::{command, run, run_command, start};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Output;
#[cfg(unix)]
use std::process::{Child, Command, Stdio};
#[cfg(unix)]
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
#[cfg(unix)]
use std::time::Duration;

const SHOP: &str = "policies/examples/shop.consent";
const EVENTS: &str = "tests/data/events.ndjson";

/// The status and what standard error says.
fn said(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// Whether two long texts are the same, without printing them.
fn assert_same(actual: &[u8], expected: &[u8]) {
    let at = actual.iter().zip(expected).position(|(one, other)| one != other);
    assert!(actual == expected, "{} and {} bytes, different at {at:?}", actual.len(), expected.len());
}

/// An event that every destination receives, so that it needs no change.
fn event(number: usize) -> String {
    format!("{{\"messageId\":\"{number}\",\"x\":\"{}\"}}", "y".repeat(number * 7919 % 300))
}

/// Several MiB of them.
fn events(count: usize) -> String {
    (0..count).map(|number| event(number) + "\n").collect()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.text(name)
    }
}

/// The line that says that not all events were searched.
const FEW_SEARCHED: &str = "few events without consent were searched for consent that the policy does not read; `consentry audit` searches all\n";

#[test]
fn the_order_is_kept() {
    let input = events(40_000);
    assert!(input.len() > 5 << 20);
    let folder = Folder::new();
    let file = folder.write("events", input.as_bytes());
    for threads in ["1", "2", "16"] {
        for trusted in [&[][..], &["--trusted"]] {
            let arguments = [&["filter", SHOP, "--threads", threads], trusted].concat();
            let pipe = run(&arguments, input.as_bytes());
            assert_eq!(said(&pipe).0, 0);
            assert_same(&pipe.stdout, input.as_bytes());
            let file = run(&[&arguments[..], &[&file]].concat(), b"");
            assert_same(&file.stdout, input.as_bytes());
            assert_eq!(said(&file), said(&pipe));
        }
    }
}

/// Lines, and whether they are events.
fn hostile_lines() -> Vec<(Vec<u8>, bool)> {
    let mut lines: Vec<(Vec<u8>, bool)> = vec![
        (b"{}".to_vec(), true),
        (b" \t{} ".to_vec(), true),
        (b"{\"a\":\"\xFF\"}".to_vec(), false),
        (b"\xEF\xBB\xBF{}".to_vec(), false),
        (b"[]".to_vec(), false),
        (b"{\"a\":tru".to_vec(), false),
        (b"{}\0".to_vec(), false),
        ("{\"a\":".repeat(129).into_bytes(), false),
        (format!("{{\"a\":\"{}\"}}", "x".repeat((16 << 20) - 8)).into_bytes(), true),
        (format!("{{\"a\":\"{}\"}}", "x".repeat((16 << 20) - 7)).into_bytes(), false),
        (format!("{{\"a\":\"{}\"}}", "x".repeat(64 << 20)).into_bytes(), false),
        (vec![b' '; 64 << 20], false),
        (b"\x28\xB5\x2F\xFD".to_vec(), false),
    ];
    for number in 0..2_000 {
        lines.push((event(number).into_bytes(), true));
        if number % 3 == 0 {
            lines.push((format!("no event {number}").into_bytes(), false));
        }
    }
    lines.push((b"{\"a\":".to_vec(), false));
    lines
}

/// What is wrong with those that are not.
const CODES: &str = "(3 line_too_long, 1 byte_order_mark, 2 not_utf8, 1 nested_too_deep, 670 not_json, \
     1 not_an_object)";

/// A line in is a line out, with the line break that it had, and in one of two places.
#[test]
fn every_line_and_every_line_break_is_kept() {
    let lines = hostile_lines();
    for (line_break, last_break, threads) in [("\n", "", "4"), ("\r\n", "\r\n", "1")] {
        let (mut input, mut good, mut bad) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (line, is_event)) in lines.iter().enumerate() {
            let line_break = if at + 1 == lines.len() { last_break } else { line_break };
            for into in [&mut input, if *is_event { &mut good } else { &mut bad }] {
                into.extend_from_slice(line);
                into.extend_from_slice(line_break.as_bytes());
            }
        }
        let errors = lines.iter().filter(|(_, is_event)| !is_event).count();
        let summary =
            format!("{} decided by \"shop\", 0 dropped, {errors} not events {CODES}\n", lines.len() - errors);
        let folder = Folder::new();
        let arguments = ["filter", SHOP, "--threads", threads, "--rejects", &folder.text("rejects")];
        let kept = run(&arguments, &input);
        assert_eq!(said(&kept).0, 1);
        assert!(said(&kept).1.starts_with(&summary), "{}", said(&kept).1);
        assert_same(&kept.stdout, &good);
        assert_same(&fs::read(folder.path("rejects")).unwrap(), &bad);
        let discarded = run(&["filter", SHOP, "--threads", threads, "--discard-rejects"], &input);
        assert_eq!(said(&discarded), said(&kept));
        assert_same(&discarded.stdout, &good);
    }
}

/// Lines of white space are skipped, counted and numbered, and written nowhere.
#[test]
fn blank_lines_are_skipped() {
    let folder = Folder::new();
    let input = b"\n \t\n{}\n\r\n\r\r\nno event\n\n{}";
    for more in [&[][..], &["--trusted"]] {
        let rejects = folder.text("rejects");
        let all = run(&[&["filter", SHOP, "--force", "--rejects", &rejects], more].concat(), input);
        let (status, error) = said(&all);
        let first = "2 decided by \"shop\", 0 dropped, 1 not events (1 not_json), 5 blank lines\n";
        assert!(status == 1 && error.starts_with(first), "{error}");
        assert_eq!(all.stdout, b"{}\n{}");
        assert_eq!(fs::read(&rejects).unwrap(), b"no event\n");
        let (status, error) = said(&run(&[&["filter", SHOP], more].concat(), input));
        assert!(
            status == 2 && error.starts_with("consentry: line 6 is not an event (not_json): "),
            "{error}"
        );
    }
    let clean = run(&["filter", SHOP, "--format", "json"], b"{}\n\n{}\n");
    let summary: Value = serde_json::from_slice(&clean.stderr).unwrap();
    assert_eq!((said(&clean).0, &summary["blank_lines"], &summary["decided"]), (0, &1.into(), &2.into()));
    // A line that has not even got a place in the output of each destination.
    let split = run(&["filter", SHOP, "--split", &folder.text("split")], b"\n{}\n \n{\"a\":1}\n");
    assert_eq!(said(&split).0, 0);
    assert_eq!(fs::read(folder.path("split/+zendesk.ndjson")).unwrap(), b"{}\n{\"a\":1}\n");
}

#[test]
fn the_last_line_may_have_no_line_break() {
    for input in ["", "{}", "{}\n", "{}\r\n{}", "{}\n{}\r\n"] {
        let output = run(&["filter", SHOP], input.as_bytes());
        assert_eq!((said(&output).0, output.stdout.as_slice()), (0, input.as_bytes()));
    }
}

/// The first reject is an error when nobody has said where it goes; what comes before it is written, and nothing else.
#[test]
fn a_reject_without_a_place_is_an_error() {
    let before = events(30_000);
    for (reject, code) in [("no event".to_owned(), "not_json"), ("x".repeat(20 << 20), "line_too_long")] {
        let input = format!("{before}{reject}\n{before}");
        for threads in ["1", "8"] {
            let output = run(&["filter", SHOP, "--threads", threads], input.as_bytes());
            let (status, error) = said(&output);
            assert_eq!(status, 2);
            assert!(
                error.starts_with(&format!("consentry: line 30001 is not an event ({code}): ")),
                "{error}"
            );
            assert!(error.contains("--rejects FILE"), "{error}");
            assert_same(&output.stdout, before.as_bytes());
        }
    }
}

/// Such an error does not wait for input that may never come.
#[test]
fn an_error_does_not_wait_for_more_input() {
    let mut child = start(&mut command(&["filter", SHOP, "--threads", "4"]));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{}\nno event\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let mut out = String::new();
    child.stdout.unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(out, "{}\n");
}

/// The files hold what `eval` says that the destinations receive.
#[test]
fn a_file_for_each_destination() {
    let text = fs::read_to_string(EVENTS).unwrap();
    let eval = run(&["eval", SHOP, EVENTS, "--format", "json"], b"");
    let eval = String::from_utf8(eval.stdout).unwrap();
    let decisions: Vec<Value> = eval.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let folder = Folder::new();
    for threads in ["1", "3"] {
        let split = folder.text(threads);
        let output = run(&["filter", SHOP, EVENTS, "--threads", threads, "--split", &split], b"");
        assert_eq!((said(&output).0, output.stdout.len()), (0, 0));
        for (name, file) in [
            ("Facebook Pixel", "+facebook%20+pixel.ndjson"),
            ("Google Ads", "+google%20+ads.ndjson"),
            ("HubSpot", "+hub+spot.ndjson"),
            ("Amazon S3", "+amazon%20+s3.ndjson"),
            ("Snowflake", "+snowflake.ndjson"),
        ] {
            let receives = |decision: &Value| {
                decision["deliver"].as_array().unwrap().iter().any(|one| one["destination"] == name)
            };
            let expected: String = text
                .lines()
                .zip(&decisions)
                .filter(|(_, decision)| receives(decision))
                .map(|(line, _)| format!("{line}\n"))
                .collect();
            assert!(expected.lines().count() > 10);
            assert_same(&fs::read(folder.path(threads).join(file)).unwrap(), expected.as_bytes());
        }
        assert_eq!(fs::read_dir(folder.path(threads)).unwrap().count(), 10);
    }
}

/// Two thousand files take no more than a few open ones; names differ in more than capitals.
#[cfg(unix)]
#[test]
fn many_destinations_take_few_open_files() {
    let folder = Folder::new();
    let mut policy = "consentry 1\npolicy \"many\"\ninclude prelude \"segment\"\ncategory A\n".to_owned();
    for number in 0..2_000 {
        let name = if number % 2 == 0 { format!("X{}", number / 2) } else { format!("x{}", number / 2) };
        policy += &format!("destination \"{name}\" needs A\n");
    }
    let policy = folder.write("many.consent", policy.as_bytes());
    let text = |number: usize| {
        let own = number * 13 % 2_000;
        let name = if own.is_multiple_of(2) { format!("X{}", own / 2) } else { format!("x{}", own / 2) };
        format!("{{\"integrations\":{{\"All\":false,\"{name}\":true}},\"number\":{number}}}\n")
    };
    let input: String = (0..20_000).map(text).collect();
    let split = folder.text("split");
    let mut limited = Command::new("sh");
    limited.args([
        "-c",
        "ulimit -n 160 && exec \"$0\" filter \"$1\" --split \"$2\" --threads 3",
        env!("CARGO_BIN_EXE_consentry"),
        &policy,
        &split,
    ]);
    let output = run_command(&mut limited, input.as_bytes());
    let (status, error) = said(&output);
    assert_eq!(status, 0, "{error}");
    assert!(error.contains("\n0 left out: no destination receives them\n"), "{error}");
    let files: Vec<PathBuf> = fs::read_dir(&split).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2_000);
    for own in [0, 1, 998, 1_999] {
        let file =
            if own % 2 == 0 { format!("+x{}.ndjson", own / 2) } else { format!("x{}.ndjson", own / 2) };
        let expected: String = (0..20_000).filter(|number| number * 13 % 2_000 == own).map(text).collect();
        assert_eq!(expected.lines().count(), 10);
        assert_same(&fs::read(Path::new(&split).join(file)).unwrap(), expected.as_bytes());
    }
}

#[test]
fn files_that_exist_are_overwritten_only_by_force() {
    let folder = Folder::new();
    fs::create_dir(folder.path("split")).unwrap();
    let existing = folder.write("split/+zendesk.ndjson", b"precious\n");
    let rejects = folder.write("rejects", b"precious too\n");
    let split = folder.text("split");
    for arguments in [&["--split", &split][..], &["--rejects", &rejects]] {
        let arguments = [&["filter", SHOP], arguments].concat();
        let output = run(&arguments, b"{}\n");
        assert_eq!(said(&output).0, 2);
        assert!(said(&output).1.contains("exists; overwrite it with --force"), "{}", said(&output).1);
    }
    assert_eq!(fs::read_dir(&split).unwrap().count(), 1);
    assert_eq!(fs::read(&existing).unwrap(), b"precious\n");
    assert_eq!(fs::read(&rejects).unwrap(), b"precious too\n");
    let output = run(&["filter", SHOP, "--split", &split, "--rejects", &rejects, "--force"], b"{}\nno\n");
    assert_eq!(said(&output).0, 1);
    assert_eq!(fs::read(&existing).unwrap(), b"{}\n");
    assert_eq!(fs::read(&rejects).unwrap(), b"no\n");
    // The input is spared even then.
    let output = run(&["filter", SHOP, &existing, "--rejects", &existing, "--force"], b"");
    assert_eq!((said(&output).0, fs::read(&existing).unwrap()), (2, b"{}\n".to_vec()));
}

/// Runs a script in a folder, for at most twenty seconds.
#[cfg(unix)]
fn shell(folder: &Folder, script: &str) -> Output {
    let mut shell = Command::new("timeout");
    shell
        .args(["20", "sh", "-c", &format!("consentry() {{ \"$BIN\" \"$@\"; }}\n{script}")])
        .current_dir(folder.0.path())
        .env("BIN", env!("CARGO_BIN_EXE_consentry"));
    run_command(&mut shell, b"")
}

/// Neither force nor a redirection makes the command write what it reads, or write one file in two ways.
#[cfg(unix)]
#[test]
fn what_is_read_is_never_written() {
    for script in [
        "consentry filter policy d/+zendesk.ndjson --split d --force",
        "consentry filter policy --split d --force < d/+zendesk.ndjson",
        "consentry filter policy --rejects events --force < events",
        "consentry filter policy events --rejects hard --force",
        "consentry filter policy hard --rejects soft --force",
        "consentry filter policy events --rejects policy --force",
        "consentry filter policy events --rejects included --force",
        "consentry filter policy events --split d --rejects d/+zendesk.ndjson --force",
        "consentry filter policy events --split d --rejects d/../d/+x.ndjson --force",
        "consentry filter policy events --split d --rejects d/../d/+x.ndjson",
        "consentry filter policy events --split d --rejects dangling --force",
        "consentry filter policy events --split new --rejects new/+x.ndjson",
        "consentry filter policy events --rejects out --force > out",
        "consentry filter policy events --rejects out --force 2> out; s=$?; cat out >&2; exit $s",
        "consentry filter policy events >> events",
        "consentry filter policy < events >> events",
        "consentry filter policy events >> policy",
    ] {
        let folder = Folder::new();
        fs::create_dir(folder.path("d")).unwrap();
        let policy = b"consentry 1\npolicy \"two\"\ninclude \"included\"\ndestination \"Zendesk\" needs A\n\
            destination \"X\" needs A\n";
        let included = b"include prelude \"segment\"\ncategory A\n";
        let included = [&b"consentry 1\n"[..], included].concat();
        folder.write("policy", policy);
        folder.write("included", &included);
        folder.write("events", b"{}\n{}\n");
        folder.write("d/+zendesk.ndjson", b"{}\n");
        fs::hard_link(folder.path("events"), folder.path("hard")).unwrap();
        std::os::unix::fs::symlink("events", folder.path("soft")).unwrap();
        std::os::unix::fs::symlink("d/+x.ndjson", folder.path("dangling")).unwrap();
        let output = shell(&folder, script);
        let (status, error) = said(&output);
        assert!(status == 2 && error.contains("the same file"), "{script}: {status} {error}");
        assert_eq!(fs::read(folder.path("events")).unwrap(), b"{}\n{}\n", "{script}");
        assert_eq!(fs::read(folder.path("policy")).unwrap(), policy, "{script}");
        assert_eq!(fs::read(folder.path("included")).unwrap(), included, "{script}");
        assert_eq!(fs::read(folder.path("d/+zendesk.ndjson")).unwrap(), b"{}\n", "{script}");
        assert!(!folder.path("new").exists());
    }
}

/// Files that do no harm to each other.
#[cfg(target_os = "linux")]
#[test]
fn what_may_be_the_same_file_may_be() {
    for script in [
        "consentry filter policy events > out 2>&1",
        "consentry filter policy events --rejects /dev/null > /dev/null 2>&1",
        "consentry filter policy policy --discard-rejects > out; test $? = 1",
        "consentry filter policy events --split d --rejects /dev/stdout --force > out",
    ] {
        let folder = Folder::new();
        folder.write("policy", &fs::read(SHOP).unwrap());
        folder.write("events", b"{}\n{}\n");
        let output = shell(&folder, script);
        assert_eq!(said(&output).0, 0, "{script}: {}", said(&output).1);
    }
}

/// As when the disk is full: files end with a whole line, and of standard output the message says that it may not.
#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_leaves_no_half_lines() {
    let cut = "; the last line may be cut; everything up to line ";
    for (input, arguments, file, says_cut) in [
        (events(2_000), "--split d", "d/+zendesk.ndjson", false),
        ("no event\n".repeat(20_000), "--rejects r", "r", false),
        (events(2_000), "> out", "out", true),
    ] {
        let folder = Folder::new();
        folder.write("policy", &fs::read(SHOP).unwrap());
        folder.write("events", input.as_bytes());
        let script = format!("trap '' XFSZ; ulimit -f 100; consentry filter policy events {arguments}");
        let (status, error) = said(&shell(&folder, &script));
        assert!(status == 2 && error.contains("cannot write"), "{error}");
        assert_eq!(error.contains(cut), says_cut, "{error}");
        let written = fs::read(folder.path(file)).unwrap();
        assert!(says_cut || written.is_empty() || written.ends_with(b"\n"), "{file}: {}", written.len());
    }
}

/// Whichever of the files is there already, none of the others is created.
#[test]
fn what_exists_is_found_before_anything_is_created() {
    let folder = Folder::new();
    let rejects = folder.write("rejects", b"precious\n");
    let output = run(&["filter", SHOP, "--split", &folder.text("split"), "--rejects", &rejects], b"{}\n");
    assert_eq!(said(&output).0, 2);
    assert!(!folder.path("split").exists());
    fs::create_dir(folder.path("split")).unwrap();
    folder.write("split/+zendesk.ndjson", b"precious\n");
    let rejects = folder.text("new");
    let output = run(&["filter", SHOP, "--split", &folder.text("split"), "--rejects", &rejects], b"{}\n");
    assert_eq!(said(&output).0, 2);
    assert!(!folder.path("new").exists());
}

/// Nobody has named what is behind a link in the folder.
#[cfg(unix)]
#[test]
fn force_does_not_follow_links_in_the_folder() {
    let folder = Folder::new();
    fs::create_dir(folder.path("split")).unwrap();
    folder.write("elsewhere", b"precious\n");
    let link = folder.path("split/+zendesk.ndjson");
    std::os::unix::fs::symlink("../elsewhere", &link).unwrap();
    let output = run(&["filter", SHOP, "--split", &folder.text("split"), "--force"], b"{}\n");
    assert_eq!(said(&output).0, 0, "{}", said(&output).1);
    assert_eq!(fs::read(folder.path("elsewhere")).unwrap(), b"precious\n");
    assert_eq!(fs::read(&link).unwrap(), b"{}\n");
    assert!(fs::symlink_metadata(&link).unwrap().is_file());
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

const SKIPPABLE: &[u8] = b"\x5A\x2A\x4D\x18\x05\0\0\0abcde";

#[test]
fn archives_are_read_whatever_their_name() {
    let text = events(10_000);
    let folder = Folder::new();
    // Not at a line break: an archive knows nothing of lines.
    let (one, other) = text.as_bytes().split_at(text.len() / 2 + 7);
    for archive in [
        gzip(text.as_bytes()),
        [gzip(one), gzip(b""), gzip(other)].concat(),
        // Tapes and blocks of storage fill up with zeros.
        [gzip(text.as_bytes()), vec![0; 70_000]].concat(),
        [gzip(text.as_bytes()), vec![0]].concat(),
        zstd(text.as_bytes()),
        [SKIPPABLE, &zstd(one), SKIPPABLE, SKIPPABLE, &zstd(other), SKIPPABLE].concat(),
    ] {
        let file = folder.write("events.json", &archive);
        let from_file = run(&["filter", SHOP, &file], b"");
        assert_eq!(said(&from_file).0, 0, "{}", said(&from_file).1);
        assert_same(&from_file.stdout, text.as_bytes());
        assert_same(&run(&["filter", SHOP], &archive).stdout, text.as_bytes());
        let eval = |input: &[u8]| run(&["eval", SHOP, "--format", "json"], input).stdout;
        assert_same(&eval(&archive), &eval(text.as_bytes()));
    }
    for empty in [&gzip(b"")[..], SKIPPABLE, &zstd(b"")] {
        let output = run(&["filter", SHOP], empty);
        assert_eq!((said(&output).0, output.stdout.len()), (0, 0));
    }
}

/// What can be read is decided, in whole lines, and then the damage is said.
#[test]
fn archives_that_are_cut_off_or_damaged_are_errors() {
    let text = events(10_000);
    let (gzip, zstd) = (gzip(text.as_bytes()), zstd(text.as_bytes()));
    // Behind an event that lacks nothing but its line break, which might have been another one.
    let within = &text[..text.len() - 1];
    let cut = |archive: &[u8], by: usize| archive[..archive.len() - by].to_vec();
    let flipped = |archive: &[u8], from_end: usize| {
        let mut archive = archive.to_vec();
        let at = archive.len() - from_end;
        archive[at] ^= 1;
        archive
    };
    for (name, archive) in [
        ("gzip, half", cut(&gzip, gzip.len() / 2)),
        ("gzip, without its checksum", cut(&gzip, 8)),
        ("gzip, with another checksum", flipped(&gzip, 8)),
        ("gzip, rubbish behind zeros", [&gzip, &[0; 700][..], b"rubbish"].concat()),
        ("gzip, rubbish behind", [&gzip, &b"rubbish"[..]].concat()),
        ("gzip, another member cut off", [&gzip[..], &gzip[..7]].concat()),
        ("gzip, an unfinished line", [&self::gzip(within.as_bytes())[..], &gzip[..7]].concat()),
        ("gzip, header only", gzip[..5].to_vec()),
        ("zstd, half", cut(&zstd, zstd.len() / 2)),
        ("zstd, without its checksum", cut(&zstd, 4)),
        ("zstd, with another checksum", flipped(&zstd, 1)),
        ("zstd, rubbish behind", [&zstd, &b"rubbish"[..]].concat()),
        ("zstd, skippable frame cut off", [&zstd, &SKIPPABLE[..10]].concat()),
        ("zstd, an unfinished line", [&self::zstd(within.as_bytes())[..], &zstd[..7]].concat()),
        ("zstd, header only", zstd[..5].to_vec()),
        (
            "zstd, fewer bytes than it says",
            b"\x28\xB5\x2F\xFD\x80\x40\x40\x42\x0F\0\x41\0\0{\"a\":1}\n".to_vec(),
        ),
        ("zstd, a window of 16 MiB", b"\x28\xB5\x2F\xFD\0\x70\x01\0\0".to_vec()),
    ] {
        let output = run(&["filter", SHOP, "--threads", "3"], &archive);
        let (status, error) = said(&output);
        assert_eq!(status, 2, "{name}");
        let lines = output.stdout.iter().filter(|byte| **byte == b'\n').count();
        assert!(error.starts_with("consentry: cannot read `standard input`: "), "{name}: {error}");
        assert!(error.ends_with(&format!("; everything up to line {lines} is written\n")), "{name}: {error}");
        assert!(text.as_bytes().starts_with(&output.stdout) || output.stdout == b"{\"a\":1}\n", "{name}");
        assert!(output.stdout.is_empty() || output.stdout.ends_with(b"\n"), "{name}");
        let eval = run(&["eval", SHOP, "--format", "json"], &archive);
        assert_eq!(said(&eval).0, 2, "{name}");
    }
}

/// Sends an interruption while events flow, and gives what was written, and to the file of rejects.
#[cfg(unix)]
fn interrupt(signal: &str, arguments: &[&str], input: &'static [u8]) -> (Output, Vec<u8>) {
    let mut child = start(&mut command(arguments));
    let mut stdin = child.stdin.take().unwrap();
    // It is fed until it ends.
    let writer = std::thread::spawn(move || while stdin.write_all(input).is_ok() {});
    let mut out = child.stdout.take().unwrap();
    let mut start = vec![0; 1 << 20];
    out.read_exact(&mut start).unwrap();
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    out.read_to_end(&mut start).unwrap();
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (output, start)
}

#[cfg(unix)]
#[test]
fn an_interruption_leaves_whole_lines() {
    let input: &'static [u8] = events(1_000).leak().as_bytes();
    for (signal, threads) in [("-INT", "1"), ("-INT", "4"), ("-TERM", "4")] {
        let (output, out) = interrupt(signal, &["filter", SHOP, "--threads", threads], input);
        let lines = out.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(said(&output), (130, format!("consentry: interrupted after line {lines}\n")));
        assert!(out.ends_with(b"\n"));
        let whole: Vec<u8> = input.iter().copied().cycle().take(out.len()).collect();
        assert_same(&out, &whole);
    }
}

/// In the middle of a line that is too long for an event as well: its beginning is taken back.
#[cfg(unix)]
#[test]
fn an_interruption_within_a_long_reject_takes_it_back() {
    let folder = Folder::new();
    let rejects = folder.text("rejects");
    let mut child = start(&mut command(&["filter", SHOP, "--rejects", &rejects]));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"no event\n{}\n").unwrap();
    stdin.write_all(&vec![b'x'; 20 << 20]).unwrap();
    while fs::metadata(&rejects).unwrap().len() < 19 << 20 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(said(&output), (130, "consentry: interrupted after line 2\n".into()));
    assert_eq!(output.stdout, b"{}\n");
    assert_eq!(fs::read(&rejects).unwrap(), b"no event\n");
}

/// Waits until a counter has begun to count and counts no more.
#[cfg(unix)]
fn until_it_stands_still(counter: &AtomicUsize) {
    let mut before = 0;
    while before == 0 || before != counter.load(Ordering::Relaxed) {
        before = counter.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(400));
    }
}

/// Writes events to a child until it takes no more, and counts how often it took some.
#[cfg(unix)]
fn flood(child: &mut Child) -> (Arc<AtomicUsize>, std::thread::JoinHandle<()>) {
    let mut stdin = child.stdin.take().unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let writer = std::thread::spawn(move || {
        while stdin.write_all(b"{}\n{}\n{}\n").is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    (written, writer)
}

/// Whoever reads our output may have stopped without closing it.
#[cfg(unix)]
#[test]
fn a_second_interruption_does_not_wait() {
    let mut child = start(&mut command(&["filter", SHOP, "--threads", "2"]));
    let (written, writer) = flood(&mut child);
    let stdout = child.stdout.take();
    let pid = child.id().to_string();
    // The pipes fill up, then nothing moves.
    until_it_stands_still(&written);
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(400));
    assert!(child.try_wait().unwrap().is_none());
    // On a busy machine two signals may arrive as one.
    while child.try_wait().unwrap().is_none() {
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(400));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(said(&output), (130, "consentry: interrupted again: the last line may be cut\n".into()));
    drop(stdout);
    writer.join().unwrap();
}

/// Nor does it wait for its own message, when nobody reads that either.
#[cfg(unix)]
#[test]
fn a_second_interruption_does_not_wait_for_its_message() {
    let (unread, pipe) = std::io::pipe().unwrap();
    let mut child = command(&["filter", SHOP, "--threads", "2"])
        .stdin(Stdio::piped())
        .stdout(pipe.try_clone().unwrap())
        .stderr(pipe)
        .spawn()
        .unwrap();
    let (written, writer) = flood(&mut child);
    until_it_stands_still(&written);
    let mut status = None;
    for _ in 0..20 {
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(400));
        status = child.try_wait().unwrap();
        if status.is_some() {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(unread);
    writer.join().unwrap();
    assert_eq!(status.and_then(|status| status.code()), Some(130));
}

/// A reader that has seen enough closes the pipe. Not all is written, which the status and the message report.
#[test]
fn a_closed_pipe_ends_a_stream() {
    let folder = Folder::new();
    let file = folder.write("events", events(20_000).as_bytes());
    let mut child = start(&mut command(&["filter", SHOP, &file, "--threads", "4"]));
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    let (status, error) = said(&output);
    assert_eq!(status, 141);
    let lines = error.strip_prefix("consentry: the reader of standard output has gone away; the last line may be cut; everything up to line ");
    let lines =
        lines.and_then(|rest| rest.strip_suffix(" is written\n")).unwrap_or_else(|| panic!("{error}"));
    assert!(lines.parse::<u64>().unwrap() < 20_000, "{error}");
}

/// Standard output is for events, so `-` is no place for rejects; a file of that name has to be meant.
#[test]
fn rejects_do_not_go_to_standard_output() {
    let folder = Folder::new();
    let policy = folder.write("policy", &fs::read(SHOP).unwrap());
    let filter = |arguments: &[&str]| {
        let mut command = command(&["filter", &policy, "--rejects"]);
        run_command(command.args(arguments).current_dir(folder.0.path()), b"{}\nno event\n")
    };
    for arguments in [&["-"][..], &["-", "--force"], &["-", "--split", "split"]] {
        let output = filter(arguments);
        let (status, error) = said(&output);
        assert!(status == 2 && error.contains("standard output is for events"), "{error}");
        assert!(error.contains("name a file") && output.stdout.is_empty(), "{error}");
        assert!(!folder.path("-").exists() && !folder.path("split").exists());
    }
    let output = filter(&["./-"]);
    assert_eq!((said(&output).0, output.stdout.as_slice()), (1, &b"{}\n"[..]));
    assert_eq!(fs::read(folder.path("-")).unwrap(), b"no event\n");
}

/// Whoever reads the rejects must read them all.
#[cfg(target_os = "linux")]
#[test]
fn rejects_that_cannot_be_written_are_an_error() {
    let output = run(&["filter", SHOP, "--rejects", "/dev/full"], b"{}\nno event\n");
    let (status, error) = said(&output);
    assert!(status == 2 && error.starts_with("consentry: cannot write `/dev/full`: "), "{error}");
}

/// What is decided is told before more input is waited for, also when several threads wait.
#[test]
fn a_slow_stream_is_answered_line_by_line() {
    for threads in ["1", "4"] {
        let mut child = start(&mut command(&["filter", SHOP, "--threads", threads]));
        let (mut stdin, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut out = BufReader::new(out);
        // The beginning of the next line holds back nothing in front of it.
        let mut written = 0;
        for number in 0..20 {
            let next = event(number + 1);
            let text = event(number) + "\n" + &next[..number];
            stdin.write_all(&text.as_bytes()[written..]).unwrap();
            written = number;
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            assert_eq!(line, event(number) + "\n");
        }
        stdin.write_all(&event(20).as_bytes()[written..]).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }
}

/// Lines of 64 MiB, events of nearly 16 MiB one after the other, and a long input take no more memory than a few blocks.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded() {
    let short = events(5_000);
    let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(15 << 20));
    let too_long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(64 << 20));
    let mut child = start(&mut command(&["filter", SHOP, "--threads", "4", "--rejects", "/dev/null"]));
    let (mut stdin, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let parts = [&long.repeat(6), &too_long, &too_long, &short.repeat(100), &long.repeat(2)];
    let expected: usize = parts.iter().map(|part| part.len()).sum::<usize>() - 2 * too_long.len();
    let written = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for chunk in parts.iter().flat_map(|part| part.as_bytes().chunks(1 << 16)) {
                stdin.write_all(chunk).unwrap();
                written.fetch_add(1, Ordering::Relaxed);
            }
            stdin
        });
        // Nobody reads at first, so that every thread takes what it can.
        until_it_stands_still(&written);
        let mut out = BufReader::new(out);
        let read = std::io::copy(&mut out.by_ref().take(expected as u64), &mut std::io::sink()).unwrap();
        assert_eq!(read, expected as u64);
        // It still waits for more, so that the system can be asked.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        // Each thread has a line, and what it writes; one more line is read, and one is written.
        assert!(peak < 128 << 10, "{peak} KiB");
        drop(writer.join().unwrap());
        assert_eq!(child.wait().unwrap().code(), Some(1));
    });
}

const STRICT: &str = "consentry 1\npolicy \"strict\"\ninclude prelude \"segment-strict\"\ncategory A\n\
     destination \"X\" needs A\ndestination \"Y\" disabled needs A\n";

#[test]
fn what_nobody_receives_can_be_left_out() {
    let folder = Folder::new();
    let policy = folder.write("strict.consent", STRICT.as_bytes());
    let granted = |number: usize| {
        format!(
            "{{\"messageId\":\"{number}\",\"context\":{{\"consent\":{{\"categoryPreferences\":{{\"A\":true}}}}}},\
             \"integrations\":{{\"Y\":false}}}}\n"
        )
    };
    let mut input = String::new();
    for number in 0..3_000 {
        // Refused by default, and dropped whole.
        input += match number % 3 {
            0 => granted(number),
            1 => format!("{{\"messageId\":\"{number}\"}}\n"),
            _ => format!("{{\"messageId\":\"{number}\",\"integrations\":null}}\n"),
        }
        .as_str();
    }
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["messageId"].to_string();
    let out = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap();

    let all = run(&["filter", &policy], input.as_bytes());
    assert!(input.lines().map(id).eq(out(&all).lines().map(id)));
    assert!(said(&all).1.starts_with("3000 decided by \"strict\", 1000 dropped, 0 not events\n"));

    let delivered: String = (0..3_000).step_by(3).map(granted).collect();
    let some = run(&["filter", &policy, "--drop-undeliverable"], input.as_bytes());
    let left_out = format!("2000 left out: no destination receives them\n{FEW_SEARCHED}");
    assert_eq!(said(&some), (0, said(&all).1.replace(FEW_SEARCHED, &left_out)));
    assert!(delivered.lines().map(id).eq(out(&some).lines().map(id)));

    let split = run(&["filter", &policy, "--split", &folder.text("split")], input.as_bytes());
    assert_eq!(said(&split), said(&some));
    assert_same(&fs::read(folder.path("split/+x.ndjson")).unwrap(), delivered.as_bytes());
    assert_eq!(fs::read(folder.path("split/+y.ndjson")).unwrap(), b"");
}

/// Two destinations share a key and need different things. A router that knows only that key must not deliver to the blocked one.
#[test]
fn a_blocked_destination_is_stopped_under_every_name() {
    let folder = Folder::new();
    let text = "consentry 1\npolicy \"instances\"\ninclude prelude \"segment\"\ncategory Newsletter\ncategory Beta\n\
         destination \"MailChimp Newsletter\" needs Newsletter shared alias \"MailChimp\"\n\
         destination \"MailChimp Beta\" needs Beta alias \"MC Beta\" shared alias \"MailChimp\"\n";
    let policy = folder.write("policy.consent", text.as_bytes());
    let rewritten = |newsletter: bool, beta: bool, integrations: &str| -> Value {
        let event = format!(
            "{{\"integrations\":{integrations},\"context\":{{\"consent\":{{\"categoryPreferences\":\
             {{\"Newsletter\":{newsletter},\"Beta\":{beta}}}}}}}}}\n"
        );
        let output = run(&["filter", &policy], event.as_bytes());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["integrations"].clone()
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for (newsletter, beta, integrations, expected) in [
        (true, true, "{}", "{}"),
        (true, true, r#"{"MailChimp":{"id":1}}"#, r#"{"MailChimp":{"id":1}}"#),
        (true, true, r#"{"All":true}"#, r#"{"All":true}"#),
        (true, false, "{}", r#"{"MailChimp Beta":false,"MC Beta":false,"MailChimp":false}"#),
        (
            true,
            false,
            r#"{"All":true,"MailChimp":true}"#,
            r#"{"All":true,"MailChimp":false,"MailChimp Beta":false,"MC Beta":false}"#,
        ),
        (
            true,
            false,
            r#"{"MailChimp":{"id":1},"MailChimp Newsletter":{"id":2}}"#,
            r#"{"MailChimp":false,"MailChimp Newsletter":{"id":2},"MailChimp Beta":false,"MC Beta":false}"#,
        ),
        // What `All` stops needs no entry; what it would let through by a shared key does.
        (true, false, r#"{"All":false}"#, r#"{"All":false}"#),
        (
            true,
            false,
            r#"{"All":false,"MailChimp":true}"#,
            r#"{"All":false,"MailChimp":false,"MailChimp Newsletter":true}"#,
        ),
        // A delivered destination is let through under every name that no blocked one has.
        (
            true,
            true,
            r#"{"All":false,"MailChimp":true}"#,
            r#"{"All":false,"MailChimp":true,"MailChimp Newsletter":true,"MailChimp Beta":true,"MC Beta":true}"#,
        ),
        (
            false,
            false,
            "{}",
            r#"{"MailChimp Newsletter":false,"MailChimp Beta":false,"MC Beta":false,"MailChimp":false}"#,
        ),
    ] {
        assert_eq!(rewritten(newsletter, beta, integrations), json(expected), "{integrations}");
    }
}

/// The events of a public report: two instances answer to one key, and the router knows no other.
#[test]
fn what_a_shared_key_withholds_is_counted() {
    let folder = Folder::new();
    let policy = |more: &str| {
        let text = format!(
            "consentry 1\npolicy \"instances\"\ninclude prelude \"segment\"\ncategory Newsletter\ncategory Beta\n\
             destination \"MailChimp Newsletter\" needs Newsletter shared alias \"MailChimp\"\n\
             destination \"MailChimp Beta\" needs Beta shared alias \"MailChimp\"\n{more}"
        );
        folder.write("policy.consent", text.as_bytes())
    };
    let events = concat!(
        r#"{"messageId":"i1","integrations":{"All":true,"MailChimp":true},"context":{"consent":{"categoryPreferences":{"Newsletter":true,"Beta":false}}}}"#,
        "\n",
        r#"{"messageId":"i2","context":{"consent":{"categoryPreferences":{"Newsletter":true,"Beta":false}}}}"#,
        "\n",
        r#"{"messageId":"i3","context":{"consent":{"categoryPreferences":{"Newsletter":true,"Beta":true}}}}"#,
        "\n",
    );
    let filter = |more: &str, options: &[&str]| {
        let output = run(&[&["filter", &policy(more)], options].concat(), events.as_bytes());
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let entries = |line| serde_json::from_slice::<Value>(line).unwrap()["integrations"].clone();
        let entries: Vec<Value> = lines.map(entries).collect();
        let summary = String::from_utf8(output.stderr).unwrap();
        (entries, summary)
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();

    let (entries, summary) = filter("", &["--format", "json"]);
    let expected = [
        r#"{"All":true,"MailChimp":false,"MailChimp Beta":false}"#,
        r#"{"MailChimp Beta":false,"MailChimp":false}"#,
        "null",
    ];
    assert_eq!(entries, expected.map(json));
    let withheld = r#"[{"destination":"MailChimp Newsletter","events":2}]"#;
    assert_eq!(json(&summary)["withheld"], json(withheld));
    let (_, summary) = filter("", &["--threads", "3"]);
    let sentence = "withheld if the router knows only an alias that a blocked destination has too: 2 from MailChimp Newsletter";
    assert!(summary.contains(sentence), "{summary}");

    // Each destination has its own file, so that nothing is withheld; and so it is if the router knows own names.
    let (_, summary) = filter("", &["--format", "json", "--split", &folder.text("split")]);
    assert_eq!(json(&summary).get("withheld"), None);
    let (entries, summary) = filter("override router knows own names\n", &["--format", "json"]);
    let expected =
        [r#"{"All":true,"MailChimp":true,"MailChimp Beta":false}"#, r#"{"MailChimp Beta":false}"#, "null"];
    assert_eq!(entries, expected.map(json));
    assert_eq!(json(&summary).get("withheld"), None);
}

/// Where `All` stops the blocked destination, nothing is written under the shared alias. So it withholds nothing from a warehouse.
#[test]
fn what_no_entry_withholds_is_not_counted() {
    let folder = Folder::new();
    let text = "consentry 1\npolicy \"instances\"\ninclude prelude \"segment-strict\"\ncategory X\n\
                destination \"A\" needs X kind warehouse shared alias \"s\"\ndestination \"B\" needs X shared alias \"s\"\n";
    let policy = folder.write("policy.consent", text.as_bytes());
    let consent = r#""context":{"consent":{"categoryPreferences":{"X":true}}}"#;
    for (integrations, withheld) in [
        (r#""integrations":{"All":false}"#, json!(null)),
        (r#""integrations":{"All":false,"A":true}"#, json!(null)),
        // Nobody knows which of two objects a router reads, so both get the entry.
        (r#""integrations":{"All":false},"integrations":{}"#, json!([{ "destination": "A", "events": 1 }])),
        (r#""integrations":{"All":false,"B":false,"s":true}"#, json!([{ "destination": "A", "events": 1 }])),
    ] {
        let event = format!("{{{integrations},{consent}}}\n");
        let output = run(&["filter", &policy, "--format", "json"], event.as_bytes());
        let summary: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(summary["withheld"], withheld, "{event}");
    }
}

/// A router that knows own names gets each outcome under the own name, whatever the shared entry is.
#[test]
fn own_names_carry_the_outcome_where_a_router_knows_them() {
    let folder = Folder::new();
    let text = "consentry 1\npolicy \"instances\"\ninclude prelude \"segment\"\noverride router knows own names\n\
         override reconcile { consent integrations enforce any any consent }\ncategory N\ncategory B\n\
         destination \"New\" needs N alias \"only new\" shared alias \"both\"\n\
         destination \"Beta\" needs B shared alias \"both\"\n";
    let policy = folder.write("policy.consent", text.as_bytes());
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for (new, beta, integrations, expected) in [
        (true, true, "{}", "{}"),
        (true, false, "{}", r#"{"Beta":false}"#),
        (true, false, r#"{"both":false}"#, r#"{"both":true,"Beta":false}"#),
        (true, false, r#"{"both":{"id":1}}"#, r#"{"both":{"id":1},"Beta":false}"#),
        (
            false,
            false,
            r#"{"both":true,"only new":true}"#,
            r#"{"both":false,"only new":false,"New":false,"Beta":false}"#,
        ),
        // `All` stops the blocked one, but not if an entry that it shares lets it through.
        (true, false, r#"{"All":false}"#, r#"{"All":false,"New":true}"#),
        (true, false, r#"{"All":false,"both":true}"#, r#"{"All":false,"both":true,"New":true,"Beta":false}"#),
        (false, false, r#"{"All":false,"both":true}"#, r#"{"All":false,"both":false}"#),
        (false, true, r#"{"All":false}"#, r#"{"All":false,"Beta":true}"#),
    ] {
        let event = format!(
            "{{\"integrations\":{integrations},\"context\":{{\"consent\":{{\"categoryPreferences\":\
             {{\"N\":{new},\"B\":{beta}}}}}}}}}\n"
        );
        let output = run(&["filter", &policy], event.as_bytes());
        let rewritten = serde_json::from_slice::<Value>(&output.stdout).unwrap();
        assert_eq!(rewritten["integrations"], json(expected), "{new} {beta} {integrations}");
    }
}

#[test]
fn the_summary_is_that_of_eval() {
    for policy in [SHOP, "policies/examples/gazette/gazette.consent"] {
        let mut input = fs::read(EVENTS).unwrap().repeat(20);
        input.extend_from_slice(b"no event\n{\"context\":{\"consent\":[]},\"integrations\":7}\n\n");
        let eval = String::from_utf8(run(&["eval", policy], &input).stdout).unwrap();
        let eval = &eval[eval.rfind("\n\n").unwrap() + 2..];
        for threads in ["1", "5"] {
            let filter = run(&["filter", policy, "--discard-rejects", "--threads", threads], &input);
            let (status, filter) = said(&filter);
            // `eval` searches all events.
            assert_eq!(filter.matches(FEW_SEARCHED).count(), 1);
            assert_eq!((status, filter.replace(FEW_SEARCHED, "")), (1, eval.to_owned()));
        }
    }
}

#[test]
fn what_cannot_be_done_is_said_and_writes_nothing() {
    let folder = Folder::new();
    let rejects = folder.text("rejects");
    let split = folder.text("split");
    for (arguments, expected) in [
        (&["tests/mistakes/three_mistakes.consent", EVENTS][..], "the policy does not compile: 3 errors"),
        (&["no-such.consent", EVENTS], "cannot read `no-such.consent`: there is no such file"),
        (&[SHOP, "no-such.ndjson"], "cannot read `no-such.ndjson`"),
        (&[SHOP, "tests"], "cannot read `tests`: it is a folder"),
        (&[SHOP, "--threads", "0"], "0 is not in 1..=1024"),
        (&[SHOP, "--discard-rejects"], "cannot be used with"),
        (&[SHOP, "--drop-undeliverable"], "cannot be used with"),
    ] {
        let common = ["--rejects", &rejects, "--split", &split];
        let output = run(&[&["filter"], arguments, &common[..]].concat(), b"{}\n");
        let (status, error) = said(&output);
        assert!(status == 2 && error.contains(expected), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty() && fs::read_dir(folder.0.path()).unwrap().count() == 0);
    }
    let nowhere = run(&["filter", SHOP, "--rejects", "no-such-folder/rejects"], b"{}\n");
    assert!(said(&nowhere).1.contains("cannot write `no-such-folder/rejects`: "));
}
