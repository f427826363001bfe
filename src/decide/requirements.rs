//! Requirements in the form that decides fast: granted categories → the destinations that pass the consent step.
//!
//! Unenforced categories and what vanishes with them are gone here; `always` categories are left in and counted as
//! granted by the facts. A conjunction of categories becomes part of a lookup by bytes (eight category bits at a time
//! give the destinations that these eight do not stop), and so does any other formula whose categories are within the same
//! eight, as long as those tables are small. In a large policy a conjunction becomes lists (each category not granted
//! strikes out the destinations that need it). Every other formula is evaluated as it is, once for all destinations that
//! share it. The lookup is bounded, and the other forms take memory in proportion to the policy.

use super::bits::{Bits, ones};
use crate::model::Requirement;
use std::collections::HashMap;

/// The largest lookup by bytes: beyond it, lists. 1 MiB stays in a core's own cache.
const MAX_LOOKUP_BYTES: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) struct Requirements {
    /// The destinations that pass when every category is granted.
    passing: Bits,
    conjunctions: Conjunctions,
    formulas: Vec<Formula>,
}

#[derive(Debug, Clone)]
enum Conjunctions {
    /// For each chunk of eight categories, for each byte of granted ones: the destinations that pass.
    Lookup { words: Vec<u64>, row: usize, chunks: usize },
    /// For each category, the destinations that need it.
    Lists { needed_by: Vec<Vec<u32>> },
}

/// A destination, and a category without which it does not pass.
type Need = (u32, usize);

/// A requirement that is no conjunction, and the destinations that have it.
#[derive(Debug, Clone)]
struct Formula {
    requirement: Requirement,
    destinations: Vec<u32>,
}

/// Returns true if all categories of a requirement are needed.
fn is_conjunction(requirement: &Requirement) -> bool {
    match requirement {
        Requirement::Category(_) => true,
        Requirement::AllOf(elements) => elements.iter().all(is_conjunction),
        Requirement::AnyOf(_) => false,
    }
}

impl Requirements {
    /// `passing` are the destinations that pass when every category is granted; `requirements` those of the
    /// destinations that the consent step asks anything of.
    pub(crate) fn new(categories: usize, passing: Bits, requirements: &[(usize, Requirement)]) -> Self {
        let mut needs: Vec<Need> = Vec::new();
        let mut formulas: Vec<Formula> = Vec::new();
        let mut known: HashMap<&Requirement, usize> = HashMap::new();
        for (destination, requirement) in requirements {
            let destination = u32::try_from(*destination).unwrap_or(u32::MAX);
            if is_conjunction(requirement) {
                needs.extend(requirement.categories().map(|category| (destination, category.index())));
                continue;
            }
            let index = *known.entry(requirement).or_insert(formulas.len());
            match formulas.get_mut(index) {
                Some(formula) => formula.destinations.push(destination),
                None => formulas
                    .push(Formula { requirement: requirement.clone(), destinations: vec![destination] }),
            }
        }
        let chunks = categories.div_ceil(8);
        let is_small = chunks * 256 * size_of_val(passing.words()) <= MAX_LOOKUP_BYTES;
        let conjunctions = if is_small {
            let within = formulas.extract_if(.., |formula| chunk(&formula.requirement).is_some());
            lookup(&passing, chunks, &needs, &within.collect::<Vec<_>>())
        } else {
            lists(categories, &needs)
        };
        Requirements { passing, conjunctions, formulas }
    }

    /// The destinations that pass with these categories granted.
    pub(crate) fn passing(&self, granted: &Bits, into: &mut Bits) {
        into.copy_from(&self.passing);
        match &self.conjunctions {
            Conjunctions::Lookup { words, row, chunks } => {
                for chunk in 0..*chunks {
                    let start = (chunk * 256 + granted.byte(chunk)) * row;
                    let passing = words.get(start..start + row).unwrap_or(&[]);
                    for (word, passing) in into.words_mut().iter_mut().zip(passing) {
                        *word &= passing;
                    }
                }
            }
            Conjunctions::Lists { needed_by } => {
                let refused = granted.words().iter().map(|word| !word);
                // The bits behind the last category are refused too; nothing needs them.
                for destinations in ones(refused).filter_map(|category| needed_by.get(category)) {
                    into.remove_all(destinations);
                }
            }
        }
        for Formula { requirement, destinations } in &self.formulas {
            if !requirement.is_satisfied(&|id| granted.contains(id.index())) {
                into.remove_all(destinations);
            }
        }
    }

    /// Bytes of memory of the tables, without the formulas themselves.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let conjunctions = match &self.conjunctions {
            Conjunctions::Lookup { words, .. } => size_of_val(words.as_slice()),
            Conjunctions::Lists { needed_by } => {
                let lists = needed_by.iter().map(|list| size_of_val(list.as_slice()));
                size_of_val(needed_by.as_slice()) + lists.sum::<usize>()
            }
        };
        let formulas: usize =
            self.formulas.iter().map(|formula| size_of_val(formula.destinations.as_slice())).sum();
        conjunctions + formulas + size_of_val(self.passing.words())
    }
}

/// The eight categories that a requirement is about; `None` when it is about more.
fn chunk(requirement: &Requirement) -> Option<usize> {
    let mut chunks = requirement.categories().map(|category| category.index() / 8);
    let first = chunks.next()?;
    chunks.all(|chunk| chunk == first).then_some(first)
}

fn lookup(passing: &Bits, chunks: usize, needs: &[Need], within_chunk: &[Formula]) -> Conjunctions {
    let row = passing.words().len();
    let mut words = passing.words().repeat(chunks * 256);
    let mut strike_out = |destination: u32, chunk: usize, passes: &dyn Fn(usize) -> bool| {
        for byte in (0..256).filter(|byte| !passes(*byte)) {
            let at = (chunk * 256 + byte) * row + destination as usize / 64;
            if let Some(word) = words.get_mut(at) {
                *word &= !(1 << (destination % 64));
            }
        }
    };
    let is_granted = |byte: usize, category: usize| byte >> (category % 8) & 1 == 1;
    for (destination, category) in needs {
        strike_out(*destination, category / 8, &|byte| is_granted(byte, *category));
    }
    for Formula { requirement, destinations } in within_chunk {
        let passes = |byte: usize| requirement.is_satisfied(&|id| is_granted(byte, id.index()));
        if let Some(chunk) = chunk(requirement) {
            destinations.iter().for_each(|destination| strike_out(*destination, chunk, &passes));
        }
    }
    Conjunctions::Lookup { words, row, chunks }
}

fn lists(categories: usize, needs: &[Need]) -> Conjunctions {
    let mut needed_by = vec![Vec::new(); categories];
    for (destination, category) in needs {
        if let Some(list) = needed_by.get_mut(*category) {
            list.push(*destination);
        }
    }
    Conjunctions::Lists { needed_by }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;
    use crate::model::{CategoryId, Policy};

    /// Both forms of conjunctions, and the formula itself, agree on every combination of ten categories.
    #[test]
    fn every_form_agrees() {
        // Of three groups of eight, one of them behind the first word.
        let ids = [0, 1, 2, 3, 7, 8, 9, 75, 76, 79];
        let category = |id: usize| Requirement::Category(CategoryId::new(id));
        let any = |ids: &[usize]| Requirement::AnyOf(ids.iter().map(|id| category(*id)).collect());
        let all = |ids: &[usize]| Requirement::AllOf(ids.iter().map(|id| category(*id)).collect());
        let requirements: Vec<(usize, Requirement)> = vec![
            (0, category(0)),
            (1, all(&[0, 7, 8])),
            (2, Requirement::AllOf(vec![category(9), all(&[3, 9])])),
            (3, Requirement::AnyOf(vec![category(1), all(&[2, 9])])),
            // Within eight, and alike in place within another eight.
            (4, any(&[1, 3])),
            (5, any(&[75, 76])),
            (66, any(&[1, 9])),
            (67, any(&[3, 75])),
            (68, Requirement::AllOf(vec![any(&[8, 9]), any(&[1, 2])])),
            (70, category(79)),
        ];
        let mut passing = Bits::new(80);
        (0..80).for_each(|destination| passing.insert(destination));
        let small = Requirements::new(80, passing.clone(), &requirements);
        assert!(matches!(small.conjunctions, Conjunctions::Lookup { .. }));
        assert_eq!(small.formulas.len(), 4, "only those of more than eight");
        let needs = [(0, 0), (1, 0), (1, 7), (1, 8), (2, 9), (2, 3), (2, 9), (70, 79)];
        let formulas = requirements.iter().filter(|(_, requirement)| !is_conjunction(requirement));
        let formula = |(destination, requirement): &(usize, Requirement)| Formula {
            requirement: requirement.clone(),
            destinations: vec![*destination as u32],
        };
        let large = Requirements {
            passing,
            conjunctions: lists(80, &needs),
            formulas: formulas.map(formula).collect(),
        };
        for mask in 0..1024usize {
            let mut granted = Bits::new(80);
            ids.iter()
                .enumerate()
                .filter(|(bit, _)| mask >> bit & 1 == 1)
                .for_each(|(_, id)| granted.insert(*id));
            let (mut one, mut other) = (Bits::default(), Bits::default());
            small.passing(&granted, &mut one);
            large.passing(&granted, &mut other);
            assert_eq!(one, other, "{mask:b}");
            for (destination, requirement) in &requirements {
                assert_eq!(
                    one.contains(*destination),
                    requirement.is_satisfied(&|id| granted.contains(id.index())),
                    "{mask:b} {destination}"
                );
            }
            assert!(one.contains(78));
        }
    }

    /// What an unenforced category leaves behind is as simple as it can be, so that it is part of the lookup.
    #[test]
    fn groups_of_one_are_that_one() {
        let text = "consentry 1 policy \"p\" include prelude \"segment\" category A category Off unenforced";
        let policy = Policy::parse(text).unwrap();
        let [a, off] = [0, 1].map(|id| Requirement::Category(CategoryId::new(id)));
        let live = |requirement: Requirement| requirement.live(&policy);
        assert_eq!(live(Requirement::AnyOf(vec![a.clone(), off.clone()])), Some(a.clone()));
        assert_eq!(live(Requirement::AnyOf(vec![off.clone(), off.clone()])), None);
        assert_eq!(live(Requirement::AllOf(vec![off])), None);
        let both = Requirement::AnyOf(vec![a.clone(), a]);
        assert_eq!(live(both.clone()), Some(both));
    }

    #[test]
    fn memory_stays_in_proportion() {
        let passing = Bits::new(10_000);
        let category = |id: usize| Requirement::Category(CategoryId::new(id % 1_000));
        let mut requirements: Vec<(usize, Requirement)> = (0..10_000).map(|id| (id, category(id))).collect();
        requirements.push((0, Requirement::AnyOf(vec![category(1), category(2)])));
        let large = Requirements::new(1_000, passing, &requirements);
        assert!(matches!(large.conjunctions, Conjunctions::Lists { .. }));
        assert!(large.bytes() < 100_000, "{}", large.bytes());
        let small = Requirements::new(64, Bits::new(10_000), &requirements[..64]);
        assert!(matches!(small.conjunctions, Conjunctions::Lists { .. }));
        let small = Requirements::new(64, Bits::new(500), &requirements[..64]);
        assert!(matches!(small.conjunctions, Conjunctions::Lookup { .. }));
        assert!(small.bytes() <= 2 * MAX_LOOKUP_BYTES);
    }
}
