//! `consentry eval`.

use super::format::ResultFormat;
use super::input::{EventLines, EventsArguments};
use super::ledger_arguments::{Ledger, LedgerArguments, next_answer};
use super::output::Output;
use super::shared::{PolicyArguments, Result, Status, UnknownArguments, print_error};
use consentry::diagnostic::visible;
use consentry::ledger::LedgerAnswers;
use consentry::report::Summary;
use consentry::report::eval::{DecisionReport, EventErrorReport};
use consentry::report::filter::SummaryReport;
use consentry::{Input, Table};
use std::io::Write;

/// Decide every event of a stream: one JSON object a line in, one decision a line out. A line may also be a batch, with a decision for each item.
///
/// Exit status: 0 every line was decided, 1 some lines are not events, or --deny fails, 2 a policy that does not compile
/// or a file that cannot be read, 141 the reader of standard output went away before the end.
#[derive(clap::Args)]
pub(super) struct Eval {
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    events: EventsArguments,
    #[command(flatten)]
    ledger: LedgerArguments,
    #[command(flatten)]
    unknown: UnknownArguments,
    #[command(flatten)]
    format: ResultFormat,
}

impl Eval {
    pub(super) fn run(&self, to: &mut Output) -> Result<Status> {
        let table = Table::new(self.policy.load()?);
        let policy = table.policy();
        let ledger = self.ledger.open(policy)?;
        let mut scratch = table.scratch();
        let mut summary = Summary::default();
        let (mut number, mut written) = (0, 0);
        for chunk in self.events.open()? {
            let chunk = chunk?;
            let lines = EventLines::of(&chunk, policy, &mut number);
            let answers = ledger.as_ref().map(|ledger| ledger.answers(lines.texts(), policy));
            let mut answers = answers.as_ref().map(LedgerAnswers::iter);
            for event in &lines.events {
                let recorded = next_answer(answers.as_mut());
                let input = event.text().and_then(|text| Ok(Input::line(text).recorded(recorded?)));
                match input.and_then(|input| table.decide(input, &mut scratch)) {
                    Ok(decision) => {
                        summary.add(&decision);
                        let report = DecisionReport::new(event.line, &decision).of_item(event.item);
                        self.format.write(to, &report)?;
                    }
                    Err(error) => {
                        summary.add_error(&error);
                        if !error.is_blank() {
                            self.format.write(to, &EventErrorReport::new(event.line, &error))?;
                        }
                    }
                }
            }
            summary.add_batches(lines.batches);
            // Nobody waits for what is decided already while more input is waited for.
            to.flush()?;
            to.ensure_open().map_err(|failure| failure.written_up_to(written))?;
            written = number;
        }
        let report = SummaryReport::new(policy, &summary).denying_unknown(self.unknown.is_denied());
        if !self.format.is_json() {
            self.format.write(to, &report)?;
        }
        for warning in report.warnings() {
            print_error(&format!("consentry: {}\n", visible(&warning)));
        }
        ledger.iter().for_each(Ledger::report_unreachable);
        Ok(Status::fine_if(summary.not_events() == 0 && !self.unknown.fails(&summary)))
    }
}
