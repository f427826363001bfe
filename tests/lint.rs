//! The rules of lint: what makes each of them speak, what does not, and what its fix does.
//!
//! `tests/lint/C507.md` has the cases of C507, each under a heading: `## fires: …`, with the places and messages that come of it
//! in a block `findings`; `## quiet: …`; and where the finding has a fix, what becomes of the files in blocks `becomes`. Of a
//! case with several files the first is the policy; blocks of files name them. Run with `BLESS=1` to write the findings anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use consentry::Policy;
use consentry::diagnostic::{Code, Severity};
use consentry::lint::{self, Levels, Linted};
use consentry::model::Level;
use consentry::source::Memory;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A case of a rule.
struct Case {
    title: String,
    fires: bool,
    /// The files by name, and which of them is the policy.
    files: BTreeMap<String, String>,
    policy: String,
    findings: String,
    becomes: BTreeMap<String, String>,
}

fn cases(code: Code) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/lint/{code}.md"));
    let page = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{code} has no cases in tests/lint"));
    let each = page.split("\n## ").skip(1).map(|section| {
        let (title, body) = section.split_once('\n').unwrap();
        let fires = match title.split_once(':').unwrap().0 {
            "fires" => true,
            "quiet" => false,
            other => panic!("{code}: a case is `fires` or `quiet`, and not `{other}`"),
        };
        let mut case = Case {
            title: format!("{code}, {title}"),
            fires,
            files: BTreeMap::new(),
            policy: String::new(),
            findings: String::new(),
            becomes: BTreeMap::new(),
        };
        for block in body.split("```").skip(1).step_by(2) {
            let (info, text) = block.split_once('\n').unwrap();
            let name = info.split_whitespace().nth(1).unwrap_or("policy.consent").to_owned();
            match info.split_whitespace().next().unwrap() {
                "consent" => {
                    if case.policy.is_empty() {
                        case.policy.clone_from(&name);
                    }
                    case.files.insert(name, text.to_owned());
                }
                "becomes" => drop(case.becomes.insert(name, text.to_owned())),
                "findings" => text.clone_into(&mut case.findings),
                other => panic!("{}: what is a block `{other}`?", case.title),
            }
        }
        if std::env::var_os("BLESS").is_none() {
            assert_eq!(case.fires, !case.findings.is_empty(), "{}: only what fires has findings", case.title);
        }
        case
    });
    each.collect()
}

fn source(files: &BTreeMap<String, String>) -> Memory {
    let mut memory = Memory::default();
    for (name, text) in files {
        memory.insert(name, text);
    }
    memory
}

fn linted(files: &BTreeMap<String, String>, policy: &str) -> Linted {
    lint::lint(&source(files), policy, &Levels::default())
}

/// The findings of a code: what, where, and what to do about it.
fn found(linted: &Linted, code: Code) -> String {
    let mut text = String::new();
    for found in linted.diagnostics.iter().filter(|found| found.code == code) {
        writeln!(text, "{}", found.message).unwrap();
        for label in &found.labels {
            let position = linted.files.position(label.span);
            let (file, line, column) = (linted.files.name(label.span.file), position.line, position.column);
            writeln!(text, "  {file}:{line}:{column} {}", label.text).unwrap();
        }
        writeln!(text, "  help: {}", found.help.as_deref().unwrap()).unwrap();
    }
    text
}

/// Every finding of lint that asks something of a policy; one about a part has its test with the command.
fn codes() -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(|code| code.is_lint() && *code != Code::PartWithoutPolicy)
}

/// Writes the findings of the cases anew, if that is asked for.
fn bless(code: Code) {
    if std::env::var_os("BLESS").is_none() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/lint/{code}.md"));
    let page = fs::read_to_string(&path).unwrap();
    let mut sections = page.split("\n## ");
    let mut blessed = sections.next().unwrap().to_owned();
    for (section, case) in sections.zip(cases(code)) {
        let findings = found(&linted(&case.files, &case.policy), code);
        let section = section
            .replace(&format!("```findings\n{}```", case.findings), &format!("```findings\n{findings}```"));
        blessed.push_str(&format!("\n## {section}"));
    }
    fs::write(path, blessed).unwrap();
}

#[test]
fn every_rule_speaks_where_it_should_and_nowhere_else() {
    for code in codes() {
        bless(code);
        let cases = cases(code);
        assert!(cases.iter().any(|case| case.fires), "{code} has no case that fires");
        assert!(cases.iter().any(|case| !case.fires), "{code} has no case that is quiet");
        for case in cases {
            let linted = linted(&case.files, &case.policy);
            assert!(
                linted.policy.is_some(),
                "{}: the policy does not compile: {:#?}",
                case.title,
                linted.diagnostics
            );
            assert_eq!(found(&linted, code), case.findings, "{}", case.title);
        }
    }
}

#[test]
fn every_fix_mends_what_it_is_for_and_no_decision() {
    let mut fixed = BTreeSet::new();
    for code in codes() {
        for case in cases(code) {
            let linted = linted(&case.files, &case.policy);
            let of_code = linted.diagnostics.iter().filter(|found| found.code == code);
            let edited = lint::edited(&linted.files, of_code);
            let mut files = case.files.clone();
            let mut becomes = BTreeMap::new();
            for (file, fixed) in edited {
                let name = linted.files.name(file).to_owned();
                becomes.insert(name.clone(), fixed.text.clone());
                files.insert(name, fixed.text);
            }
            assert_eq!(becomes, case.becomes, "{}", case.title);
            if becomes.is_empty() {
                continue;
            }
            fixed.insert(code);
            let again = self::linted(&files, &case.policy);
            assert_eq!(found(&again, code), "", "{}: what is fixed is gone", case.title);
            let (before, after) = (linted.policy.unwrap(), again.policy.unwrap());
            assert!(lint::is_same(&before, &after), "{}: a fix changes no decision", case.title);
        }
    }
    let expected = [
        Code::OverlappingRows,
        Code::UnusedInclude,
        Code::RedundantOverride,
        Code::UnusedAllow,
        Code::AllowWithoutReason,
        Code::OldAllowComment,
        Code::AmbiguousList,
    ];
    assert_eq!(fixed, BTreeSet::from(expected));
}

/// What makes two policies different, one at a time; what does not.
#[test]
fn the_comparison_of_fixes_sees_every_difference() {
    let text = "consentry 1
policy \"p\"
include prelude \"segment\"
category A
category B = \"b\" \"label\"
destination kind k
destination \"X\"  needs A, B  kind k  alias \"x1\"
destination \"Y\"  unmapped  mode device
override exempt events \"E\"
banner stays
model implied
override gate opens on delivery
override library loads when granted
";
    let policy = |text: &str| Policy::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let one = policy(text);
    for (from, to) in [
        ("policy \"p\"", "policy \"q\""),
        ("banner stays", "banner disappears"),
        ("model implied", "model opt-in"),
        ("model implied", "model implied\noverride implied consent opt-in"),
        ("gate opens on delivery", "gate opens on needed grant"),
        ("gate opens on delivery", "gate opens on delivery\noverride gate without consent closed"),
        ("loads when granted", "loads when gate open"),
        ("\"segment\"", "\"segment-strict\""),
        ("category A", "category A = \"a\""),
        ("category A", "category A always"),
        ("category A", "category A unenforced"),
        ("\"label\"", "\"other\""),
        ("= \"b\"", "= \"B\""),
        ("kind k\n", "kind k ignores All\n"),
        ("needs A, B", "needs B, A"),
        ("needs A, B", "needs any of A, B"),
        ("kind k  alias", "alias"),
        ("alias \"x1\"", "alias \"x2\""),
        ("alias \"x1\"", "alias \"x1\" disabled"),
        ("unmapped", "exempt"),
        ("mode device", "mode cloud"),
        ("events \"E\"", "events none"),
        ("override", "override preference events none override"),
        ("override", "override ledger mismatch drop override"),
        ("override", "override ledger also records identify override"),
        ("override", "override unmapped destinations block override"),
        ("override", "override several categories need any override"),
        ("override", "override invalid entries off override"),
        ("override", "override consent at context.consent.choices override"),
        ("override", "override reconcile { consent integrations enforce any any consent } override"),
        ("override", "lint unmapped-destination off because \"so\" override"),
        ("override", "test \"t\" { block all } override"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from}");
        assert!(!lint::is_same(&one, &policy(&other)), "{to}");
    }
    let other = text
        .replace("needs A, B", "needs\n  all of A, B // so\n")
        .replace("category A\n", "\n\ncategory A // an A\n");
    assert!(lint::is_same(&one, &policy(&other)));
}

/// A part that nothing includes is found, as badly as the caller says.
#[test]
fn parts_alone_have_levels_too() {
    let part = linted(&BTreeMap::from([("a".to_owned(), "consentry 1\ncategory A\n".to_owned())]), "a");
    assert!(part.is_part && part.diagnostics.is_empty());
    let severity = |levels: &Levels| lint::part_alone(&part.files, levels).map(|found| found.severity);
    let mut levels = Levels::default();
    assert_eq!(severity(&levels), Some(Severity::Warning));
    levels.deny_warnings();
    assert_eq!(severity(&levels), Some(Severity::Error));
    levels.set(Code::PartWithoutPolicy, Level::Off);
    assert_eq!(severity(&levels), None);
}

const POLICY: &str = "consentry 1
policy \"acme web\"
include prelude \"segment-strict\"
category Advertising
destination \"Google Ads\"  needs Advertising
destination \"Amazon S3\"   exempt
";

fn severities(text: &str, levels: &Levels) -> Vec<(Code, Severity)> {
    let linted = lint::lint(&Memory::from([("a", text)]), "a", levels);
    linted.diagnostics.iter().map(|found| (found.code, found.severity)).collect()
}

#[test]
fn levels_of_the_caller_come_before_those_of_the_policy() {
    use Severity::{Error, Warning};
    let none = Levels::default();
    let expected = [(Code::MissingTests, Warning), (Code::ExemptWithoutReason, Warning)];
    assert_eq!(severities(POLICY, &none), expected);

    let policy = format!(
        "{POLICY}lint exempt-without-reason error\nlint missing-tests off because \"it is a draft\"\n"
    );
    assert_eq!(severities(&policy, &none), [(Code::ExemptWithoutReason, Error)]);

    let mut levels = Levels::default();
    levels.set(Code::ExemptWithoutReason, Level::Off);
    levels.set(Code::MissingTests, Level::Warning);
    assert_eq!(severities(&policy, &levels), [(Code::MissingTests, Warning)]);
    levels.deny_warnings();
    assert_eq!(severities(&policy, &levels), [(Code::MissingTests, Error)]);

    // What keeps a policy from compiling is an error whatever anybody says.
    let broken = format!("{POLICY}category Advertising\n");
    levels.set(Code::DuplicateDeclaration, Level::Off);
    assert_eq!(severities(&broken, &levels), [(Code::DuplicateDeclaration, Error)]);
}

/// A comment speaks of its line and the statement that ends there, or of the statement or row that follows it.
#[test]
fn comments_allow_what_they_stand_beside() {
    let allowed = |text: &str| {
        severities(text, &Levels::default()).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    let why = "because \"storage enforces nothing\"";
    let exempt = "destination \"Amazon S3\"   exempt\n";
    let with = |new: &str| POLICY.replace(exempt, new);
    for allows in [
        format!("destination \"Amazon S3\"   exempt  // allow exempt-without-reason {why}\n"),
        format!("// allow exempt-without-reason {why}\ndestination \"Amazon S3\"   exempt\n"),
        format!("// allow exempt-without-reason, unmapped-destination {why}\n// Where backups go.\n\ndestination \"Amazon S3\"\n  exempt\n")
            .replace(", unmapped-destination", ""),
        format!("destination \"Amazon S3\"\n  // allow exempt-without-reason {why}\n  exempt\n"),
        format!("destination \"Amazon S3\"\n  exempt\n  kind storage  // allow exempt-without-reason {why}\n"),
    ] {
        assert_eq!(allowed(&with(&allows)), [Code::MissingTests], "{allows}");
    }
    for allows_not in [
        format!("destination \"Amazon S3\"   exempt\n// allow exempt-without-reason {why}\n"),
        format!(
            "// allow exempt-without-reason {why}\ncategory B\ndestination \"Amazon S3\"   exempt\ndestination \"B\" needs B"
        ),
    ] {
        let found = allowed(&with(&allows_not));
        assert!(
            found.contains(&Code::ExemptWithoutReason) && found.contains(&Code::UnusedAllow),
            "{allows_not}: {found:?}"
        );
    }
    // Only the statement that ends on the line of the comment.
    let two = with(&format!(
        "destination \"S1\"\n  exempt\ndestination \"S2\"\n  exempt\n  kind storage  // allow exempt-without-reason {why}\n"
    ));
    assert_eq!(allowed(&two), [Code::MissingTests, Code::ExemptWithoutReason]);
    for no_comment_of_that_sort in [
        "// allow it, because we say so\n",
        "// we allow exempt-without-reason because …\n",
        "// allowance\n",
        "// allow first-party data only\n",
    ] {
        let text = with(&format!("{no_comment_of_that_sort}{exempt}"));
        assert_eq!(
            allowed(&text),
            [Code::MissingTests, Code::ExemptWithoutReason],
            "{no_comment_of_that_sort}"
        );
    }
    for no_reason in [
        "// allow exempt-without-reason\n",
        "// allow exempt-without-reason because\n",
        "// allow exempt-without-reason since I say so\n",
        "// allow exempt-without-reason always because I say so\n",
        "// allow exempt-without-reason because storage enforces nothing\n",
        "// allow exempt-without-reason always because \"I say so\"\n",
        "// allow exempt-without-reason because \"\"\n",
        "// allow exempt-without-reason because \" \\u{200B}\"\n",
        "// allow exempt-without-reason because \"so\\q\"\n",
        "// allow exempt-without-reason because \"so\n",
        "// allow exempt-without-reason because \"so\" and so on\n",
        "// allow exempt-without-reason because: \"so\"\n",
        "// Allow exempt-without-reason because \"storage enforces nothing\"\n",
        "// allow: exempt-without-reason because \"storage enforces nothing\"\n",
        "//allow exempt-without-reason because  \n",
    ] {
        let found = allowed(&with(&format!("{no_reason}{exempt}")));
        assert!(
            found.contains(&Code::ExemptWithoutReason) && found.contains(&Code::AllowWithoutReason),
            "{no_reason}: {found:?}"
        );
    }
}

/// A word in the place of a name that no finding has: where it was meant as one, the nearest name is the help.
#[test]
fn unknown_names_in_comments_are_found() {
    for (comment, help) in [
        ("// allow exempt-without-reasn because \"so\"", "did you mean `exempt-without-reason`?"),
        ("// allow exemptwithoutreason always", "did you mean `exempt-without-reason`?"),
        (
            "// allow third-party, exempt-without-reason because \"so\"",
            "write a name that `consentry help` lists",
        ),
        ("// allow third-party because \"so\"", "write a name that `consentry help` lists"),
        ("// allow third-party", "write a name that `consentry help` lists"),
    ] {
        let text = format!("{POLICY}{comment}\ncategory B\n");
        let linted = lint::lint(&Memory::from([("a", &*text)]), "a", &Levels::default());
        let unused: Vec<_> =
            linted.diagnostics.iter().filter(|found| found.code == Code::UnusedAllow).collect();
        assert_eq!(unused[0].help.as_deref(), Some(help), "{comment}");
        assert!(unused.iter().all(|found| found.fix.is_none()), "{comment}: its author meant something");
        assert!(linted.diagnostics.iter().all(|found| found.code != Code::AllowWithoutReason), "{comment}");
    }
}

/// What is put in quotes, and what not: half a reason, and a text that is quoted already.
#[test]
fn reasons_are_quoted_where_they_are_whole() {
    let name = "exempt-without-reason";
    let becomes = |comment: &str| {
        let text = POLICY.replace("destination \"Amazon", &format!("{comment}\ndestination \"Amazon"));
        let linted = lint::lint(&Memory::from([("a", &*text)]), "a", &Levels::default());
        let found = linted.diagnostics.iter().filter(|found| found.code == Code::AllowWithoutReason);
        lint::edited(&linted.files, found).into_values().next().map(|fixed| {
            let rest = fixed.text.split_once("needs Advertising\n").unwrap().1;
            rest.split_once("\ndestination").unwrap().0.to_owned()
        })
    };
    for (reason, quoted) in
        [("so", "so"), ("the \"S3\" bucket is C:\\x  ", "the \\\"S3\\\" bucket is C:\\\\x"), ("so\r", "so")]
    {
        let end = if reason.ends_with('\r') { "\r" } else { &reason[reason.trim_end().len()..] };
        let expected = format!("// allow {name} because \"{quoted}\"{end}");
        assert_eq!(becomes(&format!("// allow {name} because {reason}")), Some(expected), "{reason:?}");
    }
    let expected = format!("// allow {name}, device-mode because \"so\"");
    assert_eq!(becomes(&format!("//Allow: {name} device-mode because \"so\"")), Some(expected));
    for left in [
        "because",
        "because \"so",
        "because \"so\\q\"",
        "since so",
        "always because so",
        "because so\n// and so on",
    ] {
        assert_eq!(becomes(&format!("// allow {name} {left}")), None, "{left}");
    }
}

/// A file keeps its line ends, whatever they are.
#[test]
fn fixes_keep_line_ends() {
    let text = "consentry 1\r\npolicy \"a\"\r\ninclude prelude \"segment-strict\"\r\ncategory A  // allow exempt-without-reason because \"of x\"\r\n\
                // allow exempt-without-reason because \"of y\"\r\ndestination \"X\"  needs A\r\n";
    let files = BTreeMap::from([("a".to_owned(), text.to_owned())]);
    let linted = linted(&files, "a");
    let edited = lint::edited(&linted.files, &linted.diagnostics);
    let [fixed] = edited.values().collect::<Vec<_>>()[..] else { panic!("one file") };
    let expected = text
        .replace("  // allow exempt-without-reason because \"of x\"", "")
        .replace("// allow exempt-without-reason because \"of y\"\r\n", "");
    assert_eq!((fixed.text.as_str(), fixed.count), (expected.as_str(), 2));
}

/// Fixes that touch each other are not applied together, and preludes are never changed.
#[test]
fn only_fixes_that_fit_together_are_applied() {
    let text = "consentry 1
policy \"acme web\"
include prelude \"segment\"
include \"empty.consent\" // allow unmapped-destination because \"it was there\"
include \"empty.consent\"
";
    let files = BTreeMap::from([
        ("a".to_owned(), text.to_owned()),
        ("empty.consent".to_owned(), "consentry 1\n".to_owned()),
    ]);
    let mut files = files;
    let mut rounds = 0;
    loop {
        let linted = linted(&files, "a");
        let edited = lint::edited(&linted.files, &linted.diagnostics);
        if edited.is_empty() {
            break;
        }
        for (file, fixed) in edited {
            assert!(!linted.files.is_prelude(file));
            files.insert(linted.files.name(file).to_owned(), fixed.text);
        }
        rounds += 1;
        assert!(rounds < 10);
    }
    // A line of which two fixes leave nothing is for the formatter.
    assert_eq!(files["a"].trim_end(), "consentry 1\npolicy \"acme web\"\ninclude prelude \"segment\"");
    Policy::from_source(&source(&files), "a").unwrap();
}
