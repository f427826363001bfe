//! Decisions alone, for callers who have read the event already.

use super::Effort;
use crate::measure::{Field, Times};
use crate::ours::{Extracted, Ours};
#[cfg(feature = "engines")]
use crate::peers::engines;
use crate::random::Random;
use crate::report::Section;
use crate::rules::Rules;
use crate::workload::{Catalogue, Shape, Workload};
use std::collections::HashMap;
use std::hint::black_box;

/// From the granted categories as bits.
pub(super) const MASK: &str = "consentry, from a mask";
/// From the names of the preferences.
pub(super) const NAMES: &str = "consentry, from names";

/// How many different inputs go round, and how often they do in a pass.
const INPUTS: usize = 1024;
const TURNS: usize = 20;

/// How many of the inputs policy engines get, which are slow.
#[cfg(feature = "engines")]
const FEW: usize = 64;

/// What is given to those who decide.
pub struct Inputs {
    /// What the policy declares.
    pub catalogue: Catalogue,
    /// The policy.
    pub ours: Ours,
    /// The same policy for peers.
    pub rules: Rules,
    /// Granted categories as bits.
    pub masks: Vec<[u64; 1]>,
    /// The same by name: eight names each.
    pub names: Vec<Extracted>,
}

impl Inputs {
    /// Draws them.
    pub fn new() -> Self {
        let Workload { policy, catalogue, .. } = Workload::new(Shape { events: 0, ..Shape::default() });
        let ours = Ours::new(&policy);
        let mut random = Random::new(3);
        let masks: Vec<[u64; 1]> = (0..INPUTS).map(|_| [random.below(256) as u64]).collect();
        let names = masks.iter().map(|[mask]| ours.extracted(*mask)).collect();
        Inputs { rules: Rules::new(&catalogue), catalogue, ours, masks, names }
    }
}

impl Default for Inputs {
    fn default() -> Self {
        Inputs::new()
    }
}

pub(super) fn measure(effort: Effort) -> Times {
    let inputs = &Inputs::new();
    let Inputs { ours, rules, masks, names, .. } = inputs;
    for [mask] in masks {
        assert_eq!(
            look_up(&inputs.catalogue, &preferences(&inputs.catalogue, *mask)),
            rules.deliver_granted(*mask)
        );
    }
    let mut field = Field::default();
    let count = INPUTS * TURNS;
    let mut room = ours.room();
    field.add(MASK, count, move || turns(masks, |mask| ours.from_mask(mask, &mut room)));
    let mut room = ours.room();
    field.add(NAMES, count, move || turns(names, |event| ours.from_names(event, &mut room)));
    field.add("50 comparisons of masks, from a mask", count, move || {
        turns(masks, |[mask]| rules.deliver_granted(*mask));
    });
    let maps: Vec<HashMap<&str, bool>> =
        masks.iter().map(|[mask]| preferences(&inputs.catalogue, *mask)).collect();
    field.add("a hash map of preferences and a loop", INPUTS, move || {
        let sum =
            maps.iter().fold(0, |sum: u64, map| sum.wrapping_add(look_up(&inputs.catalogue, black_box(map))));
        black_box(sum);
    });
    #[cfg(feature = "engines")]
    for (name, mut decide) in engines::prepared(&inputs.catalogue, &masks[..FEW]) {
        (0..FEW)
            .for_each(|number| assert_eq!(decide(number), rules.deliver_granted(masks[number][0]), "{name}"));
        field.add(format!("{name}, extracted"), FEW, move || {
            let sum = (0..FEW).fold(0, |sum: u64, number| sum.wrapping_add(decide(black_box(number))));
            black_box(sum);
        });
    }
    field.run(effort.rounds)
}

/// The preferences, as a program would keep them that has parsed the event.
fn preferences(catalogue: &Catalogue, granted: u64) -> HashMap<&str, bool> {
    let categories = catalogue.categories.iter().enumerate();
    categories.map(|(number, name)| (name.as_str(), granted >> number & 1 == 1)).collect()
}

/// Looks up each category of each destination.
fn look_up(catalogue: &Catalogue, preferences: &HashMap<&str, bool>) -> u64 {
    let granted = |category: &usize| preferences.get(catalogue.categories[*category].as_str()) == Some(&true);
    let destinations = catalogue.destinations.iter().enumerate();
    destinations.fold(0, |bits, (number, destination)| {
        bits | u64::from(destination.needs.iter().all(granted)) << number
    })
}

fn turns<T>(inputs: &[T], mut decide: impl FnMut(&T) -> u64) {
    let mut sum: u64 = 0;
    for _ in 0..TURNS {
        for input in inputs {
            sum = sum.wrapping_add(decide(black_box(input)));
        }
    }
    black_box(sum);
}

pub(super) fn section(times: &Times) -> Section {
    Section {
        title: "Decision alone".to_owned(),
        note: "The input has been extracted, there is no integrations object, and eight categories have been chosen on."
            .to_owned(),
        unit: "decision",
        references: vec![MASK.to_owned(), NAMES.to_owned()],
        pictured: true,
        lines: times.0.clone(),
    }
}
