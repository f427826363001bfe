//! `consentry audit`.

use super::format::ResultFormat;
use super::input::{EventLines, EventsArguments};
use super::ledger_arguments::{Ledger, refuse_time, time};
use super::shared::{PolicyArguments, Result, Status};
use super::store_uri::{ADDRESS, Reach};
use consentry::event::Recorded;
use consentry::ledger::{self, AuditEvent, LedgerAnswers, Timestamp};
use consentry::report::audit::AuditReport;
use consentry::{Limits, reference};
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
    /// Measure the age of recorded grants at this time, and not at that of each event.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    format: ResultFormat,
}

impl Audit {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        if self.ledger.is_none() {
            self.reach.ensure_unused()?;
            refuse_time(self.at)?;
        }
        let policy = self.policy.load()?;
        let open = |place| Ledger::open(place, &self.reach, &policy, self.at);
        let ledger = self.ledger.as_deref().map(open).transpose()?;
        let limits = Limits::default();
        let mut audit = ledger::Audit::new(&policy);
        for chunk in self.events.open()? {
            let chunk = chunk?;
            let lines = EventLines::of(&chunk, &policy, &mut 0);
            audit.add_batches(lines.batches);
            let answers = ledger.as_ref().map(|ledger| ledger.answers(lines.texts(), &policy));
            let mut answers = answers.as_ref().map(LedgerAnswers::iter);
            for text in lines.texts() {
                let answer = answers.as_mut().map(Iterator::next);
                match text.and_then(|text| AuditEvent::read(text, &policy, &limits)) {
                    Err(error) => audit.add_error(&error),
                    Ok(event) => {
                        let checked = answer.and_then(|answer| {
                            let recorded = answer.and_then(Result::ok).unwrap_or(Recorded::Unreachable);
                            reference::check(&policy, &event.notice.event, recorded)
                        });
                        audit.add(&event, checked.as_ref().map(|(checked, _)| checked));
                    }
                }
            }
        }
        self.format.write(to, &AuditReport::new(&policy, &audit, ledger.is_some()))?;
        ledger.iter().for_each(Ledger::report_unreachable);
        Ok(Status::fine_if(audit.is_clean()))
    }
}
