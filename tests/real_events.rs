//! Real events through a worked example: counts per destination and reason, pinned, and worked out a second time by a
//! loop that knows nothing of the library.
//!
//! `tests/data/events.ndjson` is every twentieth of 6,000 events as the platform's official Node library posts them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use consentry::{Input, Limits, Policy, Table, reference};
use serde_json::Value;
use std::collections::BTreeMap;

const EVENTS: &str = include_str!("data/events.ndjson");

/// `<destination> <reason>` and how often.
type Counts = BTreeMap<String, u32>;

fn shop() -> Policy {
    Policy::load(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/examples/shop.consent")).unwrap()
}

fn by_the_table() -> Counts {
    let table = Table::new(shop());
    let mut scratch = table.scratch();
    let mut counts = Counts::new();
    for line in EVENTS.lines() {
        let event = table.read(line.as_bytes(), &Limits::default()).unwrap();
        let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
        for (id, verdict) in decision.verdicts() {
            assert_eq!(verdict.delivers(), decision.delivers(id));
            let name = table.policy().destination(id).unwrap().name();
            *counts.entry(format!("{name} {}", verdict.reason())).or_default() += 1;
        }
    }
    counts
}

fn by_the_reference() -> Counts {
    let policy = shop();
    let mut counts = Counts::new();
    for line in EVENTS.lines() {
        let event = consentry::Event::read(line.as_bytes(), policy.reading(), &Limits::default()).unwrap();
        for id in policy.destination_ids() {
            let reason = reference::explain(&policy, &event, id).unwrap().verdict.reason();
            *counts.entry(format!("{} {reason}", policy.destination(id).unwrap().name())).or_default() += 1;
        }
    }
    counts
}

/// The shop's rules by hand: what `shop.consent` says, as a programmer would have written it without a language.
fn by_hand() -> Counts {
    let mut counts = Counts::new();
    for line in EVENTS.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let consent = event["context"].get("consent");
        let preferences = consent.and_then(|consent| consent.get("categoryPreferences"));
        let malformed = consent.is_some_and(|consent| !consent.is_object());
        let enforced = match preferences {
            Some(_) => true,
            None => malformed,
        };
        let granted =
            |category: &str| preferences.and_then(|all| all.get(category)) == Some(&Value::Bool(true));
        let integrations = event["integrations"].as_object().unwrap();
        // A bare `consent: {}` refuses everything, but only beside integrations.
        let enforced = enforced || (consent.is_some() && !integrations.is_empty());
        let preference_event = ["Segment Consent Preference", "Segment Consent Preference Updated"]
            .map(Value::from)
            .contains(&event["event"])
            && event["type"] == "track";
        for (name, consents) in [
            ("Facebook Pixel", granted("Advertising") && granted("DataSharing")),
            ("Google Ads", granted("Advertising")),
            ("Amplitude", granted("Analytics")),
            ("Mixpanel", granted("Analytics")),
            ("Braze", granted("Personalization") || (granted("Advertising") && granted("Functional"))),
            ("HubSpot", granted("Personalization")),
            ("Intercom", granted("Functional")),
            ("Zendesk", true),
            ("Snowflake", granted("DataSharing")),
            ("Amazon S3", true),
        ] {
            let entry = integrations.get(name);
            let all_off = integrations.get("All") == Some(&Value::Bool(false));
            let reason = if enforced && !consents && !preference_event {
                "refused"
            } else if entry == Some(&Value::Bool(false)) {
                "integration_off"
            } else if entry.is_none() && all_off && name != "Snowflake" {
                "integration_all_off"
            } else if !enforced {
                "not_enforced"
            } else if name == "Amazon S3" || preference_event {
                "exempt"
            } else if name == "Zendesk" {
                "unmapped"
            } else {
                "consented"
            };
            *counts.entry(format!("{name} {reason}")).or_default() += 1;
        }
    }
    counts
}

#[test]
fn counts_per_destination_and_reason() {
    let pinned: Counts = include_str!("data/shop-counts.txt")
        .lines()
        .map(|line| {
            let (count, what) = line.split_once(' ').unwrap();
            (what.to_owned(), count.parse().unwrap())
        })
        .collect();
    assert_eq!(pinned.values().sum::<u32>(), 300 * 10);
    assert_eq!(by_hand(), pinned, "by hand");
    assert_eq!(by_the_table(), pinned, "by the table");
    assert_eq!(by_the_reference(), pinned, "by the reference");
}
