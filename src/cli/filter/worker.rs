//! What each thread does: decide the lines of a chunk, and say what is to be written.

use super::ordered::{Ordered, Ticket};
use super::outputs::{Outputs, Part, Place};
use crate::cli::input::{Chunk, Chunks, EventLines, line_too_long};
use crate::cli::ledger_arguments::{Ledger, next_answer};
use consentry::event::{Batch, Recorded};
use consentry::ledger::LedgerAnswers;
use consentry::report::Summary;
use consentry::{EventError, Input, Limits, Scratch, Table, Validation};
use std::ops::ControlFlow;

/// What is to be done, the same for all threads.
pub(super) struct Job {
    pub(super) table: Table,
    /// What events are checked against, if they are.
    pub(super) ledger: Option<Ledger>,
    pub(super) validation: Validation,
    pub(super) split: bool,
    /// Each item of a batch gets a line of its own.
    pub(super) unpack: bool,
    pub(super) drop_undeliverable: bool,
    /// A line that is not an event ends the command.
    pub(super) fails_on_reject: bool,
}

/// One thread's room.
struct Worker<'j> {
    job: &'j Job,
    scratch: Scratch,
    part: Part,
    summary: Summary,
}

/// Takes chunks until there are no more.
pub(super) fn work(job: &Job, ordered: &Ordered<Chunks, Outputs>) {
    let mut worker =
        Worker { job, scratch: job.table.scratch(), part: Part::default(), summary: Summary::default() };
    let mut chunk = Chunk::default();
    while let Some(mut ticket) = ordered.take(|chunks| chunks.fill(&mut chunk)) {
        // Of chunks that have outgrown their size there is one at a time.
        if !chunk.is_large() {
            ticket.share_source();
        }
        if worker.chunk(&chunk, ticket).is_break() {
            break;
        }
    }
    ordered.sink(|outputs| outputs.summary.merge(&worker.summary));
}

/// Returns how many events of a chunk are looked at for consent that the policy does not read. One source sends the same in many events, so few
/// events show it.
fn looked_at(chunk: u64) -> u32 {
    match chunk {
        0 => 32,
        _ => u32::from(chunk.is_multiple_of(64)),
    }
}

impl Worker<'_> {
    fn chunk(&mut self, chunk: &Chunk, ticket: Ticket<'_, Chunks, Outputs>) -> ControlFlow<()> {
        let bytes = chunk.bytes();
        if let Some(piece) = chunk.piece {
            if piece.first {
                let error = line_too_long();
                self.summary.add_error(&error);
                if self.job.fails_on_reject {
                    return self.fail(bytes, ticket, &error);
                }
            }
            self.part.rejects.extend_from_slice(bytes);
            self.part.within_line = !piece.last;
            self.part.lines = piece.last.into();
            self.part.bytes = bytes.len() as u64;
        }
        self.summary.look_at(looked_at(chunk.number));
        let policy = self.job.table.policy();
        let ledger = self.job.ledger.as_ref();
        let events = ledger.map(|ledger| (ledger, EventLines::of(chunk, policy, &mut 0)));
        let answers = events.as_ref().map(|(ledger, lines)| ledger.answers(lines.texts(), policy));
        let mut answers = answers.as_ref().map(LedgerAnswers::iter);
        let mut start = 0;
        for (line, with_break) in chunk.lines() {
            let end = start + with_break.len();
            let place = Place::InBlock(start..end);
            start = end;
            let mut flush = |part: &mut Part| match part.is_large() {
                true => ticket.put(|outputs| outputs.write(bytes, part)),
                false => ControlFlow::Continue(()),
            };
            match self.line(line, with_break, place, answers.as_mut(), &mut flush) {
                Ok(flow) => flow?,
                Err(error) => {
                    self.summary.add_error(&error);
                    // A blank line is skipped.
                    if !error.is_blank() {
                        if self.job.fails_on_reject {
                            return self.fail(bytes, ticket, &error);
                        }
                        self.part.rejects.extend_from_slice(with_break);
                    }
                }
            }
            self.part.lines += 1;
            self.part.bytes += with_break.len() as u64;
            flush(&mut self.part)?;
        }
        ticket.end(|outputs| outputs.write(bytes, &mut self.part))
    }

    /// Decides a line, whether it is an event or a batch. `flush` writes what has become large.
    #[inline]
    fn line<'r>(
        &mut self,
        line: &[u8],
        with_break: &[u8],
        place: Place,
        mut answers: Option<&mut impl Iterator<Item = Result<Recorded<'r>, EventError>>>,
        flush: &mut impl FnMut(&mut Part) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, EventError> {
        let job = self.job;
        let read = || Batch::read(line, job.table.policy(), &Limits::default());
        // With a ledger there is an answer for each item, so that a batch has to be known first. Without one, most batches need not be read
        // as an event.
        let is_likely = line.starts_with(b"{\"batch\"") || line.starts_with(b"[");
        let mut batch = match answers.is_some() || is_likely {
            true => read().inspect_err(|_| drop(next_answer(answers.as_deref_mut())))?,
            false => None,
        };
        if batch.is_none() {
            let recorded = next_answer(answers.as_deref_mut())?;
            match self.event(line, with_break, place, recorded) {
                Err(error) if error.is_batch() => batch = Some(read()?.ok_or(error)?),
                done => return done.map(ControlFlow::Continue),
            }
        }
        let Some(batch) = batch else { return Ok(ControlFlow::Continue(())) };
        let answers = (0..batch.len()).map(|_| next_answer(answers.as_deref_mut()));
        let answers: Vec<Recorded<'r>> = answers.collect::<Result<_, _>>()?;
        let line_break = with_break.get(line.len()..).unwrap_or_default();
        match self.job.split || self.job.unpack {
            true => self.items(&batch, &answers, line_break, flush),
            false => self.batch(&batch, &answers, line, line_break).map(ControlFlow::Continue),
        }
    }

    /// Decides a batch, and writes it in one line.
    fn batch(
        &mut self,
        batch: &Batch<'_>,
        answers: &[Recorded<'_>],
        line: &[u8],
        line_break: &[u8],
    ) -> Result<(), EventError> {
        let drops = self.job.drop_undeliverable;
        let (mut answers, mut summary) = (answers.iter(), Summary::default());
        let mut is_delivered = false;
        let events = &mut self.part.events;
        let length = events.len();
        let recorded = || answers.next().copied().unwrap_or(Recorded::Unreachable);
        self.job.table.rewrite_batch(batch, recorded, &mut self.scratch, events, |decision| {
            summary.add_rewritten(decision);
            let is_kept = !drops || decision.delivered().next().is_some();
            is_delivered |= is_kept;
            is_kept
        })?;
        if drops && !is_delivered && !batch.is_empty() {
            events.truncate(length);
            summary.add_batches(1);
        } else {
            summary.add_rewritten_batch(line.len(), events.len() - length);
            events.extend_from_slice(line_break);
        }
        self.summary.merge(&summary);
        Ok(())
    }

    /// Decides a batch, and writes each item in a line of its own.
    fn items(
        &mut self,
        batch: &Batch<'_>,
        answers: &[Recorded<'_>],
        line_break: &[u8],
        flush: &mut impl FnMut(&mut Part) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, EventError> {
        let line_break = if line_break.is_empty() { b"\n" } else { line_break };
        self.summary.add_batches(1);
        for (item, recorded) in batch.items().zip(answers) {
            let with_break = [item.bytes(), line_break].concat();
            let place = self.part.unpack(if self.job.split { &with_break } else { b"" });
            self.event(item.bytes(), &with_break, place, *recorded)?;
            if flush(&mut self.part).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    #[inline]
    fn event(
        &mut self,
        line: &[u8],
        with_break: &[u8],
        place: Place,
        recorded: Recorded<'_>,
    ) -> Result<(), EventError> {
        let Job { table, validation, .. } = self.job;
        let input = Input::line(line).validation(*validation).recorded(recorded);
        if self.job.split {
            let decision = table.decide(input, &mut self.scratch)?;
            self.summary.add(&decision);
            for destination in decision.delivered() {
                self.part.deliveries.add(destination, place.clone());
            }
            return Ok(());
        }
        let events = &mut self.part.events;
        let length = events.len();
        let decision = table.rewrite(input, &mut self.scratch, events)?;
        self.summary.add_rewritten(&decision);
        if self.job.drop_undeliverable && decision.delivered().next().is_none() {
            events.truncate(length);
        } else {
            events.extend_from_slice(with_break.get(line.len()..).unwrap_or_default());
        }
        Ok(())
    }

    /// Writes what comes before a line that must not be rejected, and stops there.
    fn fail(
        &mut self,
        bytes: &[u8],
        ticket: Ticket<'_, Chunks, Outputs>,
        error: &EventError,
    ) -> ControlFlow<()> {
        ticket.end(|outputs| {
            outputs.write(bytes, &mut self.part)?;
            let (line, code) = (outputs.lines + 1, error.code());
            Err(format!(
                "line {line} is not an event ({code}): {error}; collect such lines with --rejects FILE, or leave them out \
                 with --discard-rejects"
            ).into())
        })
    }
}
