//! The facts of an event: its names resolved to the policy's categories and destinations.

use super::memo::{Memo, Place};
use super::rewrite::Rewrites;
use crate::event::{ConsentPart, Entry, Event, Name, Parts, Preference, Room, each_entry, each_preference};
use crate::model::{CategoryId, ConsentState, DestinationId, Enforce, EventRole, IntegrationsState, Policy};
use crate::table::{Bits, Dropped, Table};
use std::sync::Arc;

/// What a decision depends on, in the policy's own numbers.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'d> {
    pub(super) consent: ConsentState,
    pub(super) integrations: IntegrationsState,
    pub(super) choices: &'d Choices,
    pub(super) listed: &'d Listed,
    /// What the policy makes of the event by its name.
    pub(super) role: EventRole,
    /// Why a check against a ledger drops the event, if it does.
    dropped: Option<Dropped>,
}

/// What the preferences of an event come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Choices {
    /// Whether there was any preference, of whatever name.
    any: bool,
    /// The categories that are granted, `always` ones included.
    pub(super) granted: Bits,
    /// The categories that the event does not grant though it has their key; room while the others are worked out.
    withheld: Bits,
    /// The destinations that pass the consent step, exempt events aside.
    pub(super) passing: Bits,
}

/// What the integrations object of an event comes to.
#[derive(Debug, Clone, Default)]
pub(super) struct Listed {
    /// Whether there was any entry, of whatever name.
    any: bool,
    /// The destinations whose own entry is `on`.
    pub(super) on: Bits,
    /// The destinations whose own entry is `off`.
    pub(super) off: Bits,
    /// Whether `All` is off.
    pub(super) all_off: bool,
    /// The shared names that were met, on and off; room while the others are worked out.
    seen_on: Bits,
    seen_off: Bits,
}

/// What one thread needs for deciding: room, and what it remembers of texts that repeat. Give it back for the next event.
#[derive(Debug, Clone)]
pub struct Scratch {
    /// The policy whose numbers everything here is in.
    of: Arc<Policy>,
    /// For the reader.
    pub(super) room: Room,
    choices: Memo<Choices>,
    listed: Memo<Listed>,
    /// The destinations that are delivered.
    pub(super) deliver: Bits,
    /// For those who rewrite events.
    rewrites: Option<Box<Rewrites>>,
}

/// Where a scratch has the facts of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct FactsAt {
    consent: ConsentState,
    integrations: IntegrationsState,
    choices: Place,
    listed: Place,
    role: EventRole,
    dropped: Option<Dropped>,
}

#[cfg(feature = "ledger")]
impl FactsAt {
    /// What a check against a ledger makes of them.
    pub(super) fn checked(self, is_answered: bool, dropped: Option<Dropped>) -> Self {
        let consent = if is_answered { ConsentState::Answered } else { self.consent };
        FactsAt { consent, dropped, ..self }
    }
}

impl Scratch {
    pub(super) fn new(table: &Table) -> Self {
        let mut choices = Choices::default();
        choices.work_out(table, |_| Some(()));
        let mut listed = Listed::default();
        listed.work_out(table, |_| Some(()));
        let bytes = |bits: &[&Bits]| bits.iter().map(|bits| size_of_val(bits.words())).sum();
        let choices_bytes = bytes(&[&choices.granted, &choices.withheld, &choices.passing]);
        let listed_bytes = bytes(&[&listed.on, &listed.off, &listed.seen_on, &listed.seen_off]);
        Scratch {
            of: table.policy.clone(),
            room: Room::default(),
            choices: Memo::new(choices, choices_bytes),
            listed: Memo::new(listed, listed_bytes),
            deliver: table.enabled.clone(),
            rewrites: None,
        }
    }

    /// The same room without memory for texts that repeat: for streams in which none does, or where up to some 12 MB a thread are
    /// too much. Decisions are the same.
    #[must_use]
    pub fn without_memory(mut self) -> Scratch {
        self.choices = Memo::never(self.choices.at(Place::NOTHING).clone());
        self.listed = Memo::never(self.listed.at(Place::NOTHING).clone());
        self.rewrites = None;
        self
    }

    /// Forgets everything if it was worked out for another policy.
    #[inline]
    pub(super) fn serve(&mut self, table: &Table) {
        if !Arc::ptr_eq(&self.of, &table.policy) {
            let fresh = Scratch::new(table);
            *self = if self.choices.remembers() { fresh } else { fresh.without_memory() };
        }
    }

    /// Works out the facts of an event.
    pub(super) fn resolve(&mut self, table: &Table, event: &Event<'_>) -> FactsAt {
        let (mut choices_at, mut listed_at) = (Place::NOTHING, Place::NOTHING);
        if !event.consent.preferences().is_empty() {
            self.choices.spare().work_out(table, |add| {
                event.consent.preferences().iter().for_each(|(name, one)| add(name.as_bytes(), *one));
                Some(())
            });
            choices_at = Place::SPARE;
        }
        if !event.integrations.entries().is_empty() {
            self.listed.spare().work_out(table, |add| {
                event.integrations.entries().iter().for_each(|(name, one)| add(name.as_bytes(), *one));
                Some(())
            });
            listed_at = Place::SPARE;
        }
        let role = |track: &Name<'_>| table.role(|name| *track == *name);
        FactsAt {
            consent: event.consent.state(),
            integrations: event.integrations.state(),
            choices: choices_at,
            listed: listed_at,
            role: event.track.as_ref().map_or(EventRole::default(), role),
            dropped: None,
        }
    }

    /// Works out the facts of an event from its parts, or remembers them; `None` when a part is no JSON.
    #[inline]
    pub(super) fn recall(&mut self, table: &Table, parts: &Parts<'_>, role: EventRole) -> Option<FactsAt> {
        let (mut choices, mut listed) = (Place::NOTHING, Place::NOTHING);
        let consent = match parts.consent {
            ConsentPart::Missing => ConsentState::Missing,
            ConsentPart::Empty => ConsentState::Empty,
            ConsentPart::Preferences(text) => {
                choices = self.choices.place(text, |choices| {
                    choices.work_out(table, |add| each_preference(text, add)).is_some()
                })?;
                let any = self.choices.at(choices).any;
                if any { ConsentState::Answered } else { ConsentState::Unanswered }
            }
        };
        let mut integrations = IntegrationsState::None;
        if let Some(text) = parts.integrations {
            listed = self
                .listed
                .place(text, |listed| listed.work_out(table, |add| each_entry(text, add)).is_some())?;
            if self.listed.at(listed).any {
                integrations = IntegrationsState::Present;
            }
        }
        Some(FactsAt { consent, integrations, choices, listed, role, dropped: None })
    }

    /// Takes the granted categories as given, as bits in the order of the policy.
    pub(super) fn grant(&mut self, table: &Table, granted: &[u64]) -> FactsAt {
        let choices = self.choices.spare();
        choices.granted.fill(granted);
        for (granted, always) in choices.granted.words_mut().iter_mut().zip(table.always.words()) {
            *granted |= always;
        }
        table.requirements.passing(&choices.granted, &mut choices.passing);
        FactsAt {
            consent: ConsentState::Answered,
            integrations: IntegrationsState::None,
            choices: Place::SPARE,
            listed: Place::NOTHING,
            role: EventRole::default(),
            dropped: None,
        }
    }

    /// What rewrites events, and room for what is delivered.
    pub(super) fn rewrites(&mut self, table: &Table) -> (&mut Rewrites, &Bits) {
        let remembers = self.choices.remembers();
        let rewrites = self.rewrites.get_or_insert_with(|| Box::new(Rewrites::new(table, remembers)));
        (rewrites, &self.deliver)
    }

    /// The facts, and room for what is delivered.
    #[inline]
    pub(super) fn facts(&mut self, at: FactsAt) -> (Facts<'_>, &mut Bits) {
        let FactsAt { consent, integrations, choices, listed, role, dropped } = at;
        let (choices, listed) = (self.choices.at(choices), self.listed.at(listed));
        (Facts { consent, integrations, choices, listed, role, dropped }, &mut self.deliver)
    }
}

impl Choices {
    /// Takes on what `members` adds. A category is granted when each of its keys is; so among duplicates any other value wins.
    fn work_out(
        &mut self,
        table: &Table,
        members: impl FnOnce(&mut dyn FnMut(&[u8], Preference)) -> Option<()>,
    ) -> Option<()> {
        let Choices { any, granted, withheld, passing } = self;
        let categories = table.policy().categories().len();
        *any = false;
        granted.reset(categories);
        withheld.reset(categories);
        let all = members(&mut |name, preference| {
            *any = true;
            for category in table.categories.ids(name) {
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

impl Listed {
    /// Takes on what `members` adds. Among the entries of one destination `off` wins, then `on`.
    fn work_out(
        &mut self,
        table: &Table,
        members: impl FnOnce(&mut dyn FnMut(&[u8], Entry)) -> Option<()>,
    ) -> Option<()> {
        let Listed { any, on, off, all_off, seen_on, seen_off } = self;
        let destinations = table.policy().destinations().len();
        (*any, *all_off) = (false, false);
        on.reset(destinations);
        off.reset(destinations);
        seen_on.reset(table.destinations.numbers());
        seen_off.reset(table.destinations.numbers());
        let all = members(&mut |name, entry| {
            *any = true;
            let is_off = match entry {
                Entry::On => false,
                Entry::Off => true,
                Entry::Invalid if table.invalid_is_off => true,
                Entry::Invalid => return,
            };
            if name == ALL {
                *all_off |= is_off;
                return;
            }
            let (number, named) = table.destinations.numbered(name);
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

impl<'d> Facts<'d> {
    /// What is enforced.
    #[inline]
    pub(super) fn enforce<'t>(&self, table: &'t Table) -> &'t Enforce {
        table.enforce_checked(self.dropped, self.consent, self.integrations)
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
        self.choices.granted.contains(category.index())
    }

    /// The destination's own entry: `Some(true)` for on, `Some(false)` for off, `None` for unlisted.
    pub fn entry(&self, destination: DestinationId) -> Option<bool> {
        if self.listed.off.contains(destination.index()) {
            return Some(false);
        }
        self.listed.on.contains(destination.index()).then_some(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    #[test]
    fn room_without_memory_stays_so() {
        let table = |name: &str| {
            let text = format!("consentry 1 policy \"{name}\" include prelude \"segment\" category A");
            Table::new(Policy::parse(&text).unwrap())
        };
        let (one, other) = (table("one"), table("other"));
        for (mut scratch, remembers) in [(one.scratch(), true), (one.scratch().without_memory(), false)] {
            for table in [&one, &other, &one] {
                scratch.serve(table);
                assert!(Arc::ptr_eq(&scratch.of, &table.policy));
                assert_eq!((scratch.choices.remembers(), scratch.listed.remembers()), (remembers, remembers));
                assert_eq!(scratch.rewrites(table).0.remembers(), remembers);
            }
        }
    }
}
