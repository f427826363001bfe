//! Why each destination is delivered or blocked: section 3 of the semantics, 64 destinations at a time.

use super::resolved::ResolvedEvent;
use super::table::Table;
use crate::model::Steps;
use crate::reason::{Outcome, Reason};

/// For each reason, in the order of [`Reason::ALL`], which of 64 destinations have it. Each destination has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reasons([u64; Reason::ALL.len()]);

impl Reasons {
    /// Returns the reasons of the destinations from number `64 * at` on.
    pub(super) fn new(table: &Table, facts: &ResolvedEvent<'_>, at: usize) -> Self {
        let enabled = table.enabled.word(at);
        let reasons = facts.enforce(table).fold(&mut Deciding { table, facts, at });
        let disabled = Reasons::only(Reason::Disabled, table.known.word(at) & !enabled);
        Reasons(std::array::from_fn(|place| reasons.word(place) & enabled | disabled.word(place)))
    }

    /// Returns a reason for these destinations and for no others.
    fn only(reason: Reason, destinations: u64) -> Self {
        Reasons([0; Reason::ALL.len()]).with(reason, destinations)
    }

    /// Gives a reason to destinations that have none.
    fn with(mut self, reason: Reason, destinations: u64) -> Self {
        if let Some(word) = self.0.get_mut(reason as usize) {
            *word |= destinations;
        }
        self
    }

    fn word(&self, place: usize) -> u64 {
        self.0.get(place).copied().unwrap_or(0)
    }

    /// Returns the destinations that pass.
    fn passing(&self) -> u64 {
        let passes = |(reason, _): &(Reason, u64)| reason.outcome() == Outcome::Deliver;
        self.iter().filter(passes).fold(0, |passing, (_, destinations)| passing | destinations)
    }

    /// Returns each reason, and which of the destinations have it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.0)
    }

    /// Returns the reason of a destination, by its bit.
    pub(super) fn of(&self, bit: usize) -> Option<Reason> {
        self.iter().find(|(_, destinations)| destinations >> (bit % 64) & 1 == 1).map(|(reason, _)| reason)
    }
}

/// The steps of a decision, each with the reasons for which 64 destinations pass or are blocked.
struct Deciding<'p, 'd> {
    table: &'p Table,
    facts: &'p ResolvedEvent<'d>,
    at: usize,
}

impl Steps for Deciding<'_, '_> {
    type Value = Reasons;

    fn nothing(&mut self) -> Reasons {
        Reasons::only(Reason::NotEnforced, !0)
    }

    fn drop(&mut self) -> Reasons {
        Reasons::only(Reason::Dropped, !0)
    }

    fn consent(&mut self) -> Reasons {
        let (table, at) = (self.table, self.at);
        let exempt = if self.facts.role.is_exempt { !0 } else { table.exempt.word(at) };
        let [free, denied, unenforced] = [&table.asks_nothing, &table.asks_refuses, &table.is_unenforced]
            .map(|set| set.word(at) & !exempt);
        let needs = !(exempt | free | denied | unenforced);
        let granted = self.facts.grants.passing.word(at);
        Reasons::only(Reason::Exempt, exempt)
            .with(Reason::Unmapped, free)
            .with(Reason::UnmappedDenied, denied)
            .with(Reason::Unenforced, unenforced)
            .with(Reason::Consented, needs & granted)
            .with(Reason::Refused, needs & !granted)
    }

    fn integrations(&mut self) -> Reasons {
        let listed = self.facts.listed;
        let (on, off) = (listed.on.word(self.at), listed.off.word(self.at));
        let all_off = if listed.all_off { !on & !off & !self.table.ignores_all.word(self.at) } else { 0 };
        Reasons::only(Reason::IntegrationOff, off)
            .with(Reason::IntegrationAllOff, all_off)
            .with(Reason::NotEnforced, !(off | all_off))
    }

    fn listed(&mut self) -> Reasons {
        let (on, off) = (self.facts.listed.on.word(self.at), self.facts.listed.off.word(self.at));
        Reasons::only(Reason::IntegrationOff, off)
            .with(Reason::IntegrationUnlisted, !on & !off)
            .with(Reason::NotEnforced, on)
    }

    fn then(&mut self, first: Reasons, second: Reasons) -> Reasons {
        let stopped = first.passing() & !second.passing();
        Reasons(std::array::from_fn(|place| first.word(place) & !stopped | second.word(place) & stopped))
    }

    fn or(&mut self, first: Reasons, second: Reasons) -> Reasons {
        let granted = !first.passing() & second.passing();
        Reasons(std::array::from_fn(|place| first.word(place) & !granted))
            .with(Reason::IntegrationGranted, granted)
    }
}
