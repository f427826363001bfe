//! The facts of an event: its names resolved to the policy's categories and destinations.

use crate::event::{Entry, Event, Preference};
use crate::model::{CategoryId, ConsentState, DestinationId, IntegrationsState};
use crate::table::{Bits, Table};

/// What a decision depends on, in the policy's own numbers.
#[derive(Debug, Clone)]
pub struct Facts {
    pub(super) consent: ConsentState,
    pub(super) integrations: IntegrationsState,
    /// The categories that are granted, `always` ones included.
    pub(super) granted: Bits,
    /// The categories that the event does not grant though it has their key.
    pub(super) withheld: Bits,
    /// The destinations whose own entry is `on`.
    pub(super) on: Bits,
    /// The destinations whose own entry is `off`.
    pub(super) off: Bits,
    /// The shared names that were met, on and off.
    seen_on: Bits,
    seen_off: Bits,
    /// Whether `All` is off.
    pub(super) all_off: bool,
    /// Whether the event passes the consent step.
    pub(super) exempt_event: bool,
}

/// The room that deciding takes; give it back for the next event.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    pub(super) facts: Facts,
    /// The destinations that pass the consent step, exempt events aside.
    pub(super) passing: Bits,
    /// The destinations that are delivered.
    pub(super) deliver: Bits,
}

impl Default for Facts {
    fn default() -> Self {
        Facts {
            consent: ConsentState::Missing,
            integrations: IntegrationsState::None,
            granted: Bits::default(),
            withheld: Bits::default(),
            on: Bits::default(),
            off: Bits::default(),
            seen_on: Bits::default(),
            seen_off: Bits::default(),
            all_off: false,
            exempt_event: false,
        }
    }
}

impl Facts {
    pub(super) fn reset(&mut self, table: &Table) {
        self.granted.reset(table.policy().categories().len());
        self.withheld.reset(table.policy().categories().len());
        self.on.reset(table.policy().destinations().len());
        self.off.reset(table.policy().destinations().len());
        self.seen_on.reset(table.destinations.numbers());
        self.seen_off.reset(table.destinations.numbers());
        self.all_off = false;
    }

    /// Takes on the facts of an event.
    pub(super) fn resolve(&mut self, table: &Table, event: &Event<'_>) {
        self.reset(table);
        self.consent = event.consent.state();
        self.integrations = event.integrations.state();
        let exempt = &table.policy().exempt_events().value;
        self.exempt_event = event
            .track
            .as_ref()
            .is_some_and(|name| exempt.iter().any(|exempt| name == exempt.value.as_str()));
        self.preferences(table, event);
        self.entries(table, event);
    }

    /// A category is granted when each of its keys is; so among duplicates any other value wins.
    fn preferences(&mut self, table: &Table, event: &Event<'_>) {
        for (name, preference) in event.consent.preferences() {
            for category in table.categories.ids(name.as_bytes()) {
                match preference {
                    Preference::Granted => self.granted.insert(*category as usize),
                    Preference::Absent => {}
                    Preference::Refused | Preference::Unreadable => self.withheld.insert(*category as usize),
                }
            }
        }
        let words = self.granted.words_mut().iter_mut().zip(self.withheld.words()).zip(table.always.words());
        for ((granted, withheld), always) in words {
            *granted = *granted & !withheld | always;
        }
    }

    /// Among the entries of one destination `off` wins, then `on`.
    fn entries(&mut self, table: &Table, event: &Event<'_>) {
        for (name, entry) in event.integrations.entries() {
            let off = match entry {
                Entry::On => false,
                Entry::Off => true,
                Entry::Unreadable if table.unreadable_is_off => true,
                Entry::Unreadable => continue,
            };
            if *name == *"All" {
                self.all_off |= off;
                continue;
            }
            let (number, destinations) = table.destinations.numbered(name.as_bytes());
            if let [_, _, ..] = destinations {
                // A shared name is spread once, however often an event repeats it.
                let seen = if off { &mut self.seen_off } else { &mut self.seen_on };
                if seen.contains(number) {
                    continue;
                }
                seen.insert(number);
            }
            for destination in destinations {
                if off { &mut self.off } else { &mut self.on }.insert(*destination as usize);
            }
        }
        for (on, off) in self.on.words_mut().iter_mut().zip(self.off.words()) {
            *on &= !off;
        }
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
        self.exempt_event
    }

    /// Whether a category is granted, `always` counted in.
    pub fn grants(&self, category: CategoryId) -> bool {
        self.granted.contains(category.index())
    }

    /// The destination's own entry: `Some(true)` for on, `Some(false)` for off, `None` for unlisted.
    pub fn entry(&self, destination: DestinationId) -> Option<bool> {
        if self.off.contains(destination.index()) {
            return Some(false);
        }
        self.on.contains(destination.index()).then_some(true)
    }
}
