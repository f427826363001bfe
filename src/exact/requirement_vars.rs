//! Variables that represent whole requirements, where their categories need not be variables themselves.

use super::diagram::{Diagram, Diagrams, moved};
use super::formula::{Formula, Order};
use super::grouping::grouped;
use super::overlap::Overlap;
use crate::fingerprint::TooLargeError;
use std::collections::{BTreeMap, BTreeSet};

/// A variable of two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequirementVar {
    /// A formula that some policies ask for is satisfied.
    Granted { formula: Formula, of: Vec<usize>, policies: usize },
    /// Both of two policies refuse, and name other categories.
    OtherNames([Formula; 2]),
}

/// The grants on the events of a form, as a policy sees them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StampedGrants {
    /// Those of each event's list.
    Listed,
    /// The form alone: all events of it grant these categories, by their keys.
    Constant(BTreeSet<String>),
}

impl StampedGrants {
    /// Returns true if a category is granted, where `listed` says whether the event's list grants it.
    pub(crate) fn grants(&self, key: &str, listed: impl FnOnce(&str) -> bool) -> bool {
        match self {
            StampedGrants::Listed => listed(key),
            StampedGrants::Constant(granted) => granted.contains(key),
        }
    }
}

/// Values of all requirement variables that some event has.
pub(crate) struct Combination {
    /// The grants, as each policy sees them.
    pub(crate) granted: Vec<StampedGrants>,
    pub(crate) values: Vec<usize>,
    /// An event that has them: whether each category is granted.
    pub(crate) grants: Vec<usize>,
}

impl RequirementVar {
    /// Returns the variables for what some policies ask for. Their refusals may name other categories where they ask for different things, and where one of
    /// them may see preferences that another one does not.
    pub(crate) fn of(formulas: &[Option<Formula>], is_mixed: bool) -> Vec<RequirementVar> {
        let asked =
            formulas.iter().enumerate().filter_map(|(which, formula)| Some((which, formula.as_ref()?)));
        // What is satisfied by all events, or by none, needs no variable.
        let groups = grouped(asked.filter(|(_, formula)| formula.constant().is_none())).into_iter();
        let policies = formulas.len();
        let granted =
            |(of, formula): (_, &Formula)| RequirementVar::Granted { formula: formula.clone(), of, policies };
        let mut vars: Vec<RequirementVar> = groups.map(granted).collect();
        if let [Some(one), Some(other)] = formulas
            && (is_mixed || one != other)
        {
            vars.push(RequirementVar::OtherNames([one.clone(), other.clone()]));
        }
        vars
    }

    fn formulas(&self) -> &[Formula] {
        match self {
            RequirementVar::Granted { formula, .. } => std::slice::from_ref(formula),
            RequirementVar::OtherNames(both) => both,
        }
    }

    /// Returns true if it says whether the requirement of a policy is satisfied.
    pub(crate) fn is_of(&self, which: usize) -> bool {
        matches!(self, RequirementVar::Granted { of, .. } if of.contains(&which))
    }

    /// Returns true if it holds, for the categories that an event lists as granted, and what grants categories for each policy.
    pub(crate) fn holds(&self, listed: &impl Fn(&str) -> bool, stamped: &[StampedGrants]) -> bool {
        match self {
            RequirementVar::Granted { formula, of, .. } => {
                is_listed(of, stamped) && formula.is_satisfied(listed)
            }
            RequirementVar::OtherNames([one, other]) => {
                let refused = |formula: &Formula, which: usize| {
                    let stamped = stamped.get(which);
                    formula.refused(&|key: &str| stamped.is_some_and(|stamped| stamped.grants(key, listed)))
                };
                let (one, other) = (refused(one, 0), refused(other, 1));
                !one.is_empty() && !other.is_empty() && one != other
            }
        }
    }

    /// Returns the condition that it holds, over a variable for each category.
    fn condition(
        &self,
        diagrams: &mut Diagrams,
        order: &Order,
        stamped: &[StampedGrants],
    ) -> Result<Diagram, TooLargeError> {
        match self {
            RequirementVar::Granted { formula, of, .. } => match is_listed(of, stamped) {
                true => Ok(formula.satisfied(diagrams, &|diagrams, key| order.literal(diagrams, key))?.whole),
                false => Ok(Diagram::FALSE),
            },
            RequirementVar::OtherNames([one, other]) => {
                let mut satisfied = |formula: &Formula, which: usize| {
                    formula.satisfied(diagrams, &|diagrams, key| match stamped.get(which) {
                        Some(StampedGrants::Listed) => order.literal(diagrams, key),
                        Some(StampedGrants::Constant(granted)) => Ok(Diagram::truth(granted.contains(key))),
                        None => Ok(Diagram::FALSE),
                    })
                };
                let (one, other) = (satisfied(one, 0)?, satisfied(other, 1)?);
                let differ = other_names(diagrams, &one.named, &other.named)?;
                let both =
                    diagrams.join(one.whole, other.whole, &|one, other| u32::from(one == 0 && other == 0))?;
                diagrams.and(differ, both)
            }
        }
    }
}

/// Returns true if one of some policies sees what the event lists.
fn is_listed(policies: &[usize], stamped: &[StampedGrants]) -> bool {
    policies.iter().any(|which| stamped.get(*which) == Some(&StampedGrants::Listed))
}

/// Returns where one of two names a category that the other one does not.
pub(super) fn other_names(
    diagrams: &mut Diagrams,
    one: &BTreeMap<String, Diagram>,
    other: &BTreeMap<String, Diagram>,
) -> Result<Diagram, TooLargeError> {
    let mut differ = Diagram::FALSE;
    for key in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
        let named = |of: &BTreeMap<_, _>| of.get(key).copied().unwrap_or(Diagram::FALSE);
        let own = diagrams.differing(named(one), named(other))?;
        differ = diagrams.or(differ, own)?;
    }
    Ok(differ)
}

/// Returns the values that the variables have together, for whatever is granted of the free categories (sorted) and each pattern of
/// policies that see it.
pub(crate) fn combinations(
    diagrams: &mut Diagrams,
    vars: &[RequirementVar],
    free: &[String],
    patterns: BTreeSet<Vec<StampedGrants>>,
    overlaps: &[Overlap],
) -> Result<Vec<Combination>, TooLargeError> {
    let order = Order::of(vars.iter().flat_map(RequirementVar::formulas), free);
    let mut combinations = Vec::new();
    let mut together = Diagram::TRUE;
    for overlap in overlaps {
        let variable = |place| free.get(place).and_then(|key: &String| order.variable(key));
        let own = overlap.condition(diagrams, &variable)?;
        together = diagrams.and(together, own)?;
    }
    for granted in patterns {
        let mut conditions = Vec::new();
        for var in vars {
            conditions.push(var.condition(diagrams, &order, &granted)?);
        }
        // If no policy sees what events list, nothing is granted.
        let possible = match granted.contains(&StampedGrants::Listed) {
            true => together,
            false => nothing_granted(diagrams)?,
        };
        for number in 0usize..1 << vars.len() {
            let values: Vec<usize> = (0..vars.len()).map(|place| number >> place & 1).collect();
            let mut holds = possible;
            for (condition, value) in conditions.iter().zip(&values) {
                let own = if *value == 1 { *condition } else { diagrams.not(*condition)? };
                holds = diagrams.and(holds, own)?;
            }
            if let Some(first) = diagrams.first(holds) {
                let none = vec![0; first.len()];
                let values_of = first.into_iter().enumerate();
                let grants = moved(none, values_of.map(|(variable, value)| (order.place(variable), value)));
                combinations.push(Combination { granted: granted.clone(), values, grants });
            }
        }
    }
    // Those of the smallest events come first.
    combinations.sort_by(|one, other| one.grants.cmp(&other.grants));
    Ok(combinations)
}

fn nothing_granted(diagrams: &mut Diagrams) -> Result<Diagram, TooLargeError> {
    let mut nothing = Diagram::TRUE;
    for variable in (0..diagrams.values().len()).rev() {
        nothing = diagrams.node(variable, &[nothing, Diagram::FALSE])?;
    }
    Ok(nothing)
}
