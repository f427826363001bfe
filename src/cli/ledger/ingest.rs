//! `consentry ledger ingest`.

use crate::cli::format::Format;
use crate::cli::input::{Block, Blocks};
use crate::cli::shared::{CliError, Root, Status};
use crate::cli::store_uri::{ADDRESS, Access, Reach};
use consentry::ledger::{Moment, Notice, Recording, Store, record};
use consentry::report::eval::EventErrorReport;
use consentry::report::ledger::{AcknowledgedReport, IngestCounts, IngestReport, RejectedReport};
use consentry::{AlsoRecords, EventError, Limits, Policy};
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many bytes are recorded at a time, as far as they are there already: some ten thousand events.
const BYTES: usize = 8 << 20;

/// For how long more is waited for, before what is there is recorded.
const PAUSE: Duration = Duration::from_millis(2);

/// How many blocks are read ahead.
const AHEAD: usize = 8;

/// Record what events say of people's preferences, and which ids are one person.
///
/// The policy names the events that write: `preference events`, and `ledger also records`. Other events change nothing. What is recorded is on the disk, or acknowledged by
/// Redis, before more is read; with `--format json` each such step is told, by the number of lines that are recorded. An ingest that ended in the
/// middle may be repeated: the same events come to the same ledger. Exit status: 0 all is recorded, 1 some events were rejected or some lines are
/// not events, 2 a policy that does not compile, a file that cannot be read, or a ledger that does not answer.
#[derive(clap::Args)]
pub(super) struct Ingest {
    #[arg(help = format!("The ledger: a file, which is made if it is not there, or {ADDRESS}"))]
    store: String,
    /// The events, one a line [default: standard input].
    events: Option<PathBuf>,
    /// The policy that says where preferences are and which events write [default: the prelude `segment`].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    root: Root,
    #[command(flatten)]
    reach: Reach,
    /// How the results are written.
    #[arg(long, value_parser = Format::among(&[Format::Human, Format::Json]), default_value = "human")]
    format: Format,
}

impl Ingest {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, CliError> {
        let policy = self.policy()?;
        let limits = Limits::default();
        let blocks = Blocks::open(self.events.as_deref(), &limits)?;
        let store = self.reach.open(&self.store, Access::Write)?;
        let incoming = read(blocks)?;
        let mut counts = IngestCounts::default();
        let mut blocks: Vec<Block> = Vec::new();
        loop {
            let next = match blocks.iter().map(|block| block.bytes().len()).sum::<usize>() {
                0 => incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
                BYTES.. => Err(RecvTimeoutError::Timeout),
                _ => incoming.recv_timeout(PAUSE),
            };
            match next {
                Ok(block) => blocks.push(block?),
                Err(ended) => {
                    self.record(to, &policy, &limits, store.as_ref(), &blocks, &mut counts)?;
                    blocks.clear();
                    if ended == RecvTimeoutError::Disconnected {
                        break;
                    }
                }
            }
        }
        self.format.write(to, &IngestReport::new(counts))?;
        Ok(if counts.rejected + counts.not_events == 0 { Status::Fine } else { Status::Findings })
    }

    fn policy(&self) -> Result<Policy, CliError> {
        let Some(path) = &self.policy else {
            return Policy::parse("consentry 1 policy \"segment\" include prelude \"segment\"")
                .map_err(CliError::Policy);
        };
        let (disk, name) = self.root.place(path)?;
        let policy = Policy::from_source(&disk, &name).map_err(CliError::Policy)?;
        let records_something =
            !policy.preference_events().value.is_empty() || policy.also_records() == AlsoRecords::Identify;
        match records_something {
            true => Ok(policy),
            false => Err(CliError::Other(
                "no event writes to the ledger under this policy: name some with `preference events \"...\"`, or set \
                 `ledger also records identify`"
                    .into(),
            )),
        }
    }

    /// Records the lines of some blocks, and acknowledges them.
    fn record(
        &self,
        to: &mut impl Write,
        policy: &Policy,
        limits: &Limits,
        store: &dyn Store,
        blocks: &[Block],
        counts: &mut IngestCounts,
    ) -> Result<(), CliError> {
        let (mut notices, mut errors, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        let mut line = counts.lines;
        for block in blocks {
            if block.piece().is_some_and(|piece| piece.first) {
                line += 1;
                errors.push((line, EventError::line_too_long(limits.bytes)));
            }
            for (text, _) in block.lines() {
                line += 1;
                match Notice::read(text, policy, limits) {
                    Ok(notice) => {
                        notices.push(notice);
                        lines.push(line);
                    }
                    Err(error) => errors.push((line, error)),
                }
            }
        }
        let recordings = record(store, &notices, now()).map_err(|error| {
            CliError::Other(format!("{error}; everything up to line {} is recorded", counts.lines))
        })?;
        let mut errors = errors.into_iter().peekable();
        for (line, recording) in lines.into_iter().zip(recordings) {
            while let Some((line, error)) = errors.next_if(|(at, _)| *at < line) {
                self.not_event(to, line, &error, counts)?;
            }
            match recording {
                Recording::Nothing => counts.others += 1,
                Recording::Recorded { preferences, link } => {
                    counts.preferences += u64::from(preferences);
                    counts.links += u64::from(link);
                }
                Recording::Rejected(rejection) => {
                    counts.rejected += 1;
                    self.format.write(to, &RejectedReport::new(line, rejection, policy))?;
                }
            }
        }
        for (line, error) in errors {
            self.not_event(to, line, &error, counts)?;
        }
        if line > counts.lines {
            counts.lines = line;
            self.format.write(to, &AcknowledgedReport::new(line))?;
        }
        Ok(to.flush()?)
    }

    fn not_event(
        &self,
        to: &mut impl Write,
        line: u64,
        error: &EventError,
        counts: &mut IngestCounts,
    ) -> Result<(), CliError> {
        counts.not_events += 1;
        Ok(self.format.write(to, &EventErrorReport::new(line, error))?)
    }
}

/// Reads blocks in a thread of its own, so that what is there is recorded while more is waited for.
fn read(mut blocks: Blocks) -> Result<Receiver<Result<Block, CliError>>, CliError> {
    let (to, from) = sync_channel(AHEAD);
    let work = move || {
        loop {
            let mut block = Block::default();
            let read = blocks.next(&mut block).map(|is_more| is_more.then_some(block)).transpose();
            // Whoever receives nothing any more has ended, and so does the input after a failure.
            let Some(read) = read else { return };
            let has_failed = read.is_err();
            if to.send(read).is_err() || has_failed {
                return;
            }
        }
    };
    let started = thread::Builder::new().spawn(work);
    started.map(|_| from).map_err(|error| CliError::Other(format!("cannot start a thread: {error}")))
}

/// The moment of recording.
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_microseconds(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
