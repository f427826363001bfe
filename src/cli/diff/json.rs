//! Changes as one JSON document, which `grammar/diff.schema.json` describes.

use super::{Compared, Side, with_counts};
use consentry::exact::{
    Change, Check, Condition, Conditions, DestinationDiff, Direction, Presence, RequiredBy,
};
use consentry::{Entry, Reading, Reason};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

pub(super) fn write(to: &mut impl Write, compared: &Compared) -> io::Result<()> {
    let changes = &compared.changes;
    let known = |all: &[(String, bool)]| -> Vec<Value> {
        all.iter().map(|(name, is_new)| json!({ "name": name, "known": is_new })).collect()
    };
    let count = |direction| changes.destinations.iter().map(|one| one.count(direction)).sum::<usize>();
    let drops = changes.drops.iter().map(|drop| {
        json!({
            "consent": drop.consent.word(),
            "integrations": drop.integrations.word(),
            "before": drop.before,
            "after": drop.after,
        })
    });
    let destinations = changes.destinations.iter().enumerate();
    let document = json!({
        "v": 1,
        "old": side(&compared.old),
        "new": side(&compared.new),
        "equal": changes.is_empty(),
        "exact": changes.is_exact(),
        "loosened": count(Direction::Loosened),
        "tightened": count(Direction::Tightened),
        "reason": count(Direction::Reason),
        "reading": changes.reading.as_ref().map(|(old, new)| json!({ "before": reading(old), "after": reading(new) })),
        "categories": known(&changes.categories),
        "integrations": known(&changes.integrations),
        "gate": changes.gate.as_ref().map(|(old, new)| json!({ "before": old.to_string(), "after": new.to_string() })),
        "check": changes.check.as_ref().map(|(old, new)| {
            let said = |check: &Option<Check>| check.as_ref().map(Check::to_string);
            json!({ "before": said(old), "after": said(new) })
        }),
        "drops": drops.collect::<Vec<_>>(),
        "too_large": changes.too_large,
        "destinations": destinations.map(|(place, one)| destination(place, one, compared)).collect::<Vec<_>>(),
        "events": compared.touched.as_ref().map(|touched| json!({
            "decided": touched.events,
            "changed": touched.changed,
            "not_events": touched.not_events,
        })),
    });
    serde_json::to_writer(&mut *to, &document)?;
    writeln!(to)
}

fn side(side: &Side) -> Value {
    json!({
        "file": side.name,
        "policy": side.policy.name(),
        "edition": side.policy.edition(),
        "fingerprint": side.fingerprint(),
    })
}

/// The paths at which the preferences may be.
fn reading(reading: &Reading) -> Value {
    reading.paths().map(Value::from).collect::<Vec<_>>().into()
}

fn destination(place: usize, destination: &DestinationDiff, compared: &Compared) -> Value {
    let changes = with_counts(place, destination, compared).map(|(one, count)| change(&one, count));
    json!({
        "destination": destination.name,
        "presence": match destination.presence {
            Presence::Both => "both",
            Presence::Added => "added",
            Presence::Removed => "removed",
        },
        "changes": changes.collect::<Vec<_>>(),
    })
}

fn change(change: &Change, count: Option<u64>) -> Value {
    json!({
        "direction": change.direction.word(),
        "when": when(&change.conditions),
        "text": change.conditions.to_string(),
        "event": change.witness,
        "before": change.before.as_ref().map(said),
        "after": change.after.as_ref().map(said),
        "events": count,
    })
}

fn said((reason, refused): &(Reason, Vec<String>)) -> Value {
    json!({ "outcome": reason.outcome().word(), "reason": reason.word(), "refused": refused })
}

/// For each input that matters the values that it may have.
fn when(conditions: &Conditions) -> Value {
    let mut when = Map::new();
    let (mut entries, mut categories, mut needs) = (Map::new(), Map::new(), Map::new());
    let words = |values: &[Option<Entry>]| -> Value {
        values.iter().map(|value| value.map_or("unlisted", Entry::word)).collect::<Vec<_>>().into()
    };
    for condition in conditions.iter() {
        match condition {
            Condition::Consent(states) => drop(when.insert("consent".into(), json!(states))),
            Condition::Integrations(states) => {
                let states: Vec<&str> = states.iter().map(|state| state.word()).collect();
                when.insert("integrations".into(), json!(states));
            }
            Condition::Event(names) => drop(when.insert("event".into(), json!(names))),
            Condition::Entry { name, values, twice } => {
                let mut own = words(values);
                if let (Some(true), Some(own)) = (twice, own.as_array_mut()) {
                    own.push("on_and_invalid".into());
                }
                entries.insert(name.clone(), own);
            }
            Condition::All(values) => drop(when.insert("all".into(), words(values))),
            Condition::Category { name, granted } => drop(categories.insert(name.clone(), json!(granted))),
            Condition::Requirement { required_by, granted } => {
                let policies: &[&str] = match required_by {
                    RequiredBy::Old => &["old"],
                    RequiredBy::New => &["new"],
                    RequiredBy::Both => &["old", "new"],
                };
                needs.extend(policies.iter().map(|one| ((*one).to_owned(), json!(granted))));
            }
            Condition::OtherNames(other) => drop(when.insert("other_names".into(), json!(other))),
        }
    }
    for (key, members) in [("entries", entries), ("categories", categories), ("needs", needs)] {
        if !members.is_empty() {
            when.insert(key.into(), Value::Object(members));
        }
    }
    Value::Object(when)
}
