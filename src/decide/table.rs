//! Policy → [`Table`]: the policy in the form that decides fast.
//!
//! Everything that does not depend on the event is worked out here, once: which destinations are enabled, exempt or
//! unmapped, what each pair of states enforces, and the requirements as tables over granted categories.

use super::bits::Bits;
use super::consent_step::ConsentStep;
use super::gate::Gate;
use super::names::Names;
use super::requirements::Requirements;
use super::router::Router;
use crate::event::{ForeignFilter, InstructionSet, Keys};
use crate::fingerprint::{Fingerprint, TooLargeError};
use crate::model::{
    AlsoRecords, CheckResult, ConsentState, Destination, DestinationId, Enforce, EventRole,
    IntegrationsState, InvalidEntries, LedgerCheck, Policy, Preference, Requirement, StateNumber,
};
use std::sync::{Arc, OnceLock};

/// A compiled policy. It is immutable, and any number of threads may decide with one at a time.
///
/// The three usual ways to decide: the line of an event, an event that the caller has read or built, and the granted categories of
/// a person.
///
/// ```
/// use consentry::{Event, Input, Limits, Policy, Table};
///
/// let table = Table::new(Policy::parse(r#"
///     consentry 1
///     policy "acme web"
///     include prelude "segment"
///     category Advertising
///     destination "Google Ads" needs Advertising
/// "#)?);
/// let mut scratch = table.scratch();
///
/// let line = br#"{"context":{"consent":{"categoryPreferences":{"Advertising":false}}}}"#;
/// let verdict = table.decide(Input::line(line), &mut scratch)?.verdict_of("Google Ads").unwrap();
/// assert_eq!((verdict.delivers(), verdict.reason().as_str()), (false, "refused"));
///
/// let event: Event = table.read(line, &Limits::default())?;
/// assert_eq!(table.decide(Input::event(&event), &mut scratch)?.verdict_of("Google Ads"), Some(verdict));
///
/// // Category number 0 is granted.
/// let decision = table.decide(Input::granted(&[0b1]), &mut scratch)?;
/// assert!(decision.verdict_of("Google Ads").unwrap().delivers());
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
    pub(crate) router: Router,
    /// Whether decisions depend on inputs. The table is that of events without them, and each other case has a table of its own.
    pub(super) has_conditions: bool,
    /// The categories that inputs refuse.
    pub(super) refused: Bits,
    /// The categories that are granted whatever the event says.
    pub(crate) always: Bits,
    /// The categories that are granted where an event does not list them, and where it has no preferences.
    pub(super) granted_unlisted: Bits,
    pub(super) granted_unasked: Bits,
    pub(crate) requirements: Requirements,
    /// What the consent step asks of each destination, and those of which it asks the same.
    consent_steps: Vec<ConsentStep>,
    pub(crate) asks_nothing: Bits,
    pub(crate) asks_refuses: Bits,
    pub(crate) is_unenforced: Bits,
    pub(crate) invalid_is_off: bool,
    /// The check against the ledger, if the policy asks for one.
    pub(crate) check: Option<LedgerCheck>,
    /// The categories that the check compares.
    pub(crate) compared: Bits,
    /// Whether identify events may write to the ledger, so that the check has to know them.
    pub(crate) records_identify: bool,
    /// What an event gets that the check drops, by the result of the check.
    drops: [Enforce; CheckResult::ALL.len()],
    named_events: Vec<(String, EventRole)>,
    /// Finds out that an event has nothing foreign.
    pub(super) foreign: ForeignFilter,
    /// The policy with its conditions, which the table of a case shares: its fingerprint names every decision.
    pub(crate) whole: Arc<Policy>,
    /// Calculated by `exact`, at the first call of `fingerprint`.
    pub(crate) fingerprint: Arc<OnceLock<Result<Fingerprint, TooLargeError>>>,
    gate: OnceLock<Gate>,
}

impl Table {
    /// Compiles a policy. This cannot fail: a policy that exists is total.
    pub fn new(policy: impl Into<Arc<Policy>>) -> Table {
        let policy = policy.into();
        let named_events = policy.named_events();
        let (categories, destinations) = (policy.categories(), policy.destinations());
        let steps: Vec<ConsentStep> = destinations.iter().map(|one| ConsentStep::of(&policy, one)).collect();
        let set = |holds: &dyn Fn(&Destination, &ConsentStep) -> bool| {
            let all = destinations.iter().zip(&steps).enumerate();
            Bits::of(destinations.len(), all.filter(|(_, (one, step))| holds(one, step)).map(|(id, _)| id))
        };
        let passing = set(&|one, step| one.exempt.is_some() || *step != ConsentStep::Refuses);
        let exempt = set(&|one, _| one.exempt.is_some());
        let needs = steps.iter().enumerate().filter(|(id, _)| !exempt.contains(*id));
        let needs: Vec<(usize, Requirement)> =
            needs.filter_map(|(id, step)| Some((id, step.requirement()?.clone()))).collect();
        let always = categories.iter().enumerate().filter(|(_, one)| one.is_always());
        let refused = categories.iter().enumerate().filter(|(_, one)| one.refused.is_some());
        let compared = categories.iter().enumerate().filter(|(_, one)| one.is_free());
        let granted_by = |value: Preference| {
            let granted = categories.iter().enumerate().filter(|(_, one)| one.is_granted_by(value));
            Bits::of(categories.len(), granted.map(|(id, _)| id))
        };
        let check = policy.ledger_check();
        let records_identify = check.is_some() && policy.also_records() == AlsoRecords::Identify;
        let keys = Keys::of_event(policy.reading());
        let wire_ids = categories.iter().enumerate();
        let wire_ids = wire_ids.flat_map(|(id, one)| one.wire_ids().map(move |wire_id| (wire_id, id)));
        let names = destinations.iter().enumerate();
        let names = names.flat_map(|(id, one)| one.names().map(move |name| (name, id)));
        let destination_names = Names::new(names);
        Table {
            categories: Names::new(wire_ids),
            cells: ConsentState::ALL.map(|consent| {
                let row = |integrations| policy.reconcile().row(consent, integrations);
                IntegrationsState::ALL.map(|integrations| row(integrations).enforce.value.clone())
            }),
            requirements: Requirements::new(categories.len(), passing, &needs),
            invalid_is_off: policy.invalid_entries().value == InvalidEntries::Off,
            known: set(&|_, _| true),
            enabled: set(&|one, _| one.disabled.is_none()),
            exempt,
            ignores_all: set(&|one, _| policy.kind_of(one).is_some_and(|kind| kind.ignores_all.is_some())),
            router: Router::new(&policy, &destination_names),
            destinations: destination_names,
            asks_nothing: set(&|_, step| *step == ConsentStep::Nothing),
            asks_refuses: set(&|_, step| *step == ConsentStep::Refuses),
            is_unenforced: set(&|_, step| *step == ConsentStep::Unenforced),
            granted_unlisted: granted_by(policy.reading().unlisted()),
            granted_unasked: granted_by(Preference::Unasked),
            has_conditions: policy.has_conditions(),
            refused: Bits::of(categories.len(), refused.map(|(id, _)| id)),
            always: Bits::of(categories.len(), always.map(|(id, _)| id)),
            compared: Bits::of(categories.len(), compared.map(|(id, _)| id)),
            deciding_keys: match records_identify {
                true => keys.clone(),
                false => {
                    Keys::of_decision(policy.reading(), !named_events.is_empty(), policy.has_conditions())
                }
            },
            keys,
            check,
            records_identify,
            named_events,
            instructions: InstructionSet::fastest(),
            drops: CheckResult::ALL.map(|result| Enforce::Drop(result.drop_reason().to_owned())),
            foreign: ForeignFilter::default(),
            whole: policy.clone(),
            fingerprint: Arc::default(),
            gate: OnceLock::new(),
            consent_steps: steps,
            policy,
        }
    }

    /// Returns the table of the events whose inputs have some states.
    pub(super) fn of_case(&self, states: &[StateNumber]) -> Table {
        let given = Table::new(self.policy.given(states, Vec::new()));
        let (whole, fingerprint) = (self.whole.clone(), self.fingerprint.clone());
        Table { whole, fingerprint, ..given }.with_instructions(self.instructions)
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
        let named = self.named_events.iter().find(|(name, _)| is_name(name));
        named.map(|(_, role)| *role).unwrap_or_default()
    }

    /// What the policy makes of an event that is not a track event.
    pub(crate) fn role_without_name(&self, is_identify: bool) -> EventRole {
        EventRole { is_recorded_identify: is_identify && self.records_identify, ..EventRole::default() }
    }

    /// What is enforced for a pair of states, or for any of an event that a check has dropped.
    pub(crate) fn enforce(
        &self,
        dropped: Option<CheckResult>,
        consent: ConsentState,
        integrations: IntegrationsState,
    ) -> &Enforce {
        let drop = dropped.and_then(|dropped| self.drops.get(dropped as usize));
        let cell = || self.cells.get(consent as usize)?.get(integrations as usize);
        // There is a cell for every pair, in the order of the states; the fallback is never taken.
        drop.or_else(cell).unwrap_or(&Enforce::ConsentThenIntegrations)
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
