//! `sonic-rs`: the same borrowed struct, and lazy values that are skipped by SIMD until they are asked for.

use super::typed::Line;
use crate::rules::{Consent, Facts, Rules, exempt};
use crate::workload::Catalogue;
use sonic_rs::{
    JsonType, JsonValueTrait, LazyValue, ObjectJsonIter, to_object_iter, to_object_iter_unchecked,
};

/// Parses what is needed, checks the rest while skipping it, and decides with masks.
pub(super) fn typed(rules: &Rules, event: &[u8]) -> u64 {
    sonic_rs::from_slice::<Line>(event).expect("events are JSON").decide(rules)
}

/// Goes over the members of the event, checking each, opens those that are needed, and decides with masks.
pub(super) fn lazy(rules: &Rules, event: &[u8]) -> u64 {
    rules.deliver(&read(rules, to_object_iter(event)).0)
}

/// The same without checking what is skipped.
pub(super) fn lazy_unchecked(rules: &Rules, event: &[u8]) -> u64 {
    // SAFETY: the events of a workload are JSON; serde_json has read every one of them before anything is measured.
    rules.deliver(&read(rules, unsafe { to_object_iter_unchecked(event) }).0)
}

/// Decides lazily, then puts the new integrations object into the text of the event: in the place of the old one, or at the end.
pub(super) fn rewrite(catalogue: &Catalogue, rules: &Rules, event: &[u8], into: &mut Vec<u8>) {
    let (facts, integrations) = read(rules, to_object_iter(event));
    let deliver = rules.deliver(&facts);
    let start = into.len();
    let mut separator = b'{';
    let mut member = |into: &mut Vec<u8>, name: &str, value: &str| {
        into.extend_from_slice(&[separator, b'"']);
        into.extend_from_slice(name.as_bytes());
        into.extend_from_slice(b"\":");
        into.extend_from_slice(value.as_bytes());
        separator = b',';
    };
    let old = integrations.as_ref().map(LazyValue::as_raw_str);
    let rest = match old {
        Some(old) => {
            let at = old.as_ptr() as usize - event.as_ptr() as usize;
            into.extend_from_slice(&event[..at]);
            &event[at + old.len()..]
        }
        None => {
            let end = event.iter().rposition(|byte| *byte == b'}').expect("events are objects");
            into.extend_from_slice(&event[..end]);
            into.extend_from_slice(b",\"integrations\":");
            &event[end..]
        }
    };
    let entries = integrations.into_iter().filter_map(LazyValue::into_object_iter).flatten();
    for (name, value) in entries.filter_map(Result::ok) {
        let kept = name == "All" || rules.destination(&name) & !deliver == 0;
        if kept {
            member(into, &name, value.as_raw_str());
        }
    }
    for (number, destination) in catalogue.destinations.iter().enumerate() {
        if deliver >> number & 1 == 0 {
            member(into, &destination.name, "false");
        }
    }
    if separator == b'{' {
        into.push(b'{');
    }
    into.push(b'}');
    into.extend_from_slice(rest);
    debug_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&into[start..]).is_ok());
}

/// The facts, and the integrations object as it was written.
fn read<'e>(rules: &Rules, event: ObjectJsonIter<'e>) -> (Facts, Option<LazyValue<'e>>) {
    let mut facts = Facts::default();
    let (mut is_track, mut is_exempt, mut integrations) = (false, false, None);
    for member in event {
        let (key, value) = member.expect("events are JSON");
        match &*key {
            "context" => context(rules, &mut facts, value),
            "integrations" => integrations = Some(value),
            "type" => is_track = value.as_str() == Some("track"),
            "event" => is_exempt = exempt("track", value.as_str().unwrap_or_default()),
            _ => {}
        }
    }
    facts.exempt = is_track && is_exempt;
    for (name, value) in
        integrations.clone().and_then(LazyValue::into_object_iter).into_iter().flatten().flatten()
    {
        let entry = match value.get_type() {
            JsonType::Boolean => value.as_bool(),
            JsonType::Object => Some(true),
            _ => None,
        };
        facts.integrate(rules.destination(&name), entry);
    }
    (facts, integrations)
}

fn context(rules: &Rules, facts: &mut Facts, context: LazyValue<'_>) {
    let Some(consent) = member(context, "consent") else { return };
    facts.consent = Consent::Empty;
    let Some(preferences) = member(consent, "categoryPreferences") else { return };
    facts.consent = Consent::Preferences;
    for (name, value) in preferences.into_object_iter().into_iter().flatten().flatten() {
        facts.prefer(rules.category(&name), value.as_bool() == Some(true));
    }
}

fn member<'e>(object: LazyValue<'e>, key: &str) -> Option<LazyValue<'e>> {
    object.into_object_iter()?.flatten().find(|(name, _)| name == key).map(|(_, value)| value)
}
