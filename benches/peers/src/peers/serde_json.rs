//! `serde_json`: a tree of values and a loop, as most people begin, and a struct that borrows.

use super::typed::Line;
#[cfg(feature = "engines")]
use crate::rules::Facts;
use crate::rules::{Rules, exempt};
use crate::workload::Catalogue;
use serde_json::{Map, Value};

/// Parses the whole event and asks the tree by name, destination by destination.
pub(super) fn value(catalogue: &Catalogue, event: &[u8]) -> u64 {
    let event: Value = serde_json::from_slice(event).expect("events are JSON");
    decide(catalogue, &event)
}

/// Parses the whole event, and writes it again with `false` for every destination that must not receive it.
pub(super) fn rewrite(catalogue: &Catalogue, event: &[u8], into: &mut Vec<u8>) {
    let mut event: Value = serde_json::from_slice(event).expect("events are JSON");
    let deliver = decide(catalogue, &event);
    let members = event.as_object_mut().expect("events are objects");
    let integrations = members.entry("integrations").or_insert_with(|| Value::Object(Map::new()));
    for (number, destination) in catalogue.destinations.iter().enumerate() {
        if deliver >> number & 1 == 0 {
            integrations[&destination.name] = Value::Bool(false);
        }
    }
    serde_json::to_writer(into, &event).expect("writing to memory does not fail");
}

fn decide(catalogue: &Catalogue, event: &Value) -> u64 {
    let consent = event.get("context").and_then(|context| context.get("consent"));
    let preferences = consent.and_then(|consent| consent.get("categoryPreferences"));
    let integrations = event.get("integrations").and_then(Value::as_object);
    let given = integrations.is_some_and(|entries| !entries.is_empty());
    let enforced = match (consent, preferences) {
        (None, _) => false,
        (Some(_), None) => given,
        (Some(_), Some(_)) => true,
    };
    let text = |key| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let enforced = enforced && !exempt(text("type"), text("event"));
    let granted = |category: &usize| {
        let name = &catalogue.categories[*category];
        preferences.and_then(|all| all.get(name)) == Some(&Value::Bool(true))
    };
    let entry = |name: &str| match integrations.and_then(|entries| entries.get(name)) {
        Some(Value::Bool(on)) => Some(*on),
        Some(Value::Object(_)) => Some(true),
        _ => None,
    };
    let default = entry("All").unwrap_or(true);
    let mut deliver = 0;
    for (number, destination) in catalogue.destinations.iter().enumerate() {
        let consented = !enforced || destination.needs.iter().all(granted);
        deliver |= u64::from(consented && entry(&destination.name).unwrap_or(default)) << number;
    }
    deliver
}

/// Parses what is needed, checks the rest while skipping it, and decides with masks.
pub(super) fn typed(rules: &Rules, event: &[u8]) -> u64 {
    serde_json::from_slice::<Line>(event).expect("events are JSON").decide(rules)
}

/// Parses what is needed, checks the rest while skipping it.
#[cfg(feature = "engines")]
pub(super) fn facts(rules: &Rules, event: &[u8]) -> Facts {
    serde_json::from_slice::<Line>(event).expect("events are JSON").facts(rules)
}
