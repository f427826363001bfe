//! The gate of a policy as a function of the event (section 5 of the semantics), so that equal gates compare equal.
//!
//! `any grant` and `needed grant` depend on grants alone. `delivery` follows decisions; where these depend on grants alone, the
//! gate is given in that form too.

use super::formula::Formula;
use crate::model::{
    CategoryId, ConsentState, Destination, Enforce, GateOpens, IntegrationsState, Policy, Requirement,
    UnmappedDestinations, WithoutConsent,
};
use std::collections::BTreeSet;
use std::fmt;

/// The gate of a policy. Two policies with the same decisions have equal gates exactly if the same events pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The names of the track events that always pass. Empty if every event passes.
    pub events: BTreeSet<String>,
    /// Which other events pass.
    pub opens: Opens,
}

/// Which events pass a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opens {
    /// Events that some destination receives.
    Delivery,
    /// Events by what they grant.
    Grants {
        /// For events without a consent object; `None` if no event is without one.
        without_consent: Option<bool>,
        /// For all other events.
        open: Open,
    },
}

/// Which grants open a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// Any, and none.
    Always,
    /// A grant of one of these wire ids. Without any the gate stays closed.
    Any(BTreeSet<String>),
}

impl Opens {
    fn is_always(&self) -> bool {
        matches!(self, Opens::Grants { without_consent: Some(true) | None, open: Open::Always })
    }

    fn is_within(&self, other: &Opens) -> bool {
        match (self, other) {
            (
                Opens::Grants { without_consent, open },
                Opens::Grants { without_consent: other_without, open: other_open },
            ) => {
                let is_open_within = match (open, other_open) {
                    (_, Open::Always) => true,
                    (Open::Always, Open::Any(_)) => false,
                    (Open::Any(some), Open::Any(others)) => some.is_subset(others),
                };
                is_open_within && (*without_consent != Some(true) || *other_without != Some(false))
            }
            (one, other) => one == other,
        }
    }
}

impl Gate {
    /// Returns true if every event that passes this gate also passes the other one, as far as that is known without the decisions.
    pub fn is_within(&self, other: &Gate) -> bool {
        other.opens.is_always() || self.events.is_subset(&other.events) && self.opens.is_within(&other.opens)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_consent = match &self.opens {
            Opens::Delivery => {
                f.write_str("open for events that some destination receives")?;
                None
            }
            Opens::Grants { without_consent, open } => {
                match open {
                    Open::Always => f.write_str("open")?,
                    Open::Any(wire_ids) if wire_ids.is_empty() => f.write_str("closed")?,
                    Open::Any(wire_ids) => {
                        let wire_ids: Vec<&str> = wire_ids.iter().map(String::as_str).collect();
                        write!(f, "open if one of these is granted: {}", wire_ids.join(", "))?;
                    }
                }
                *without_consent
            }
        };
        match without_consent {
            Some(true) => f.write_str("; without consent open")?,
            Some(false) => f.write_str("; without consent closed")?,
            None => {}
        }
        if self.events.is_empty() {
            return Ok(());
        }
        let events: Vec<String> = self.events.iter().map(|name| format!("{name:?}")).collect();
        write!(f, "; always open for {}", events.join(", "))
    }
}

/// The gate of a policy.
pub fn gate(policy: &Policy) -> Gate {
    let mut events: BTreeSet<String> =
        policy.preference_events().value.iter().map(|name| name.value.clone()).collect();
    let opens = match policy.gate_opens().value {
        GateOpens::AnyGrant => by_grants(policy, true),
        GateOpens::NeededGrant => by_grants(policy, false),
        GateOpens::Delivery => {
            let opens = by_decisions(policy, false);
            let exempt_events: BTreeSet<String> =
                policy.exempt_events().value.iter().map(|name| name.value.clone()).collect();
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
    Opens::Grants {
        without_consent: policy.reading().has_state(ConsentState::Missing).then_some(without_consent),
        open: grants(policy, any_grant),
    }
}

/// Which grants open the gate for an event that has a consent object.
fn grants(policy: &Policy, any_grant: bool) -> Open {
    let mut needed = BTreeSet::new();
    for destination in enabled(policy) {
        let live: BTreeSet<CategoryId> = requirement(destination).filter(|id| is_live(policy, *id)).collect();
        if live.is_empty() {
            // It is unmapped, which exempt storage may be too, or all of its categories are unenforced.
            return Open::Always;
        }
        needed.extend(live);
    }
    if needed.iter().any(|id| is_always(policy, *id)) {
        return Open::Always;
    }
    let counted = match any_grant && !needed.is_empty() {
        true => free(policy).collect(),
        false => needed,
    };
    Open::Any(wire_ids(policy, counted))
}

/// `delivery`, for exempt events or for all others: by grants if decisions depend on nothing else.
fn by_decisions(policy: &Policy, is_exempt: bool) -> Opens {
    let by_grants = || {
        let decisions = Decisions::of(policy, is_exempt);
        let without_consent = match policy.reading().has_state(ConsentState::Missing) {
            true => Some(decisions.constant(ConsentState::Missing)?),
            false => None,
        };
        let mut answered = decisions.kinds(ConsentState::Answered).into_iter();
        let open = match answered.next()? {
            first if answered.any(|other| other != first) => return None,
            Kind::Constant(true) => Open::Always,
            Kind::Constant(false) => Open::Any(BTreeSet::new()),
            Kind::Consent => decisions.by_consent()?,
        };
        for state in [ConsentState::Empty, ConsentState::Unanswered, ConsentState::Malformed] {
            // Nothing is granted in them.
            if decisions.constant(state)? != (open == Open::Always) {
                return None;
            }
        }
        Some(Opens::Grants { without_consent, open })
    };
    by_grants().unwrap_or(Opens::Delivery)
}

/// Whether some destination receives an event of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Constant(bool),
    /// If one passes the consent step.
    Consent,
}

struct Decisions<'p> {
    policy: &'p Policy,
    has_enabled: bool,
    /// Whether a destination passes the consent step whatever is granted.
    has_passing: bool,
    /// What the others ask for, each once.
    formulas: BTreeSet<Formula>,
}

impl<'p> Decisions<'p> {
    fn of(policy: &'p Policy, is_exempt: bool) -> Self {
        let has_enabled = enabled(policy).next().is_some();
        let has_passing = is_exempt && has_enabled;
        let mut decisions = Decisions { policy, has_enabled, has_passing, formulas: BTreeSet::new() };
        for destination in enabled(policy) {
            match (destination.exempt(), destination.requirement()) {
                (Some(_), _) => decisions.has_passing = true,
                (None, None) => {
                    decisions.has_passing |=
                        policy.unmapped_destinations().value == UnmappedDestinations::Deliver;
                }
                (None, Some(requirement)) => match Formula::of(requirement, policy) {
                    Some(formula) => drop(decisions.formulas.insert(formula)),
                    // All of it is unenforced.
                    None => decisions.has_passing = true,
                },
            }
        }
        decisions
    }

    /// For the cells of a consent state, and for the least and the most that an integrations object can turn on: what is on in between
    /// delivers no more and no less than these.
    fn kinds(&self, consent: ConsentState) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for integrations in IntegrationsState::ALL {
            let enforce = &self.policy.reconcile().row(consent, integrations).enforce;
            match integrations {
                IntegrationsState::Present => {
                    kinds.extend([false, true].map(|on| self.kind(enforce, Some(on))));
                }
                IntegrationsState::None | IntegrationsState::Malformed => {
                    kinds.push(self.kind(enforce, None))
                }
            }
        }
        // Where the consent step lets everything or nothing pass, it is no condition.
        let (least, most) = (self.consent(&|_| false), self.consent(&|_| true));
        kinds
            .into_iter()
            .map(|kind| if least == most && kind == Kind::Consent { Kind::Constant(least) } else { kind })
            .collect()
    }

    /// What every event of a consent state in which nothing is granted comes to, if that is one thing.
    fn constant(&self, consent: ConsentState) -> Option<bool> {
        let nothing = self.consent(&|_| false);
        let mut all = self.kinds(consent).into_iter().map(|kind| match kind {
            Kind::Constant(value) => value,
            Kind::Consent => nothing,
        });
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }

    /// One cell, where every entry is on, or off, or there is none.
    fn kind(&self, enforce: &Enforce, entries: Option<bool>) -> Kind {
        let passes = entries != Some(false);
        let listed = entries == Some(true);
        match enforce {
            Enforce::Nothing => Kind::Constant(self.has_enabled),
            Enforce::Integrations => Kind::Constant(self.has_enabled && passes),
            Enforce::ListedIntegrations => Kind::Constant(self.has_enabled && listed),
            Enforce::Consent => Kind::Consent,
            Enforce::ConsentThenIntegrations if passes => Kind::Consent,
            Enforce::ConsentOrIntegrations if !passes => Kind::Consent,
            Enforce::ConsentOrListedThenIntegrations if entries.is_none() => Kind::Consent,
            Enforce::ConsentOrIntegrations => Kind::Constant(self.has_enabled),
            Enforce::ConsentOrListedThenIntegrations => Kind::Constant(self.has_enabled && listed),
            Enforce::ConsentThenIntegrations | Enforce::Drop(_) => Kind::Constant(false),
        }
    }

    /// Whether some destination passes the consent step.
    fn consent(&self, grants: &impl Fn(&str) -> bool) -> bool {
        self.has_passing || self.formulas.iter().any(|formula| formula.is_satisfied(grants))
    }

    /// When some destination passes the consent step, if one grant is enough for it. Granting more never undoes it, so that single
    /// grants, and all the others together, say it all.
    fn by_consent(&self) -> Option<Open> {
        if self.consent(&|_| false) {
            return Some(Open::Always);
        }
        let mut enough = wire_ids(self.policy, free(self.policy));
        enough.retain(|one| self.consent(&|granted| granted == one));
        let others = self.consent(&|granted| !enough.contains(granted));
        (!others).then_some(Open::Any(enough))
    }
}

fn enabled(policy: &Policy) -> impl Iterator<Item = &Destination> {
    policy.destinations().iter().filter(|destination| destination.disabled().is_none())
}

fn requirement(destination: &Destination) -> impl Iterator<Item = CategoryId> {
    destination.requirement().into_iter().flat_map(Requirement::categories)
}

fn is_live(policy: &Policy, id: CategoryId) -> bool {
    policy.category(id).is_some_and(|category| category.unenforced().is_none())
}

fn is_always(policy: &Policy, id: CategoryId) -> bool {
    policy.category(id).is_some_and(|category| category.always().is_some())
}

/// The categories that an event grants or does not.
fn free(policy: &Policy) -> impl Iterator<Item = CategoryId> {
    policy.category_ids().filter(|id| is_live(policy, *id) && !is_always(policy, *id))
}

fn wire_ids(policy: &Policy, ids: impl IntoIterator<Item = CategoryId>) -> BTreeSet<String> {
    ids.into_iter().filter_map(|id| policy.category(id)).map(|one| one.wire_id().to_owned()).collect()
}
