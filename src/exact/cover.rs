//! The fewest rows that say where a condition holds: the Quine–McCluskey method, with prime implicants over decision diagrams.
//!
//! A [`Cube`] is such a row: for each variable the values that it may have, which are all of them where it does not matter. A
//! cover of a condition is cubes of which each lies in it and all together are it. Covers here are irredundant: no
//! cube can be left out, and none says more than it must. Up to [`FEW`] inputs they are minimum: no cover has
//! fewer cubes, and none of as many has fewer conditions in them.

use super::diagram::{Diagram, Diagrams};
use super::set_cover::{Cost, Places, cheapest};
use crate::fingerprint::TooLargeError;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use std::collections::BTreeSet;

/// The most inputs for which a cover is minimum.
const FEW: usize = 12;

/// The most cubes of a cover; a larger one cannot be read. It is more than twelve inputs of two values ever need for
/// what granting more only makes truer.
pub(crate) const MAX_CUBES: usize = 1_000;

/// The most points and primes of the search for a minimum; beyond it the cover is irredundant.
const MAX_POINTS: usize = 30_000;
const MAX_PRIMES: usize = 2_000;

/// The most nodes that are visited to make cubes wide, before a cover counts as too large.
const MAX_VISITS: usize = 4_000_000;

/// A cube: for each variable the set of its values that belong to it, as bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cube(pub(crate) Vec<u64>);

impl Cube {
    fn whole(diagrams: &Diagrams) -> Result<Self, TooLargeError> {
        diagrams.values().iter().map(|count| all(*count)).collect::<Result<_, _>>().map(Cube)
    }

    pub(crate) fn has(&self, variable: usize, value: usize) -> bool {
        self.0.get(variable).is_some_and(|values| values >> value & 1 == 1)
    }

    /// Returns true if a point is in it.
    pub(crate) fn contains(&self, values: &[usize]) -> bool {
        values.iter().enumerate().all(|(variable, value)| self.has(variable, *value))
    }

    pub(crate) fn with(&self, variable: usize, values: u64) -> Cube {
        let mut cube = self.clone();
        if let Some(place) = cube.0.get_mut(variable) {
            *place = values;
        }
        cube
    }

    /// Returns how many variables it says something of.
    pub(crate) fn conditions(&self, diagrams: &Diagrams) -> usize {
        let sizes = diagrams.values().iter();
        self.0.iter().zip(sizes).filter(|(values, count)| values.count_ones() as usize != **count).count()
    }
}

/// Returns the bits of so many values.
fn all(count: usize) -> Result<u64, TooLargeError> {
    match count {
        64 => Ok(u64::MAX),
        0..64 => Ok((1 << count) - 1),
        _ => Err(TooLargeError),
    }
}

/// Returns what a cube costs that stands for itself alone.
pub(crate) fn size(cube: &Cube, diagrams: &Diagrams) -> Cost {
    (1, cube.conditions(diagrams))
}

/// Returns a cover of a condition, in a stable order, as far as there are events: a cube may reach to where there are none. A cube may stand
/// for several, as `cost` says; else that is [`size`].
pub(crate) fn cover(
    diagrams: &mut Diagrams,
    of: Diagram,
    events: Diagram,
    cost: &impl Fn(&Cube, &Diagrams) -> Cost,
) -> Result<Vec<Cube>, TooLargeError> {
    let no_event = diagrams.not(events)?;
    let within = Within { least: diagrams.and(of, events)?, most: diagrams.or(of, no_event)? };
    let mut cubes =
        minimum(diagrams, of, within, cost).or_else(|TooLargeError| irredundant(diagrams, within))?;
    cubes.sort();
    Ok(cubes)
}

/// The points that a cover must reach, and those that it may reach.
#[derive(Clone, Copy)]
struct Within {
    least: Diagram,
    most: Diagram,
}

/// Returns the variables that a function depends on, in their order.
fn support(diagrams: &Diagrams, of: Diagram) -> BTreeSet<usize> {
    let (mut support, mut reached) = (BTreeSet::new(), HashSet::new());
    let mut open = vec![of];
    while let Some(node) = open.pop() {
        let Some(variable) = diagrams.variable(node) else { continue };
        if reached.insert(node) {
            support.insert(variable);
            open.extend(diagrams.children(node, variable));
        }
    }
    support
}

/// Returns true if all of a cube lies in a condition.
fn lies_in(diagrams: &Diagrams, cube: &Cube, of: Diagram, known: &mut HashMap<Diagram, bool>) -> bool {
    let Some(variable) = diagrams.variable(of) else { return of == Diagram::TRUE };
    if let Some(known) = known.get(&of) {
        return *known;
    }
    let inside = diagrams
        .children(of, variable)
        .enumerate()
        .filter(|(value, _)| cube.has(variable, *value))
        .all(|(_, child)| lies_in(diagrams, cube, child, known));
    known.insert(of, inside);
    inside
}

fn is_inside(diagrams: &Diagrams, cube: &Cube, of: Diagram) -> bool {
    lies_in(diagrams, cube, of, &mut HashMap::new())
}

/// Returns the condition that holds in a cube.
fn condition(diagrams: &mut Diagrams, cube: &Cube) -> Result<Diagram, TooLargeError> {
    let mut whole = Diagram::TRUE;
    for (variable, values) in cube.0.iter().enumerate().rev() {
        let count = diagrams.count_of(variable);
        if values.count_ones() as usize != count {
            let children: Vec<Diagram> = (0..count)
                .map(|value| if values >> value & 1 == 1 { whole } else { Diagram::FALSE })
                .collect();
            whole = diagrams.node(variable, &children)?;
        }
    }
    Ok(whole)
}

/// Returns the values of a node's variable, sorted by what they lead to.
fn branches(diagrams: &Diagrams, of: Diagram, variable: usize) -> Vec<(u64, Diagram)> {
    let mut branches: Vec<(u64, Diagram)> = Vec::new();
    for (value, child) in diagrams.children(of, variable).enumerate() {
        match branches.iter_mut().find(|(_, known)| *known == child) {
            Some((values, _)) => *values |= 1 << value,
            None => branches.push((1 << value, child)),
        }
    }
    branches
}

/// Returns a cover in which no cube can be left out and none can say less: the paths of the diagram, each as wide as it can be, and
/// then without those that the others cover.
fn irredundant(diagrams: &mut Diagrams, within: Within) -> Result<Vec<Cube>, TooLargeError> {
    let whole = Cube::whole(diagrams)?;
    let mut cubes: BTreeSet<Cube> = BTreeSet::new();
    let (mut left, mut visits) = (within.least, MAX_VISITS);
    // A wide cube covers many paths, which need not be looked at any more.
    while let Some(path) = path(diagrams, left, &whole) {
        let before = visits;
        let wide = widened(diagrams, path, within.most, &mut visits).ok_or(TooLargeError)?;
        diagrams.count_work(before - visits);
        let covered = condition(diagrams, &wide)?;
        let not_covered = diagrams.not(covered)?;
        left = diagrams.and(left, not_covered)?;
        cubes.insert(wide);
        if cubes.len() > MAX_CUBES {
            return Err(TooLargeError);
        }
    }
    let mut kept: Vec<Cube> = cubes.into_iter().collect();
    // Those that say the most are left out first.
    kept.sort_by_cached_key(|cube| (cube.conditions(diagrams), cube.clone()));
    let conditions = kept.iter().map(|cube| condition(diagrams, cube)).collect::<Result<Vec<_>, _>>()?;
    let mut without: Vec<Diagram> = Vec::with_capacity(kept.len());
    let mut before = Diagram::FALSE;
    for own in &conditions {
        without.push(before);
        before = diagrams.or(before, *own)?;
    }
    let (mut needed, mut behind) = (Vec::new(), Diagram::FALSE);
    for ((cube, own), before) in kept.into_iter().zip(conditions).zip(without).rev() {
        let others = diagrams.or(before, behind)?;
        let not_others = diagrams.not(others)?;
        let own_alone = diagrams.and(own, not_others)?;
        if diagrams.and(own_alone, within.least)? != Diagram::FALSE {
            behind = diagrams.or(behind, own)?;
            needed.push(cube);
        }
    }
    Ok(needed)
}

/// Returns the first path to where a condition holds.
fn path(diagrams: &Diagrams, of: Diagram, whole: &Cube) -> Option<Cube> {
    let (mut at, mut cube) = (of, whole.clone());
    while let Some(variable) = diagrams.variable(at) {
        // Of a node one branch at least leads to where the condition holds.
        let (values, child) =
            branches(diagrams, at, variable).into_iter().find(|(_, child)| *child != Diagram::FALSE)?;
        cube = cube.with(variable, values);
        at = child;
    }
    (at == Diagram::TRUE).then_some(cube)
}

/// Returns a cube made as wide as it can be inside a condition, the first variables first; `None` where that takes too many visits.
fn widened(diagrams: &Diagrams, cube: Cube, of: Diagram, visits: &mut usize) -> Option<Cube> {
    let mut wide = cube;
    for (variable, count) in diagrams.values().iter().enumerate() {
        for value in 0..*count {
            if !wide.has(variable, value) {
                let more = wide.0.get(variable).copied().unwrap_or(0) | 1 << value;
                let wider = wide.with(variable, more);
                // What it has already lies inside; only the new value is asked for.
                let mut known = HashMap::new();
                if lies_in(diagrams, &wider.with(variable, 1 << value), of, &mut known) {
                    wide = wider;
                }
                *visits = visits.checked_sub(known.len())?;
            }
        }
    }
    Some(wide)
}

/// Returns a cover that no other one is shorter than; `None` where there are too many inputs, or where the search would take too long.
fn minimum(
    diagrams: &mut Diagrams,
    of: Diagram,
    within: Within,
    cost: &impl Fn(&Cube, &Diagrams) -> Cost,
) -> Result<Vec<Cube>, TooLargeError> {
    if support(diagrams, of).len() > FEW {
        return Err(TooLargeError);
    }
    let whole = Cube::whole(diagrams)?;
    let primes = Primes { known: HashMap::new(), whole }.of(diagrams, within.most)?;
    // For each point the primes that have it. Points that are in the same ones are one.
    let mut rows = Rows { diagrams, primes: &primes, seen: HashSet::new(), rows: BTreeSet::new() };
    let added = rows.add(0, within.least, (0..primes.len()).collect());
    let (points, rows) = (rows.seen.len(), rows.rows.into_iter().collect());
    diagrams.count_work(points);
    added?;
    let costs: Vec<Cost> = primes.iter().map(|prime| cost(prime, diagrams)).collect();
    let (chosen, work) = cheapest(&costs, rows);
    diagrams.count_work(work);
    let chosen = chosen.ok_or(TooLargeError)?;
    Ok(chosen.into_iter().filter_map(|index| primes.get(index).cloned()).collect())
}

/// The prime cubes of conditions: those inside that no wider one is inside of.
struct Primes {
    known: HashMap<Diagram, Vec<Cube>>,
    whole: Cube,
}

impl Primes {
    fn of(&mut self, diagrams: &mut Diagrams, of: Diagram) -> Result<Vec<Cube>, TooLargeError> {
        let Some(variable) = diagrams.variable(of) else {
            return Ok(if of == Diagram::TRUE { vec![self.whole.clone()] } else { Vec::new() });
        };
        if let Some(known) = self.known.get(&of) {
            return Ok(known.clone());
        }
        let branches = branches(diagrams, of, variable);
        if branches.len() > FEW {
            return Err(TooLargeError);
        }
        let mut primes = Vec::new();
        for chosen in 1u32..1 << branches.len() {
            let is_chosen = |index: usize| chosen >> index & 1 == 1;
            let (mut values, mut both) = (0, Diagram::TRUE);
            for (_, (own, child)) in branches.iter().enumerate().filter(|(index, _)| is_chosen(*index)) {
                values |= own;
                both = diagrams.and(both, *child)?;
            }
            for prime in self.of(diagrams, both)? {
                let mut others = branches.iter().enumerate().filter(|(index, _)| !is_chosen(*index));
                if !others.any(|(_, (_, child))| is_inside(diagrams, &prime, *child)) {
                    primes.push(prime.with(variable, values));
                }
            }
            if primes.len() > MAX_PRIMES {
                return Err(TooLargeError);
            }
        }
        self.known.insert(of, primes.clone());
        Ok(primes)
    }
}

/// The primes that can cover each point of a condition.
struct Rows<'r> {
    diagrams: &'r Diagrams,
    primes: &'r [Cube],
    /// The places where the walk has been: a variable, the rest of the condition, and the primes that have the point so far.
    seen: HashSet<(usize, Diagram, Places)>,
    rows: BTreeSet<Places>,
}

impl Rows<'_> {
    /// Adds what covers the points of a condition over the variables from one on.
    fn add(&mut self, variable: usize, of: Diagram, primes: Places) -> Result<(), TooLargeError> {
        if of == Diagram::FALSE {
            return Ok(());
        }
        if variable == self.diagrams.values().len() {
            self.rows.insert(primes);
            return Ok(());
        }
        for (value, child) in self.diagrams.children(of, variable).enumerate() {
            let has =
                |place: &&usize| self.primes.get(**place).is_some_and(|prime| prime.has(variable, value));
            let own: Places = primes.iter().filter(has).copied().collect();
            if child != Diagram::FALSE && self.seen.insert((variable, child, own.clone())) {
                if self.seen.len() > MAX_POINTS {
                    return Err(TooLargeError);
                }
                self.add(variable + 1, child, own)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails may panic"
)]
mod tests {
    use super::*;

    /// A condition from the list of its points, over variables of two and three values.
    fn of(diagrams: &mut Diagrams, holds: &dyn Fn(&[usize]) -> bool) -> Diagram {
        fn build(
            diagrams: &mut Diagrams,
            values: &mut Vec<usize>,
            holds: &dyn Fn(&[usize]) -> bool,
        ) -> Diagram {
            let variable = values.len();
            let Some(count) = diagrams.values().get(variable).copied() else {
                return if holds(values) { Diagram::TRUE } else { Diagram::FALSE };
            };
            let mut children = Vec::new();
            for value in 0..count {
                values.push(value);
                children.push(build(diagrams, values, holds));
                values.pop();
            }
            diagrams.node(variable, &children).unwrap()
        }
        build(diagrams, &mut Vec::new(), holds)
    }

    fn check(diagrams: &mut Diagrams, function: Diagram, cubes: &[Cube]) {
        let mut whole = Diagram::FALSE;
        for cube in cubes {
            assert!(is_inside(diagrams, cube, function));
            let own = condition(diagrams, cube).unwrap();
            whole = diagrams.or(whole, own).unwrap();
        }
        assert_eq!(whole, function, "together they are the condition");
        for left_out in cubes {
            let mut rest = Diagram::FALSE;
            for cube in cubes.iter().filter(|cube| *cube != left_out) {
                let own = condition(diagrams, cube).unwrap();
                rest = diagrams.or(rest, own).unwrap();
            }
            assert_ne!(rest, function, "none can be left out");
            let wider = widened(diagrams, left_out.clone(), function, &mut MAX_VISITS.clone());
            assert_eq!(wider.as_ref(), Some(left_out), "none can be wider");
        }
    }

    #[test]
    fn covers_are_irredundant_and_minimum() {
        // The cyclic function of three variables: two ways with three cubes each, and irredundant ones with four.
        let mut diagrams = Diagrams::new(vec![2, 2, 2]).unwrap();
        let cyclic = of(&mut diagrams, &|v| !(v[0] == v[1] && v[1] == v[2]));
        let cubes = cover(&mut diagrams, cyclic, Diagram::TRUE, &size).unwrap();
        check(&mut diagrams, cyclic, &cubes);
        assert_eq!(cubes.len(), 3);
        let rough = irredundant(&mut diagrams, Within { least: cyclic, most: cyclic }).unwrap();
        check(&mut diagrams, cyclic, &rough);

        assert_eq!(cover(&mut diagrams, Diagram::FALSE, Diagram::TRUE, &size).unwrap(), []);
        assert_eq!(cover(&mut diagrams, Diagram::TRUE, Diagram::TRUE, &size).unwrap(), [Cube(vec![3, 3, 3])]);
    }

    #[test]
    fn covers_of_every_condition_of_a_few_points() {
        let mut seed = 1u64;
        for _ in 0..60 {
            let mut diagrams = Diagrams::new(vec![3, 2, 2, 3]).unwrap();
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bits = seed >> 20;
            let at = |v: &[usize]| v[0] + 3 * (v[1] + 2 * (v[2] + 2 * v[3]));
            let function = of(&mut diagrams, &|v| bits >> at(v) & 1 == 1);
            let best = cover(&mut diagrams, function, Diagram::TRUE, &size).unwrap();
            check(&mut diagrams, function, &best);
            let rough = irredundant(&mut diagrams, Within { least: function, most: function }).unwrap();
            check(&mut diagrams, function, &rough);
            assert!(best.len() <= rough.len());
            let found = minimum(&mut diagrams, function, Within { least: function, most: function }, &size)
                .expect("the search ends");
            let mut primes = Primes { known: HashMap::new(), whole: Cube::whole(&diagrams).unwrap() };
            let primes = primes.of(&mut diagrams, function).unwrap();
            if primes.len() <= 11 {
                assert_eq!(cost(&diagrams, &found), fewest(&mut diagrams, function, &primes));
            }
        }
    }

    fn cost(diagrams: &Diagrams, cubes: &[Cube]) -> Cost {
        (cubes.len(), cubes.iter().map(|cube| cube.conditions(diagrams)).sum())
    }

    /// The cost of the cheapest cover, by trying every choice of primes.
    fn fewest(diagrams: &mut Diagrams, function: Diagram, primes: &[Cube]) -> Cost {
        let mut best = (usize::MAX, 0);
        for choice in 0u32..1 << primes.len() {
            let chosen = primes.iter().enumerate().filter(|(index, _)| choice >> index & 1 == 1);
            let chosen: Vec<Cube> = chosen.map(|(_, prime)| prime.clone()).collect();
            let mut whole = Diagram::FALSE;
            for cube in &chosen {
                let own = condition(diagrams, cube).unwrap();
                whole = diagrams.or(whole, own).unwrap();
            }
            if whole == function {
                best = best.min(cost(diagrams, &chosen));
            }
        }
        best
    }

    #[test]
    fn a_list_of_many_has_one_cube() {
        let mut diagrams = Diagrams::new(vec![2; 60]).unwrap();
        let every = of_all(&mut diagrams, 60);
        assert_eq!(cover(&mut diagrams, every, Diagram::TRUE, &size).unwrap(), [Cube(vec![2; 60])]);
        let not = diagrams.not(every).unwrap();
        let cubes = cover(&mut diagrams, not, Diagram::TRUE, &size).unwrap();
        assert_eq!(cubes.len(), 60);
        check(&mut diagrams, not, &cubes);
    }

    fn of_all(diagrams: &mut Diagrams, count: usize) -> Diagram {
        (0..count)
            .rev()
            .fold(Diagram::TRUE, |whole, variable| diagrams.node(variable, &[Diagram::FALSE, whole]).unwrap())
    }
}
