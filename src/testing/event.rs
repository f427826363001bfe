//! An event that a test states in words, as JSON, and the ledger's answer about its person.

use crate::event::{self, Consent, LedgerAnswer, Member, Record, compose, text};
use crate::model::{InputState, Policy, Reading, StatedEntry, TestConsent, TestIntegrations, TestRecorded};

/// Returns the consent object that a test states.
pub(super) fn consent<'p>(stated: &TestConsent, policy: &'p Policy) -> Consent<'p> {
    match stated {
        TestConsent::Missing => Consent::Missing,
        TestConsent::Empty => Consent::Empty,
        TestConsent::Malformed => Consent::Malformed,
        TestConsent::Preferences(stated) => {
            let values = stated.iter().filter_map(|(id, stated)| {
                // What an event stamps is the category's wire id.
                policy.category(*id).map(|category| (category.wire_id(), (*stated).into()))
            });
            Consent::stating(values, policy)
        }
    }
}

/// Returns the event as JSON, where the policy looks for the preferences.
pub(super) fn json(
    consent: &Consent<'_>,
    integrations: &TestIntegrations,
    track: Option<&str>,
    inputs: &[(usize, InputState)],
    policy: &Policy,
) -> String {
    let integrations: Option<Vec<Member>> = match integrations {
        TestIntegrations::Malformed => None,
        TestIntegrations::None => Some(Vec::new()),
        TestIntegrations::Entries(stated) => {
            Some(stated.iter().map(|(name, stated)| (text(name), entry(*stated).to_owned())).collect())
        }
    };
    let track = track.into_iter().flat_map(|name| event::track(text(name))).collect();
    let state = |place| {
        let stated = inputs.iter().find(|(stated, _)| *stated == place);
        stated.map_or(InputState::Absent, |(_, state)| state.clone())
    };
    let reading = policy.reading();
    let given = event::input_members(&reading.inputs, state);
    compose(track, consent, integrations.as_deref(), &Reading { given, ..reading.clone() })
}

/// Returns the ledger's answer that a test states.
pub(super) fn answer(stated: &TestRecorded, policy: &Policy) -> LedgerAnswer {
    match stated {
        TestRecorded::Unknown => LedgerAnswer::Unknown,
        TestRecorded::Unreachable => LedgerAnswer::Unreachable,
        TestRecorded::Record(stated) => {
            let members = stated.iter().filter_map(|(id, recorded)| {
                policy.category(*id).map(|category| (category.wire_id().to_owned(), *recorded))
            });
            LedgerAnswer::Known(Record { preferences: members.collect() })
        }
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
