//! The canonical layout: each file of `tests/format/` beside its expected form, the project's own policies, and the command.
//!
//! Run with `BLESS=1` to write the expected forms anew, and read them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::run;
use consentry::diagnostic::Code;
use consentry::format::{FormatError, format};
use consentry::syntax::MAX_FILE_BYTES;
use std::fs;
use std::path::{Path, PathBuf};

/// Every .consent file below a folder of the project.
fn policies(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "consent") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn formatted(text: &str) -> String {
    format(text).unwrap_or_else(|error| panic!("{error}: {error:?}\n{text}"))
}

#[test]
fn every_construct_has_its_layout() {
    let cases = policies("tests/format");
    assert!(cases.len() >= 8, "{} cases", cases.len());
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let actual = formatted(&text);
        assert_ne!(actual, text, "{} shows nothing", case.display());
        let expected_path = case.with_extension("expected");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected_path, &actual).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        assert!(actual == expected, "{}: expected\n{expected}\nbut got\n{actual}", case.display());
        assert_eq!(formatted(&expected), expected);
        // Line ends of another system, and a mark in front, are no reason for another layout.
        assert_eq!(formatted(&format!("\u{FEFF}{}", text.replace('\n', "\r\n"))), expected);
        // Nor is a line that does not end.
        assert_eq!(formatted(text.trim_end()), expected);
    }
}

#[test]
fn shipped_policies_have_the_layout() {
    let policies = policies("policies");
    assert!(policies.len() >= 10, "{} policies", policies.len());
    for path in policies {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(formatted(&text), text, "{}", path.display());
    }
}

/// The examples of the language reference and of the README have it too, as far as they are policies.
#[test]
fn examples_have_the_layout() {
    let pages = [include_str!("../grammar/language.md"), include_str!("../README.md")];
    let mut examples = 0;
    for page in pages {
        for example in page.split("```consent").skip(1) {
            let (mark, rest) = example.split_once('\n').unwrap();
            let text = rest.split_once("```").unwrap().0;
            let edition = if mark.trim().starts_with("statements") { "consentry 1\n\n" } else { "" };
            match format(&format!("{edition}{text}")) {
                Ok(formatted) => assert_eq!(formatted, format!("{edition}{text}")),
                Err(error) => assert!(mark.trim().starts_with('C'), "{error}\n{text}"),
            }
            examples += 1;
        }
    }
    assert!(examples > 10, "{examples} examples");
}

/// The JSON of a test keeps its own space and lines, wherever it stands. Only the space at their ends goes, and with it the line
/// ends of another system.
#[test]
fn json_is_kept() {
    for json in [
        "{}",
        "{ }",
        "{\"a\" :1,\"b\":[ 1,2 ]}",
        "{\n\t\"a\": {\n\n\n\"b\": true }\n        }",
        "{\"{ // no comment\": \"\\\"}  \"}",
    ] {
        let expected = format!("consentry 1\ntest \"t\" {{\n  event    {json}  //c\n  deliver  all\n}}\n");
        let text = format!("consentry 1 test \"t\" {{event{json}//c\ndeliver all}}");
        assert_eq!(formatted(&text), expected);
        assert_eq!(formatted(&expected), expected);
        assert_eq!(formatted(&text.replace('\n', " \t\r\n")), expected);
    }
}

/// Only what parses without mistakes is formatted, and the mistakes are those of the parser.
#[test]
fn mistakes_are_not_formatted() {
    let codes = |text: &str| match format(text) {
        Err(FormatError::Mistakes(found)) => found.iter().map(|found| found.code).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(codes(""), [Code::MissingEdition]);
    assert_eq!(codes("consentry 2\n"), [Code::UnknownEdition]);
    assert_eq!(
        codes("consentry 1\ncatgory A\ncategory \"B\n"),
        [Code::UnknownStatement, Code::UnterminatedText]
    );
    assert_eq!(codes("consentry 1\ncategory \"a\\x\"\n"), [Code::UnknownEscape]);
    assert_eq!(codes("consentry 1 // \u{202E}\n"), [Code::BidirectionalCharacter]);
    assert_eq!(codes("consentry 1 // a\rb\n"), [Code::ControlCharacter]);
    let deep = format!("consentry 1\ndestination \"X\" needs {}", "any of (".repeat(100));
    assert_eq!(codes(&deep), [Code::NestedTooDeep]);
    // What no policy may say, but every parser reads, is formatted.
    assert_eq!(
        formatted("consentry 1 destination \"All\" needs any of category A category A"),
        "consentry 1\ndestination \"All\"  needs any of\ncategory A\ncategory A\n"
    );
}

/// Texts of the largest size are formatted in a time that does not grow with the square of it, or are refused because of
/// their size.
#[test]
fn large_texts() {
    let large = |text: String| match format(&text) {
        Err(FormatError::Mistakes(found)) => {
            assert!(matches!(found[0].code, Code::FileTooLarge | Code::NameTooLong));
        }
        other => assert!(other.unwrap().len() > text.len() / 2),
    };
    large(format!("consentry 1\n{}", "// much\n".repeat(MAX_FILE_BYTES / 8)));
    large(format!("consentry 1\n{}", "// much\n".repeat(50_000)));
    // A name of a megabyte moves nothing, and neither do a comment and a list of it.
    let wide = "x".repeat(1 << 20);
    let many = "category A\"b\"//c\n".repeat(5_000);
    large(format!("consentry 1\ncategory {wide}\"label\"//{wide}\n{many}"));
    large(format!("consentry 1\ndestination \"{wide}\"needs A{}//c\n{many}", ",B".repeat(50_000)));
    large(format!("consentry 1{}", "//c\n category A".repeat(20_000)));
    let rows = "any any drop\"r\"because\"s\"//c\n".repeat(5_000);
    large(format!(
        "consentry 1 reconcile{{consent integrations enforce any any drop\"{wide}\"because\"s\"\n{rows}}}"
    ));
    let nested = format!("{}any of A{}", "any of (".repeat(31), ")".repeat(31));
    large(format!("consentry 1 destination\"X\"needs any of ({})", vec![nested; 500].join("),(")));
    let cases = "{A:granted} {\"X\":{}} deliver only \"X\" block all//c\n".repeat(5_000);
    large(format!(
        "consentry 1 test \"t\" {{ consent integrations expect\n{cases}unanswered none deliver\"{wide}\"}}"
    ));
    let lines = format!("event {{\"{wide}\":[{}]}}//c\n deliver \"X\" drop//c\n", "1\n,".repeat(5_000));
    large(format!("consentry 1 {}", format!("test \"t\" {{{lines}}}\n").repeat(4)));
    large(format!("consentry 1 test \"t\" {{{}}}", "deliver\"X\"//c\n".repeat(50_000)));
    // It would be too large to be read.
    let grows =
        format!("consentry 1\ncategory {}\"b\"\n{}", "x".repeat(41), "category A\"b\"\n".repeat(150_000));
    match format(&grows) {
        Err(FormatError::Mistakes(found)) => {
            assert_eq!(found[0].message, format!("the formatted text is larger than {MAX_FILE_BYTES} bytes"));
        }
        other => panic!("{:?}", other.map(|text| text.len())),
    }
}

struct Run {
    status: i32,
    out: String,
    err: String,
}

fn fmt(arguments: &[&str], input: &str) -> Run {
    let output = run(&[&["fmt"], arguments].concat(), input.as_bytes());
    Run {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

const ODD: &str = "consentry 1\r\n\r\n\r\ncategory A  \ncategory Bb=\"C2\"";
const CANONICAL: &str = "consentry 1\n\ncategory A\ncategory Bb  = \"C2\"\n";
const DIFF: &str = "@@ -1,5 +1,4 @@\n-consentry 1\r\n-\r\n-\r\n-category A  \n-category Bb=\"C2\"\n\
                    \\ No newline at end of file\n+consentry 1\n+\n+category A\n+category Bb  = \"C2\"\n";
const MISTAKEN: &str = "consentry 1\ncatgory   A\n";

/// A folder with files of these names and texts.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// What is in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
fn standard_input_goes_to_standard_output() {
    for arguments in [&[][..], &["-"]] {
        for text in [ODD, CANONICAL] {
            let run = fmt(arguments, text);
            assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (0, CANONICAL, ""));
        }
        let run = fmt(arguments, MISTAKEN);
        assert_eq!((run.status, run.out.as_str()), (1, ""));
        assert!(
            run.err.starts_with("unknown-statement (C107)\n") && run.err.contains("[standard input:2:1]"),
            "{}",
            run.err
        );
        assert!(run.err.ends_with("consentry: `standard input` is not formatted: 1 error\n"), "{}", run.err);
    }
    let check = fmt(&["--check"], ODD);
    assert_eq!((check.status, check.out.as_str()), (1, "standard input\n"));
    assert_eq!(fmt(&["--check", "-"], CANONICAL).status, 0);
    let diff = fmt(&["--diff"], ODD);
    let expected = format!("--- standard input\n+++ standard input\n{DIFF}");
    assert_eq!((diff.status, diff.out.as_str(), diff.err.as_str()), (1, expected.as_str(), ""));
    let broken = run(&["fmt"], b"consentry 1\ncategory \xFF\n");
    assert_eq!(broken.status.code(), Some(1));
    let message = String::from_utf8(broken.stderr).unwrap();
    assert!(message.contains("C112") && message.contains("byte 21 on line 2"), "{message}");
}

#[test]
fn files_are_rewritten_in_place() {
    let folder = folder(&[
        ("odd.consent", ODD),
        ("good.consent", CANONICAL),
        ("below/deep/odd.consent", ODD),
        ("below/mistaken.consent", MISTAKEN),
        ("below/other.txt", ODD),
    ]);
    let at = |name: &str| folder.path().join(name);
    let read = |name: &str| fs::read_to_string(at(name)).unwrap();
    let (all, odd, deep) = (folder.path().to_str().unwrap(), at("odd.consent"), at("below/deep/odd.consent"));
    let changed = format!("{}\n{}\n", deep.display(), odd.display());
    let untouched = fs::metadata(at("good.consent")).unwrap().modified().unwrap();

    let check = fmt(&["--check", all], "");
    assert_eq!((check.status, check.out.as_str()), (1, changed.as_str()));
    assert!(check.err.contains("mistaken.consent` is not formatted: 1 error"), "{}", check.err);
    let diff = fmt(&["--diff", "--check", odd.to_str().unwrap()], "");
    let expected = format!("--- {0}\n+++ {0}\n{DIFF}", odd.display());
    assert_eq!((diff.status, diff.out.as_str(), diff.err.as_str()), (1, expected.as_str(), ""));
    assert_eq!((read("odd.consent").as_str(), read("below/deep/odd.consent").as_str()), (ODD, ODD));

    let run = fmt(&[all, odd.to_str().unwrap()], "");
    assert_eq!((run.status, run.out.as_str()), (1, changed.as_str()));
    assert_eq!(run.err, check.err);
    assert_eq!(
        (read("odd.consent").as_str(), read("below/deep/odd.consent").as_str()),
        (CANONICAL, CANONICAL)
    );
    assert_eq!((read("below/mistaken.consent").as_str(), read("below/other.txt").as_str()), (MISTAKEN, ODD));
    assert_eq!(fs::metadata(at("good.consent")).unwrap().modified().unwrap(), untouched);
    assert_eq!(names(folder.path()), ["below", "good.consent", "odd.consent"]);

    // A file that is named is formatted whatever it is called, and once is enough.
    let other = at("below/other.txt");
    let run = fmt(&[other.to_str().unwrap()], "");
    assert_eq!((run.status, run.out), (0, format!("{}\n", other.display())));
    let again = fmt(&[other.to_str().unwrap(), odd.to_str().unwrap()], "");
    assert_eq!((again.status, again.out.as_str(), again.err.as_str()), (0, "", ""));
    let check = fmt(&["--check", "policies"], "");
    assert_eq!((check.status, check.out.as_str(), check.err.as_str()), (0, "", ""));
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder(&[("real/odd.consent", ODD), ("private.consent", ODD), ("read-only.consent", ODD)]);
    let at = |name: &str| folder.path().join(name);
    for (name, mode) in
        [("real/odd.consent", 0o664), ("private.consent", 0o600), ("read-only.consent", 0o444)]
    {
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    symlink("real/odd.consent", at("link.consent")).unwrap();
    for (name, target, mode) in
        [("link.consent", "real/odd.consent", 0o664), ("private.consent", "private.consent", 0o600)]
    {
        let run = fmt(&[at(name).to_str().unwrap()], "");
        assert_eq!((run.status, run.out, run.err.as_str()), (0, format!("{}\n", at(name).display()), ""));
        assert_eq!(fs::read_to_string(at(target)).unwrap(), CANONICAL);
        assert_eq!(fs::metadata(at(target)).unwrap().permissions().mode() & 0o777, mode);
    }
    assert_eq!(fs::read_link(at("link.consent")).unwrap(), Path::new("real/odd.consent"));

    let run = fmt(&[at("read-only.consent").to_str().unwrap()], "");
    assert!(run.status == 2 && run.err.contains("it is read-only"), "{}", run.err);
    assert_eq!(fs::read_to_string(at("read-only.consent")).unwrap(), ODD);
    assert_eq!(names(folder.path()), ["link.consent", "private.consent", "read-only.consent", "real"]);
    assert_eq!(names(&at("real")), ["odd.consent"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    for (arguments, expected) in [
        (&["no-such.consent"][..], "cannot read `no-such.consent`"),
        (&["tests/data"], "there is no .consent file below `tests/data`"),
        (&["-", "policies"], "standard input is formatted alone"),
        (&["--frobnicate"], "unexpected argument"),
    ] {
        let run = fmt(arguments, ODD);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
    #[cfg(unix)]
    assert!(fmt(&["/dev/null"], "").err.contains("it is no regular file"));
}
