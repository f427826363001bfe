//! Whether what a policy promises is so, decided over every event that there can be.

use super::cases::Cases;
use super::checked::{self, CheckedCase, has_record};
use super::diagram::{Budget, Diagram, Diagrams};
use super::equivalence::EquivalenceClass;
use super::formula::Formula;
use super::function::Used;
use super::inputs::{ALL, ENTRIES, Inputs};
use crate::event::{Entry, LedgerAnswer, Name, of_somebody};
use crate::fingerprint::TooLargeError;
use crate::model::{
    Category, CategoryId, CheckResult, ConsentState, Destination, DestinationId, EntryState,
    IntegrationsState, Policy, Preference, Promise, PromiseCondition, Requirement, StatedChoice, When,
};
use crate::reason::Reason;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeSet, HashMap, HashSet};

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
    /// True if the promise is about a ledger, and the policy asks for no check against one: then it says nothing, and is not kept.
    pub asks_no_ledger: bool,
}

/// An event that is decided otherwise than promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The destination.
    pub destination: DestinationId,
    /// The event, as JSON.
    pub event: String,
    /// What the ledger says of its person; `None` where the policy asks for no check, or the event is not checked.
    pub recorded: Option<LedgerAnswer>,
    /// The reason with which it is decided.
    pub reason: Reason,
    /// The wire ids that a refusal names.
    pub refused: Vec<String>,
}

impl Proof<'_> {
    /// Returns true if the promise is kept in every event.
    pub fn is_proved(&self) -> bool {
        self.counterexamples.is_empty() && !self.asks_no_ledger
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
    Prover::new(policy).proof(promise)
}

/// Decides every promise of a policy, in their order.
///
/// # Errors
///
/// As [`prove`], and for promises for which no steps are left: all promises of a policy share them.
pub fn prove_all(policy: &Policy) -> impl Iterator<Item = Result<Proof<'_>, TooLargeError>> {
    let mut prover = Prover::new(policy);
    policy.promises().iter().map(move |promise| prover.proof(promise))
}

/// The steps of showing an event that breaks a promise.
const STEPS_OF_SHOWING: usize = 100;

/// The state that the proofs of a policy's promises share.
struct Prover<'p> {
    policy: &'p Policy,
    cases: Cases<'p>,
    budget: Budget,
    /// The number of each class of destinations, by what the policy says of one and how many names it has.
    classes: HashMap<(EquivalenceClass<Formula>, usize), usize>,
    /// By the case of the inputs.
    class_of: HashMap<(usize, DestinationId), usize>,
}

impl<'p> Prover<'p> {
    fn new(policy: &'p Policy) -> Self {
        Prover {
            policy,
            cases: Cases::new(&[policy]),
            budget: Budget::default(),
            classes: HashMap::new(),
            class_of: HashMap::new(),
        }
    }

    /// Returns the number of a destination's class in a case: those of one class differ in their names alone.
    fn class_of(
        &mut self,
        case: usize,
        policy: &Policy,
        id: DestinationId,
        destination: &Destination,
    ) -> usize {
        let classes = &mut self.classes;
        *self.class_of.entry((case, id)).or_insert_with(|| {
            let formula = Formula::of_destination(destination, policy);
            let class = EquivalenceClass::of(policy, destination, formula.as_ref(), Formula::clone);
            let next = classes.len();
            *classes.entry((class, destination.names().count())).or_insert(next)
        })
    }

    fn proof<'q>(&mut self, promise: &'q Promise) -> Result<Proof<'q>, TooLargeError> {
        let policy = self.policy;
        let mut known: HashMap<(usize, QuestionClass), Answer> = HashMap::new();
        let covered = policy.covered_by(promise);
        let asks_no_ledger =
            policy.ledger_check().is_none() && promise.is_about_the_ledger() && !covered.is_empty();
        let mut proof = Proof { promise, situations: Some(0), counterexamples: Vec::new(), asks_no_ledger };
        let asked: HashSet<&str> = entries(promise).collect();
        let conditions = promise.inputs(&policy.reading().inputs);
        // An input may refuse a category that the promise names, and the destination does not.
        let named = promise.categories().filter_map(|id| policy.category(id));
        let refusals = named.flat_map(|one| one.refused_when.iter().map(|(when, _)| when.clone()));
        let told: Vec<When> = conditions.iter().cloned().chain(refusals).collect();
        for id in covered {
            let mut broken = None;
            for case in self.cases.of(Some(&[&[id]]), &told)? {
                let given = case.policy().filter(|_| conditions.iter().all(|when| case.holds(when)));
                let Some(policy) = given else { continue };
                let Some(destination) = policy.destination(id) else { continue };
                // Most answers are known already, and need no inputs.
                let mut own = None;
                let names = match asked.is_empty() {
                    true => Vec::new(),
                    false => names(destination, &asked, own.insert(inputs(policy, promise, id))),
                };
                self.budget.spend(1 + names.len())?;
                let class =
                    QuestionClass { destination: self.class_of(case.key(), policy, id, destination), names };
                let answer = match known.entry((case.key(), class)) {
                    Occupied(known) => known.into_mut(),
                    Vacant(place) => {
                        let inputs = own.get_or_insert_with(|| inputs(policy, promise, id));
                        place.insert(self.budget.ask(inputs.values(), |diagrams| {
                            Question { policy, promise, inputs, diagrams }.answer(destination)
                        })?)
                    }
                };
                let sum = proof.situations.zip(answer.situations);
                proof.situations = sum.and_then(|(sum, situations)| sum.checked_add(situations));
                if let (None, Some(found)) = (&broken, &answer.broken) {
                    self.budget.spend(STEPS_OF_SHOWING)?;
                    let inputs = own.unwrap_or_else(|| inputs(policy, promise, id));
                    broken = found.counterexample(policy, promise, id, &inputs);
                }
            }
            proof.counterexamples.extend(broken);
        }
        Ok(proof)
    }
}

/// Returns the names of whose entries a promise speaks, but for `All`.
fn entries(promise: &Promise) -> impl Iterator<Item = &str> {
    promise.when.iter().filter_map(|condition| match condition {
        PromiseCondition::Entry { name, .. } if name != "All" => Some(name.as_str()),
        _ => None,
    })
}

/// Returns of each name of the inputs whether it is the destination's, and whether a promise speaks of its entry.
fn names(destination: &Destination, asked: &HashSet<&str>, inputs: &Inputs) -> Vec<[bool; 2]> {
    let own: HashSet<&str> = destination.names().collect();
    let names = inputs.names.iter().map(String::as_str);
    names.map(|name| [own.contains(name), asked.contains(name)]).collect()
}

/// Returns the inputs of a promise about one destination.
fn inputs(policy: &Policy, promise: &Promise, id: DestinationId) -> Inputs {
    let names: Vec<&str> = entries(promise).collect();
    let mut categories: Vec<CategoryId> = promise.without.iter().flat_map(Requirement::categories).collect();
    // What is recorded of a category may be asked of one that every event grants.
    let (mut recorded, mut told) = (Vec::new(), BTreeSet::new());
    for condition in &promise.when {
        match condition {
            PromiseCondition::Preference { category, preference } => {
                categories.push(*category);
                let is_told = !matches!(preference, StatedChoice::Granted | StatedChoice::NotGranted);
                told.extend(policy.category(*category).filter(|_| is_told).map(|one| one.key().to_owned()));
            }
            PromiseCondition::Recorded { category, .. } => recorded.push(*category),
            _ => {}
        }
    }
    let asked = categories.into_iter().filter_map(|id| policy.category(id));
    let asked = asked.filter(|category| category.fixed().is_none());
    let asked = asked.chain(recorded.into_iter().filter_map(|id| policy.category(id)));
    let asked: Vec<&Category> = asked.collect();
    Inputs { told, ..Inputs::with(&[(policy, id)], &names, &asked) }.checked(policy)
}

/// Destinations about which a promise asks the same.
#[derive(PartialEq, Eq, Hash)]
struct QuestionClass {
    /// The number of the destinations' class.
    destination: usize,
    /// As [`names`] returns them; empty where the promise speaks of no entry.
    names: Vec<[bool; 2]>,
}

/// The answer for all destinations of a class.
struct Answer {
    situations: Option<u128>,
    broken: Option<Broken>,
}

/// Events that are decided otherwise than promised, and one of them by its values.
struct Broken {
    values: Vec<usize>,
    result: Option<CheckResult>,
    reason: Reason,
    refused: Vec<String>,
}

impl Broken {
    fn counterexample(
        &self,
        policy: &Policy,
        promise: &Promise,
        destination: DestinationId,
        inputs: &Inputs,
    ) -> Option<Counterexample> {
        let (mut event, reading) = inputs.event(&self.values)?;
        if let (None, false, Some(name)) = (&event.track, event.is_identify, other_event(promise, inputs)) {
            event.track = Some(Name::from(name));
        }
        let recorded = self.result.and_then(|result| inputs.answer(policy, result, &self.values));
        let event = event.to_json(&reading);
        Some(Counterexample {
            destination,
            event: if recorded.is_some() { of_somebody(&event) } else { event },
            recorded,
            reason: self.reason,
            refused: self.refused.clone(),
        })
    }
}

/// A promise about one destination.
struct Question<'q> {
    policy: &'q Policy,
    promise: &'q Promise,
    inputs: &'q Inputs,
    diagrams: &'q mut Diagrams,
}

impl Question<'_> {
    fn answer(mut self, destination: &Destination) -> Result<Answer, TooLargeError> {
        let events = self.inputs.events(self.diagrams, &[])?;
        let (mut situations, mut found) = (Some(0u128), None);
        for case in checked::cases(self.diagrams, self.inputs, 0, self.policy, destination)? {
            let meant = checked::record_of(self.diagrams, self.inputs, &case)?;
            let possible = self.diagrams.and(events, meant)?;
            let mut asked = self.diagrams.and(possible, case.holds)?;
            for condition in &self.promise.when {
                let holds = self.condition(condition, &case)?;
                asked = self.diagrams.and(asked, holds)?;
            }
            let delivered = case.function.delivers(self.diagrams)?;
            let granted =
                self.promise.without.as_ref().map(|needs| self.satisfied(needs, &case)).transpose()?;
            let own = self.diagrams.count(asked);
            situations = situations.zip(own).and_then(|(sum, own)| sum.checked_add(own));
            let broken = match (self.promise.always, granted) {
                (true, _) => self.diagrams.not(delivered)?,
                (false, None) => delivered,
                (false, Some(granted)) => {
                    let without = self.diagrams.not(granted)?;
                    self.diagrams.and(delivered, without)?
                }
            };
            let broken = self.diagrams.and(asked, broken)?;
            if found.is_none() {
                found = self.diagrams.first(broken).map(|values| Broken {
                    result: case.result,
                    reason: case.function.reason_at(self.diagrams, &values),
                    refused: case.function.refused_at(self.diagrams, &values),
                    values,
                });
            }
        }
        Ok(Answer { situations, broken: found })
    }

    /// Returns where a condition holds after a result of the check. Consent is that which is used.
    fn condition(
        &mut self,
        condition: &PromiseCondition,
        case: &CheckedCase,
    ) -> Result<Diagram, TooLargeError> {
        let inputs = self.inputs;
        let (variable, holds): (usize, Vec<bool>) = match condition {
            PromiseCondition::Consent(states) => {
                let holds =
                    inputs.shapes.iter().map(|shape| shape.states.iter().any(|one| states.contains(one)));
                let holds: Vec<Diagram> = holds.map(Diagram::truth).collect();
                let stamped = self.diagrams.node(Inputs::CONSENT, &holds)?;
                let used = Diagram::truth(states.contains(&ConsentState::Answered));
                return self.used(case, stamped, used);
            }
            PromiseCondition::Ledger(results) => {
                return Ok(Diagram::truth(case.result.is_some_and(|result| results.contains(&result))));
            }
            PromiseCondition::Recorded { category, granted } => {
                let key = self.policy.category(*category).map(|category| category.key());
                let variable = key.and_then(|key| inputs.recorded(key));
                let (Some(variable), true) = (variable, case.result.is_some_and(has_record)) else {
                    return Ok(Diagram::FALSE);
                };
                (variable, vec![!granted, *granted])
            }
            // Every proof is about one case of the inputs.
            PromiseCondition::Input(_) => return Ok(Diagram::TRUE),
            PromiseCondition::Integrations(states) => {
                (Inputs::INTEGRATIONS, IntegrationsState::ALL.map(|state| states.contains(&state)).into())
            }
            PromiseCondition::Event(names) => {
                let events = 0..self.diagrams.count_of(Inputs::EVENT);
                let holds = events.map(|event| match inputs.named_event(event) {
                    Some(name) => names.contains(name),
                    None => event == 0 && other_event(self.promise, self.inputs).is_some(),
                });
                (Inputs::EVENT, holds.collect())
            }
            PromiseCondition::Exempt(exempt) => {
                let is_exempt =
                    |name: &String| self.policy.exempt_events().value.iter().any(|one| one.value == *name);
                let events = 0..self.diagrams.count_of(Inputs::EVENT);
                let holds = events.map(|event| inputs.named_event(event).is_some_and(is_exempt) == *exempt);
                (Inputs::EVENT, holds.collect())
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
            PromiseCondition::Preference { category, preference } => {
                return match preference {
                    StatedChoice::Granted => self.granted(*category, case),
                    StatedChoice::NotGranted => {
                        let granted = self.granted(*category, case)?;
                        self.diagrams.not(granted)
                    }
                    StatedChoice::Refused => self.preference(*category, Preference::Refused, case),
                    StatedChoice::Unasked => self.preference(*category, Preference::Unasked, case),
                    StatedChoice::Invalid => self.preference(*category, Preference::Invalid, case),
                };
            }
        };
        let holds: Vec<Diagram> = holds.into_iter().map(Diagram::truth).collect();
        self.diagrams.node(variable, &holds)
    }

    fn satisfied(&mut self, needs: &Requirement, case: &CheckedCase) -> Result<Diagram, TooLargeError> {
        let (elements, all) = match needs {
            Requirement::Category(id) => return self.granted(*id, case),
            Requirement::AllOf(elements) => (elements, true),
            Requirement::AnyOf(elements) => (elements, false),
        };
        let mut whole = Diagram::truth(all);
        for element in elements {
            let element = self.satisfied(element, case)?;
            whole = match all {
                true => self.diagrams.and(whole, element)?,
                false => self.diagrams.or(whole, element)?,
            };
        }
        Ok(whole)
    }

    /// Returns where the consent that is used grants a category.
    fn granted(&mut self, id: CategoryId, case: &CheckedCase) -> Result<Diagram, TooLargeError> {
        let Some(category) = self.policy.category(id) else { return Ok(Diagram::TRUE) };
        if let Some(fixed) = category.fixed() {
            return Ok(Diagram::truth(fixed));
        }
        let stamped = self.inputs.stamped_grants(self.diagrams, 0, category.key())?;
        let used = match case.used {
            Used::Recorded => self.inputs.recorded_grants(self.diagrams, self.policy, category.key())?,
            Used::Stamped | Used::Nothing => Diagram::FALSE,
        };
        self.used(case, stamped, used)
    }

    /// Returns where the consent that is used gives a category a preference. An `always` category is granted, whatever it gives.
    fn preference(
        &mut self,
        id: CategoryId,
        wanted: Preference,
        case: &CheckedCase,
    ) -> Result<Diagram, TooLargeError> {
        let Some(category) = self.policy.category(id) else { return Ok(Diagram::FALSE) };
        if let Some(fixed) = category.fixed() {
            return Ok(Diagram::truth(!fixed && wanted == Preference::Refused));
        }
        let (key, reading) = (category.key(), self.policy.reading());
        let stamped = self.inputs.stamped_preference(self.diagrams, key, wanted, reading)?;
        // A record grants or refuses.
        let used = match (case.used, wanted) {
            (Used::Recorded, Preference::Refused) => {
                let granted = self.inputs.recorded_grants(self.diagrams, self.policy, key)?;
                self.diagrams.not(granted)?
            }
            (Used::Nothing, Preference::Refused) => Diagram::TRUE,
            _ => Diagram::FALSE,
        };
        self.used(case, stamped, used)
    }

    /// Returns what holds of the consent that is used: that of the event where nothing takes its place, or the event's own row drops it.
    fn used(
        &mut self,
        case: &CheckedCase,
        stamped: Diagram,
        used: Diagram,
    ) -> Result<Diagram, TooLargeError> {
        if case.used == Used::Stamped {
            return Ok(stamped);
        }
        let is_dropped = checked::drops(self.diagrams, self.inputs, 0, self.policy)?;
        let own = self.diagrams.and(is_dropped, stamped)?;
        let is_used = self.diagrams.not(is_dropped)?;
        let used = self.diagrams.and(is_used, used)?;
        self.diagrams.or(own, used)
    }
}

/// Returns an event that a promise names and that is no exempt one: all of these are decided alike.
fn other_event<'p>(promise: &'p Promise, inputs: &Inputs) -> Option<&'p str> {
    let named = promise.when.iter().filter_map(|condition| match condition {
        PromiseCondition::Event(names) => Some(names),
        _ => None,
    });
    let lists: Vec<&Vec<String>> = named.collect();
    let first = lists.first()?;
    let is_other = |name: &&String| {
        lists.iter().all(|names| names.contains(name)) && !inputs.named_events.contains(name)
    };
    first.iter().find(is_other).map(String::as_str)
}
