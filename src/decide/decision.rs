//! What was decided for one event.

use super::Facts;
use super::facts::ALL;
use super::rewrite::Found;
use crate::event::{ConsentState, Event, IntegrationsState, Name, Parts};
use crate::model::{DestinationId, Enforce, Policy};
use crate::table::{Asks, Bits, Table, missing};
use crate::verdict::{Outcome, Reason, Verdict};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The decision about one event: who receives it, and why (section 7 of the semantics).
///
/// Which destinations are delivered is settled; reasons are worked out when asked for.
#[derive(Debug, Clone)]
pub struct Decision<'d> {
    table: &'d Table,
    seen: Seen<'d>,
    facts: Facts<'d>,
    deliver: &'d Bits,
}

/// What was seen of the event.
#[derive(Debug, Clone)]
pub(super) enum Seen<'d> {
    /// An event of the caller's.
    Event(&'d Event<'d>),
    /// Its parts, as text; they become an event when somebody asks for it.
    Parts(Option<Parts<'d>>, OnceLock<Box<Event<'d>>>),
}

impl<'d> Seen<'d> {
    /// Nothing of an event: the caller knew the facts.
    pub(super) fn nothing() -> Self {
        Seen::Parts(None, OnceLock::new())
    }

    pub(super) fn parts(parts: Parts<'d>) -> Self {
        Seen::Parts(Some(parts), OnceLock::new())
    }

    pub(super) fn owned(event: Event<'d>) -> Self {
        Seen::Parts(None, OnceLock::from(Box::new(event)))
    }

    /// The integrations objects of the event, as far as they were found.
    pub(super) fn integrations(&self) -> Found<'d> {
        match self {
            Seen::Parts(Some(parts), _) => Found::One(parts.integrations),
            _ => Found::Unknown,
        }
    }

    fn event(&self) -> &Event<'d> {
        match self {
            Seen::Event(event) => event,
            // A part that is no JSON has no facts, so this decision would not be.
            Seen::Parts(parts, event) => {
                event.get_or_init(|| Box::new(parts.and_then(|parts| parts.event()).unwrap_or_default()))
            }
        }
    }
}

impl<'d> Decision<'d> {
    #[inline]
    pub(super) fn new(table: &'d Table, seen: Seen<'d>, facts: Facts<'d>, deliver: &'d Bits) -> Self {
        Decision { table, seen, facts, deliver }
    }

    /// The policy that decided.
    pub fn policy(&self) -> &'d Policy {
        self.table.policy()
    }

    /// The event that was decided.
    pub fn event(&self) -> &Event<'d> {
        self.seen.event()
    }

    /// The facts that the decision depends on.
    pub fn facts(&self) -> &Facts<'d> {
        &self.facts
    }

    /// The state of the event's consent object.
    pub fn consent(&self) -> ConsentState {
        self.facts().consent
    }

    /// The state of the event's integrations object.
    pub fn integrations(&self) -> IntegrationsState {
        self.facts().integrations
    }

    /// Why the whole event is dropped, if it is.
    pub fn drop_reason(&self) -> Option<&'d str> {
        match self.table.enforce(self.consent(), self.integrations()) {
            Enforce::Drop(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether a destination receives the event. A destination that the policy does not have receives nothing.
    pub fn delivers(&self, destination: DestinationId) -> bool {
        self.deliver.contains(destination.index())
    }

    /// The destinations that receive the event, in declaration order.
    pub fn delivered(&self) -> impl Iterator<Item = DestinationId> + 'd {
        self.deliver.iter().map(DestinationId::new)
    }

    /// Outcome and reason for a destination; `None` for one that the policy does not have.
    pub fn verdict(&self, destination: DestinationId) -> Option<Verdict> {
        self.policy().destination(destination)?;
        let reason = self.reason(destination);
        let mut refused = Vec::new();
        if let (Reason::Refused, Asks::Needs(requirement)) = (reason, self.table.asks(destination)) {
            missing(requirement, &self.facts.choices.granted, &mut refused);
            refused.sort_unstable();
            refused.dedup();
        }
        Some(Verdict::new(reason, refused))
    }

    /// Outcome and reason for a destination by its own name.
    pub fn verdict_of(&self, name: &str) -> Option<Verdict> {
        let named =
            self.table.destinations.ids(name.as_bytes()).iter().map(|id| DestinationId::new(*id as usize));
        // A further name does not count.
        let own = |id: &DestinationId| self.policy().destination(*id).is_some_and(|one| one.name() == name);
        self.verdict(named.into_iter().find(own)?)
    }

    /// Outcome and reason for every destination, in declaration order.
    pub fn verdicts(&self) -> impl Iterator<Item = (DestinationId, Verdict)> {
        self.policy().destination_ids().filter_map(|id| self.verdict(id).map(|verdict| (id, verdict)))
    }

    /// Names of preferences that no category claims, sorted, each once.
    pub fn unknown_categories(&self) -> BTreeSet<&Name<'_>> {
        let names = self.event().consent.preferences().iter().map(|(name, _)| name);
        names.filter(|name| self.table.categories.ids(name.as_bytes()).is_empty()).collect()
    }

    /// Names of integrations entries that no destination claims, sorted, each once.
    pub fn unknown_integrations(&self) -> BTreeSet<&Name<'_>> {
        let names = self.event().integrations.entries().iter().map(|(name, _)| name);
        names
            .filter(|name| name.as_bytes() != ALL && self.table.destinations.ids(name.as_bytes()).is_empty())
            .collect()
    }

    /// The steps of section 3, in their order.
    fn reason(&self, destination: DestinationId) -> Reason {
        let index = destination.index();
        let facts = self.facts();
        if !self.table.enabled.contains(index) {
            return Reason::Disabled;
        }
        let consent = self.consent_step(destination);
        let integrations = self.integrations_step(destination);
        let listed = facts.listed.on.contains(index);
        let blocked = |reason: Reason| !matches!(reason.outcome(), Outcome::Deliver);
        match self.table.enforce(facts.consent, facts.integrations) {
            Enforce::Drop(_) => Reason::Dropped,
            Enforce::Nothing => Reason::NotEnforced,
            Enforce::Integrations => integrations.unwrap_or(Reason::NotEnforced),
            Enforce::ListedIntegrations if listed => Reason::NotEnforced,
            Enforce::ListedIntegrations if facts.listed.off.contains(index) => Reason::IntegrationOff,
            Enforce::ListedIntegrations => Reason::IntegrationUnlisted,
            Enforce::Consent => consent,
            Enforce::ConsentThenIntegrations if blocked(consent) => consent,
            Enforce::ConsentThenIntegrations => integrations.unwrap_or(consent),
            Enforce::ConsentOrIntegrations if blocked(consent) && integrations.is_none() => {
                Reason::IntegrationGranted
            }
            Enforce::ConsentOrIntegrations => consent,
            Enforce::ConsentOrListedThenIntegrations if blocked(consent) && !listed => consent,
            Enforce::ConsentOrListedThenIntegrations if blocked(consent) => {
                integrations.unwrap_or(Reason::IntegrationGranted)
            }
            Enforce::ConsentOrListedThenIntegrations => integrations.unwrap_or(consent),
        }
    }

    fn consent_step(&self, destination: DestinationId) -> Reason {
        let index = destination.index();
        if self.facts().exempt_event || self.table.exempt.contains(index) {
            return Reason::Exempt;
        }
        match self.table.asks(destination) {
            Asks::Nothing => Reason::Unmapped,
            Asks::Refuses => Reason::UnmappedDenied,
            Asks::SwitchedOff => Reason::SwitchedOff,
            Asks::Needs(_) if self.facts.choices.passing.contains(index) => Reason::Consented,
            Asks::Needs(_) => Reason::Refused,
        }
    }

    /// The reason of the block, or `None` when the step passes.
    fn integrations_step(&self, destination: DestinationId) -> Option<Reason> {
        let index = destination.index();
        let facts = self.facts();
        if facts.listed.off.contains(index) {
            return Some(Reason::IntegrationOff);
        }
        let stopped = facts.listed.all_off
            && !facts.listed.on.contains(index)
            && !self.table.ignores_all.contains(index);
        stopped.then_some(Reason::IntegrationAllOff)
    }
}
