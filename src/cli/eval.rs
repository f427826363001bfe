//! `consentry eval`.

use super::format::Format;
use super::input::{Block, Blocks};
use super::ledger_arguments::{Ledger, LedgerArguments};
use super::shared::{CliError, PolicyArguments, Status};
use consentry::report::Summary;
use consentry::report::eval::{DecisionReport, EventErrorReport};
use consentry::report::filter::SummaryReport;
use consentry::{EventError, Input, Limits, Table};
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
    /// How the decisions are written.
    #[arg(long, value_parser = Format::among(&[Format::Human, Format::Json]), default_value = "human")]
    format: Format,
}

impl Eval {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        let table = Table::new(self.policy.load()?);
        let policy = table.policy();
        let ledger = self.ledger.open(policy)?;
        let limits = Limits::default();
        let mut blocks = Blocks::open(self.events.as_deref(), &limits)?;
        let mut block = Block::default();
        let mut scratch = table.scratch();
        let mut summary = Summary::default();
        let mut number = 0;
        while blocks.next(&mut block)? {
            if block.piece().is_some_and(|piece| piece.first) {
                number += 1;
                let error = EventError::line_too_long(limits.bytes);
                summary.add_error(&error);
                self.format.write(to, &EventErrorReport::new(number, &error))?;
            }
            let batch = ledger
                .as_ref()
                .map(|ledger| ledger.batch(block.lines().map(|(line, _)| line), policy, &limits));
            let mut checks = batch.iter().flat_map(|batch| batch.checks(policy));
            for (line, _) in block.lines() {
                number += 1;
                let checked = checks.next().transpose();
                let decided = match &checked {
                    Ok(Some(checked)) => table.decide(checked.input(line), &mut scratch),
                    Ok(None) => table.decide(Input::line(line).limits(limits), &mut scratch),
                    Err(error) => Err(error.clone()),
                };
                let check = checked.as_ref().ok().and_then(Option::as_ref);
                match decided {
                    Ok(decision) => {
                        summary.add(&decision);
                        check.into_iter().for_each(|check| summary.add_check(check));
                        let mut report = DecisionReport::new(number, &decision);
                        if let Some(check) = check {
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
        if self.format == Format::Human {
            self.format.write(to, &SummaryReport::new(policy, &summary))?;
        }
        ledger.iter().for_each(Ledger::report_unreachable);
        Ok(if summary.not_events() == 0 { Status::Fine } else { Status::Findings })
    }
}
