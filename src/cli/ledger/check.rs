//! The check of events against a ledger, for the commands that decide events: a block of lines at a time, so that the ledger is asked once for
//! all people in it.

use super::place::{Access, Reach, Shared};
use crate::cli::shared::CliError;
use consentry::diagnostic::visible;
use consentry::ledger::{Checked, Id, Notice, Record, Recorded, StoreError, check, recorded};
use consentry::{EventError, Limits, Policy};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;

/// Whether events are checked.
#[derive(clap::Args)]
pub(in crate::cli) struct LedgerArguments {
    /// Check events against this ledger, as the policy's `ledger` settings require: a file, or `redis://HOST:PORT/DB`. It is only read.
    #[arg(long, value_name = "STORE")]
    ledger: Option<String>,
    /// Decide events as they are stamped, though the policy asks for a check against a ledger.
    #[arg(long, conflicts_with = "ledger")]
    unchecked: bool,
    #[command(flatten)]
    reach: Reach,
}

/// A ledger to check against.
pub(in crate::cli) struct Ledger {
    store: Box<Shared>,
    /// Why it did not answer, the first time that it did not.
    silence: OnceLock<String>,
}

impl LedgerArguments {
    /// The file that the ledger is, if it is one.
    pub(in crate::cli) fn file(&self) -> Option<&Path> {
        self.ledger.as_deref().filter(|place| !place.contains("://")).map(Path::new)
    }

    /// The ledger, if events are to be checked. A policy that asks for a check is not decided without one by mistake.
    pub(in crate::cli) fn open(&self, policy: &Policy) -> Result<Option<Ledger>, CliError> {
        match (&self.ledger, policy.ledger_check()) {
            (Some(place), _) => Ledger::open(place, &self.reach, policy).map(Some),
            (None, Some(_)) if !self.unchecked => Err(CliError::Other(
                "the policy asks for a check against a ledger: name it with --ledger STORE, or say --unchecked".into(),
            )),
            (None, _) => Ok(None),
        }
    }
}

/// Lines that were read, and what the ledger says of the people in them.
pub(in crate::cli) struct Notices<'l> {
    notices: Vec<Result<Notice<'l>, EventError>>,
    /// What is recorded of each person; or that the ledger does not answer.
    answer: Result<BTreeMap<Id, Record>, StoreError>,
}

impl Ledger {
    /// The ledger at a place, for a policy that asks for a check.
    pub(in crate::cli) fn open(place: &str, reach: &Reach, policy: &Policy) -> Result<Self, CliError> {
        if policy.ledger_check().is_none() {
            return Err(CliError::Other(
                "the policy asks for no check against a ledger: add `override ledger mismatch drop` or the like, or leave out --ledger"
                    .into(),
            ));
        }
        Ok(Ledger { store: reach.open(place, Access::Read)?, silence: OnceLock::new() })
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
        let answer = recorded(self.store.as_ref(), &people).map(|records| {
            people.into_iter().zip(records).filter_map(|(id, record)| Some((id, record?))).collect()
        });
        if let Err(error) = &answer {
            self.silence.get_or_init(|| error.to_string());
        }
        Notices { notices, answer }
    }

    /// Says on standard error that the ledger did not answer, if it did not.
    pub(in crate::cli) fn tell_silence(&self) {
        if let Some(error) = self.silence.get() {
            // There is nowhere left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "consentry: {}", visible(error));
        }
    }
}

impl Notices<'_> {
    /// The line at a place, checked.
    pub(in crate::cli) fn checked(
        &self,
        at: usize,
        policy: &Policy,
    ) -> Option<Result<Checked<'_>, EventError>> {
        let notice = match self.notices.get(at)? {
            Ok(notice) => notice,
            Err(error) => return Some(Err(error.clone())),
        };
        let recorded = match (&notice.person.id, &self.answer) {
            // There was nothing to ask.
            (None, _) => Recorded::Unknown,
            (Some(_), Err(_)) => Recorded::Unreachable,
            (Some(id), Ok(records)) => records.get(id).map_or(Recorded::Unknown, Recorded::Known),
        };
        Some(Ok(check(policy, notice, recorded)))
    }

    /// What was read of each line, in their order.
    pub(in crate::cli) fn read(&self) -> &[Result<Notice<'_>, EventError>] {
        &self.notices
    }
}
