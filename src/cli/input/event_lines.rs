//! The events of a chunk: its lines, and the items of lines that are batches.

use super::chunks::Chunk;
use consentry::event::Batch;
use consentry::{EventError, Limits, Policy};
use std::borrow::Cow;

/// An event, or a line that is none.
pub(crate) struct EventLine<'c> {
    /// The line, counted from 1.
    pub(crate) line: u64,
    /// The item, counted from 0, if the line is a batch.
    pub(crate) item: Option<usize>,
    text: Result<Cow<'c, [u8]>, EventError>,
}

/// The events of some lines.
#[derive(Default)]
pub(crate) struct EventLines<'c> {
    pub(crate) events: Vec<EventLine<'c>>,
    /// The number of lines that are batches.
    pub(crate) batches: u64,
}

impl EventLine<'_> {
    /// Returns the text of the event, or why the line has none.
    pub(crate) fn text(&self) -> Result<&[u8], EventError> {
        self.text.as_deref().map_err(Clone::clone)
    }
}

impl<'c> EventLines<'c> {
    /// Returns the events of a chunk as a policy reads batches. `lines` is the number of lines before it, and counts on.
    pub(crate) fn of(chunk: &'c Chunk, policy: &Policy, lines: &mut u64) -> Self {
        let mut all = EventLines::default();
        for line in chunk.events() {
            *lines += 1;
            all.add(*lines, line, policy);
        }
        all
    }

    /// Adds the events of a line.
    pub(crate) fn add(&mut self, number: u64, line: Result<&'c [u8], EventError>, policy: &Policy) {
        let mut add = |item, text| self.events.push(EventLine { line: number, item, text });
        let read = line.and_then(|line| Ok((line, Batch::read(line, policy, &Limits::default())?)));
        match read {
            Err(error) => add(None, Err(error)),
            Ok((line, None)) => add(None, Ok(Cow::Borrowed(line))),
            Ok((_, Some(batch))) => {
                for item in batch.items() {
                    add(Some(item.number()), Ok(item.into_bytes()));
                }
                self.batches += 1;
            }
        }
    }

    /// Returns the text of each event.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Result<&[u8], EventError>> {
        self.events.iter().map(EventLine::text)
    }
}
