//! Several places of consent: each rule, with every reader, the table and the reference.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[path = "common/decided.rs"]
mod decided;

use consentry::event::Batch;
use consentry::exact::{Direction, certify, default_situations, diff, fingerprint};
use consentry::{Limits, Policy, Reason, Table};
use decided::decided;

const REST: &str = r#"consentry 1
policy "p"
include prelude "segment"
override reconcile {
  consent integrations enforce
  any     any          consent
}
"#;

fn policy(text: &str) -> Policy {
    Policy::parse(&format!("{REST}{text}")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// One place of an event: its members, its state, and its preference for the category.
const PLACE: [(&str, &str, &str); 8] = [
    ("", "missing", "unasked"),
    ("{}", "empty", "unasked"),
    (r#"{"c":{}}"#, "unanswered", "unasked"),
    (r#"{"c":{"other":true}}"#, "answered", "unasked"),
    (r#"{"c":{"x":true}}"#, "answered", "granted"),
    (r#"{"c":{"x":false}}"#, "answered", "refused"),
    (r#"{"c":{"x":7}}"#, "answered", "invalid"),
    (r#"{"c":7}"#, "malformed", "invalid"),
];

/// Combines two places by the words of the semantics.
fn together(rule: &str, one: (&str, &str), other: (&str, &str)) -> (String, bool) {
    let is_absent = |state: &str| matches!(state, "missing" | "empty");
    if rule == "first present" && !(is_absent(one.0) && is_absent(other.0)) {
        let first = if is_absent(one.0) { other } else { one };
        return (first.0.to_owned(), first.1 == "granted");
    }
    let order = ["malformed", "answered", "unanswered", "empty", "missing"];
    let state = order.into_iter().find(|state| [one.0, other.0].contains(state)).unwrap();
    let both = [one.1, other.1];
    let granted = match rule {
        "all" => both == ["granted"; 2],
        _ => both.contains(&"granted") && !both.contains(&"refused") && !both.contains(&"invalid"),
    };
    (state.to_owned(), granted && state != "malformed")
}

/// Every pair of what two places have, under every rule.
#[test]
fn the_rules_are_those_of_the_semantics() {
    for rule in ["any refuses", "all", "first present"] {
        let policy = policy(&format!(
            "override consent at places {rule} {{ one at one.c two at two.c }}\ncategory X = \"x\"\ndestination \"D\" needs X"
        ));
        for (one, one_state, one_says) in PLACE {
            for (two, two_state, two_says) in PLACE {
                let members = [("one", one), ("two", two)].into_iter().filter(|(_, value)| !value.is_empty());
                let members: Vec<String> = members.map(|(key, value)| format!("{key:?}:{value}")).collect();
                let line = format!("{{{}}}", members.join(","));
                let (state, granted) = together(rule, (one_state, one_says), (two_state, two_says));
                let reason = if granted { Reason::Consented } else { Reason::Refused };
                assert_eq!(decided(&policy, &line), (state, vec![reason]), "{rule}: {line}");
            }
        }
    }
}

/// mParticle's two halves, of which one says `true` for an opt-out, and either may be null.
#[test]
fn two_laws_come_together() {
    let policy = policy(
        r#"override consent at places any refuses {
  gdpr  at consent_state.gdpr  booleans in consented           absent null
  ccpa  at consent_state.ccpa  booleans in consented reversed  absent null
}
category Analytics  = "analytics"          from gdpr
category Sale       = "data_sale_opt_out"  from ccpa  unasked granted
destination "GA4"     needs Analytics
destination "Broker"  needs Sale
"#,
    );
    let event = |gdpr: &str, ccpa: &str| format!(r#"{{"consent_state":{{"gdpr":{gdpr},"ccpa":{ccpa}}}}}"#);
    let analytics = |value: bool| format!(r#"{{"analytics":{{"consented":{value},"document":"v3"}}}}"#);
    let sale = |opted_out: bool| format!(r#"{{"data_sale_opt_out":{{"consented":{opted_out}}}}}"#);
    let (consented, refused) = (Reason::Consented, Reason::Refused);
    for (line, state, expected) in [
        (event(&analytics(true), "null"), "answered", [consented, consented]),
        (event(&analytics(true), &sale(true)), "answered", [consented, refused]),
        (event(&analytics(false), &sale(false)), "answered", [refused, consented]),
        (event("null", &sale(true)), "answered", [refused, refused]),
        (event("null", "null"), "empty", [refused, consented]),
        (event("7", &sale(false)), "malformed", [refused, refused]),
        // The other place does not count for the category.
        (event(&sale(false), &analytics(false)), "answered", [refused, consented]),
        ("{}".to_owned(), "missing", [refused, consented]),
    ] {
        assert_eq!(decided(&policy, &line), (state.to_owned(), expected.to_vec()), "{line}");
    }
    let most = default_situations(&policy);
    let certificate = certify(&Table::new(policy), most);
    assert!(certificate.differences.is_empty());
}

/// Places in one object: a documented spelling that another place reads is no wrong spelling, and any other one is.
#[test]
fn places_stand_beside_each_other() {
    let policy = policy(
        "override consent at places all {\n  a at context.consent.categoryPreferences\n  b at context.consent.groups \
         granted text by \",\" unlisted unasked\n}\ncategory X = \"x\"\ndestination \"D\" needs X",
    );
    let event = |members: &str| format!(r#"{{"context":{{"consent":{{{members}}}}}}}"#);
    for (members, state, reason) in [
        (r#""categoryPreferences":{"x":true},"groups":"x""#, "answered", Reason::Consented),
        (r#""categoryPreferences":{"x":true},"groups":"y""#, "answered", Reason::Refused),
        (r#""categoryPreferences":{"x":true}"#, "answered", Reason::Refused),
        (r#""groups":"x""#, "answered", Reason::Refused),
        (r#""categoryPreference":{"x":true},"groups":"x""#, "malformed", Reason::Refused),
        (r#""groups":["x"],"categoryPreferences":{"x":true}"#, "malformed", Reason::Refused),
    ] {
        let line = event(members);
        assert_eq!(decided(&policy, &line), (state.to_owned(), vec![reason]), "{line}");
    }
}

/// Under `all` each place may grant a category under another wire id.
#[test]
fn each_place_may_have_its_own_wire_id() {
    let policy = policy(
        "override consent at places all { a at a.c b at b.c }\ncategory X = \"C0002\", \"analytics\"\n\
         destination \"D\" needs X",
    );
    for (line, reason) in [
        (r#"{"a":{"c":{"C0002":true}},"b":{"c":{"analytics":true}}}"#, Reason::Consented),
        (r#"{"a":{"c":{"C0002":true,"analytics":false}},"b":{"c":{"analytics":true}}}"#, Reason::Refused),
        (r#"{"a":{"c":{"C0002":true,"analytics":true}},"b":{"c":{}}}"#, Reason::Refused),
    ] {
        assert_eq!(decided(&policy, line).1, [reason], "{line}");
    }
}

/// An envelope and an item are merged at each place by itself, before the places come together.
#[test]
fn a_batch_is_merged_at_each_place() {
    let of = |rule: &str| {
        policy(&format!(
            "override consent at places {rule} {{ a at a.c b at b.c }}\ncategory X = \"x\"\ndestination \"D\" needs X"
        ))
    };
    let line = |envelope: &str, item: &str| format!(r#"{{{envelope},"batch":[{{"type":"track",{item}}}]}}"#);
    let grants = |place: &str| format!(r#""{place}":{{"c":{{"x":true}}}}"#);
    let refuses = |place: &str| format!(r#""{place}":{{"c":{{"x":false}}}}"#);
    for (rule, line, reason) in [
        ("all", line(&grants("a"), &grants("b")), Reason::Consented),
        ("all", line(&grants("a"), &grants("a")), Reason::Refused),
        ("any refuses", line(&grants("a"), &refuses("b")), Reason::Refused),
        ("any refuses", line(&grants("a"), r#""a":{"c":{"x":true,"y":true}}"#), Reason::Consented),
        ("first present", line(&grants("a"), &refuses("b")), Reason::Consented),
        ("first present", line(&refuses("a"), &grants("a")), Reason::Refused),
    ] {
        let policy = of(rule);
        let batch = Batch::read(line.as_bytes(), &policy, &Limits::default()).unwrap().unwrap();
        for item in batch.items() {
            let text = std::str::from_utf8(item.bytes()).unwrap();
            assert_eq!(decided(&policy, text).1, [reason], "{rule}: {line}: {text}");
        }
    }
}

/// Foreign consent counts only where no place has any; an item that has some stays malformed, whatever the envelope has.
#[test]
fn foreign_consent_counts_where_no_place_has_any() {
    let policy = policy(
        "override foreign consent malformed\noverride consent at places any refuses { a at context.consent.c b at b.c }\n\
         category X = \"x\"\ndestination \"D\" needs X",
    );
    for (line, state) in [
        (r#"{"context":{"consent":{"x":true}}}"#, "malformed"),
        (r#"{"b":{"c":{"x":true}},"context":{"consent":{"x":true}}}"#, "answered"),
        (r#"{"b":{"consent":{"x":true}}}"#, "empty"),
        (r#"{"b":{}}"#, "empty"),
    ] {
        assert_eq!(decided(&policy, line).0, state, "{line}");
    }
    let line = r#"{"b":{"c":{"x":true}},"batch":[{"context":{"consent":{"x":false}}}]}"#;
    let batch = Batch::read(line.as_bytes(), &policy, &Limits::default()).unwrap().unwrap();
    for item in batch.items() {
        assert_eq!(decided(&policy, std::str::from_utf8(item.bytes()).unwrap()).0, "malformed");
    }
}

/// Policies that read other places are not compared, and it is said; of the same places everything is exact.
#[test]
fn only_the_same_places_are_compared() {
    let of = |places: &str, rest: &str| {
        policy(&format!("override consent at {places}\ncategory X = \"x\"{rest}\ndestination \"D\" needs X"))
    };
    let several = "places any refuses { a at a.c b at b.c }";
    let old = of(several, "");
    for (new, is_compared) in [
        (of("a.c", ""), false),
        (of("places all { a at a.c b at b.c }", ""), false),
        (of("places any refuses { a at a.c b at b.d }", ""), false),
        (of(several, " from a"), false),
        (of("places any refuses { other at b.c one at a.c }", ""), true),
        (of(several, " unasked granted"), true),
        (of(several, "\ncategory Y from a"), true),
    ] {
        let changes = diff(&old, &new);
        assert_eq!(changes.is_of_other_places(), !is_compared);
        assert_eq!(changes.too_large.is_empty(), is_compared);
        assert_eq!(changes.is_empty(), fingerprint(&old).unwrap() == fingerprint(&new).unwrap());
    }
}

/// Each event of a comparison is decided as the row says, also by a category that only one of the policies has.
#[test]
fn an_event_of_a_comparison_has_names_that_one_policy_knows() {
    for rule in ["all", "any refuses"] {
        for from in ["", " from b"].into_iter().filter(|from| from.is_empty() || rule != "all") {
            let of = |category: &str| {
                policy(&format!(
                    "override consent at places {rule} {{ a at a.c b at b.c }}\ncategory {category}\ndestination \"D\" needs {}",
                    category.split(' ').next().unwrap()
                ))
            };
            let (old, new) = (of("X"), of(&format!("Y{from}")));
            let changes = diff(&old, &new);
            assert!(changes.is_exact() && changes.count(Direction::Loosened) > 0);
            for (_, change) in changes.changes() {
                let event = change.witness.unwrap().event;
                for (policy, expected) in [(&old, change.before), (&new, change.after)] {
                    let reasons = decided(policy, &event).1;
                    assert_eq!(reasons, [expected.unwrap().reason], "{rule}{from}: {event}");
                }
            }
        }
    }
}

/// Policies with one meaning have one fingerprint, however they write their places.
#[test]
fn what_means_the_same_has_one_fingerprint() {
    let of = |places: &str, rest: &str| {
        policy(&format!(
            "override consent at places {places}\n{rest}\ninput s at context.consent.s values \"1\"\ndestination \"D\" needs X\n\
             destination \"E\" needs when s \"1\" X otherwise unmapped"
        ))
    };
    let two = "{ a at x.c b at context.consent.c }";
    let turned = "{ b at context.consent.c a at x.c }";
    for (one, other) in [
        (of(&format!("any refuses {two}"), "category X"), of(&format!("any refuses {turned}"), "category X")),
        (
            of(&format!("all {two}"), "category X from a"),
            of(&format!("any refuses {two}"), "category X from a"),
        ),
        (
            of(&format!("all {two}"), "category X = \"x\", \"y\""),
            of(&format!("all {turned}"), "category X = \"y\", \"x\""),
        ),
        (
            of("all { a at x.c alias d b at y.c }", "category X from a"),
            of("all { a at x.d alias c b at y.c }", "category X from a"),
        ),
    ] {
        assert_eq!(fingerprint(&one).unwrap(), fingerprint(&other).unwrap());
        assert!(diff(&one, &other).is_empty());
    }
}

/// An input stands nowhere where one of the places finds consent, in whatever order the places stand.
#[test]
fn inputs_stand_apart_from_every_place() {
    for (input, code) in [
        ("context.consent.categoryPreference", Some("C316")),
        ("context.consent.provider", None),
        ("x.first.a", Some("C316")),
        ("other.consent.provider", Some("C316")),
    ] {
        for places in [
            "a at x.first b at context.consent.categoryPreferences",
            "b at context.consent.categoryPreferences a at x.first",
        ] {
            let text = format!(
                "{REST}override foreign consent malformed\noverride consent at places any refuses {{ {places} }}\n\
                 input s at {input} values \"1\"\ncategory X\ndestination \"D\" needs X"
            );
            let found = Policy::parse(&text).err().map(|error| error.diagnostics()[0].code.to_string());
            assert_eq!(found.as_deref(), code, "{places}: {input}");
        }
    }
}
