//! `consentry eval`.

use super::input::{Block, Blocks};
use super::ledger::{Ledger, LedgerArguments};
use super::{Failure, Format, PolicyArguments, Status};
use consentry::report::{Summary, human, json};
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
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Eval {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
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
                self.error(to, number, &error)?;
            }
            let notices = ledger
                .as_ref()
                .map(|ledger| ledger.notices(block.lines().map(|(line, _)| line), policy, &limits));
            for (at, (line, _)) in block.lines().enumerate() {
                number += 1;
                let checked = notices.as_ref().and_then(|notices| notices.checked(at, policy)).transpose();
                let decided = match &checked {
                    Ok(Some(checked)) => Ok(checked.decide(&table, &mut scratch)),
                    Ok(None) => table.decide(Input::line(line).limits(limits), &mut scratch),
                    Err(error) => Err(error.clone()),
                };
                let check = checked.as_ref().ok().and_then(Option::as_ref);
                match decided {
                    Ok(decision) => {
                        summary.add(&decision);
                        check.into_iter().for_each(|check| summary.add_check(check));
                        match (self.format, check) {
                            (Format::Json, None) => json::decision(to, number, &decision)?,
                            (Format::Json, Some(check)) => {
                                json::checked_decision(to, number, &decision, check)?
                            }
                            (Format::Human, None) => human::decision(to, number, &decision)?,
                            (Format::Human, Some(check)) => {
                                human::checked_decision(to, number, &decision, check)?
                            }
                        }
                    }
                    Err(error) => {
                        summary.add_error(&error);
                        self.error(to, number, &error)?;
                    }
                }
            }
            // Nobody waits for what is decided already while more input is waited for.
            to.flush()?;
        }
        if self.format == Format::Human {
            human::summary(to, table.policy(), &summary)?;
        }
        ledger.iter().for_each(Ledger::tell_silence);
        Ok(if summary.not_events() == 0 { Status::Fine } else { Status::Findings })
    }

    fn error(&self, to: &mut impl Write, number: u64, error: &EventError) -> Result<(), Failure> {
        match self.format {
            Format::Json => json::event_error(to, number, error)?,
            Format::Human => human::event_error(to, number, error)?,
        }
        Ok(())
    }
}
