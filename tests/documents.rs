//! The documents' tables, case by case, through the shipped preludes.
//!
//! `tests/documents/` holds the tables as data. An ambiguous case must come out as the semantics reads it, and its
//! other reading must come out of the table or setting that selects it, where there is one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[path = "common/facts.rs"]
mod facts;

use consentry::{Input, Limits, Policy, Table};
use serde_json::Value;
use std::collections::BTreeMap;

/// What selects the other reading of an ambiguous case: statements added to a policy that includes the prelude.
enum Other {
    Policy {
        prelude: &'static str,
        statements: &'static str,
    },
    /// The documents' prose contradicts the mapping it is printed with; no setting reads a mapping that is not there.
    NotSelectable,
}

const EMPTY_REFUSES: Other = Other::Policy { prelude: "segment-2023-overview", statements: "" };

const UNKNOWN_SPELLING_IS_NO_CONSENT: Other = Other::Policy {
    prelude: "segment",
    statements: "override reconcile {
        consent                    integrations      enforce
        missing | empty            none | malformed  nothing
        malformed                  any               nothing
        unanswered                 none | malformed  consent
        missing                    present             integrations
        empty | unanswered         present             consent then integrations
        answered                      any               consent then integrations
    }",
};

/// Row 3 read literally, in the table of each prelude.
const ONLY_LISTED: &str = "override reconcile {
    consent             integrations      enforce
    missing             present             listed integrations
    missing             none | malformed  nothing
    empty | unanswered  none | malformed  consent
    empty | unanswered  present             consent then integrations
    answered | malformed   any               consent then integrations
}";

/// Row 4 read as the union of its last sentence.
const UNION: &str = "override reconcile {
    consent             integrations      enforce
    empty | unanswered  present             consent or integrations because \"row 4, last sentence\"
    missing             none | malformed  nothing
    empty | unanswered  none | malformed  consent
    missing             present             integrations
    answered | malformed   any               consent then integrations
}";

fn other_reading(prelude: &'static str, case: &str) -> Other {
    let row = case.split(' ').next().unwrap();
    let statements = match (prelude, row) {
        ("segment", "row01b" | "row01d") => return EMPTY_REFUSES,
        ("segment", "row02c" | "row02d") => return UNKNOWN_SPELLING_IS_NO_CONSENT,
        ("segment" | "segment-2023-overview", "row06") => return Other::NotSelectable,
        ("segment" | "segment-2023-overview", "row11") => "override unmapped destinations block",
        ("segment" | "segment-2023-overview", "row04a" | "row04b" | "row04c") => UNION,
        (_, "row03") => ONLY_LISTED,
        (
            "segment-2023-reconcile",
            "row02a" | "row02b" | "row04a" | "row04b" | "row06" | "cmp01" | "cmp02",
        ) => "override unmapped destinations deliver",
        ("segment-2023-reconcile", "row10") => "override several categories need all",
        other => panic!("say what selects the other reading of {other:?}"),
    };
    Other::Policy { prelude, statements }
}

/// A policy with the categories and destinations that a case speaks of.
fn policy(prelude: &str, facts: &Value, statements: &str) -> Policy {
    let text = facts::policy(prelude, facts, statements);
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The outcomes of a case, as the tables spell them.
fn outcomes(policy: Policy, event: &Value) -> BTreeMap<String, Value> {
    let table = Table::new(policy);
    let bytes = event.to_string();
    let event = table.read(bytes.as_bytes(), &Limits::default()).unwrap();
    let mut scratch = table.scratch();
    let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
    let verdicts = decision.verdicts().map(|(id, verdict)| {
        let outcome = if verdict.delivers() { "allow" } else { "deny" };
        assert_eq!(verdict.delivers(), decision.delivers(id));
        (table.policy().destination(id).unwrap().name().to_owned(), outcome.into())
    });
    verdicts.collect()
}

fn check(text: &str, prelude: &'static str, cases: usize, ambiguous: usize) {
    let document: Value = serde_json::from_str(text).unwrap();
    let (mut seen, mut seen_ambiguous) = (0, 0);
    for case in document["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let facts = case.get("policy_facts").unwrap_or(&document["policy_facts"]);
        let expected = |value: &Value| -> BTreeMap<String, Value> {
            value.as_object().unwrap().iter().map(|(name, outcome)| (name.clone(), outcome.clone())).collect()
        };
        let actual = outcomes(policy(prelude, facts, ""), &case["event"]);
        assert_eq!(actual, expected(&case["expect"]), "{prelude}: {name}");
        seen += 1;
        for other in case["alt_expect"].as_array().into_iter().flatten() {
            seen_ambiguous += 1;
            match other_reading(prelude, name) {
                Other::NotSelectable => {}
                Other::Policy { prelude, statements } => {
                    let actual = outcomes(policy(prelude, facts, statements), &case["event"]);
                    assert_eq!(actual, expected(other), "{prelude}: {name}, other reading");
                }
            }
        }
    }
    assert_eq!((seen, seen_ambiguous), (cases, ambiguous));
}

#[test]
fn todays_table() {
    check(include_str!("documents/segment_seed_new_table.json"), "segment", 31, 10);
}

#[test]
fn table_of_the_removed_overview_page() {
    check(
        include_str!("documents/segment_seed_old_consent_management_table.json"),
        "segment-2023-overview",
        17,
        5,
    );
}

#[test]
fn table_of_the_removed_reconcile_page() {
    check(include_str!("documents/segment_seed_old_reconcile_table.json"), "segment-2023-reconcile", 16, 9);
}

/// Two cases without another reading show what strict policies are for.
#[test]
fn strict_prelude_fails_closed() {
    let facts: Value = serde_json::from_str(
        r#"{"categories": [{"id": "ad", "enabled": true}],
            "destinations": [{"name": "pixel", "categories": ["ad"], "kind": "cloud", "enabled": true},
                             {"name": "sink", "categories": [], "kind": "cloud", "enabled": true}]}"#,
    )
    .unwrap();
    for (event, pixel, sink) in [
        (r#"{}"#, "deny", "deny"),
        (r#"{"context":{"consent":{}}}"#, "deny", "deny"),
        (r#"{"context":{"consent":{"categoryPreferences":{"ad":true}}}}"#, "allow", "deny"),
        (r#"{"context":{"consent":{"consentPreferences":{"ad":true}}}}"#, "allow", "deny"),
        (r#"{"context":{"consent":{"categoryPreference":{"ad":true}}}}"#, "allow", "deny"),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"ad":true}}},"integrations":{"pixel":"on"}}"#,
            "deny",
            "deny",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"ad":true}}},"integrations":{"All":1}}"#,
            "deny",
            "deny",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"ad":true}}},"integrations":{"All":{}}}"#,
            "allow",
            "deny",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"ad":true}}},"integrations":null}"#,
            "deny",
            "deny",
        ),
        (r#"{"context":{"consent":null}}"#, "deny", "deny"),
    ] {
        let actual = outcomes(policy("segment-strict", &facts, ""), &serde_json::from_str(event).unwrap());
        assert_eq!(actual["pixel"], pixel, "{event}");
        assert_eq!(actual["sink"], sink, "{event}");
    }
}
