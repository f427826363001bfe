//! The page of each finding: its shape, its examples, the command that prints it, and `grammar/codes.md`, which is made
//! of all of them.
//!
//! Run with `BLESS=1` after a change of a page to write `grammar/codes.md` anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/examples.rs"]
mod examples;

use consentry::diagnostic::{Code, visible};
use consentry::{Policy, lint};
use examples::{example, section};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CODES: &str = "grammar/codes.md";

/// The sentence of a code as it goes on in a title: in lower case and without its period.
fn title(code: Code) -> String {
    let (first, rest) = code.sentence().split_at(1);
    format!("{}{}", first.to_lowercase(), rest.strip_suffix('.').unwrap())
}

/// What lint says of an example, as the command asks it.
fn linted(section: &str) -> BTreeSet<Code> {
    let (first, files) = example(section);
    let levels = lint::Levels::default();
    let mut linted = lint::lint(&files, &first, &levels);
    if linted.is_part {
        linted.diagnostics.extend(lint::part_alone(&linted.files, &levels));
    }
    linted.diagnostics.iter().map(|found| found.code).collect()
}

/// What keeps an example from deciding.
fn refused(section: &str) -> BTreeSet<Code> {
    let (first, files) = example(section);
    match Policy::from_source(&files, &first) {
        Ok(_) => BTreeSet::new(),
        Err(error) => error.diagnostics().iter().map(|found| found.code).collect(),
    }
}

#[test]
fn every_page_has_the_shape() {
    for code in Code::ALL {
        let page = code.page();
        let why =
            page.strip_prefix(&format!("# {}: {}\n\n", code.label(), title(*code))).unwrap_or_else(|| {
                panic!("{code}: the title is not the sentence of the code: {}", title(*code));
            });
        assert!(!why.starts_with('#'), "{code} does not say why");
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, ["## Wrong", "## Right", "## See also"], "{code}");
        assert!(page.ends_with('\n') && !page.ends_with("\n\n"), "{code}");
        // A page must not do what it warns of.
        assert!(page.lines().all(|line| visible(line) == line), "{code}");
    }
}

/// What a page refers to is there, in these words.
#[test]
fn every_reference_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for code in Code::ALL {
        for line in section(code.page(), "See also").lines() {
            let reference = line.strip_prefix("- ").unwrap();
            let exists = match reference.split_once(", ") {
                Some((file, heading)) if file.starts_with("grammar/") => {
                    let heading = format!("\n## {}\n", heading.trim_matches('"'));
                    fs::read_to_string(root.join(file)).unwrap().contains(&heading)
                }
                _ => Code::ALL.iter().any(|other| reference == other.label()),
            };
            assert!(exists, "{code}: {reference}");
        }
    }
}

#[test]
fn every_example_is_what_it_is_shown_for() {
    for code in Code::ALL {
        let wrong = section(code.page(), "Wrong");
        let found = match code {
            // The words are part of a statement whose first words are old too.
            Code::OldAlsoSpelled => linted(wrong).into_iter().filter(|found| found == code).collect(),
            // `lint` takes a file without a name for a part; only who asks it to decide is told.
            Code::MissingPolicyName => refused(wrong),
            // It comes after the many mistakes.
            Code::TooManyErrors => linted(wrong).into_iter().filter(|found| found == code).collect(),
            _ => linted(wrong),
        };
        // An example is short, so that lint may ask more of it than its page speaks of.
        let matters = |found: &Code| found == code || !found.is_lint();
        let found: BTreeSet<Code> = found.into_iter().filter(matters).collect();
        assert_eq!(found, BTreeSet::from([*code]), "{code}, wrong");
        let right = section(code.page(), "Right");
        let found: BTreeSet<Code> = linted(right).into_iter().filter(matters).collect();
        assert_eq!((found, refused(right)), Default::default(), "{code}, right");
    }
}

/// `include_str!` sees to it that each code has a page; here, that each page has a code.
#[test]
fn every_page_has_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostic/pages");
    let mut pages: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    assert_eq!(pages, Code::ALL.iter().map(|code| format!("{code}.md")).collect::<Vec<_>>());
}

/// How GitHub names the place of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// A page as a part of a larger one: each heading is one level further down.
fn demoted(page: &str) -> String {
    let mut inside = false;
    let lines = page.lines().map(|line| {
        inside ^= line.starts_with("```");
        let mark = if !inside && line.starts_with('#') { "#" } else { "" };
        format!("{mark}{line}\n")
    });
    lines.collect()
}

#[test]
fn the_list_of_codes_is_up_to_date() {
    let mut expected = String::from(
        "# Every finding\n\n\
         Made from the pages under `src/diagnostic/pages/` by `BLESS=1 cargo test --features cli --test pages`. Do not edit.\n\n\
         `consentry help unexpected-text` prints one of these pages, `consentry help` a list of them. The tests run each example.\n\n\
         | name | code | severity | what is wrong |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let heading = format!("{}: {}", code.label(), title(*code));
        expected.push_str(&format!(
            "| [{}](#{}) | {code} | {} | {} |\n",
            code.name(),
            anchor(&heading),
            code.severity().as_str(),
            title(*code)
        ));
    }
    for code in Code::ALL {
        expected.push_str(&format!("\n{}", demoted(code.page())));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CODES);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let actual = fs::read_to_string(path).unwrap_or_default();
    assert!(actual == expected, "run `BLESS=1 cargo test --features cli --test pages`");
}

/// The status, the output and the errors of a command.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = common::run(arguments, b"");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_prints_pages() {
    for code in Code::ALL {
        for topic in [code.name(), &code.to_string()] {
            assert_eq!(run(&["help", topic]), (Some(0), code.page().to_owned(), String::new()));
        }
    }
    for written in ["c501", "501"] {
        assert_eq!(run(&["help", written]).1, Code::OverlappingRows.page());
    }
}

#[test]
fn the_command_lists_what_it_explains() {
    let (status, all, _) = run(&["help"]);
    assert_eq!(status, Some(0));
    let width = Code::ALL.iter().map(|code| code.name().len()).max().unwrap();
    for code in Code::ALL {
        let (name, severity) = (code.name(), code.severity().as_str());
        let line = format!("  {name:width$}  {code}  {severity:7}  {}\n", code.sentence());
        assert!(all.contains(&line), "{line}");
    }
    assert!(all.starts_with(&run(&["--help"]).1), "{all}");
    for command in ["lint", "eval", "filter", "explain", "table", "show", "certify", "help"] {
        assert!(all.contains(&format!("\n  {command} ")), "{command}");
        assert_eq!(run(&["help", command]), run(&[command, "--help"]));
    }
}

#[test]
fn an_unknown_topic_is_an_error() {
    for topic in ["C999", "lnt", "", "\u{1B}[2J"] {
        let (status, out, errors) = run(&["help", topic]);
        assert_eq!((status, out.as_str()), (Some(2), ""), "{topic:?}");
        let expected = format!(
            "consentry: there is no finding or command `{}`; `consentry help` lists all of them\n",
            visible(topic)
        );
        assert_eq!(errors, expected);
    }
    let (status, _, errors) = run(&["help", "unmaped-destination"]);
    let expected = "consentry: there is no finding or command `unmaped-destination`; did you mean `unmapped-destination`?\n";
    assert_eq!((status, errors.as_str()), (Some(2), expected));
}
