//! `consentry eval`.

use super::format::ResultFormat;
use super::input::Chunks;
use super::ledger_arguments::{Ledger, LedgerArguments, next_check};
use super::shared::{PolicyArguments, Result, Status};
use consentry::report::Summary;
use consentry::report::eval::{DecisionReport, EventErrorReport};
use consentry::report::filter::SummaryReport;
use consentry::{Input, Table};
use std::io::Write;
use std::path::PathBuf;

/// Decide every event of a stream: one JSON object a line in, one decision a line out.
///
/// Exit status: 0 every line was decided, 1 some lines are not events, 2 a policy that does not compile or a file
/// that cannot be read.
#[derive(clap::Args)]
pub(super) struct Eval {
    #[command(flatten)]
    policy: PolicyArguments,
    /// The events, one a line [default: standard input].
    events: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArguments,
    #[command(flatten)]
    format: ResultFormat,
}

impl Eval {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let table = Table::new(self.policy.load()?);
        let policy = table.policy();
        let ledger = self.ledger.open(policy)?;
        let mut scratch = table.scratch();
        let mut summary = Summary::default();
        let mut number = 0;
        for chunk in Chunks::open(self.events.as_deref())? {
            let chunk = chunk?;
            let batch = ledger.as_ref().map(|ledger| ledger.batch(&chunk, policy));
            let mut checks = batch.as_ref().map(|batch| batch.checks(policy));
            for line in chunk.events() {
                number += 1;
                let check = next_check(checks.as_mut());
                let decided = line.and_then(|line| {
                    let check = check.as_ref().map_err(Clone::clone)?.as_ref();
                    table.decide(check.map_or(Input::line(line), |check| check.input(line)), &mut scratch)
                });
                match decided {
                    Ok(decision) => {
                        summary.add(&decision);
                        let mut report = DecisionReport::new(number, &decision);
                        if let Ok(Some(check)) = &check {
                            summary.add_check(check);
                            report = report.with_check(policy, check);
                        }
                        self.format.write(to, &report)?;
                    }
                    Err(error) => {
                        summary.add_error(&error);
                        self.format.write(to, &EventErrorReport::new(number, &error))?;
                    }
                }
            }
            // Nobody waits for what is decided already while more input is waited for.
            to.flush()?;
        }
        if !self.format.is_json() {
            self.format.write(to, &SummaryReport::new(policy, &summary))?;
        }
        ledger.iter().for_each(Ledger::report_unreachable);
        Ok(Status::fine_if(summary.not_events() == 0))
    }
}
