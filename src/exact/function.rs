//! A policy's decision for one destination, as a function of everything that can matter to it.

use super::diagram::{Diagram, Diagrams, MAX_STEPS};
use super::formula::{Formula, Satisfied};
use super::inputs::{ALL, ENTRIES, Inputs, StampedGrants, place_of};
use crate::event::{Entry, Event};
use crate::fingerprint::TooLargeError;
use crate::model::{
    Category, ConsentState, Destination, DestinationId, IntegrationsState, InvalidEntries, Policy, Steps,
    UnmappedDestinations,
};
use crate::reason::{Outcome, Reason};
use crate::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// The decision for one destination in every event at once: exact also where there are too many events to list.
///
/// ```
/// use consentry::exact::DecisionFunction;
/// use consentry::{Event, Limits, Policy};
///
/// // Forty categories have more combinations than fit into a list.
/// let categories: String = (0..40).map(|number| format!("category C{number} ")).collect();
/// let names: Vec<String> = (0..40).map(|number| format!("C{number}")).collect();
/// let text = format!(
///     r#"consentry 1 policy "p" include prelude "segment" {categories} destination "X" needs {}"#,
///     names.join(", ")
/// );
/// let policy = Policy::parse(&text)?;
/// let decision = DecisionFunction::new(&policy, policy.destination_named("X").unwrap())?.unwrap();
/// let refusal = br#"{"context":{"consent":{"categoryPreferences":{"C7":false}}}}"#;
/// let event = Event::read(refusal, policy.reading(), &Limits::default())?;
/// assert_eq!(decision.verdict(&event).unwrap().refused().len(), 40);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DecisionFunction<'p> {
    policy: &'p Policy,
    pub(super) inputs: Inputs,
    pub(super) diagrams: Diagrams,
    pub(super) function: Function,
}

impl<'p> DecisionFunction<'p> {
    /// Makes the function of a destination; `None` for one that the policy does not have.
    ///
    /// # Errors
    ///
    /// [`TooLargeError`] for a requirement whose decision has no diagram of reasonable size.
    pub fn new(policy: &'p Policy, destination: DestinationId) -> Result<Option<Self>, TooLargeError> {
        let Some(declared) = policy.destination(destination) else { return Ok(None) };
        let inputs = Inputs::of(&[(policy, destination)]);
        DecisionFunction::over(inputs, MAX_STEPS, policy, declared).map(Some)
    }

    /// Makes the function over some inputs of the policy, in so many steps at most.
    pub(super) fn over(
        inputs: Inputs,
        max_steps: usize,
        policy: &'p Policy,
        destination: &Destination,
    ) -> Result<Self, TooLargeError> {
        let mut diagrams = Diagrams::at_most(inputs.values(), max_steps)?;
        let function = function(&mut diagrams, &inputs, 0, policy, destination, Used::Stamped)?;
        Ok(DecisionFunction { policy, inputs, diagrams, function })
    }

    pub(super) fn from_parts(
        policy: &'p Policy,
        inputs: Inputs,
        diagrams: Diagrams,
        function: Function,
    ) -> Self {
        DecisionFunction { policy, inputs, diagrams, function }
    }

    /// Returns the verdict on an event; `None` for one that the policy reads no event as.
    pub fn verdict(&self, event: &Event<'_>) -> Option<Verdict> {
        let values = self.inputs.values_of(&[event])?;
        let refused = self.refused(&values);
        let is_refused = |category: &Category| refused.iter().any(|key| key == category.key());
        let categories = self.policy.category_ids().zip(self.policy.categories());
        let refused = categories.filter(|(_, category)| is_refused(category)).map(|(id, _)| id).collect();
        Some(Verdict::new(self.reason(&values), refused))
    }

    /// Returns the reason at a value of each input.
    pub(super) fn reason(&self, values: &[usize]) -> Reason {
        self.function.reason_at(&self.diagrams, values)
    }

    /// Returns the wire ids that a refusal names at a value of each input, sorted.
    fn refused(&self, values: &[usize]) -> Vec<String> {
        self.function.refused_at(&self.diagrams, values)
    }
}

/// The decision for one destination.
#[derive(Debug)]
pub(crate) struct Function {
    /// The reason, by its place among [`Reason::ALL`].
    pub(crate) reason: Diagram,
    /// The condition that a refusal names a category, by its wire id.
    pub(crate) refused: BTreeMap<String, Diagram>,
}

impl Function {
    /// Returns the reason at a value of each input.
    pub(super) fn reason_at(&self, diagrams: &Diagrams, values: &[usize]) -> Reason {
        reason(diagrams.at(self.reason, values))
    }

    /// Returns the wire ids that a refusal names there.
    pub(super) fn refused_at(&self, diagrams: &Diagrams, values: &[usize]) -> Vec<String> {
        let named = self.refused.iter().filter(|(_, named)| diagrams.at(**named, values) == 1);
        named.map(|(key, _)| key.clone()).collect()
    }

    /// Returns the condition that the destination receives the event.
    pub(super) fn delivers(&self, diagrams: &mut Diagrams) -> Result<Diagram, TooLargeError> {
        diagrams.map(self.reason, &|leaf| u32::from(passes(leaf)))
    }
}

/// Returns the value of a reason's leaf.
fn value(reason: Reason) -> u32 {
    place_of(&Reason::ALL, &reason) as u32
}

fn leaf(reason: Reason) -> Diagram {
    Diagram::leaf(value(reason))
}

/// Returns the reason of a leaf.
pub(crate) fn reason(leaf: u32) -> Reason {
    Reason::ALL.get(leaf as usize).copied().unwrap_or(Reason::Dropped)
}

fn passes(leaf: u32) -> bool {
    reason(leaf).outcome() == Outcome::Deliver
}

/// The consent that an event is decided with, after its check against the ledger. An event that its own row drops keeps its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Used {
    /// What the event says, as without a check.
    Stamped,
    /// What is recorded of the person; the state is `answered`.
    Recorded,
    /// Nothing is granted; the state is `answered`.
    Nothing,
}

/// Returns the decision of the policy that is the `which`th of the inputs, with the consent that is used.
pub(crate) fn function(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    which: usize,
    policy: &Policy,
    destination: &Destination,
    used: Used,
) -> Result<Function, TooLargeError> {
    let mut builder = Builder { diagrams, inputs, which, policy, destination, used };
    let steps = builder.steps()?;
    let mut known: BTreeMap<&StampedGrants, ConsentOutcome> = BTreeMap::new();
    let mut by_form = Vec::new();
    for form in &inputs.granted {
        let granted = form.get(which).filter(|_| used == Used::Stamped).unwrap_or(&StampedGrants::Listed);
        if !known.contains_key(granted) {
            known.insert(granted, builder.consent(granted)?);
        }
        by_form.push(granted);
    }
    let mut by_shape = Vec::new();
    for (shape, granted) in inputs.shapes.iter().zip(&by_form) {
        let state = shape.states.get(which).copied().unwrap_or(ConsentState::Malformed);
        let consent = known.get(granted).map_or(Diagram::FALSE, |outcome| outcome.reason);
        let mut by_integrations = Vec::new();
        for integrations in IntegrationsState::ALL {
            let is_dropped = policy.reconcile().row(state, integrations).drop_reason().is_some();
            let state = if used == Used::Stamped || is_dropped { state } else { ConsentState::Answered };
            by_integrations.push(builder.cell(state, integrations, consent, &steps)?);
        }
        by_shape.push(builder.diagrams.node(Inputs::INTEGRATIONS, &by_integrations)?);
    }
    let whole = builder.diagrams.node(Inputs::CONSENT, &by_shape)?;
    let mut refused = BTreeMap::new();
    let is_refused = builder.diagrams.map(whole, &|leaf| u32::from(reason(leaf) == Reason::Refused))?;
    let keys: BTreeSet<&String> = known.values().flat_map(|outcome| outcome.named.keys()).collect();
    for key in keys {
        let named =
            by_form.iter().map(|granted| known.get(granted).and_then(|outcome| outcome.named.get(key)));
        let named: Vec<Diagram> = named.map(|named| named.copied().unwrap_or(Diagram::FALSE)).collect();
        let named = builder.diagrams.node(Inputs::CONSENT, &named)?;
        let named = builder.diagrams.and(is_refused, named)?;
        // A category that no refusal names is as good as none.
        if named != Diagram::FALSE {
            refused.insert(key.clone(), named);
        }
    }
    Ok(Function { reason: whole, refused })
}

/// Returns the decision about a dropped event.
pub(super) fn dropped(destination: &Destination) -> Function {
    let reason = if destination.disabled.is_some() { Reason::Disabled } else { Reason::Dropped };
    Function { reason: leaf(reason), refused: BTreeMap::new() }
}

struct Builder<'b> {
    diagrams: &'b mut Diagrams,
    inputs: &'b Inputs,
    which: usize,
    policy: &'b Policy,
    destination: &'b Destination,
    used: Used,
}

/// The steps of section 3 of the semantics, each by itself.
struct StepDiagrams {
    /// The integrations step, and the own entry alone, where the object is present; a leaf of a reason that
    /// delivers stands for passing.
    integrations: Diagram,
    listed: Diagram,
}

/// What the consent step comes to.
struct ConsentOutcome {
    /// The reason with which it passes or blocks.
    reason: Diagram,
    /// By key, whether the category is not granted in a group that is not satisfied.
    named: BTreeMap<String, Diagram>,
}

const PASS: Reason = Reason::NotEnforced;

impl Builder<'_> {
    fn steps(&mut self) -> Result<StepDiagrams, TooLargeError> {
        let own = self.own_entry()?;
        let entry = |place: u32| ENTRIES.get(place as usize).copied().flatten();
        let ignores_all = self.policy.kind_of(self.destination).and_then(|kind| kind.ignores_all).is_some();
        let is_off = ALL.map(|entry| Diagram::leaf(u32::from(self.counted(entry) == Some(Entry::Off))));
        let all_off = self.diagrams.node(self.inputs.all_entry(), &is_off)?;
        let integrations = self.diagrams.join(own, all_off, &|own, all_off| {
            value(match entry(own) {
                Some(Entry::Off) => Reason::IntegrationOff,
                None if all_off == 1 && !ignores_all => Reason::IntegrationAllOff,
                _ => PASS,
            })
        })?;
        let listed = self.diagrams.map(own, &|own| {
            value(match entry(own) {
                Some(Entry::On) => PASS,
                Some(Entry::Off) => Reason::IntegrationOff,
                _ => Reason::IntegrationUnlisted,
            })
        })?;
        Ok(StepDiagrams { integrations, listed })
    }

    /// Returns what the entries under all of the destination's names come to: "`off` wins, then `on`", and what cannot be read is what
    /// the setting says.
    fn own_entry(&mut self) -> Result<Diagram, TooLargeError> {
        let place = |entry: Option<Entry>| place_of(&ENTRIES, &entry) as u32;
        let mut counts = ENTRIES.map(|entry| Diagram::leaf(place(self.counted(entry)))).to_vec();
        // What is there twice is off where what cannot be read is.
        counts.push(Diagram::leaf(place(self.counted(Some(Entry::Invalid)).or(Some(Entry::On)))));
        let (on, off) = (place(Some(Entry::On)), place(Some(Entry::Off)));
        let mut whole = Diagram::leaf(place(None));
        for (index, name) in self.inputs.names.iter().enumerate() {
            if !self.destination.names().any(|own| own == name) {
                continue;
            }
            let variable = Inputs::FIRST_NAME + index;
            let count = self.diagrams.count_of(variable);
            let one = self.diagrams.node(variable, counts.get(..count).unwrap_or_default())?;
            whole = self.diagrams.join(whole, one, &|whole, one| match (whole, one) {
                _ if whole == off || one == off => off,
                _ if whole == on || one == on => on,
                _ => place(None),
            })?;
        }
        Ok(whole)
    }

    /// Returns what an entry counts as.
    fn counted(&self, entry: Option<Entry>) -> Option<Entry> {
        match (entry, self.policy.invalid_entries().value) {
            (Some(Entry::Invalid), InvalidEntries::Off) => Some(Entry::Off),
            (Some(Entry::Invalid), InvalidEntries::Unlisted) => None,
            (entry, _) => entry,
        }
    }

    /// §3, step 3.
    fn consent(&mut self, stamped: &StampedGrants) -> Result<ConsentOutcome, TooLargeError> {
        if self.destination.exempt.is_some() {
            return Ok(ConsentOutcome { reason: leaf(Reason::Exempt), named: BTreeMap::new() });
        }
        let formula = Formula::of_destination(self.destination, self.policy);
        let (reason, named) =
            match (formula, self.destination.requirement(), self.policy.unmapped_destinations().value) {
                (Some(formula), ..) => {
                    let Satisfied { whole, named } = self.satisfied(&formula, stamped)?;
                    let reason = self.diagrams.map(whole, &|satisfied| {
                        value(if satisfied == 1 { Reason::Consented } else { Reason::Refused })
                    })?;
                    (reason, named)
                }
                (None, Some(_), _) => (leaf(Reason::Unenforced), BTreeMap::new()),
                (None, None, UnmappedDestinations::Deliver) => (leaf(Reason::Unmapped), BTreeMap::new()),
                (None, None, UnmappedDestinations::Block) => (leaf(Reason::UnmappedDenied), BTreeMap::new()),
            };
        let exempt = &self.policy.exempt_events().value;
        let is_exempt = |name: &String| exempt.iter().any(|exempt| exempt.value == *name);
        let by_event = (0..self.diagrams.count_of(Inputs::EVENT)).map(|event| {
            let is_exempt = self.inputs.named_event(event).is_some_and(is_exempt);
            if is_exempt { leaf(Reason::Exempt) } else { reason }
        });
        let by_event: Vec<Diagram> = by_event.collect();
        Ok(ConsentOutcome { reason: self.diagrams.node(Inputs::EVENT, &by_event)?, named })
    }

    /// Returns whether a formula is satisfied, and what it names where it is not.
    fn satisfied(&mut self, formula: &Formula, stamped: &StampedGrants) -> Result<Satisfied, TooLargeError> {
        let (inputs, used, policy) = (self.inputs, self.used, self.policy);
        let granted = |diagrams: &mut Diagrams, key: &str| match (used, stamped) {
            (Used::Stamped, StampedGrants::Constant(granted)) => Ok(Diagram::truth(granted.contains(key))),
            (Used::Stamped, StampedGrants::Listed) => inputs.listed_grants(diagrams, key),
            (Used::Recorded, _) => inputs.recorded_grants(diagrams, policy, key),
            (Used::Nothing, _) => Ok(Diagram::FALSE),
        };
        let mut satisfied = formula.satisfied(self.diagrams, &granted)?;
        if *stamped == StampedGrants::Listed && self.inputs.requirements.is_some() {
            satisfied.named = BTreeMap::new();
            if let Some(variable) = self.inputs.requirement_var(|one| one.is_of(self.which)) {
                satisfied.whole = self.diagrams.literal(variable)?;
            }
        }
        Ok(satisfied)
    }

    /// §2: what a cell of the table makes of the steps.
    fn cell(
        &mut self,
        state: ConsentState,
        integrations: IntegrationsState,
        consent: Diagram,
        steps: &StepDiagrams,
    ) -> Result<Diagram, TooLargeError> {
        if self.destination.disabled.is_some() {
            return Ok(leaf(Reason::Disabled));
        }
        // "In the states `none` and `malformed` the integrations object has no members."
        let (step, listed) = match integrations {
            IntegrationsState::Present => (steps.integrations, steps.listed),
            _ => (leaf(PASS), leaf(Reason::IntegrationUnlisted)),
        };
        let mut cell = Cell { diagrams: self.diagrams, consent, integrations: step, listed };
        self.policy.reconcile().row(state, integrations).enforce.value.fold(&mut cell)
    }
}

/// The steps of a cell of the reconcile table.
struct Cell<'c> {
    diagrams: &'c mut Diagrams,
    consent: Diagram,
    integrations: Diagram,
    listed: Diagram,
}

impl Steps for Cell<'_> {
    type Value = Result<Diagram, TooLargeError>;

    fn nothing(&mut self) -> Self::Value {
        Ok(leaf(Reason::NotEnforced))
    }

    fn drop(&mut self) -> Self::Value {
        Ok(leaf(Reason::Dropped))
    }

    fn consent(&mut self) -> Self::Value {
        Ok(self.consent)
    }

    fn integrations(&mut self) -> Self::Value {
        Ok(self.integrations)
    }

    fn listed(&mut self) -> Self::Value {
        Ok(self.listed)
    }

    fn then(&mut self, first: Self::Value, second: Self::Value) -> Self::Value {
        self.diagrams.join(first?, second?, &|first, second| {
            if passes(first) && !passes(second) { second } else { first }
        })
    }

    fn or(&mut self, first: Self::Value, second: Self::Value) -> Self::Value {
        self.diagrams.join(first?, second?, &|first, second| {
            if !passes(first) && passes(second) { value(Reason::IntegrationGranted) } else { first }
        })
    }
}
