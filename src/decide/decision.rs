//! What was decided for one event.

use super::Facts;
use super::facts::ALL;
use super::reasons::Reasons;
use super::rewrite::Found;
use crate::event::{ConsentState, Event, IntegrationsState, Limits, Name};
use crate::exact::{Fingerprint, TooLarge};
use crate::model::{DestinationId, Enforce, Policy};
use crate::reason::Reason;
use crate::table::{Asks, Bits, Table};
use crate::verdict::Verdict;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The decision about one event: who receives it, and why (section 7 of the semantics).
///
/// Which destinations are delivered is settled; reasons are worked out when asked for.
#[derive(Debug, Clone)]
pub struct Decision<'d> {
    pub(super) table: &'d Table,
    seen: Seen<'d>,
    facts: Facts<'d>,
    deliver: &'d Bits,
}

/// What was seen of the event.
#[derive(Debug, Clone)]
pub(super) enum Seen<'d> {
    /// An event of the caller's.
    Event(&'d Event<'d>),
    /// An event that the slow reader has read.
    Read(Box<Event<'d>>),
    /// An event of which only what decides was read; the rest is when somebody asks for it.
    Bytes { bytes: &'d [u8], limits: Limits, integrations: Option<&'d [u8]>, event: OnceLock<Box<Event<'d>>> },
}

impl<'d> Seen<'d> {
    /// Nothing of an event: the caller knew the facts.
    pub(super) fn nothing() -> Self {
        Seen::bytes(b"", &Limits::default(), None)
    }

    pub(super) fn bytes(bytes: &'d [u8], limits: &Limits, integrations: Option<&'d [u8]>) -> Self {
        Seen::Bytes { bytes, limits: *limits, integrations, event: OnceLock::new() }
    }

    /// The integrations objects of the event, as far as they were found.
    pub(super) fn integrations(&self) -> Found<'d> {
        match self {
            Seen::Bytes { integrations, .. } => Found::One(*integrations),
            Seen::Event(_) | Seen::Read(_) => Found::Unknown,
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

    /// The fingerprint of that policy; see [`Table::fingerprint`].
    ///
    /// # Errors
    ///
    /// [`TooLarge`] for a policy that has none.
    pub fn fingerprint(&self) -> Result<Fingerprint, TooLarge> {
        self.table.fingerprint()
    }

    /// The event that was decided.
    pub fn event(&self) -> &Event<'d> {
        match &self.seen {
            Seen::Event(event) => event,
            Seen::Read(event) => event,
            // An event that was decided can be read, unless there is none, or a caller has trusted what is no JSON.
            Seen::Bytes { bytes, limits, event, .. } => {
                event.get_or_init(|| Box::new(self.table.read(bytes, limits).unwrap_or_default()))
            }
        }
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
        match self.facts.enforce(self.table) {
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
        self.reason(destination).map(|reason| self.because(destination, reason))
    }

    /// The reason for a destination alone; `None` for one that the policy does not have.
    pub fn reason(&self, destination: DestinationId) -> Option<Reason> {
        let index = destination.index();
        Reasons::new(self.table, &self.facts, index / 64).of(index)
    }

    /// The verdict of a reason, which names the categories of a refusal.
    fn because(&self, destination: DestinationId, reason: Reason) -> Verdict {
        let refused = match (reason, self.table.asks(destination)) {
            (Reason::Refused, Asks::Needs(requirement)) => requirement.refused(&|id| self.facts.grants(id)),
            _ => Vec::new(),
        };
        Verdict::new(reason, refused)
    }

    /// Outcome and reason for a destination by its own name.
    pub fn verdict_of(&self, name: &str) -> Option<Verdict> {
        let named =
            self.table.destinations.ids(name.as_bytes()).iter().map(|id| DestinationId::new(*id as usize));
        // An alias does not count.
        let own = |id: &DestinationId| self.policy().destination(*id).is_some_and(|one| one.name() == name);
        self.verdict(named.into_iter().find(own)?)
    }

    /// Outcome and reason for every destination, in declaration order.
    pub fn verdicts(&self) -> impl Iterator<Item = (DestinationId, Verdict)> {
        self.reasons().enumerate().flat_map(move |(at, reasons)| {
            (0..64).filter_map(move |bit| {
                let id = DestinationId::new(at * 64 + bit);
                reasons.of(bit).map(|reason| (id, self.because(id, reason)))
            })
        })
    }

    /// The reasons of every destination, 64 at a time.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = Reasons> {
        (0..self.deliver.words().len()).map(|at| Reasons::new(self.table, &self.facts, at))
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
}
