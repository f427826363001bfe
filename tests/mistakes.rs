//! Policy mistakes and the messages they give: each file of `tests/mistakes/` beside its expected output.
//!
//! Run with `BLESS=1` to write the expected outputs anew, and read them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use consentry::Policy;
use consentry::diagnostic::{Code, Severity};
use consentry::model::{MAX_CATEGORIES, MAX_FILES};
use consentry::source::Memory;
use consentry::syntax::{MAX_INPUTS, Tree};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn lint(path: &str) -> (String, Option<i32>) {
    let output = common::run(&["lint", path], b"");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

/// The codes that an output shows.
fn codes(output: &str) -> BTreeSet<String> {
    let shown = |code: &&Code| output.lines().any(|line| line == code.label());
    Code::ALL.iter().filter(shown).map(Code::to_string).collect()
}

#[test]
fn every_mistake_has_its_message() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases: Vec<String> = fs::read_dir(root.join("tests/mistakes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".consent").map(str::to_owned))
        .collect();
    cases.sort();
    assert!(cases.len() >= 25, "only {} mistakes", cases.len());
    let mut shown = BTreeSet::new();
    for case in cases {
        let (actual, status) = lint(&format!("tests/mistakes/{case}.consent"));
        let found = codes(&actual);
        let error = |code: &&Code| code.severity() == Severity::Error && found.contains(&code.to_string());
        assert_eq!(status, Some(i32::from(Code::ALL.iter().any(|code| error(&code)))), "{case}");
        assert!(!found.is_empty(), "{case} is no mistake");
        shown.extend(found);
        let expected_path = root.join(format!("tests/mistakes/{case}.txt"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected_path, &actual).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        assert!(actual == expected, "{case}: expected\n{expected}\nbut got\n{actual}");
    }
    // These need inputs too large or too odd for a file, or no file that `lint` takes for a policy; the tests below
    // make them, or those of the pages and of the cost.
    for code in [
        Code::FileTooLarge,
        Code::NotUtf8,
        Code::NameTooLong,
        Code::TooManyFiles,
        Code::PolicyTooLarge,
        Code::TooManyDeclarations,
        Code::TooManyErrors,
        Code::MissingPolicyName,
    ] {
        shown.insert(code.to_string());
    }
    // What lint asks of a policy that compiles has its cases in `tests/lint`.
    let mistakes = Code::ALL.iter().filter(|code| !code.is_lint() || **code == Code::PartWithoutPolicy);
    let missing: Vec<String> = mistakes.map(Code::to_string).filter(|code| !shown.contains(code)).collect();
    assert!(missing.is_empty(), "no mistake shows {missing:?}");
}

#[test]
fn three_mistakes_are_three_messages() {
    let (output, _) = lint("tests/mistakes/three_mistakes.consent");
    assert!(output.ends_with("1 policy and 0 parts checked: 3 errors, 0 warnings\n"), "{output}");
}

/// Mistakes of one statement that have nothing to do with each other, and statements with one mistake that would bring others
/// with it if everything behind it were taken for what it seems: how many there are, and on which lines.
#[test]
fn every_mistake_of_a_statement_and_no_other() {
    let cases: &[(&str, &[usize])] = &[
        ("several_in_a_table", &[4, 6, 7, 9, 11, 13, 14]),
        ("several_in_a_destination", &[5, 5, 8, 9, 10, 11, 11, 11]),
        ("several_in_a_category", &[4, 4, 5, 5, 6, 6]),
        ("several_in_a_test", &[7, 10, 11, 15, 16, 18]),
        ("one_in_each_statement", &[5, 7, 8, 9, 10, 11, 12, 13, 14, 16, 20, 26, 32, 38, 42, 44, 47]),
    ];
    for (case, lines) in cases {
        let path = format!("tests/mistakes/{case}.consent");
        let output = common::run(&["lint", "--format", "json", &path], b"");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = document["diagnostics"].as_array().unwrap().iter();
        let found: Vec<_> = found
            .filter(|one| one["code"].as_str().unwrap().starts_with("C1"))
            .map(|one| usize::try_from(one["places"][0]["start"]["line"].as_u64().unwrap()).unwrap())
            .collect();
        assert_eq!(&found, lines, "{case}");
    }
}

/// A part of `consent at` in a wrong place, or in words of a vendor, is answered with the words that were meant.
#[test]
fn a_mistake_in_a_shape_has_its_help() {
    let order = "the parts stand in this order: `alias`, a shape, `unlisted`, `skip`, `absent`; `in` stands in front of `reversed`";
    let words = "write `words granted \"...\" refused \"...\"`";
    let shapes = "a shape is `booleans`, `words granted ...`, `pairs by ...`, `granted list`, `refused list`, \
                  `granted text by ...` or `refused text by ...`";
    for (parts, help) in [
        ("array", shapes),
        ("boolean", "did you mean `booleans`?"),
        ("list granted", "write `granted list` or `refused list`"),
        ("text by \",\"", "write `granted text by \"...\"` or `refused text by \"...\"`"),
        ("denied list", "did you mean `refused`?"),
        ("allowed list", "did you mean `granted`?"),
        ("granted words \"yes\"", words),
        ("granted \"yes\" refused \"no\"", words),
        (
            "words refused \"no\" granted \"yes\"",
            "what grants comes first: `granted \"...\" refused \"...\"`",
        ),
        ("granted text \",\"", "write `by` in front of what stands between two names"),
        (
            "pairs by \",\" granted \"1\" refused \"0\"",
            "write what stands between two pairs, and within one: `by \",\" and \":\"`",
        ),
        ("booleans reversed in x", order),
        ("granted list skip \"\" unlisted refused", order),
        ("granted list alias x", order),
        ("granted list unlisted denied", "did you mean `refused`?"),
        ("absent \"\" null", "separate values with `,`"),
        ("absent null \"\"", "separate values with `,`"),
    ] {
        let text =
            format!("consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\noverride consent at a {parts}");
        let (_, found) = Tree::parse(&text);
        assert_eq!(found[0].help.as_deref(), Some(help), "{parts}");
    }
}

/// An error about inputs, or in words of another language, is answered with the words that were meant.
#[test]
fn a_mistake_about_inputs_has_its_help() {
    let bar = "separate values with `|`";
    let values = "name the values that decide: `values \"...\", \"...\"`; `absent` stands behind them";
    let value = "a value is a text in quotes, a number, `true`, `false` or `null`";
    let mut wrong = Vec::new();
    let each = "name each value that is meant, with `|` between them; `other` is any value that the input does not name";
    for (statement, help) in [
        ("input p values 1", "say where an event has it: `at context.provider`"),
        ("input p at a.b", values),
        ("input p at a absent null values 1", values),
        ("input p at a values [1, 2]", value),
        ("input p at a values 1 2", "separate values with `,`"),
        ("input p at a values 1 | 2", "separate values with `,`"),
        ("input p at a values 1 absent null \"\"", "separate values with `,`"),
        ("input p at a values custom", "write a text in quotes: \"custom\""),
        ("input p at a values 1 absnt null", "did you mean `absent`?"),
        (
            "strategy both",
            "a strategy is `all` or `any`; a case in front of it has a condition: `all when provider \"...\",`",
        ),
        ("strategy all when p 1 any otherwise", "write `,` behind each case"),
        ("strategy all when p 1, any", "the last case is `all otherwise` or `any otherwise`"),
        ("strategy all when p 1, any else", "the last case is `all otherwise` or `any otherwise`"),
        ("category A refused", "name the signal that refuses: `refused when gpc true`"),
        (
            "category A refused when p 1 \"A\"",
            "separate values with `|`; a description stands in front of `refused when`",
        ),
        ("category A refused when p 1, 2", bar),
        ("category A refused when p 1 or 2", bar),
        ("category A refused when p = 1", "write the value behind the name: `p \"...\"`"),
        ("category A refused when p is 1", "write the value behind the name: `p \"...\"`"),
        ("category A refused when p in (1, 2)", "write the value behind the name: `p \"...\"`"),
        ("category A refused when p not 1", each),
        ("category A refused when p != 1", each),
        ("category A refused when p 01", "a number stands as in JSON: `1`, `-2.5`"),
        ("category A refused when p tru", "did you mean `true`?"),
        ("category A refused when p 1 | absnt", "did you mean `absent`?"),
        ("category A refused when p 1 | yes", "write a text in quotes: \"yes\""),
        (
            "destination \"D\" needs when p \"x\" \"A\"",
            "separate values with `|`; a category in quotes stands in a group: `all of \"...\"`",
        ),
        ("destination \"D\" needs when p \"x\", \"y\" A", bar),
        ("destination \"D\" needs when p \"x\" A else B", "did you mean `otherwise`?"),
        ("never deliver any when p 1, 2", bar),
        ("test \"t\" { input p 1 | 2 drop }", "an event has one of the two: write a row or a test for each"),
    ] {
        let text = format!("consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n{statement}");
        let (_, found) = Tree::parse(&text);
        let helps: Vec<_> = found.iter().filter_map(|one| one.help.as_deref()).collect();
        if helps != [help] {
            wrong.push(format!("{statement}: {helps:?}, and not {help}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The statement counts also behind an earlier error in it.
    let (_, found) = Tree::parse("consentry 1\ncategory A alwys refused when p 1 \"A\"");
    let help = "separate values with `|`; a description stands in front of `refused when`";
    assert_eq!((found.len(), found[1].help.as_deref()), (2, Some(help)));
}

fn codes_of(source: &Memory) -> Vec<Code> {
    let error = Policy::from_source(source, "main").unwrap_err();
    error.diagnostics().iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn limits_are_errors() {
    let start = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n";
    let comments = format!("{start}{}", "// much\n".repeat(3 << 20));
    assert_eq!(codes_of(&Memory::from([("main", comments)])), [Code::FileTooLarge]);

    let mut files = Memory::default();
    for file in 0..MAX_FILES + 10 {
        files.insert(format!("{file}"), format!("consentry 1\ninclude \"{}\"", file + 1));
    }
    files.insert("main", format!("{start}include \"0\""));
    assert_eq!(codes_of(&files), [Code::TooManyFiles]);

    let mut many = start.to_owned();
    (0..=MAX_CATEGORIES).for_each(|id| many.push_str(&format!("category c{id}\n")));
    assert_eq!(codes_of(&Memory::from([("main", many)])), [Code::TooManyDeclarations]);

    let header: String = (0..=MAX_INPUTS).map(|input| format!(" i{input}")).collect();
    let (_, found) =
        Tree::parse(&format!("consentry 1\nreconcile {{ consent integrations{header} enforce }}"));
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::TooManyDeclarations]);

    let found = codes_of(&Memory::from([("main", format!("{start}{}", "category\n".repeat(5_000)))]));
    assert_eq!((found.len(), found[1_000]), (1_001, Code::TooManyErrors));
}

#[test]
fn bytes_that_are_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.consent");
    fs::write(&path, b"consentry 1\npolicy \"\xFF\"\n").unwrap();
    let error = Policy::load(&path).unwrap_err();
    assert_eq!(error.diagnostics()[0].code, Code::NotUtf8);
    assert!(error.to_string().contains("byte 20 on line 2"), "{error}");
}

/// A file without a name is a part of others; whoever asks it to decide is told so.
#[test]
fn a_part_is_no_policy() {
    let part = "consentry 1\ninclude prelude \"segment\"\ncategory Advertising\n";
    assert_eq!(codes_of(&Memory::from([("main", part)])), [Code::MissingPolicyName]);
}
