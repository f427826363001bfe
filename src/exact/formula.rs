//! A requirement by wire ids, so that two policies' requirements can be compared, and the fewest rows that say when it is
//! satisfied and when it is not.

use super::cover::MAX_CUBES;
use super::diagram::{Diagram, Diagrams, TooLarge};
use crate::model::{Policy, Requirement};
use std::collections::{BTreeSet, HashMap};

/// A requirement without what is switched off; the order of its elements says nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Formula {
    Category { wire_id: String, always: bool },
    AllOf(Vec<Formula>),
    AnyOf(Vec<Formula>),
}

/// The fewest rows that say when a formula is satisfied, each by the categories that are granted in it, and the fewest that say
/// when it is not, each by the categories that are not granted. Categories are places among the free ones, which are sorted.
///
/// There is one shortest list of each, because granting more never makes a formula unsatisfied: each of its rows has an event,
/// the one that grants no more than the row asks for, which is in no other row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ways {
    pub(crate) satisfied: Vec<Vec<usize>>,
    pub(crate) unsatisfied: Vec<Vec<usize>>,
}

impl Formula {
    /// What a requirement asks for; `None` where all of it is switched off.
    pub(crate) fn of(requirement: &Requirement, policy: &Policy) -> Option<Self> {
        let live = |elements: &[Requirement]| {
            let mut live: Vec<Formula> =
                elements.iter().filter_map(|element| Formula::of(element, policy)).collect();
            live.sort();
            (!live.is_empty()).then_some(live)
        };
        match requirement {
            Requirement::Category(id) => {
                let category = policy.category(*id).filter(|one| one.switched_off().is_none())?;
                let always = category.always().is_some();
                Some(Formula::Category { wire_id: category.wire_id().to_owned(), always })
            }
            Requirement::AllOf(elements) => live(elements).map(Formula::AllOf),
            Requirement::AnyOf(elements) => live(elements).map(Formula::AnyOf),
        }
    }

    /// The same with the places of its categories among `free`, which are sorted, for their names: two requirements of which one
    /// becomes the other when categories change their names, and not their order, are the same then.
    pub(crate) fn by_places(&self, free: &[String]) -> Formula {
        let all = |elements: &[Formula]| elements.iter().map(|element| element.by_places(free)).collect();
        match self {
            Formula::Category { wire_id, always } => {
                let place = free.binary_search(wire_id).map(|place| place.to_string()).unwrap_or_default();
                Formula::Category { wire_id: place, always: *always }
            }
            Formula::AllOf(elements) => Formula::AllOf(all(elements)),
            Formula::AnyOf(elements) => Formula::AnyOf(all(elements)),
        }
    }

    /// Whether it is satisfied.
    pub(crate) fn is_satisfied(&self, granted: &impl Fn(&str) -> bool) -> bool {
        match self {
            Formula::Category { wire_id, always } => *always || granted(wire_id),
            Formula::AllOf(elements) => elements.iter().all(|element| element.is_satisfied(granted)),
            Formula::AnyOf(elements) => elements.iter().any(|element| element.is_satisfied(granted)),
        }
    }

    /// The categories that a refusal names: those that are not granted in groups that are not satisfied.
    pub(crate) fn refused(&self, granted: &impl Fn(&str) -> bool) -> BTreeSet<String> {
        match self {
            _ if self.is_satisfied(granted) => BTreeSet::new(),
            Formula::Category { wire_id, .. } => BTreeSet::from([wire_id.clone()]),
            Formula::AllOf(elements) | Formula::AnyOf(elements) => {
                elements.iter().flat_map(|element| element.refused(granted)).collect()
            }
        }
    }

    /// When it is satisfied and when it is not, by places among `free`, which are the wire ids of its categories that are not
    /// `always`, sorted.
    pub(crate) fn ways(&self, free: &[String]) -> Result<Ways, TooLarge> {
        let mut diagrams = Diagrams::new(vec![2; free.len()])?;
        let whole = self.diagram(&mut diagrams, free)?;
        let satisfied = shortest(&diagrams, whole, Polarity::Granted, &mut HashMap::new())?;
        let unsatisfied = shortest(&diagrams, whole, Polarity::NotGranted, &mut HashMap::new())?;
        Ok(Ways { satisfied, unsatisfied })
    }

    fn diagram(&self, diagrams: &mut Diagrams, free: &[String]) -> Result<Diagram, TooLarge> {
        let (elements, all) = match self {
            Formula::Category { always: true, .. } => return Ok(Diagram::TRUE),
            Formula::Category { wire_id, .. } => {
                return match free.binary_search(wire_id) {
                    Ok(variable) => diagrams.node(variable, &[Diagram::FALSE, Diagram::TRUE]),
                    Err(_) => Ok(Diagram::FALSE),
                };
            }
            Formula::AllOf(elements) => (elements, true),
            Formula::AnyOf(elements) => (elements, false),
        };
        let mut whole = if all { Diagram::TRUE } else { Diagram::FALSE };
        for element in elements {
            let element = element.diagram(diagrams, free)?;
            whole = if all { diagrams.and(whole, element)? } else { diagrams.or(whole, element)? };
        }
        Ok(whole)
    }
}

/// Whether rows are asked for in which a formula is satisfied, by what is granted, or not satisfied, by what is not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Polarity {
    Granted,
    NotGranted,
}

/// The rows, each by the variables that it asks for.
fn shortest(
    diagrams: &Diagrams,
    of: Diagram,
    polarity: Polarity,
    known: &mut HashMap<Diagram, Vec<Vec<usize>>>,
) -> Result<Vec<Vec<usize>>, TooLarge> {
    let (holds, asked) = match polarity {
        Polarity::Granted => (Diagram::TRUE, 1),
        Polarity::NotGranted => (Diagram::FALSE, 0),
    };
    let Some(variable) = diagrams.variable(of) else {
        return Ok(if of == holds { vec![Vec::new()] } else { Vec::new() });
    };
    if let Some(known) = known.get(&of) {
        return Ok(known.clone());
    }
    let without = diagrams.child(of, variable, 1 - asked);
    let mut rows = shortest(diagrams, without, polarity, known)?;
    for row in shortest(diagrams, diagrams.child(of, variable, asked), polarity, known)? {
        let mut values = vec![1 - asked; diagrams.values().len()];
        for variable in &row {
            if let Some(place) = values.get_mut(*variable) {
                *place = asked;
            }
        }
        // What holds without the variable need not ask for it.
        if Diagram::leaf(diagrams.at(without, &values)) != holds {
            rows.push([variable].into_iter().chain(row).collect());
        }
    }
    if rows.len() > MAX_CUBES {
        return Err(TooLarge);
    }
    known.insert(of, rows.clone());
    Ok(rows)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails may panic")]
mod tests {
    use super::*;

    fn category(wire_id: &str) -> Formula {
        Formula::Category { wire_id: wire_id.into(), always: false }
    }

    #[test]
    fn ways_are_the_fewest() {
        let always = Formula::Category { wire_id: "z".into(), always: true };
        let any = |all| Formula::AnyOf(all);
        // a and (b or c), with what is always granted beside a; b or c once more says nothing new.
        let formula = Formula::AllOf(vec![
            category("a"),
            any(vec![category("b"), category("c")]),
            any(vec![category("a"), category("b"), category("c")]),
            always,
        ]);
        let ways = formula.ways(&["a", "b", "c"].map(str::to_owned)).unwrap();
        assert_eq!(ways.satisfied, [vec![0, 2], vec![0, 1]]);
        assert_eq!(ways.unsatisfied, [vec![1, 2], vec![0]]);
        let granted = |wire_id: &str| wire_id == "a";
        assert_eq!(formula.refused(&granted), ["b", "c"].map(str::to_owned).into());
        // Thirty categories are no matter; too many ways are said to be.
        let many: Vec<String> = (0..30).map(|number| format!("{number:02}")).collect();
        let all = Formula::AllOf(many.iter().map(|one| category(one)).collect());
        let ways = all.ways(&many).unwrap();
        assert_eq!((ways.satisfied.len(), ways.unsatisfied.len()), (1, 30));
        let pairs = many.chunks(2).map(|pair| any(pair.iter().map(|one| category(one)).collect()));
        assert_eq!(Formula::AllOf(pairs.collect()).ways(&many), Err(TooLarge));
    }
}
