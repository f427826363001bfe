//! `consentry explain`.

use super::format::ResultFormat;
use super::input::{ArchiveArguments, Chunks, read_all};
use super::ledger_arguments::{Ledger, LedgerArguments, NO_CHECK};
use super::shared::{PolicyArguments, Result, Status, destination, print_error};
use consentry::diagnostic::visible;
use consentry::event::{Batch, ForeignValue, LedgerAnswer, Recorded};
use consentry::exact::counterfactuals;
use consentry::ledger::{Id, LedgerEvent, Person};
use consentry::model::Batches;
use consentry::report::eval::EventErrorReport;
use consentry::report::explain::ExplainReport;
use consentry::report::json;
use consentry::{Event, EventError, Input, Limits, Policy, Table, reference};
use std::io::Write;
use std::path::PathBuf;

/// Say step by step why a destination receives an event or not, with the lines of the policy that decide it, and what would
/// flip it.
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
    #[command(flatten)]
    archives: ArchiveArguments,
    /// Take the event from this line of the file, counted from 1.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    line: Option<u64>,
    /// Take this event of a batch, counted from 0.
    #[arg(long, value_name = "NUMBER")]
    item: Option<usize>,
    #[command(flatten)]
    ledger: LedgerArguments,
    /// What a ledger says of the event's person: `unknown`, `unreachable`, or JSON such as {"C0004":"refused"}.
    #[arg(long, value_name = "ANSWER", value_parser = LedgerAnswer::parse, conflicts_with_all = ["ledger", "unchecked"])]
    recorded: Option<LedgerAnswer>,
    #[command(flatten)]
    format: ResultFormat,
}

impl Explain {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let policy = self.policy.load()?;
        let destination = destination(&policy, &self.destination)?;
        let ledger = match &self.recorded {
            Some(_) => {
                self.ledger.ensure_unused()?;
                policy.ledger_check().map(|_| None).ok_or(NO_CHECK)?
            }
            None => self.ledger.open(&policy)?,
        };
        let bytes = match self.line {
            None => Ok(read_all(self.event.as_deref(), &self.archives)?),
            Some(wanted) => self.line(wanted)?,
        };
        let bytes = match bytes {
            Ok(bytes) => self.event_of(bytes, &policy)?,
            Err(error) => Err(error),
        };
        let event = bytes
            .as_deref()
            .map_err(Clone::clone)
            .and_then(|bytes| Event::read(bytes, policy.reading(), &Limits::default()));
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let hint = if self.line.is_none()
                    && bytes.as_deref().is_ok_and(|bytes| bytes.trim_ascii().contains(&b'\n'))
                {
                    "; of a file with several events, choose one with --line"
                } else if error.is_batch() && policy.batches().value != Batches::Reject {
                    "; choose an event of it with --item, counted from 0"
                } else {
                    ""
                };
                match self.format.is_json() {
                    true => json::write(to, &EventErrorReport::new(self.line.unwrap_or(1), &error))?,
                    false => writeln!(to, "not an event ({}): {error}{hint}", error.code())?,
                }
                return Ok(Status::Findings);
            }
        };
        let line = bytes.as_deref().map_err(Clone::clone);
        let read = line.clone().and_then(|line| LedgerEvent::read(line, &policy, &Limits::default()));
        let person = read.map(|read| read.person).unwrap_or_default();
        let answers = ledger.as_ref().map(|ledger| ledger.answers([line].into_iter(), &policy));
        let recorded = match (&self.recorded, answers.as_ref().and_then(|answers| answers.iter().next())) {
            (Some(answer), _) => of_person(answer, &person, &policy),
            (None, Some(answer)) => answer.map_err(|error| error.to_string())?,
            (None, None) => Recorded::Unchecked,
        };
        if let Some(explanation) = reference::explain_recorded(&policy, &event, recorded, destination) {
            let mut flips = counterfactuals(&policy, &event, recorded, destination);
            if let (Ok(flips), true) = (&mut flips, recorded != Recorded::Unchecked) {
                let both = [&person.id, &person.also];
                let user = both.iter().find_map(|id| match id {
                    Some(Id::User(user)) => Some(user.as_str()),
                    _ => None,
                });
                let anonymous = both.iter().find_map(|id| match id {
                    Some(Id::Anonymous(anonymous)) => Some(anonymous.as_str()),
                    _ => None,
                });
                flips.name_person(user, anonymous);
            }
            let foreign = foreign(&policy, bytes.as_deref().unwrap_or_default());
            let report = ExplainReport::new(&policy, destination, &explanation, flips.as_ref(), &foreign);
            self.format.write(to, &report)?;
        }
        ledger.iter().for_each(Ledger::report_unreachable);
        Ok(Status::Fine)
    }

    /// Returns the event that is asked for: the line itself, or an item of a batch.
    fn event_of(&self, line: Vec<u8>, policy: &Policy) -> Result<Result<Vec<u8>, EventError>> {
        let batch = match Batch::read(&line, policy, &Limits::default()) {
            Ok(batch) => batch,
            Err(error) => return Ok(Err(error)),
        };
        match (batch, self.item) {
            (None, Some(_)) => {
                Err("--item chooses an event of a batch, and this is none: leave it out".into())
            }
            (Some(batch), Some(number)) => match batch.item(number) {
                Some(item) => Ok(Ok(item.into_bytes().into_owned())),
                None => {
                    Err(format!("there is no item {number}; the batch has {}, counted from 0", batch.len())
                        .into())
                }
            },
            // A batch without a choice is an error of whoever reads one event.
            (_, None) => Ok(Ok(line)),
        }
    }

    /// Returns a line of the events.
    fn line(&self, wanted: u64) -> Result<Result<Vec<u8>, EventError>> {
        let mut number = 0;
        for chunk in Chunks::open(self.event.as_deref(), &self.archives)? {
            for line in chunk?.events() {
                number += 1;
                if number == wanted {
                    return Ok(line.map(<[u8]>::to_vec));
                }
            }
        }
        Err(format!("there is no line {wanted}; the last one is {number}").into())
    }
}

/// Returns the consent and the integrations of an event that the policy does not read.
fn foreign(policy: &Policy, line: &[u8]) -> Vec<ForeignValue> {
    let table = Table::new(policy.clone());
    let mut scratch = table.scratch();
    table.decide(Input::line(line), &mut scratch).map_or(Vec::new(), |decision| decision.foreign())
}

/// Returns what a ledger says of a person, where the user says what is recorded; what that cannot mean goes to standard error.
fn of_person<'a>(answer: &'a LedgerAnswer, person: &Person, policy: &Policy) -> Recorded<'a> {
    if let LedgerAnswer::Known(record) = answer {
        let is_declared = |wire_id: &&String| {
            policy.categories().iter().any(|one| one.wire_ids().any(|own| own == *wire_id))
        };
        for key in record.preferences.keys().filter(|key| !is_declared(key)) {
            let named = policy.categories().iter().find(|one| one.name() == key);
            let hint = named.map(|one| format!("; `{key}` has the wire id `{}`", one.wire_id()));
            let hint = hint.unwrap_or_default();
            let note =
                format!("no category has the wire id `{key}`, so that --recorded says nothing by it{hint}");
            print_error(&format!("consentry: {}\n", visible(&note)));
        }
    }
    if person.id.is_none() && *answer != LedgerAnswer::Unknown {
        print_error("consentry: the event names nobody, so that every ledger answers `unknown`\n");
        return Recorded::Unknown;
    }
    answer.recorded()
}
