//! A requirement by wire ids, so that two policies' requirements can be compared, and the fewest rows that say when it is
//! satisfied and when it is not.

use super::cover::MAX_CUBES;
use super::diagram::{Budget, Diagram, Diagrams, moved};
use crate::fingerprint::TooLargeError;
use crate::model::{Destination, Policy, Requirement};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A requirement without what is unenforced; the order of its elements says nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Formula {
    /// A category; `fixed` says whether it is granted whatever an event lists, if that is so.
    Category {
        key: String,
        fixed: Option<bool>,
    },
    AllOf(Vec<Formula>),
    AnyOf(Vec<Formula>),
}

/// The fewest rows that say when a formula is satisfied, each by the categories that are granted in it, and the fewest that say
/// when it is not, each by the categories that are not granted. Categories are places among the free ones, which are sorted.
///
/// There is one shortest list of each, because granting more never makes a formula unsatisfied: each of its rows has an event,
/// the one that grants no more than the row asks for, which is in no other row.
#[derive(Debug, PartialEq)]
pub(crate) struct PrimeImplicants {
    satisfied: Vec<Vec<usize>>,
    unsatisfied: Vec<Vec<usize>>,
}

impl PrimeImplicants {
    /// Returns the rows in which the formula is satisfied, or those in which it is not.
    pub(crate) fn rows(&self, is_satisfied: bool) -> &[Vec<usize>] {
        if is_satisfied { &self.satisfied } else { &self.unsatisfied }
    }
}

impl Formula {
    /// Returns what a destination asks for; `None` where it is unmapped too.
    pub(crate) fn of_destination(destination: &Destination, policy: &Policy) -> Option<Self> {
        destination.requirement().and_then(|requirement| Formula::of(requirement, policy))
    }

    /// Returns what a requirement asks for; `None` where all of it is unenforced.
    pub(crate) fn of(requirement: &Requirement, policy: &Policy) -> Option<Self> {
        let live = |elements: &[Requirement]| {
            let mut live: Vec<Formula> =
                elements.iter().filter_map(|element| Formula::of(element, policy)).collect();
            live.sort();
            (!live.is_empty()).then_some(live)
        };
        match requirement {
            Requirement::Category(id) => {
                let category = policy.category(*id).filter(|one| one.unenforced.is_none())?;
                Some(Formula::Category { key: category.key().to_owned(), fixed: category.fixed() })
            }
            Requirement::AllOf(elements) => live(elements).map(Formula::AllOf),
            Requirement::AnyOf(elements) => live(elements).map(Formula::AnyOf),
        }
    }

    /// Returns the formula with the places of its categories among `free`, which are sorted, for their names: two requirements of which one
    /// becomes the other when categories change their names, and not their order, are the same then.
    pub(crate) fn by_places(&self, free: &[String]) -> Formula {
        let all = |elements: &[Formula]| elements.iter().map(|element| element.by_places(free)).collect();
        match self {
            Formula::Category { key, fixed } => {
                let place = place(free, key).map(|place| place.to_string()).unwrap_or_default();
                Formula::Category { key: place, fixed: *fixed }
            }
            Formula::AllOf(elements) => Formula::AllOf(all(elements)),
            Formula::AnyOf(elements) => Formula::AnyOf(all(elements)),
        }
    }

    /// Returns true if it is satisfied.
    pub(crate) fn is_satisfied(&self, granted: &impl Fn(&str) -> bool) -> bool {
        match self {
            Formula::Category { key, fixed } => fixed.unwrap_or_else(|| granted(key)),
            Formula::AllOf(elements) => elements.iter().all(|element| element.is_satisfied(granted)),
            Formula::AnyOf(elements) => elements.iter().any(|element| element.is_satisfied(granted)),
        }
    }

    /// Returns whether it is satisfied, if that is the same for all events.
    pub(crate) fn constant(&self) -> Option<bool> {
        match (self.is_satisfied(&|_| false), self.is_satisfied(&|_| true)) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            (false, true) => None,
        }
    }

    /// Returns the categories that a refusal names: those that are not granted in groups that are not satisfied.
    pub(crate) fn refused(&self, granted: &impl Fn(&str) -> bool) -> BTreeSet<String> {
        match self {
            _ if self.is_satisfied(granted) => BTreeSet::new(),
            Formula::Category { key, .. } => BTreeSet::from([key.clone()]),
            Formula::AllOf(elements) | Formula::AnyOf(elements) => {
                elements.iter().flat_map(|element| element.refused(granted)).collect()
            }
        }
    }

    /// Returns when it is satisfied and when it is not, by places among `free`, which are the wire ids of its categories that are not
    /// `always`, sorted.
    pub(crate) fn prime_implicants(
        &self,
        free: &[String],
        budget: &mut Budget,
    ) -> Result<PrimeImplicants, TooLargeError> {
        let order = Order::of([self], free);
        budget.ask(vec![2; free.len()], |diagrams| {
            let granted = |diagrams: &mut Diagrams, key: &str| order.literal(diagrams, key);
            let whole = self.satisfied(diagrams, &granted)?.whole;
            let rows = |holds| -> Result<Vec<Vec<usize>>, TooLargeError> {
                let mut rows = shortest(diagrams, whole, holds, &mut HashMap::new())?;
                for row in &mut rows {
                    row.iter_mut().for_each(|variable| *variable = order.place(*variable));
                    row.sort_unstable();
                }
                Ok(rows)
            };
            Ok(PrimeImplicants { satisfied: rows(Diagram::TRUE)?, unsatisfied: rows(Diagram::FALSE)? })
        })
    }

    /// Returns the wire ids of its categories that an event decides.
    pub(crate) fn free(&self) -> BTreeSet<&str> {
        self.walk(&mut Vec::new(), &mut Vec::new())
    }

    /// Adds its free categories as they are met, and those of each of its groups.
    fn walk<'f>(&'f self, met: &mut Vec<&'f str>, groups: &mut Vec<BTreeSet<&'f str>>) -> BTreeSet<&'f str> {
        let elements = match self {
            Formula::Category { fixed: Some(_), .. } => return BTreeSet::new(),
            Formula::Category { key, .. } => {
                if !met.contains(&key.as_str()) {
                    met.push(key);
                }
                return BTreeSet::from([key.as_str()]);
            }
            Formula::AllOf(elements) | Formula::AnyOf(elements) => elements,
        };
        let group: BTreeSet<&str> = elements.iter().flat_map(|element| element.walk(met, groups)).collect();
        groups.push(group.clone());
        group
    }

    /// Returns where it is satisfied, and what it names where it is not; `granted` returns where a category is granted.
    pub(crate) fn satisfied(
        &self,
        diagrams: &mut Diagrams,
        granted: &impl Fn(&mut Diagrams, &str) -> Result<Diagram, TooLargeError>,
    ) -> Result<Satisfied, TooLargeError> {
        let (elements, all) = match self {
            Formula::Category { key, fixed } => {
                let whole = match fixed {
                    Some(fixed) => Diagram::truth(*fixed),
                    None => granted(diagrams, key)?,
                };
                let named = BTreeMap::from([(key.clone(), diagrams.not(whole)?)]);
                return Ok(Satisfied { whole, named });
            }
            Formula::AllOf(elements) => (elements, true),
            Formula::AnyOf(elements) => (elements, false),
        };
        let whole = if all { Diagram::TRUE } else { Diagram::FALSE };
        let mut group = Satisfied { whole, named: BTreeMap::new() };
        for element in elements {
            let element = element.satisfied(diagrams, granted)?;
            group.whole = match all {
                true => diagrams.and(group.whole, element.whole)?,
                false => diagrams.or(group.whole, element.whole)?,
            };
            for (key, named) in element.named {
                let whole = group.named.entry(key).or_insert(Diagram::FALSE);
                *whole = diagrams.or(*whole, named)?;
            }
        }
        // Only an unsatisfied group names anything.
        let unsatisfied = diagrams.not(group.whole)?;
        for named in group.named.values_mut() {
            *named = diagrams.and(*named, unsatisfied)?;
        }
        Ok(group)
    }
}

/// The value of a formula.
pub(crate) struct Satisfied {
    /// True where it is satisfied.
    pub(crate) whole: Diagram,
    /// By wire id, whether the category is not granted in a group that is not satisfied, which is when a refusal names it.
    pub(crate) named: BTreeMap<String, Diagram>,
}

/// An order of categories as variables in which those of a group are near each other, so that diagrams stay small.
pub(crate) struct Order {
    /// The place of each variable's category among the free ones, and the other way round.
    places: Vec<usize>,
    variables: HashMap<String, usize>,
}

impl Order {
    /// Orders the free categories of some formulas, which are sorted. Each category moves to the middle of its groups, as
    /// long as that brings the groups nearer together (Aloul, Markov, Sakallah: "FORCE", 2003).
    pub(crate) fn of<'f>(formulas: impl IntoIterator<Item = &'f Formula>, free: &'f [String]) -> Self {
        let (mut order, mut groups) = (Vec::new(), Vec::new());
        for formula in formulas {
            formula.walk(&mut order, &mut groups);
        }
        let others: Vec<&str> = free.iter().map(String::as_str).filter(|one| !order.contains(one)).collect();
        order.extend(others);
        let mut width = usize::MAX;
        let mut best = order.clone();
        loop {
            let positions: HashMap<&str, usize> = order.iter().copied().zip(0..).collect();
            let mut now = 0;
            // For each category the middles of its groups.
            let mut middles: HashMap<&str, Vec<f64>> = HashMap::new();
            for group in &groups {
                let at = group.iter().filter_map(|one| positions.get(one).copied());
                let (first, last) = (at.clone().min().unwrap_or(0), at.clone().max().unwrap_or(0));
                now += last - first;
                let middle = at.sum::<usize>() as f64 / group.len().max(1) as f64;
                group.iter().for_each(|one| middles.entry(one).or_default().push(middle));
            }
            if now >= width {
                break;
            }
            width = now;
            best = order.clone();
            let middle = |one: &&str| match middles.get(one) {
                Some(all) => all.iter().sum::<f64>() / all.len() as f64,
                None => f64::MAX,
            };
            order.sort_by(|one, other| middle(one).total_cmp(&middle(other)));
        }
        Order {
            places: best.iter().map(|one| place(free, one).unwrap_or(0)).collect(),
            variables: best.into_iter().map(str::to_owned).zip(0..).collect(),
        }
    }

    /// Returns the condition that a category is granted; never, for one that has no variable.
    pub(crate) fn literal(&self, diagrams: &mut Diagrams, key: &str) -> Result<Diagram, TooLargeError> {
        match self.variables.get(key) {
            Some(variable) => diagrams.literal(*variable),
            None => Ok(Diagram::FALSE),
        }
    }

    /// Returns the variable of a category.
    pub(crate) fn variable(&self, key: &str) -> Option<usize> {
        self.variables.get(key).copied()
    }

    /// Returns the place of a variable's category.
    pub(crate) fn place(&self, variable: usize) -> usize {
        self.places.get(variable).copied().unwrap_or(0)
    }
}

/// Returns the place of a category among those that nothing but an event grants, which are sorted.
pub(crate) fn place(free: &[String], key: &str) -> Option<usize> {
    free.binary_search_by(|one| one.as_str().cmp(key)).ok()
}

/// Returns the rows in which a formula is satisfied or not, as `holds` wants. Each is given by the categories that it asks for:
/// those that are granted, or those that are not.
fn shortest(
    diagrams: &Diagrams,
    of: Diagram,
    holds: Diagram,
    known: &mut HashMap<Diagram, Vec<Vec<usize>>>,
) -> Result<Vec<Vec<usize>>, TooLargeError> {
    let asked = usize::from(holds == Diagram::TRUE);
    let Some(variable) = diagrams.variable(of) else {
        return Ok(if of == holds { vec![Vec::new()] } else { Vec::new() });
    };
    if let Some(known) = known.get(&of) {
        return Ok(known.clone());
    }
    let without = diagrams.child(of, variable, 1 - asked);
    let mut rows = shortest(diagrams, without, holds, known)?;
    for row in shortest(diagrams, diagrams.child(of, variable, asked), holds, known)? {
        let others = vec![1 - asked; diagrams.values().len()];
        let values = moved(others, row.iter().map(|variable| (*variable, asked)));
        // What holds without the variable need not ask for it.
        if Diagram::leaf(diagrams.at(without, &values)) != holds {
            rows.push([variable].into_iter().chain(row).collect());
        }
    }
    if rows.len() > MAX_CUBES {
        return Err(TooLargeError);
    }
    known.insert(of, rows.clone());
    Ok(rows)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;

    fn category(key: &str) -> Formula {
        Formula::Category { key: key.into(), fixed: None }
    }

    #[test]
    fn ways_are_the_fewest() {
        let always = Formula::Category { key: "z".into(), fixed: Some(true) };
        let any = |all| Formula::AnyOf(all);
        // a and (b or c), with what is always granted beside a; b or c once more says nothing new.
        let formula = Formula::AllOf(vec![
            category("a"),
            any(vec![category("b"), category("c")]),
            any(vec![category("a"), category("b"), category("c")]),
            always,
        ]);
        let ways =
            formula.prime_implicants(&["a", "b", "c"].map(str::to_owned), &mut Budget::default()).unwrap();
        let sorted = |mut rows: Vec<Vec<usize>>| {
            rows.sort();
            rows
        };
        assert_eq!(sorted(ways.satisfied), [vec![0, 1], vec![0, 2]]);
        assert_eq!(sorted(ways.unsatisfied), [vec![0], vec![1, 2]]);
        let granted = |key: &str| key == "a";
        assert_eq!(formula.refused(&granted), ["b", "c"].map(str::to_owned).into());
        // Thirty categories are no matter; too many ways are said to be.
        let many: Vec<String> = (0..30).map(|number| format!("{number:02}")).collect();
        let all = Formula::AllOf(many.iter().map(|one| category(one)).collect());
        let ways = all.prime_implicants(&many, &mut Budget::default()).unwrap();
        assert_eq!((ways.satisfied.len(), ways.unsatisfied.len()), (1, 30));
        let pairs = many.chunks(2).map(|pair| any(pair.iter().map(|one| category(one)).collect()));
        assert_eq!(
            Formula::AllOf(pairs.collect()).prime_implicants(&many, &mut Budget::default()),
            Err(TooLargeError)
        );
    }

    /// Categories that stand together are near each other, wherever the alphabet has them.
    #[test]
    fn groups_are_brought_together() {
        let free: Vec<String> = (0..60).map(|number| format!("{number:02}")).collect();
        let pairs = |step: usize, firsts: &[usize]| {
            let pair =
                |first: &usize| Formula::AnyOf(vec![category(&free[*first]), category(&free[first + step])]);
            Formula::AllOf(firsts.iter().map(pair).collect())
        };
        let far = pairs(30, &(0..30).collect::<Vec<_>>());
        let near = pairs(1, &(0..30).map(|number| 2 * number).collect::<Vec<_>>());
        for formulas in [vec![&far], vec![&near], vec![&far, &near]] {
            let order = Order::of(formulas.clone(), &free);
            let mut places: Vec<usize> = (0..60).map(|variable| order.place(variable)).collect();
            places.sort_unstable();
            assert_eq!(places, (0..60).collect::<Vec<_>>());
            let mut diagrams = Diagrams::at_most(vec![2; 60], 400_000).unwrap();
            let mut whole = Diagram::TRUE;
            for formula in formulas {
                let own = formula
                    .satisfied(&mut diagrams, &|diagrams, key| order.literal(diagrams, key))
                    .unwrap()
                    .whole;
                whole = diagrams.and(whole, own).unwrap();
            }
            assert_ne!(whole, Diagram::FALSE);
        }
    }
}
