//! The ledger that commands check events against.

use super::input::line_too_long;
use super::shared::{Result, print_error};
use super::store_uri::{ADDRESS, Reach, Shared};
use consentry::diagnostic::visible;
use consentry::event::Recorded;
use consentry::ledger::{FileStore, LedgerAnswers, Timestamp};
use consentry::{EventError, Limits, Policy};
use std::path::Path;
use std::sync::OnceLock;

/// The error where a caller names what is recorded, and the policy does not ask for it.
pub(super) const NO_CHECK: &str = "the policy asks for no check against a ledger: add `override ledger mismatch drop` or the like, or leave out --ledger or --recorded";

/// Whether events are checked.
#[derive(clap::Args)]
pub(super) struct LedgerArguments {
    #[arg(long, value_name = "STORE", help = format!("Check events against this ledger, as the policy's `ledger` settings require: a file, or {ADDRESS}. It is only read"))]
    ledger: Option<String>,
    /// Decide events as they are stamped, though the policy asks for a check against a ledger.
    #[arg(long, conflicts_with = "ledger")]
    unchecked: bool,
    /// Measure the age of recorded grants at this time, and not at that of each event: a time by RFC 3339, or a number of milliseconds after 1970.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    reach: Reach,
}

/// Reads the time of `--at`.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("write a time such as `2026-10-01T00:00:00Z`")
}

/// The error where a caller states a time, and nothing is measured at it.
pub(super) fn refuse_time(at: Option<Timestamp>) -> Result<()> {
    match at {
        None => Ok(()),
        Some(_) => Err("--at is for a policy with `ledger grants  expire after ... days` that is checked against a ledger: leave it out".into()),
    }
}

/// A ledger to check against.
pub(super) struct Ledger {
    store: Box<Shared>,
    /// When the age of grants is measured; `None` for the time of each event.
    at: Option<Timestamp>,
    /// Why it did not answer, the first time that it did not.
    silence: OnceLock<String>,
}

impl LedgerArguments {
    /// The file that the ledger is, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.ledger.as_deref().filter(|place| !place.contains("://")).map(Path::new)
    }

    /// Returns an error if there is an option for a ledger that is not asked.
    pub(super) fn ensure_unused(&self) -> Result<()> {
        self.reach.ensure_unused()?;
        refuse_time(self.at)
    }

    /// Opens the ledger, if events are to be checked. If the policy asks for a check, the user must name a ledger or say `--unchecked`.
    pub(super) fn open(&self, policy: &Policy) -> Result<Option<Ledger>> {
        if self.ledger.is_none() {
            self.ensure_unused()?;
        }
        match (&self.ledger, policy.ledger_check()) {
            (Some(place), _) => Ledger::open(place, &self.reach, policy, self.at).map(Some),
            (None, Some(_)) if !self.unchecked => Err("the policy asks for a check against a ledger: name it with --ledger STORE, or say --unchecked".into()),
            (None, _) => Ok(None),
        }
    }
}

/// Returns what the ledger says of the person of the next event; without a ledger no event is checked. An event that the ledger has no
/// answer for is never decided: there is one for each event, and the error for a missing one is there only to fail closed.
pub(super) fn next_answer<'r>(
    answers: Option<&mut impl Iterator<Item = Result<Recorded<'r>, EventError>>>,
) -> Result<Recorded<'r>, EventError> {
    let missing = || Err(line_too_long());
    answers.map_or(Ok(Recorded::Unchecked), |answers| answers.next().unwrap_or_else(missing))
}

impl Ledger {
    /// The ledger at a place, for a policy that asks for a check.
    pub(super) fn open(place: &str, reach: &Reach, policy: &Policy, at: Option<Timestamp>) -> Result<Self> {
        if policy.ledger_check().is_none() {
            return Err(NO_CHECK.into());
        }
        if policy.ledger_grants().value.is_none() {
            refuse_time(at)?;
        }
        Ok(Ledger { at, store: reach.open(place, FileStore::open_to_read)?, silence: OnceLock::new() })
    }

    /// Asks the ledger once for the people of events.
    pub(super) fn answers<'c>(
        &self,
        events: impl Iterator<Item = Result<&'c [u8], EventError>>,
        policy: &Policy,
    ) -> LedgerAnswers<'c> {
        let answers = LedgerAnswers::read(events, self.store.as_ref(), policy, &Limits::default(), self.at);
        if let Some(error) = answers.silence() {
            self.silence.get_or_init(|| error.to_string());
        }
        answers
    }

    /// Reports on standard error that the ledger did not answer, if it did not.
    pub(super) fn report_unreachable(&self) {
        if let Some(error) = self.silence.get() {
            print_error(&format!("consentry: {}\n", visible(error)));
        }
    }
}
