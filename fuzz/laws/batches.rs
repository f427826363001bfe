//! Laws of batches: what a line with several events means is what its items mean, each with what the envelope adds to it.

use super::events::EventText;
use super::policies::PolicyText;
use super::{all_of, compile, obeyed, read, said};
use arbitrary::{Result, Unstructured};
use consentry::event::{Batch, Consent, Integrations, Name, Preference, Recorded};
use consentry::model::{Batches, InputState, PlacesRule, Reading};
use consentry::{Event, Input, Limits, Table, Validation};
use serde_json::Value;

/// A batch under any setting: each item is decided as the event that has the parts of both, the rewritten batch is obeyed, and an
/// unpacked item is the rewritten one.
pub fn batches_are_their_items(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let mut scratch = table.scratch();
    let mut compared = 0;
    // A batch is decided several times, so that there are few for each policy.
    for _ in 0..12 {
        let items: Vec<EventText> =
            (0..u.int_in_range(0..=3)?).map(|_| EventText::arbitrary(u, &policy)).collect::<Result<_>>()?;
        let texts: Vec<String> = items.iter().map(EventText::text).collect();
        let array = format!("[{}]", texts.join(u.choose(&[",", " ,\r\n"])?));
        let is_array = !items.is_empty() && u.ratio(1, 8)?;
        let envelope = EventText::arbitrary(u, &policy)?.without("batch");
        let envelope = if u.ratio(1, 8)? { envelope } else { envelope.without("type") };
        let line = match is_array {
            true => array,
            false => envelope.with_member(u, "batch", array)?.text(),
        };
        compared +=
            batch(&table, &policy.text(), &line, (!is_array).then_some(&envelope), &items, &mut scratch);
    }
    Ok(compared)
}

fn batch(
    table: &Table,
    policy: &str,
    line: &str,
    envelope: Option<&EventText>,
    items: &[EventText],
    scratch: &mut consentry::Scratch,
) -> u64 {
    let shown = || format!("{line}\n{policy}");
    let bytes = line.as_bytes();
    let read_line = Batch::read(bytes, table.policy(), &Limits::default());
    let one = table.decide(Input::line(bytes), scratch).err();
    assert_eq!(table.decide(Input::line(bytes).trusted(), scratch).err(), one, "{}", shown());
    if envelope.is_some_and(|envelope| envelope.has("type")) {
        assert!(read_line.unwrap().is_none() && one.is_none(), "{}", shown());
        return 1;
    }
    assert!(one.is_some_and(|error| error.is_batch()), "{}", shown());
    if table.policy().batches().value == Batches::Reject {
        assert!(read_line.unwrap_err().is_batch(), "{}", shown());
        return 1;
    }
    let batch = read_line.unwrap().unwrap();
    assert_eq!(batch.len(), items.len(), "{}", shown());
    let is_merged = table.policy().batches().value == Batches::Merged;
    // Each place is merged by itself: two events do not show what each place has.
    let rule = table.policy().reading().places_rule();
    if is_merged && rule.is_some_and(|rule| rule != PlacesRule::AnyRefuses) {
        return 1;
    }
    let envelope_text = envelope.map(EventText::text).filter(|_| is_merged);
    let around = envelope_text.as_deref().map(|text| read(table, text));
    let mut unpacked = Vec::new();
    let mut compared = 0;
    for (item, own) in batch.items().zip(items) {
        let own_text = own.text();
        let expected = with_parts(table, read(table, &own_text), around.as_ref());
        let input = || Input::line(item.bytes()).recorded(Recorded::Unchecked);
        let decision = table.decide(input(), scratch).unwrap();
        let text = std::str::from_utf8(item.bytes()).unwrap();
        assert_eq!(all_of(&decision), said(table, &expected), "item {}: {text}\n{}", item.number(), shown());
        if around.is_none() {
            assert_eq!(text, own_text.trim_ascii(), "{}", shown());
        }
        // Two integrations objects that cannot be one are both there.
        let repeats_keys = own.has_repeated_keys() || around.is_some();
        compared += 1 + obeyed(table, policy, scratch, text, repeats_keys, Validation::Full);
        let mut rewritten = Vec::new();
        table.rewrite(input(), scratch, &mut rewritten).unwrap();
        unpacked.push(String::from_utf8(rewritten).unwrap());
    }
    let mut rewritten = b"in front ".to_vec();
    let mut decided = 0;
    let count = |_: &consentry::Decision<'_>| {
        decided += 1;
        true
    };
    table.rewrite_batch(&batch, || Recorded::Unchecked, scratch, &mut rewritten, count).unwrap();
    assert_eq!(decided, items.len());
    let rewritten = std::str::from_utf8(&rewritten).unwrap().strip_prefix("in front ").unwrap();
    let shown = || format!("{rewritten}\n{}", shown());
    if items.is_empty() {
        assert_eq!(rewritten, line);
        return compared + 1;
    }
    // The rewritten items alone: an envelope without its parts.
    let (old, new) = (value(line), value(rewritten));
    let (Some((mut old_rest, old_items)), Some((new_rest, new_items))) = (parts(old), parts(new)) else {
        return compared;
    };
    if is_merged {
        old_rest.remove("integrations");
    }
    assert_eq!(old_rest, new_rest, "{}", shown());
    assert_eq!(old_items.len(), new_items.len(), "{}", shown());
    for ((old, new), unpacked) in old_items.into_iter().zip(new_items).zip(&unpacked) {
        let unpacked: Value = serde_json::from_str(unpacked).unwrap();
        assert_eq!(new.get("integrations"), unpacked.get("integrations"), "{}", shown());
        let without = |mut value: Value| {
            value.as_object_mut().unwrap().remove("integrations");
            value
        };
        assert_eq!(without(old), without(new), "{}", shown());
        compared += 1;
    }
    compared
}

/// Returns the event with the parts of another one: both consents and both integrations objects, listed together, and the inputs of both, where
/// of two values the one counts that the policy lists first.
fn with_parts<'a>(table: &Table, event: Event<'a>, other: Option<&Event<'a>>) -> Event<'a> {
    let Some(other) = other else { return event };
    let consent = match (event.consent, other.consent.clone()) {
        (Consent::Malformed, _) | (_, Consent::Malformed) => Consent::Malformed,
        (Consent::Preferences(one), Consent::Preferences(other)) => {
            Consent::Preferences(both(&one, &other, table.policy().reading()))
        }
        (Consent::Preferences(one), _) | (_, Consent::Preferences(one)) => Consent::Preferences(one),
        (Consent::Empty, _) | (_, Consent::Empty) => Consent::Empty,
        (Consent::Missing, Consent::Missing) => Consent::Missing,
    };
    let integrations = match (event.integrations, other.integrations.clone()) {
        (Integrations::Entries(one), Integrations::Entries(other)) => {
            Integrations::Entries([one, other].concat())
        }
        _ => Integrations::Malformed,
    };
    let of = |inputs: &[InputState], place: usize| inputs.get(place).cloned().unwrap_or(InputState::Absent);
    let inputs = table.policy().inputs().iter().enumerate().map(|(place, input)| {
        let both = [of(&event.inputs, place), of(&other.inputs, place)];
        let mut named = input.values().iter().map(|value| InputState::Value(value.clone()));
        let named = named.find(|state| both.contains(state));
        named.unwrap_or(if both.contains(&InputState::Other) {
            InputState::Other
        } else {
            InputState::Absent
        })
    });
    let mut inputs: Vec<InputState> = inputs.collect();
    while inputs.last() == Some(&InputState::Absent) {
        inputs.pop();
    }
    Event { consent, integrations, inputs, ..event }
}

/// Returns each name that one of two lists has, with the stricter of the two preferences.
fn both<'a>(
    one: &[(Name<'a>, Preference)],
    other: &[(Name<'a>, Preference)],
    reading: &Reading,
) -> Vec<(Name<'a>, Preference)> {
    let strictest = [Preference::Refused, Preference::Invalid, Preference::Granted, Preference::Unasked];
    let says = |list: &[(Name<'a>, Preference)], name: &Name<'a>| {
        let own: Vec<Preference> = list.iter().filter(|(own, _)| own == name).map(|(_, one)| *one).collect();
        strictest.into_iter().find(|value| own.contains(value)).unwrap_or(reading.unlisted())
    };
    let mut names: Vec<&Name<'a>> = one.iter().chain(other).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let listed = reading.listed_values();
    let mut together: Vec<(Name<'a>, Preference)> = Vec::new();
    for name in &names {
        let values = [says(one, name), says(other, name)];
        let value = strictest.into_iter().find(|value| values.contains(value)).unwrap();
        together.extend(listed.contains(&value).then(|| ((*name).clone(), value)));
    }
    // The state stays `answered`.
    if together.is_empty() && !names.is_empty() {
        together.push(("?".into(), listed[0]));
    }
    together
}

/// The line as a reader sees it that keeps the last of several keys; `None` when it refuses the line.
fn value(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok()
}

/// The members next to the items, and the items.
fn parts(value: Option<Value>) -> Option<(serde_json::Map<String, Value>, Vec<Value>)> {
    match value? {
        Value::Array(items) => Some((serde_json::Map::new(), items)),
        Value::Object(mut members) => match members.remove("batch")? {
            Value::Array(items) => Some((members, items)),
            _ => None,
        },
        _ => None,
    }
}
