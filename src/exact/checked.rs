//! The decision after the check against the ledger (section 6 of the semantics): when the check has each result, and what is decided then.

use super::diagram::{Diagram, Diagrams, moved};
use super::function::{DecisionFunction, Function, Used, dropped, function};
use super::gate::free;
use super::inputs::{CheckInputs, Inputs};
use crate::event::{LedgerAnswer, Record, Recorded, RecordedPreference};
use crate::fingerprint::TooLargeError;
use crate::model::{
    AlsoRecords, Category, CheckAction, CheckResult, Conflict, ConsentState, Destination, DestinationId,
    IntegrationsState, LedgerCheck, Policy,
};
use std::collections::{BTreeMap, BTreeSet};

/// A result of the check, and what follows from it.
#[derive(Debug)]
pub(super) struct CheckedCase {
    /// `None` where the policy asks for no check.
    pub(super) result: Option<CheckResult>,
    pub(super) used: Used,
    /// True if the check drops the event.
    pub(super) drops: bool,
    /// The events and records for which the check has this result.
    pub(super) holds: Diagram,
    pub(super) function: Function,
}

impl CheckInputs {
    /// Returns what the check of a policy adds, where these categories are variables, by wire id; `None` without a check.
    pub(super) fn of(policy: &Policy, categories: &[String]) -> Option<Self> {
        policy.ledger_check().map(|_| CheckInputs {
            identify: policy.also_records() == AlsoRecords::Identify,
            has_others: free(policy).iter().any(|key| !categories.contains(key)),
            tells_conflict: false,
            tells_age: None,
        })
    }
}

/// The results that the check can have where a caller does ask the ledger.
pub(super) const RESULTS: [CheckResult; 6] = [
    CheckResult::Recording,
    CheckResult::Unknown,
    CheckResult::Unreachable,
    CheckResult::Unstamped,
    CheckResult::Agrees,
    CheckResult::Mismatch,
];

/// Returns each result of the check of a policy, the `which`th of the inputs, and the decision after it; one case where the policy asks for no check.
pub(super) fn cases(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    which: usize,
    policy: &Policy,
    destination: &Destination,
) -> Result<Vec<CheckedCase>, TooLargeError> {
    let Some(check) = policy.ledger_check() else {
        let (used, holds) = (Used::Stamped, Diagram::TRUE);
        let function = function(diagrams, inputs, which, policy, destination, used)?;
        return Ok(vec![CheckedCase { result: None, used, drops: false, holds, function }]);
    };
    let when = Results::new(diagrams, inputs, which, policy)?;
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
            _ => function(diagrams, inputs, which, policy, destination, used)?,
        };
        cases.push(CheckedCase {
            result: Some(result),
            used,
            drops: action == CheckAction::Drop,
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
    fn new(
        diagrams: &mut Diagrams,
        inputs: &Inputs,
        which: usize,
        policy: &Policy,
    ) -> Result<Self, TooLargeError> {
        let is_preference_event =
            |name: &String| policy.preference_events().value.iter().any(|own| own.value == *name);
        let mut by_shape = Vec::new();
        for shape in &inputs.shapes {
            let state = shape.states.get(which);
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
        let is_answered = inputs
            .shapes
            .iter()
            .map(|shape| shape.states.get(which) == Some(&ConsentState::Answered))
            .map(Diagram::truth);
        let is_answered = is_answered.collect::<Vec<_>>();
        let is_answered = diagrams.node(Inputs::CONSENT, &is_answered)?;
        let mut agrees = match inputs.others_differ() {
            Some(others) => diagrams.node(others, &[Diagram::TRUE, Diagram::FALSE])?,
            None => Diagram::TRUE,
        };
        let compared = free(policy);
        for key in inputs.categories.iter().rev().filter(|key| compared.contains(*key)) {
            if inputs.category(key).is_none() {
                continue;
            }
            let granted = inputs.recorded_grants(diagrams, policy, key)?;
            let refused = diagrams.not(granted)?;
            let both = [diagrams.and(refused, agrees)?, diagrams.and(granted, agrees)?];
            agrees = inputs.by_listed_grant(diagrams, key, both)?;
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
    let compares = matches!(result, CheckResult::Agrees | CheckResult::Mismatch);
    unset(diagrams, inputs, !has_record(result), !compares)
}

/// Returns where nothing is recorded, and nothing differs elsewhere.
pub(super) fn no_record(diagrams: &mut Diagrams, inputs: &Inputs) -> Result<Diagram, TooLargeError> {
    unset(diagrams, inputs, true, true)
}

/// Returns where the inputs of the record have their first values.
fn unset(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    record: bool,
    others: bool,
) -> Result<Diagram, TooLargeError> {
    let recorded = inputs.categories.iter().filter_map(|key| inputs.recorded(key));
    let unset = recorded.filter(|_| record).chain(inputs.others_differ().filter(|_| others));
    let mut whole = Diagram::TRUE;
    for variable in unset.collect::<Vec<usize>>().into_iter().rev() {
        let mut first = vec![Diagram::FALSE; diagrams.count_of(variable)];
        first.first_mut().into_iter().for_each(|first| *first = whole);
        whole = diagrams.node(variable, &first)?;
    }
    Ok(whole)
}

/// What a ledger may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Known,
    Unknown,
    Unreachable,
}

impl Answered {
    pub(super) const ALL: [Answered; 3] = [Answered::Known, Answered::Unknown, Answered::Unreachable];

    /// Returns true if the check can have a result after such an answer.
    pub(super) fn can_be(self, result: CheckResult) -> bool {
        match result {
            CheckResult::Recording => true,
            CheckResult::Unchecked => false,
            CheckResult::Unknown => self == Answered::Unknown,
            CheckResult::Unreachable => self == Answered::Unreachable,
            CheckResult::Unstamped | CheckResult::Agrees | CheckResult::Mismatch => self == Answered::Known,
        }
    }
}

/// Returns which events the reconcile table of a policy, the `which`th of the inputs, drops as they are stamped.
pub(super) fn drops(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    which: usize,
    policy: &Policy,
) -> Result<Diagram, TooLargeError> {
    let mut by_shape = Vec::new();
    for shape in &inputs.shapes {
        let state = shape.states.get(which).copied().unwrap_or(ConsentState::Malformed);
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
            self.add_preference_events(policy);
        }
        self
    }

    /// Adds the inputs of the checks of two policies. One category represents all others that the destination does not need and that the same
    /// policies compare: a single difference has the effect of many.
    pub(super) fn checked_pair(pair: [(&Policy, DestinationId); 2]) -> Self {
        let own = Inputs::of(&pair).categories;
        let mut others: BTreeMap<&str, (&Category, [bool; 2])> = BTreeMap::new();
        for (which, (policy, _)) in pair.iter().enumerate() {
            for one in policy.categories().iter().filter(|one| one.is_free()) {
                let (_, by) = others.entry(one.key()).or_insert((one, [false; 2]));
                by.get_mut(which).into_iter().for_each(|by| *by = true);
            }
        }
        let mut seen = BTreeSet::new();
        let others = others.into_iter().filter(|(key, _)| !own.iter().any(|own| own == key));
        let compared = others.filter(|(_, (_, by))| seen.insert(*by));
        let compared: Vec<&Category> = compared.map(|(_, (category, _))| category).collect();
        let mut inputs = Inputs::with(&pair, &[], &compared);
        let policies = pair.map(|(policy, _)| policy);
        let conflicts = policies.map(|policy| policy.ledger_check().map(|check| check.conflict));
        let ages = policies.map(|policy| policy.ledger_check().and_then(|check| check.grants_expire));
        inputs.check = Some(CheckInputs {
            identify: policies.iter().any(|policy| policy.also_records() == AlsoRecords::Identify),
            has_others: false,
            tells_conflict: conflicts.contains(&Some(Conflict::Grant))
                && conflicts.iter().any(|conflict| *conflict != Some(Conflict::Grant)),
            tells_age: ages.into_iter().flatten().min().filter(|_| ages[0] != ages[1]),
        });
        policies.iter().for_each(|policy| inputs.add_preference_events(policy));
        inputs
    }

    fn add_preference_events(&mut self, policy: &Policy) {
        self.named_events.extend(policy.preference_events().value.iter().map(|name| name.value.clone()));
        self.named_events.sort();
        self.named_events.dedup();
    }

    /// Returns an answer of the ledger with which the check has a result; `None` where it is not asked.
    pub(super) fn answer(
        &self,
        policy: &Policy,
        result: CheckResult,
        values: &[usize],
    ) -> Option<LedgerAnswer> {
        let answered = match result {
            CheckResult::Recording | CheckResult::Unchecked => return None,
            CheckResult::Unknown => Answered::Unknown,
            CheckResult::Unreachable => Answered::Unreachable,
            CheckResult::Unstamped | CheckResult::Agrees | CheckResult::Mismatch => Answered::Known,
        };
        let mut answer = self.answer_of(answered, values);
        if let (LedgerAnswer::Known(record), Some(others)) = (&mut answer, self.others_differ())
            && values.get(others) == Some(&1)
        {
            // The event says nothing of the other categories.
            let other = free(policy).into_iter().find(|key| !self.categories.contains(key));
            let other = other.and_then(|key| policy.category_of_key(&key));
            record
                .preferences
                .extend(other.map(|one| (one.wire_id().to_owned(), RecordedPreference::Granted)));
        }
        Some(answer)
    }

    /// Returns an answer of the ledger, with what the values say of the record.
    pub(super) fn answer_of(&self, answered: Answered, values: &[usize]) -> LedgerAnswer {
        let recorded = |key: &String| {
            let value = self.recorded(key).and_then(|variable| values.get(variable).copied());
            let preference = value.and_then(|value| self.recorded_values().get(value).copied());
            let preference = preference.unwrap_or(RecordedPreference::Refused);
            (self.wire_id(key).to_owned(), preference)
        };
        match answered {
            Answered::Known => {
                LedgerAnswer::Known(Record { preferences: self.categories.iter().map(recorded).collect() })
            }
            Answered::Unknown => LedgerAnswer::Unknown,
            Answered::Unreachable => LedgerAnswer::Unreachable,
        }
    }
}

/// Returns the inputs of a destination, and what is compared with a record, if there is one.
pub(super) fn inputs_for(policy: &Policy, destination: DestinationId, recorded: Recorded<'_>) -> Inputs {
    let compared = policy.categories().iter().filter(|category| category.is_free());
    let compared = compared.filter(|_| matches!(recorded, Recorded::Known(_)));
    let compared: Vec<&Category> = compared.collect();
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
        let recorded = self.categories.iter().filter_map(|key| {
            let is_granted = check.is_granted(record.preference_of(self.wire_ids(key)));
            Some((self.recorded(key)?, usize::from(is_granted)))
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
        let answered = match recorded {
            Recorded::Known(_) => Answered::Known,
            Recorded::Unknown => Answered::Unknown,
            Recorded::Unreachable | Recorded::Unchecked => Answered::Unreachable,
        };
        // A value more than each reason's, so that none is where a case does not hold.
        let mut whole = Diagram::FALSE;
        let mut refused: BTreeMap<String, Diagram> = BTreeMap::new();
        for case in cases(&mut diagrams, &inputs, 0, policy, destination)? {
            if case.result.is_none_or(|result| answered.can_be(result)) {
                let own =
                    diagrams.join(case.holds, case.function.reason, &|holds, reason| holds * (reason + 1))?;
                whole = diagrams.join(whole, own, &|whole, own| whole.max(own))?;
                for (key, named) in case.function.refused {
                    let own = diagrams.and(case.holds, named)?;
                    let all = refused.entry(key).or_insert(Diagram::FALSE);
                    *all = diagrams.or(*all, own)?;
                }
            }
        }
        let reason = diagrams.map(whole, &|whole| whole.saturating_sub(1))?;
        Ok(DecisionFunction::from_parts(policy, inputs, diagrams, Function { reason, refused }))
    }
}
