//! Old words: each is an error that gives the new word, and `lint --fix` writes it.
//!
//! `tests/old_words/` has the shipped policies as they were before the words changed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use consentry::Policy;
use consentry::diagnostic::Code;
use consentry::exact::fingerprint;
use consentry::lint::{self, Levels, Linted};
use consentry::model::prelude;
use consentry::source::Memory;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use text::run;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(below(&path)),
            false => files.push(path),
        }
    }
    files.sort();
    files
}

fn linted(text: &str) -> Linted {
    lint::lint(&Memory::from([("policy.consent", text)]), "policy.consent", &Levels::default())
}

/// The text with all fixes of errors in it.
fn fixed(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..10 {
        let linted = linted(&text);
        let errors: Vec<_> = linted
            .diagnostics
            .iter()
            .filter(|found| found.code.is_old_word() || !found.code.is_lint())
            .collect();
        match lint::edited(&linted.files, errors).into_values().next() {
            Some(edited) => text = edited.text,
            None => return text,
        }
    }
    panic!("the fixes do not come to an end:\n{text}");
}

#[test]
fn shipped_policies_in_old_words_become_the_shipped_policies() {
    let folder = tempfile::tempdir().unwrap();
    let old = root().join("tests/old_words");
    for file in below(&old) {
        let to = folder.path().join(file.strip_prefix(&old).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    let path = folder.path().to_str().unwrap().to_owned();

    // One error for each old word, counted by hand; `segment` also lacks a setting that is new.
    let before = run(&["lint", &path, "--format", "json"], b"");
    assert_eq!(before.status, 1, "{}", before.err);
    let mut errors: BTreeMap<String, usize> = BTreeMap::new();
    let document: serde_json::Value = serde_json::from_str(&before.out).unwrap();
    for found in document["diagnostics"].as_array().unwrap() {
        assert_eq!(found["severity"], "error", "{found}");
        assert!(!found["fix"].is_null(), "{found}");
        let file = found["places"][0]["file"].as_str().unwrap().rsplit('/').next().unwrap();
        *errors.entry(file.to_owned()).or_default() += 1;
    }
    let expected = [
        ("advertising.consent", 2),
        ("audience.consent", 2),
        ("categories.consent", 1),
        ("gazette-tests.consent", 16),
        ("gazette.consent", 7),
        ("operations.consent", 3),
        ("segment-2023-overview.consent", 5),
        ("segment-2023-reconcile.consent", 5),
        ("segment-strict.consent", 14),
        ("segment.consent", 18),
        ("shop.consent", 30),
    ];
    let expected: BTreeMap<String, usize> =
        expected.into_iter().map(|(file, count)| (file.to_owned(), count)).collect();
    assert_eq!(errors, expected);

    let run = run(&["lint", &path, "--fix"], b"");
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    for (old, shipped) in [
        ("segment.consent", "policies/segment.consent"),
        ("segment-strict.consent", "policies/segment-strict.consent"),
        ("segment-2023-overview.consent", "policies/segment-2023-overview.consent"),
        ("segment-2023-reconcile.consent", "policies/segment-2023-reconcile.consent"),
        ("examples/shop.consent", "policies/examples/shop.consent"),
        ("examples/gazette/gazette.consent", "policies/examples/gazette/gazette.consent"),
    ] {
        let fixed = Policy::load(folder.path().join(old)).unwrap_or_else(|error| panic!("{old}: {error}"));
        let shipped = Policy::load(root().join(shipped)).unwrap();
        // A prelude without destinations decides nothing, so that each gets two.
        let with_destinations = |policy: &Policy, path: &Path| match policy.destinations() {
            [] => {
                let text = fs::read_to_string(path).unwrap();
                let more = "category Ads destination \"X\" needs Ads destination \"Y\" unmapped";
                Policy::parse(&format!("{text}\n{more}")).unwrap()
            }
            _ => policy.clone(),
        };
        let fixed = with_destinations(&fixed, &folder.path().join(old));
        let path = root().join("policies").join(old);
        let shipped = with_destinations(&shipped, &path);
        assert_eq!(fingerprint(&fixed).unwrap(), fingerprint(&shipped).unwrap(), "{old}");
        assert_eq!(fixed.ledger_check(), shipped.ledger_check(), "{old}");
        assert_eq!(fixed.also_records(), shipped.also_records(), "{old}");
    }
}

/// Each old form, its codes, and the text that its fix makes. Comments and layout stay.
#[test]
fn every_old_form_has_its_fix() {
    let reconcile = |rows: &str| format!("override reconcile {{\n  consent integrations enforce\n{rows}\n}}");
    let test = |line: &str| format!("test \"t\" {{\n  {line}\n  block \"X\"\n}}");
    let forms: Vec<(String, String, &[Code])> = vec![
        (
            reconcile("  given | none given given consent\n  any any nothing"),
            reconcile("  answered | unanswered present consent\n  any any nothing"),
            &[Code::OldConsentGiven, Code::OldNoneGiven, Code::OldIntegrationsGiven],
        ),
        (
            reconcile("  none // no\n  given any consent\n  any any nothing"),
            reconcile("  unanswered // no\n   any consent\n  any any nothing"),
            &[Code::OldNoneGiven],
        ),
        (
            "destination \"Z\" unmapped also \"a\", \"b\" // two".into(),
            "destination \"Z\" unmapped alias \"a\", \"b\" // two".into(),
            &[Code::OldAlso],
        ),
        (
            "destination \"Z\" unmapped also shared \"a\", shared \"b\"".into(),
            "destination \"Z\" unmapped shared alias \"a\", \"b\"".into(),
            &[Code::OldAlso],
        ),
        (
            "destination \"Z\" unmapped also \"a\", // own\n  shared \"b\", \"c\",shared \"d\"".into(),
            "destination \"Z\" unmapped alias \"a\" // own\n  shared alias \"b\" alias \"c\" shared alias \"d\"".into(),
            &[Code::OldAlso],
        ),
        (
            "category Z switched off".into(),
            "category Z unenforced".into(),
            &[Code::OldSwitchedOff],
        ),
        (
            "category Z always switched // not yet\n  off \"text\"".into(),
            "category Z always unenforced // not yet\n   \"text\"".into(),
            &[Code::OldSwitchedOff],
        ),
        (
            "override unreadable integrations count as  off".into(),
            "override invalid entries  off".into(),
            &[Code::OldUnreadableIntegrations],
        ),
        (
            "never deliver \"X\" when \"X\" unreadable | off and All unreadable".into(),
            "never deliver \"X\" when \"X\" invalid | off and All invalid".into(),
            &[Code::OldUnreadable, Code::OldUnreadable],
        ),
        (
            test("consent { A: true, \"B b\": false, library: null }"),
            test("consent { A: granted, \"B b\": refused, \"library\": invalid }"),
            &[Code::ReservedWord],
        ),
        (
            test("consent { A: true, \"B b\": false }"),
            test("consent { A: granted, \"B b\": refused }"),
            &[Code::OldTestValue, Code::OldTestValue],
        ),
        (
            test("integrations { \"X\": true, All: false, \"Y\": null }"),
            test("integrations { \"X\": on, All: off, \"Y\": invalid }"),
            &[Code::OldTestValue, Code::OldTestValue, Code::OldTestValue],
        ),
        (
            "test \"t\" { consent none given deliver \"X\" because switched_off }".into(),
            "test \"t\" { consent unanswered deliver \"X\" because unenforced }".into(),
            &[Code::OldNoneGiven, Code::OldSwitchedOff],
        ),
        (
            "override preferences at context.consent,also spelled choices, \"my own\"".into(),
            "override consent at context.consent alias choices, \"my own\"".into(),
            &[Code::OldPreferencesAt, Code::OldAlsoSpelled],
        ),
        ("override exempt event none".into(), "override exempt events none".into(), &[Code::OldExemptEvent]),
        (
            "override ledger records \"a\", \"b\"".into(),
            "override preference events \"a\", \"b\"\noverride ledger also records  nothing".into(),
            &[Code::OldLedgerRecords],
        ),
        (
            "override ledger records identify, \"a\" // why\ncategory Z".into(),
            "override preference events  \"a\" // why\noverride ledger also records  identify\ncategory Z".into(),
            &[Code::OldLedgerRecords],
        ),
        (
            "override ledger records identify category Z".into(),
            "override preference events none\noverride ledger also records  identify\n category Z".into(),
            &[Code::OldLedgerRecords],
        ),
        (
            "override verify unknown  refuse".into(),
            "override ledger unknown  refuse".into(),
            &[Code::OldVerify],
        ),
        // No prelude set it, and all of them do today.
        ("verify mismatch drop".into(), "override ledger mismatch drop".into(), &[Code::OldVerify]),
        ("override gate table".into(), "override gate opens on any grant".into(), &[Code::OldGate]),
        ("override gate relevant".into(), "override gate opens on needed grant".into(), &[Code::OldGate]),
        ("override gate exact".into(), "override gate opens on delivery".into(), &[Code::OldGate]),
        (
            "override gate closed without consent".into(),
            "override gate without consent closed".into(),
            &[Code::OldGateWithoutConsent],
        ),
        (
            "override model implied means opt-in".into(),
            "override implied consent opt-in".into(),
            &[Code::OldModelImplied],
        ),
        (
            "override visit loads when granted".into(),
            "override library loads when granted".into(),
            &[Code::OldVisitLoads],
        ),
        (
            "lint C507 off because \"so\"".into(),
            "lint unmapped-destination off because \"so\"".into(),
            &[Code::OldLintCode],
        ),
        (
            "// allow C507, C510 because we say \"so\"\ncategory Z".into(),
            "// allow unmapped-destination, always-delivered because \"we say \\\"so\\\"\"\ncategory Z".into(),
            &[Code::OldAllowComment],
        ),
        (
            "category Z // allow C508".into(),
            "category Z // allow unused-category".into(),
            &[Code::OldAllowComment],
        ),
        (
            "category Z // allow C508 because \"so\"".into(),
            "category Z // allow unused-category because \"so\"".into(),
            &[Code::OldAllowComment],
        ),
        // A reason that begins with a quote, and is no text in quotes, is quoted as a whole.
        (
            "category Z // allow C508: because \"so\" and more".into(),
            "category Z // allow unused-category: because \"\\\"so\\\" and more\"".into(),
            &[Code::OldAllowComment],
        ),
        // Sentences, and what is in new words, stay.
        ("// allow 503 answers because the CDN sends them".into(), String::new(), &[]),
        ("// allow C4 only, because it is safe".into(), String::new(), &[]),
        ("// allow constant-requirement because \"so\"".into(), String::new(), &[]),
        // Names that the language did not have as words.
        (
            "category library \"Books\"".into(),
            "category \"library\" \"Books\"".into(),
            &[Code::ReservedWord],
        ),
        (
            "destination \"Z\" needs any of\n  A,\n  library".into(),
            "destination \"Z\" needs any of\n  A,\n  \"library\"".into(),
            &[Code::ReservedWord],
        ),
        ("category library".into(), "category \"library\"".into(), &[Code::ReservedWord]),
        (
            "destination \"Z\" needs any of A, library mode device".into(),
            "destination \"Z\" needs any of A, \"library\" mode device".into(),
            &[Code::ReservedWord],
        ),
        (
            "category \"present\" never deliver \"X\" when present not granted".into(),
            "category \"present\" never deliver \"X\" when \"present\" not granted".into(),
            &[Code::ReservedWord],
        ),
    ];
    let base = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A\ncategory \"B b\"\n\
                destination \"X\" needs A\ndestination \"Y\" unmapped\n";
    let shown: BTreeSet<Code> = forms.iter().flat_map(|(_, _, codes)| *codes).copied().collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().filter(|code| code.is_old_word()).collect();
    assert_eq!(all.difference(&shown).collect::<Vec<_>>(), Vec::<&Code>::new(), "a form of each code");
    for (old, new, codes) in forms {
        let base = if old.contains("library")
            && !old.contains("category library")
            && !old.contains("visit")
            && !old.contains("present")
        {
            format!("{base}category \"library\"\n")
        } else {
            base.to_owned()
        };
        let text = format!("{base}{old}\n");
        let found: Vec<Code> = linted(&text)
            .diagnostics
            .iter()
            .map(|found| found.code)
            .filter(|code| code.is_old_word() || !code.is_lint())
            .collect();
        assert_eq!(found, codes, "{old}");
        let expected = if new.is_empty() { text.clone() } else { format!("{base}{new}\n") };
        let fixed = fixed(&text);
        assert_eq!(fixed, expected, "{old}");
        Policy::parse(&fixed).unwrap_or_else(|error| panic!("{error}\n{fixed}"));
    }
}

/// A policy without a prelude gets the settings that are new, with the values that change no decision.
#[test]
fn settings_that_are_new_are_added() {
    let old = "consentry 1\npolicy \"p\"\nreconcile { consent integrations enforce any any consent }\n\
               unmapped destinations block\nseveral categories need all\nunreadable integrations count as off\n\
               exempt event none\npreferences at context.consent.choices\ncategory A\ndestination \"X\" needs A";
    let codes = |text: &str| -> Vec<Code> {
        linted(text)
            .diagnostics
            .iter()
            .map(|found| found.code)
            .filter(|code| code.is_old_word() || !code.is_lint())
            .collect()
    };
    let expected =
        [Code::MissingSetting, Code::OldUnreadableIntegrations, Code::OldExemptEvent, Code::OldPreferencesAt];
    assert_eq!(codes(old), expected);
    let fixed = fixed(old);
    let policy = Policy::parse(&fixed).unwrap();
    assert!(policy.ledger_check().is_none());
    let names: Vec<&str> = policy.preference_events().value.iter().map(|name| name.value.as_str()).collect();
    assert_eq!(names, ["Segment Consent Preference", "Segment Consent Preference Updated"]);
    assert_eq!(fixed.lines().filter(|line| line.starts_with("ledger ")).count(), 11);
    // A setting that decides is never added: its value is for a person to choose.
    let without = fixed.replace("unmapped destinations block\n", "");
    let missing = linted(&without);
    let missing = missing.diagnostics.iter().find(|found| found.code == Code::MissingSetting).unwrap();
    assert!(missing.fix.is_none() && missing.message.contains("`unmapped destinations`"), "{missing:?}");
}

/// No prelude used to set `ledger mismatch`, so a fix overrides it. Of other facts that are declared twice the author decides.
#[test]
fn only_the_ledgers_switch_is_overridden_by_a_fix() {
    let text = "consentry 1\npolicy \"p\"\nledger mismatch drop\ninclude prelude \"segment\"\n";
    assert_eq!(fixed(text), text.replace("ledger mismatch", "override ledger mismatch"));
    for twice in ["destination \"X\" unmapped", "unmapped destinations block", "ledger unknown refuse"] {
        let text = format!(
            "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ndestination \"X\" unmapped disabled\n{twice}\n"
        );
        let linted = linted(&text);
        let [twice] = &linted.diagnostics[..] else { panic!("{:?}", linted.diagnostics) };
        assert!(twice.code == Code::DuplicateDeclaration && twice.fix.is_none(), "{twice:?}");
    }
}

/// However many there are, one run finds and fixes all of them.
#[test]
fn very_many_old_words_are_fixed_at_once() {
    let mut text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n".to_owned();
    for number in 0..3_000 {
        text.push_str(&format!("destination \"{number}\" unmapped also \"a {number}\"\n"));
    }
    assert_eq!(linted(&text).diagnostics.len(), 3_000);
    assert_eq!(fixed(&text), text.replace(" also ", " alias "));
}

/// Words that no file may use any more.
const OLD: &[&str] = &[
    "none given",
    "none_given",
    "consent given",
    "integrations given",
    "| given",
    "given |",
    "  given  ",
    "\"given\"",
    "switched off",
    "switched_off",
    "unreadable",
    "further name",
    "also spelled",
    "also shared",
    "override exempt event ",
    "exempt event none",
    "exempt event`",
    "preferences at ",
    "override preferences at",
    "ledger records",
    "verify mismatch",
    "verify un",
    "verify conflict",
    "gate table",
    "gate relevant",
    "gate exact",
    "gate open without",
    "gate closed without",
    "model implied means",
    "visit loads",
    "lint C5",
    "allow C5",
    "consentry-2-",
];

/// The old word of a line, whose words may stand in columns.
fn old_word(line: &str) -> Option<&'static str> {
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let statement = words.starts_with("exempt event \"").then_some("exempt event");
    statement.or_else(|| OLD.iter().copied().find(|word| line.contains(word) || words.contains(word)))
}

/// No file uses an old word, except those that are about old words.
#[test]
fn old_words_are_gone() {
    let about_old_words = |path: &str| {
        path.starts_with("tests/old_words")
            || path.starts_with("tests/mistakes/old_words")
            || path == "tests/lint/C534.md"
            || path.starts_with("fuzz/corpus/")
            || path == "fuzz/policy.dict"
            // Segment's and OneTrust's own words.
            || path.starts_with("tests/documents/")
            || [
                "grammar/consent.pest",
                "src/syntax/builder/cases.rs",
                "src/syntax/advice.rs",
                "src/syntax/builder/facts.rs",
                "src/syntax/generated.rs",
                "src/syntax/keywords.rs",
                "src/syntax/builder/old_forms.rs",
                "src/syntax/old_words.rs",
                "src/syntax/builder/settings.rs",
            ]
            .contains(&path)
            || Code::ALL
                .iter()
                .any(|code| code.is_old_word() && path == format!("src/diagnostic/pages/{code}.md"))
    };
    let mut checked = 0;
    let mut found = Vec::new();
    for place in ["benches", "fuzz", "grammar", "policies", "src", "tests", "README.md", "CHANGELOG.md"] {
        let place = root().join(place);
        let all = if place.is_dir() { below(&place) } else { vec![place] };
        for file in all {
            let path = file.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            if about_old_words(&path) || path.contains("/target/") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&file) else { continue };
            checked += 1;
            let mut is_old_page = false;
            for (number, line) in text.lines().enumerate() {
                // The list of all pages has those of old words too.
                if path == "grammar/codes.md" && (line.starts_with("## ") || line.starts_with("| [")) {
                    is_old_page = line.contains("old-");
                }
                if path == "src/diagnostic/code.rs"
                    && (line.trim_start().starts_with("///") || line.contains(" \"old-"))
                {
                    continue;
                }
                let word = old_word(line).filter(|_| !is_old_page);
                found.extend(word.map(|word| format!("{path}:{}: {word}: {line}", number + 1)));
            }
        }
    }
    assert!(checked > 300, "only {checked} files");
    assert!(found.is_empty(), "{} lines\n{}", found.len(), found.join("\n"));
}

/// The guard sees each old word of the shipped policies, but for values and commas, which are no words of their own.
#[test]
fn the_list_of_old_words_is_complete() {
    let mut seen = 0;
    for file in below(&root().join("tests/old_words")) {
        let text = fs::read_to_string(&file).unwrap();
        for found in linted(&text).diagnostics {
            if !found.code.is_old_word() || [Code::OldTestValue, Code::OldAlso].contains(&found.code) {
                continue;
            }
            let (start, end) = (found.span().unwrap().start, found.span().unwrap().end);
            let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
            let lines = &text[from..to];
            assert!(old_word(lines).is_some(), "{}: {lines}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
    assert!(prelude("segment").is_some_and(|text| !OLD.iter().any(|word| text.contains(word))));
}

/// A setting that is new is added once, though two policies lack it: to the one that the other includes.
#[test]
fn settings_are_added_to_the_included_policy() {
    let folder = tempfile::tempdir().unwrap();
    let included = "consentry 1\npolicy \"a\"\nreconcile { consent integrations enforce any any consent }\n\
                    unmapped destinations block\nseveral categories need all\nunreadable integrations count as off\n\
                    exempt event none\npreferences at context.consent.choices\n";
    let policy = "consentry 1\npolicy \"p\"\ninclude \"a.consent\"\noverride unmapped destinations deliver\n";
    fs::write(folder.path().join("a.consent"), included).unwrap();
    fs::write(folder.path().join("p.consent"), policy).unwrap();
    let run = run(&["lint", "--fix", folder.path().to_str().unwrap()], b"");
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    assert_eq!(fs::read_to_string(folder.path().join("p.consent")).unwrap(), policy);
    assert!(Policy::load(folder.path().join("p.consent")).is_ok());
}

/// A fix writes the line ends that the file has.
#[test]
fn fixes_keep_the_line_ends() {
    let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\noverride ledger records \"a\"\n";
    let crlf = text.replace('\n', "\r\n");
    assert_eq!(fixed(&crlf), fixed(text).replace('\n', "\r\n"));
    assert_ne!(fixed(text), text);
}

/// Fingerprints hash no words. If a rename changes one of these, contracts that name it are void.
#[test]
fn fingerprints_outlive_renames() {
    for (policy, expected) in [
        ("shop.consent", "62943878192094ffb7899998ced7bca71a57cb3f39d6abc6f28e68ef780ef876"),
        ("gazette/gazette.consent", "d984f3b8bc020172788a83b54e94298d4163c759a964d44ba084b5246f22e715"),
    ] {
        let policy = Policy::load(root().join("policies/examples").join(policy)).unwrap();
        assert_eq!(fingerprint(&policy).unwrap().to_string(), format!("consentry-3-sha256:{expected}"));
    }
}
