//! `consentry filter`: chunks of lines are taken from the input, decided and rewritten by several threads side by side, and
//! written in the order in which they were taken.

mod interrupt;
mod ordered;
mod output_file;
mod outputs;
mod path_conflicts;
mod progress;
mod split;
mod worker;

use super::format::ResultFormat;
use super::input::EventsArguments;
use super::ledger_arguments::{Ledger, LedgerArguments};
use super::shared::{PolicyArguments, Result, Status, UnknownArguments};
use clap::builder::{PathBufValueParser, TypedValueParser};
use consentry::model::Batches;
use consentry::report::filter::SummaryReport;
use consentry::{Policy, Table, Validation};
use ordered::Ordered;
use output_file::OutputFile;
use outputs::Outputs;
use path_conflicts::{Access, PathConflicts};
use progress::Progress;
use split::Split;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use worker::Job;

/// Write the events themselves, rewritten so that a router that knows only the integrations object obeys the decisions.
///
/// An event that needs no change comes out byte for byte, and so does its line break. Blank lines are left out. A batch comes out as
/// one line, with each of its events rewritten. The input may be a gzip or zstd archive. A summary goes to standard error.
///
/// Exit status: 0 every line is an event. 1 some lines were rejected, or --deny fails. 2 a policy does not compile, or a file cannot be
/// read or written. 2 also for a line that is not an event, without --rejects or --discard-rejects; the lines before it are written.
/// 130 interrupted; after one signal, whole lines are written. 141 the reader of standard output went away before the end.
#[derive(clap::Args)]
pub(super) struct Filter {
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    events: EventsArguments,
    #[command(flatten)]
    ledger: LedgerArguments,
    /// Where lines go that are not events, byte for byte.
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(no_stream))]
    rejects: Option<PathBuf>,
    /// Leave out lines that are not events.
    #[arg(long, conflicts_with = "rejects")]
    discard_rejects: bool,
    /// Write one file per destination, with the events that it receives as they were, instead of all events to standard output.
    ///
    /// Small letters, digits, `-` and `_` of a name stand for themselves, a capital letter is its small one behind a `+`,
    /// everything else is percent-encoded, and the end is .ndjson. Every destination has a file, be it empty. An event of a batch
    /// gets a line of its own, with what the envelope adds to it.
    #[arg(long, value_name = "DIR")]
    split: Option<PathBuf>,
    /// Write each event of a batch in a line of its own, with what the envelope adds to it.
    #[arg(long, conflicts_with = "split")]
    unpack: bool,
    /// Leave out events that no destination of the policy receives.
    #[arg(long, conflicts_with = "split")]
    drop_undeliverable: bool,
    /// Overwrite the files of --rejects and --split if they exist.
    #[arg(long)]
    force: bool,
    /// Read only what decides: another parser has accepted every line as one JSON object already.
    #[arg(long)]
    trusted: bool,
    #[command(flatten)]
    unknown: UnknownArguments,
    #[command(flatten)]
    format: ResultFormat,
    /// How many threads decide [default: one for each core].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Elsewhere `-` is a standard stream: nobody means a file of that name, and among the events rejects would be lost.
fn no_stream(path: PathBuf) -> Result<PathBuf, &'static str> {
    match path == Path::new("-") {
        true => Err("standard output is for events; name a file, and write `./-` for one of that name"),
        false => Ok(path),
    }
}

impl Filter {
    pub(super) fn run(&self) -> Result<Status> {
        if self.force && self.rejects.is_none() && self.split.is_none() {
            return Err(
                "--force overwrites the files of --rejects and --split: name one, or leave it out".into()
            );
        }
        let table = Table::new(self.policy.load()?);
        if self.unpack && table.policy().batches().value == Batches::Reject {
            return Err("--unpack is for batches, and the policy sets `batches reject`: leave it out".into());
        }
        let ledger = self.ledger.open(table.policy())?;
        let chunks = self.events.open()?;
        let outputs = self.outputs(&table)?;
        let job = Arc::new(Job {
            table,
            ledger,
            validation: if self.trusted { Validation::Trusted } else { Validation::Full },
            split: self.split.is_some(),
            unpack: self.unpack,
            drop_undeliverable: self.drop_undeliverable,
            fails_on_reject: self.rejects.is_none() && !self.discard_rejects,
        });
        let ordered = Arc::new(Ordered::new(chunks, outputs));
        let progress = Progress::new(self.split.is_some());
        interrupt::between_lines(&ordered, progress)?;
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        for number in 0..self.threads.map_or_else(cores, usize::from) {
            let job = Arc::clone(&job);
            let started = ordered.spawn(move |ordered| worker::work(&job, ordered));
            if number == 0 {
                started?;
            } else if started.is_err() {
                // Fewer threads do the same work.
                break;
            }
        }
        let ended = ordered.wait(progress::EVERY, |outputs| progress.draw(outputs));
        progress.clear();
        let status = ordered.sink(|outputs| self.finish(&job.table, outputs, ended));
        job.ledger.iter().for_each(Ledger::report_unreachable);
        status
    }

    /// Files are created last, when all else is well.
    fn outputs(&self, table: &Table) -> Result<Outputs> {
        let policy = table.policy();
        let split = self.split.as_deref().map(|folder| Split::new(folder, policy)).transpose()?;
        self.refuse_conflicts(policy, split.as_ref())?;
        if !self.force {
            for path in self.rejects.iter().chain(split.iter().flat_map(|split| &split.paths)) {
                output_file::ensure_absent(path)?;
            }
        }
        let create = |path| OutputFile::create(path, self.force);
        let rejects = self.rejects.as_deref().map(create).transpose()?;
        if let Some(split) = &split {
            // That a link leads to a file of a destination shows only when there is something at its end.
            self.refuse_conflicts(policy, Some(split))?;
            split.create(self.force)?;
        }
        Ok(Outputs::new(split, rejects))
    }

    /// What is read must not be written, nor anything twice, not even by force.
    fn refuse_conflicts(&self, policy: &Policy, split: Option<&Split>) -> Result<()> {
        let mut conflicts = PathConflicts::default();
        // The files that the policy includes count too. A built-in policy is not a file, and no file has its name.
        for path in [self.policy.policy.as_path()].into_iter().chain(policy.files().names().map(Path::new)) {
            conflicts.path(path, Access::Read, "the policy")?;
        }
        match self.events.events.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => conflicts.path(path, Access::Read, "the input")?,
            None => conflicts.stream(&io::stdin(), Access::Read, "the input")?,
        }
        if let Some(ledger) = self.ledger.file() {
            conflicts.path(ledger, Access::Read, "the ledger")?;
        }
        if split.is_none() {
            // Otherwise nothing goes there.
            conflicts.stream(&io::stdout(), Access::Stream, "standard output")?;
        }
        conflicts.stream(&io::stderr(), Access::Stream, "standard error")?;
        for path in split.iter().flat_map(|split| &split.paths) {
            let name = format!("the file `{}` of a destination", path.display());
            conflicts.path(path, Access::Write, &name)?;
        }
        if let Some(rejects) = &self.rejects {
            conflicts.path(rejects, Access::Write, "the file of the rejects")?;
        }
        Ok(())
    }

    /// The summary, or the failure and how far everything before it got.
    fn finish(&self, table: &Table, outputs: &mut Outputs, ended: Result<()>) -> Result<Status> {
        outputs.cut();
        let lines = outputs.lines;
        ended.map_err(|failure| failure.written_up_to(lines))?;
        let summary = &outputs.summary;
        let mut text = Vec::new();
        let mut report =
            SummaryReport::new(table.policy(), summary).denying_unknown(self.unknown.is_denied());
        if self.drop_undeliverable || self.split.is_some() {
            report = report.with_left_out(summary.undeliverable());
        }
        self.format.write_escaped(&mut text, &report)?;
        // There is nowhere left to say that standard error is closed.
        let _ = io::stderr().write_all(&text);
        Ok(Status::fine_if(summary.not_events() == 0 && !self.unknown.fails(summary)))
    }
}
