//! Diagnostics as SARIF 2.1.0, the format in which code scanning takes the findings of every tool.
//!
//! Texts that people read have harmful characters shown by their number; what a fix inserts is exact.

use super::said;
use crate::diagnostic::{Code, Diagnostic, FileId, Files, Fix, Label, Severity, Span, visible};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{MAIN_SEPARATOR, Path};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What the names of preludes are relative to: a place that only we know. A scheme of their own would say the same, but code
/// scanning refuses a whole document for one URI of another scheme than `file`.
const PRELUDES: &str = "PRELUDES";

/// The most results of a run. GitHub refuses a whole document with more.
const MAX_RESULTS: usize = 25_000;

/// Diagnostics of any number of files, as one SARIF document.
#[derive(Serialize)]
pub struct Log(Value);

impl Log {
    /// Creates the document of diagnostics, each with the files that it points into. It keeps 25,000, errors before
    /// warnings, and a notification gives the number of the others.
    pub fn new<'a>(diagnostics: impl Iterator<Item = (&'a Diagnostic, &'a Files)>) -> Self {
        let mut diagnostics: Vec<_> = diagnostics.collect();
        let all = diagnostics.len();
        if all > MAX_RESULTS {
            diagnostics.sort_by_key(|(diagnostic, _)| diagnostic.severity != Severity::Error);
            diagnostics.truncate(MAX_RESULTS);
        }
        let codes: BTreeSet<Code> = diagnostics.iter().map(|(diagnostic, _)| diagnostic.code).collect();
        let results = diagnostics.iter().map(|(diagnostic, files)| {
            let mut locations = diagnostic.labels.iter().map(|label| location(files, label));
            // Code scanning refuses a result without a location, so that the file has to do.
            let first = locations.next().or_else(|| files.names().next().map(whole));
            without_empty(json!({
                "ruleId": diagnostic.code.to_string(),
                "ruleIndex": codes.range(..diagnostic.code).count(),
                "level": diagnostic.severity,
                "message": text(&said(diagnostic)),
                "locations": Vec::from_iter(first),
                "relatedLocations": locations.collect::<Vec<_>>(),
                "fixes": diagnostic.fix.iter().map(|found| fix(found, files)).collect::<Vec<_>>(),
            }))
        });
        let mut run = json!({
            "tool": {
                "driver": {
                    "name": env!("CARGO_PKG_NAME"),
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": codes.iter().map(rule).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        });
        if let (Value::Object(members), true) = (&mut run, all > MAX_RESULTS) {
            members.insert("invocations".to_owned(), json!([left_out(all)]));
        }
        Log(json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}))
    }
}

/// Returns the invocation of a run that does not have all results.
fn left_out(all: usize) -> Value {
    let message = format!(
        "{} of {all} findings are left out, warnings first: code scanning refuses a run with more than {MAX_RESULTS} results; `--format json` has all of them",
        all - MAX_RESULTS
    );
    // The work was done; how it ended is the exit status.
    json!({
        "executionSuccessful": true,
        "toolExecutionNotifications": [{"level": "warning", "message": {"text": message}}],
    })
}

fn rule(code: &Code) -> Value {
    let page = code.page();
    json!({
        "id": code.to_string(),
        "name": code.name(),
        "shortDescription": {"text": code.sentence()},
        "fullDescription": {"text": why(page)},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": code.severity()},
    })
}

/// What a page says between its title and its examples, as one line a paragraph.
fn why(page: &str) -> String {
    let after_title = page.split_once("\n\n").map_or(page, |(_, rest)| rest);
    let why = after_title.split("\n## ").next().unwrap_or_default();
    why.trim().split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// Returns a message. In SARIF, `[words](place)` is a link, and no author of a policy makes links.
fn text(text: &str) -> Value {
    json!({"text": text.replace("](", "\\](")})
}

fn location(files: &Files, label: &Label) -> Value {
    without_empty(json!({
        "physicalLocation": {
            "artifactLocation": artifact(files, label.span.file),
            "region": region(files, label.span),
        },
        "message": (!label.text.is_empty()).then(|| text(&visible(&label.text))),
    }))
}

fn whole(name: &str) -> Value {
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(name)}}})
}

fn artifact(files: &Files, file: FileId) -> Value {
    let base = files.is_prelude(file).then_some(PRELUDES);
    without_empty(json!({"uri": uri(files.name(file)), "uriBaseId": base}))
}

/// Returns a region. Its end column is the one after the last character, as in SARIF.
fn region(files: &Files, span: Span) -> Value {
    let (start, end) = (files.position(span), files.end_position(span));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn fix(fix: &Fix, files: &Files) -> Value {
    let mut replacements: BTreeMap<FileId, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        replacements.entry(edit.span.file).or_default().push(json!({
            "deletedRegion": region(files, edit.span),
            "insertedContent": {"text": edit.text},
        }));
    }
    let changes = replacements.into_iter().map(|(file, replacements)| {
        json!({"artifactLocation": artifact(files, file), "replacements": replacements})
    });
    json!({"description": text(&visible(&fix.title)), "artifactChanges": changes.collect::<Vec<_>>()})
}

/// Returns an object without the members that are null or an empty list.
fn without_empty(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, value| !value.is_null() && *value != json!([]));
    }
    object
}

/// The name of a file as a URI, which is relative as long as the name is.
fn uri(name: &str) -> String {
    let mut uri = String::from(if Path::new(name).is_absolute() { "file:///" } else { "" });
    let name = name.replace(MAIN_SEPARATOR, "/");
    for byte in name.trim_start_matches('/').bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
