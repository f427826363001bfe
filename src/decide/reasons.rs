//! Why each destination is delivered or blocked: section 3 of the semantics, 64 destinations at a time.

use super::facts::Facts;
use crate::model::Enforce;
use crate::reason::Reason;
use crate::table::Table;

/// For each reason, in the order of [`Reason::ALL`], which of 64 destinations have it. Each destination has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reasons([u64; Reason::ALL.len()]);

impl Reasons {
    /// The reasons of the destinations from number `64 * at` on.
    pub(super) fn new(table: &Table, facts: &Facts<'_>, at: usize) -> Self {
        let Facts { choices, listed, .. } = facts;
        let mut reasons = Reasons([0; Reason::ALL.len()]);
        let known = table.known.word(at);
        let enabled = table.enabled.word(at);
        reasons.set(Reason::Disabled, known & !enabled);

        let exempt = if facts.role.is_exempt { !0 } else { table.exempt.word(at) };
        let passing = choices.passing.word(at) | exempt;
        let (on, off) = (listed.on.word(at), listed.off.word(at));
        let all_off = if listed.all_off { !on & !off & !table.ignores_all.word(at) } else { 0 };
        let stopped = off | all_off;

        // Of those that are left: where the consent step has the last word, where the integrations step has, and who is
        // delivered for another reason.
        let (by_consent, by_integrations, other) = match facts.enforce(table) {
            Enforce::Drop(_) => (0, 0, Reason::Dropped),
            Enforce::Nothing => (0, 0, Reason::NotEnforced),
            Enforce::Integrations => (0, stopped, Reason::NotEnforced),
            Enforce::ListedIntegrations => {
                reasons.set(Reason::IntegrationUnlisted, enabled & !on & !off);
                (0, off, Reason::NotEnforced)
            }
            Enforce::Consent => (!0, 0, Reason::NotEnforced),
            Enforce::ConsentThenIntegrations => (!passing | !stopped, stopped, Reason::NotEnforced),
            Enforce::ConsentOrIntegrations => (passing | stopped, 0, Reason::IntegrationGranted),
            Enforce::ConsentOrListedThenIntegrations => {
                let admitted = passing | on;
                (!admitted | passing & !stopped, admitted & stopped, Reason::IntegrationGranted)
            }
        };
        let by_consent = enabled & by_consent;
        reasons.set(Reason::Exempt, by_consent & exempt);
        let asked = by_consent & !exempt;
        let free = table.asks_nothing.word(at);
        let denied = table.asks_refuses.word(at);
        let unenforced = table.is_unenforced.word(at);
        reasons.set(Reason::Unmapped, asked & free);
        reasons.set(Reason::UnmappedDenied, asked & denied);
        reasons.set(Reason::Unenforced, asked & unenforced);
        let needs = asked & !(free | denied | unenforced);
        reasons.set(Reason::Consented, needs & passing);
        reasons.set(Reason::Refused, needs & !passing);

        let by_integrations = enabled & !by_consent & by_integrations;
        reasons.set(Reason::IntegrationOff, by_integrations & off);
        reasons.set(Reason::IntegrationAllOff, by_integrations & all_off);
        reasons.set(other, enabled & !reasons.any());
        reasons
    }

    fn set(&mut self, reason: Reason, destinations: u64) {
        if let Some(word) = self.0.get_mut(reason as usize) {
            *word |= destinations;
        }
    }

    fn any(&self) -> u64 {
        self.0.iter().fold(0, |any, word| any | word)
    }

    /// Each reason, and which of the destinations have it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.0)
    }

    /// The reason of a destination, by its bit.
    pub(super) fn of(&self, bit: usize) -> Option<Reason> {
        self.iter().find(|(_, destinations)| destinations >> (bit % 64) & 1 == 1).map(|(reason, _)| reason)
    }
}
