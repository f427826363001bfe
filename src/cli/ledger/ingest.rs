//! `consentry ledger ingest`.

use crate::cli::format::ResultFormat;
use crate::cli::input::{Chunk, Chunks, EventLines, EventsArguments};
use crate::cli::shared::{CliError, Result, Root, Status};
use crate::cli::store_uri::{ADDRESS, Reach};
use consentry::ledger::{LedgerReader, Recording, Store, Timestamp, record};
use consentry::model::AlsoRecords;
use consentry::report::eval::EventErrorReport;
use consentry::report::ledger::{IngestCounts, IngestReport};
use consentry::{Limits, Policy};
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many bytes are recorded at a time, as far as they are there already: some ten thousand events.
const BYTES: usize = 8 << 20;

/// For how long more is waited for, before what is there is recorded.
const PAUSE: Duration = Duration::from_millis(2);

/// How many chunks are read ahead.
const AHEAD: usize = 8;

/// Record what events say of people's preferences, and which ids are one person.
///
/// The policy names the events that write: `preference events`, and `ledger also records`. Other events change nothing. What is recorded is on the disk, or acknowledged by
/// Redis, before more is read; with `--format json` each such step is told, by the number of lines that are recorded. An ingest that ended in the
/// middle may be repeated: the same events come to the same ledger. Exit status: 0 all is recorded, 1 some events were rejected or some lines are
/// not events, 2 a policy that does not compile, a file that cannot be read, or a ledger that does not answer.
#[derive(clap::Args)]
pub(crate) struct Ingest {
    #[arg(help = format!("The ledger: a file, which is made if it is not there, or {ADDRESS}"))]
    store: String,
    #[command(flatten)]
    events: EventsArguments,
    /// The policy that says where preferences are and which events write [default: the prelude `segment`].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    root: Root,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    format: ResultFormat,
}

impl Ingest {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let policy = self.policy()?;
        let chunks = self.events.open()?;
        let (store, is_new) = self.reach.create(&self.store)?;
        let incoming = read(chunks)?;
        let mut counts = IngestCounts { created: is_new, ..IngestCounts::default() };
        let mut chunks: Vec<Chunk> = Vec::new();
        loop {
            let next = match chunks.iter().map(|chunk| chunk.bytes().len()).sum::<usize>() {
                0 => incoming.recv_timeout(Duration::MAX),
                BYTES.. => Err(RecvTimeoutError::Timeout),
                _ => incoming.recv_timeout(PAUSE),
            };
            match next {
                Ok(chunk) => chunks.push(chunk?),
                Err(ended) => {
                    self.record(to, &policy, store.as_ref(), &chunks, &mut counts)?;
                    chunks.clear();
                    if ended == RecvTimeoutError::Disconnected {
                        break;
                    }
                }
            }
        }
        self.format.write(to, &IngestReport::summary(counts))?;
        Ok(Status::fine_if(counts.rejected + counts.not_events == 0))
    }

    fn policy(&self) -> Result<Policy> {
        let Some(path) = &self.policy else {
            if self.root.root.is_some() {
                return Err("--root is for a policy file: name one with --policy, or leave it out".into());
            }
            return Ok(Policy::parse("consentry 1 policy \"segment\" include prelude \"segment\"")?);
        };
        let policy = self.root.load(path)?;
        let records_something =
            !policy.preference_events().value.is_empty() || policy.also_records() == AlsoRecords::Identify;
        match records_something {
            true => Ok(policy),
            false => Err("no event writes to the ledger under this policy: name some with `preference events \"...\"`, or set \
                 `ledger also records identify`".into()),
        }
    }

    /// Records the lines of some chunks, and acknowledges them.
    fn record(
        &self,
        to: &mut impl Write,
        policy: &Policy,
        store: &dyn Store,
        chunks: &[Chunk],
        counts: &mut IngestCounts,
    ) -> Result<()> {
        let mut lines = counts.lines;
        let all: Vec<EventLines> =
            chunks.iter().map(|chunk| EventLines::of(chunk, policy, &mut lines)).collect();
        let (mut notices, mut events) = (Vec::new(), Vec::new());
        let mut reader = LedgerReader::new(policy);
        for event in all.iter().flat_map(|lines| &lines.events) {
            let notice = event.text().and_then(|text| reader.read(text, &Limits::default()));
            events.push((event, notice.map(|notice| notices.push(notice))));
        }
        let recordings = record(store, &notices, now())
            .map_err(|error| format!("{error}; everything up to line {} is recorded", counts.lines))?;
        let (mut recordings, is_more) = (recordings.into_iter(), lines > counts.lines);
        counts.lines = lines;
        counts.batches += all.iter().map(|lines| lines.batches).sum::<u64>();
        for (event, read) in events {
            match read.map(|()| recordings.next()) {
                Err(error) if error.is_blank() => counts.blank_lines += 1,
                Err(error) => {
                    counts.not_events += 1;
                    self.format.write(to, &EventErrorReport::new(event.line, &error))?;
                }
                Ok(Some(Recording::Recorded { preferences, link, has_time })) => {
                    counts.preferences += u64::from(preferences);
                    counts.links += u64::from(link);
                    if !has_time {
                        counts.without_time += 1;
                        self.format.write(to, &IngestReport::without_time(event.line, event.item))?;
                    }
                }
                Ok(Some(Recording::Rejected(rejection))) => {
                    counts.rejected += 1;
                    self.format
                        .write(to, &IngestReport::rejected(event.line, event.item, rejection, policy))?;
                }
                Ok(Some(Recording::Nothing) | None) => counts.others += 1,
            }
        }
        if is_more {
            self.format.write(to, &IngestReport::acknowledged(counts.lines))?;
        }
        Ok(to.flush()?)
    }
}

/// Reads chunks in a thread of its own, so that what is there is recorded while more is waited for.
fn read(chunks: Chunks) -> Result<Receiver<Result<Chunk>>> {
    let (to, from) = sync_channel(AHEAD);
    let work = move || {
        for chunk in chunks {
            // The input ends after a failure, and nobody receives more after the end.
            let has_failed = chunk.is_err();
            if to.send(chunk).is_err() || has_failed {
                return;
            }
        }
    };
    let started = thread::Builder::new().spawn(work);
    started.map(|_| from).map_err(|error| CliError::Other(format!("cannot start a thread: {error}")))
}

/// The moment of recording.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_microseconds(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
