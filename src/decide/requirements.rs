//! Requirements in the form that decides fast: granted categories → the destinations that pass the consent step.
//!
//! Unenforced categories and what vanishes with them are gone here; `always` categories are left in and counted as
//! granted by the facts. A conjunction of categories becomes part of a lookup by bytes (eight category bits at a time
//! give the destinations that these eight do not stop), and so does any other formula whose categories are within the same
//! eight, as long as those tables are small. In a large policy a conjunction becomes lists (each category not granted
//! strikes out the destinations that need it). Every other formula is evaluated as it is, once for all destinations that
//! share it. The lookup is bounded, and the other forms take memory in proportion to the policy.

use super::bits::Bits;
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
    /// For each category, the destinations that need it: `needed_by[starts[c]..starts[c + 1]]`.
    Lists { starts: Vec<u32>, needed_by: Vec<u32> },
}

/// A requirement that is no conjunction, and the destinations that have it.
#[derive(Debug, Clone)]
struct Formula {
    requirement: Requirement,
    destinations: Vec<u32>,
}

/// The categories of a conjunction; `None` for a requirement that is none.
fn conjunction(requirement: &Requirement, into: &mut Vec<usize>) -> Option<()> {
    match requirement {
        Requirement::Category(id) => into.push(id.index()),
        Requirement::AllOf(elements) => {
            for element in elements {
                conjunction(element, into)?;
            }
        }
        Requirement::AnyOf(_) => return None,
    }
    Some(())
}

impl Requirements {
    /// `passing` are the destinations that pass when every category is granted; `requirements` those of the
    /// destinations that the consent step asks anything of.
    pub(crate) fn new(categories: usize, passing: Bits, requirements: &[(usize, Requirement)]) -> Self {
        let mut conjunctions: Vec<(u32, Vec<usize>)> = Vec::new();
        let mut formulas: Vec<Formula> = Vec::new();
        let mut known: HashMap<&Requirement, usize> = HashMap::new();
        for (destination, requirement) in requirements {
            let destination = u32::try_from(*destination).unwrap_or(u32::MAX);
            let mut needed = Vec::new();
            if conjunction(requirement, &mut needed).is_some() {
                conjunctions.push((destination, needed));
                continue;
            }
            let index = *known.entry(requirement).or_insert(formulas.len());
            match formulas.get_mut(index) {
                Some(formula) => formula.destinations.push(destination),
                None => formulas
                    .push(Formula { requirement: requirement.clone(), destinations: vec![destination] }),
            }
        }
        let row = passing.words().len();
        let chunks = categories.div_ceil(8);
        let conjunctions = if chunks * 256 * row * size_of::<u64>() <= MAX_LOOKUP_BYTES {
            let within = formulas.extract_if(.., |formula| chunk(&formula.requirement).is_some());
            lookup(&passing, chunks, &conjunctions, &within.collect::<Vec<_>>())
        } else {
            lists(categories, &conjunctions)
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
            Conjunctions::Lists { starts, needed_by } => {
                let refused = granted.words().iter().map(|word| !word);
                // The bits behind the last category are refused too; nothing needs them.
                for category in super::bits::ones(refused) {
                    for destination in slice(starts, needed_by, category) {
                        into.remove(*destination as usize);
                    }
                }
            }
        }
        for formula in &self.formulas {
            if !formula.requirement.is_satisfied(&|id| granted.contains(id.index())) {
                for destination in &formula.destinations {
                    into.remove(*destination as usize);
                }
            }
        }
    }

    /// Bytes of memory of the tables, without the formulas themselves.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let conjunctions = match &self.conjunctions {
            Conjunctions::Lookup { words, .. } => size_of_val(words.as_slice()),
            Conjunctions::Lists { starts, needed_by } => {
                size_of_val(starts.as_slice()) + size_of_val(needed_by.as_slice())
            }
        };
        let formulas: usize =
            self.formulas.iter().map(|formula| size_of_val(formula.destinations.as_slice())).sum();
        conjunctions + formulas + size_of_val(self.passing.words())
    }
}

fn slice<'l>(starts: &[u32], needed_by: &'l [u32], category: usize) -> &'l [u32] {
    let start = starts.get(category).copied().unwrap_or(0) as usize;
    let end = starts.get(category + 1).copied().unwrap_or(0) as usize;
    needed_by.get(start..end).unwrap_or(&[])
}

/// The eight categories that a requirement is about; `None` when it is about more.
fn chunk(requirement: &Requirement) -> Option<usize> {
    match requirement {
        Requirement::Category(id) => Some(id.index() / 8),
        Requirement::AllOf(elements) | Requirement::AnyOf(elements) => {
            let (first, others) = elements.split_first()?;
            let first = chunk(first)?;
            others.iter().all(|element| chunk(element) == Some(first)).then_some(first)
        }
    }
}

fn lookup(
    passing: &Bits,
    chunks: usize,
    conjunctions: &[(u32, Vec<usize>)],
    within_chunk: &[Formula],
) -> Conjunctions {
    let row = passing.words().len();
    let mut words = Vec::with_capacity(chunks * 256 * row);
    for _ in 0..chunks * 256 {
        words.extend_from_slice(passing.words());
    }
    for (destination, needed) in conjunctions {
        let destination = *destination as usize;
        for category in needed {
            let bit = category % 8;
            for byte in (0..256usize).filter(|byte| byte >> bit & 1 == 0) {
                let at = (category / 8 * 256 + byte) * row + destination / 64;
                if let Some(word) = words.get_mut(at) {
                    *word &= !(1 << (destination % 64));
                }
            }
        }
    }
    for (at, byte) in (0..chunks).flat_map(|at| (0..=255u8).map(move |byte| (at, byte))) {
        let granted = Bits::with_byte(at, byte);
        let here = within_chunk.iter().filter(|formula| chunk(&formula.requirement) == Some(at));
        for formula in
            here.filter(|formula| !formula.requirement.is_satisfied(&|id| granted.contains(id.index())))
        {
            for destination in formula.destinations.iter().map(|destination| *destination as usize) {
                if let Some(word) = words.get_mut((at * 256 + usize::from(byte)) * row + destination / 64) {
                    *word &= !(1 << (destination % 64));
                }
            }
        }
    }
    Conjunctions::Lookup { words, row, chunks }
}

fn lists(categories: usize, conjunctions: &[(u32, Vec<usize>)]) -> Conjunctions {
    let mut by_category: Vec<Vec<u32>> = vec![Vec::new(); categories];
    for (destination, needed) in conjunctions {
        for category in needed {
            if let Some(list) = by_category.get_mut(*category) {
                list.push(*destination);
            }
        }
    }
    let mut starts = Vec::with_capacity(categories + 1);
    let mut needed_by = Vec::new();
    for list in by_category {
        starts.push(needed_by.len() as u32);
        needed_by.extend(list);
    }
    starts.push(needed_by.len() as u32);
    Conjunctions::Lists { starts, needed_by }
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
        let conjunctions: Vec<(u32, Vec<usize>)> =
            vec![(0, vec![0]), (1, vec![0, 7, 8]), (2, vec![9, 3, 9]), (70, vec![79])];
        let formulas = requirements
            .iter()
            .filter(|(_, requirement)| conjunction(requirement, &mut Vec::new()).is_none());
        let formula = |(destination, requirement): &(usize, Requirement)| Formula {
            requirement: requirement.clone(),
            destinations: vec![*destination as u32],
        };
        let large = Requirements {
            passing,
            conjunctions: lists(80, &conjunctions),
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
