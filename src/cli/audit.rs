//! `consentry audit`.

use super::format::ResultFormat;
use super::input::EventsArguments;
use super::ledger_arguments::Ledger;
use super::shared::{PolicyArguments, Result, Status};
use super::store_uri::{ADDRESS, Reach};
use consentry::event::Recorded;
use consentry::ledger::{self, LedgerEvent};
use consentry::model::Checked;
use consentry::report::audit::AuditReport;
use consentry::{EventError, Limits, reference};
use std::io::Write;

/// Say how the stamping of events is going: events without a consent object, with an empty or a malformed one,
/// with names that the policy does not know, and so on.
///
/// Findings are counted by type, library, version and day; nothing is decided, and nothing is recorded. With a
/// ledger, each event is checked against what is recorded of its person, as the policy's `ledger` settings require.
///
/// Exit status: 0 nothing was found, 1 some event has a finding, a line is not an event, a category of the policy
/// that is neither `always` nor unenforced was never stamped though there were events, or the ledger did not answer,
/// 2 usage, a policy that does not compile, or a file that cannot be read.
#[derive(clap::Args)]
pub(super) struct Audit {
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    events: EventsArguments,
    #[arg(long, value_name = "STORE", help = format!("Check what events are stamped with against this ledger: a file, or {ADDRESS}. It is only read"))]
    ledger: Option<String>,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    format: ResultFormat,
}

impl Audit {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        if self.ledger.is_none() {
            self.reach.ensure_unused()?;
        }
        let policy = self.policy.load()?;
        let open = |place| Ledger::open(place, &self.reach, &policy);
        let ledger = self.ledger.as_deref().map(open).transpose()?;
        let limits = Limits::default();
        let mut audit = ledger::Audit::new(&policy);
        for chunk in self.events.open()? {
            let chunk = chunk?;
            match &ledger {
                None => {
                    for line in chunk.events() {
                        let notice = line.and_then(|line| LedgerEvent::read(line, &policy, &limits));
                        add(&mut audit, notice.as_ref(), None);
                    }
                }
                Some(ledger) => {
                    let batch = ledger.batch(&chunk, &policy);
                    for (notice, recorded) in batch.notices().iter().zip(batch.answers()) {
                        let recorded = recorded.unwrap_or(Recorded::Unreachable);
                        let checked = notice
                            .as_ref()
                            .ok()
                            .and_then(|notice| reference::check(&policy, &notice.event, recorded));
                        add(&mut audit, notice.as_ref(), checked.as_ref().map(|(checked, _)| checked));
                    }
                }
            }
        }
        self.format.write(to, &AuditReport::new(&policy, &audit, ledger.is_some()))?;
        ledger.iter().for_each(Ledger::report_unreachable);
        Ok(Status::fine_if(audit.is_clean()))
    }
}

fn add(audit: &mut ledger::Audit, notice: Result<&LedgerEvent<'_>, &EventError>, checked: Option<&Checked>) {
    match notice {
        Ok(notice) => audit.add(notice, checked),
        Err(error) => audit.add_error(error),
    }
}
