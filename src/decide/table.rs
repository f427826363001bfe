//! Policy → [`Table`]: the policy in the form that decides fast.
//!
//! Everything that does not depend on the event is worked out here, once: which destinations are enabled, exempt or
//! unmapped, what each pair of states enforces, and the requirements as tables over granted categories.

use super::bits::Bits;
use super::consent_step::ConsentStep;
use super::gate::Gate;
use super::names::Names;
use super::requirements::Requirements;
use crate::event::{InstructionSet, Keys};
use crate::fingerprint::{Fingerprint, TooLargeError};
use crate::model::{
    ConsentState, DestinationId, Enforce, EventRole, IntegrationsState, InvalidEntries, Policy, Preference,
    Requirement,
};
use std::sync::{Arc, OnceLock};

/// A compiled policy. It is immutable, and any number of threads may decide with one at a time.
///
/// ```
/// use consentry::{Limits, Policy, Table};
///
/// let table = Table::new(Policy::parse(r#"
///     consentry 1
///     policy "acme web"
///     include prelude "segment"
///     category Advertising
///     destination "Google Ads" needs Advertising
/// "#)?);
/// let mut scratch = table.scratch();
/// let line = br#"{"context":{"consent":{"categoryPreferences":{"Advertising":false}}}}"#;
/// let event = table.read(line, &Limits::default())?;
/// let decision = table.decide(&event, &mut scratch);
/// let verdict = decision.verdict_of("Google Ads").unwrap();
/// assert!(!verdict.delivers());
/// assert_eq!(verdict.reason().as_str(), "refused");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) policy: Arc<Policy>,
    /// What the fast reader looks for, and the instructions that it uses.
    pub(crate) keys: Keys,
    /// Those of them that decisions depend on.
    pub(crate) deciding_keys: Keys,
    pub(crate) instructions: InstructionSet,
    pub(crate) categories: Names,
    pub(crate) destinations: Names,
    /// What each pair of states enforces: consent state × integrations state.
    cells: [[Enforce; 3]; 5],
    /// Every destination.
    pub(crate) known: Bits,
    pub(crate) enabled: Bits,
    pub(crate) exempt: Bits,
    pub(crate) ignores_all: Bits,
    /// The categories that are granted whatever the event says.
    pub(crate) always: Bits,
    /// Categories that an event does not list are granted.
    pub(crate) unlisted_is_granted: bool,
    pub(crate) requirements: Requirements,
    /// What the consent step asks of each destination, and those of which it asks the same.
    consent_steps: Vec<ConsentStep>,
    pub(crate) asks_nothing: Bits,
    pub(crate) asks_refuses: Bits,
    pub(crate) is_unenforced: Bits,
    pub(crate) invalid_is_off: bool,
    /// What an event gets that a check against a ledger drops, by [`LedgerDrop`].
    drops: [Enforce; LedgerDrop::ALL.len()],
    named_events: Vec<(String, EventRole)>,
    /// Calculated by `exact`, at the first call of `fingerprint`.
    pub(crate) fingerprint: OnceLock<Result<Fingerprint, TooLargeError>>,
    gate: OnceLock<Gate>,
}

/// Why a check against a ledger drops an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LedgerDrop {
    Mismatch,
    Unstamped,
    Unknown,
    Unreachable,
}

impl LedgerDrop {
    const ALL: [LedgerDrop; 4] =
        [LedgerDrop::Mismatch, LedgerDrop::Unstamped, LedgerDrop::Unknown, LedgerDrop::Unreachable];

    /// The reason that the decision carries; of a mismatch the one of the documents.
    fn reason(self) -> &'static str {
        match self {
            LedgerDrop::Mismatch => "Consent mismatch",
            LedgerDrop::Unstamped => "Consent not stamped",
            LedgerDrop::Unknown => "Person not in the ledger",
            LedgerDrop::Unreachable => "Ledger unreachable",
        }
    }
}

impl Table {
    /// Compiles a policy. This cannot fail: a policy that exists is total.
    pub fn new(policy: impl Into<Arc<Policy>>) -> Table {
        let policy = policy.into();
        let named_events = policy.named_events();
        let destinations = policy.destinations();
        let set = |holds: &dyn Fn(DestinationId) -> bool| {
            let mut bits = Bits::new(destinations.len());
            policy.destination_ids().filter(|id| holds(*id)).for_each(|id| bits.insert(id.index()));
            bits
        };
        let destination = |id: DestinationId| policy.destination(id);
        let enabled = set(&|id| destination(id).is_some_and(|one| one.disabled().is_none()));
        let exempt = set(&|id| destination(id).is_some_and(|one| one.exempt().is_some()));
        let ignores_all = set(&|id| {
            destination(id)
                .and_then(|one| policy.kind_of(one))
                .is_some_and(|kind| kind.ignores_all().is_some())
        });
        let steps: Vec<ConsentStep> = destinations.iter().map(|one| ConsentStep::of(&policy, one)).collect();
        let passing =
            set(&|id| exempt.contains(id.index()) || steps.get(id.index()) != Some(&ConsentStep::Refuses));
        let needs: Vec<(usize, Requirement)> = steps
            .iter()
            .enumerate()
            .filter(|(index, _)| !exempt.contains(*index))
            .filter_map(|(index, step)| Some((index, step.requirement()?.clone())))
            .collect();
        let does = |step: &ConsentStep| set(&|id| steps.get(id.index()) == Some(step));
        Table {
            categories: Names::new(
                policy.categories().iter().enumerate().map(|(id, one)| (one.wire_id(), id)),
            ),
            destinations: Names::new(
                destinations.iter().enumerate().flat_map(|(id, one)| one.names().map(move |name| (name, id))),
            ),
            cells: cells(&policy),
            requirements: Requirements::new(policy.categories().len(), passing, &needs),
            invalid_is_off: policy.invalid_entries().value == InvalidEntries::Off,
            known: set(&|_| true),
            asks_nothing: does(&ConsentStep::Nothing),
            asks_refuses: does(&ConsentStep::Refuses),
            is_unenforced: does(&ConsentStep::Unenforced),
            unlisted_is_granted: policy.reading().unlisted() == Preference::Granted,
            enabled,
            exempt,
            ignores_all,
            always: always(&policy),
            consent_steps: steps,
            keys: Keys::of_event(policy.reading()),
            deciding_keys: Keys::of_decision(policy.reading(), !named_events.is_empty()),
            named_events,
            instructions: InstructionSet::fastest(),
            drops: LedgerDrop::ALL.map(|dropped| Enforce::Drop(dropped.reason().to_owned())),
            fingerprint: OnceLock::new(),
            gate: OnceLock::new(),
            policy,
        }
    }

    /// The policy that was compiled.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The same table, for which events are read with other instructions than the fastest. Decisions are the same; this is
    /// for those who compare and measure.
    #[must_use]
    pub fn with_instructions(mut self, instructions: InstructionSet) -> Table {
        self.instructions = instructions;
        self
    }

    /// What the policy makes of a track event by its name.
    pub(crate) fn role(&self, is_name: impl Fn(&str) -> bool) -> EventRole {
        self.named_events
            .iter()
            .find(|(name, _)| is_name(name))
            .map_or(EventRole::default(), |(_, role)| *role)
    }

    /// What is enforced for a pair of states.
    pub(crate) fn enforce(&self, consent: ConsentState, integrations: IntegrationsState) -> &Enforce {
        let cell = self.cells.get(consent as usize).and_then(|row| row.get(integrations as usize));
        // There is a cell for every pair, in the order of the states; the fallback is never taken.
        cell.unwrap_or(&Enforce::ConsentThenIntegrations)
    }

    /// The same for an event that a check has dropped, whatever its states are.
    pub(crate) fn enforce_checked(
        &self,
        dropped: Option<LedgerDrop>,
        consent: ConsentState,
        integrations: IntegrationsState,
    ) -> &Enforce {
        match dropped.and_then(|dropped| self.drops.get(dropped as usize)) {
            Some(drop) => drop,
            None => self.enforce(consent, integrations),
        }
    }

    /// What the policy says of its gate. It is worked out the first time that somebody asks.
    pub(crate) fn gate(&self) -> &Gate {
        self.gate.get_or_init(|| self.gate_if(&|id| self.enabled.contains(id.index())))
    }

    /// Returns the gate if these destinations are not disabled, and no others.
    pub(crate) fn gate_if(&self, is_enabled: &dyn Fn(DestinationId) -> bool) -> Gate {
        Gate::of(&self.policy, &self.consent_steps, is_enabled)
    }

    pub(crate) fn consent_step(&self, destination: DestinationId) -> &ConsentStep {
        self.consent_steps.get(destination.index()).unwrap_or(&ConsentStep::Refuses)
    }
}

/// The categories that are granted whatever the event says.
fn always(policy: &Policy) -> Bits {
    let mut always = Bits::new(policy.categories().len());
    for (index, category) in policy.categories().iter().enumerate() {
        if category.is_always() {
            always.insert(index);
        }
    }
    always
}

fn cells(policy: &Policy) -> [[Enforce; 3]; 5] {
    let cell = |consent, integrations| policy.reconcile().row(consent, integrations).enforce.value.clone();
    ConsentState::ALL.map(|consent| IntegrationsState::ALL.map(|integrations| cell(consent, integrations)))
}
