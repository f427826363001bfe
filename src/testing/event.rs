//! An event that a test states in words, as JSON.

use crate::analysis::{ConsentText, Member, compose, text};
use crate::model::{ConsentState, Policy, StatedEntry, StatedPreference, TestConsent, TestIntegrations};

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
                policy.category(*id).map(|category| (text(category.wire_id()), preference(*stated)))
            });
            ConsentText::Preferences(members.collect())
        }
    };
    let integrations: Option<Vec<Member>> = match integrations {
        TestIntegrations::Malformed => None,
        TestIntegrations::Entries(stated) => {
            Some(stated.iter().map(|(name, stated)| (text(name), entry(*stated))).collect())
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
        TestConsent::Preferences(stated) if stated.is_empty() => ConsentState::Unanswered,
        TestConsent::Preferences(_) => ConsentState::Answered,
    }
}

fn preference(stated: StatedPreference) -> &'static str {
    match stated {
        StatedPreference::Granted => "true",
        StatedPreference::Refused => "false",
        StatedPreference::Invalid => "null",
    }
}

fn entry(stated: StatedEntry) -> &'static str {
    match stated {
        StatedEntry::On => "true",
        StatedEntry::Off => "false",
        StatedEntry::Invalid => "null",
        StatedEntry::Options => "{}",
    }
}
