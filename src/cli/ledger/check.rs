//! The check of events against a ledger, for the commands that decide events: a block of lines at a time, so that the ledger is asked once for
//! all people in it.

use super::place::{Access, Reach, Shared};
use crate::cli::Failure;
use consentry::ledger::{Checked, Id, Notice, Record, Recorded, StoreError, check, recorded};
use consentry::{EventError, Limits, Policy};
use std::collections::BTreeMap;
use std::path::Path;

/// Whether events are checked.
#[derive(clap::Args)]
pub(in crate::cli) struct LedgerArguments {
    /// Check what events are stamped with against this ledger, as the policy's `verify` says: a file, or `redis://HOST:PORT/DB`. It is only read.
    #[arg(long, value_name = "STORE")]
    ledger: Option<String>,
    /// Decide events as they are stamped, though the policy asks for a check against a ledger.
    #[arg(long, conflicts_with = "ledger")]
    unchecked: bool,
    #[command(flatten)]
    reach: Reach,
}

/// A ledger to check against.
pub(in crate::cli) struct Ledger(Box<Shared>);

impl LedgerArguments {
    /// The file that the ledger is, if it is one.
    pub(in crate::cli) fn file(&self) -> Option<&Path> {
        self.ledger.as_deref().filter(|place| !place.contains("://")).map(Path::new)
    }

    /// The ledger, if events are to be checked. A policy that asks for a check is not decided without one by mistake.
    pub(in crate::cli) fn open(&self, policy: &Policy) -> Result<Option<Ledger>, Failure> {
        match (&self.ledger, policy.verify()) {
            (Some(place), _) => Ledger::open(place, &self.reach, policy).map(Some),
            (None, Some(_)) if !self.unchecked => Err(Failure::Other(
                "the policy asks for a check against a ledger: name it with --ledger STORE, or say --unchecked".into(),
            )),
            (None, _) => Ok(None),
        }
    }
}

/// Lines that were read, and what the ledger says of the people in them.
pub(in crate::cli) struct Notices<'l> {
    notices: Vec<Result<Notice<'l>, EventError>>,
    /// What is recorded of each person; or that the ledger does not answer, and why.
    answer: Result<BTreeMap<Id, Record>, StoreError>,
}

impl Ledger {
    /// The ledger at a place, for a policy that asks for a check.
    pub(in crate::cli) fn open(place: &str, reach: &Reach, policy: &Policy) -> Result<Self, Failure> {
        if policy.verify().is_none() {
            return Err(Failure::Other(
                "the policy asks for no check against a ledger: add `verify mismatch drop` or the like, or leave out --ledger"
                    .into(),
            ));
        }
        Ok(Ledger(reach.open(place, Access::Read)?))
    }

    /// Reads lines, and asks the ledger for the people in them.
    pub(in crate::cli) fn notices<'l>(
        &self,
        lines: impl Iterator<Item = &'l [u8]>,
        policy: &Policy,
        limits: &Limits,
    ) -> Notices<'l> {
        let notices: Vec<_> = lines.map(|line| Notice::read(line, policy, limits)).collect();
        let people = notices.iter().flatten().filter_map(|notice| notice.person.id.clone());
        let mut people: Vec<Id> = people.collect();
        people.sort_unstable();
        people.dedup();
        let answer = recorded(self.0.as_ref(), &people).map(|records| {
            people.into_iter().zip(records).filter_map(|(id, record)| Some((id, record?))).collect()
        });
        Notices { notices, answer }
    }
}

impl Notices<'_> {
    /// The line at a place, checked.
    pub(in crate::cli) fn checked(
        &self,
        at: usize,
        policy: &Policy,
    ) -> Option<Result<Checked<'_>, EventError>> {
        let checked = |notice| {
            let recorded = match (self.person(notice), &self.answer) {
                // There was nothing to ask.
                (None, _) => Recorded::Unknown,
                (Some(_), Err(_)) => Recorded::Unreachable,
                (Some(id), Ok(records)) => records.get(id).map_or(Recorded::Unknown, Recorded::Known),
            };
            check(policy, notice, recorded)
        };
        Some(self.notices.get(at)?.as_ref().map(checked).map_err(Clone::clone))
    }

    /// What was read of each line, in their order.
    pub(in crate::cli) fn read(&self) -> &[Result<Notice<'_>, EventError>] {
        &self.notices
    }

    fn person<'n>(&self, notice: &'n Notice<'_>) -> Option<&'n Id> {
        notice.person.id.as_ref()
    }

    /// Why the ledger did not answer, if it did not.
    pub(in crate::cli) fn silence(&self) -> Option<&StoreError> {
        self.answer.as_ref().err()
    }
}
