//! `consentry table`: what it prints.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/facts.rs"]
mod facts;

use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;

/// What the command prints for a policy, and how it ends.
fn table(policy: &str, arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.consent");
    fs::write(&path, policy).unwrap();
    let mut all = vec!["table", path.to_str().unwrap()];
    all.extend(arguments);
    let output = common::run(&all, b"");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The rows of the CSV, each cell by its title.
fn rows(policy: &str) -> Vec<HashMap<String, String>> {
    let (status, out, errors) = table(policy, &["--format", "csv"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{policy}");
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// Whether a cell of a printed row allows a word.
fn allows(cell: &str, word: &str) -> bool {
    cell.is_empty() || cell.split(", ").flat_map(|part| part.split(" or ")).any(|part| part == word)
}

/// What a printed row must say of an event of the documents, read by hand: nothing of the project reads it here.
fn words<'w>(event: &Value, destination: &Value, any: bool) -> [(&'w str, &'w str); 6] {
    let consent = event.pointer("/context/consent");
    let preferences = consent.and_then(|consent| consent.get("categoryPreferences"));
    let state = match (consent, preferences.and_then(Value::as_object)) {
        (None, _) => "missing",
        (Some(consent), None) if consent.as_object().is_some_and(serde_json::Map::is_empty) => "empty",
        (_, Some(preferences)) if preferences.is_empty() => "unanswered",
        (_, Some(_)) => "answered",
        _ => "malformed",
    };
    let entries = event.get("integrations").and_then(Value::as_object).filter(|entries| !entries.is_empty());
    let entry = entries.and_then(|entries| entries.get(destination["name"].as_str().unwrap()));
    let own = match entry {
        Some(Value::Bool(false)) => "off",
        Some(Value::Bool(true) | Value::Object(_)) => "on",
        None => "unlisted",
        _ => "invalid",
    };
    let all = match entries.and_then(|entries| entries.get("All")) {
        Some(Value::Bool(false)) => "off",
        Some(_) => "on",
        None => "unlisted",
    };
    let mut categories = destination["categories"].as_array().unwrap().iter();
    let granted = |name: &Value| preferences.is_some_and(|all| all[name.as_str().unwrap()] == true);
    let granted = if any { categories.any(granted) } else { categories.all(granted) };
    [
        ("consent object", state),
        ("integrations object", if entries.is_some() { "present" } else { "none" }),
        ("event", "not exempt"),
        ("what it needs", if granted { "granted" } else { "not granted" }),
        ("own entry", own),
        ("All", all),
    ]
}

/// Each row of the documents' table is a row of the printed one, with its outcome.
fn reprints(text: &str, prelude: &str, any: bool, cases: usize) {
    let document: Value = serde_json::from_str(text).unwrap();
    let mut seen = 0;
    for case in document["cases"].as_array().unwrap() {
        let facts = case.get("policy_facts").unwrap_or(&document["policy_facts"]);
        let printed = rows(&facts::policy(prelude, facts, ""));
        for destination in facts["destinations"].as_array().unwrap() {
            let name = destination["name"].as_str().unwrap();
            let words = words(&case["event"], destination, any);
            let found: Vec<_> = printed
                .iter()
                .filter(|row| row["destination"] == name)
                .filter(|row| words.iter().all(|(title, word)| allows(&row[*title], word)))
                .collect();
            assert_eq!(found.len(), 1, "{name} {words:?} {found:?}");
            let expected = if case["expect"][name] == "allow" { "deliver" } else { "block" };
            assert_eq!(found[0]["outcome"], expected, "{prelude}: {} {name}", case["name"]);
        }
        seen += 1;
    }
    assert_eq!(seen, cases);
}

#[test]
fn the_documents_tables_are_reprinted() {
    reprints(include_str!("documents/segment_seed_new_table.json"), "segment", false, 31);
    let overview = include_str!("documents/segment_seed_old_consent_management_table.json");
    reprints(overview, "segment-2023-overview", false, 17);
    let reconcile = include_str!("documents/segment_seed_old_reconcile_table.json");
    reprints(reconcile, "segment-2023-reconcile", true, 16);
}

/// The documents' eleven rows as a person reads them in the table: rows 1 to 4 by the states, 5 to 11 by what is granted and listed.
#[test]
fn the_documents_table_as_people_read_it() {
    let facts: Value = serde_json::from_str::<Value>(include_str!("documents/segment_seed_new_table.json"))
        .unwrap()["policy_facts"]
        .clone();
    let (status, out, errors) = table(&facts::policy("segment", &facts, ""), &[]);
    assert_eq!((status, errors.as_str()), (0, ""));
    // Columns are as wide as what is in them; here only the words count.
    let lines: Vec<String> =
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let mapped = lines.iter().position(|line| line == "## Table 1").unwrap();
    let unmapped = lines.iter().position(|line| line == "## Table 2").unwrap();
    for (from, row) in [
        (mapped, "| facebook | | ad | | |"),
        (mapped, "| amplitude | | analytics | | |"),
        (unmapped, "| crm-sink | | unmapped | | |"),
        // 1: without a consent object, or with an empty one, and without integrations everything is delivered.
        (mapped, "| missing or empty | none or malformed | | | | | deliver | not\\_enforced |"),
        // 2: preferences without a preference refuse everything that is mapped, and nothing else.
        (mapped, "| unanswered or malformed | none or malformed | not exempt | | | | block | refused |"),
        (
            unmapped,
            "| unanswered, answered or malformed | none or malformed | not exempt | | | | deliver | unmapped |",
        ),
        // 3: without a consent object the integrations object decides.
        (mapped, "| missing | present | | | on | | deliver | not\\_enforced |"),
        (mapped, "| missing | present | | | off | | block | integration\\_off |"),
        // 4: the same refusal with an integrations object; what is not mapped obeys that.
        (mapped, "| empty, unanswered or malformed | present | not exempt | | | | block | refused |"),
        (
            unmapped,
            "| empty, unanswered, answered or malformed | present | not exempt | | on | | deliver | unmapped |",
        ),
        (
            unmapped,
            "| empty, unanswered, answered or malformed | present | | | off | | block | integration\\_off |",
        ),
        // 5, 6, 11: what is granted is delivered.
        (mapped, "| answered | none or malformed | not exempt | granted | | | deliver | consented |"),
        (mapped, "| answered | none or malformed | not exempt | not granted | | | block | refused |"),
        // 7 to 10: the integrations object narrows, and grants nothing.
        (mapped, "| answered | present | not exempt | granted | on | | deliver | consented |"),
        (mapped, "| answered | present | not exempt | granted | off | | block | integration\\_off |"),
        (mapped, "| answered | present | not exempt | not granted | | | block | refused |"),
    ] {
        let end = if from == mapped { unmapped } else { lines.len() };
        let same = |line: &String| line.replace(' ', "") == row.replace(' ', "");
        assert!(lines[from..end].iter().any(same), "{row}\n{out}");
    }
}

const HOSTILE: &str = r#"consentry 1
policy "<script>alert(1)</script>"
include prelude "segment-strict"
category "=A|B" "</style><b>"
destination "=cmd|'/C calc'!A0" needs "=A|B" mode device
destination "| <img src=x onerror=y> &" unmapped
destination "@later" exempt because "\"quoted\" <i>"
always deliver "@later" when consent missing and integrations none because "<b>|"
never deliver "| <img src=x onerror=y> &" when consent answered
"#;

#[test]
fn html_stands_alone_and_shows_names_as_they_are() {
    let (status, out, _) = table(HOSTILE, &["--format", "html"]);
    assert_eq!(status, 0);
    for wrong in
        ["<script", "<img", "<b>", "<i>", "</style><b", "http:", "https:", "url(", "@import", "<link"]
    {
        assert!(!out.contains(wrong), "{wrong}");
    }
    for right in [
        "<title>Decision table of &lt;script&gt;alert(1)&lt;/script&gt;</title>",
        "<td>| &lt;img src=x onerror=y&gt; &amp;</td>",
        "<td>device: enforcement is advisory</td>",
        "<th scope=\"row\">answered</th><th scope=\"row\">present</th><td>",
        "<td class=\"block\">block</td><td>refused</td>",
        "<li>&quot;malformed consent object&quot;: consent malformed</li>",
        "<dt>Fingerprint</dt><dd>consentry-3-sha256:",
        "thead { display: table-header-group; }",
        "<div>Signature</div>",
        "<td>&lt;b&gt;|</td><td>proved over ",
    ] {
        assert!(out.contains(right), "{right}\n{out}");
    }
    for element in ["table", "thead", "tbody", "tr", "th", "td", "dl", "ul", "div"] {
        let opened =
            out.matches(&format!("<{element}>")).count() + out.matches(&format!("<{element} ")).count();
        assert_eq!(opened, out.matches(&format!("</{element}>")).count(), "{element}");
    }
}

#[test]
fn csv_has_no_formula_and_an_event_for_each_row() {
    let rows = rows(HOSTILE);
    assert!(rows.iter().flat_map(HashMap::values).all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    let first = &rows[0];
    assert_eq!((first["destination"].as_str(), first["needs"].as_str()), ("'=cmd|'/C calc'!A0", "'=A|B"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.consent");
    fs::write(&path, HOSTILE).unwrap();
    for row in rows {
        let events = common::run(
            &["eval", path.to_str().unwrap(), "--format", "json"],
            row["event that shows it"].as_bytes(),
        );
        let decision: Value = serde_json::from_slice(&events.stdout).unwrap();
        let name = row["destination"].trim_start_matches('\'');
        let own = decision[&row["outcome"]].as_array().unwrap().iter().find(|one| one["destination"] == name);
        let reason = row["reason"].split(':').next().unwrap();
        assert_eq!(own.unwrap()["reason"], reason, "{row:?}");
    }
    // Lines end as the RFC says.
    let (_, out, _) = table(HOSTILE, &["--format", "csv"]);
    assert!(out.lines().count() > 10 && out.matches("\r\n").count() == out.matches('\n').count());
}

#[test]
fn markdown_shows_names_as_they_are() {
    let (_, out, _) = table(HOSTILE, &[]);
    assert!(out.contains("\\| \\<img src=x onerror=y\\> \\&"), "{out}");
    assert!(!out.replace("\\<", "").contains('<'), "{out}");
    assert!(out.contains("dropped: \"malformed consent object\""), "{out}");
    assert!(out.contains("\n## Promises\n") && out.contains("| not kept"), "{out}");
}

/// A cell may be wider than a formatting argument.
#[test]
fn wide_cells_are_printed() {
    let text = format!(
        "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A \"{}\"\ncategory B\n",
        "x".repeat(70_000)
    );
    let (status, out, errors) = table(&text, &[]);
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(out.contains(&"x".repeat(70_000)) && out.contains("## What the words mean"));
}

/// Two cases of the inputs with the same outcomes are two blocks, where a refusal names other categories.
#[test]
fn a_refusal_names_the_categories_of_its_inputs() {
    let policy = "consentry 1\npolicy \"acme\"\ninclude prelude \"segment\"\n\
        input provider at context.consent.provider values \"custom\"\n\
        category Ads = \"C0004\", \"marketing\"\ncategory Analytics = \"C0002\"\n\
        destination \"X\" needs when provider \"custom\" Ads otherwise Analytics\n";
    let refused: Vec<_> = rows(policy).into_iter().filter(|row| row["reason"] == "refused").collect();
    assert!(!refused.is_empty());
    for row in &refused {
        let is_custom = row["inputs"] == "provider \"custom\"";
        assert!(is_custom || row["inputs"] == "provider absent | other", "{row:?}");
        assert_eq!(
            row["nothing granted: refused categories"],
            if is_custom { "Ads" } else { "Analytics" },
            "{row:?}"
        );
    }
    let (_, json, _) = table(policy, &["--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["categories"][0]["wire_ids"], serde_json::json!(["C0004", "marketing"]));
}

#[test]
fn only_what_is_asked_for_is_printed() {
    let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A\n\
                destination \"X\" needs A\ndestination \"Y\" needs A alias \"Why\"\n";
    let (status, out, _) = table(text, &["--destination", "Y", "--destination", "Y"]);
    assert!(status == 0 && out.contains("| Y ") && !out.contains("| X "), "{out}");
    assert!(out.contains("- Destinations: 1 of 2\n"), "{out}");
    let (status, out, errors) = table(text, &["--destination", "Why"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(errors, "consentry: `Why` is an alias; ask for `Y`\n");
}

/// A policy whose fingerprint is not known is not signed unawares.
#[test]
fn a_sheet_without_a_fingerprint_is_a_finding() {
    let mut text = String::from("consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n");
    for number in 0..1_200 {
        writeln!(text, "category C{number}").unwrap();
    }
    let names: Vec<String> = (0..1_200).map(|number| format!("C{number}")).collect();
    writeln!(text, "destination \"X\" needs {}", names.join(", ")).unwrap();
    let (status, out, _) = table(&text, &[]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("- Fingerprint: none: the requirement is too large"), "{out}");
}

/// The README's example is what the command prints.
#[test]
fn the_readme_shows_rows_that_are_printed() {
    let readme = include_str!("../README.md");
    let (_, section) =
        readme.split_once("`consentry table acme.consent --destination \"Google Ads\"` prints").unwrap();
    let (_, shown) = section.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let (_, policy) = readme.split_once("## The language by example\n\n```consent\n").unwrap();
    let (policy, _) = policy.split_once("```").unwrap();
    let (_, out, _) = table(policy, &["--destination", "Google Ads"]);
    assert!(shown.lines().count() > 5);
    for line in shown.lines() {
        assert!(out.lines().any(|printed| printed == line), "{line}\n{out}");
    }
}
