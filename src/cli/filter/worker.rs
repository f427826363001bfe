//! What each thread does: decide the lines of a chunk, and say what is to be written.

use super::ordered::{Ordered, Ticket};
use super::outputs::{Outputs, Part};
use crate::cli::input::{Chunk, Chunks, line_too_long};
use crate::cli::ledger_arguments::{Ledger, next_answer};
use consentry::event::Recorded;
use consentry::ledger::Batch;
use consentry::report::Summary;
use consentry::{EventError, Input, Scratch, Table, Validation};
use std::ops::{ControlFlow, Range};

/// What is to be done, the same for all threads.
pub(super) struct Job {
    pub(super) table: Table,
    /// What events are checked against, if they are.
    pub(super) ledger: Option<Ledger>,
    pub(super) validation: Validation,
    pub(super) split: bool,
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
        let policy = self.job.table.policy();
        let batch = self.job.ledger.as_ref().map(|ledger| ledger.batch(chunk, policy));
        let mut answers = batch.as_ref().map(Batch::answers);
        let mut start = 0;
        for (line, with_break) in chunk.lines() {
            let place = start..start + with_break.len();
            start = place.end;
            let recorded = next_answer(answers.as_mut());
            let written = recorded.and_then(|recorded| self.event(line, with_break, place, recorded));
            if let Err(error) = written {
                self.summary.add_error(&error);
                // A blank line is skipped.
                if !error.is_blank() {
                    if self.job.fails_on_reject {
                        return self.fail(bytes, ticket, &error);
                    }
                    self.part.rejects.extend_from_slice(with_break);
                }
            }
            self.part.lines += 1;
            self.part.bytes += with_break.len() as u64;
            if self.part.is_large() {
                ticket.put(|outputs| outputs.write(bytes, &mut self.part))?;
            }
        }
        ticket.end(|outputs| outputs.write(bytes, &mut self.part))
    }

    fn event(
        &mut self,
        line: &[u8],
        with_break: &[u8],
        place: Range<usize>,
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
