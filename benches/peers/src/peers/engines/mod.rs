//! Engines that evaluate a policy in a language of their own.
//!
//! The host gives them what decides, extracted and named: whether consent is enforced, the categories that are granted, the destinations
//! that have an entry. The rows of the reconcile table, exempt events and the reading of JSON stay in Rust, where they
//! cost least, so the ratios are on the careful side.

mod cedar;
mod cel;
mod regorus;
mod vrl;

use super::{Peer, serde_json};
use crate::rules::{Facts, Rules};
use crate::workload::{Catalogue, Destination};
use std::fmt::Write as _;

/// What decides, by name.
pub(super) struct Extracted<'c> {
    enforced: bool,
    granted: Vec<&'c str>,
    on: Vec<&'c str>,
    off: Vec<&'c str>,
    /// What holds for destinations without an entry.
    all: bool,
}

/// An engine with its policy.
pub(super) trait Engine {
    /// What decides, in the engine's own values.
    type Input;

    fn input(&self, extracted: &Extracted<'_>) -> Self::Input;

    /// The destinations that receive the event, as bits.
    fn decide(&mut self, input: &Self::Input) -> u64;
}

/// A function that decides for inputs which it has prepared: the one of that number.
pub type DecidePrepared<'p> = Box<dyn FnMut(usize) -> u64 + 'p>;

/// The engines, from an event's bytes.
pub fn deciders<'p>(catalogue: &'p Catalogue, rules: &'p Rules) -> Vec<Peer<'p>> {
    vec![
        from_bytes("Cedar", cedar::Cedar::new(catalogue), catalogue, rules),
        from_bytes("regorus, virtual machine", regorus::Regorus::new(catalogue), catalogue, rules),
        from_bytes("CEL", cel::Cel::new(catalogue), catalogue, rules),
        from_bytes("VRL", vrl::Vrl::new(catalogue), catalogue, rules),
    ]
}

/// The engines, from inputs that have been extracted: these masks of granted categories.
pub fn prepared<'p>(catalogue: &'p Catalogue, masks: &[[u64; 1]]) -> Vec<(&'static str, DecidePrepared<'p>)> {
    vec![
        ("Cedar", from_masks(cedar::Cedar::new(catalogue), catalogue, masks)),
        ("regorus, virtual machine", from_masks(regorus::Regorus::new(catalogue), catalogue, masks)),
        ("CEL", from_masks(cel::Cel::new(catalogue), catalogue, masks)),
        ("VRL", from_masks(vrl::Vrl::new(catalogue), catalogue, masks)),
    ]
}

fn from_bytes<'p>(
    name: &'static str,
    mut engine: impl Engine + 'p,
    catalogue: &'p Catalogue,
    rules: &'p Rules,
) -> Peer<'p> {
    let decide = move |event: &[u8]| {
        let input = engine.input(&Extracted::new(&serde_json::facts(rules, event), catalogue));
        engine.decide(&input)
    };
    Peer { name, validates: true, decide: Box::new(decide) }
}

fn from_masks<'p>(
    mut engine: impl Engine + 'p,
    catalogue: &Catalogue,
    masks: &[[u64; 1]],
) -> DecidePrepared<'p> {
    let input = |[mask]: &[u64; 1]| engine.input(&Extracted::new(&Facts::granting(*mask), catalogue));
    let inputs: Vec<_> = masks.iter().map(input).collect();
    Box::new(move |number| engine.decide(&inputs[number]))
}

impl<'c> Extracted<'c> {
    fn new(facts: &Facts, catalogue: &'c Catalogue) -> Self {
        let destinations =
            |bits| named(&catalogue.destinations, bits, |destination| destination.name.as_str());
        Extracted {
            enforced: facts.enforced(),
            granted: named(&catalogue.categories, facts.granted(), String::as_str),
            on: destinations(facts.on()),
            off: destinations(facts.off()),
            all: facts.unlisted(),
        }
    }

    /// The entries of single destinations.
    fn entries(&self) -> impl Iterator<Item = (&'c str, bool)> {
        let on = self.on.iter().map(|name| (*name, true));
        on.chain(self.off.iter().map(|name| (*name, false)))
    }
}

/// The names of those whose bits are set.
fn named<T>(all: &[T], bits: u64, name: impl Fn(&T) -> &str) -> Vec<&str> {
    let set = all.iter().enumerate().filter(|(number, _)| bits >> number & 1 == 1);
    set.map(|(_, one)| name(one)).collect()
}

/// One expression for each destination, with commas between them.
fn each(catalogue: &Catalogue, expression: impl Fn(&Destination, &[&str]) -> String) -> String {
    let mut text = String::new();
    for destination in &catalogue.destinations {
        let needs: Vec<&str> =
            destination.needs.iter().map(|category| catalogue.categories[*category].as_str()).collect();
        writeln!(text, "{},", expression(destination, &needs)).expect("writing to a string cannot fail");
    }
    text
}
