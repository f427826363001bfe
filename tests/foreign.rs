//! Consent in a shape or at a place that a policy does not read: what is recognised, what it changes, and what reports say of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use consentry::event::{Batch, ForeignKind, InstructionSet, Recorded};
use consentry::exact::{Direction, diff, fingerprint};
use consentry::{Event, Input, Limits, Policy, Reason, Table, Validation};
use serde_json::Value;
use std::fs;
use text::{Run, run};

/// A policy with a mapped destination and an unmapped one.
fn policy(settings: &str) -> Policy {
    let text = format!(
        "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory Ads = \"C0004\"\n\
         destination \"Facebook Pixel\" needs Ads\ndestination \"Intercom\" unmapped\n{settings}\n"
    );
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const MALFORMED: &str = "override foreign consent malformed\n";

/// The states of an event, by every reader.
fn states(policy: &Policy, line: &str) -> (String, String) {
    let event = Event::read(line.as_bytes(), policy.reading(), &Limits::default()).unwrap();
    for instructions in InstructionSet::available() {
        let table = Table::new(policy.clone()).with_instructions(instructions);
        assert_eq!(table.read(line.as_bytes(), &Limits::default()).unwrap(), event, "{line}");
        let mut scratch = table.scratch();
        for validation in [Validation::Full, Validation::Trusted, Validation::Full] {
            let decision =
                table.decide(Input::line(line.as_bytes()).validation(validation), &mut scratch).unwrap();
            assert_eq!(decision.consent(), event.consent.state(), "{line}");
            assert_eq!(decision.integrations(), event.integrations.state(), "{line}");
        }
    }
    (event.consent.state().to_string(), event.integrations.state().to_string())
}

/// What the reports say of an event: the path, the kind and the statement of each.
fn found(policy: &Policy, line: &str) -> Vec<(String, ForeignKind, Option<String>)> {
    let table = Table::new(policy.clone());
    let mut scratch = table.scratch();
    let decision = table.decide(Input::line(line.as_bytes()), &mut scratch).unwrap();
    decision.foreign().iter().map(|one| (one.place(), one.kind, one.statement())).collect()
}

/// Events with foreign consent, the path of it and its kind.
const FOREIGN: [(&str, &str, ForeignKind); 30] = [
    (r#"{"context":{"consent":{"C0004":false}}}"#, "context.consent", ForeignKind::Booleans),
    (r#"{"context":{"consent":{"version":2,"C0004":true}}}"#, "context.consent", ForeignKind::Booleans),
    (
        r#"{"context":{"consent":{"category_preferences":{"C0004":false}}}}"#,
        "context.consent.category_preferences",
        ForeignKind::Booleans,
    ),
    (
        r#"{"context":{"categoryPreferences":{"C0004":false}}}"#,
        "context.categoryPreferences",
        ForeignKind::Booleans,
    ),
    (r#"{"consent":{"marketing":true}}"#, "consent", ForeignKind::Booleans),
    (
        r#"{"options":{"context":{"consent":{"categoryPreferences":{"C0004":false}}}}}"#,
        "options.context.consent.categoryPreferences",
        ForeignKind::Booleans,
    ),
    (
        r#"{"consent_state":{"gdpr":{"ads":{"consented":true,"document":"v3"}}}}"#,
        "consent_state.gdpr",
        ForeignKind::Consented,
    ),
    (
        r#"{"context":{"google_consents":{"analytics_storage":"GRANTED"}}}"#,
        "context.google_consents",
        ForeignKind::Words,
    ),
    (r#"{"context":{"consent":{"ad_storage":"denied"}}}"#, "context.consent", ForeignKind::Words),
    (
        r#"{"context":{"consentManagement":{"allowedConsentIds":["C0001"]}}}"#,
        "context.consentManagement.allowedConsentIds",
        ForeignKind::GrantedList,
    ),
    (
        r#"{"context":{"consentManagement":{"allowedConsentIds":[]}}}"#,
        "context.consentManagement.allowedConsentIds",
        ForeignKind::GrantedList,
    ),
    (
        r#"{"context":{"consentManagement":{"deniedConsentIds":["C0004"]}}}"#,
        "context.consentManagement.deniedConsentIds",
        ForeignKind::RefusedList,
    ),
    (r#"{"consent_categories_granted":["Email"]}"#, "consent_categories_granted", ForeignKind::GrantedList),
    (r#"{"context":{"consent":{"purposes":["ads"]}}}"#, "context.consent.purposes", ForeignKind::GrantedList),
    (r#"{"context":{"consent":{"rejected":["ads"]}}}"#, "context.consent.rejected", ForeignKind::RefusedList),
    (
        r#"{"context":{"consent":{"activeGroups":",C0001,C0002,"}}}"#,
        "context.consent.activeGroups",
        ForeignKind::GrantedText,
    ),
    (
        r#"{"context":{"consent":{"activeGroups":""}}}"#,
        "context.consent.activeGroups",
        ForeignKind::GrantedText,
    ),
    (
        r#"{"context":{"OnetrustActiveGroups":",C0001,"}}"#,
        "context.OnetrustActiveGroups",
        ForeignKind::GrantedText,
    ),
    (r#"{"context":{"consent":{"groups":"C0001:1,C0004:0"}}}"#, "context.consent.groups", ForeignKind::Pairs),
    (
        r#"{"context":{"OptanonConsent":"groups=C0001%3A1&x=C0004:0"}}"#,
        "context.OptanonConsent",
        ForeignKind::Pairs,
    ),
    (
        r#"{"context":{"consent":{"tcString":"CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","gdprApplies":1}}}"#,
        "context.consent.tcString",
        ForeignKind::Tcf,
    ),
    (r#"{"context":{"TCString":"CPXxRfAPXxRfA"}}"#, "context.TCString", ForeignKind::Tcf),
    (r#"{"context":{"IABTCF_TCString":"CPXxRfAPXxRfA"}}"#, "context.IABTCF_TCString", ForeignKind::Tcf),
    (r#"{"tc_string":"CPXxRfAPXxRfA.YAAA"}"#, "tc_string", ForeignKind::Tcf),
    (r#"{"options":{"gdpr_consent":"CPXxRfAPXxRfA"}}"#, "options.gdpr_consent", ForeignKind::Tcf),
    (r#"{"context":{"gpp":"DBABLA~BEAQAAAAAgA.YA"}}"#, "context.gpp", ForeignKind::Gpp),
    (r#"{"context":{"gpp_string":"DBABM"}}"#, "context.gpp_string", ForeignKind::Gpp),
    (r#"{"context":{"IABGPP_HDR_GppString":"DBABM"}}"#, "context.IABGPP_HDR_GppString", ForeignKind::Gpp),
    (
        r#"{"context":{"consent":{"gdprApplies":true,"tcString":"CPXxRfAPXxRfA"}}}"#,
        "context.consent.tcString",
        ForeignKind::Tcf,
    ),
    (r#"{"context":{"consent":{"a":{"b":true}}}}"#, "context.consent.a", ForeignKind::Booleans),
];

#[test]
fn foreign_consent_is_malformed_or_changes_nothing() {
    let (counting, ignoring) = (policy(MALFORMED), policy(""));
    for (line, place, kind) in FOREIGN {
        assert_eq!(states(&counting, line).0, "malformed", "{line}");
        assert!(["missing", "empty"].contains(&states(&ignoring, line).0.as_str()), "{line}");
        for policy in [&counting, &ignoring] {
            let found = found(policy, line);
            assert_eq!((found[0].0.as_str(), found[0].1, found.len()), (place, kind, 1), "{line}");
        }
    }
}

/// The statement that a report names reads what was found.
#[test]
fn the_named_statement_reads_the_event() {
    for (line, _, kind) in FOREIGN {
        let [(_, _, statement)] = found(&policy(""), line).try_into().unwrap();
        let Some(statement) = statement else {
            assert!([ForeignKind::Tcf, ForeignKind::Gpp].contains(&kind), "{line}");
            continue;
        };
        let reading = policy(&format!("override {statement}\n{MALFORMED}"));
        let state = states(&reading, line).0;
        assert!(["answered", "unanswered"].contains(&state.as_str()), "{state} {statement} {line}");
        assert!(found(&reading, line).is_empty(), "{statement} {line}");
    }
}

#[test]
fn a_key_with_an_escape_is_recognised() {
    for line in [
        r#"{"context":{"c\u006fnsent":{"C0004":false}}}"#,
        r#"{"context":{"\u0074cString":"CPXxRfAPXxRfA"}}"#,
        r#"{"\u0063ontext":{"google_c\u006Fnsents":{"ad_storage":"denied"}}}"#,
    ] {
        assert_eq!(states(&policy(MALFORMED), line).0, "malformed", "{line}");
        assert_eq!(found(&policy(MALFORMED), line).len(), 1, "{line}");
    }
}

/// What looks like consent and is not: ordinary events, other places, other values.
#[test]
fn an_ordinary_event_has_no_foreign_consent() {
    let counting = policy(MALFORMED);
    for line in [
        r#"{"type":"track","event":"Consent Given","properties":{"category":"x","consent":{"a":true}},"context":{"page":{"path":"/consent","consent":{"a":true}}}}"#,
        r#"{"traits":{"consent":{"a":true},"preferences":{"a":true}}}"#,
        r#"{"context":{"consent":{}}}"#,
        r#"{"context":{"consent":{"version":2,"updatedAt":"2026-01-01"}}}"#,
        r#"{"context":{"preferences":{"newsletter":true}}}"#,
        r#"{"context":{"queryString":"?gpp=1","gpp":"1","tcString":"","consentUrl":"https://example.com","consentVersion":3}}"#,
        r#"{"context":{"consents":[]}}"#,
        r#"{"context":{"consentIds":[1,2]}}"#,
        r#"{"groups":"a,b","context":{"groups":"a:1"}}"#,
        r#"{"properties":{"integrations":{"All":false},"tcString":"CPXxRfAPXxRfA"}}"#,
    ] {
        let (consent, integrations) = states(&counting, line);
        assert!(["missing", "empty"].contains(&consent.as_str()), "{line}");
        assert_eq!((integrations.as_str(), found(&counting, line).len()), ("none", 0), "{line}");
    }
    let mut events = 0;
    for line in fs::read_to_string("tests/data/events.ndjson").unwrap().lines() {
        let Ok(event) = Event::read(line.as_bytes(), policy("").reading(), &Limits::default()) else {
            continue;
        };
        let (consent, integrations) = states(&counting, line);
        let own = (event.consent.state().to_string(), event.integrations.state().to_string());
        assert_eq!((consent, integrations), own, "{line}");
        events += 1;
    }
    assert!(events > 200, "{events}");
}

/// The policy's own value decides alone, and what stands next to it is no other consent.
#[test]
fn an_own_value_decides_alone() {
    let counting = policy(MALFORMED);
    let line = r#"{"tcString":"CPXxRfAPXxRfA","context":{"consent":{"categoryPreferences":{"C0004":true},"shown":true}}}"#;
    assert_eq!(states(&counting, line).0, "answered");
    assert!(found(&counting, line).is_empty());
    let lists = policy(&format!(
        "{MALFORMED}override consent at context.consentManagement.deniedConsentIds refused list unlisted granted"
    ));
    let both =
        r#"{"context":{"consentManagement":{"allowedConsentIds":["C0001"],"deniedConsentIds":["C0004"]}}}"#;
    assert_eq!(states(&lists, both).0, "answered");
    assert_eq!(
        states(&lists, r#"{"context":{"consentManagement":{"allowedConsentIds":["C0001"]}}}"#).0,
        "malformed"
    );
    assert_eq!(
        states(&lists, r#"{"context":{"consent":{"categoryPreferences":{"C0004":true}}}}"#).0,
        "malformed"
    );
}

#[test]
fn misplaced_integrations_are_malformed_where_there_are_no_others() {
    let (counting, ignoring) = (policy(MALFORMED), policy(""));
    for (line, state) in [
        (r#"{"context":{"integrations":{"All":false}}}"#, "malformed"),
        (r#"{"options":{"integrations":{}}}"#, "malformed"),
        (r#"{"context":{"integr\u0061tions":{"All":false}}}"#, "malformed"),
        (r#"{"context":{"integrations":{"All":false}},"integrations":{}}"#, "none"),
        (r#"{"context":{"integrations":{"All":false}},"integrations":{"All":true}}"#, "present"),
        (r#"{"context":{"integrations":true,"page":{"integrations":{}}}}"#, "none"),
    ] {
        assert_eq!(states(&counting, line), ("missing".to_owned(), state.to_owned()), "{line}");
        let plain = if state == "malformed" { "none" } else { state };
        assert_eq!(states(&ignoring, line).1, plain, "{line}");
        for policy in [&counting, &ignoring] {
            assert_eq!(found(policy, line).len(), usize::from(state == "malformed"), "{line}");
        }
    }
}

/// A value that counts as no value decides nothing, and what stands next to it is foreign.
#[test]
fn an_absent_value_is_no_value() {
    let halves = policy(&format!(
        "{MALFORMED}override consent at consent_state.gdpr booleans in consented absent null"
    ));
    let other_half = r#"{"consent_state":{"gdpr":null,"ccpa":{"data_sale_opt_out":{"consented":true}}}}"#;
    assert_eq!(states(&halves, other_half).0, "malformed");
    assert_eq!(states(&halves, r#"{"consent_state":{"gdpr":null,"ccpa":null}}"#).0, "empty");
}

/// Foreign consent in an envelope makes each item malformed, and so does that of an item.
#[test]
fn a_batch_is_malformed_where_one_part_is() {
    let table = Table::new(policy(MALFORMED));
    let items = |line: &str| -> Vec<(String, String)> {
        let batch = Batch::read(line.as_bytes(), table.policy(), &Limits::default()).unwrap().unwrap();
        let mut rewritten = Vec::new();
        table
            .rewrite_batch(&batch, || Recorded::Unchecked, &mut table.scratch(), &mut rewritten, |_| true)
            .unwrap();
        batch.items().map(|item| states(table.policy(), std::str::from_utf8(item.bytes()).unwrap())).collect()
    };
    let answered = r#"{"context":{"consent":{"categoryPreferences":{"C0004":true}}}}"#;
    let state = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(
        items(&format!(r#"{{"batch":[{{"type":"page"}},{answered}],"tcString":"CPXxRfAPXxRfA"}}"#)),
        [state("malformed", "none"), state("malformed", "none")]
    );
    assert_eq!(
        items(
            r#"{"batch":[{"tcString":"CPXxRfAPXxRfA"},{}],"context":{"consent":{"categoryPreferences":{"C0004":true}}}}"#
        ),
        [state("malformed", "none"), state("answered", "none")]
    );
    assert_eq!(
        items(r#"{"batch":[{"integrations":{"All":false}},{}],"context":{"integrations":{"All":false}}}"#),
        [state("missing", "malformed"), state("missing", "malformed")]
    );
    assert_eq!(
        items(r#"{"batch":[{"context":{"integrations":{"All":false}}},{}],"integrations":{"All":true}}"#),
        [state("missing", "malformed"), state("missing", "present")]
    );
}

/// The reason of a decision about an event for a destination.
fn reason(policy: &Policy, line: &str, destination: &str) -> Reason {
    let table = Table::new(policy.clone());
    let mut scratch = table.scratch();
    let decision = table.decide(Input::line(line.as_bytes()), &mut scratch).unwrap();
    decision.verdict_of(destination).unwrap().reason()
}

/// Policies that differ in the setting alone are not equal, and the difference has an event.
#[test]
fn a_diff_shows_what_the_setting_changes() {
    let strict = "override reconcile {\n consent integrations enforce\n malformed any drop \"malformed\"\n any any consent then integrations\n}\n";
    let (old, new) = (policy(strict), policy(&format!("{strict}{MALFORMED}")));
    assert_ne!(fingerprint(&old).unwrap(), fingerprint(&new).unwrap());
    let changes = diff(&old, &new);
    assert!(!changes.is_empty());
    let mut rows = 0;
    for (destination, change) in changes.changes() {
        let witness = change.witness.unwrap();
        let reasons = [&old, &new].map(|policy| reason(policy, &witness.event, &destination.name));
        assert_eq!(reasons, [change.before.unwrap().reason, change.after.unwrap().reason]);
        assert!(!found(&new, &witness.event).is_empty(), "{}", witness.event);
        rows += usize::from(change.direction == Direction::Tightened);
    }
    assert!(rows > 0, "{changes:?}");
    assert!(diff(&new, &new).is_empty());
}

/// What one policy reads is foreign to another one, wherever it is.
#[test]
fn a_diff_of_two_readings_knows_what_is_foreign() {
    let new = policy(MALFORMED);
    for (at, is_exact) in [
        ("context.consentManagement.deniedConsentIds refused list unlisted granted", true),
        ("context.consent.choices", false),
    ] {
        let old = policy(&format!("{MALFORMED}override consent at {at}"));
        let changes = diff(&old, &new);
        assert_eq!(changes.is_exact(), is_exact, "{at}");
        for (destination, change) in changes.changes() {
            let witness = change.witness.unwrap().event;
            let found =
                |policy: &Policy| (states(policy, &witness).0, reason(policy, &witness, &destination.name));
            let (before, after) = (found(&old), found(&new));
            assert!(before.0 != "answered" || !["missing", "empty"].contains(&after.0.as_str()), "{witness}");
            assert_eq!(
                (before.1, after.1),
                (change.before.unwrap().reason, change.after.unwrap().reason),
                "{witness}"
            );
        }
        assert!(changes.changes().count() > 0, "{at}");
    }
}

/// Checks a document by the schema of a command, and returns it.
fn document(schema: &str, line: &str) -> Value {
    let path = format!("{}/grammar/{schema}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{line}");
    line
}

const CASE: &str = "tests/cases/foreign-consent.consent";
const EVENTS: &str = "tests/cases/foreign-consent.ndjson";

#[test]
fn every_command_names_what_it_saw() {
    let eval: Run = run(&["eval", CASE, EVENTS, "--format", "json"], b"");
    let lines: Vec<Value> = eval.out.lines().map(|line| document("decision", line)).collect();
    let of = |place: usize| lines[place]["foreign_consent"].clone();
    assert_eq!(of(0)[0]["path"], "context.google_consents");
    assert_eq!(of(0)[0]["kind"], "words");
    assert!(of(0)[0]["statement"].as_str().unwrap().starts_with("consent at context.google_consents words"));
    assert_eq!(
        of(2),
        Value::Array(vec![serde_json::json!({"path": "context.consent.tcString", "kind": "TCF string"})])
    );
    assert_eq!(of(4), Value::Null);
    let human = run(&["eval", CASE, EVENTS], b"");
    assert!(human.out.contains("  not read: context.consent.tcString (TCF string)\n"), "{}", human.out);
    let summary = "5 events have consent or integrations that the policy does not read:";
    assert!(human.out.contains(summary), "{}", human.out);

    let filter = run(&["filter", CASE, EVENTS, "--format", "json"], b"");
    let report = document("filter", filter.err.lines().last().unwrap());
    assert_eq!(report["foreign_consent"]["events"], 5);
    assert_eq!(report["foreign_consent"]["rows"].as_array().unwrap().len(), 5);
    let human = run(&["filter", CASE, EVENTS], b"");
    assert!(human.err.contains(summary), "{}", human.err);

    let audit = run(&["audit", CASE, EVENTS, "--format", "json"], b"");
    let report = document("audit", &audit.out);
    assert_eq!(report["findings"]["foreign_consent"], 4);
    assert_eq!(report["findings"]["misplaced_integrations"], 1);
    let human = run(&["audit", CASE, EVENTS], b"");
    assert!(human.out.contains("read by `consent at context.google_consents words"), "{}", human.out);
    assert!(human.out.contains("foreign_consent, 4 events"), "{}", human.out);

    let init = run(&["init", "-", "--yes", "--name", "p", "--from", EVENTS], b"");
    assert!(
        init.err.contains(
            "1 events have consent that this policy does not read: `context.consent.tcString` (TCF string)"
        ),
        "{}",
        init.err
    );
    assert!(init.err.contains("`override consent at context.google_consents words"), "{}", init.err);
}

/// A stream without foreign consent is reported as ever.
#[test]
fn reports_are_silent_without_foreign_consent() {
    let event = br#"{"context":{"consent":{"categoryPreferences":{"C0004":true}}}}"#;
    for command in ["eval", "filter", "audit"] {
        let run = run(&[command, CASE, "-", "--format", "json"], event);
        let all = format!("{}{}", run.out, run.err);
        assert!(!all.contains("foreign_consent") && run.status < 2, "{command}: {all}");
    }
}

#[test]
fn every_policy_of_init_counts_foreign_consent() {
    for prelude in consentry::model::prelude_names() {
        let init = run(&["init", "-", "--yes", "--name", "p", "--prelude", prelude], b"");
        let policy =
            Policy::parse(&init.out).unwrap_or_else(|error| panic!("{prelude}: {error}\n{}", init.err));
        assert_eq!(policy.foreign_consent().value.as_str(), "malformed", "{prelude}");
        let rules =
            Policy::parse(&format!("consentry 1 policy \"p\" include prelude \"{prelude}\"")).unwrap();
        let expected = if prelude == "segment-strict" { "malformed" } else { "ignored" };
        assert_eq!(rules.foreign_consent().value.as_str(), expected, "{prelude}");
    }
}

/// An input makes no value harmless that counts as consent without it.
#[test]
fn an_input_hides_no_foreign_consent() {
    let input = "input seen at context.consent.seen values \"yes\"\n";
    let [with, without] = [policy(&format!("{MALFORMED}{input}")), policy(MALFORMED)];
    for value in ["true", "[\"C0004\"]", "{\"C0004\":false}", "\"denied\"", "\"no\"", "\"yes\"", "7", "null"]
    {
        let line = format!(r#"{{"context":{{"consent":{{"seen":{value},"purposes":[]}}}}}}"#);
        assert_eq!(states(&with, &line), states(&without, &line), "{line}");
    }
    // Where it does not count, nobody is told of what the policy reads.
    let line = r#"{"context":{"consent":{"seen":true}}}"#;
    let [with, without] = [policy(input), policy("")];
    assert_eq!((found(&with, line).len(), found(&without, line).len()), (0, 1));
    let refused = "input gpc at context.consent.gpc values true\n";
    let text = |settings: &str| {
        format!("consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory Ads\n{settings}{refused}")
    };
    assert!(Policy::parse(&text("")).is_ok());
    let error = Policy::parse(&text(MALFORMED)).unwrap_err();
    assert_eq!(error.diagnostics()[0].code.to_string(), "C316", "{error}");
}
