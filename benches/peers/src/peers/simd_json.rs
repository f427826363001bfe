//! `simd-json`: an index of structural characters first, then a tape of all values. It writes into its input, so each event is
//! copied into a buffer before.

use super::typed::Line;
use crate::rules::{Consent, Facts, Rules, exempt};
use simd_json::prelude::*;
use simd_json::tape::{Object, Value};
use simd_json::{Buffers, Tape};

/// Room that is used again for each event.
#[derive(Default)]
pub(super) struct Room {
    input: Vec<u8>,
    buffers: Buffers,
    tape: Option<Tape<'static>>,
}

/// Parses the whole event into a tape, walks over it, and decides with masks.
pub(super) fn tape(rules: &Rules, room: &mut Room, event: &[u8]) -> u64 {
    let Room { input, buffers, tape: kept } = room;
    input.clear();
    input.extend_from_slice(event);
    let mut tape = kept.take().unwrap_or_else(Tape::null).reset();
    simd_json::fill_tape(input, buffers, &mut tape).expect("events are JSON");
    let event = tape.as_value().as_object().expect("events are objects");
    let deliver = rules.deliver(&read(rules, &event));
    *kept = Some(tape.reset());
    deliver
}

/// Parses what is needed into a struct, and decides with masks.
pub(super) fn typed(rules: &Rules, room: &mut Room, event: &[u8]) -> u64 {
    let Room { input, buffers, .. } = room;
    input.clear();
    input.extend_from_slice(event);
    simd_json::serde::from_slice_with_buffers::<Line>(input, buffers).expect("events are JSON").decide(rules)
}

fn read(rules: &Rules, event: &Object<'_, '_>) -> Facts {
    let mut facts = Facts::default();
    let (mut is_track, mut is_exempt) = (false, false);
    for (key, value) in event.iter() {
        match key {
            "context" => context(rules, &mut facts, value),
            "integrations" => {
                for (name, value) in value.as_object().iter().flat_map(Object::iter) {
                    let entry = if value.is_object() { Some(true) } else { value.as_bool() };
                    facts.integrate(rules.destination(name), entry);
                }
            }
            "type" => is_track = value.as_str() == Some("track"),
            "event" => is_exempt = value.as_str().is_some_and(|name| exempt("track", name)),
            _ => {}
        }
    }
    facts.exempt = is_track && is_exempt;
    facts
}

fn context(rules: &Rules, facts: &mut Facts, context: Value<'_, '_>) {
    let Some(consent) = context.get("consent") else { return };
    facts.consent = Consent::Empty;
    let Some(preferences) = consent.get("categoryPreferences").and_then(|all| all.as_object()) else {
        return;
    };
    facts.consent = Consent::Preferences;
    for (name, value) in preferences.iter() {
        facts.prefer(rules.category(name), value.as_bool() == Some(true));
    }
}
