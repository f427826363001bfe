//! `consentry explain`.

use super::input::{Lines, read_all};
use super::{Failure, Format, PolicyArguments, Status};
use consentry::report::{human, json};
use consentry::{Event, Limits, Policy, reference};
use std::io::Write;
use std::path::PathBuf;

/// Say step by step why a destination receives an event or not, with the lines of the policy that decide it.
///
/// Exit status: 0 explained, 1 the event is not one, 2 a policy that does not compile, an unknown destination, or a file
/// that cannot be read.
#[derive(clap::Args)]
pub(super) struct Explain {
    #[command(flatten)]
    policy: PolicyArguments,
    /// The destination, by its own name.
    #[arg(long, value_name = "NAME")]
    destination: String,
    /// A file with one event [default: standard input].
    event: Option<PathBuf>,
    /// Take the event from this line of the file, counted from 1.
    #[arg(long, value_name = "NUMBER")]
    line: Option<u64>,
    /// How the explanation is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Explain {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let policy = self.policy.load()?;
        let Some(destination) = policy.destination_named(&self.destination) else {
            return Err(Failure::Other(unknown_destination(&policy, &self.destination)));
        };
        let limits = Limits::default();
        let bytes = match self.line {
            None => read_all(self.event.as_deref(), &limits)?,
            Some(wanted) => self.line(wanted, &limits, to)?,
        };
        let event = match Event::read(&bytes, policy.reading(), &limits) {
            Ok(event) => event,
            Err(error) => {
                let hint = if self.line.is_none() && bytes.trim_ascii().contains(&b'\n') {
                    "; of a file with several events, choose one with --line"
                } else {
                    ""
                };
                writeln!(to, "not an event ({}): {error}{hint}", error.code())?;
                return Ok(Status::Findings);
            }
        };
        if let Some(explanation) = reference::explain(&policy, &event, destination) {
            match self.format {
                Format::Human => human::explanation(to, &policy, &self.destination, &explanation)?,
                Format::Json => json::explanation(to, &policy, &self.destination, &explanation)?,
            }
        }
        Ok(Status::Fine)
    }

    fn line(&self, wanted: u64, limits: &Limits, to: &mut impl Write) -> Result<Vec<u8>, Failure> {
        let mut lines = Lines::open(self.event.as_deref(), limits)?;
        let mut number = 0;
        while let Some(line) = lines.next(to)? {
            number += 1;
            if number == wanted {
                return line.map(<[u8]>::to_vec).map_err(|error| Failure::Other(error.to_string()));
            }
        }
        Err(Failure::Other(format!("there is no line {wanted}; the last one is {number}")))
    }
}

fn unknown_destination(policy: &Policy, name: &str) -> String {
    let own = policy.destinations().iter().find(|one| one.further_names().any(|further| further == name));
    match own {
        Some(own) => format!("`{name}` is a further name; ask for `{}`", own.name()),
        None => {
            let names: Vec<&str> = policy.destinations().iter().map(|one| one.name()).take(20).collect();
            format!("the policy has no destination `{name}`; it has {}", names.join(", "))
        }
    }
}
