//! The rules of the workload's policy, as somebody would write them who knows that policy and no other.
//!
//! Peers that read fast share this: names become bits by one look into a hash map each, and 50 destinations are compared
//! with the granted categories as masks. It is made for one policy of at most 64 categories and 63 destinations, knows
//! no reasons, and must be written again when the policy changes.

use crate::workload::Catalogue;
use std::collections::HashMap;

/// The events that are delivered whatever the person chose.
const EXEMPT: [&str; 2] = ["Segment Consent Preference", "Segment Consent Preference Updated"];

/// The bit of the entry that speaks of all destinations which have none of their own.
const ALL: u64 = 1 << 63;

/// Names to numbers, hashed by the function that the library uses.
type Numbers = HashMap<String, u32, foldhash::fast::FixedState>;

/// The policy, for peers.
#[derive(Debug, Clone)]
pub struct Rules {
    categories: Numbers,
    destinations: Numbers,
    /// The categories that each destination needs.
    needs: Vec<u64>,
    all: u64,
}

/// What a peer has read of an event.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub(crate) consent: Consent,
    granted: u64,
    withheld: u64,
    integrations: bool,
    on: u64,
    off: u64,
    pub(crate) exempt: bool,
}

/// What there is of the consent object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Consent {
    #[default]
    Missing,
    Empty,
    /// Preferences, none as long as none is added.
    Preferences,
}

impl Rules {
    /// The rules of a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let Catalogue { categories, destinations } = catalogue;
        assert!(categories.len() <= 64 && destinations.len() < 64, "the rules of peers are masks of 64 bits");
        fn numbers<'n>(names: impl Iterator<Item = &'n String>) -> Numbers {
            names.enumerate().map(|(number, name)| (name.clone(), number as u32)).collect()
        }
        let mask = |needs: &[usize]| needs.iter().fold(0, |mask, category| mask | 1 << category);
        let mut named = numbers(destinations.iter().map(|destination| &destination.name));
        named.insert("All".to_owned(), ALL.trailing_zeros());
        Rules {
            categories: numbers(categories.iter()),
            destinations: named,
            needs: destinations.iter().map(|destination| mask(&destination.needs)).collect(),
            all: u64::MAX >> (64 - destinations.len()),
        }
    }

    /// The bit of a category; none for an unknown one.
    #[inline]
    pub(crate) fn category(&self, name: &str) -> u64 {
        self.categories.get(name).map_or(0, |number| 1 << number)
    }

    /// The bit of a destination; none for an unknown one, [`ALL`] for the default of all others.
    #[inline]
    pub(crate) fn destination(&self, name: &str) -> u64 {
        self.destinations.get(name).map_or(0, |number| 1 << number)
    }

    /// The destinations that receive an event with these categories granted, all others refused, and no integrations object.
    pub fn deliver_granted(&self, granted: u64) -> u64 {
        self.deliver(&Facts::granting(granted))
    }

    /// The destinations that receive the event.
    #[inline]
    pub(crate) fn deliver(&self, facts: &Facts) -> u64 {
        let consent = if facts.enforced() { self.consented(facts) } else { u64::MAX };
        let listed = if facts.unlisted() { u64::MAX } else { facts.on };
        self.all & consent & listed & !facts.off
    }

    fn consented(&self, facts: &Facts) -> u64 {
        let refused = !facts.granted();
        let needs = self.needs.iter().enumerate();
        needs.fold(0, |mask, (number, needs)| mask | u64::from(needs & refused == 0) << number)
    }
}

impl Facts {
    /// The facts of an event with these categories granted, all others refused, and no integrations object.
    pub(crate) fn granting(granted: u64) -> Self {
        Facts { consent: Consent::Preferences, granted, ..Facts::default() }
    }

    /// Whether the policy enforces consent: the rows of the reconcile table that the workload has.
    #[inline]
    pub(crate) fn enforced(&self) -> bool {
        let enforced = match self.consent {
            Consent::Missing => false,
            Consent::Empty => self.integrations,
            Consent::Preferences => true,
        };
        enforced && !self.exempt
    }

    /// The categories that are granted.
    #[inline]
    pub(crate) fn granted(&self) -> u64 {
        self.granted & !self.withheld
    }

    /// Whether destinations without an entry receive the event.
    #[inline]
    pub(crate) fn unlisted(&self) -> bool {
        self.off & ALL == 0
    }

    /// Adds the preference for a category.
    #[inline]
    pub(crate) fn prefer(&mut self, category: u64, granted: bool) {
        *(if granted { &mut self.granted } else { &mut self.withheld }) |= category;
    }

    /// Adds the integrations entry of a destination: `None` is one that is neither a boolean nor an object.
    #[inline]
    pub(crate) fn integrate(&mut self, destination: u64, entry: Option<bool>) {
        self.integrations = true;
        match entry {
            Some(true) => self.on |= destination,
            Some(false) => self.off |= destination,
            None => {}
        }
    }
}

#[cfg(feature = "engines")]
impl Facts {
    /// The destinations whose entry is on; those that are off as well count as off.
    pub(crate) fn on(&self) -> u64 {
        self.on & !self.off
    }

    /// The destinations whose entry is off.
    pub(crate) fn off(&self) -> u64 {
        self.off
    }
}

/// Whether an event with this `type` and this `event` is exempt.
pub(crate) fn exempt(kind: &str, name: &str) -> bool {
    kind == "track" && EXEMPT.contains(&name)
}
