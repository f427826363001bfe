//! The check of a policy against a ledger (section 6 of the semantics), so that equal ones are the same.

use crate::model::{Conflict, Policy, Verified, Verify};
use std::collections::BTreeSet;
use std::fmt;

/// What a policy checks against a ledger, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    verify: Verify,
    /// The wire ids that are compared: those of live categories that are not `always`.
    compared: BTreeSet<String>,
    /// The events that write to the ledger, and are not checked.
    preference_events: BTreeSet<String>,
    records_identify: bool,
}

/// The check of a policy, if it asks for one.
pub fn check(policy: &Policy) -> Option<Check> {
    let mut verify = policy.verify()?;
    let compared =
        policy.categories().iter().filter(|one| one.always().is_none() && one.switched_off().is_none());
    let compared: BTreeSet<String> = compared.map(|one| one.wire_id().to_owned()).collect();
    if compared.is_empty() {
        // Nothing can differ then, whatever the policy says of it.
        verify = Verify { mismatch: Verified::Drop, conflict: Conflict::Refuse, ..verify };
    }
    Some(Check {
        verify,
        compared,
        preference_events: policy.preference_events().map(str::to_owned).collect(),
        records_identify: policy.records_identify(),
    })
}

impl Check {
    /// Everything of it, a text each.
    pub(super) fn texts(&self) -> Vec<&str> {
        let Verify { mismatch, unstamped, unknown, unreachable, conflict } = self.verify;
        let mut texts = vec![word(mismatch), word(unstamped), word(unknown), word(unreachable)];
        texts.push(if conflict == Conflict::Grant { "grant" } else { "refuse" });
        texts.push(if self.records_identify { "identify" } else { "no identify" });
        texts.push("compared");
        texts.extend(self.compared.iter().map(String::as_str));
        texts.push("preference events");
        texts.extend(self.preference_events.iter().map(String::as_str));
        texts
    }
}

fn word(verified: Verified) -> &'static str {
    match verified {
        Verified::Drop => "drop",
        Verified::UseRecorded => "use recorded",
        Verified::UseStamped => "use stamped",
        Verified::Refuse => "refuse",
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verify { mismatch, unstamped, unknown, unreachable, conflict } = self.verify;
        let names =
            |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let mismatch = if mismatch == Verified::UseStamped { "report" } else { word(mismatch) };
        write!(
            f,
            "mismatch {mismatch}, unstamped {}, unknown {}, unreachable {}, conflict {}",
            word(unstamped),
            word(unknown),
            word(unreachable),
            if conflict == Conflict::Grant { "grant" } else { "refuse" }
        )?;
        write!(f, "; of {}; not of {}", names(&self.compared), names(&self.preference_events))?;
        if self.records_identify { f.write_str(" and identify") } else { Ok(()) }
    }
}
