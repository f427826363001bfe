//! The smallest changes of a point that make a condition hold.

use super::diagram::{Diagram, Diagrams};
use super::set_cover::are_among;
use crate::fingerprint::TooLargeError;
use std::collections::HashMap;
use std::rc::Rc;

/// The most changes that are kept before a question counts as too large to be answered.
const MAX_KEPT: usize = 1_000_000;

/// Values that some variables get, in the order of the variables.
pub(crate) type ChangeSet = Vec<(usize, usize)>;

/// Sets of changes, none of which has one that can be left out.
#[derive(Debug)]
pub(crate) struct Minimal {
    pub(crate) sets: Vec<ChangeSet>,
    /// True if some were left out on the way, so that these may not be all.
    pub(crate) is_cut: bool,
}

/// Returns the sets of changes of the point `at` with which a condition holds and without any one of which it does not, smallest first.
/// `offered` has the values that each variable may get, the simplest first: of values that make no difference the first is taken.
/// For each part of the condition at most `limit` sets are kept.
pub(crate) fn minimal(
    diagrams: &Diagrams,
    condition: Diagram,
    at: &[usize],
    offered: &[Vec<usize>],
    limit: usize,
) -> Result<Minimal, TooLargeError> {
    let mut search = Search { diagrams, at, offered, limit, known: HashMap::new(), kept: 0, is_cut: false };
    let mut sets = search.sets(condition)?.as_ref().clone();
    if search.is_cut {
        // What was left out may be a part of what was kept.
        for set in &mut sets {
            *set = search.fewest(condition, set, &mut HashMap::new()).unwrap_or_default();
        }
        sets.sort();
        sets.dedup();
    }
    let simplest: Vec<ChangeSet> =
        sets.iter().filter(|set| !search.has_simpler(condition, set, &sets)).cloned().collect();
    let mut sets = simplest;
    sets.sort_by_cached_key(|set| (set.len(), set.clone()));
    Ok(Minimal { sets, is_cut: search.is_cut })
}

struct Search<'s> {
    diagrams: &'s Diagrams,
    at: &'s [usize],
    offered: &'s [Vec<usize>],
    limit: usize,
    known: HashMap<Diagram, Rc<Vec<ChangeSet>>>,
    /// The number of changes in `known`.
    kept: usize,
    is_cut: bool,
}

impl Search<'_> {
    /// Returns the child for the value that the point has.
    fn unchanged(&self, of: Diagram, variable: usize) -> Diagram {
        self.diagrams.child(of, variable, self.at.get(variable).copied().unwrap_or(0))
    }

    /// Returns the minimal sets of a part of the condition.
    fn sets(&mut self, of: Diagram) -> Result<Rc<Vec<ChangeSet>>, TooLargeError> {
        let Some(variable) = self.diagrams.variable(of) else {
            return Ok(Rc::new(if of == Diagram::TRUE { vec![Vec::new()] } else { Vec::new() }));
        };
        if let Some(known) = self.known.get(&of) {
            return Ok(Rc::clone(known));
        }
        let unchanged = self.sets(self.unchanged(of, variable))?;
        let mut sets = unchanged.as_ref().clone();
        let offered = self.offered;
        for value in offered.get(variable).into_iter().flatten() {
            let changed = self.sets(self.diagrams.child(of, variable, *value))?;
            // What does without this change is smaller.
            let needed =
                changed.iter().filter(|set| !unchanged.iter().any(|smaller| are_among(smaller, set)));
            sets.extend(needed.map(|set| [&[(variable, *value)], set.as_slice()].concat()));
        }
        if sets.len() > self.limit {
            sets.sort_by_cached_key(|set| (set.len(), set.clone()));
            sets.truncate(self.limit);
            self.is_cut = true;
        }
        self.kept += 1 + sets.iter().map(Vec::len).sum::<usize>();
        if self.kept > MAX_KEPT {
            return Err(TooLargeError);
        }
        let sets = Rc::new(sets);
        self.known.insert(of, Rc::clone(&sets));
        Ok(sets)
    }

    /// Returns the fewest of some changes that suffice.
    fn fewest(
        &self,
        of: Diagram,
        among: &[(usize, usize)],
        known: &mut HashMap<Diagram, Option<ChangeSet>>,
    ) -> Option<ChangeSet> {
        let Some(variable) = self.diagrams.variable(of) else {
            return (of == Diagram::TRUE).then(Vec::new);
        };
        if let Some(known) = known.get(&of) {
            return known.clone();
        }
        let unchanged = self.fewest(self.unchanged(of, variable), among, known);
        let change = among.iter().find(|(one, _)| *one == variable);
        let changed = change.and_then(|change| {
            let rest = self.fewest(self.diagrams.child(of, variable, change.1), among, known)?;
            Some([&[*change], rest.as_slice()].concat())
        });
        let fewest = [unchanged, changed].into_iter().flatten().min_by_key(Vec::len);
        known.insert(of, fewest.clone());
        fewest
    }

    /// Returns true if one of the sets is the same but for a simpler value, which makes no difference.
    fn has_simpler(&self, condition: Diagram, set: &[(usize, usize)], sets: &[ChangeSet]) -> bool {
        let mut at = condition;
        for (place, (variable, value)) in set.iter().enumerate() {
            // Up to the change, the point is as it was.
            while let Some(before) = self.diagrams.variable(at).filter(|before| before < variable) {
                at = self.unchanged(at, before);
            }
            let child = self.diagrams.child(at, *variable, *value);
            let offered = self.offered.get(*variable).into_iter().flatten();
            for simpler in offered.take_while(|offered| *offered != value) {
                if self.diagrams.child(at, *variable, *simpler) == child {
                    let mut other = set.to_vec();
                    other.splice(place..=place, [(*variable, *simpler)]);
                    if sets.contains(&other) {
                        return true;
                    }
                }
            }
            at = child;
        }
        false
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails may panic")]
mod tests {
    use super::*;

    /// All of `pairs` pairs of two, at the point where nothing holds: one of each pair has to.
    fn pairs(pairs: usize, limit: usize) -> Minimal {
        let mut all = Diagrams::new(vec![2; 2 * pairs]).unwrap();
        let mut whole = Diagram::TRUE;
        for pair in (0..pairs).rev() {
            let second = all.node(2 * pair + 1, &[Diagram::FALSE, whole]).unwrap();
            whole = all.node(2 * pair, &[second, whole]).unwrap();
        }
        minimal(&all, whole, &vec![0; 2 * pairs], &vec![vec![1]; 2 * pairs], limit).unwrap()
    }

    #[test]
    fn all_sets_come_out_or_it_is_said_that_some_were_cut() {
        let few = pairs(2, usize::MAX);
        let expected = [(0, 2), (0, 3), (1, 2), (1, 3)].map(|(one, other)| vec![(one, 1), (other, 1)]);
        assert_eq!((few.sets.as_slice(), few.is_cut), (expected.as_slice(), false));
        let all = pairs(6, usize::MAX);
        assert_eq!((all.sets.len(), all.is_cut), (64, false));
        let cut = pairs(40, 8);
        assert_eq!((cut.sets.len(), cut.is_cut), (8, true));
        assert!(cut.sets.iter().all(|set| set.len() == 40));
    }

    /// What a cut leaves is made irredundant: here the third variable alone suffices, and is cut first.
    #[test]
    fn no_change_of_a_set_can_be_left_out() {
        let mut all = Diagrams::new(vec![2; 3]).unwrap();
        let [a, b, c] =
            [0, 1, 2].map(|variable| all.node(variable, &[Diagram::FALSE, Diagram::TRUE]).unwrap());
        let ab = all.and(a, b).unwrap();
        let condition = all.or(ab, c).unwrap();
        let found = minimal(&all, condition, &[0, 0, 0], &[vec![1], vec![1], vec![1]], usize::MAX).unwrap();
        assert_eq!(found.sets, [vec![(2, 1)], vec![(0, 1), (1, 1)]]);
        let search = Search {
            diagrams: &all,
            at: &[0, 0, 0],
            offered: &[],
            limit: 1,
            known: HashMap::new(),
            kept: 0,
            is_cut: true,
        };
        let redundant = [(0, 1), (1, 1), (2, 1)];
        assert_eq!(search.fewest(condition, &redundant, &mut HashMap::new()), Some(vec![(2, 1)]));
    }

    #[test]
    fn of_values_that_make_no_difference_the_simplest_is_taken() {
        let mut all = Diagrams::new(vec![4]).unwrap();
        let condition = all.node(0, &[Diagram::FALSE, Diagram::TRUE, Diagram::FALSE, Diagram::TRUE]).unwrap();
        let found = minimal(&all, condition, &[0], &[vec![3, 2, 1]], usize::MAX).unwrap();
        assert_eq!(found.sets, [vec![(0, 3)]]);
    }
}
