//! The shares that the generator promises, counted on a sample.

use super::*;
use serde_json::Value;
use std::collections::HashSet;

const EVENTS: usize = 20_000;

fn sample(shape: Shape) -> (Workload, Vec<Value>) {
    let workload = Workload::new(shape);
    let events = workload.events().map(|event| serde_json::from_slice(event).unwrap()).collect();
    (workload, events)
}

/// That a share, in percent, is within a fifth of what is promised, and within half a point when that is more.
fn assert_share(what: &str, found: usize, percent: f64) {
    let found = 100.0 * found as f64 / EVENTS as f64;
    let tolerance = (percent / 20.0).max(0.5_f64.min(percent / 3.0));
    assert!((found - percent).abs() < tolerance, "{what}: {found} % instead of {percent} %");
}

fn count(events: &[Value], holds: impl Fn(&Value) -> bool) -> usize {
    events.iter().filter(|event| holds(event)).count()
}

#[test]
fn the_shares_are_as_stated() {
    let (workload, events) = sample(Shape::default());
    let mean = workload.mean_bytes();
    assert!((mean - 1268.0).abs() < 13.0, "{mean} bytes");
    let consent = |event: &Value| event["context"].get("consent").cloned();
    let empty = |event: &Value| {
        consent(event).is_some_and(|consent| {
            consent.get("categoryPreferences").is_none_or(|all| all.as_object().unwrap().is_empty())
        })
    };
    let options = |event: &Value| {
        event.get("integrations").is_some_and(|all| all.as_object().unwrap().values().any(Value::is_object))
    };
    assert_share("no consent", count(&events, |event| consent(event).is_none()), 10.0);
    assert_share("no preferences", count(&events, empty), 5.0);
    assert_share("integrations", count(&events, |event| event.get("integrations").is_some()), 30.0);
    assert_share("options", count(&events, options), 15.0);
    let exempt = |event: &Value| event["event"] == "Segment Consent Preference Updated";
    assert_share("exempt", count(&events, exempt), 0.12);
    let decoy = |event: &Value| {
        let payload = event.get("properties").or(event.get("traits")).unwrap();
        ["consent", "context", "integrations", "payload"].iter().any(|key| payload.get(key).is_some())
    };
    assert_share("decoys", count(&events, decoy), 1.0);
    let bytes = |holds: fn(&[u8]) -> bool| workload.events().filter(|event| holds(event)).count();
    assert_share("beyond ASCII", bytes(|event| !event.is_ascii()), 44.0);
    assert_share("escapes", bytes(|event| event.contains(&b'\\')), 50.0);
}

#[test]
fn consent_strings_repeat_or_do_not() {
    let strings = |consent| {
        let (_, events) = sample(Shape { consent, events: EVENTS, ..Shape::default() });
        let all = events.iter().map(|event| event["context"]["consent"]["categoryPreferences"].to_string());
        let named: Vec<String> = all.filter(|text| text.contains(':')).collect();
        (named.len(), named.into_iter().collect::<HashSet<_>>().len())
    };
    let (_, repeated) = strings(ConsentStrings::Repeated);
    // All 256 choices may occur, since 3 % are drawn uniformly.
    assert!((COMMON..=256).contains(&repeated), "{repeated}");
    // The values of `serde_json` sort keys, so the texts themselves are compared.
    let workload = Workload::new(Shape { consent: ConsentStrings::Unique, ..Shape::default() });
    let texts: Vec<&[u8]> = workload.events().filter_map(preferences).collect();
    let different: HashSet<&[u8]> = texts.iter().copied().collect();
    assert!(texts.len() > EVENTS * 4 / 5);
    assert_eq!(different.len(), texts.len());
}

/// The text of preferences that name all categories; decoys name fewer.
fn preferences(event: &[u8]) -> Option<&[u8]> {
    let key = b"\"categoryPreferences\":{";
    memchr::memmem::find_iter(event, key).find_map(|at| {
        let text = &event[at + key.len()..];
        let text = &text[..memchr::memchr(b'}', text)?];
        (text.iter().filter(|byte| **byte == b':').count() == NAMED).then_some(text)
    })
}

#[test]
fn there_are_twelve_layouts() {
    let (workload, _) = sample(Shape::default());
    // The order of the three members that every event has and of `type` tells layouts apart well enough to count many.
    let order = |event: &[u8]| {
        let text = std::str::from_utf8(event).unwrap().to_owned();
        let mut keys: Vec<(usize, &str)> = [
            "\"messageId\":",
            "\"anonymousId\":\"",
            "\"originalTimestamp\":",
            "\"sentAt\":",
            "\"timestamp\":",
        ]
        .iter()
        .map(|key| (text.find(key).unwrap(), *key))
        .collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect::<Vec<_>>()
    };
    let layouts: HashSet<Vec<&str>> = workload.events().map(order).collect();
    assert_eq!(layouts.len() as u64, LAYOUTS);
}

#[test]
fn destinations_need_what_is_stated() {
    for (destinations, expected) in [(10, [1, 5, 3, 1]), (50, [5, 27, 13, 5]), (1000, [100, 540, 260, 100])] {
        let Workload { catalogue, .. } = Workload::new(Shape { destinations, events: 0, ..Shape::default() });
        let mut found = [0; 4];
        catalogue.destinations.iter().for_each(|destination| found[destination.needs.len()] += 1);
        assert_eq!(found, expected);
        let names: HashSet<&str> =
            catalogue.destinations.iter().map(|destination| destination.name.as_str()).collect();
        assert_eq!(names.len(), destinations);
    }
}

#[test]
fn the_same_shape_gives_the_same_bytes() {
    let shape = Shape { events: 1000, ..Shape::default() };
    assert_eq!(Workload::new(shape).text(), Workload::new(shape).text());
}

#[test]
fn pretty_events_mean_the_same() {
    let shape = Shape { events: 500, ..Shape::default() };
    let (compact, pretty) = (sample(shape), sample(Shape { form: Form::Pretty, ..shape }));
    assert_eq!(compact.1, pretty.1);
    assert!(pretty.0.mean_bytes() > 1.2 * compact.0.mean_bytes());
}
