//! The changes after each result of the ledger check: which destinations receive more or fewer events, with an
//! event and an answer of the ledger that show it.
//!
//! Sheets are compared over the consent that is used. So where both policies use the same consent, a row of a sheet says what changes. A result
//! has a row here if its settings change, or if the policies use other consent of an event after it: because of another action, another row
//! that drops, or another reading. The row then says all that changes after the result.

use super::category_names::CategoryNames;
use super::check::{Check, check};
use super::checked::{self, Answered, CheckedCase};
use super::destination_pair::{
    DestinationPair, Direction, PairClass, direction, other_refusals, place_among, with_text, with_texts,
};
use super::diagram::{Budget, Diagram, Diagrams};
use super::function::Used;
use super::inputs::Inputs;
use crate::event::{LedgerAnswer, of_somebody};
use crate::fingerprint::TooLargeError;
use crate::model::{CheckAction, CheckResult, ConsentState, DestinationId, IntegrationsState, Policy};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A result of the check after which something is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckChange {
    /// The result, in the old policy or in the new one.
    pub result: CheckResult,
    /// What the old policy does after it; `None` where it asks for no check.
    pub before: Option<CheckAction>,
    /// What the new policy does after it; `None` where it asks for no check.
    pub after: Option<CheckAction>,
    /// The destinations for which events are decided otherwise then, by name.
    pub destinations: Vec<CheckedDestination>,
}

/// A destination for which events are decided otherwise after a result of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedDestination {
    /// Its own name.
    pub name: String,
    /// An event that it receives under the new policy only.
    pub delivered: Option<CheckedWitness>,
    /// An event that it receives under the old policy only.
    pub blocked: Option<CheckedWitness>,
    /// An event that is decided for another reason, with the same outcome.
    pub reason: Option<CheckedWitness>,
}

/// An event and an answer of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedWitness {
    /// The event, as JSON. `None` where one event cannot hold the same consent at the places of both policies.
    pub event: Option<String>,
    /// What the ledger says of its person.
    pub recorded: LedgerAnswer,
}

impl CheckChange {
    /// Adds the same change in another case of the inputs.
    pub(super) fn add(&mut self, other: CheckChange) {
        for one in other.destinations {
            match self.destinations.iter_mut().find(|known| known.name == one.name) {
                Some(known) => {
                    known.delivered = known.delivered.take().or(one.delivered);
                    known.blocked = known.blocked.take().or(one.blocked);
                    known.reason = known.reason.take().or(one.reason);
                }
                None => self.destinations.push(one),
            }
        }
    }
}

impl CheckedDestination {
    fn place(&mut self, direction: Direction) -> &mut Option<CheckedWitness> {
        match direction {
            Direction::Loosened => &mut self.delivered,
            Direction::Tightened => &mut self.blocked,
            Direction::Reason => &mut self.reason,
        }
    }

    /// Returns the event that shows a change in a direction, if there is such a change.
    pub fn witness(&self, direction: Direction) -> Option<&CheckedWitness> {
        match direction {
            Direction::Loosened => self.delivered.as_ref(),
            Direction::Tightened => self.blocked.as_ref(),
            Direction::Reason => self.reason.as_ref(),
        }
    }
}

/// The comparison of two policies after each result of their checks.
pub(super) struct CheckComparison<'p> {
    policies: [&'p Policy; 2],
    checks: [Option<Check>; 2],
    /// True if both use the same consent of every event with every answer.
    is_alike: bool,
    rows: BTreeMap<CheckResult, Vec<CheckedDestination>>,
    /// The results after which other consent decides.
    with_other_consent: BTreeSet<CheckResult>,
    /// The changes of destinations that differ in names alone, with the policies that compare each category.
    known: HashMap<(PairClass, Vec<[bool; 2]>), Vec<Found>>,
}

/// A change of a destination's decisions.
#[derive(Debug, Clone)]
struct Found {
    /// The results in the old policy and in the new one.
    results: [Option<CheckResult>; 2],
    /// True if some event of it is decided by other consent.
    is_by_consent: bool,
    direction: Direction,
    answered: Answered,
    /// An event of it in each shape that has some.
    points: Vec<Vec<usize>>,
}

impl<'p> CheckComparison<'p> {
    pub(super) fn new(old: &'p Policy, new: &'p Policy) -> Self {
        let policies = [old, new];
        let checks = policies.map(check);
        let drops = |policy: &Policy| {
            ConsentState::ALL.map(|consent| {
                IntegrationsState::ALL
                    .map(|state| policy.reconcile().row(consent, state).drop_reason().is_some())
            })
        };
        let [before, after] = &checks;
        let is_alike = before == after
            && (before.is_none()
                || old.reading().identity() == new.reading().identity() && drops(old) == drops(new));
        CheckComparison {
            policies,
            checks,
            is_alike,
            rows: BTreeMap::new(),
            with_other_consent: BTreeSet::new(),
            known: HashMap::new(),
        }
    }

    /// Compares a destination that both policies have. One that only one of them has is new or gone in every event.
    pub(super) fn add(
        &mut self,
        name: &str,
        ids: [DestinationId; 2],
        names: &CategoryNames,
        budget: &mut Budget,
    ) -> Result<(), TooLargeError> {
        if self.is_alike {
            return Ok(());
        }
        let [old, new] = self.policies;
        let pair = [(old, ids[0]), (new, ids[1])];
        let compared = DestinationPair {
            inputs: Inputs::checked_pair(pair),
            ..DestinationPair::of(pair.map(|(policy, id)| (policy, Some(id))), names)
        };
        let inputs = &compared.inputs;
        let is_compared = |key: &String| {
            self.checks.each_ref().map(|one| one.as_ref().is_some_and(|one| one.compared.contains(key)))
        };
        let class = (PairClass::of(&compared), inputs.categories.iter().map(is_compared).collect());
        let found = match self.known.get(&class) {
            Some(found) => found.clone(),
            None => {
                let found = budget.ask(inputs.values(), |diagrams| self.found(pair, inputs, diagrams))?;
                self.known.insert(class, found.clone());
                found
            }
        };
        for Found { results, is_by_consent, direction, answered, points } in found {
            // One that an event shows is better than one that none can.
            let shown = points.iter().find_map(|point| Some((inputs.json(point)?, point)));
            let values = shown.as_ref().map(|(_, point)| *point).or(points.first());
            let Some(values) = values else { continue };
            let recorded = inputs.answer_of(answered, values);
            let witness = CheckedWitness { event: shown.map(|(event, _)| of_somebody(&event)), recorded };
            let [before, after] = results;
            let own: BTreeSet<CheckResult> = results.into_iter().flatten().collect();
            if is_by_consent && !own.iter().any(|result| self.is_changed(*result)) {
                self.with_other_consent.extend(after.or(before));
            }
            for result in own {
                let row = self.rows.entry(result).or_default();
                if row.last().is_none_or(|last| last.name != name) {
                    let name = name.to_owned();
                    row.push(CheckedDestination { name, delivered: None, blocked: None, reason: None });
                }
                let place = row.last_mut().map(|own| own.place(direction));
                let is_better = |known: &CheckedWitness| known.event.is_some() || witness.event.is_none();
                if let Some(place) = place.filter(|place| !place.as_ref().is_some_and(is_better)) {
                    *place = Some(witness.clone());
                }
            }
        }
        Ok(())
    }

    /// Returns the checks, if they are not the same, and the results after which something is not.
    pub(super) fn finish(self) -> (Option<[Option<Check>; 2]>, Vec<CheckChange>) {
        let action = |policy: &Policy, result| policy.ledger_check().map(|check| check.action(result));
        let [old, new] = self.policies;
        let results = checked::RESULTS.into_iter();
        let results =
            results.filter(|result| self.is_changed(*result) || self.with_other_consent.contains(result));
        let rows = results.map(|result| CheckChange {
            result,
            before: action(old, result),
            after: action(new, result),
            destinations: self.rows.get(&result).cloned().unwrap_or_default(),
        });
        let rows = rows.collect();
        let [before, after] = &self.checks;
        (if before == after { None } else { Some(self.checks) }, rows)
    }

    /// Returns true if one of the checks does something else after a result, or has it elsewhere.
    fn is_changed(&self, result: CheckResult) -> bool {
        let (before, after) = match &self.checks {
            [Some(before), Some(after)] => (before, after),
            [before, after] => return before.is_some() != after.is_some(),
        };
        let has_record = checked::has_record(result);
        before.actions.action(result) != after.actions.action(result)
            || has_record && before.actions.conflict != after.actions.conflict
            || has_record && before.actions.grants_expire != after.actions.grants_expire
            || result == CheckResult::Recording && !before.records_alike(after)
            || matches!(result, CheckResult::Agrees | CheckResult::Mismatch)
                && before.compared != after.compared
    }

    /// Returns what changes for a destination after each result.
    fn found(
        &self,
        pair: [(&Policy, DestinationId); 2],
        inputs: &Inputs,
        diagrams: &mut Diagrams,
    ) -> Result<Vec<Found>, TooLargeError> {
        let events = inputs.events(diagrams, &[])?;
        let no_record = checked::no_record(diagrams, inputs)?;
        let own = Inputs::of(&pair).categories;
        let (mut texts, mut sides) = (Vec::new(), Vec::new());
        for (which, (policy, id)) in pair.into_iter().enumerate() {
            let Some(destination) = policy.destination(id) else { return Ok(Vec::new()) };
            let mut side = Vec::new();
            for case in checked::cases(diagrams, inputs, which, policy, destination)? {
                let used = ConsentUsed::of(diagrams, inputs, which, policy, &case, &own)?;
                let decided = match case.result.filter(|_| case.drops) {
                    Some(result) => {
                        let text = place_among(&mut texts, result.drop_reason());
                        diagrams.map(case.function.reason, &|leaf| with_text(leaf, text))?
                    }
                    None => {
                        with_texts(diagrams, inputs, (which, policy), &case.function, case.used, &mut texts)?
                    }
                };
                side.push((case, used, decided));
            }
            sides.push(side);
        }
        let [old, new] = sides.as_slice() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for answered in Answered::ALL {
            let can_be = |case: &CheckedCase| case.result.is_none_or(|result| answered.can_be(result));
            let known = if answered == Answered::Known { Diagram::TRUE } else { no_record };
            let possible = diagrams.and(events, known)?;
            for (before, was_used, was) in old.iter().filter(|(case, ..)| can_be(case)) {
                for (after, is_used, is) in new.iter().filter(|(case, ..)| can_be(case)) {
                    let both = diagrams.and(before.holds, after.holds)?;
                    let both = diagrams.and(both, possible)?;
                    if both == Diagram::FALSE {
                        continue;
                    }
                    let others = was_used.differs(diagrams, is_used)?;
                    let refusals = other_refusals(diagrams, inputs, &before.function, &after.function)?;
                    for way in Direction::ALL {
                        let is_such = |was, is| u32::from(direction(was, is) == Some(way));
                        let changed = diagrams.join(*was, *is, &is_such)?;
                        let changed = match way {
                            Direction::Reason => diagrams.or(changed, refusals)?,
                            _ => changed,
                        };
                        let changed = diagrams.and(both, changed)?;
                        let points = in_each_shape(diagrams, changed)?;
                        if !points.is_empty() {
                            let is_by_consent = diagrams.and(changed, others)? != Diagram::FALSE;
                            let results = [before.result, after.result];
                            found.push(Found { results, is_by_consent, direction: way, answered, points });
                        }
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The consent that a case uses.
struct ConsentUsed {
    /// True if the check drops the event.
    drops: bool,
    /// The events whose own consent it is.
    is_stamped: Diagram,
    /// The events for which its state is `answered`.
    is_answered: Diagram,
    /// The events for which it grants each category that the destination needs.
    grants: Vec<Diagram>,
}

impl ConsentUsed {
    fn of(
        diagrams: &mut Diagrams,
        inputs: &Inputs,
        which: usize,
        policy: &Policy,
        case: &CheckedCase,
        categories: &[String],
    ) -> Result<Self, TooLargeError> {
        let is_stamped = match case.used {
            Used::Stamped => Diagram::TRUE,
            Used::Recorded | Used::Nothing => checked::drops(diagrams, inputs, which, policy)?,
        };
        let states = inputs.shapes.iter();
        let states =
            states.map(|shape| Diagram::truth(shape.states.get(which) == Some(&ConsentState::Answered)));
        let stamps_answer = diagrams.node(Inputs::CONSENT, &states.collect::<Vec<_>>())?;
        let is_used = diagrams.not(is_stamped)?;
        let is_answered = diagrams.or(is_used, stamps_answer)?;
        let mut grants = Vec::new();
        for key in categories {
            let stamped = inputs.stamped_grants(diagrams, which, key)?;
            let stamped = diagrams.and(stamped, is_stamped)?;
            let used = match case.used {
                Used::Recorded => inputs.recorded_grants(diagrams, policy, key)?,
                Used::Stamped | Used::Nothing => Diagram::FALSE,
            };
            let used = diagrams.and(used, is_used)?;
            grants.push(diagrams.or(stamped, used)?);
        }
        Ok(ConsentUsed { drops: case.drops, is_stamped, is_answered, grants })
    }

    /// Returns where another case uses other consent. Where both use what the event says, sheets compare that, however it is read.
    fn differs(&self, diagrams: &mut Diagrams, other: &Self) -> Result<Diagram, TooLargeError> {
        if self.drops || other.drops {
            return Ok(Diagram::TRUE);
        }
        let both_stamped = diagrams.and(self.is_stamped, other.is_stamped)?;
        let mut same = diagrams.and(self.is_answered, other.is_answered)?;
        for (one, other) in self.grants.iter().zip(&other.grants) {
            let differs = diagrams.differing(*one, *other)?;
            let alike = diagrams.not(differs)?;
            same = diagrams.and(same, alike)?;
        }
        let explained = diagrams.or(both_stamped, same)?;
        diagrams.not(explained)
    }
}

/// Returns the first point of each shape at which a condition holds.
fn in_each_shape(diagrams: &mut Diagrams, condition: Diagram) -> Result<Vec<Vec<usize>>, TooLargeError> {
    let count = diagrams.count_of(Inputs::CONSENT);
    let mut points = Vec::new();
    for shape in (0..count).filter(|_| condition != Diagram::FALSE) {
        let one: Vec<Diagram> = (0..count).map(|other| Diagram::truth(other == shape)).collect();
        let one = diagrams.node(Inputs::CONSENT, &one)?;
        let own = diagrams.and(condition, one)?;
        points.extend(diagrams.first(own));
    }
    Ok(points)
}
