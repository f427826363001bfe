//! The command: what it prints and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use common::{command, start};
#[cfg(unix)]
use consentry::source::{Disk, Source, SourceError};
#[cfg(unix)]
use consentry::{ActivePolicy, Policy, Table};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use text::{Run, run as run_with};

const SHOP: &str = "policies/examples/shop.consent";
const GAZETTE: &str = "policies/examples/gazette/gazette.consent";
const EVENTS: &str = "tests/data/events.ndjson";

fn run(arguments: &[&str]) -> Run {
    run_with(arguments, b"")
}

fn lines(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn assert_contract(lines: &[Value]) {
    let schema: Value = serde_json::from_str(include_str!("../grammar/decision.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in lines {
        let errors: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}\n{errors:?}");
    }
}

/// The example of the contract, member by member and in its order.
#[test]
fn the_contract_by_example() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("acme.consent");
    let text = r#"consentry 1
policy "acme web"
include prelude "segment"
category Advertising
category Analytics
destination "Facebook Pixel" needs Advertising, Analytics
destination "Google Ads" needs Advertising
"#;
    fs::write(&policy, text).unwrap();
    let event = r#"{"messageId":"m","context":{"consent":{"categoryPreferences":{"Advertising":true,"Analytics":false}}}}"#;
    let run = run_with(&["eval", policy.to_str().unwrap(), "--format", "json"], event.as_bytes());
    let expected = concat!(
        r#"{"v":1,"line":1,"id":"m","policy":"acme web","fingerprint":"consentry-3-sha256:b13bb5e26ea238ff3a971260fd3bf334d5ff599970069e58cfabce486fd87df1","edition":1,"consent":"answered","integrations":"none","#,
        r#""deliver":[{"destination":"Google Ads","reason":"consented"}],"#,
        r#""block":[{"destination":"Facebook Pixel","reason":"refused","categories":["Analytics"],"#,
        r#""discard":"FILTERED_BY_END_USER_CONSENT"}],"unknown_categories":[],"unknown_integrations":[],"gate":{"any_grant":"open","needed_grant":"open","delivery":"open"}}"#,
        "\n"
    );
    assert_eq!((run.out.as_str(), run.err.as_str(), run.status), (expected, "", 0));
}

#[test]
fn real_events_keep_the_contract() {
    for policy in [SHOP, GAZETTE] {
        let run = run(&["eval", policy, EVENTS, "--format", "json"]);
        // The gazette has other categories than the events.
        let warns =
            run.err.starts_with("consentry: warning: 0 of 8 categories of this policy occur in 300 events; ");
        assert_eq!(
            (run.status, warns, run.err.is_empty()),
            (0, policy == GAZETTE, policy == SHOP),
            "{}",
            run.err
        );
        let lines = lines(&run);
        assert_eq!(lines.len(), 300);
        assert_contract(&lines);
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(line["line"], number + 1);
        }
    }
}

/// Every line in is a line out that keeps the contract, but for a blank one, which is skipped and numbered; `hostile.rs` has many more.
#[test]
fn a_line_in_is_a_line_out() {
    let unknown: Vec<String> = (0..150).map(|id| format!("\"u{id:03}\":true")).collect();
    let many =
        format!("{{\"context\":{{\"consent\":{{\"categoryPreferences\":{{{}}}}}}}}}", unknown.join(","));
    let input: Vec<(&[u8], &str)> = vec![
        (b"{}", "missing"),
        (b"", "blank_line"),
        (b"{}\r", "missing"),
        (b"{\"messageId\":7,\"context\":{\"consent\":null}}", "malformed"),
        (b"{\"a\":\"\xFF\"}", "not_utf8"),
        (many.as_bytes(), "answered"),
        (br#"{"messageId":"\ud800","integrations":{"\udfff":true,"Slack\u202e":[]}}"#, "missing"),
        (b"{\"context\":{\"consent\":{\"categoryPreferences\":{\"A\":tr", "not_json"),
    ];
    let bytes: Vec<u8> = input.iter().map(|(line, _)| *line).collect::<Vec<_>>().join(&b'\n');
    let run = run_with(&["eval", SHOP, "--format", "json"], &bytes);
    assert!(
        run.status == 1 && run.err.contains("0 of 6 categories of this policy occur in 5 events"),
        "{}",
        run.err
    );
    let lines = lines(&run);
    assert_contract(&lines);
    let numbered = input.iter().zip(1u64..).filter(|((_, expected), _)| *expected != "blank_line");
    assert_eq!(lines.len(), input.len() - 1);
    for (((_, expected), number), line) in numbered.zip(&lines) {
        let actual = line["error"]["code"].as_str().or(line["consent"].as_str()).unwrap();
        assert_eq!((line["line"].as_u64().unwrap(), actual), (number, *expected));
    }
    assert_eq!(lines[2]["id"], Value::Null);
    assert_eq!(
        (&lines[4]["unknown_categories_total"], lines[4]["unknown_categories"][99].as_str()),
        (&json!(150), Some("u099"))
    );
    assert_eq!(lines[5]["id"], "\u{FFFD}");
    assert_eq!(lines[5]["unknown_integrations"], json!(["Slack\u{202e}", "\u{FFFD}"]));
    // People see the same lines, and never a control character.
    let human = run_with(&["eval", SHOP, "-"], &bytes);
    assert_eq!(human.status, 1);
    assert_eq!(human.out.lines().filter(|line| line.starts_with("line ")).count(), input.len() - 1);
    assert!(human.out.contains("Slack\\u{202e}") && !human.out.contains('\u{202e}'));
    assert!(
        human.out.contains(
            "5 decided by \"shop\", 0 dropped, 2 not events (1 not_utf8, 1 not_json), 1 blank line\n"
        )
    );
}

#[test]
fn empty_input_gives_no_lines() {
    let run = run(&["eval", SHOP, "--format", "json"]);
    assert_eq!((run.out.as_str(), run.err.as_str(), run.status), ("", "", 0));
    assert_eq!(run_with(&["eval", SHOP, "--format", "json"], b"\n").out.lines().count(), 0);
    assert_eq!(run_with(&["eval", SHOP, "--format", "json"], b"{}\n").out.lines().count(), 1);
    assert_eq!(run_with(&["eval", SHOP, "--format", "json"], b"{}\n\n{}").out.lines().count(), 2);
}

/// The limit is about the event, however its line ends.
#[test]
fn a_line_break_does_not_count() {
    for line_break in ["", "\n", "\r\n"] {
        for (beyond, status) in [(0, 0), (1, 1)] {
            let event = format!("{{\"a\":\"{}\"}}{line_break}", "x".repeat((16 << 20) - 8 + beyond));
            for arguments in [
                &["eval", SHOP][..],
                &["explain", SHOP, "--destination", "Zendesk"],
                &["explain", SHOP, "--destination", "Zendesk", "--line", "1"],
            ] {
                let run = run_with(arguments, event.as_bytes());
                let too_long = run.out.contains("line_too_long");
                assert_eq!((run.status, too_long), (status, beyond > 0), "{arguments:?} {line_break:?}");
            }
        }
    }
}

#[test]
fn a_drop_says_why() {
    let event = br#"{"context":{"consent":[]},"integrations":{"Slack":true}}"#;
    let run = run_with(&["eval", GAZETTE, "--format", "json"], event);
    let line = &lines(&run)[0];
    assert_contract(std::slice::from_ref(line));
    assert_eq!((&line["drop"], run.status), (&json!({"reason": "malformed consent object"}), 0));
    assert_eq!((&line["deliver"], line["block"].as_array().unwrap().len()), (&json!([]), 50));
    assert_eq!(
        line["block"][0],
        json!({"destination": "Google Ad Manager", "reason": "dropped", "advisory": true})
    );
    assert_eq!(
        line["block"][2],
        json!({"destination": "Facebook Pixel", "reason": "dropped", "advisory": true})
    );
    let disabled = line["block"].as_array().unwrap().iter().filter(|block| block["reason"] == "disabled");
    assert_eq!(disabled.count(), 2);
    let human = run_with(&["eval", GAZETTE], event).out;
    assert!(human.contains("  drop     malformed consent object\n"), "{human}");
}

#[test]
fn the_human_format() {
    let event = br#"{"messageId":"m-1","context":{"consent":{"categoryPreferences":{"Analytics":true,"Gossip":true}}},"integrations":{"All":false,"Mixpanel":{}}}"#;
    let run = run_with(&["eval", SHOP], event);
    let expected = "\
line 1  m-1  consent answered, integrations present
  deliver  Mixpanel        consented
  block    Facebook Pixel  refused: Advertising, DataSharing (advisory: device mode)
  block    Google Ads      refused: Advertising (advisory: device mode)
  block    Amplitude       integration_all_off
  block    Braze           refused: Advertising, Functional, Personalization
  block    HubSpot         refused: Personalization
  block    Intercom        refused: Functional
  block    Zendesk         integration_all_off
  block    Snowflake       refused: DataSharing
  block    Amazon S3       integration_all_off
  unknown categories: Gossip

1 decided by \"shop\", 0 dropped, 0 not events
  Facebook Pixel  block    refused                       1
  Google Ads      block    refused                       1
  Amplitude       block    integration_all_off           1
  Mixpanel        deliver  consented                     1
  Braze           block    refused                       1
  HubSpot         block    refused                       1
  Intercom        block    refused                       1
  Zendesk         block    integration_all_off           1
  Snowflake       block    refused                       1
  Amazon S3       block    integration_all_off           1
";
    assert_eq!(run.out, expected);
}

#[test]
fn explain_takes_every_step() {
    let event = br#"{"context":{"consent":{"categoryPreferences":{"Advertising":true}}},"integrations":{"All":false}}"#;
    let run = run_with(&["explain", SHOP, "--destination", "HubSpot"], event);
    let expected = "\
HubSpot: block, refused: Personalization
discard code FILTERED_BY_END_USER_CONSENT
consent answered, integrations present

1. enabled       the destination is enabled: passes
   policies/examples/shop.consent:29: destination \"HubSpot\" needs all of Personalization, Marketing
2. reconcile     enforce consent then integrations: passes
   prelude segment:14: consent answered, integrations any → consent then integrations
3. consent       Personalization is unasked; Marketing is unasked, but unenforced: blocks as refused
   policies/examples/shop.consent:29: needs all of Personalization, Marketing
4. integrations  own entry unlisted, All is off: blocks as integration_all_off
   by the event itself

to be delivered, one of
   grant Personalization, set \"HubSpot\": true
   grant Personalization, set \"All\": true
   grant Personalization, remove the integrations object
   remove the integrations object, make it the exempt event \"Segment Consent Preference\"
   make it the exempt event \"Segment Consent Preference\", set \"HubSpot\": true
   make it the exempt event \"Segment Consent Preference\", set \"All\": true
   remove the consent object, remove the integrations object
   remove the consent object, set \"HubSpot\": true
   remove the consent object, set \"All\": true
   leave the consent object without preferences, remove the integrations object
";
    assert_eq!((run.out.as_str(), run.status), (expected, 0));
    let json = run_with(&["explain", SHOP, "--destination", "HubSpot", "--format", "json"], event);
    let line = &lines(&json)[0];
    assert_eq!(
        (&line["outcome"], &line["reason"], &line["categories"]),
        (&json!("block"), &json!("refused"), &json!(["Personalization"]))
    );
    assert_eq!(line["steps"][2]["place"], json!({"file": SHOP, "line": 29}));
    let granted = json!({"change": "grant", "category": "Personalization"});
    let listed = json!({"change": "entry", "name": "HubSpot", "entry": "on"});
    assert_eq!(
        (&line["flips"][0]["changes"], &line["flips"][0]["reason"], &line["more_flips"]),
        (&json!([listed, granted]), &json!("consented"), &json!(false))
    );
    // The event that shows a flip is decided as it says.
    let flipped = line["flips"][0]["event"].as_str().unwrap();
    let flipped = run_with(&["explain", SHOP, "--destination", "HubSpot"], flipped.as_bytes());
    assert!(flipped.out.starts_with("HubSpot: deliver, consented\n"), "{}", flipped.out);
    assert!(flipped.out.contains("\nto be blocked, one of\n   refuse Personalization\n"), "{}", flipped.out);

    // An event may be printed over several lines; of several events one is chosen by its line.
    let pretty = run_with(&["explain", SHOP, "--destination", "Zendesk"], b"{\n \"context\": {}\n}\n");
    assert!(pretty.out.starts_with("Zendesk: deliver, not_enforced\n"), "{}", pretty.out);
    let chosen = run_with(&["explain", SHOP, "--destination", "Zendesk", EVENTS, "--line", "300"], b"");
    assert_eq!(chosen.status, 0);
    let none = run_with(&["explain", SHOP, "--destination", "Zendesk", EVENTS, "--line", "301"], b"");
    assert_eq!(
        (none.status, none.err.as_str()),
        (2, "consentry: there is no line 301; the last one is 300\n")
    );
    let several = run_with(&["explain", SHOP, "--destination", "Zendesk", EVENTS], b"");
    assert!(several.status == 1 && several.out.contains("choose one with --line"), "{}", several.out);
    let broken = run_with(&["explain", SHOP, "--destination", "Zendesk", "--format", "json"], b"{");
    assert_eq!((broken.status, &lines(&broken)[0]["error"]["code"]), (1, &json!("not_json")));
    // Where a setting decides what an entry counts as, the explanation names it.
    let off = br#"{"context":{"consent":{"categoryPreferences":{"C0002":true}}},"integrations":{"Mixpanel":"yes"}}"#;
    let setting = run_with(&["explain", GAZETTE, "--destination", "Mixpanel"], off);
    assert!(
        setting.out.contains("prelude segment-strict:25: override invalid entries off"),
        "{}",
        setting.out
    );
    let unknown = run_with(&["explain", SHOP, "--destination", "amplitude-js"], b"{}");
    assert_eq!(
        (unknown.status, unknown.err.as_str()),
        (2, "consentry: `amplitude-js` is an alias; ask for `Amplitude`\n")
    );
    let unknown = run_with(&["explain", SHOP, "--destination", "Nobody"], b"{}");
    assert!(unknown.status == 2 && unknown.err.contains("no destination `Nobody`; it has Facebook Pixel"));
}

#[test]
fn certify_says_what_it_compared() {
    let run = run(&["certify", SHOP]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("  Facebook Pixel  all 720 situations\n"), "{}", run.out);
    assert!(run.out.ends_with("\"shop\": 11376 comparisons, no difference\n"), "{}", run.out);
    let few = run_with(&["certify", SHOP, "--situations", "100"], b"");
    assert!(
        few.out.contains("  Braze           100 of 192 situations that can make a difference: a sample\n"),
        "{}",
        few.out
    );
    assert!(few.out.ends_with("what is marked as a sample is not certified\n"), "{}", few.out);
    let json = run_with(&["certify", SHOP, "--format", "json"], b"");
    assert_eq!(
        lines(&json)[0]["destinations"][0],
        json!({"destination": "Facebook Pixel", "coverage": "full", "compared": "720", "of": "720"})
    );
}

#[test]
fn show_prints_preludes() {
    for name in consentry::model::prelude_names() {
        let shown = run(&["show", name]);
        let file = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("policies/{name}.consent")),
        );
        assert_eq!((shown.out, shown.status), (file.unwrap(), 0));
    }
    let unknown = run(&["show", "mparticle"]);
    assert!(unknown.status == 2 && unknown.out.is_empty() && unknown.err.contains("segment-strict"));
}

#[test]
fn lint_takes_folders_and_parts() {
    let run = run(&["lint", "policies"]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert!(run.out.ends_with("10 policies and 5 parts checked: 0 errors, 0 warnings\n"), "{}", run.out);
    let json = run_with(&["lint", "--format", "json", "tests/mistakes/competing_overrides.consent"], b"");
    assert_eq!(json.status, 1);
    let document = &lines(&json)[0];
    let found = &document["diagnostics"][0];
    assert_eq!(
        (&document["v"], &found["code"], &found["severity"]),
        (&json!(1), &json!("C304"), &json!("error"))
    );
    assert_eq!(found["places"][1]["file"], "tests/mistakes/parts/left.consent");
    assert_eq!(found["places"][0]["start"], json!({"line": 3, "column": 1, "offset": 38}));
}

#[test]
fn the_root_can_be_widened() {
    let folder = tempfile::tempdir().unwrap();
    let (root, below) = (folder.path(), folder.path().join("web"));
    fs::create_dir(&below).unwrap();
    fs::write(root.join("categories.consent"), "consentry 1\ncategory Advertising\n").unwrap();
    let policy = below.join("web.consent");
    let text =
        "consentry 1\npolicy \"web\"\ninclude prelude \"segment\"\ninclude \"../categories.consent\"\n";
    fs::write(&policy, text).unwrap();
    let (policy, root) = (policy.to_str().unwrap(), root.to_str().unwrap());
    let narrow = run_with(&["eval", policy], b"{}");
    assert!(narrow.status == 2 && narrow.err.contains("leads out of the policy root"), "{}", narrow.err);
    assert_eq!(run_with(&["eval", policy, "--root", root], b"{}").status, 0);
    assert_eq!(run_with(&["lint", policy, "--root", root], b"").status, 0);
    let outside = run_with(&["eval", SHOP, "--root", root], b"{}");
    assert!(outside.status == 2 && outside.err.contains("is not below the root"), "{}", outside.err);
}

/// Names and lines of any length, and control characters from anywhere, are shown in bounds and as text.
#[test]
fn hostile_policies_do_not_flood_or_steer_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\u{1B}[31mb.consent");
    let policy = path.to_str().unwrap();
    let head = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A\n";
    let long = "X".repeat(66_000);
    let steer = "\\u{1B}]0;t\\u{7}\\u{202E}";
    for (text, status) in [
        (format!("{head}destination \"{long}\" needs A\n"), 1),
        (format!("{head}category N always\ndestination \"X\"{} needs N\n", " ".repeat(66_000)), 0),
        (format!("{head}destination \"X\" needs{} B\n", " ".repeat(66_000)), 1),
        (format!("{head}destination \"X\" needs A{}\n", ", u".repeat(40_000)), 1),
        (format!("{head}{}", "\"".repeat(100_001)), 1),
        (format!("{head}override consent at a{}\n", ".a".repeat(40_000)), 1),
        (format!("{head}destination \"{steer}\" needs \"{steer}\" // \u{1B}[2J\u{202E}\nx \u{1B}\n"), 1),
        (format!("{head}destination \"{steer}\" needs A\n"), 0),
    ] {
        fs::write(&path, &text).unwrap();
        let lint = run(&["lint", policy]);
        assert_eq!(lint.status, status, "{}", &lint.err);
        let eval = run_with(&["eval", policy], b"{}");
        assert_eq!(eval.status, status * 2);
        let explain = run_with(&["explain", policy, "--destination", "nobody \u{1B}[2J"], b"{}");
        assert_eq!(explain.status, 2);
        for output in [&lint.out, &lint.err, &eval.err, &eval.out, &explain.out, &explain.err] {
            assert!(output.len() < 400_000, "{} bytes for {} bytes", output.len(), text.len());
            assert!(!output.contains(['\u{1B}', '\u{7}', '\u{202E}']), "{output}");
        }
    }
    // The last one compiles, so that there is something to explain.
    let explain = run_with(&["explain", policy, "--destination", "\u{1B}]0;t\u{7}\u{202E}"], b"{}");
    assert!(explain.status == 0 && explain.out.contains("a\\u{1b}[31mb.consent:5: "), "{}", explain.out);
    assert!(!explain.out.contains(['\u{1B}', '\u{7}', '\u{202E}']), "{}", explain.out);
}

#[cfg(unix)]
#[test]
fn pipes_are_no_policies() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.consent");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = run(&["lint", folder.path().to_str().unwrap()]);
    assert!(run.status == 2 && run.err.contains("it is no regular file"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn a_link_that_the_caller_names_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    // It is the caller's choice; the file that it leads to has a folder of its own.
    std::os::unix::fs::symlink("root", folder.path().join("linked")).unwrap();
    fs::write(root.join("q.consent"), "consentry 1\npolicy \"q\"\ninclude prelude \"segment\"\n").unwrap();
    let elsewhere = folder.path().join("elsewhere.consent");
    std::os::unix::fs::symlink("root/q.consent", &elsewhere).unwrap();
    for path in [folder.path().join("linked/q.consent"), elsewhere] {
        assert_eq!(run_with(&["eval", path.to_str().unwrap()], b"{}").status, 0, "{}", path.display());
    }
}

/// Two versions of a policy, each of which names its version in all of its files.
#[cfg(unix)]
struct Versions {
    folder: tempfile::TempDir,
}

#[cfg(unix)]
impl Versions {
    /// `current` leads to one of them. So does `..data`, and to the files in that lead links next to it, as in a mounted ConfigMap.
    fn new() -> Self {
        let versions = Versions { folder: tempfile::tempdir().unwrap() };
        for version in ["v0", "v1"] {
            let folder = versions.path(version);
            fs::create_dir(&folder).unwrap();
            for (file, parts) in [("acme", ""), ("wide", "../")] {
                let includes =
                    ["a", "b", "c"].map(|part| format!("include \"{parts}{part}.consent\"\n")).concat();
                let text = format!(
                    "consentry 1\npolicy \"acme\"\ninclude prelude \"segment\"\n{includes}category p{version}\n"
                );
                fs::write(folder.join(file).with_extension("consent"), text).unwrap();
            }
            for part in ["a", "b", "c"] {
                let text = format!("consentry 1\ncategory {part}{version}\n");
                fs::write(folder.join(part).with_extension("consent"), text).unwrap();
            }
        }
        for file in ["acme.consent", "wide.consent", "a.consent", "b.consent", "c.consent"] {
            std::os::unix::fs::symlink(format!("..data/{file}"), versions.path(file)).unwrap();
        }
        versions.lead_to("v0");
        versions
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn lead_to(&self, version: &str) {
        for link in ["current", "..data"] {
            std::os::unix::fs::symlink(version, self.path("next")).unwrap();
            fs::rename(self.path("next"), self.path(link)).unwrap();
        }
    }

    fn swap(&self) {
        let is_old = fs::read_link(self.path("..data")).unwrap() == Path::new("v0");
        self.lead_to(if is_old { "v1" } else { "v0" });
    }

    /// Runs something while another thread swaps the versions all the time.
    fn while_swapping(&self, run: impl FnOnce()) {
        let is_done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                    self.swap();
                }
            });
            // Ends the other thread also if this one fails.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            is_done.store(true, std::sync::atomic::Ordering::Relaxed);
            result.unwrap();
        });
    }
}

/// Returns the version of a policy, all of whose files must have it.
#[cfg(unix)]
fn version(policy: &Policy) -> String {
    let mut versions: Vec<&str> =
        policy.categories().iter().map(|one| one.name().trim_start_matches(['p', 'a', 'b', 'c'])).collect();
    assert_eq!(versions.len(), 4);
    versions.dedup();
    assert_eq!(versions.len(), 1, "one policy of several versions: {versions:?}");
    versions.concat()
}

/// A source that lets something happen after each file.
#[cfg(unix)]
struct Disturbed<'s> {
    source: Box<dyn Source + 's>,
    disturb: &'s dyn Fn(),
}

#[cfg(unix)]
impl Source for Disturbed<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let bytes = self.source.read(path);
        (self.disturb)();
        bytes
    }

    fn pinned(&self) -> Box<dyn Source + '_> {
        Box::new(Disturbed { source: self.source.pinned(), disturb: self.disturb })
    }
}

/// The version is replaced after each file that a load reads, in each layout in which policies are published.
#[cfg(unix)]
#[test]
fn a_load_reads_one_version() {
    let versions = Versions::new();
    let root = versions.path("");
    let swap = || versions.swap();
    for _ in 0..10 {
        let beside = |path: &str| Disk::beside(&versions.path(path)).unwrap();
        let (wide, name) = Disk::within(&root, &versions.path("wide.consent")).unwrap();
        let sources: [(Box<dyn Source>, String); 5] = [
            (Box::new(beside("current/acme.consent").0), "acme.consent".into()),
            (Box::new(beside("acme.consent").0), "acme.consent".into()),
            (Box::new(wide), name),
            (Box::new(Disk::new(&root)), "acme.consent".into()),
            (Box::new(Disk::new(&root)), "current/acme.consent".into()),
        ];
        for (source, name) in sources {
            let source = Disturbed { source, disturb: &swap };
            version(&Policy::from_source(&source, &name).unwrap_or_else(|error| panic!("{name}: {error}")));
        }
    }
    // A source that is kept does not keep the version.
    let kept = Disk::new(&root);
    for expected in ["v0", "v1"] {
        versions.lead_to(expected);
        assert_eq!(version(&Policy::from_source(&kept, "acme.consent").unwrap()), expected);
    }
}

/// The version that a load has begun with is removed in the middle: that is an error which names the cause.
#[cfg(unix)]
#[test]
fn a_version_that_is_removed_during_a_load_is_an_error() {
    let versions = Versions::new();
    let replace = || {
        versions.lead_to("v1");
        fs::remove_dir_all(versions.path("v0")).ok();
    };
    let disk = Disk::new(versions.path(""));
    let source = Disturbed { source: Box::new(disk), disturb: &replace };
    let error = Policy::from_source(&source, "acme.consent").unwrap_err().to_string();
    assert_eq!(
        error.matches("a link on its way was replaced during the load; load the policy again").count(),
        3,
        "{error}"
    );
    assert_eq!(version(&Policy::load(versions.path("acme.consent")).unwrap()), "v1");
}

/// Links that change at any time: what is active is one version, and what the command decides with is one.
#[cfg(unix)]
#[test]
fn a_policy_that_is_reloaded_while_it_is_published_is_one_version() {
    let versions = Versions::new();
    let paths = ["current/acme.consent", "acme.consent"].map(|path| versions.path(path));
    let active = ActivePolicy::new(Table::new(Policy::load(&paths[0]).unwrap()));
    versions.while_swapping(|| {
        for _ in 0..500 {
            for path in &paths {
                active.replace(Policy::load(path)).unwrap();
                version(active.table().policy());
            }
        }
        let (root, wide) = (versions.path(""), versions.path("wide.consent"));
        let (root, wide) = (root.to_str().unwrap(), wide.to_str().unwrap());
        for _ in 0..30 {
            for arguments in [&[paths[0].to_str().unwrap()][..], &[wide, "--root", root]] {
                let audit = run(&[&["audit", "--format", "json"], arguments].concat());
                assert_eq!(audit.status, 0, "{}", audit.err);
                assert!(audit.out.contains("v0") != audit.out.contains("v1"), "{}", audit.out);
            }
        }
    });
}

/// A file whose name is in capitals is a policy like the others.
#[test]
fn a_folder_stands_for_policies_in_capitals_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    fs::write(
        folder.path().join("good.consent"),
        "consentry 1\npolicy \"good\"\ninclude prelude \"segment\"\n",
    )
    .unwrap();
    fs::write(folder.path().join("BAD.CONSENT"), "consentry 1 policy \"bad\"\n").unwrap();
    for command in ["lint", "test"] {
        let run = run(&[command, path]);
        assert!(run.status == 1 && (run.out + &run.err).contains("BAD.CONSENT"), "{command}");
    }
    assert!(run(&["fmt", "--check", path]).out.contains("BAD.CONSENT"));
}

/// Names of files are texts in messages and in JSON. A name that is no text is reported as that.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8_is_reported() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = |bytes: &[u8]| folder.path().join(std::ffi::OsStr::from_bytes(bytes));
    let policy = name(b"bad\xff.consent");
    fs::write(&policy, "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n").unwrap();
    let below = name(b"\xff/p.consent");
    fs::create_dir(below.parent().unwrap()).unwrap();
    fs::copy(&policy, &below).unwrap();
    let message = "its name is not UTF-8; rename it";
    let run = |command: &str, arguments: &[&std::ffi::OsStr]| {
        let output = common::run_command(common::command(&[command]).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{command}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.starts_with("consentry: cannot read `") && error.contains(message),
            "{command}: {error}"
        );
    };
    for command in ["eval", "lint", "test", "fmt", "prove"] {
        run(command, &[policy.as_os_str()]);
    }
    run("lint", &[folder.path().as_os_str()]);
    run("eval", &[below.as_os_str(), "--root".as_ref(), folder.path().as_os_str()]);
    let error = Policy::load(&policy).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
    // A file that is loaded and one that is included need different help.
    let help = |path: &Path| Policy::load(path).unwrap_err().diagnostics()[0].help.clone().unwrap();
    assert_eq!(help(&folder.path().join("none.consent")), "name a policy file that can be read");
    let includes = folder.path().join("includes.consent");
    fs::write(&includes, "consentry 1\npolicy \"p\"\ninclude \"none.consent\"\n").unwrap();
    assert_eq!(help(&includes), "paths are relative to the file that includes");
}

#[test]
fn what_cannot_be_done_is_said_and_decides_nothing() {
    let broken = "tests/mistakes/three_mistakes.consent";
    for (arguments, expected) in [
        (&["eval", broken, EVENTS][..], "the policy does not compile: 3 errors"),
        (&["eval", "policies/examples/gazette/categories.consent", EVENTS], "C301"),
        (&["eval", "no-such.consent", EVENTS], "cannot read `no-such.consent`: there is no such file"),
        (&["eval", "policies", EVENTS], "cannot read `policies`: it is a folder"),
        (&["eval", SHOP, "no-such.ndjson"], "cannot read `no-such.ndjson`"),
        (&["eval", SHOP, "tests"], "cannot read `tests`: it is a folder"),
        (&["explain", SHOP, "--destination", "Zendesk", "tests"], "cannot read `tests`: it is a folder"),
        (&["lint", "no-such-folder"], "cannot read `no-such-folder`"),
        (&["lint", "tests/data"], "there is no .consent file below `tests/data`"),
        (&["lint", "/dev/null"], "it is no regular file"),
        (&["explain", SHOP, "--destination", "Zendesk", EVENTS, "--line", "0"], "0 is not in 1.."),
        (&["lint"], "required arguments"),
        (&["eval", SHOP, EVENTS, "--format", "yaml"], "invalid value"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&[], "Usage"),
    ] {
        let run = run_with(arguments, b"{}");
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
    assert_eq!(run(&["--help"]).status, 0);
    assert_eq!(run(&["--version"]).out, format!("consentry {}\n", env!("CARGO_PKG_VERSION")));
}

/// A reader that has seen enough closes the pipe. The command stops, even if more input would come, and reports how far it came.
#[test]
fn a_closed_pipe_ends_a_stream() {
    let mut child = start(&mut command(&["eval", GAZETTE, "--format", "json"]));
    let (mut stdin, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    stdin.write_all(b"{}\n{}\n").unwrap();
    let mut first = [0; 10];
    out.read_exact(&mut first).unwrap();
    drop(out);
    stdin.write_all(b"{}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let error =
        "consentry: the reader of standard output has gone away; everything up to line 2 is written\n";
    assert_eq!(
        (output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()),
        (Some(141), error)
    );
}

/// What is decided is told before more input is waited for.
#[test]
fn a_slow_stream_is_answered_line_by_line() {
    let mut child = start(&mut command(&["eval", SHOP, "--format", "json"]));
    let (mut stdin, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut out = std::io::BufReader::new(out);
    for _ in 0..3 {
        stdin.write_all(b"{}\n").unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        assert!(line.starts_with("{\"v\":1"), "{line}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// Two policies that share a file: what one of them uses is used.
const SHARED: [(&str, &str); 3] = [
    (
        "web.consent",
        "consentry 1
policy \"web\"
include prelude \"segment-strict\"
include \"shared.consent\"
override category Advertising
destination \"Google Ads\"  needs Advertising
test \"t\" {
  block  all
}
",
    ),
    (
        "app.consent",
        "consentry 1
policy \"app\"
include prelude \"segment-strict\"
include \"shared.consent\"
destination \"Amplitude\"  needs Analytics
test \"t\" {
  block  all
}
",
    ),
    (
        "shared.consent",
        "consentry 1
category Advertising
category Analytics
category Functional
// allow exempt-without-reason because \"of what was here\"
destination \"Amazon S3\"  exempt because \"storage\"
",
    ),
];

fn shared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in SHARED {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn what_one_of_several_policies_uses_is_used() {
    let folder = shared();
    let path = folder.path().to_str().unwrap();
    let run = run_with(&["lint", path, "--format", "github"], b"");
    let found: Vec<&str> = run.out.lines().filter_map(|line| line.rsplit("::").next()).collect();
    assert_eq!(found.len(), 3, "{}", run.out);
    assert!(found[0].starts_with("no destination needs `Functional`"), "{found:?}");
    assert!(found[1].starts_with("`exempt-without-reason` is not found here"), "{found:?}");
    assert!(found[2].starts_with("the override changes nothing"), "{found:?}");
    // One policy alone cannot know what the others use.
    let one = run_with(&["lint", &format!("{path}/app.consent"), "--format", "github"], b"");
    assert!(one.out.contains("no destination needs `Advertising`"), "{}", one.out);
}

#[test]
fn fixes_are_written_and_everything_decides_as_before() {
    let folder = shared();
    let path = folder.path().to_str().unwrap();
    let run = run_with(&["lint", path, "--fix", "--allow", "unused-category"], b"");
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let told: Vec<&str> = run.out.lines().filter(|line| !line.contains(": consentry-3-sha256:")).collect();
    assert_eq!(told, ["2 fixed", "2 policies and 1 part checked: 0 errors, 0 warnings"]);
    assert_eq!(run.out.lines().count(), 4, "and a fingerprint for each policy");
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let [web, app, shared] = SHARED;
    assert_eq!(text("web.consent"), web.1.replace("override category Advertising\n", ""));
    assert_eq!(text("app.consent"), app.1);
    assert_eq!(
        text("shared.consent"),
        shared.1.replace("// allow exempt-without-reason because \"of what was here\"\n", "")
    );
    // Nothing is left to fix, and nothing is written.
    let run = run_with(&["lint", path, "--fix", "--allow", "unused-category"], b"");
    assert!(run.out.starts_with("0 fixed\n"), "{}", run.out);
}

/// A policy with mistakes is not fixed, and does not keep the others from it; a comment that one policy needs stays.
#[test]
fn fixes_leave_alone_what_they_cannot_judge() {
    let folder = shared();
    let path = folder.path();
    std::fs::write(
        path.join("broken.consent"),
        "consentry 1\npolicy \"broken\"\n// allow exempt-without-reason because \"so\"\n",
    )
    .unwrap();
    let needed = SHARED[2].1.replace("exempt because \"storage\"", "exempt");
    std::fs::write(path.join("shared.consent"), &needed).unwrap();
    let run = run_with(&["lint", path.to_str().unwrap(), "--fix"], b"");
    assert_eq!(run.status, 1, "{}", run.err);
    assert!(run.out.contains("1 fixed\n") && run.out.contains("C313"), "{}", run.out);
    assert_eq!(std::fs::read_to_string(path.join("shared.consent")).unwrap(), needed);
}

/// A folder with files, by their names.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The findings about what is below a folder, as annotations.
fn found_below(folder: &tempfile::TempDir) -> String {
    run_with(&["lint", folder.path().to_str().unwrap(), "--format", "github"], b"").out
}

#[test]
fn what_several_policies_find_is_as_bad_as_the_worst_of_them_takes_it() {
    let policy = |level: &str| {
        format!("consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ninclude \"shared.consent\"\n{level}")
    };
    let (lax, strict) = (policy(""), policy("lint unmapped-destination error\n"));
    let shared = ("shared.consent", "consentry 1\ndestination \"A\"  unmapped\n");
    for files in
        [[("a.consent", &*lax), ("b.consent", &*strict)], [("a.consent", &*strict), ("b.consent", &*lax)]]
    {
        let folder = folder(&[files[0], files[1], shared]);
        let found = found_below(&folder);
        let about: Vec<&str> =
            found.lines().filter(|line| line.contains("unmapped-destination (C507)")).collect();
        assert_eq!(about.len(), 1, "{found}");
        assert!(about[0].starts_with("::error "), "{found}");
    }
}

#[test]
fn of_a_comment_only_what_nobody_needs_is_of_no_use() {
    let policy = |name: &str, said: &str| {
        let text = format!(
            "consentry 1\npolicy \"{name}\"\ninclude prelude \"segment-strict\"\ninclude \"shared.consent\"\n{said}"
        );
        (format!("{name}.consent"), text)
    };
    let shared = "consentry 1\ncategory A\n// allow exempt-without-reason, unmapped-destination because \"so\"\ndestination \"X\"  unmapped\n";
    let lint = |said: [&str; 2]| {
        let [one, two] = [policy("one", said[0]), policy("two", said[1])];
        let folder = folder(&[(&one.0, &one.1), (&two.0, &two.1), ("shared.consent", shared)]);
        let found = found_below(&folder);
        let codes = ["`exempt-without-reason` is not found here", "`unmapped-destination` is not found here"]
            .map(|text| found.contains(text));
        let fixed = run_with(&["lint", folder.path().to_str().unwrap(), "--fix"], b"");
        assert!(fixed.status != 2, "{}", fixed.err);
        let text = std::fs::read_to_string(folder.path().join("shared.consent")).unwrap();
        (codes, text.contains("allow"))
    };
    let (blocks, delivers) = ("", "override unmapped destinations  deliver\n");
    // Both codes are of no use to both policies, so that the comment goes; or one policy needs one of them.
    assert_eq!(lint([blocks, blocks]), ([true, true], false));
    assert_eq!(lint([blocks, delivers]), ([true, false], true));
    assert_eq!(lint([delivers, blocks]), ([true, false], true));
}

/// Who switches a finding off uses the thing as little as those who report it, and wants nothing fixed.
#[test]
fn what_one_policy_switches_off_is_reported_for_the_others() {
    let policy = |name: &str, said: &str| {
        format!(
            "consentry 1\npolicy \"{name}\"\ninclude prelude \"segment-strict\"\ninclude \"shared.consent\"\n{said}\n"
        )
    };
    let shared = ("shared.consent", "consentry 1\ncategory A\ncategory Nobody\n");
    let uses = "destination \"X\" needs A";
    let (a, b) = (
        policy("a", &format!("{uses}\nlint unused-category error")),
        policy("b", &format!("{uses}\nlint unused-category off because \"so\"")),
    );
    let both = folder(&[("a.consent", &a), ("b.consent", &b), shared]);
    let found = found_below(&both);
    assert!(found.contains("::error file=") && found.contains("no destination needs `Nobody`"), "{found}");

    let (base, part) = (
        "consentry 1\ncategory A\ndestination \"X\" needs A\n",
        "consentry 1\ninclude \"base.consent\"\noverride destination \"X\" needs A\n",
    );
    let (a, b) =
        (policy("a", ""), policy("b", "lint redundant-override off because \"we show that we decided so\""));
    let files = [("a.consent", &*a), ("b.consent", &b), ("base.consent", base), ("shared.consent", part)];
    let both = folder(&files);
    let run = run_with(&["lint", both.path().to_str().unwrap(), "--fix"], b"");
    assert!(run.out.contains("C521") && run.out.contains("0 fixed"), "{}", run.out);
    assert_eq!(std::fs::read_to_string(both.path().join("shared.consent")).unwrap(), part);
}

/// A list in an included file means `all` to one policy and `any` to another one: each meaning is reported, and none is written.
#[test]
fn fixes_that_differ_are_not_made() {
    let policy = |name: &str, said: &str| {
        format!(
            "consentry 1\npolicy \"{name}\"\ninclude prelude \"segment-strict\"\ninclude \"shared.consent\"\n{said}\n"
        )
    };
    let shared = "consentry 1\ncategory A\ncategory B\ndestination \"X\"  needs A, B\n";
    let any = "override several categories need  any";
    let off = "lint ambiguous-list off because \"so\"";
    let broken = "category A";
    let lint = |said: [&str; 3]| {
        let policies = said.map(|said| policy("p", said));
        let names = ["a.consent", "b.consent", "c.consent"];
        let mut files: Vec<(&str, &str)> =
            names.into_iter().zip(&policies).map(|(name, text)| (name, text.as_str())).collect();
        files.push(("shared.consent", shared));
        let folder = folder(&files);
        let found = found_below(&folder);
        let about = |word: &str| found.matches(&format!("help: write `needs {word} of A, B`")).count();
        run_with(&["lint", folder.path().to_str().unwrap(), "--fix"], b"");
        let text = std::fs::read_to_string(folder.path().join("shared.consent")).unwrap();
        let written = text.split_once("needs ").unwrap().1.trim().to_owned();
        (about("all"), about("any"), written)
    };
    assert_eq!(lint(["", "", ""]), (1, 0, "all of A, B".into()));
    assert_eq!(lint([any, any, any]), (0, 1, "any of A, B".into()));
    for said in [["", any, ""], [any, "", any], ["", "", any]] {
        assert_eq!(lint(said), (1, 1, "A, B".into()), "{said:?}");
    }
    // Who switches the finding off may mean something else, and so may a policy with mistakes.
    let any_and_off = format!("{any}\n{off}");
    assert_eq!(lint(["", &any_and_off, ""]), (1, 0, "A, B".into()));
    assert_eq!(lint(["", off, ""]), (1, 0, "A, B".into()));
    assert_eq!(lint(["", broken, ""]), (1, 0, "A, B".into()));
}

#[test]
fn findings_that_differ_in_a_second_place_are_two() {
    let policy =
        "consentry 1\ncategory Advertising\ninclude \"s.consent\"\ndestination \"X\" needs Advertising\n";
    let files = [
        policy.replace("consentry 1", "consentry 1 policy \"a\""),
        policy.replace("consentry 1", "consentry 1 policy \"b\""),
    ];
    let folder = folder(&[
        ("a.consent", &files[0]),
        ("b.consent", &files[1]),
        ("s.consent", "consentry 1\ncategory Advertising\n"),
    ]);
    let run = run_with(&["lint", folder.path().to_str().unwrap(), "--format", "json"], b"");
    for name in ["a.consent", "b.consent"] {
        assert!(run.out.contains(name), "{}", run.out);
    }
    assert_eq!(run.out.matches("C302").count(), 2, "{}", run.out);
}

#[test]
fn fixes_change_only_files_that_were_named() {
    let folder = shared();
    let file = |name: &str| folder.path().join(name);
    let before = ["web.consent", "app.consent", "shared.consent"]
        .map(|name| std::fs::read_to_string(file(name)).unwrap());
    let run = run_with(&["lint", file("app.consent").to_str().unwrap(), "--fix"], b"");
    assert!(run.out.contains("0 fixed\n1 can be fixed in files that are included"), "{}", run.out);
    let after = ["web.consent", "app.consent", "shared.consent"]
        .map(|name| std::fs::read_to_string(file(name)).unwrap());
    assert_eq!(before, after);
}

#[cfg(unix)]
#[test]
fn fixes_are_written_to_all_files_or_to_none() {
    use std::os::unix::fs::PermissionsExt;
    let folder = shared();
    let last = folder.path().join("web.consent");
    std::fs::set_permissions(&last, std::fs::Permissions::from_mode(0o444)).unwrap();
    let run = run_with(&["lint", folder.path().to_str().unwrap(), "--fix"], b"");
    assert!(run.status == 2 && run.err.contains("read-only"), "{}", run.err);
    for (name, text) in SHARED {
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), text);
    }
}

#[test]
fn levels_are_set_on_the_command_line() {
    let folder = shared();
    let policy = folder.path().join("web.consent");
    let lint = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["lint", policy.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
        run_with(&all, b"")
    };
    assert_eq!(lint(&[]).status, 0);
    assert_eq!(lint(&["--deny", "warnings"]).status, 1);
    assert_eq!(lint(&["--deny", "unused-category"]).status, 1);
    // What is allowed is no warning that could be denied; of one code the strictest counts.
    let all = ["--allow", "C508", "--allow", "521", "--allow", "c526", "--allow", "unused-allow"];
    assert_eq!(lint(&[&all[..], &["--deny", "warnings"]].concat()).status, 0);
    assert_eq!(lint(&[&all[..], &["--deny", "C508"]].concat()).status, 1);
    assert_eq!(lint(&["--deny", "C508", "--warn", "C508"]).status, 1);
    for (arguments, says) in [
        (["--allow", "C305"], "unknown-category (C305) prevents compilation"),
        (["--allow", "unknown-category"], "unknown-category (C305) prevents compilation"),
        (["--deny", "C999"], "there is no such finding; `consentry help` lists all of them"),
        (["--warn", "unused-categry"], "there is no such finding; did you mean `unused-category`?"),
        (["--warn", "warnings"], "there is no such finding"),
    ] {
        let run = lint(&arguments);
        assert!(run.status == 2 && run.err.contains(says), "{}", run.err);
    }
}

/// Options that have no effect in some calls, with such a call, which is a usage error: nobody believes that an option was obeyed.
const IDLE_OPTIONS: [(&str, &str); 16] = [
    ("diff --zstd-window", "diff POLICY POLICY --zstd-window 16M"),
    ("diff --reasons", "diff POLICY POLICY --reasons --format json"),
    ("simulate --chosen", "simulate POLICY event --chosen NOPE --banner stays --model opt-in"),
    ("simulate --banner", "simulate POLICY --all --banner stays"),
    ("simulate --model", "simulate POLICY --all --model opt-in"),
    ("test --format", "test POLICY --list --format json"),
    ("test --list", "test POLICY --watch --list"),
    ("filter --force", "filter POLICY EVENTS --force"),
    ("filter --drop-undeliverable", "filter POLICY EVENTS --split x --drop-undeliverable"),
    ("filter --unpack", "filter POLICY EVENTS --split x --unpack"),
    ("explain --item", "explain POLICY EVENTS --line 1 --destination Zendesk --item 0"),
    ("init --zstd-window", "init - --yes --zstd-window 16M"),
    ("init --force", "init - --yes --force"),
    ("ledger ingest --root", "ledger ingest ledger EVENTS --root policies"),
    (
        "explain --ledger-timeout",
        "explain POLICY EVENTS --line 1 --destination Zendesk --recorded unknown --ledger-timeout 5",
    ),
    ("help --format", "help lint --format json"),
];

/// The commands, each with the options that have an effect wherever they may stand. A permission such as `--yes` is one that may not be needed.
const EFFECTIVE_OPTIONS: [(&str, &str); 22] = [
    ("init", "from name prelude category destination yes format"),
    ("lint", "root format allow warn deny fix"),
    ("fmt", "check diff format"),
    ("test", "root filter watch"),
    ("eval", "root zstd-window ledger unchecked deny at format"),
    (
        "filter",
        "root zstd-window ledger unchecked deny at rejects discard-rejects split trusted format threads",
    ),
    ("explain", "root destination zstd-window line ledger unchecked recorded at format"),
    ("prove", "root format"),
    ("diff", "against root events deny format"),
    ("table", "root destination format"),
    ("simulate", "root all stored format"),
    ("ledger ingest", "zstd-window policy format"),
    ("ledger show", "format"),
    ("ledger export", "format"),
    ("ledger import", "zstd-window format"),
    ("ledger check", "changes format"),
    ("ledger compact", "format"),
    ("ledger forget", "format"),
    ("audit", "root zstd-window ledger at format"),
    ("show", "format"),
    ("certify", "root situations format"),
    ("help", ""),
];

/// Every option of every command either has an effect or is refused where it has none.
#[test]
fn an_option_without_an_effect_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let refused = |option: &str, call: &str| {
        let word = |word| match word {
            "POLICY" => SHOP,
            "EVENTS" => EVENTS,
            "ledger.file" => ledger.to_str().unwrap(),
            word => word,
        };
        let words: Vec<&str> = call.split(' ').map(word).collect();
        let run = run(&words);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{call}: {}", run.err);
        assert!(
            run.err.contains(&format!("--{option}")) || run.err.contains("--all have"),
            "{call}: {}",
            run.err
        );
    };
    let mut idle: Vec<String> = Vec::new();
    for (option, call) in IDLE_OPTIONS {
        refused(option.rsplit_once("--").unwrap().1, call);
        idle.push(option.to_owned());
    }
    // These are for a ledger in Redis alone.
    for (command, call) in [
        ("eval", "eval POLICY EVENTS"),
        ("filter", "filter POLICY EVENTS"),
        ("explain", "explain POLICY EVENTS --line 1 --destination Zendesk"),
        ("audit", "audit POLICY EVENTS"),
        ("ledger ingest", "ledger ingest ledger.file EVENTS"),
        ("ledger show", "ledger show ledger.file user:u"),
        ("ledger export", "ledger export ledger.file"),
        ("ledger import", "ledger import ledger.file EVENTS"),
        ("ledger check", "ledger check ledger.file"),
        ("ledger forget", "ledger forget ledger.file user:u"),
    ] {
        refused("ledger-timeout", &format!("{call} --ledger-timeout 5"));
        refused("ledger-prefix", &format!("{call} --ledger-prefix x:"));
        refused("ledger-password-file", &format!("{call} --ledger-password-file x"));
        refused("ledger-ca", &format!("{call} --ledger-ca x"));
        let options = ["ledger-timeout", "ledger-prefix", "ledger-password-file", "ledger-ca"];
        idle.extend(options.map(|option| format!("{command} --{option}")));
    }
    assert!(!ledger.exists());
    for (command, effective) in EFFECTIVE_OPTIONS {
        let help = run(&[&command.split(' ').collect::<Vec<_>>()[..], &["-h"]].concat()).out;
        let options = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
        for option in options.map(|line| line.split(' ').next().unwrap()) {
            let is_known = effective.split(' ').any(|one| one == option);
            let is_idle = idle.contains(&format!("{command} --{option}"));
            assert!(is_known || is_idle, "{command} --{option}: has it an effect in every call?");
        }
    }
}
