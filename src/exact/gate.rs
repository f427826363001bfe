//! The gate of a policy as a function of the event (section 5 of the semantics), so that equal gates compare equal.
//!
//! `any grant` and `needed grant` depend on grants alone. `delivery` follows decisions; where these depend on grants alone, the
//! gate is given in that form too.

use super::formula::Formula;
use crate::diagnostic::Spanned;
use crate::model::{
    Category, ConsentState, Destination, GateOpens, IntegrationsState, Policy, Requirement, Steps,
    UnmappedDestinations, WithoutConsent,
};
use std::collections::BTreeSet;
use std::fmt;

/// The gate of a policy. Two policies with the same decisions have equal gates exactly if the same events pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The names of the track events that always pass. Empty if every event passes.
    pub events: BTreeSet<String>,
    /// The other events that pass.
    pub opens: Opens,
}

/// The events that pass a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opens {
    /// Events that some destination receives.
    Delivery,
    /// Events by what they grant.
    Grants {
        /// The gate for events without a consent object; `None` if no event is without one.
        without_consent: Option<bool>,
        /// The gate for all other events.
        open: Open,
        /// The other states whose events pass although they list nothing that opens it: some categories are granted without being listed.
        open_states: BTreeSet<ConsentState>,
    },
}

/// The grants that open a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// Any, and none.
    Always,
    /// A grant of one of these wire ids. Without any the gate stays closed.
    Any(BTreeSet<String>),
}

impl Opens {
    fn is_always(&self) -> bool {
        matches!(self, Opens::Grants { without_consent: Some(true) | None, open: Open::Always, .. })
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.opens {
            Opens::Delivery => f.write_str("open for events that some destination receives")?,
            Opens::Grants { without_consent, open, open_states } => {
                match open {
                    Open::Always => f.write_str("open")?,
                    Open::Any(wire_ids) if wire_ids.is_empty() => f.write_str("closed")?,
                    Open::Any(wire_ids) => {
                        let wire_ids: Vec<&str> = wire_ids.iter().map(String::as_str).collect();
                        write!(f, "open if one of these is granted: {}", wire_ids.join(", "))?;
                    }
                }
                if !open_states.is_empty() {
                    let states: Vec<&str> = open_states.iter().map(|state| state.as_str()).collect();
                    write!(f, "; open for consent {}", states.join(" | "))?;
                }
                match without_consent {
                    Some(true) => f.write_str("; without consent open")?,
                    Some(false) => f.write_str("; without consent closed")?,
                    None => {}
                }
            }
        }
        if self.events.is_empty() {
            return Ok(());
        }
        let events: Vec<String> = self.events.iter().map(|name| format!("{name:?}")).collect();
        write!(f, "; always open for {}", events.join(", "))
    }
}

/// Returns the gate of a policy.
pub fn gate(policy: &Policy) -> Gate {
    let mut events = event_names(policy.preference_events());
    let opens = match policy.gate_opens().value {
        GateOpens::AnyGrant => by_grants(policy, true),
        GateOpens::NeededGrant => by_grants(policy, false),
        GateOpens::Delivery => {
            let opens = by_decisions(policy, false);
            let exempt_events = event_names(policy.exempt_events());
            // Exempt events are decided differently, so that other events of theirs may be delivered.
            let exempt_opens = by_decisions(policy, true);
            if exempt_opens.is_always() {
                events.extend(exempt_events);
                opens
            } else if exempt_opens == opens || exempt_events.is_subset(&events) {
                opens
            } else {
                Opens::Delivery
            }
        }
    };
    if opens.is_always() {
        events.clear();
    }
    Gate { events, opens }
}

/// `any grant` or `needed grant`.
fn by_grants(policy: &Policy, any_grant: bool) -> Opens {
    let without_consent = policy.gate_without_consent().value == WithoutConsent::Open;
    let open = grants(policy, any_grant);
    Opens::Grants {
        without_consent: policy.reading().has_state(ConsentState::Missing).then_some(without_consent),
        open_states: open_states(policy, &open),
        open,
    }
}

/// The states with a consent object in which events list nothing.
const UNLISTED: [ConsentState; 3] = [ConsentState::Empty, ConsentState::Unanswered, ConsentState::Malformed];

/// Returns the states in which a category that opens the gate is granted without being listed.
fn open_states(policy: &Policy, open: &Open) -> BTreeSet<ConsentState> {
    let Open::Any(keys) = open else { return BTreeSet::new() };
    let is_open = |state: &ConsentState| keys.iter().any(|key| policy.always_grants(*state, key));
    UNLISTED.into_iter().filter(is_open).collect()
}

/// Returns which grants open the gate for an event that has a consent object.
fn grants(policy: &Policy, any_grant: bool) -> Open {
    let (mut needed, mut needs_always) = (BTreeSet::new(), false);
    for destination in enabled(policy) {
        let named = destination.requirement().into_iter().flat_map(Requirement::categories);
        let live: Vec<&Category> =
            named.filter_map(|id| policy.category(id)).filter(|one| one.is_live()).collect();
        if live.is_empty() {
            // It is unmapped, which exempt storage may be too, or all of its categories are unenforced.
            return Open::Always;
        }
        needs_always |= live.iter().any(|one| one.is_always());
        needed.extend(live.into_iter().map(|one| one.key().to_owned()));
    }
    match any_grant && !needed.is_empty() {
        _ if needs_always => Open::Always,
        true => Open::Any(free(policy)),
        // What an input refuses opens nothing.
        false => Open::Any(needed.intersection(&free(policy)).cloned().collect()),
    }
}

/// `delivery`, for exempt events or for all others: by grants if decisions depend on nothing else.
fn by_decisions(policy: &Policy, is_exempt: bool) -> Opens {
    let by_grants = || {
        let deliveries = Deliveries::of(policy, is_exempt);
        let without_consent = match policy.reading().has_state(ConsentState::Missing) {
            true => Some(deliveries.constant(ConsentState::Missing)?),
            false => None,
        };
        let mut answered = deliveries.openings(ConsentState::Answered);
        let open = match answered.next()? {
            first if answered.any(|other| other != first) => return None,
            Opening::Always => Open::Always,
            Opening::Closed => Open::Any(BTreeSet::new()),
            Opening::ByConsent => deliveries.by_consent()?,
        };
        let open_states = open_states(policy, &open);
        for state in UNLISTED {
            if deliveries.constant(state)? != (open == Open::Always || open_states.contains(&state)) {
                return None;
            }
        }
        Some(Opens::Grants { without_consent, open, open_states })
    };
    by_grants().unwrap_or(Opens::Delivery)
}

/// The extent to which a cell opens the gate, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Opening {
    Closed,
    /// If a destination passes the consent step.
    ByConsent,
    Always,
}

/// A cell of the reconcile table, for an integrations object in which every entry is on, or off, or that has none.
struct Cell {
    entries: Option<bool>,
}

impl Steps for Cell {
    type Value = Opening;

    fn nothing(&mut self) -> Opening {
        Opening::Always
    }

    fn drop(&mut self) -> Opening {
        Opening::Closed
    }

    fn consent(&mut self) -> Opening {
        Opening::ByConsent
    }

    fn integrations(&mut self) -> Opening {
        if self.entries == Some(false) { Opening::Closed } else { Opening::Always }
    }

    fn listed(&mut self) -> Opening {
        if self.entries == Some(true) { Opening::Always } else { Opening::Closed }
    }

    fn then(&mut self, first: Opening, second: Opening) -> Opening {
        first.min(second)
    }

    fn or(&mut self, first: Opening, second: Opening) -> Opening {
        first.max(second)
    }
}

/// The enabled destinations, by what they ask for.
struct Deliveries<'p> {
    policy: &'p Policy,
    has_enabled: bool,
    /// A destination passes the consent step whatever is granted.
    has_passing: bool,
    /// The formulas of the others, each once.
    formulas: BTreeSet<Formula>,
}

impl<'p> Deliveries<'p> {
    fn of(policy: &'p Policy, is_exempt: bool) -> Self {
        let has_enabled = enabled(policy).next().is_some();
        let (mut has_passing, mut formulas) = (is_exempt && has_enabled, BTreeSet::new());
        for destination in enabled(policy) {
            match (destination.exempt, destination.requirement()) {
                (None, None) => {
                    has_passing |= policy.unmapped_destinations().value == UnmappedDestinations::Deliver;
                }
                // All of a requirement may be unenforced.
                (exempt, _) => match Formula::of_destination(destination, policy) {
                    Some(formula) if exempt.is_none() => drop(formulas.insert(formula)),
                    _ => has_passing = true,
                },
            }
        }
        Deliveries { policy, has_enabled, has_passing, formulas }
    }

    /// Returns how far the cells of a consent state open the gate, for the least and the most that an integrations object can turn on:
    /// what is on in between delivers no more and no less than these.
    fn openings(&self, consent: ConsentState) -> impl Iterator<Item = Opening> {
        // If the consent step passes for everything or nothing, it is no condition.
        let (least, most) = (self.passes(&|_| false), self.passes(&|_| true));
        let objects = IntegrationsState::ALL.into_iter().flat_map(|state| match state {
            IntegrationsState::Present => vec![(state, Some(false)), (state, Some(true))],
            IntegrationsState::None | IntegrationsState::Malformed => vec![(state, None)],
        });
        objects.map(move |(state, entries)| {
            match self.policy.reconcile().row(consent, state).enforce.value.fold(&mut Cell { entries }) {
                _ if !self.has_enabled => Opening::Closed,
                Opening::ByConsent if least == most => {
                    if least {
                        Opening::Always
                    } else {
                        Opening::Closed
                    }
                }
                opening => opening,
            }
        })
    }

    /// Returns whether every event of a consent state in which nothing is listed passes; `None` where some do and others do not.
    fn constant(&self, consent: ConsentState) -> Option<bool> {
        let passes = self.passes(&|key| self.policy.always_grants(consent, key));
        let mut all = self.openings(consent).map(|opening| match opening {
            Opening::ByConsent => passes,
            opening => opening == Opening::Always,
        });
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }

    /// Returns true if some destination passes the consent step.
    fn passes(&self, grants: &impl Fn(&str) -> bool) -> bool {
        self.has_passing || self.formulas.iter().any(|formula| formula.is_satisfied(grants))
    }

    /// Returns when some destination passes the consent step, if one grant is enough for it. Granting more never undoes it, so that single
    /// grants, and all the others together, say it all.
    fn by_consent(&self) -> Option<Open> {
        if self.passes(&|_| false) {
            return Some(Open::Always);
        }
        let mut enough = free(self.policy);
        enough.retain(|one| self.passes(&|granted| granted == one));
        let others = self.passes(&|granted| !enough.contains(granted));
        (!others).then_some(Open::Any(enough))
    }
}

fn enabled(policy: &Policy) -> impl Iterator<Item = &Destination> {
    policy.destinations().iter().filter(|destination| destination.disabled.is_none())
}

/// Returns the names of some events.
pub(super) fn event_names(names: &Spanned<Vec<Spanned<String>>>) -> BTreeSet<String> {
    names.value.iter().map(|name| name.value.clone()).collect()
}

/// Returns the wire ids of the categories that an event grants or does not.
pub(super) fn free(policy: &Policy) -> BTreeSet<String> {
    policy.categories().iter().filter(|one| one.is_free()).map(|one| one.key().to_owned()).collect()
}
