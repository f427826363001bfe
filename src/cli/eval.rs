//! `consentry eval`.

use super::input::Lines;
use super::{Failure, Format, PolicyArguments, Status};
use consentry::report::{Summary, human, json};
use consentry::{Limits, Table};
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
    /// How the decisions are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Eval {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let table = Table::new(self.policy.load()?);
        let limits = Limits::default();
        let mut lines = Lines::open(self.events.as_deref(), &limits)?;
        let mut scratch = table.scratch();
        let mut summary = Summary::default();
        let mut number = 0;
        while let Some(line) = lines.next(to)? {
            number += 1;
            match line.and_then(|line| table.read(line, &limits)) {
                Ok(event) => {
                    let decision = table.decide(&event, &mut scratch);
                    match self.format {
                        Format::Json => json::decision(to, number, &decision)?,
                        Format::Human => {
                            human::decision(to, number, &decision)?;
                            summary.add(&decision);
                        }
                    }
                }
                Err(error) => {
                    match self.format {
                        Format::Json => json::event_error(to, number, &error)?,
                        Format::Human => human::event_error(to, number, &error)?,
                    }
                    summary.add_error();
                }
            }
        }
        if self.format == Format::Human {
            human::summary(to, table.policy(), &summary)?;
        }
        Ok(if summary.not_events() == 0 { Status::Fine } else { Status::Findings })
    }
}
