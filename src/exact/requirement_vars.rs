//! Variables that represent whole requirements, where their categories need not be variables themselves.

use super::diagram::{Diagram, Diagrams};
use super::formula::{Formula, Order, Satisfied};
use crate::fingerprint::TooLargeError;
use std::collections::BTreeSet;

/// A variable of two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequirementVar {
    /// A formula that some policies ask for is satisfied.
    Granted { formula: Formula, of: Vec<usize>, policies: usize },
    /// Both of two policies refuse, and name other categories.
    OtherNames([Formula; 2]),
}

/// Values of all requirement variables that some event has.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        let mut vars: Vec<RequirementVar> = Vec::new();
        for (which, formula) in formulas.iter().enumerate() {
            // What is satisfied by what is always granted is so whatever else is.
            let Some(formula) = formula.as_ref().filter(|formula| !formula.is_satisfied(&|_| false)) else {
                continue;
            };
            let same = vars.iter_mut().find_map(|var| match var {
                RequirementVar::Granted { formula: known, of, .. } if known == formula => Some(of),
                _ => None,
            });
            match same {
                Some(of) => of.push(which),
                None => vars.push(RequirementVar::Granted {
                    formula: formula.clone(),
                    of: vec![which],
                    policies: formulas.len(),
                }),
            }
        }
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
                true => Ok(formula.satisfied(diagrams, &|wire_id| order.variable(wire_id))?.whole),
                false => Ok(Diagram::FALSE),
            },
            RequirementVar::OtherNames([one, other]) => {
                let mut satisfied = |formula: &Formula, which: usize| {
                    let variable = |wire_id: &str| order.variable(wire_id).filter(|_| is_answered(which));
                    formula.satisfied(diagrams, &variable)
                };
                let (one, other) = (satisfied(one, 0)?, satisfied(other, 1)?);
                let differ = other_names(diagrams, &one, &other)?;
                let both =
                    diagrams.join(one.whole, other.whole, &|one, other| u32::from(one == 0 && other == 0))?;
                diagrams.and(differ, both)
            }
        }
    }
}

/// Returns where one of two names a category that the other one does not.
fn other_names(
    diagrams: &mut Diagrams,
    one: &Satisfied,
    other: &Satisfied,
) -> Result<Diagram, TooLargeError> {
    let mut differ = Diagram::FALSE;
    let wire_ids: BTreeSet<&String> = one.named.keys().chain(other.named.keys()).collect();
    for wire_id in wire_ids {
        let named = |of: &Satisfied| of.named.get(wire_id).copied().unwrap_or(Diagram::FALSE);
        let own = diagrams.differing(named(one), named(other))?;
        differ = diagrams.or(differ, own)?;
    }
    Ok(differ)
}

/// Returns the values that the variables have together, for whatever is granted of the free categories (sorted) and each pattern of
/// policies that see it.
pub(crate) fn combinations(
    vars: &[RequirementVar],
    free: &[String],
    patterns: BTreeSet<Vec<bool>>,
) -> Result<Vec<Combination>, TooLargeError> {
    let mut diagrams = Diagrams::new(vec![2; free.len()])?;
    let order = Order::of(vars.iter().flat_map(RequirementVar::formulas), free);
    let mut combinations = Vec::new();
    for answered in patterns {
        let mut conditions = Vec::new();
        for var in vars {
            conditions.push(var.condition(&mut diagrams, &order, &answered)?);
        }
        // If no policy sees the state `answered`, nothing is granted.
        let possible = match answered.contains(&true) {
            true => Diagram::TRUE,
            false => nothing_granted(&mut diagrams)?,
        };
        for number in 0usize..1 << vars.len() {
            let values: Vec<usize> = (0..vars.len()).map(|place| number >> place & 1).collect();
            let mut holds = possible;
            for (condition, value) in conditions.iter().zip(&values) {
                let own = if *value == 1 { *condition } else { diagrams.not(*condition)? };
                holds = diagrams.and(holds, own)?;
            }
            if let Some(first) = diagrams.first(holds) {
                let mut grants = vec![0; first.len()];
                for (variable, value) in first.into_iter().enumerate() {
                    if let Some(place) = grants.get_mut(order.place(variable)) {
                        *place = value;
                    }
                }
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
