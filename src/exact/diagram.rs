//! Decision diagrams: functions of variables that have few values each, every function kept once. So two functions are equal
//! exactly when they are the same [`Diagram`], and what forty categories decide fits into forty nodes where it is a list.

use crate::fingerprint::TooLargeError;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use std::collections::BTreeSet;

/// The most steps, each of which makes one node at most, before a question counts as too large to be answered.
pub(crate) const MAX_STEPS: usize = 2_000_000;

/// The most steps that all questions about one policy take together.
const MAX_STEPS_OF_ALL: usize = 10_000_000;

/// The steps that asking a question takes by itself.
const STEPS_OF_ASKING: usize = 50;

/// The steps that questions about one policy, or about a pair, may still take.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Budget(MAX_STEPS_OF_ALL)
    }
}

impl Budget {
    /// Answers a question with diagrams over variables with so many values each.
    pub(crate) fn ask<T>(
        &mut self,
        values: Vec<usize>,
        question: impl FnOnce(&mut Diagrams) -> Result<T, TooLargeError>,
    ) -> Result<T, TooLargeError> {
        let most = MAX_STEPS.min(self.0);
        self.spend(STEPS_OF_ASKING + values.len())?;
        let mut diagrams = Diagrams::at_most(values, most)?;
        let answer = question(&mut diagrams);
        self.0 = self.0.saturating_sub(most - diagrams.left + diagrams.nodes.len() + diagrams.work);
        answer
    }

    /// Takes off the steps of something that needs no diagrams.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), TooLargeError> {
        self.0 = self.0.checked_sub(steps).ok_or(TooLargeError)?;
        Ok(())
    }
}

/// The most variables: functions are followed one variable at a time, each a call further down.
const MAX_VARIABLES: usize = 1_000;

/// A function, in the [`Diagrams`] that made it: a leaf, or a node by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Diagram(u32);

/// The bit that distinguishes leaves from nodes.
const LEAF: u32 = 1 << 31;

impl Diagram {
    /// Returns a constant.
    pub(crate) fn leaf(value: u32) -> Self {
        Diagram(value | LEAF)
    }

    /// Returns the value of a constant.
    pub(crate) fn value(self) -> Option<u32> {
        (self.0 & LEAF != 0).then_some(self.0 & !LEAF)
    }

    pub(crate) const FALSE: Diagram = Diagram(LEAF);
    pub(crate) const TRUE: Diagram = Diagram(LEAF | 1);

    pub(crate) fn truth(holds: bool) -> Self {
        if holds { Diagram::TRUE } else { Diagram::FALSE }
    }
}

/// Diagrams over the same variables, in one order.
#[derive(Debug)]
pub(crate) struct Diagrams {
    /// The number of values of each variable.
    values: Vec<usize>,
    nodes: Vec<Node>,
    /// The functions for each value of a node's variable, node after node.
    children: Vec<Diagram>,
    known: HashMap<(u32, Box<[Diagram]>), Diagram>,
    /// The number of steps that may still be taken.
    left: usize,
    /// The number of steps that were taken with diagrams, and make none.
    work: usize,
}

#[derive(Debug)]
struct Node {
    variable: u32,
    /// The place of its first child.
    first: u32,
}

impl Diagrams {
    /// Makes diagrams over variables with so many values each.
    pub(crate) fn new(values: Vec<usize>) -> Result<Self, TooLargeError> {
        Diagrams::at_most(values, MAX_STEPS)
    }

    /// Makes diagrams that take no more than so many steps, for questions that are not worth waiting for.
    pub(crate) fn at_most(values: Vec<usize>, left: usize) -> Result<Self, TooLargeError> {
        let (nodes, children) = (Vec::new(), Vec::new());
        match values.len() <= MAX_VARIABLES {
            true => Ok(Diagrams { values, nodes, children, known: HashMap::new(), left, work: 0 }),
            false => Err(TooLargeError),
        }
    }

    /// Counts steps that make no diagram. Only a [`Budget`] limits them.
    pub(crate) fn count_work(&mut self, steps: usize) {
        self.work += steps;
    }

    /// Returns the number of values of each variable.
    pub(crate) fn values(&self) -> &[usize] {
        &self.values
    }

    /// Returns how many values a variable has.
    pub(crate) fn count_of(&self, variable: usize) -> usize {
        self.values.get(variable).copied().unwrap_or(0)
    }

    /// Returns the condition that a variable of two values has the second one.
    pub(crate) fn literal(&mut self, variable: usize) -> Result<Diagram, TooLargeError> {
        self.node(variable, &[Diagram::FALSE, Diagram::TRUE])
    }

    /// Returns the condition that a variable has its first value.
    pub(crate) fn is_first(&mut self, variable: usize) -> Result<Diagram, TooLargeError> {
        let values: Vec<Diagram> =
            (0..self.count_of(variable)).map(|value| Diagram::truth(value == 0)).collect();
        self.node(variable, &values)
    }

    /// Returns the function that is one of these for each value of a variable; all of them depend on later variables only.
    pub(crate) fn node(&mut self, variable: usize, children: &[Diagram]) -> Result<Diagram, TooLargeError> {
        debug_assert_eq!(self.values.get(variable), Some(&children.len()));
        match children.first() {
            Some(first) if children.iter().any(|child| child != first) => {}
            first => return first.copied().ok_or(TooLargeError),
        }
        let variable = u32::try_from(variable).map_err(|_| TooLargeError)?;
        let key = (variable, Box::from(children));
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let index = u32::try_from(self.nodes.len()).map_err(|_| TooLargeError)?;
        let first = u32::try_from(self.children.len()).map_err(|_| TooLargeError)?;
        self.nodes.push(Node { variable, first });
        self.children.extend_from_slice(children);
        self.known.insert(key, Diagram(index));
        Ok(Diagram(index))
    }

    /// Returns the first variable that a function depends on; `None` for a constant.
    pub(crate) fn variable(&self, of: Diagram) -> Option<usize> {
        self.nodes.get(of.0 as usize).map(|node| node.variable as usize)
    }

    /// Returns what a function is for each value of a variable.
    pub(crate) fn children(&self, of: Diagram, variable: usize) -> impl Iterator<Item = Diagram> {
        (0..self.count_of(variable)).map(move |value| self.child(of, variable, value))
    }

    /// Returns what a function is for one value of a variable that it may depend on, but on none in front of it.
    pub(crate) fn child(&self, of: Diagram, variable: usize, value: usize) -> Diagram {
        match self.nodes.get(of.0 as usize) {
            Some(node) if node.variable as usize == variable => {
                self.children.get(node.first as usize + value).copied().unwrap_or(of)
            }
            _ => of,
        }
    }

    /// Returns the function whose value is `join` of the values of two.
    pub(crate) fn join(
        &mut self,
        one: Diagram,
        other: Diagram,
        join: &impl Fn(u32, u32) -> u32,
    ) -> Result<Diagram, TooLargeError> {
        self.join_known(one, other, join, &mut HashMap::new())
    }

    fn join_known(
        &mut self,
        one: Diagram,
        other: Diagram,
        join: &impl Fn(u32, u32) -> u32,
        known: &mut HashMap<(Diagram, Diagram), Diagram>,
    ) -> Result<Diagram, TooLargeError> {
        if let (Some(one), Some(other)) = (one.value(), other.value()) {
            return Ok(Diagram::leaf(join(one, other)));
        }
        if let Some(joined) = known.get(&(one, other)) {
            return Ok(*joined);
        }
        self.left = self.left.checked_sub(1).ok_or(TooLargeError)?;
        let variables = [one, other].into_iter().filter_map(|diagram| self.variable(diagram));
        let variable = variables.min().ok_or(TooLargeError)?;
        let mut children = Vec::with_capacity(self.count_of(variable));
        for value in 0..self.count_of(variable) {
            let (one, other) = (self.child(one, variable, value), self.child(other, variable, value));
            children.push(self.join_known(one, other, join, known)?);
        }
        let joined = self.node(variable, &children)?;
        known.insert((one, other), joined);
        Ok(joined)
    }

    /// Returns the function whose value is `map` of another one's.
    pub(crate) fn map(&mut self, of: Diagram, map: &impl Fn(u32) -> u32) -> Result<Diagram, TooLargeError> {
        self.join(of, Diagram::FALSE, &|value, _| map(value))
    }

    /// Returns the condition that both of two hold.
    pub(crate) fn and(&mut self, one: Diagram, other: Diagram) -> Result<Diagram, TooLargeError> {
        match (one, other) {
            (Diagram::TRUE, rest) | (rest, Diagram::TRUE) => Ok(rest),
            (Diagram::FALSE, _) | (_, Diagram::FALSE) => Ok(Diagram::FALSE),
            _ => self.join(one, other, &|one, other| one & other),
        }
    }

    /// Returns the condition that one of two holds.
    pub(crate) fn or(&mut self, one: Diagram, other: Diagram) -> Result<Diagram, TooLargeError> {
        match (one, other) {
            (Diagram::FALSE, rest) | (rest, Diagram::FALSE) => Ok(rest),
            (Diagram::TRUE, _) | (_, Diagram::TRUE) => Ok(Diagram::TRUE),
            _ => self.join(one, other, &|one, other| one | other),
        }
    }

    /// Returns the condition that another one does not hold.
    pub(crate) fn not(&mut self, of: Diagram) -> Result<Diagram, TooLargeError> {
        self.map(of, &|value| u32::from(value == 0))
    }

    /// Returns the condition that two functions differ.
    pub(crate) fn differing(&mut self, one: Diagram, other: Diagram) -> Result<Diagram, TooLargeError> {
        self.join(one, other, &|one, other| u32::from(one != other))
    }

    /// Returns at how many points a condition holds; `None` for too many to be counted.
    pub(crate) fn count(&self, of: Diagram) -> Option<u128> {
        self.count_from(0, of, &mut HashMap::new())
    }

    /// Counts over the variables from one on, on which the condition depends.
    fn count_from(
        &self,
        first: usize,
        of: Diagram,
        known: &mut HashMap<Diagram, Option<u128>>,
    ) -> Option<u128> {
        // Of what never holds it does not matter how much there is.
        if of == Diagram::FALSE {
            return Some(0);
        }
        let variable = self.variable(of).unwrap_or(self.values.len());
        let mut skipped = self.values.get(first..variable)?.iter();
        let skipped = skipped.try_fold(1u128, |product, count| product.checked_mul(*count as u128))?;
        let below = match (of.value(), known.get(&of)) {
            (Some(value), _) => Some(u128::from(value == 1)),
            (None, Some(known)) => *known,
            (None, None) => {
                let below = self.children(of, variable).try_fold(0u128, |sum, child| {
                    sum.checked_add(self.count_from(variable + 1, child, known)?)
                });
                known.insert(of, below);
                below
            }
        };
        below?.checked_mul(skipped)
    }

    /// Returns the first point at which a condition holds; `None` where it never does.
    pub(crate) fn first(&self, of: Diagram) -> Option<Vec<usize>> {
        let mut values = vec![0; self.values.len()];
        let mut at = of;
        while let Some(variable) = self.variable(at) {
            let (value, child) =
                self.children(at, variable).enumerate().find(|(_, child)| *child != Diagram::FALSE)?;
            *values.get_mut(variable)? = value;
            at = child;
        }
        (at == Diagram::TRUE).then_some(values)
    }

    /// Returns the values that a function has.
    pub(crate) fn leaves(&self, of: Diagram) -> BTreeSet<u32> {
        let (mut leaves, mut reached) = (BTreeSet::new(), HashSet::new());
        let mut open = vec![of];
        while let Some(at) = open.pop() {
            match (at.value(), self.variable(at)) {
                (Some(value), _) => drop(leaves.insert(value)),
                (None, Some(variable)) if reached.insert(at) => open.extend(self.children(at, variable)),
                _ => {}
            }
        }
        leaves
    }

    /// Returns the value of a function, for a value of each variable.
    pub(crate) fn at(&self, of: Diagram, values: &[usize]) -> u32 {
        let mut at = of;
        while let Some(variable) = self.variable(at) {
            at = self.child(at, variable, values.get(variable).copied().unwrap_or(0));
        }
        at.value().unwrap_or(0)
    }
}

/// Returns a point with other values of some variables.
pub(crate) fn moved(mut point: Vec<usize>, values: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    for (variable, value) in values {
        point.get_mut(variable).into_iter().for_each(|place| *place = value);
    }
    point
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that fails may panic")]
mod tests {
    use super::*;

    #[test]
    fn equal_functions_are_the_same_diagram() {
        let mut all = Diagrams::new(vec![2, 3, 2]).unwrap();
        let [a, c] = [0, 2].map(|variable| all.node(variable, &[Diagram::FALSE, Diagram::TRUE]).unwrap());
        let b = all.node(1, &[Diagram::FALSE, Diagram::TRUE, Diagram::TRUE]).unwrap();
        let (ab, bc) = (all.and(a, b).unwrap(), all.and(b, c).unwrap());
        // (a and b) or (b and c) is b and (a or c).
        let one = all.or(ab, bc).unwrap();
        let ac = all.or(a, c).unwrap();
        assert_eq!(all.and(b, ac).unwrap(), one);
        // Not (a or c) is not a and not c.
        let (not_a, not_c) = (all.not(a).unwrap(), all.not(c).unwrap());
        assert_eq!(all.not(ac), all.and(not_a, not_c));
        let same = all.not(not_a).unwrap();
        assert_eq!(same, a);
        for values in (0..12).map(|number| [number % 2, number / 2 % 3, number / 6]) {
            let expected = values[1] > 0 && (values[0] == 1 || values[2] == 1);
            assert_eq!(all.at(one, &values), u32::from(expected), "{values:?}");
        }
    }

    #[test]
    fn points_are_counted_and_the_first_one_found() {
        let mut all = Diagrams::new(vec![2, 3, 2]).unwrap();
        let b = all.node(1, &[Diagram::FALSE, Diagram::TRUE, Diagram::TRUE]).unwrap();
        let c = all.node(2, &[Diagram::FALSE, Diagram::TRUE]).unwrap();
        let either = all.or(b, c).unwrap();
        assert_eq!(
            [Diagram::TRUE, Diagram::FALSE, b, c, either].map(|one| all.count(one)),
            [12, 0, 8, 6, 10].map(Some)
        );
        assert_eq!(all.first(either), Some(vec![0, 0, 1]));
        assert_eq!((all.first(Diagram::TRUE), all.first(Diagram::FALSE)), (Some(vec![0, 0, 0]), None));
        let many = Diagrams::new(vec![2; 200]).unwrap();
        assert_eq!((many.count(Diagram::TRUE), many.count(Diagram::FALSE)), (None, Some(0)));
    }

    #[test]
    fn a_list_of_many_is_small_and_too_many_are_refused() {
        let mut all = Diagrams::new(vec![2; 400]).unwrap();
        let mut whole = Diagram::TRUE;
        for variable in (0..400).rev() {
            whole = all.node(variable, &[Diagram::FALSE, whole]).unwrap();
        }
        assert_eq!(all.nodes.len(), 400);
        assert!(matches!(Diagrams::new(vec![2; 1_001]), Err(TooLargeError)));
    }
}
