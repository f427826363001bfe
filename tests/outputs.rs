//! What `lint` writes in each of its formats: the same findings in the same order, in the form that each format's readers
//! document.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/examples.rs"]
mod examples;

use consentry::diagnostic::{Code, Diagnostic, Edit, Files, Fix, Severity, visible};
use consentry::lint::{self, Levels, Linted};
use consentry::model::{prelude, prelude_names};
use consentry::report::lint::LintReport;
use consentry::report::{github, json, sarif};
use consentry::source::Memory;
use examples::{example, section};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How many findings people are shown.
const MAX_SHOWN: usize = 200;

/// A file to lint, by its path from a folder.
struct Input {
    folder: PathBuf,
    path: String,
    /// Keeps the folder.
    _made: Option<tempfile::TempDir>,
}

impl Input {
    fn lint(&self, format: &str) -> String {
        let mut command = common::command(&["lint", "--format", format, &self.path]);
        let output = common::run_command(command.current_dir(&self.folder), b"");
        assert!(output.stderr.is_empty(), "{}: {}", self.path, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn findings(&self) -> Vec<Value> {
        let document: Value = serde_json::from_str(&self.lint("json")).unwrap();
        document["diagnostics"].as_array().unwrap().clone()
    }

    /// What the author wrote, in all files that may be shown.
    fn written(&self) -> String {
        let mut all: String = prelude_names().filter_map(prelude).collect();
        let mut folders = vec![self.folder.join(&self.path).parent().unwrap().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                match path.is_dir() {
                    true => folders.push(path),
                    false if path.extension().is_some_and(|extension| extension == "consent") => {
                        all.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap()));
                    }
                    false => {}
                }
            }
        }
        all
    }
}

/// Every file of `tests/mistakes`, and the wrong example of every page.
fn inputs() -> Vec<Input> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut mistakes: Vec<String> = fs::read_dir(root.join("tests/mistakes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".consent"))
        .map(|name| format!("tests/mistakes/{name}"))
        .collect();
    mistakes.sort();
    let mistakes = mistakes.into_iter().map(|path| Input { folder: root.to_owned(), path, _made: None });
    let pages = Code::ALL.iter().map(|code| {
        let (path, files) = example(section(code.page(), "Wrong"));
        let folder = tempfile::tempdir().unwrap();
        // An example of one file may leave it without a name.
        let named = |name: &str| if name.is_empty() { "a.consent".to_owned() } else { name.to_owned() };
        for (name, bytes) in &files.0 {
            let to = folder.path().join(named(name));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, bytes).unwrap();
        }
        Input { folder: folder.path().to_owned(), path: named(&path), _made: Some(folder) }
    });
    mistakes.chain(pages).collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {value}"))
}

/// The message and the help of a finding, as people see them.
fn told(finding: &Value) -> String {
    let mut told = visible(text(finding, "message"));
    if let Some(help) = finding["help"].as_str() {
        told.push_str(&format!("\nhelp: {}", visible(help)));
    }
    told
}

fn is_prelude(name: &str) -> bool {
    name.strip_prefix("prelude ").is_some_and(|name| prelude(name).is_some())
}

/// The published schema, with formats such as `uri-reference` checked. One of its patterns is no regular expression by its own
/// rules, which matters only then: that of a member `language`, which we do not write.
fn validator() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    for owner in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][owner]["properties"]["language"];
        assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
    }
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// One result of a document and the finding that it is; `path` is what was linted.
fn assert_result(result: &Value, rules: &[Value], finding: &Value, path: &str) {
    assert_eq!((&result["ruleId"], &result["level"]), (&finding["code"], &finding["severity"]));
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!((&rule["id"], &rule["name"]), (&finding["code"], &finding["name"]));
    assert_eq!(text(&result["message"], "text").replace("\\](", "]("), told(finding));
    assert_eq!(changes(result), edits(finding));
    let located = |key: &str| result[key].as_array().cloned().unwrap_or_default();
    let mut locations = located("locations");
    assert_eq!(locations.len(), 1, "code scanning needs one, and shows one");
    locations.extend(located("relatedLocations"));
    let places = finding["places"].as_array().unwrap();
    if places.is_empty() {
        let location = &locations[0]["physicalLocation"];
        assert_eq!((file_of(location), &location["region"]), (path.to_owned(), &Value::Null));
        return;
    }
    assert_eq!(locations.len(), places.len());
    for (location, place) in locations.iter().zip(places) {
        let physical = &location["physicalLocation"];
        assert_eq!(file_of(physical), place["file"]);
        assert_eq!(region(place), physical["region"]);
        let label = visible(text(place, "label")).replace("](", "\\](");
        assert_eq!(location["message"]["text"].as_str().unwrap_or_default(), label);
    }
}

/// What the fix of a result does and where, in a fixed order.
fn changes(result: &Value) -> Option<(String, Vec<String>)> {
    let fixes = result["fixes"].as_array()?;
    assert_eq!(fixes.len(), 1);
    let mut changes = Vec::new();
    for change in fixes[0]["artifactChanges"].as_array().unwrap() {
        let file = file_of(change);
        for one in change["replacements"].as_array().unwrap() {
            changes.push(format!("{file} {} {}", one["deletedRegion"], one["insertedContent"]["text"]));
        }
    }
    changes.sort();
    Some((text(&fixes[0]["description"], "text").replace("\\](", "]("), changes))
}

/// The same of a finding in the JSON.
fn edits(finding: &Value) -> Option<(String, Vec<String>)> {
    let edits = finding["fix"]["edits"].as_array()?.iter();
    let mut edits: Vec<String> =
        edits.map(|edit| format!("{} {} {}", text(edit, "file"), region(edit), edit["text"])).collect();
    edits.sort();
    Some((visible(text(&finding["fix"], "title")), edits))
}

/// A place of the JSON as a region of SARIF.
fn region(place: &Value) -> Value {
    let (start, end) = (&place["start"], &place["end"]);
    json!({
        "startLine": start["line"], "startColumn": start["column"],
        "endLine": end["line"], "endColumn": end["column"],
    })
}

/// The name that a URI stands for.
fn file_of(location: &Value) -> String {
    let artifact = &location["artifactLocation"];
    let uri = text(artifact, "uri");
    // Code scanning knows `file:` alone; everything else must be relative.
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    assert!(!path.contains([':', '\\', ' ', '"', '<', '>']), "{uri}");
    assert_eq!(uri.len() != path.len(), path.starts_with('/'), "{uri}");
    let mut bytes = path.bytes();
    let mut name = Vec::new();
    while let Some(byte) = bytes.next() {
        name.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    let name = String::from_utf8(name).unwrap();
    assert_eq!(artifact["uriBaseId"] == "PRELUDES", is_prelude(&name), "{uri}");
    name
}

/// The results of a document, which is valid, beside the findings of the JSON.
fn assert_sarif(validator: &jsonschema::Validator, written: &str, findings: &[Value], path: &str) {
    let document: Value = serde_json::from_str(written).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{path}: {errors:?}");
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    let run = &document["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!((text(driver, "name"), text(driver, "version")), ("consentry", env!("CARGO_PKG_VERSION")));
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        let code: Code = text(rule, "id").parse().unwrap();
        assert_eq!(text(rule, "name"), code.name());
        assert_eq!(rule["shortDescription"]["text"], code.sentence());
        assert_eq!(rule["help"]["markdown"], code.page());
        assert_eq!(rule["defaultConfiguration"]["level"], code.severity().as_str());
        let full = text(&rule["fullDescription"], "text");
        assert!(full.len() > 40 && !full.contains("# ") && code.page().contains(&full[..20]), "{full}");
        assert!(findings.iter().any(|finding| finding["code"] == rule["id"]), "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), findings.len(), "{path}");
    for (result, finding) in results.iter().zip(findings) {
        assert_result(result, rules, finding, path);
    }
}

/// A workflow command, read as GitHub documents it.
struct Annotation {
    command: String,
    properties: BTreeMap<String, String>,
    message: String,
}

impl Annotation {
    fn read(line: &str) -> Self {
        let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        let properties = properties.split(',').map(|property| {
            let (key, value) = property.split_once('=').unwrap();
            (key.to_owned(), unescaped(value, &["25", "0D", "0A", "3A", "2C"]))
        });
        let all = properties.clone().count();
        let properties: BTreeMap<_, _> = properties.collect();
        assert_eq!(properties.len(), all, "a property twice: {line}");
        Annotation {
            command: command.to_owned(),
            properties,
            message: unescaped(message, &["25", "0D", "0A"]),
        }
    }

    fn number(&self, key: &str) -> Value {
        self.properties.get(key).map_or(Value::Null, |number| json!(number.parse::<u64>().unwrap()))
    }
}

fn unescaped(value: &str, known: &[&str]) -> String {
    let mut parts = value.split('%');
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        assert!(known.contains(&digits), "`%{digits}` in {value}");
        plain.push(char::from(u8::from_str_radix(digits, 16).unwrap()));
        plain.push_str(rest);
    }
    plain
}

/// A file's name, of which only line breaks may be what no person sees.
fn shown(name: &str) -> String {
    let shown = name.chars().map(|char| match char {
        '\r' | '\n' => char.to_string(),
        char => visible(&char.to_string()),
    });
    shown.collect()
}

fn assert_annotations(written: &str, findings: &[Value], path: &str) {
    let lines: Vec<&str> = written.split_terminator('\n').collect();
    assert_eq!(lines.len(), findings.len(), "{path}: {written}");
    for (line, finding) in lines.into_iter().zip(findings) {
        assert_eq!(visible(line), line, "nothing harms who reads the log");
        let annotation = Annotation::read(line);
        assert_eq!(annotation.command, text(finding, "severity"));
        assert_eq!(annotation.properties["title"], format!("consentry {}", label(finding)));
        let place = &finding["places"][0];
        let (mut file, mut message) = (place["file"].as_str().map(shown), told(finding));
        let mut numbers = [
            &place["start"]["line"],
            &place["end"]["line"],
            &place["start"]["column"],
            &place["end"]["column"],
        ];
        if place.is_null() {
            file = Some(shown(path));
        } else if is_prelude(text(place, "file")) {
            message = format!("{}:{}: {message}", text(place, "file"), numbers[0]);
            (file, numbers) = (None, [&Value::Null; 4]);
        } else if numbers[0] != numbers[1] {
            // GitHub takes columns only within one line.
            (numbers[2], numbers[3]) = (&Value::Null, &Value::Null);
        }
        assert_eq!((annotation.properties.get("file"), &annotation.message), (file.as_ref(), &message));
        let written = ["line", "endLine", "col", "endColumn"].map(|key| annotation.number(key));
        assert_eq!(written.each_ref(), numbers, "{line}");
        let known = ["file", "line", "endLine", "col", "endColumn", "title"];
        assert!(annotation.properties.keys().all(|key| known.contains(&key.as_str())), "{line}");
    }
}

/// The name and the code of a finding.
fn label(finding: &Value) -> String {
    format!("{} ({})", text(finding, "name"), text(finding, "code"))
}

/// The names and codes of a drawing, one a finding.
fn drawn(output: &str) -> Vec<&str> {
    let is_code = |line: &&str| Code::ALL.iter().any(|code| code.label() == *line);
    output.lines().filter(is_code).collect()
}

fn assert_narrated(output: &str, findings: &[Value]) {
    let mut rest = output;
    for finding in findings {
        let mut expected = vec![format!(
            "{}\n    Diagnostic severity: {}\n",
            visible(text(finding, "message")),
            text(finding, "severity")
        )];
        let place = &finding["places"][0];
        if let Some(file) = place["file"].as_str() {
            expected.push(format!("Begin snippet for {} starting at line ", visible(file)));
        }
        if let Some(help) = finding["help"].as_str() {
            expected.push(format!("diagnostic help: {}\n", visible(help)));
        }
        expected.push(format!("diagnostic code: {}\n", label(finding)));
        if let Some(file) = place["file"].as_str() {
            let (line, column) = (&place["start"]["line"], &place["start"]["column"]);
            expected.push(format!("diagnostic place: {}:{line}:{column}\n", visible(file)));
        }
        for part in expected {
            let at = rest.find(&part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
            rest = &rest[at + part.len()..];
        }
    }
    assert_eq!(output.matches("diagnostic code: ").count(), findings.len());
    assert!(!output.contains(['│', '─', '×', '╭']), "{output}");
}

#[test]
fn every_format_is_tested_here() {
    let help = String::from_utf8(common::run(&["lint", "--help"], b"").stdout).unwrap();
    let listed = help.split("How the findings are written").nth(1).unwrap();
    let listed = listed.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split_once(':'));
    let listed: Vec<&str> = listed.map(|(format, _)| format).collect();
    assert_eq!(listed, ["human", "plain", "narrated", "json", "sarif", "github"], "{help}");
}

#[test]
fn every_format_says_the_same() {
    let validator = validator();
    let inputs = inputs();
    assert!(inputs.len() > 100, "only {}", inputs.len());
    let (mut of_others, mut fixes) = (0, 0);
    for input in inputs {
        let findings = input.findings();
        assert!(!findings.is_empty(), "{}", input.path);
        fixes += findings.iter().filter(|finding| finding["fix"].is_object()).count();
        assert_sarif(&validator, &input.lint("sarif"), &findings, &input.path);
        assert_annotations(&input.lint("github"), &findings, &input.path);
        let shown = &findings[..findings.len().min(MAX_SHOWN)];
        let codes: Vec<String> = shown.iter().map(label).collect();
        let (human, plain) = (input.lint("human"), input.lint("plain"));
        assert_eq!(drawn(&human), codes, "{human}");
        assert_eq!(drawn(&plain), codes, "{plain}");
        assert_narrated(&input.lint("narrated"), shown);
        // What is not ASCII is the author's.
        let written = input.written();
        let foreign: Vec<char> = plain.chars().filter(|char| !char.is_ascii()).collect();
        of_others += foreign.len();
        let own: Vec<_> = foreign.into_iter().filter(|char| !written.contains(*char)).collect();
        assert!(own.is_empty(), "{}: a message has {own:?}: it can say `...`, `->` or `x`", input.path);
        assert_eq!(human.lines().last(), plain.lines().last(), "how many there are");
    }
    assert!(of_others > 0 && fixes > 0, "authors write more than ASCII, and some findings have a fix");
}

/// A name and words that end lines, properties and links, or look as if they were escaped, are what they are.
#[cfg(unix)]
#[test]
fn hostile_names_and_words() {
    let names = [
        "a%2Cb,line=1.consent",
        "a:b::error::c.consent",
        "a\n::error file=x::y.consent",
        "a\r%0A\u{1B}[2J\u{202E}.consent",
        "sub folder/%/ü ?#&=+\"'\\.consent",
        "-- a.consent",
    ];
    let policy = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n\
                  destination \"D\" needs \"a%0A,b::c](https://example.com)[%\"\ncategory \"x\u{202E}y\"\n";
    for name in names {
        for bytes in [policy.as_bytes(), b"consentry 1\npolicy \"\xFF\"\n"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            for path in [format!("./{name}"), path.to_str().unwrap().to_owned()] {
                let known = path.strip_prefix("./").unwrap_or(&path).to_owned();
                let input = Input { folder: folder.path().to_owned(), path, _made: None };
                let findings = input.findings();
                if let Some(place) = findings[0]["places"].get(0) {
                    assert_eq!(text(place, "file"), known);
                }
                assert_sarif(&validator(), &input.lint("sarif"), &findings, &known);
                assert_annotations(&input.lint("github"), &findings, &known);
                assert_narrated(&input.lint("narrated"), &findings);
                assert!(!input.lint("sarif").contains("c](https"), "no author makes links");
            }
        }
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// The JSON, the SARIF and the annotation of a diagnostic.
fn machines(diagnostic: &Diagnostic, files: &Files) -> (Vec<Value>, String, String) {
    let one = || std::iter::once((diagnostic, files));
    let json = written(|to| json::write_escaped(to, &LintReport::new(one())).unwrap());
    let document: Value = serde_json::from_str(&json).unwrap();
    let sarif = written(|to| json::write(to, &sarif::Log::new(one())).unwrap());
    let annotation = written(|to| github::annotation(to, diagnostic, files).unwrap());
    (document["diagnostics"].as_array().unwrap().clone(), sarif, annotation)
}

/// A policy of which one finding has its first place in the policy and its second in a prelude.
fn said_twice() -> (Linted, usize) {
    let linted = lint::lint(
        &Memory::from([(
            "ä b.consent",
            "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\nunmapped destinations block\n",
        )]),
        "ä b.consent",
        &Levels::default(),
    );
    let at = linted.diagnostics.iter().position(|found| found.code == Code::DuplicateDeclaration).unwrap();
    (linted, at)
}

/// GitHub has nothing to show a place in a prelude beside.
#[test]
fn a_place_in_a_prelude_is_no_file() {
    let (linted, at) = said_twice();
    let mut diagnostic = linted.diagnostics[at].clone();
    diagnostic.labels.reverse();
    let (findings, sarif, annotation) = machines(&diagnostic, &linted.files);
    assert_eq!(findings[0]["places"][0]["file"], "prelude segment");
    assert_sarif(&validator(), &sarif, &findings, "ä b.consent");
    assert_annotations(&annotation, &findings, "ä b.consent");
    assert!(
        annotation.starts_with("::error title=consentry duplicate-declaration (C302)::prelude segment:19: "),
        "{annotation}"
    );
}

/// The offset of a line and a column, both counted from 1, in characters.
fn offset(text: &str, line: &Value, column: &Value) -> usize {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap() - 1;
    let start: usize = text.split_inclusive('\n').take(number(line)).map(str::len).sum();
    start + text[start..].chars().take(number(column)).map(char::len_utf8).sum::<usize>()
}

#[test]
fn a_fix_is_the_same_change_everywhere() {
    let (linted, at) = said_twice();
    let mut diagnostic = linted.diagnostics[at].clone();
    let (own, other) = (diagnostic.labels[0].span, diagnostic.labels[1].span);
    let at_its_start = |mut span: consentry::diagnostic::Span| {
        span.end = span.start;
        span
    };
    let added = Edit { span: at_its_start(own), text: "override \u{202E}".into() };
    let replaced = Edit { span: other, text: "é\n".into() };
    let edits = vec![replaced.clone(), added.clone()];
    diagnostic.fix = Some(Box::new(Fix { title: "write `override`".into(), edits }));
    let (findings, sarif, _) = machines(&diagnostic, &linted.files);
    assert_sarif(&validator(), &sarif, &findings, "ä b.consent");
    let places = &findings[0]["places"];
    let edit = |place: &Value, end: &str, text: &str| json!({ "file": place["file"], "start": place["start"], "end": place[end], "text": text });
    assert_eq!(
        findings[0]["fix"],
        json!({
            "title": "write `override`",
            "edits": [edit(&places[1], "end", &replaced.text), edit(&places[0], "start", &added.text)],
        })
    );
    let document: Value = serde_json::from_str(&sarif).unwrap();
    let fixes = document["runs"][0]["results"][0]["fixes"].as_array().unwrap().clone();
    assert_eq!((fixes.len(), &fixes[0]["description"]["text"]), (1, &json!("write `override`")));
    let changes = fixes[0]["artifactChanges"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    for (change, edit) in changes.iter().zip([&added, &replaced]) {
        assert_eq!(file_of(change), linted.files.name(edit.span.file));
        let text = linted.files.text(edit.span.file);
        let replacement = &change["replacements"][0];
        let region = &replacement["deletedRegion"];
        let from = offset(text, &region["startLine"], &region["startColumn"]);
        let to = offset(text, &region["endLine"], &region["endColumn"]);
        assert_eq!(
            (from..to, &replacement["insertedContent"]["text"]),
            (edit.span.range(), &json!(edit.text))
        );
    }
}

#[test]
fn nothing_found_is_a_document_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment-strict\"\n";
    fs::write(folder.path().join("fine.consent"), text).unwrap();
    let input = Input { folder: folder.path().to_owned(), path: "fine.consent".into(), _made: Some(folder) };
    assert!(input.findings().is_empty());
    assert_sarif(&validator(), &input.lint("sarif"), &[], "fine.consent");
    assert_eq!(input.lint("github"), "");
    for format in ["human", "plain", "narrated"] {
        let told = input.lint(format);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("fine.consent: consentry-3-sha256:"), "{told}");
        assert_eq!(lines[1..], ["1 policy and 0 parts checked: 0 errors, 0 warnings"]);
    }
}

/// GitHub refuses a document with more than 25,000 results. If there are more, the errors are kept, and a notification gives the number of the others.
#[test]
fn sarif_has_as_many_results_as_github_takes() {
    let (linted, at) = said_twice();
    let error = (&linted.diagnostics[at], &linted.files);
    let mut warning = error.0.clone();
    warning.severity = Severity::Warning;
    let warning = (&warning, &linted.files);
    let document = |warnings: usize| {
        let found = std::iter::repeat_n(warning, warnings).chain([error]);
        written(|to| json::write(to, &sarif::Log::new(found)).unwrap())
    };
    let (full, over) = (document(24_999), document(25_006));
    for document in [&full, &over] {
        assert_eq!(document.matches("\"ruleId\"").count(), 25_000);
    }
    assert!(!full.contains("\"invocations\""));
    let over: Value = serde_json::from_str(&over).unwrap();
    assert_eq!(over["runs"][0]["results"][0]["level"], "error");
    let [invocation] = over["runs"][0]["invocations"].as_array().unwrap().as_slice() else {
        panic!("{over}")
    };
    assert_eq!(invocation["executionSuccessful"], true);
    let note = &invocation["toolExecutionNotifications"][0];
    let message = note["message"]["text"].as_str().unwrap();
    assert!(
        note["level"] == "warning" && message.starts_with("7 of 25007 findings are left out"),
        "{message}"
    );
    // The schema takes time for so many results.
    let mut short = over.clone();
    short["runs"][0]["results"].as_array_mut().unwrap().truncate(2);
    assert!(validator().is_valid(&short));
}
