//! What was decided for one event.

use super::bits::Bits;
use super::gate::Gate;
use super::names::Names;
use super::reasons::Reasons;
use super::resolved::{ALL, ResolvedEvent};
use super::router::Alias;
use super::table::Table;
use crate::event::{
    ConsentState, Entry, Event, ForeignKind, ForeignValue, IntegrationsState, Limits, Name, find_foreign,
    integrations_texts,
};
use crate::model::{CheckAction, CheckResult, Checked, DestinationId, GateOpens, Policy};
use crate::reason::Reason;
use crate::verdict::Verdict;
use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

/// The decision about one event: who receives it, and why (section 7 of the semantics).
///
/// Which destinations are delivered is settled; reasons are worked out when asked for.
#[derive(Debug, Clone)]
pub struct Decision<'d> {
    pub(crate) table: &'d Table,
    origin: Origin<'d>,
    resolved: ResolvedEvent<'d>,
    deliver: &'d Bits,
}

/// What was seen of the event.
#[derive(Debug, Clone)]
pub(super) enum Origin<'d> {
    /// An event of the caller's.
    Event(&'d Event<'d>),
    /// An event that the slow reader has read.
    Read { bytes: &'d [u8], event: Box<Event<'d>> },
    /// An event of which only what decides was read; the rest is when somebody asks for it.
    Bytes { bytes: &'d [u8], limits: Limits, integrations: Option<&'d [u8]>, event: OnceLock<Box<Event<'d>>> },
}

impl<'d> Origin<'d> {
    pub(super) fn bytes(bytes: &'d [u8], limits: &Limits, integrations: Option<&'d [u8]>) -> Self {
        Origin::Bytes { bytes, limits: *limits, integrations, event: OnceLock::new() }
    }
}

impl<'d> Decision<'d> {
    #[inline]
    pub(super) fn new(
        table: &'d Table,
        origin: Origin<'d>,
        resolved: ResolvedEvent<'d>,
        deliver: &'d Bits,
    ) -> Self {
        Decision { table, origin, resolved, deliver }
    }

    /// The policy that decided. Where decisions depend on inputs, it is the policy as it decides events with these inputs.
    pub fn policy(&self) -> &'d Policy {
        self.table.policy()
    }

    /// The event that was decided.
    pub fn event(&self) -> &Event<'d> {
        match &self.origin {
            Origin::Event(event) => event,
            Origin::Read { event, .. } => event,
            // An event that was decided can be read, unless there is none, or a caller has trusted what is no JSON.
            Origin::Bytes { bytes, limits, event, .. } => {
                event.get_or_init(|| Box::new(self.table.read(bytes, limits).unwrap_or_default()))
            }
        }
    }

    /// Returns the consent of the event that the policy does not read, where it has none that the policy reads; and the integrations at another
    /// place, where it has none at theirs (section 1 of the semantics).
    pub fn foreign(&self) -> Vec<ForeignValue> {
        let (filter, policy) = (&self.table.foreign, self.policy());
        let has_own = self.has_own_consent();
        let mut found = match &self.origin {
            // The fast reader doubts keys that the filter cannot see.
            Origin::Bytes { bytes, integrations, .. }
                if !has_own && filter.may_have_consent(bytes)
                    || integrations.is_none() && filter.may_have_integrations(bytes) =>
            {
                find_foreign(bytes, policy.reading())
            }
            Origin::Read { bytes, .. } if !has_own || self.integrations() != IntegrationsState::Present => {
                find_foreign(bytes, policy.reading())
            }
            Origin::Event(_) | Origin::Bytes { .. } | Origin::Read { .. } => return Vec::new(),
        };
        found.retain(|one| !has_own || one.kind == ForeignKind::Integrations);
        found
    }

    fn has_own_consent(&self) -> bool {
        matches!(self.resolved.stamped().consent, ConsentState::Unanswered | ConsentState::Answered)
    }

    /// Returns true if it is worth the time to look for what is foreign: the event has no consent of its own, or malformed integrations.
    pub(crate) fn is_foreign_likely(&self) -> bool {
        !self.has_own_consent() || self.integrations() == IntegrationsState::Malformed
    }

    /// Returns the event in the policy's own numbers: all that the decision depends on.
    pub fn resolved(&self) -> &ResolvedEvent<'d> {
        &self.resolved
    }

    /// The consent state that the event is decided with: that of its consent object, unless the check against the ledger changes it.
    pub fn consent(&self) -> ConsentState {
        self.resolved.consent
    }

    /// The state of the event's integrations object.
    pub fn integrations(&self) -> IntegrationsState {
        self.resolved.integrations
    }

    /// Why the whole event is dropped, if it is.
    pub fn drop_reason(&self) -> Option<&'d str> {
        self.resolved.enforce(self.table).drop_reason()
    }

    /// What the check against the ledger found, and what became of the event; `None` where the policy asks for no check.
    pub fn check(&self) -> Option<Checked> {
        let (result, action) = self.checked()?;
        let differing = self.resolved.check.filter(|_| result == CheckResult::Mismatch);
        let differing =
            differing.map(|check| check.stamped_grants.differences(check.recorded, self.table).collect());
        Some(Checked { result, action, categories: differing.unwrap_or_default() })
    }

    /// The same without the categories.
    pub(crate) fn checked(&self) -> Option<(CheckResult, CheckAction)> {
        let result = self.resolved.check?.result;
        Some((result, self.table.check?.action(result)))
    }

    /// Whether a destination receives the event. A destination that the policy does not have receives nothing.
    pub fn delivers(&self, destination: DestinationId) -> bool {
        self.deliver.contains(destination.index())
    }

    /// The destinations that receive the event, in declaration order.
    pub fn delivered(&self) -> impl Iterator<Item = DestinationId> + 'd {
        self.deliver.iter().map(DestinationId::new)
    }

    /// The delivered destinations from which a router may withhold the rewritten event, in declaration order: it may know them only
    /// by an alias that a blocked destination has too (section 8 of the semantics).
    pub fn withheld(&self) -> impl Iterator<Item = DestinationId> + use<> {
        let mut withheld = BTreeSet::new();
        // The names that have an entry, where `All` stops those that have none.
        let mut listed: Option<Option<HashSet<&[u8]>>> = None;
        for Alias { name, ids, .. } in self.table.router.shared() {
            let is_delivered = |id: &&u32| self.deliver.contains(**id as usize);
            let delivered = ids.iter().filter(is_delivered).count();
            if delivered == 0 || delivered == ids.len() {
                continue;
            }
            // Where `All` stops every blocked one, the alias gets no entry, and lets those through that ignore `All`.
            let ignores_all = |id: &u32| self.table.ignores_all.contains(*id as usize);
            let mut blocked = ids.iter().filter(|id| !is_delivered(id));
            let listed = listed.get_or_insert_with(|| self.all_stops().then(|| self.listed()));
            let is_absent = listed.as_ref().is_some_and(|listed| !listed.contains(name.as_bytes()))
                && !blocked.any(ignores_all);
            let stopped = ids.iter().filter(is_delivered).filter(|id| !(is_absent && ignores_all(id)));
            withheld.extend(stopped.map(|id| DestinationId::new(*id as usize)));
        }
        withheld.into_iter()
    }

    /// Returns true if `All` stops for certain who has no entry: the event has one integrations object, and every `All` in it is off.
    fn all_stops(&self) -> bool {
        let has_one_object = match &self.origin {
            Origin::Event(_) => true,
            Origin::Read { bytes, .. } => integrations_texts(bytes).len() == 1,
            Origin::Bytes { integrations, .. } => integrations.is_some(),
        };
        let entries = self.event().integrations.entries();
        let mut alls = entries.iter().filter(|(name, _)| name.as_bytes() == ALL).peekable();
        has_one_object && alls.peek().is_some() && alls.all(|(_, entry)| *entry == Entry::Off)
    }

    /// Returns the names that have an integrations entry.
    fn listed(&self) -> HashSet<&[u8]> {
        self.event().integrations.entries().iter().map(|(name, _)| name.as_bytes()).collect()
    }

    /// Outcome and reason for a destination; `None` for one that the policy does not have.
    pub fn verdict(&self, destination: DestinationId) -> Option<Verdict> {
        self.reason(destination).map(|reason| self.because(destination, reason))
    }

    /// The reason for a destination alone; `None` for one that the policy does not have.
    pub fn reason(&self, destination: DestinationId) -> Option<Reason> {
        let index = destination.index();
        Reasons::new(self.table, &self.resolved, index / 64).of(index)
    }

    /// The verdict of a reason, which names the categories of a refusal.
    fn because(&self, destination: DestinationId, reason: Reason) -> Verdict {
        let requirement = self.table.consent_step(destination).requirement();
        let refused = requirement.filter(|_| reason == Reason::Refused);
        let refused = refused.map(|requirement| requirement.refused(&|id| self.resolved.grants(id)));
        Verdict::new(reason, refused.unwrap_or_default())
    }

    /// Outcome and reason for a destination by its own name.
    pub fn verdict_of(&self, name: &str) -> Option<Verdict> {
        let named = self.table.destinations.ids(name.as_bytes()).iter();
        // An alias does not count.
        let own = |id: &DestinationId| self.policy().destination(*id).is_some_and(|one| one.name() == name);
        self.verdict(named.map(|id| DestinationId::new(*id as usize)).find(own)?)
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
        (0..self.deliver.words().len()).map(|at| Reasons::new(self.table, &self.resolved, at))
    }

    /// Names of preferences that no category claims, sorted, each once.
    pub fn unknown_categories(&self) -> BTreeSet<&Name<'_>> {
        unknown(self.event().consent.preferences(), &self.table.categories).collect()
    }

    /// Names of integrations entries that no destination claims, sorted, each once.
    pub fn unknown_integrations(&self) -> BTreeSet<&Name<'_>> {
        let unknown = unknown(self.event().integrations.entries(), &self.table.destinations);
        unknown.filter(|name| name.as_bytes() != ALL).collect()
    }

    /// Returns true if no preference of the event, or of its person's record if that is used, is for a category of the policy, though some
    /// category depends on them.
    pub(crate) fn names_no_category(&self) -> bool {
        let is_named = self.resolved.grants.any_declared || self.resolved.stamped().grants.any_declared;
        !is_named && self.table.compared.words().iter().any(|word| *word != 0)
    }

    /// Returns true if there is any preference, before a check against the ledger.
    pub(crate) fn has_preferences(&self) -> bool {
        self.resolved.stamped().grants.any
    }

    /// Returns the number of integrations entries that no destination claims.
    pub(crate) fn unknown_entries(&self) -> u32 {
        self.resolved.listed.unknown
    }

    /// Returns true if the gate is open: if the source may send this event at all, before any destination is decided.
    ///
    /// The rules are those of "Expected wrapper behavior" in Segment's documentation of its OneTrust wrapper. A preference event
    /// passes every gate, so that a total refusal still arrives. A category that is not declared, or unenforced, opens nothing.
    ///
    /// ```
    /// use consentry::model::GateOpens;
    /// use consentry::{Input, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     r#"consentry 1 policy "p" include prelude "segment"
    ///        category Ads category Stats destination "Facebook Pixel" needs Ads destination "Amplitude" needs Stats disabled"#
    /// )?);
    /// let event = br#"{"context":{"consent":{"categoryPreferences":{"Ads":false,"Stats":true}}}}"#;
    /// let mut scratch = table.scratch();
    /// let decision = table.decide(Input::line(event), &mut scratch)?;
    /// // Something is granted, and a destination is enabled, though it does not need what is granted.
    /// assert!(decision.passes_gate(GateOpens::AnyGrant));
    /// assert!(!decision.passes_gate(GateOpens::NeededGrant));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn passes_gate(&self, opens: GateOpens) -> bool {
        self.passes(opens, self.table.gate(), &|_| true)
    }

    /// The same for another gate. Under `delivery` only the destinations that `counts` accepts open it.
    pub(crate) fn passes(
        &self,
        opens: GateOpens,
        gate: &Gate,
        counts: &dyn Fn(&DestinationId) -> bool,
    ) -> bool {
        // A source has no ledger.
        let event = self.resolved.stamped();
        let granted = &event.grants.granted;
        let is_open = match opens {
            GateOpens::Delivery if self.resolved.check.is_none() => self.delivered().any(|id| counts(&id)),
            GateOpens::Delivery => {
                let mut deliver = self.deliver.clone();
                self.table.deliver(&event, &mut deliver);
                deliver.iter().map(DestinationId::new).any(|id| counts(&id))
            }
            _ if event.consent == ConsentState::Missing => gate.is_open_without_consent,
            _ if gate.is_held_open => true,
            // Rows 1 to 3 ask for any grant, rows 4 to 7 for an enabled destination.
            GateOpens::AnyGrant => gate.has_mapped && granted.meets(&gate.counted),
            GateOpens::NeededGrant => granted.meets(&gate.needed),
        };
        is_open || event.preference_event()
    }
}

/// Returns the names of members that stand for nothing.
fn unknown<'m, 'e, T>(members: &'m [(Name<'e>, T)], known: &Names) -> impl Iterator<Item = &'m Name<'e>> {
    members.iter().map(|(name, _)| name).filter(|name| known.ids(name.as_bytes()).is_empty())
}
