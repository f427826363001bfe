//! The gate of a policy as a function of the event (section 5 of the semantics), so that equal ones are the same.
//!
//! The readings `table` and `relevant` ask what is granted and nothing else. The reading `exact` follows decisions, which may come to a
//! gate of that form too: where they do, it is told as one.

use super::formula::Formula;
use crate::model::{
    CategoryId, ConsentState, Destination, Enforce, GateReading, IntegrationsState, Policy, Reading,
    Requirement, UnmappedDestinations, WithoutConsent,
};
use std::collections::BTreeSet;
use std::fmt;

/// The gate of a policy. Two policies that decide every event alike have equal ones exactly when the same events pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// The policy has none.
    None,
    /// Open for exempt events, and for those that some destination receives.
    Exact,
    /// Open for exempt events, and by what is granted.
    Grants {
        /// For an event without a consent object; `None` where no event is without one.
        without_consent: Option<bool>,
        /// For every other event.
        open: Open,
    },
}

/// When a gate is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// Whatever is granted.
    Always,
    /// If one of these wire ids is granted; of none, never.
    Any(BTreeSet<String>),
}

impl Gate {
    /// Whether every event that passes this gate passes the other one, as far as that is known without the decisions.
    pub fn is_within(&self, other: &Gate) -> bool {
        match (self, other) {
            (_, Gate::None) => true,
            (Gate::None, Gate::Grants { without_consent, open }) => {
                *without_consent != Some(false) && *open == Open::Always
            }
            (
                Gate::Grants { without_consent, open },
                Gate::Grants { without_consent: other_without, open: other_open },
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

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (without_consent, open) = match self {
            Gate::None => return f.write_str("none"),
            Gate::Exact => return f.write_str("open for what somebody receives"),
            Gate::Grants { without_consent, open } => (without_consent, open),
        };
        match open {
            Open::Always => f.write_str("open")?,
            Open::Any(wire_ids) if wire_ids.is_empty() => f.write_str("closed")?,
            Open::Any(wire_ids) => {
                let wire_ids: Vec<&str> = wire_ids.iter().map(String::as_str).collect();
                write!(f, "open if something is granted of {}", wire_ids.join(", "))?;
            }
        }
        match without_consent {
            Some(true) => f.write_str("; open without consent"),
            Some(false) => f.write_str("; closed without consent"),
            None => Ok(()),
        }
    }
}

/// The gate of a policy.
pub fn gate(policy: &Policy) -> Gate {
    let reading = match policy.gate() {
        Some(said) => said.value,
        None => return Gate::None,
    };
    let Reading::Preferences { parents, .. } = policy.reading();
    let is_ever_missing = !parents.is_empty();
    let form = match reading {
        GateReading::Exact => by_decisions(policy, is_ever_missing),
        GateReading::Table | GateReading::Relevant => {
            let open = policy.gate_without_consent().is_none_or(|said| said.value == WithoutConsent::Open);
            Some((open, by_grants(policy, reading == GateReading::Table)))
        }
    };
    match form {
        Some((without_consent, open)) => {
            Gate::Grants { without_consent: is_ever_missing.then_some(without_consent), open }
        }
        None => Gate::Exact,
    }
}

/// The readings `table` and `relevant`, of an event that has a consent object.
fn by_grants(policy: &Policy, any_grant: bool) -> Open {
    let mut needed = BTreeSet::new();
    for destination in enabled(policy) {
        let live: BTreeSet<CategoryId> = requirement(destination).filter(|id| is_live(policy, *id)).collect();
        if live.is_empty() {
            // It is unmapped, exempt storage too, or all of its categories are switched off.
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

/// What the gate comes to that follows decisions, if it is open by what is granted alone.
fn by_decisions(policy: &Policy, is_ever_missing: bool) -> Option<(bool, Open)> {
    let decisions = Decisions::of(policy);
    let consent_alone = decisions.by_consent();
    let without_consent = match is_ever_missing {
        true => decisions.constant(ConsentState::Missing)?,
        false => false,
    };
    let mut given = decisions.kinds(ConsentState::Given).into_iter();
    let open = match given.next()? {
        first if given.any(|other| other != first) => return None,
        Kind::Constant(true) => Open::Always,
        Kind::Constant(false) => Open::Any(BTreeSet::new()),
        Kind::Consent => consent_alone?,
    };
    for state in [ConsentState::Empty, ConsentState::NoneGiven, ConsentState::Malformed] {
        // Nothing is granted in them.
        if decisions.constant(state)? != (open == Open::Always) {
            return None;
        }
    }
    Some((without_consent, open))
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
    fn of(policy: &'p Policy) -> Self {
        let has_enabled = enabled(policy).next().is_some();
        let mut decisions = Decisions { policy, has_enabled, has_passing: false, formulas: BTreeSet::new() };
        for destination in enabled(policy) {
            match (destination.exempt(), destination.requirement()) {
                (Some(_), _) => decisions.has_passing = true,
                (None, None) => {
                    decisions.has_passing |=
                        policy.unmapped_destinations().value == UnmappedDestinations::Deliver;
                }
                (None, Some(requirement)) => match Formula::of(requirement, policy) {
                    Some(formula) => drop(decisions.formulas.insert(formula)),
                    // All of it is switched off.
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
                IntegrationsState::Given => {
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
    policy.category(id).is_some_and(|category| category.switched_off().is_none())
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
