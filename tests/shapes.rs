//! The shapes of consent: what each reads, from public bug reports and from the vendors' own rules.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[path = "common/decided.rs"]
mod decided;

use consentry::event::{Batch, RecordedPreference};
use consentry::exact::{Direction, diff, fingerprint};
use consentry::ledger::{Id, LedgerEvent, MemoryStore, Timestamp, record, recorded};
use consentry::{Event, Input, Limits, Policy, Reason, Table, reference};
use decided::decided;

/// Two destinations, of which each needs one category; a third one is unmapped.
fn policy(consent_at: &str) -> Policy {
    let text = format!(
        r#"consentry 1
policy "p"
include prelude "segment"
category Stats = "C0002"
category Ads = "C0004"
destination "Amplitude" needs Stats
destination "Facebook Pixel" needs Ads
destination "Intercom" unmapped
override consent at {consent_at}
"#
    );
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Each line with its state, and the reasons of the two mapped destinations.
fn reads(consent_at: &str, cases: &[(&str, &str, Reason, Reason)]) {
    let policy = policy(consent_at);
    for (line, state, stats, ads) in cases {
        let (found, reasons) = decided(&policy, line);
        assert_eq!((found.as_str(), reasons[0], reasons[1]), (*state, *stats, *ads), "{consent_at}: {line}");
    }
}

const YES: Reason = Reason::Consented;
const NO: Reason = Reason::Refused;
/// Under `segment` nothing is enforced where there are neither preferences nor integrations.
const OPEN: Reason = Reason::NotEnforced;

/// RudderStack's server and SDK stamp both lists ("rudder-consent-ids").
#[test]
fn lists_of_ids_are_read() {
    let stamped = |allowed: &str, denied: &str| {
        format!(
            r#"{{"type":"track","event":"Order Completed","context":{{"consentManagement":{{"provider":"oneTrust","allowedConsentIds":{allowed},"deniedConsentIds":{denied},"resolutionStrategy":"and"}}}}}}"#
        )
    };
    let both = stamped(r#"["C0001","C0002"]"#, r#"["C0004"]"#);
    let neither = stamped("[]", "[]");
    let empty_text = stamped("[]", r#"[""]"#);
    let odd = stamped(r#"["C0002",1]"#, r#"["C0004",null]"#);
    let escaped = stamped(r#"["C000\u0032"]"#, r#"["C000\u0034"]"#);
    let object = stamped(r#"{"C0002":"Stats"}"#, r#""C0004""#);
    reads(
        "context.consentManagement.deniedConsentIds refused list unlisted granted skip \"\"",
        &[
            (&both, "answered", YES, NO),
            (&neither, "unanswered", YES, YES),
            (&empty_text, "unanswered", YES, YES),
            (&odd, "malformed", NO, NO),
            (&escaped, "answered", YES, NO),
            (&object, "malformed", NO, NO),
            (r#"{"context":{"consentManagement":{}}}"#, "empty", OPEN, OPEN),
            (r#"{"context":{"consentManagement":null}}"#, "malformed", NO, NO),
            (r#"{"context":{}}"#, "missing", OPEN, OPEN),
            (
                r#"{"context":{"consentManagement":{"deniedConsentIds":[],"deniedConsentIds":[]}}}"#,
                "malformed",
                NO,
                NO,
            ),
        ],
    );
    reads(
        "context.consentManagement.allowedConsentIds granted list unlisted refused",
        &[
            (&both, "answered", YES, NO),
            (&neither, "unanswered", NO, NO),
            (&odd, "malformed", NO, NO),
            (&escaped, "answered", YES, NO),
            (&object, "malformed", NO, NO),
        ],
    );
}

/// Google's words, as a wrapper of Segment stamps them ("words-granted-denied").
#[test]
fn words_are_read() {
    let stamped = |stats: &str, ads: &str| {
        format!(r#"{{"context":{{"google_consents":{{"C0002":{stats},"C0004":{ads}}}}}}}"#)
    };
    let [upper, lower, other, booleans] = [
        stamped("\"GRANTED\"", "\"DENIED\""),
        stamped("\"granted\"", "\"denied\""),
        stamped("\"UNSPECIFIED\"", "true"),
        stamped("true", "false"),
    ];
    reads(
        "context.google_consents words granted \"granted\", \"GRANTED\" refused \"denied\", \"DENIED\" \
         unasked \"UNSPECIFIED\", \"UNKNOWN\"",
        &[
            (&upper, "answered", YES, NO),
            (&lower, "answered", YES, NO),
            (&other, "answered", NO, NO),
            (&booleans, "answered", NO, NO),
            (
                r#"{"context":{"google_consents":{"C0004":"gr\u0061nted","C0004":"granted"}}}"#,
                "answered",
                NO,
                YES,
            ),
            (r#"{"context":{"google_consents":{"C0004":"granted","C0004":"denied"}}}"#, "answered", NO, NO),
            (r#"{"context":{"google_consents":{}}}"#, "unanswered", NO, NO),
            (r#"{"context":{"google_consents":"granted"}}"#, "malformed", NO, NO),
        ],
    );
}

/// OneTrust's active groups, and the groups of its cookie ("strings-of-groups-and-tcf").
#[test]
fn texts_are_read() {
    let stamped = |groups: &str| format!(r#"{{"context":{{"consent":{{"activeGroups":{groups}}}}}}}"#);
    let [usual, empty, commas, none, both, list] =
        ["\",C0001,C0002,\"", "\"\"", "\",,\"", "null", "\"C0004,C0002\"", "[\"C0002\"]"].map(stamped);
    let tcf = r#"{"context":{"consent":{"tcString":"CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}}"#;
    reads(
        "context.consent.activeGroups granted text by \",\" unlisted refused",
        &[
            (&usual, "answered", YES, NO),
            (&empty, "unanswered", NO, NO),
            (&commas, "unanswered", NO, NO),
            (&none, "malformed", NO, NO),
            (&both, "answered", YES, YES),
            (&list, "malformed", NO, NO),
            (tcf, "empty", OPEN, OPEN),
        ],
    );
    reads(
        "context.consent.activeGroups granted text by \",\" unlisted refused absent null, \"\"",
        &[(&none, "empty", OPEN, OPEN), (&empty, "empty", OPEN, OPEN), (&commas, "unanswered", NO, NO)],
    );
    let [usual, odd, colons] =
        ["\"C0002:1,C0004:0\"", "\"C0002:2,C0004\"", "\"C0002:0:1,C0004:1\""].map(stamped);
    reads(
        "context.consent.activeGroups pairs by \",\" and \":\" granted \"1\" refused \"0\" unlisted refused",
        &[
            (&usual, "answered", YES, NO),
            (&odd, "answered", NO, NO),
            // The name of the first pair is `C0002:0`.
            (&colons, "answered", NO, YES),
            (&empty, "unanswered", NO, NO),
        ],
    );
}

/// mParticle's two halves: objects with a boolean in them, of which that of CCPA means that the person opted out.
#[test]
fn booleans_in_objects_are_read() {
    let stamped =
        |value: &str| format!(r#"{{"consent_state":{{"gdpr":{{"C0002":{value},"C0004":{value}}}}}}}"#);
    let [yes, no, without, twice, bare] = [
        r#"{"consented":true,"timestamp_unixtime_ms":1700000000000}"#,
        r#"{"document":"v3","consented":false}"#,
        r#"{"Consented":true}"#,
        r#"{"consented":true,"consented":true}"#,
        "true",
    ]
    .map(stamped);
    reads(
        "consent_state.gdpr booleans in consented absent null",
        &[
            (&yes, "answered", YES, YES),
            (&no, "answered", NO, NO),
            (&without, "answered", NO, NO),
            (&twice, "answered", NO, NO),
            (&bare, "answered", NO, NO),
            (r#"{"consent_state":{"gdpr":null}}"#, "empty", OPEN, OPEN),
        ],
    );
    reads(
        "consent_state.gdpr booleans in consented reversed",
        &[(&yes, "answered", NO, NO), (&no, "answered", YES, YES), (&without, "answered", NO, NO)],
    );
}

/// Under an opt-out law whoever was not asked counts as having granted, and whoever refused does not.
#[test]
fn unasked_people_count_as_granted_where_the_category_says_so() {
    let text = r#"consentry 1
policy "p"
include prelude "segment-strict"
category Sale = "data_sale_opt_out" unasked granted
category Stats
destination "Meta" needs Sale
destination "Amplitude" needs Stats
override exempt events none
override consent at consent_state.ccpa booleans in consented reversed absent null
test "nobody asked" {
  consent missing
  deliver only "Meta"
}
test "opted out" {
  consent { Sale: refused }
  block all
}
test "others were asked" {
  consent { Stats: granted }
  deliver all
}
never deliver "Meta" without Sale
never deliver "Meta" when Sale refused
never deliver "Meta" when Sale invalid
always deliver "Meta" when Sale unasked and consent missing and integrations none
"#;
    let policy = Policy::parse(text).unwrap();
    let proofs: Vec<bool> = policy
        .promises()
        .iter()
        .map(|one| consentry::exact::prove(&policy, one).unwrap().is_proved())
        .collect();
    assert_eq!(proofs, [true; 4]);
    for (line, meta) in [
        ("{}", YES),
        (r#"{"consent_state":{"ccpa":null}}"#, YES),
        (r#"{"consent_state":{"ccpa":{}}}"#, YES),
        (r#"{"consent_state":{"ccpa":{"data_sale_opt_out":{"consented":false}}}}"#, YES),
        (r#"{"consent_state":{"ccpa":{"data_sale_opt_out":{"consented":true}}}}"#, NO),
        (r#"{"consent_state":{"ccpa":{"data_sale_opt_out":{"consented":1}}}}"#, NO),
        (r#"{"consent_state":7}"#, Reason::Dropped),
    ] {
        assert_eq!(decided(&policy, line).1[0], meta, "{line}");
    }
}

/// Two providers have an id each for one purpose: a refusal under either wins, then an invalid value, then a grant.
#[test]
fn several_wire_ids_are_one_category() {
    let text = r#"consentry 1
policy "p"
include prelude "segment"
category Stats = "C0002", "analytics"
destination "Amplitude" needs Stats
"#;
    let policy = Policy::parse(text).unwrap();
    for (preferences, reason) in [
        (r#""C0002":true"#, YES),
        (r#""analytics":true"#, YES),
        (r#""analytics":true,"C0002":true"#, YES),
        (r#""analytics":false,"C0002":true"#, NO),
        (r#""analytics":true,"C0002":0"#, NO),
        (r#""analytics":0,"C0002":false"#, NO),
        (r#""other":true"#, NO),
    ] {
        let line = format!(r#"{{"context":{{"consent":{{"categoryPreferences":{{{preferences}}}}}}}}}"#);
        assert_eq!(decided(&policy, &line).1, [reason], "{line}");
    }
    let twice = text.replace("\"analytics\"\n", "\"analytics\"\ncategory Ads = \"analytics\"\n");
    assert!(Policy::parse(&twice).unwrap_err().to_string().contains("C307"), "one id of two categories");
}

/// Policies of two shapes read two values of one event. Events with both are compared, also those whose ids are in neither list.
#[test]
fn policies_of_two_shapes_are_compared_over_events_with_both() {
    let server = policy("context.consentManagement.deniedConsentIds refused list unlisted granted skip \"\"");
    let sdk = policy("context.consentManagement.allowedConsentIds granted list unlisted refused");
    let changes = diff(&server, &sdk);
    assert!(changes.is_exact() && changes.too_large.is_empty());
    let (mut loosened, mut in_neither) = (0, 0);
    for (destination, change) in changes.changes() {
        let witness = &change.witness.as_ref().unwrap().event;
        let delivers = [&server, &sdk].map(|policy| {
            let event = Event::read(witness.as_bytes(), policy.reading(), &Limits::default()).unwrap();
            let id = policy.destination_named(&destination.name).unwrap();
            reference::explain(policy, &event, id).unwrap().verdict.delivers()
        });
        match change.direction {
            Direction::Loosened => assert_eq!(delivers, [false, true], "{witness}"),
            Direction::Tightened => assert_eq!(delivers, [true, false], "{witness}"),
            Direction::Reason => assert_eq!(delivers[0], delivers[1], "{witness}"),
        }
        loosened += usize::from(change.direction == Direction::Loosened);
        let has_both = witness.contains("deniedConsentIds") && witness.contains("allowedConsentIds");
        let is_named = witness.contains("C0002") || witness.contains("C0004");
        in_neither += usize::from(has_both && !is_named && change.direction == Direction::Tightened);
    }
    assert!(loosened > 0 && in_neither > 0, "{loosened} {in_neither}");
    assert_ne!(fingerprint(&server).unwrap(), fingerprint(&sdk).unwrap());
}

/// An event writes its choice for each category of the policy to the ledger, also for one that is not listed.
#[test]
fn a_ledger_records_what_is_not_listed() {
    let policy = Policy::parse(
        r#"consentry 1
policy "p"
include prelude "segment"
category Stats = "C0002", "analytics"
category Ads = "C0004"
category Sale unasked granted
override consent at context.denied refused list unlisted granted
"#,
    )
    .unwrap();
    let store = MemoryStore::default();
    let line = br#"{"type":"track","event":"Segment Consent Preference Updated","userId":"u","timestamp":"2026-10-01T00:00:00Z",
        "context":{"denied":["C0004","Gossip"]}}"#;
    let notice = LedgerEvent::read(line, &policy, &Limits::default()).unwrap();
    record(&store, &[notice], Timestamp::parse("2026-10-02T00:00:00Z").unwrap()).unwrap();
    let found = recorded(&store, &[Id::User("u".into())]).unwrap().remove(0).unwrap().record();
    let of = |wire_id| found.preference_of([wire_id, "analytics"].into_iter());
    assert_eq!(of("C0002"), RecordedPreference::Granted);
    assert_eq!(found.preference("C0004"), RecordedPreference::Refused);
    assert_eq!(found.preference("Gossip"), RecordedPreference::Refused);
    assert_eq!(found.preference("Sale"), RecordedPreference::Granted);
}

/// What a policy states about a shape and nobody could obey is refused, each with its help.
#[test]
fn shapes_that_decide_nothing_are_refused() {
    for (statements, code) in [
        ("override consent at a.b granted list", "C324"),
        ("override consent at a.b unlisted refused", "C324"),
        ("override consent at a.b granted list unlisted granted", "C324"),
        ("override consent at a.b granted text by \",\"", "C324"),
        (
            "override consent at a.b pairs by \":\" and \"::\" granted \"1\" refused \"0\" unlisted refused",
            "C324",
        ),
        ("override consent at a.b words granted \"1\" refused \"1\"", "C324"),
        (
            "override consent at a.b pairs by \",\" and \":\" granted \"1\" refused \":0\", \"0\" unlisted refused",
            "C324",
        ),
        (
            "override consent at a.b granted list unlisted refused override ledger mismatch drop category A",
            "C328",
        ),
        ("override consent at a.b granted text by \",\" unlisted refused category A = \"x,y\"", "C325"),
        ("override consent at a.b granted list unlisted refused skip \"x\" category A = \"x\"", "C325"),
        ("override consent at a.b granted list unlisted unasked category A unasked granted", "C327"),
        ("override consent at a.b refused list unlisted unasked category A", "C327"),
        (
            "override consent at a.b granted list unlisted refused category A destination \"D\" needs A \
             test \"t\" { consent { A: unasked } block \"D\" }",
            "C326",
        ),
    ] {
        let text = format!("consentry 1 policy \"p\" include prelude \"segment\" {statements}");
        let error = Policy::parse(&text).unwrap_err().to_string();
        assert!(error.contains(code), "{statements}\n{error}");
    }
}

/// The page of a prelude: its policy compiles, and its event is decided as the page says.
#[test]
fn pages_of_preludes_say_what_is_so() {
    for (page, expected) in [
        (include_str!("../docs/preludes/google-consent-mode.md"), [YES, NO]),
        (include_str!("../docs/preludes/onetrust-groups.md"), [YES, NO]),
    ] {
        let block = |language: &str| {
            let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
            rest.split_once("```").unwrap().0
        };
        let policy = Policy::parse(block("consent")).unwrap();
        assert_eq!(decided(&policy, block("json").trim()).1, expected);
        // What the page offers in place of the prelude's path compiles too.
        let offered = page.split('`').filter(|code| code.starts_with("override consent at"));
        let mut count = 0;
        for statement in offered {
            let text = format!(
                "consentry 1 policy \"p\" include prelude \"segment\" {}",
                statement.replace('\n', " ")
            );
            assert!(Policy::parse(&text).is_ok(), "{text}");
            count += 1;
        }
        assert!(count > 0);
    }
}

/// A batch has consent at two places. A separator of two characters, or a name that is like no category, hides no refusal of either.
#[test]
fn merged_consent_hides_no_refusal() {
    let delivers = |policy: &Policy, line: &str| {
        let table = Table::new(policy.clone());
        let mut scratch = table.scratch();
        let batch = Batch::read(line.as_bytes(), policy, &Limits::default()).unwrap().unwrap();
        let item = batch.item(0).unwrap();
        let decision = table.decide(Input::line(item.bytes()), &mut scratch).unwrap();
        decision.delivered().map(|id| policy.destination(id).unwrap().name().to_owned()).collect::<Vec<_>>()
    };
    let separated = policy("context.denied refused text by \",,\" unlisted granted");
    let line = r#"{"batch":[{"type":"page","context":{"denied":"x,"}}],"context":{"denied":"C0004"}}"#;
    assert!(!delivers(&separated, line).contains(&"Facebook Pixel".to_owned()));
    let odd = Policy::parse(
        r#"consentry 1
policy "p"
include prelude "segment"
category One = "1"
category Two = "2"
category Other = "?"
destination "A" needs One
destination "B" needs Other
override consent at context.allowed granted list unlisted refused
"#,
    )
    .unwrap();
    let line = r#"{"batch":[{"type":"page","context":{"allowed":["?","0"]}}],"context":{"allowed":["2"]}}"#;
    assert_eq!(delivers(&odd, line), Vec::<String>::new());
}
