//! Diagnostics as SARIF 2.1.0, the format in which code scanning takes the findings of every tool.
//!
//! Texts that people read have harmful characters shown by their number; what a fix inserts is exact.

use super::said;
use crate::diagnostic::{Code, Diagnostic, FileId, Files, Fix, Label, Severity, Span, visible};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{MAIN_SEPARATOR, Path};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What the names of preludes are relative to: a place that only we know. A scheme of their own would say the same, but code
/// scanning refuses a whole document for one URI of another scheme than `file`.
const PRELUDES: &str = "PRELUDES";

/// Diagnostics of any number of files, as one SARIF document.
#[derive(Serialize)]
pub struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

/// Defines objects of SARIF, whose members have camel case.
macro_rules! objects {
    ($($(#[$doc:meta])* struct $name:ident $(<$life:lifetime>)? { $($(#[$meta:meta])* $member:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct $name $(<$life>)? {
            $($(#[$meta])* $member: $type,)*
        }
    )*};
}

objects! {
    struct Run<'a> {
        tool: Tool,
        column_kind: &'static str,
        results: Vec<Outcome<'a>>,
    }

    struct Tool {
        driver: Driver,
    }

    struct Driver {
        name: &'static str,
        version: &'static str,
        rules: Vec<Rule>,
    }

    struct Rule {
        id: String,
        name: String,
        short_description: Text,
        full_description: Text,
        help: Help,
        default_configuration: Configuration,
    }

    /// A severity, for which SARIF has the same words.
    struct Configuration {
        level: Severity,
    }

    struct Help {
        text: &'static str,
        markdown: &'static str,
    }

    struct Text {
        text: String,
    }

    /// What SARIF calls a result.
    struct Outcome<'a> {
        rule_id: String,
        rule_index: usize,
        level: Severity,
        message: Text,
        locations: Vec<Location>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        related_locations: Vec<Location>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fixes: Vec<FixBody<'a>>,
    }

    struct Location {
        physical_location: PhysicalLocation,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Text>,
    }

    struct PhysicalLocation {
        artifact_location: ArtifactLocation,
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
    }

    struct ArtifactLocation {
        uri: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        uri_base_id: Option<&'static str>,
    }

    struct Region {
        start_line: usize,
        start_column: usize,
        end_line: usize,
        end_column: usize,
    }

    struct FixBody<'a> {
        description: Text,
        artifact_changes: Vec<Change<'a>>,
    }

    struct Change<'a> {
        artifact_location: ArtifactLocation,
        replacements: Vec<Replacement<'a>>,
    }

    struct Replacement<'a> {
        deleted_region: Region,
        inserted_content: Content<'a>,
    }

    struct Content<'a> {
        text: &'a str,
    }
}

impl<'a> Log<'a> {
    /// From each diagnostic and the files it points into.
    pub fn new(diagnostics: impl Iterator<Item = (&'a Diagnostic, &'a Files)>) -> Self {
        let diagnostics: Vec<_> = diagnostics.collect();
        let codes: BTreeSet<Code> = diagnostics.iter().map(|(diagnostic, _)| diagnostic.code).collect();
        let indices: BTreeMap<Code, usize> =
            codes.iter().enumerate().map(|(index, code)| (*code, index)).collect();
        let results = diagnostics
            .into_iter()
            .map(|(diagnostic, files)| {
                outcome(diagnostic, files, indices.get(&diagnostic.code).copied().unwrap_or_default())
            })
            .collect();
        let run = Run {
            tool: Tool {
                driver: Driver {
                    name: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                    rules: codes.into_iter().map(rule).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            results,
        };
        Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
    }
}

fn rule(code: Code) -> Rule {
    let page = code.page();
    Rule {
        id: code.to_string(),
        name: code.name().into(),
        short_description: Text { text: code.sentence().into() },
        full_description: Text { text: why(page) },
        help: Help { text: page, markdown: page },
        default_configuration: Configuration { level: code.severity() },
    }
}

/// What a page says between its title and its examples, as one line a paragraph.
fn why(page: &str) -> String {
    let after_title = page.split_once("\n\n").map_or(page, |(_, rest)| rest);
    let why = after_title.split("\n## ").next().unwrap_or_default();
    why.trim().split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

fn outcome<'a>(diagnostic: &'a Diagnostic, files: &Files, rule_index: usize) -> Outcome<'a> {
    let (locations, related_locations) = match diagnostic.labels.split_first() {
        Some((first, others)) => {
            (vec![location(files, first)], others.iter().map(|label| location(files, label)).collect())
        }
        // Code scanning refuses what has no location at all: the file must do.
        None => (files.names().next().map(whole).into_iter().collect(), Vec::new()),
    };
    Outcome {
        rule_id: diagnostic.code.to_string(),
        rule_index,
        level: diagnostic.severity,
        message: Text { text: without_links(&said(diagnostic)) },
        locations,
        related_locations,
        fixes: diagnostic.fix.iter().map(|found| fix(found, files)).collect(),
    }
}

/// In a message, `[words](place)` is a link; what the author wrote must not become one.
fn without_links(text: &str) -> String {
    text.replace("](", "\\](")
}

fn told(text: &str) -> Text {
    Text { text: without_links(&visible(text)) }
}

fn location(files: &Files, label: &Label) -> Location {
    Location {
        physical_location: PhysicalLocation {
            artifact_location: artifact(files, label.span.file),
            region: Some(region(files, label.span)),
        },
        message: (!label.text.is_empty()).then(|| told(&label.text)),
    }
}

fn whole(name: &str) -> Location {
    let artifact_location = ArtifactLocation { uri: uri(name), uri_base_id: None };
    Location { physical_location: PhysicalLocation { artifact_location, region: None }, message: None }
}

fn artifact(files: &Files, file: FileId) -> ArtifactLocation {
    let uri_base_id = files.is_prelude(file).then_some(PRELUDES);
    ArtifactLocation { uri: uri(files.name(file)), uri_base_id }
}

/// A region of SARIF ends, like ours, in front of its end column.
fn region(files: &Files, span: Span) -> Region {
    let (start, end) = (files.position(span), files.end_position(span));
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

fn fix<'a>(fix: &'a Fix, files: &Files) -> FixBody<'a> {
    let mut changes: BTreeMap<FileId, Vec<Replacement<'a>>> = BTreeMap::new();
    for edit in &fix.edits {
        changes.entry(edit.span.file).or_default().push(Replacement {
            deleted_region: region(files, edit.span),
            inserted_content: Content { text: &edit.text },
        });
    }
    let changes = changes
        .into_iter()
        .map(|(file, replacements)| Change { artifact_location: artifact(files, file), replacements });
    FixBody { description: told(&fix.title), artifact_changes: changes.collect() }
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
