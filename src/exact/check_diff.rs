//! What a change of the ledger check changes: for each result, which destinations receive more or fewer events, with an event and an
//! answer of the ledger that show it.

use super::check::{Check, check};
use super::checked::{self, Answered, CheckedCase};
use super::diagram::{Budget, Diagram, Diagrams};
use super::inputs::Inputs;
use crate::event::LedgerAnswer;
use crate::fingerprint::TooLargeError;
use crate::model::{CheckAction, CheckResult, DestinationId, Policy};
use std::collections::BTreeMap;

/// Two checks that are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckDiff {
    /// The check of the old policy, if it asks for one.
    pub before: Option<Check>,
    /// The check of the new policy, if it asks for one.
    pub after: Option<Check>,
    /// The results after which something is not the same.
    pub rows: Vec<CheckChange>,
}

/// A result of the check whose action, compared categories or events are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckChange {
    /// The result, in the old policy or in the new one.
    pub result: CheckResult,
    /// What the old policy does after it; `None` where it asks for no check.
    pub before: Option<CheckAction>,
    /// What the new policy does after it; `None` where it asks for no check.
    pub after: Option<CheckAction>,
    /// The destinations that receive other events, by name.
    pub destinations: Vec<CheckedDestination>,
}

/// A destination that receives other events after a result of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedDestination {
    /// Its own name.
    pub name: String,
    /// An event that it receives under the new policy only.
    pub delivered: Option<CheckedWitness>,
    /// An event that it receives under the old policy only.
    pub blocked: Option<CheckedWitness>,
    /// True where the question is too large, so that nothing is known.
    pub is_unknown: bool,
}

/// An event and an answer of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedWitness {
    /// The event, as JSON.
    pub event: String,
    /// What the ledger says of its person.
    pub recorded: LedgerAnswer,
}

/// Compares the checks of two policies; `None` where they are the same.
pub(super) fn check_diff(old: &Policy, new: &Policy) -> Option<CheckDiff> {
    let (before, after) = (check(old), check(new));
    if before == after {
        return None;
    }
    let results = CheckResult::ALL.into_iter().filter(|result| {
        *result != CheckResult::Unchecked && is_changed(before.as_ref(), after.as_ref(), *result)
    });
    let action = |policy: &Policy, result| policy.ledger_check().map(|check| check.action(result));
    let mut rows: Vec<CheckChange> = results
        .map(|result| CheckChange {
            result,
            before: action(old, result),
            after: action(new, result),
            destinations: Vec::new(),
        })
        .collect();
    let ids = |policy: &Policy| -> BTreeMap<String, DestinationId> {
        policy.destinations().iter().map(|one| one.name().to_owned()).zip(policy.destination_ids()).collect()
    };
    let (old_ids, new_ids) = (ids(old), ids(new));
    let mut budget = Budget::default();
    // A destination that only one policy has is new or gone in every event: that is no matter of the check.
    for (name, old_id) in &old_ids {
        let Some(new_id) = new_ids.get(name) else { continue };
        let pair = [(old, *old_id), (new, *new_id)];
        for row in &mut rows {
            let changed = changed(pair, row.result, &mut budget).unwrap_or((None, None, true));
            if let (None, None, false) = changed {
                continue;
            }
            let (delivered, blocked, is_unknown) = changed;
            row.destinations.push(CheckedDestination { name: name.clone(), delivered, blocked, is_unknown });
        }
    }
    Some(CheckDiff { before, after, rows })
}

/// Returns true if one of two checks does something else after a result, or has it elsewhere.
fn is_changed(before: Option<&Check>, after: Option<&Check>, result: CheckResult) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return true };
    let has_record = checked::has_record(result);
    before.actions.action(result) != after.actions.action(result)
        || has_record && before.actions.conflict != after.actions.conflict
        || result == CheckResult::Recording && !before.records_alike(after)
        || matches!(result, CheckResult::Agrees | CheckResult::Mismatch) && before.compared != after.compared
}

type Changed = (Option<CheckedWitness>, Option<CheckedWitness>, bool);

/// Returns what a destination receives more, and what it receives no more, where the check has a result in one of the policies.
fn changed(
    pair: [(&Policy, DestinationId); 2],
    result: CheckResult,
    budget: &mut Budget,
) -> Result<Changed, TooLargeError> {
    // Every category is an input.
    budget.spend(pair.iter().map(|(policy, _)| policy.categories().len()).sum())?;
    let inputs = Inputs::checked_pair(pair);
    budget.ask(inputs.values(), |diagrams| changed_over(diagrams, &inputs, pair, result))
}

fn changed_over(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    pair: [(&Policy, DestinationId); 2],
    result: CheckResult,
) -> Result<Changed, TooLargeError> {
    let events = inputs.events(diagrams, &[])?;
    let mut both = Vec::new();
    for (which, (policy, id)) in pair.into_iter().enumerate() {
        let Some(destination) = policy.destination(id) else { return Ok((None, None, false)) };
        both.push(checked::cases(diagrams, inputs, which, policy, destination)?);
    }
    let [old, new] = both.as_slice() else { return Ok((None, None, false)) };
    let (mut delivered, mut blocked) = (None, None);
    for answered in Answered::ALL {
        let (was, own) = delivers(diagrams, old, answered, result)?;
        let (is, other) = delivers(diagrams, new, answered, result)?;
        let region = diagrams.or(own, other)?;
        let region = diagrams.and(region, events)?;
        let record = match answered {
            Answered::Known => Diagram::TRUE,
            _ => checked::no_record(diagrams, inputs)?,
        };
        let region = diagrams.and(region, record)?;
        let more = diagrams.join(was, is, &|was, is| u32::from(was < is))?;
        let fewer = diagrams.join(was, is, &|was, is| u32::from(was > is))?;
        for (witness, change) in [(&mut delivered, more), (&mut blocked, fewer)] {
            let shown = diagrams.and(region, change)?;
            if witness.is_none() {
                let values = diagrams.first(shown);
                *witness = values.and_then(|values| {
                    let (event, reading) = inputs.event(&values)?;
                    let recorded = inputs.answer_of(answered, &values);
                    Some(CheckedWitness { event: event.to_json(&reading), recorded })
                });
            }
        }
    }
    Ok((delivered, blocked, false))
}

/// Returns which events a policy delivers after an answer of the ledger, and where its check has a result then.
fn delivers(
    diagrams: &mut Diagrams,
    cases: &[CheckedCase],
    answered: Answered,
    result: CheckResult,
) -> Result<(Diagram, Diagram), TooLargeError> {
    let (mut delivered, mut own) = (Diagram::FALSE, Diagram::FALSE);
    for case in cases.iter().filter(|case| case.result.is_none_or(|result| answered.can_be(result))) {
        let delivers = case.function.delivers(diagrams)?;
        let delivers = diagrams.and(case.holds, delivers)?;
        delivered = diagrams.or(delivered, delivers)?;
        if case.result == Some(result) {
            own = diagrams.or(own, case.holds)?;
        }
    }
    Ok((delivered, own))
}
