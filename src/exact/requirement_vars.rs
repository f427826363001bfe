//! Variables that represent whole requirements, where their categories need not be variables themselves.

use super::diagram::{Diagram, Diagrams, moved};
use super::formula::{Formula, Order};
use super::grouping::grouped;
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

/// Values of all requirement variables that some event has.
pub(crate) struct Combination {
    /// The policies that see the state `answered`.
    pub(crate) answered: Vec<bool>,
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
        // What is satisfied anyway needs no variable.
        let groups = grouped(asked.filter(|(_, formula)| !formula.is_satisfied(&|_| false))).into_iter();
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

    /// Returns true if it holds, for the categories that are granted and the policies that see them.
    pub(crate) fn holds(&self, granted: &impl Fn(&str) -> bool, answered: &impl Fn(usize) -> bool) -> bool {
        match self {
            RequirementVar::Granted { formula, of, .. } => {
                of.iter().any(|which| answered(*which)) && formula.is_satisfied(granted)
            }
            RequirementVar::OtherNames([one, other]) => {
                let refused = |formula: &Formula, which| {
                    formula.refused(&|wire_id: &str| answered(which) && granted(wire_id))
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
        answered: &[bool],
    ) -> Result<Diagram, TooLargeError> {
        let is_answered = |which: usize| answered.get(which) == Some(&true);
        match self {
            RequirementVar::Granted { formula, of, .. } => match of.iter().any(|which| is_answered(*which)) {
                true => Ok(formula
                    .satisfied(diagrams, &|diagrams, wire_id| order.literal(diagrams, wire_id))?
                    .whole),
                false => Ok(Diagram::FALSE),
            },
            RequirementVar::OtherNames([one, other]) => {
                let mut satisfied = |formula: &Formula, which: usize| {
                    formula.satisfied(diagrams, &|diagrams, wire_id| match is_answered(which) {
                        true => order.literal(diagrams, wire_id),
                        false => Ok(Diagram::FALSE),
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

/// Returns where one of two names a category that the other one does not.
pub(super) fn other_names(
    diagrams: &mut Diagrams,
    one: &BTreeMap<String, Diagram>,
    other: &BTreeMap<String, Diagram>,
) -> Result<Diagram, TooLargeError> {
    let mut differ = Diagram::FALSE;
    for wire_id in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
        let named = |of: &BTreeMap<_, _>| of.get(wire_id).copied().unwrap_or(Diagram::FALSE);
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
    patterns: BTreeSet<Vec<bool>>,
) -> Result<Vec<Combination>, TooLargeError> {
    let order = Order::of(vars.iter().flat_map(RequirementVar::formulas), free);
    let mut combinations = Vec::new();
    for answered in patterns {
        let mut conditions = Vec::new();
        for var in vars {
            conditions.push(var.condition(diagrams, &order, &answered)?);
        }
        // If no policy sees the state `answered`, nothing is granted.
        let possible = match answered.contains(&true) {
            true => Diagram::TRUE,
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
                let granted = first.into_iter().enumerate();
                let grants = moved(none, granted.map(|(variable, value)| (order.place(variable), value)));
                combinations.push(Combination { answered: answered.clone(), values, grants });
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
