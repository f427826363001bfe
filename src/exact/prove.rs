//! Whether what a policy promises is so, decided over every event that there can be.

use super::diagram::{Diagram, Diagrams};
use super::formula::Formula;
use super::function::{function, reason};
use super::inputs::{ALL, ENTRIES, Inputs};
use crate::event::{Entry, Name};
use crate::fingerprint::TooLarge;
use crate::model::{
    Category, CategoryId, Destination, DestinationId, EntryState, IntegrationsState, Policy, Promise,
    PromiseCondition, Requirement,
};
use crate::reason::{Outcome, Reason};

/// Whether a promise is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof<'p> {
    /// What is promised.
    pub promise: &'p Promise,
    /// In how many situations that can matter it was asked, those of all its destinations together; `None` for more than can be
    /// counted. 0 where it speaks of no event.
    pub situations: Option<u128>,
    /// For each destination for which it is not kept, an event that shows it.
    pub counterexamples: Vec<Counterexample>,
}

/// An event that is decided otherwise than promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The destination.
    pub destination: DestinationId,
    /// The event, as JSON.
    pub event: String,
    /// How it is decided.
    pub reason: Reason,
    /// The wire ids that a refusal names.
    pub refused: Vec<String>,
}

impl Proof<'_> {
    /// Whether the promise is kept in every event.
    pub fn is_proved(&self) -> bool {
        self.counterexamples.is_empty()
    }
}

/// Decides one promise of a policy.
///
/// # Errors
///
/// [`TooLarge`] for a requirement whose decision has no diagram of reasonable size: then nothing is known.
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
pub fn prove<'p>(policy: &Policy, promise: &'p Promise) -> Result<Proof<'p>, TooLarge> {
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
    destination: &'p Destination,
    inputs: Inputs,
    diagrams: Diagrams,
}

impl<'p> Question<'p> {
    fn new(
        policy: &'p Policy,
        promise: &'p Promise,
        id: DestinationId,
        destination: &'p Destination,
    ) -> Result<Self, TooLarge> {
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
            .filter(|category| category.always().is_none())
            .map(|category| (category.wire_id(), category.name()))
            .collect();
        let inputs = Inputs::with(&[(policy, id)], &names, &asked);
        let diagrams = Diagrams::new(inputs.values())?;
        Ok(Question { policy, promise, id, destination, inputs, diagrams })
    }

    /// In how many situations the promise is asked, and one in which it is not kept.
    fn answer(mut self) -> Result<(Option<u128>, Option<Counterexample>), TooLarge> {
        let decided = function(&mut self.diagrams, &self.inputs, 0, self.policy, self.destination)?;
        let mut asked = self.inputs.events(&mut self.diagrams, &[])?;
        for condition in &self.promise.when {
            let holds = self.condition(condition)?;
            asked = self.diagrams.and(asked, holds)?;
        }
        let situations = self.diagrams.count(asked);
        let delivered = self
            .diagrams
            .map(decided.reason, &|leaf| u32::from(reason(leaf).outcome() == Outcome::Deliver))?;
        let broken = match (self.promise.always, &self.promise.without) {
            (true, _) => self.diagrams.not(delivered)?,
            (false, None) => delivered,
            (false, Some(needs)) => {
                let granted = self.satisfied(needs)?;
                let without = self.diagrams.not(granted)?;
                self.diagrams.and(delivered, without)?
            }
        };
        let broken = self.diagrams.and(asked, broken)?;
        let Some(values) = self.diagrams.first(broken) else { return Ok((situations, None)) };
        let Some((mut event, reading)) = self.inputs.event(&values) else { return Ok((situations, None)) };
        if let (None, Some(name)) = (&event.track, self.other_event()) {
            event.track = Some(Name::from(name));
        }
        let reason = reason(self.diagrams.at(decided.reason, &values));
        let needs = self.destination.requirement().filter(|_| reason == Reason::Refused);
        let formula = needs.and_then(|needs| Formula::of(needs, self.policy));
        let granted = |wire_id: &str| self.inputs.is_granted(0, wire_id, &values);
        let refused = formula.map(|formula| formula.refused(&granted).into_iter().collect());
        let counterexample = Counterexample {
            destination: self.id,
            event: event.to_json(&reading),
            reason,
            refused: refused.unwrap_or_default(),
        };
        Ok((situations, Some(counterexample)))
    }

    /// Where a condition of the promise holds.
    fn condition(&mut self, condition: &PromiseCondition) -> Result<Diagram, TooLarge> {
        let leaf = |holds: bool| if holds { Diagram::TRUE } else { Diagram::FALSE };
        match condition {
            PromiseCondition::Consent(states) => {
                let shapes = self.inputs.shapes.iter();
                let holds =
                    shapes.map(|shape| leaf(shape.states.first().is_some_and(|one| states.contains(one))));
                let holds: Vec<Diagram> = holds.collect();
                self.diagrams.node(Inputs::CONSENT, &holds)
            }
            PromiseCondition::Integrations(states) => {
                let holds = IntegrationsState::ALL.map(|state| leaf(states.contains(&state)));
                self.diagrams.node(Inputs::INTEGRATIONS, &holds)
            }
            PromiseCondition::Event(names) => {
                let other = leaf(self.other_event().is_some());
                let exempt = self.inputs.exempt_events.iter().map(|name| leaf(names.contains(name)));
                let holds: Vec<Diagram> = [other].into_iter().chain(exempt).collect();
                self.diagrams.node(Inputs::EXEMPT_EVENT, &holds)
            }
            PromiseCondition::Exempt(exempt) => {
                let is_exempt = self.inputs.exempt_events.iter().map(|_| leaf(*exempt));
                let holds: Vec<Diagram> = [leaf(!exempt)].into_iter().chain(is_exempt).collect();
                self.diagrams.node(Inputs::EXEMPT_EVENT, &holds)
            }
            PromiseCondition::Entry { name, states } => {
                let state = |entry: &Option<Entry>| match entry {
                    None => EntryState::Unlisted,
                    Some(Entry::On) => EntryState::On,
                    Some(Entry::Off) => EntryState::Off,
                    Some(Entry::Invalid) => EntryState::Invalid,
                };
                let holds = |entry: &Option<Entry>| leaf(states.contains(&state(entry)));
                let place = self.inputs.names.iter().position(|one| one == name);
                let (variable, mut holds): (usize, Vec<Diagram>) = match place {
                    Some(place) => (Inputs::FIRST_NAME + place, ENTRIES.iter().map(holds).collect()),
                    None => (self.inputs.all_entry(), ALL.iter().map(holds).collect()),
                };
                // Of `All`, on and unlisted are one.
                if let Some(first) = holds.first_mut().filter(|_| place.is_none()) {
                    *first = leaf(states.contains(&EntryState::Unlisted) || states.contains(&EntryState::On));
                }
                self.diagrams.node(variable, &holds)
            }
            PromiseCondition::Preference { category, granted } => {
                let holds = self.granted(*category)?;
                if *granted { Ok(holds) } else { self.diagrams.not(holds) }
            }
        }
    }

    /// An event that a promise names and that is no exempt one: all of these are decided alike.
    fn other_event(&self) -> Option<&'p str> {
        let promise = self.promise;
        let named = promise.when.iter().filter_map(|condition| match condition {
            PromiseCondition::Event(names) => Some(names),
            _ => None,
        });
        let lists: Vec<&Vec<String>> = named.collect();
        let first = lists.first()?;
        let is_other = |name: &&String| {
            lists.iter().all(|names| names.contains(name)) && !self.inputs.exempt_events.contains(name)
        };
        first.iter().find(is_other).map(String::as_str)
    }

    fn satisfied(&mut self, needs: &Requirement) -> Result<Diagram, TooLarge> {
        let (elements, all) = match needs {
            Requirement::Category(id) => return self.granted(*id),
            Requirement::AllOf(elements) => (elements, true),
            Requirement::AnyOf(elements) => (elements, false),
        };
        let mut whole = if all { Diagram::TRUE } else { Diagram::FALSE };
        for element in elements {
            let element = self.satisfied(element)?;
            whole =
                if all { self.diagrams.and(whole, element)? } else { self.diagrams.or(whole, element)? };
        }
        Ok(whole)
    }

    /// Where a category is granted: by the event, also where it is unenforced, or always.
    fn granted(&mut self, id: CategoryId) -> Result<Diagram, TooLarge> {
        let category: Option<&Category> = self.policy.category(id);
        let Some(category) = category.filter(|one| one.always().is_none()) else { return Ok(Diagram::TRUE) };
        let Some(variable) = self.inputs.category(category.wire_id()) else { return Ok(Diagram::FALSE) };
        let granted = self.diagrams.node(variable, &[Diagram::FALSE, Diagram::TRUE])?;
        self.inputs.where_present(&mut self.diagrams, true, granted, Diagram::FALSE)
    }
}
