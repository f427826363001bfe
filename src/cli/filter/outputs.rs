//! Everything that is written, in whole lines and in their order.

use super::output_file::CUT;
use super::rejects::Rejects;
use super::split::Split;
use crate::cli::shared::CliError;
use consentry::DestinationId;
use consentry::report::Summary;
use std::io::{self, Write};
use std::ops::Range;

/// Where events go.
pub(super) enum Events {
    /// To standard output, all of them.
    Together,
    /// To the files of the destinations that receive them.
    Apart(Split),
}

/// What is written to.
pub(super) struct Outputs {
    events: Events,
    rejects: Option<Rejects>,
    /// The lines that are dealt with, and their bytes.
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) summary: Summary,
    /// Room to bring the lines of one file together.
    gathered: Vec<u8>,
}

/// What some lines of a block came to.
#[derive(Default)]
pub(super) struct Part {
    pub(super) events: Vec<u8>,
    pub(super) deliveries: Deliveries,
    pub(super) rejects: Vec<u8>,
    /// Whether the rejects end in the middle of a line.
    pub(super) within_line: bool,
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

/// The places in a block of the lines that each destination receives.
#[derive(Default)]
pub(super) struct Deliveries {
    by_destination: Vec<Vec<Range<usize>>>,
    /// The destinations that have any.
    touched: Vec<usize>,
    count: usize,
}

/// How large the results of a block become before they are written and begun anew: a short event may have to name every
/// destination of a large policy.
const ENOUGH: usize = 1 << 20;

/// How many places of lines are kept room for, for each destination.
const FEW: usize = 64;

impl Part {
    /// Whether it is time to write it.
    pub(super) fn is_large(&self) -> bool {
        let deliveries = self.deliveries.count * size_of::<Range<usize>>();
        self.events.len() + deliveries + self.rejects.len() > ENOUGH
    }

    fn clear(&mut self) {
        for buffer in [&mut self.events, &mut self.rejects] {
            buffer.clear();
            buffer.shrink_to(ENOUGH);
        }
        (self.within_line, self.lines, self.bytes) = (false, 0, 0);
    }
}

impl Deliveries {
    pub(super) fn add(&mut self, destination: DestinationId, line: Range<usize>) {
        let destination = destination.index();
        if self.by_destination.len() <= destination {
            self.by_destination.resize(destination + 1, Vec::new());
        }
        let Some(lines) = self.by_destination.get_mut(destination) else { return };
        match lines.last_mut() {
            Some(last) if last.end == line.start => last.end = line.end,
            last => {
                if last.is_none() {
                    self.touched.push(destination);
                }
                self.count += 1;
                lines.push(line);
            }
        }
    }
}

impl Outputs {
    pub(super) fn new(events: Events, rejects: Option<Rejects>) -> Self {
        Outputs { events, rejects, lines: 0, bytes: 0, summary: Summary::default(), gathered: Vec::new() }
    }

    /// Writes what came of some lines of a block, and empties it.
    pub(super) fn write(&mut self, block: &[u8], part: &mut Part) -> Result<(), CliError> {
        match &mut self.events {
            Events::Together => {
                // The lock lets nobody in between; what is flushed is never the beginning of a line.
                let mut to = io::stdout().lock();
                to.write_all(&part.events).and_then(|()| to.flush()).map_err(
                    |error| match CliError::from(error) {
                        CliError::Other(message) => CliError::Other(message + CUT),
                        failure => failure,
                    },
                )?;
            }
            Events::Apart(split) => {
                let Deliveries { by_destination, touched, count } = &mut part.deliveries;
                for destination in touched.drain(..) {
                    let Some(lines) = by_destination.get_mut(destination) else { continue };
                    self.gathered.clear();
                    for line in lines.drain(..) {
                        self.gathered.extend_from_slice(block.get(line).unwrap_or_default());
                    }
                    // There may be many destinations, and each is seldom at its most.
                    lines.shrink_to(FEW);
                    split.append(destination, &self.gathered)?;
                }
                *count = 0;
                self.gathered.shrink_to(ENOUGH);
            }
        }
        if let Some(rejects) = &mut self.rejects {
            rejects.append(&part.rejects, !part.within_line)?;
        }
        self.lines += part.lines;
        self.bytes += part.bytes;
        part.clear();
        Ok(())
    }

    /// Makes whole lines of what is written, when nothing follows.
    pub(super) fn cut(&mut self) {
        if let Some(rejects) = &mut self.rejects {
            rejects.cut();
        }
    }
}
