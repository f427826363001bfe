//! The check of a policy against a ledger (section 6 of the semantics), so that equal ones are the same.

use super::gate::{event_names, free};
use crate::model::{AlsoRecords, CheckAction, CheckResult, Conflict, LedgerCheck, Policy};
use std::collections::BTreeSet;
use std::fmt;

/// The check of a policy against a ledger, and its actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub(super) actions: LedgerCheck,
    /// The wire ids that are compared: those of live categories that are not `always`.
    pub(super) compared: BTreeSet<String>,
    /// The events that write to the ledger, and are not checked.
    pub(super) preference_events: BTreeSet<String>,
    pub(super) records_identify: bool,
}

/// Returns the check of a policy, if it asks for one.
pub fn check(policy: &Policy) -> Option<Check> {
    let mut actions = policy.ledger_check()?;
    let compared = free(policy);
    if compared.is_empty() {
        // Nothing can differ then, whatever the policy says of it.
        actions = LedgerCheck {
            mismatch: CheckAction::Drop,
            conflict: Conflict::Refuse,
            grants_expire: None,
            ..actions
        };
    }
    Some(Check {
        actions,
        compared,
        preference_events: event_names(policy.preference_events()),
        records_identify: policy.also_records() == AlsoRecords::Identify,
    })
}

impl Check {
    /// Returns true if the same events write to the ledger.
    pub(super) fn records_alike(&self, other: &Check) -> bool {
        (&self.preference_events, self.records_identify) == (&other.preference_events, other.records_identify)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LedgerCheck { mismatch, unstamped, unknown, unreachable, conflict, grants_expire } = self.actions;
        // A list of names in quotes, in which a name cannot deceive.
        let listed = |names: &BTreeSet<String>, more: Option<&str>| {
            let quoted = names.iter().map(|name| format!("{name:?}"));
            let all: Vec<String> = quoted.chain(more.map(str::to_owned)).collect();
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        };
        // Where nothing is compared, nothing can differ, and what the policy says of that is no part of the check.
        let is_compared = !self.compared.is_empty();
        if is_compared {
            write!(f, "mismatch {}, ", CheckResult::Mismatch.action_as_str(mismatch))?;
        }
        write!(f, "unstamped {unstamped}, unknown {unknown}, unreachable {unreachable}")?;
        if is_compared {
            write!(f, ", conflict {conflict}")?;
            // A policy whose grants never expire has the fingerprint that it had before.
            grants_expire.map_or(Ok(()), |days| write!(f, ", grants expire after {days} days"))?;
        }
        let identify = self.records_identify.then_some("identify events");
        write!(
            f,
            "; categories {}; never checked {}",
            listed(&self.compared, None),
            listed(&self.preference_events, identify)
        )
    }
}
