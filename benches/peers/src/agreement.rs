//! That all ways lead to the same decision. Nothing is measured before.

use crate::limits::StructuralScan;
use crate::ours::{Input, Ours, Validation};
use crate::peers::{Peer, Rewriter};
use crate::rules::Rules;
use crate::workload::{Catalogue, Workload};
use serde_json::Value;

/// Compares every peer with consentry on every event, and consentry with itself in each validation and with all instructions.
///
/// # Panics
///
/// At the first difference.
pub fn decisions(workload: &Workload, ours: &Ours, peers: &mut [Peer<'_>]) {
    let sets = ours.with_each_instruction_set();
    let mut rooms: Vec<_> = sets.iter().map(|(_, ours)| ours.room()).collect();
    for event in workload.events() {
        let expected = ours.delivered(Input::line(event), &mut ours.room());
        for ((set, ours), room) in sets.iter().zip(&mut rooms) {
            same(set, event, &ours.delivered(Input::line(event), room), &expected);
            same(set, event, &ours.delivered(Input::line(event).trusted(), room), &expected);
        }
        for peer in &mut *peers {
            same(peer.name, event, &[(peer.decide)(event)], &expected);
        }
        for StructuralScan { instructions, scan } in StructuralScan::available() {
            assert!(
                scan(event).is_complete(),
                "the structural scan with {instructions} is lost in {}",
                show(event)
            );
        }
    }
}

/// Compares decisions from masks and from names with the rules of the peers, for every set of eight categories.
///
/// # Panics
///
/// At the first difference.
pub fn extracted(rules: &Rules, ours: &Ours) {
    let mut room = ours.room();
    for granted in 0..256 {
        let expected = [rules.deliver_granted(granted)];
        let event = ours.extracted(granted);
        assert_eq!(ours.delivered(Input::granted(&[granted]), &mut room), expected);
        assert_eq!(ours.delivered(Input::event(&event), &mut room), expected);
    }
}

/// Checks the rewritten events of everybody: whoever reads only their `integrations` comes to the decision, options of
/// destinations that are delivered have survived, and the rest of the event has not changed.
///
/// # Panics
///
/// At the first fault.
pub fn rewritten(workload: &Workload, ours: &Ours, rewriters: &mut [Rewriter<'_>]) {
    let mut room = ours.room();
    let mut text = Vec::new();
    for event in workload.events() {
        let deliver = ours.delivered(Input::line(event), &mut room);
        for validation in [Validation::Trusted, Validation::Full] {
            text.clear();
            ours.rewrite(validation, event, &mut room, &mut text);
            check_rewritten("consentry", &workload.catalogue, event, &text, &deliver);
        }
        for rewriter in &mut *rewriters {
            text.clear();
            (rewriter.rewrite)(event, &mut text);
            check_rewritten(rewriter.name, &workload.catalogue, event, &text, &deliver);
        }
    }
}

fn check_rewritten(who: &str, catalogue: &Catalogue, before: &[u8], after: &[u8], deliver: &[u64]) {
    let parse = |text| serde_json::from_slice::<Value>(text);
    let mut before = parse(before).expect("events are JSON");
    let mut after = parse(after).unwrap_or_else(|error| panic!("{who} wrote what is not JSON: {error}"));
    let take = |event: &mut Value| event.as_object_mut().and_then(|event| event.remove("integrations"));
    let (old, new) = (take(&mut before), take(&mut after));
    assert_eq!(before, after, "{who} changed the rest of the event");
    let entry = |name: &str| new.as_ref().and_then(|entries| entries.get(name));
    let on = |name: &str| entry(name).map(|entry| *entry != Value::Bool(false));
    for (number, destination) in catalogue.destinations.iter().enumerate() {
        let name = destination.name.as_str();
        let delivered = deliver[number / 64] >> (number % 64) & 1 == 1;
        let listed = on(name).or(on("All")).unwrap_or(true);
        assert_eq!(listed, delivered, "{who} writes another decision for {name}: {new:?}");
        let options = old.as_ref().and_then(|entries| entries.get(name)).filter(|entry| entry.is_object());
        if let (true, Some(options)) = (delivered, options) {
            assert_eq!(entry(name), Some(options), "{who} lost the options of {name}");
        }
    }
}

fn same(who: &str, event: &[u8], found: &[u64], expected: &[u64]) {
    assert_eq!(found, expected, "{who} decides otherwise for {}", show(event));
}

fn show(event: &[u8]) -> String {
    String::from_utf8_lossy(event).into_owned()
}
