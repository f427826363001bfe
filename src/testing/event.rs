//! An event that a test states in words, as JSON.

use crate::analysis::{ConsentText, Member, compose, text};
use crate::model::{ConsentState, Policy, StatedValue, TestConsent, TestIntegrations};

/// The event as JSON, where the policy looks for the preferences.
pub(super) fn json(
    consent: &TestConsent,
    integrations: &TestIntegrations,
    track: Option<&str>,
    policy: &Policy,
) -> String {
    let consent = match consent {
        TestConsent::Missing => ConsentText::Missing,
        TestConsent::Empty => ConsentText::Empty,
        TestConsent::Malformed => ConsentText::Malformed,
        TestConsent::Preferences(stated) => {
            let members = stated.iter().filter_map(|(id, stated)| {
                // What an event stamps is the category's wire id.
                policy.category(*id).map(|category| (text(category.wire_id()), value(*stated)))
            });
            ConsentText::Preferences(members.collect())
        }
    };
    let integrations: Option<Vec<Member>> = match integrations {
        TestIntegrations::Malformed => None,
        TestIntegrations::Entries(stated) => {
            Some(stated.iter().map(|(name, stated)| (text(name), value(*stated))).collect())
        }
    };
    compose(None, track.map(text), consent, integrations.as_deref(), policy.reading())
}

/// The state that the consent object is said to have.
pub(super) fn state(consent: &TestConsent) -> ConsentState {
    match consent {
        TestConsent::Missing => ConsentState::Missing,
        TestConsent::Empty => ConsentState::Empty,
        TestConsent::Malformed => ConsentState::Malformed,
        TestConsent::Preferences(stated) if stated.is_empty() => ConsentState::NoneGiven,
        TestConsent::Preferences(_) => ConsentState::Given,
    }
}

fn value(stated: StatedValue) -> &'static str {
    match stated {
        StatedValue::True => "true",
        StatedValue::False => "false",
        StatedValue::Null => "null",
        StatedValue::Options => "{}",
    }
}
