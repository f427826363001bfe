//! The decision after the check against the ledger (section 6 of the semantics): when the check has each result, and what is decided then.

use super::diagram::{Diagram, Diagrams, moved};
use super::function::{DecisionFunction, Function, Used, dropped, function};
use super::gate::free;
use super::inputs::{CheckInputs, Inputs, answered};
use crate::event::{LedgerAnswer, Record, Recorded, RecordedPreference};
use crate::fingerprint::TooLargeError;
use crate::model::{
    AlsoRecords, CheckAction, CheckResult, Conflict, ConsentState, Destination, DestinationId,
    IntegrationsState, LedgerCheck, Policy,
};
use std::collections::BTreeMap;

/// A result of the check, and what follows from it.
#[derive(Debug)]
pub(super) struct CheckedCase {
    /// `None` where the policy asks for no check.
    pub(super) result: Option<CheckResult>,
    pub(super) used: Used,
    /// The events and records for which the check has this result.
    pub(super) holds: Diagram,
    pub(super) function: Function,
}

impl CheckInputs {
    /// Returns what the check of a policy adds, where these categories are variables, by wire id; `None` without a check.
    pub(super) fn of(policy: &Policy, categories: &[String]) -> Option<Self> {
        policy.ledger_check().map(|_| CheckInputs {
            identify: policy.also_records() == AlsoRecords::Identify,
            has_others: free(policy).iter().any(|wire_id| !categories.contains(wire_id)),
        })
    }
}

/// The results that the check can have where a caller does ask the ledger.
const RESULTS: [CheckResult; 6] = [
    CheckResult::Recording,
    CheckResult::Unknown,
    CheckResult::Unreachable,
    CheckResult::Unstamped,
    CheckResult::Agrees,
    CheckResult::Mismatch,
];

/// Returns each result of the check of a policy, and the decision after it; one case where the policy asks for no check.
pub(super) fn cases(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    policy: &Policy,
    destination: &Destination,
) -> Result<Vec<CheckedCase>, TooLargeError> {
    let Some(check) = policy.ledger_check() else {
        let (used, holds) = (Used::Stamped, Diagram::TRUE);
        let function = function(diagrams, inputs, 0, policy, destination, used)?;
        return Ok(vec![CheckedCase { result: None, used, holds, function }]);
    };
    let when = Results::new(diagrams, inputs, policy)?;
    let mut cases = Vec::new();
    for result in RESULTS {
        let action = check.action(result);
        let used = match action {
            CheckAction::UseStamped | CheckAction::Drop => Used::Stamped,
            CheckAction::UseRecorded if has_record(result) => Used::Recorded,
            CheckAction::UseRecorded | CheckAction::Refuse => Used::Nothing,
        };
        let function = match action {
            CheckAction::Drop => dropped(destination),
            _ => function(diagrams, inputs, 0, policy, destination, used)?,
        };
        cases.push(CheckedCase {
            result: Some(result),
            used,
            holds: when.holds(diagrams, result)?,
            function,
        });
    }
    Ok(cases)
}

/// When the check has each result.
struct Results {
    is_recording: Diagram,
    is_answered: Diagram,
    agrees: Diagram,
}

impl Results {
    fn new(diagrams: &mut Diagrams, inputs: &Inputs, policy: &Policy) -> Result<Self, TooLargeError> {
        let is_preference_event =
            |name: &String| policy.preference_events().value.iter().any(|own| own.value == *name);
        let mut by_shape = Vec::new();
        for shape in &inputs.shapes {
            let state = shape.states.first();
            let has_preferences = matches!(state, Some(ConsentState::Answered | ConsentState::Unanswered));
            let is_recording =
                (0..diagrams.count_of(Inputs::EVENT)).map(|event| match inputs.named_event(event) {
                    Some(name) => is_preference_event(name),
                    None => {
                        has_preferences
                            && event == inputs.identify_event()
                            && policy.also_records() == AlsoRecords::Identify
                    }
                });
            let is_recording: Vec<Diagram> = is_recording.map(Diagram::truth).collect();
            by_shape.push(diagrams.node(Inputs::EVENT, &is_recording)?);
        }
        let is_recording = diagrams.node(Inputs::CONSENT, &by_shape)?;
        let is_answered =
            inputs.shapes.iter().map(|shape| Diagram::truth(answered(shape).first() == Some(&true)));
        let is_answered = is_answered.collect::<Vec<_>>();
        let is_answered = diagrams.node(Inputs::CONSENT, &is_answered)?;
        let mut agrees = match inputs.others_differ() {
            Some(others) => diagrams.node(others, &[Diagram::TRUE, Diagram::FALSE])?,
            None => Diagram::TRUE,
        };
        let compared = free(policy);
        for wire_id in inputs.categories.iter().rev().filter(|wire_id| compared.contains(*wire_id)) {
            let (Some(stamped), Some(recorded)) = (inputs.category(wire_id), inputs.recorded(wire_id)) else {
                continue;
            };
            let both_refuse = diagrams.node(recorded, &[agrees, Diagram::FALSE])?;
            let both_grant = diagrams.node(recorded, &[Diagram::FALSE, agrees])?;
            agrees = diagrams.node(stamped, &[both_refuse, both_grant])?;
        }
        Ok(Results { is_recording, is_answered, agrees })
    }

    fn holds(&self, diagrams: &mut Diagrams, result: CheckResult) -> Result<Diagram, TooLargeError> {
        if result == CheckResult::Recording {
            return Ok(self.is_recording);
        }
        let is_checked = diagrams.not(self.is_recording)?;
        let own = match result {
            CheckResult::Unstamped => diagrams.not(self.is_answered)?,
            CheckResult::Agrees => diagrams.and(self.is_answered, self.agrees)?,
            CheckResult::Mismatch => {
                let differs = diagrams.not(self.agrees)?;
                diagrams.and(self.is_answered, differs)?
            }
            CheckResult::Recording
            | CheckResult::Unchecked
            | CheckResult::Unknown
            | CheckResult::Unreachable => Diagram::TRUE,
        };
        diagrams.and(is_checked, own)
    }
}

/// Returns true if a result says that there is a record.
pub(super) fn has_record(result: CheckResult) -> bool {
    matches!(result, CheckResult::Unstamped | CheckResult::Agrees | CheckResult::Mismatch)
}

/// Returns where the inputs of the record have the values that mean something in a case, so that each answer counts once.
pub(super) fn record_of(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    case: &CheckedCase,
) -> Result<Diagram, TooLargeError> {
    let Some(result) = case.result else { return Ok(Diagram::TRUE) };
    let recorded = inputs.categories.iter().filter_map(|wire_id| inputs.recorded(wire_id));
    let recorded = recorded.filter(|_| !has_record(result));
    let compares = matches!(result, CheckResult::Agrees | CheckResult::Mismatch);
    let unused: Vec<usize> = recorded.chain(inputs.others_differ().filter(|_| !compares)).collect();
    let mut meant = Diagram::TRUE;
    for variable in unused.into_iter().rev() {
        meant = diagrams.node(variable, &[meant, Diagram::FALSE])?;
    }
    Ok(meant)
}

/// Returns which events the reconcile table drops as they are stamped.
pub(super) fn drops(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    policy: &Policy,
) -> Result<Diagram, TooLargeError> {
    let mut by_shape = Vec::new();
    for shape in &inputs.shapes {
        let state = shape.states.first().copied().unwrap_or(ConsentState::Malformed);
        let row = |integrations| policy.reconcile().row(state, integrations);
        let drops = IntegrationsState::ALL
            .map(|integrations| Diagram::truth(row(integrations).drop_reason().is_some()));
        by_shape.push(diagrams.node(Inputs::INTEGRATIONS, &drops)?);
    }
    diagrams.node(Inputs::CONSENT, &by_shape)
}

impl Inputs {
    /// Adds the inputs of the check of a policy, if it asks for one.
    pub(super) fn checked(mut self, policy: &Policy) -> Self {
        self.check = CheckInputs::of(policy, &self.categories);
        if self.check.is_some() {
            let names = policy.preference_events().value.iter().map(|name| name.value.clone());
            self.named_events.extend(names);
            self.named_events.sort();
            self.named_events.dedup();
        }
        self
    }

    /// Returns an answer of the ledger with which the check has a result; `None` where it is not asked.
    pub(super) fn answer(
        &self,
        policy: &Policy,
        result: CheckResult,
        values: &[usize],
    ) -> Option<LedgerAnswer> {
        let is_set = |variable: Option<usize>| {
            variable.is_some_and(|variable| values.get(variable).copied().unwrap_or(0) == 1)
        };
        match result {
            CheckResult::Recording | CheckResult::Unchecked => None,
            CheckResult::Unknown => Some(LedgerAnswer::Unknown),
            CheckResult::Unreachable => Some(LedgerAnswer::Unreachable),
            CheckResult::Unstamped | CheckResult::Agrees | CheckResult::Mismatch => {
                let recorded = |wire_id: &String| match is_set(self.recorded(wire_id)) {
                    true => RecordedPreference::Granted,
                    false => RecordedPreference::Refused,
                };
                let own = self.categories.iter().map(|wire_id| (wire_id.clone(), recorded(wire_id)));
                // The event says nothing of the other categories.
                let other = free(policy).into_iter().find(|wire_id| !self.categories.contains(wire_id));
                let other = other.filter(|_| is_set(self.others_differ()));
                let other = other.map(|wire_id| (wire_id, RecordedPreference::Granted));
                Some(LedgerAnswer::Known(Record { preferences: own.chain(other).collect() }))
            }
        }
    }
}

/// Returns the inputs of a destination, and what is compared with a record, if there is one.
pub(super) fn inputs_for(policy: &Policy, destination: DestinationId, recorded: Recorded<'_>) -> Inputs {
    let compared = policy.categories().iter().filter(|category| category.is_free());
    let compared = compared.filter(|_| matches!(recorded, Recorded::Known(_)));
    let compared: Vec<(&str, &str)> =
        compared.map(|category| (category.wire_id(), category.name())).collect();
    Inputs::with(&[(policy, destination)], &[], &compared).checked(policy)
}

impl Inputs {
    /// Adds what is recorded to the values that an event has.
    pub(super) fn with_record(
        &self,
        values: Vec<usize>,
        check: &LedgerCheck,
        recorded: Recorded<'_>,
    ) -> Vec<usize> {
        let Recorded::Known(record) = recorded else { return values };
        let recorded = self.categories.iter().filter_map(|wire_id| {
            let is_granted = match record.preference(wire_id) {
                RecordedPreference::Granted => true,
                RecordedPreference::Refused => false,
                RecordedPreference::Conflict => check.conflict == Conflict::Grant,
            };
            Some((self.recorded(wire_id)?, usize::from(is_granted)))
        });
        moved(values, recorded)
    }
}

impl<'p> DecisionFunction<'p> {
    /// Makes the function over inputs with a record, for the results that the check can have after an answer of the ledger.
    pub(super) fn checked(
        inputs: Inputs,
        max_steps: usize,
        policy: &'p Policy,
        destination: &Destination,
        recorded: Recorded<'_>,
    ) -> Result<Self, TooLargeError> {
        let mut diagrams = Diagrams::at_most(inputs.values(), max_steps)?;
        // A value more than each reason's, so that none is where a case does not hold.
        let mut whole = Diagram::FALSE;
        let mut refused: BTreeMap<String, Diagram> = BTreeMap::new();
        for case in cases(&mut diagrams, &inputs, policy, destination)? {
            let is_possible = match (case.result, recorded) {
                (Some(CheckResult::Recording), _) => true,
                (Some(result), Recorded::Known(_)) => has_record(result),
                (Some(result), Recorded::Unknown) => result == CheckResult::Unknown,
                (result, _) => result == Some(CheckResult::Unreachable),
            };
            if is_possible {
                let own =
                    diagrams.join(case.holds, case.function.reason, &|holds, reason| holds * (reason + 1))?;
                whole = diagrams.join(whole, own, &|whole, own| whole.max(own))?;
                for (wire_id, named) in case.function.refused {
                    let own = diagrams.and(case.holds, named)?;
                    let all = refused.entry(wire_id).or_insert(Diagram::FALSE);
                    *all = diagrams.or(*all, own)?;
                }
            }
        }
        let reason = diagrams.map(whole, &|whole| whole.saturating_sub(1))?;
        Ok(DecisionFunction::from_parts(policy, inputs, diagrams, Function { reason, refused }))
    }
}
