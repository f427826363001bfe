//! Whether what a policy promises is so, decided over every event that there can be.

use super::diagram::{Diagram, MAX_STEPS};
use super::function::DecisionFunction;
use super::inputs::{ALL, ENTRIES, Inputs};
use crate::event::{Entry, Name};
use crate::fingerprint::TooLargeError;
use crate::model::{
    CategoryId, Destination, DestinationId, EntryState, IntegrationsState, Policy, Promise, PromiseCondition,
    Requirement,
};
use crate::reason::Reason;

/// The answer to whether a promise is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof<'p> {
    /// The promise.
    pub promise: &'p Promise,
    /// The number of situations in which it was asked, those of all its destinations together; `None` for more than can be
    /// counted. 0 where it speaks of no event.
    pub situations: Option<u128>,
    /// An event for each destination for which it is not kept.
    pub counterexamples: Vec<Counterexample>,
}

/// An event that is decided otherwise than promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The destination.
    pub destination: DestinationId,
    /// The event, as JSON.
    pub event: String,
    /// The reason with which it is decided.
    pub reason: Reason,
    /// The wire ids that a refusal names.
    pub refused: Vec<String>,
}

impl Proof<'_> {
    /// Returns true if the promise is kept in every event.
    pub fn is_proved(&self) -> bool {
        self.counterexamples.is_empty()
    }
}

/// Decides one promise of a policy.
///
/// # Errors
///
/// [`TooLargeError`] for a requirement whose decision has no diagram of reasonable size: then nothing is known.
///
/// ```
/// use consentry::Policy;
/// use consentry::exact::prove;
///
/// let policy = Policy::parse(r#"
///     consentry 1
///     policy "acme web"
///     include prelude "segment"
///     category Advertising
///     destination "Braze" needs Advertising
///     never deliver "Braze" without Advertising when consent answered and event not exempt
///     never deliver "Braze" without Advertising
/// "#)?;
/// let [kept, broken] = policy.promises() else { unreachable!() };
/// assert!(prove(&policy, kept).unwrap().is_proved());
/// // As published, an event without a consent object is delivered.
/// assert_eq!(prove(&policy, broken).unwrap().counterexamples[0].event, "{}");
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn prove<'p>(policy: &Policy, promise: &'p Promise) -> Result<Proof<'p>, TooLargeError> {
    let mut proof = Proof { promise, situations: Some(0), counterexamples: Vec::new() };
    let all = || policy.destination_ids().collect();
    for id in promise.destinations.clone().unwrap_or_else(all) {
        let Some(destination) = policy.destination(id) else { continue };
        let (situations, counterexample) = Question::new(policy, promise, id, destination)?.answer()?;
        let sum = proof.situations.zip(situations);
        proof.situations = sum.and_then(|(sum, situations)| sum.checked_add(situations));
        proof.counterexamples.extend(counterexample);
    }
    Ok(proof)
}

/// A promise about one destination.
struct Question<'p> {
    policy: &'p Policy,
    promise: &'p Promise,
    id: DestinationId,
    decision: DecisionFunction<'p>,
}

impl<'p> Question<'p> {
    fn new(
        policy: &'p Policy,
        promise: &'p Promise,
        id: DestinationId,
        destination: &'p Destination,
    ) -> Result<Self, TooLargeError> {
        let mut names = Vec::new();
        let mut categories: Vec<CategoryId> =
            promise.without.iter().flat_map(Requirement::categories).collect();
        for condition in &promise.when {
            match condition {
                PromiseCondition::Entry { name, .. } if name != "All" => names.push(name.as_str()),
                PromiseCondition::Preference { category, .. } => categories.push(*category),
                _ => {}
            }
        }
        // What is always granted is no matter of the event; what is unenforced is one for a promise.
        let asked = categories.into_iter().filter_map(|id| policy.category(id));
        let asked: Vec<(&str, &str)> = asked
            .filter(|category| category.always.is_none())
            .map(|category| (category.wire_id(), category.name()))
            .collect();
        let inputs = Inputs::with(&[(policy, id)], &names, &asked);
        let decision = DecisionFunction::over(inputs, MAX_STEPS, policy, destination)?;
        Ok(Question { policy, promise, id, decision })
    }

    /// Returns in how many situations the promise is asked, and one in which it is not kept.
    fn answer(mut self) -> Result<(Option<u128>, Option<Counterexample>), TooLargeError> {
        let mut asked = self.decision.inputs.events(&mut self.decision.diagrams, &[])?;
        for condition in &self.promise.when {
            let holds = self.condition(condition)?;
            asked = self.decision.diagrams.and(asked, holds)?;
        }
        let delivered = self.decision.function.delivers(&mut self.decision.diagrams)?;
        let granted = self.promise.without.as_ref().map(|needs| self.satisfied(needs)).transpose()?;
        let diagrams = &mut self.decision.diagrams;
        let situations = diagrams.count(asked);
        let broken = match (self.promise.always, granted) {
            (true, _) => diagrams.not(delivered)?,
            (false, None) => delivered,
            (false, Some(granted)) => {
                let without = diagrams.not(granted)?;
                diagrams.and(delivered, without)?
            }
        };
        let broken = diagrams.and(asked, broken)?;
        let Some(values) = diagrams.first(broken) else { return Ok((situations, None)) };
        let Some((mut event, reading)) = self.decision.inputs.event(&values) else {
            return Ok((situations, None));
        };
        if let (None, Some(name)) = (&event.track, self.other_event()) {
            event.track = Some(Name::from(name));
        }
        let counterexample = Counterexample {
            destination: self.id,
            event: event.to_json(&reading),
            reason: self.decision.reason(&values),
            refused: self.decision.refused(&values),
        };
        Ok((situations, Some(counterexample)))
    }

    /// Returns where a condition of the promise holds.
    fn condition(&mut self, condition: &PromiseCondition) -> Result<Diagram, TooLargeError> {
        let inputs = &self.decision.inputs;
        let (variable, holds): (usize, Vec<bool>) = match condition {
            PromiseCondition::Consent(states) => {
                let holds =
                    inputs.shapes.iter().map(|shape| shape.states.iter().any(|one| states.contains(one)));
                (Inputs::CONSENT, holds.collect())
            }
            PromiseCondition::Integrations(states) => {
                (Inputs::INTEGRATIONS, IntegrationsState::ALL.map(|state| states.contains(&state)).into())
            }
            PromiseCondition::Event(names) => {
                let exempt = inputs.exempt_events.iter().map(|name| names.contains(name));
                (Inputs::EXEMPT_EVENT, [self.other_event().is_some()].into_iter().chain(exempt).collect())
            }
            PromiseCondition::Exempt(exempt) => {
                let is_exempt = inputs.exempt_events.iter().map(|_| *exempt);
                (Inputs::EXEMPT_EVENT, [!exempt].into_iter().chain(is_exempt).collect())
            }
            PromiseCondition::Entry { name, states } => {
                let holds = |entry: &Option<Entry>| {
                    states.contains(&match entry {
                        None => EntryState::Unlisted,
                        Some(Entry::On) => EntryState::On,
                        Some(Entry::Off) => EntryState::Off,
                        Some(Entry::Invalid) => EntryState::Invalid,
                    })
                };
                match inputs.names.iter().position(|one| one == name) {
                    Some(place) => (Inputs::FIRST_NAME + place, ENTRIES.iter().map(holds).collect()),
                    // Of `All`, on and unlisted are one.
                    None => {
                        let is_on = |entry: &Option<Entry>| entry.is_none() && holds(&Some(Entry::On));
                        (inputs.all_entry(), ALL.iter().map(|entry| holds(entry) || is_on(entry)).collect())
                    }
                }
            }
            PromiseCondition::Preference { category, granted } => {
                let holds = self.granted(*category)?;
                return if *granted { Ok(holds) } else { self.decision.diagrams.not(holds) };
            }
        };
        let holds: Vec<Diagram> = holds.into_iter().map(|holds| Diagram::leaf(u32::from(holds))).collect();
        self.decision.diagrams.node(variable, &holds)
    }

    /// Returns an event that a promise names and that is no exempt one: all of these are decided alike.
    fn other_event(&self) -> Option<&'p str> {
        let promise = self.promise;
        let named = promise.when.iter().filter_map(|condition| match condition {
            PromiseCondition::Event(names) => Some(names),
            _ => None,
        });
        let lists: Vec<&Vec<String>> = named.collect();
        let first = lists.first()?;
        let is_other = |name: &&String| {
            lists.iter().all(|names| names.contains(name))
                && !self.decision.inputs.exempt_events.contains(name)
        };
        first.iter().find(is_other).map(String::as_str)
    }

    fn satisfied(&mut self, needs: &Requirement) -> Result<Diagram, TooLargeError> {
        let (elements, all) = match needs {
            Requirement::Category(id) => return self.granted(*id),
            Requirement::AllOf(elements) => (elements, true),
            Requirement::AnyOf(elements) => (elements, false),
        };
        let mut whole = if all { Diagram::TRUE } else { Diagram::FALSE };
        for element in elements {
            let element = self.satisfied(element)?;
            whole = match all {
                true => self.decision.diagrams.and(whole, element)?,
                false => self.decision.diagrams.or(whole, element)?,
            };
        }
        Ok(whole)
    }

    /// Returns where a category is granted: by the event, also where it is unenforced, or always.
    fn granted(&mut self, id: CategoryId) -> Result<Diagram, TooLargeError> {
        let category = self.policy.category(id).filter(|one| one.always.is_none());
        let Some(category) = category else { return Ok(Diagram::TRUE) };
        let DecisionFunction { inputs, diagrams, .. } = &mut self.decision;
        let Some(variable) = inputs.category(category.wire_id()) else { return Ok(Diagram::FALSE) };
        let granted = diagrams.literal(variable)?;
        inputs.where_present(diagrams, Inputs::CONSENT, granted, Diagram::FALSE)
    }
}
