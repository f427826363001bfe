//! An event in the policy's own numbers: its names resolved to categories and destinations.

use super::bits::{Bits, ones};
use super::table::Table;
use crate::event::{Entry, Preference, Record};
use crate::model::{
    CategoryId, CheckResult, ConsentState, DestinationId, Enforce, EventRole, IntegrationsState, LedgerCheck,
};

/// What a decision depends on, in the policy's own numbers.
#[derive(Debug, Clone, Copy)]
pub struct ResolvedEvent<'d> {
    pub(super) consent: ConsentState,
    pub(super) integrations: IntegrationsState,
    pub(super) grants: &'d Grants,
    pub(super) listed: &'d IntegrationEntries,
    /// What the policy makes of the event by its name.
    pub(super) role: EventRole,
    /// The result for which the check against the ledger drops the event, if it does.
    pub(super) dropped: Option<CheckResult>,
    pub(super) check: Option<ResolvedCheck<'d>>,
}

/// What the check against the ledger found.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResolvedCheck<'d> {
    pub(super) result: CheckResult,
    /// What the event itself says.
    pub(super) stamped: ConsentState,
    pub(super) stamped_grants: &'d Grants,
    /// What is recorded of the person; of use after a mismatch only.
    pub(super) recorded: &'d Grants,
}

/// What the preferences of an event come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Grants {
    /// Whether there was any preference, of whatever name.
    pub(super) any: bool,
    /// True if any of them is for a category of the policy.
    pub(super) any_declared: bool,
    /// The categories that are granted, `always` ones included.
    pub(super) granted: Bits,
    /// The categories that the event does not grant though it has their key; room while the others are worked out.
    pub(super) withheld: Bits,
    /// The destinations that pass the consent step, exempt events aside.
    pub(super) passing: Bits,
}

/// What the integrations object of an event comes to.
#[derive(Debug, Clone, Default)]
pub(super) struct IntegrationEntries {
    /// Whether there was any entry, of whatever name.
    pub(super) any: bool,
    /// The number of entries that are for no destination of the policy.
    pub(super) unknown: u32,
    /// The destinations whose own entry is `on`.
    pub(super) on: Bits,
    /// The destinations whose own entry is `off`.
    pub(super) off: Bits,
    /// Whether `All` is off.
    pub(super) all_off: bool,
    /// The shared names that were met, on and off; room while the others are worked out.
    pub(super) seen_on: Bits,
    pub(super) seen_off: Bits,
}

impl Grants {
    /// Takes on what is recorded of a person.
    pub(super) fn record(&mut self, table: &Table, record: &Record, check: &LedgerCheck) {
        // "A category that is not there is refused."
        self.work_out(table, None, |add| {
            for (wire_id, recorded) in &record.preferences {
                let is_granted = check.is_granted(*recorded);
                let preference = if is_granted { Preference::Granted } else { Preference::Refused };
                add(wire_id.as_bytes(), preference);
            }
            Some(())
        });
    }

    /// Returns true if both grant the same of what the check compares.
    pub(super) fn agree(&self, other: &Grants, table: &Table) -> bool {
        self.differences(other, table).next().is_none()
    }

    /// The categories that the check compares and only one of both grants.
    pub(super) fn differences(&self, other: &Grants, table: &Table) -> impl Iterator<Item = CategoryId> {
        let words = self.granted.words().iter().zip(other.granted.words()).zip(table.compared.words());
        ones(words.map(|((one, other), compared)| (one ^ other) & compared)).map(CategoryId::new)
    }

    /// Takes on these grants, and those of `always` categories.
    pub(super) fn set(&mut self, table: &Table, granted: &[u64]) {
        self.granted.fill(granted);
        let fixed = table.always.words().iter().zip(table.refused.words());
        for (granted, (always, refused)) in self.granted.words_mut().iter_mut().zip(fixed) {
            *granted = *granted & !refused | always;
        }
        table.requirements.passing(&self.granted, &mut self.passing);
    }

    /// Takes on what `members` adds. A category is granted when each of its keys is; so among duplicates any other value wins. Without a key
    /// it is as `unlisted` says, which is no grant where that is `None`.
    pub(super) fn work_out(
        &mut self,
        table: &Table,
        unlisted: Option<&Bits>,
        members: impl FnOnce(&mut dyn FnMut(&[u8], Preference)) -> Option<()>,
    ) -> Option<()> {
        let Grants { any, any_declared, granted, withheld, passing } = self;
        let categories = table.policy().categories().len();
        (*any, *any_declared) = (false, false);
        match unlisted {
            Some(unlisted) => granted.copy_from(unlisted),
            None => granted.reset(categories),
        }
        // What an input refuses is refused whatever is listed.
        withheld.copy_from(&table.refused);
        let all = members(&mut |name, preference| {
            *any = true;
            let categories = table.categories.ids(name);
            *any_declared |= !categories.is_empty();
            for category in categories {
                match preference {
                    Preference::Granted => granted.insert(*category as usize),
                    Preference::Unasked => {}
                    Preference::Refused | Preference::Invalid => withheld.insert(*category as usize),
                }
            }
        });
        let words = granted.words_mut().iter_mut().zip(withheld.words()).zip(table.always.words());
        for ((granted, withheld), always) in words {
            *granted = *granted & !withheld | always;
        }
        table.requirements.passing(granted, passing);
        all
    }
}

impl IntegrationEntries {
    /// Takes on what `members` adds. Among the entries of one destination `off` wins, then `on`.
    pub(super) fn work_out(
        &mut self,
        table: &Table,
        members: impl FnOnce(&mut dyn FnMut(&[u8], Entry)) -> Option<()>,
    ) -> Option<()> {
        let IntegrationEntries { any, unknown, on, off, all_off, seen_on, seen_off } = self;
        let destinations = table.policy().destinations().len();
        (*any, *unknown, *all_off) = (false, 0, false);
        on.reset(destinations);
        off.reset(destinations);
        seen_on.reset(table.destinations.numbers());
        seen_off.reset(table.destinations.numbers());
        let all = members(&mut |name, entry| {
            *any = true;
            let is_off = match entry {
                Entry::On => Some(false),
                Entry::Off => Some(true),
                Entry::Invalid => table.invalid_is_off.then_some(true),
            };
            if name == ALL {
                *all_off |= is_off == Some(true);
                return;
            }
            let (number, named) = table.destinations.numbered(name);
            *unknown += u32::from(named.is_empty());
            let Some(is_off) = is_off else { return };
            if let [_, _, ..] = named {
                // A shared name is spread once, however often an event repeats it.
                let seen = if is_off { &mut *seen_off } else { &mut *seen_on };
                if seen.contains(number) {
                    return;
                }
                seen.insert(number);
            }
            let into = if is_off { &mut *off } else { &mut *on };
            named.iter().for_each(|destination| into.insert(*destination as usize));
        });
        for (on, off) in on.words_mut().iter_mut().zip(off.words()) {
            *on &= !off;
        }
        all
    }
}

/// The entry that speaks of every destination that has none of its own.
pub(super) const ALL: &[u8] = b"All";

impl<'d> ResolvedEvent<'d> {
    /// Returns the event as it is stamped, before any check.
    pub(super) fn stamped(self) -> Self {
        match self.check {
            None => self,
            Some(ResolvedCheck { stamped, stamped_grants, .. }) => {
                ResolvedEvent { consent: stamped, grants: stamped_grants, dropped: None, check: None, ..self }
            }
        }
    }

    /// What is enforced.
    #[inline]
    pub(super) fn enforce<'t>(&self, table: &'t Table) -> &'t Enforce {
        table.enforce(self.dropped, self.consent, self.integrations)
    }

    /// The consent state.
    pub fn consent(&self) -> ConsentState {
        self.consent
    }

    /// The integrations state.
    pub fn integrations(&self) -> IntegrationsState {
        self.integrations
    }

    /// Whether the event is exempt from the consent step.
    pub fn exempt_event(&self) -> bool {
        self.role.is_exempt
    }

    /// Whether the event is a preference event, which passes every gate.
    pub fn preference_event(&self) -> bool {
        self.role.is_preference_event
    }

    /// Whether a category is granted, `always` counted in.
    pub fn grants(&self, category: CategoryId) -> bool {
        self.grants.granted.contains(category.index())
    }

    /// The destination's own entry: `Some(true)` for on, `Some(false)` for off, `None` for unlisted.
    pub fn entry(&self, destination: DestinationId) -> Option<bool> {
        if self.listed.off.contains(destination.index()) {
            return Some(false);
        }
        self.listed.on.contains(destination.index()).then_some(true)
    }
}
