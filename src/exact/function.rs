//! A policy's decision for one destination, as a function of everything that can matter to it.

use super::diagram::{Diagram, Diagrams};
use super::formula::{Formula, Satisfied};
use super::inputs::{ALL, ENTRIES, Inputs};
use crate::event::Entry;
use crate::fingerprint::TooLarge;
use crate::model::{
    ConsentState, Destination, Enforce, IntegrationsState, InvalidEntries, Policy, Requirement,
    UnmappedDestinations,
};
use crate::reason::{Outcome, Reason};
use std::collections::BTreeMap;

/// The decision for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// The reason, by its place among [`Reason::ALL`].
    pub(crate) reason: Diagram,
    /// For each category that a refusal may name, by its wire id: whether it does.
    pub(crate) refused: BTreeMap<String, Diagram>,
}

/// The leaf of a reason.
pub(crate) fn leaf(reason: Reason) -> Diagram {
    let place = Reason::ALL.iter().position(|one| *one == reason).unwrap_or(0);
    Diagram::leaf(u32::try_from(place).unwrap_or(0))
}

/// The reason of a leaf.
pub(crate) fn reason(leaf: u32) -> Reason {
    Reason::ALL.get(leaf as usize).copied().unwrap_or(Reason::Dropped)
}

fn passes(leaf: u32) -> bool {
    reason(leaf).outcome() == Outcome::Deliver
}

/// The decision of the policy that is the `which`th of the inputs.
pub(crate) fn function(
    diagrams: &mut Diagrams,
    inputs: &Inputs,
    which: usize,
    policy: &Policy,
    destination: &Destination,
) -> Result<Function, TooLarge> {
    let mut builder = Builder { diagrams, inputs, which, policy, destination };
    let steps = builder.steps()?;
    let mut by_shape = Vec::new();
    for shape in &inputs.shapes {
        let state = shape.states.get(which).copied().unwrap_or(ConsentState::Malformed);
        let mut by_integrations = Vec::new();
        for integrations in IntegrationsState::ALL {
            by_integrations.push(builder.cell(state, integrations, &steps)?);
        }
        by_shape.push(builder.diagrams.node(Inputs::INTEGRATIONS, &by_integrations)?);
    }
    let whole = builder.diagrams.node(Inputs::CONSENT, &by_shape)?;
    let mut refused = BTreeMap::new();
    let refusal = leaf(Reason::Refused);
    let is_refused = builder.diagrams.map(whole, &|value| u32::from(Diagram::leaf(value) == refusal))?;
    for (wire_id, named) in steps.answered.named {
        let without = steps.not_answered.named.get(&wire_id).copied().unwrap_or(Diagram::FALSE);
        let mut by_shape = Vec::new();
        for shape in &inputs.shapes {
            let is_answered = shape.states.get(which) == Some(&ConsentState::Answered);
            by_shape.push(if is_answered { named } else { without });
        }
        let named = builder.diagrams.node(Inputs::CONSENT, &by_shape)?;
        let named = builder.diagrams.and(is_refused, named)?;
        // A category that no refusal names is as good as none.
        if named != Diagram::FALSE {
            refused.insert(wire_id, named);
        }
    }
    Ok(Function { reason: whole, refused })
}

struct Builder<'b> {
    diagrams: &'b mut Diagrams,
    inputs: &'b Inputs,
    which: usize,
    policy: &'b Policy,
    destination: &'b Destination,
}

/// The steps of section 3 of the semantics, each by itself.
struct Steps {
    /// The consent step in the state `answered`, and in the others.
    answered: ConsentStep,
    not_answered: ConsentStep,
    /// What comes of the integrations step, and of the own entry alone, where the object is present; a leaf of a reason that
    /// delivers stands for passing.
    integrations: Diagram,
    listed: Diagram,
}

struct ConsentStep {
    /// The reason with which it passes or blocks.
    reason: Diagram,
    /// By wire id, whether the category is not granted in a group that is not satisfied.
    named: BTreeMap<String, Diagram>,
}

const PASS: Reason = Reason::NotEnforced;

impl Builder<'_> {
    fn steps(&mut self) -> Result<Steps, TooLarge> {
        let own = self.own_entry()?;
        let (on, off) = (
            ENTRIES.iter().position(|one| *one == Some(Entry::On)),
            ENTRIES.iter().position(|one| *one == Some(Entry::Off)),
        );
        let is = |value: u32, place: Option<usize>| place.is_some_and(|place| place as u32 == value);
        let ignores_all = self.policy.kind_of(self.destination).and_then(|kind| kind.ignores_all()).is_some();
        let all_off = self.all_off()?;
        let integrations = self.diagrams.join(own, all_off, &|own, all_off| {
            let block = match own {
                _ if is(own, off) => Reason::IntegrationOff,
                _ if is(own, on) => PASS,
                _ if all_off == 1 && !ignores_all => Reason::IntegrationAllOff,
                _ => PASS,
            };
            value(block)
        })?;
        let listed = self.diagrams.map(own, &|own| {
            value(match own {
                _ if is(own, on) => PASS,
                _ if is(own, off) => Reason::IntegrationOff,
                _ => Reason::IntegrationUnlisted,
            })
        })?;
        Ok(Steps { answered: self.consent(true)?, not_answered: self.consent(false)?, integrations, listed })
    }

    /// What the entries under all of the destination's names come to: "`off` wins, then `on`", and what cannot be read is what
    /// the setting says.
    fn own_entry(&mut self) -> Result<Diagram, TooLarge> {
        let invalid = self.invalid();
        let place = |entry: Option<Entry>| ENTRIES.iter().position(|one| *one == entry).unwrap_or(0) as u32;
        let mut counts = ENTRIES
            .map(|entry| Diagram::leaf(place(if entry == Some(Entry::Invalid) { invalid } else { entry })))
            .to_vec();
        // What is there twice is off where what cannot be read is.
        counts.push(Diagram::leaf(place(invalid.or(Some(Entry::On)))));
        let (on, off) = (place(Some(Entry::On)), place(Some(Entry::Off)));
        let mut whole = Diagram::leaf(place(None));
        for (index, name) in self.inputs.names.iter().enumerate() {
            if !self.destination.names().any(|own| own == name) {
                continue;
            }
            let variable = Inputs::FIRST_NAME + index;
            let count = self.diagrams.values().get(variable).copied().unwrap_or(0);
            let one = self.diagrams.node(variable, counts.get(..count).unwrap_or_default())?;
            whole = self.diagrams.join(whole, one, &|whole, one| match (whole, one) {
                _ if whole == off || one == off => off,
                _ if whole == on || one == on => on,
                _ => place(None),
            })?;
        }
        Ok(whole)
    }

    fn all_off(&mut self) -> Result<Diagram, TooLarge> {
        let invalid = self.invalid();
        let is_off = ALL.map(|entry| {
            let entry = if entry == Some(Entry::Invalid) { invalid } else { entry };
            Diagram::leaf(u32::from(entry == Some(Entry::Off)))
        });
        self.diagrams.node(self.inputs.all_entry(), &is_off)
    }

    fn invalid(&self) -> Option<Entry> {
        match self.policy.invalid_entries().value {
            InvalidEntries::Off => Some(Entry::Off),
            InvalidEntries::Unlisted => None,
        }
    }

    /// §3, step 3.
    fn consent(&mut self, answered: bool) -> Result<ConsentStep, TooLarge> {
        if self.destination.exempt().is_some() {
            return Ok(ConsentStep { reason: leaf(Reason::Exempt), named: BTreeMap::new() });
        }
        let (reason, named) = match self.destination.requirement() {
            None => {
                let reason = match self.policy.unmapped_destinations().value {
                    UnmappedDestinations::Deliver => Reason::Unmapped,
                    UnmappedDestinations::Block => Reason::UnmappedDenied,
                };
                (leaf(reason), BTreeMap::new())
            }
            Some(requirement) => match self.asked(requirement, answered)? {
                None => (leaf(Reason::Unenforced), BTreeMap::new()),
                Some(Satisfied { whole, named }) => {
                    let reason = self.diagrams.map(whole, &|satisfied| {
                        value(if satisfied == 1 { Reason::Consented } else { Reason::Refused })
                    })?;
                    (reason, named)
                }
            },
        };
        let exempt = self.inputs.exempt_events.iter().map(|name| {
            let mut names = self.policy.exempt_events().value.iter();
            if names.any(|exempt| exempt.value == *name) { leaf(Reason::Exempt) } else { reason }
        });
        let by_event: Vec<Diagram> = std::iter::once(reason).chain(exempt).collect();
        Ok(ConsentStep { reason: self.diagrams.node(Inputs::EXEMPT_EVENT, &by_event)?, named })
    }

    /// Whether a requirement is satisfied, and what it names where it is not; `None` where it vanishes whole.
    fn asked(&mut self, requirement: &Requirement, answered: bool) -> Result<Option<Satisfied>, TooLarge> {
        let Some(formula) = Formula::of(requirement, self.policy) else { return Ok(None) };
        let need = self.inputs.requirement_var(self.which).filter(|_| answered);
        let variable = |wire_id: &str| self.inputs.category(wire_id).filter(|_| answered);
        let mut asked = formula.satisfied(self.diagrams, &variable)?;
        if let Some(need) = need {
            asked.whole = self.diagrams.node(need, &[Diagram::FALSE, Diagram::TRUE])?;
        }
        if answered && self.inputs.requirements.is_some() {
            asked.named = BTreeMap::new();
        }
        Ok(Some(asked))
    }

    /// §2: what a cell of the table makes of the steps.
    fn cell(
        &mut self,
        state: ConsentState,
        integrations: IntegrationsState,
        steps: &Steps,
    ) -> Result<Diagram, TooLarge> {
        if self.destination.disabled().is_some() {
            return Ok(leaf(Reason::Disabled));
        }
        let consent = match state {
            ConsentState::Answered => steps.answered.reason,
            _ => steps.not_answered.reason,
        };
        // "In the states `none` and `malformed` the integrations object has no members."
        let (step, listed) = match integrations {
            IntegrationsState::Present => (steps.integrations, steps.listed),
            _ => (leaf(PASS), leaf(Reason::IntegrationUnlisted)),
        };
        match self.policy.reconcile().row(state, integrations).enforce {
            Enforce::Nothing => Ok(leaf(Reason::NotEnforced)),
            Enforce::Integrations => Ok(step),
            Enforce::ListedIntegrations => Ok(listed),
            Enforce::Consent => Ok(consent),
            Enforce::ConsentThenIntegrations => self.then(consent, step),
            Enforce::ConsentOrIntegrations => self.granted_by(consent, step),
            Enforce::ConsentOrListedThenIntegrations => {
                let first = self.granted_by(consent, listed)?;
                self.then(first, step)
            }
            Enforce::Drop(_) => Ok(leaf(Reason::Dropped)),
        }
    }

    /// "Joined by `then`, the first block decides."
    fn then(&mut self, first: Diagram, step: Diagram) -> Result<Diagram, TooLarge> {
        self.diagrams
            .join(first, step, &|first, step| if passes(first) && !passes(step) { step } else { first })
    }

    /// `integration_granted` where only the second passes.
    fn granted_by(&mut self, consent: Diagram, other: Diagram) -> Result<Diagram, TooLarge> {
        self.diagrams.join(consent, other, &|consent, other| {
            if !passes(consent) && passes(other) { value(Reason::IntegrationGranted) } else { consent }
        })
    }
}

/// The value of a reason's leaf.
fn value(reason: Reason) -> u32 {
    leaf(reason).value().unwrap_or(0)
}
