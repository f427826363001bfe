//! Everything that is written, in whole lines and in their order.

use super::output_file::{CUT, OutputFile};
use super::split::Split;
use crate::cli::shared::{CliError, Result};
use consentry::DestinationId;
use consentry::report::Summary;
use std::io::{self, Write};
use std::ops::Range;

/// What is written to.
pub(super) struct Outputs {
    /// The files of the destinations; without them, all events go to standard output.
    split: Option<Split>,
    rejects: Option<OutputFile>,
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
    /// Items of batches that destinations receive, a line each.
    unpacked: Vec<u8>,
    pub(super) deliveries: Deliveries,
    pub(super) rejects: Vec<u8>,
    /// Whether the rejects end in the middle of a line.
    pub(super) within_line: bool,
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

/// The places of the lines that each destination receives.
#[derive(Default)]
pub(super) struct Deliveries {
    by_destination: Vec<Vec<Place>>,
    count: usize,
}

/// The place of a line.
#[derive(Clone)]
pub(super) enum Place {
    /// It is a line of the block.
    InBlock(Range<usize>),
    /// It was an item of a batch.
    Unpacked(Range<usize>),
}

/// How large the results of a block become before they are written and begun anew: a short event may have to name every
/// destination of a large policy.
const ENOUGH: usize = 1 << 20;

/// How many places of lines are kept room for, for each destination.
const FEW: usize = 64;

impl Part {
    /// Whether it is time to write it.
    pub(super) fn is_large(&self) -> bool {
        let deliveries = self.deliveries.count * size_of::<Place>();
        self.events.len() + self.unpacked.len() + deliveries + self.rejects.len() > ENOUGH
    }

    /// Keeps a line that was an item of a batch.
    pub(super) fn unpack(&mut self, line: &[u8]) -> Place {
        let start = self.unpacked.len();
        self.unpacked.extend_from_slice(line);
        Place::Unpacked(start..self.unpacked.len())
    }

    fn clear(&mut self) {
        for buffer in [&mut self.events, &mut self.unpacked, &mut self.rejects] {
            buffer.clear();
            buffer.shrink_to(ENOUGH);
        }
        (self.within_line, self.lines, self.bytes) = (false, 0, 0);
    }
}

impl Deliveries {
    pub(super) fn add(&mut self, destination: DestinationId, line: Place) {
        let destination = destination.index();
        if self.by_destination.len() <= destination {
            self.by_destination.resize(destination + 1, Vec::new());
        }
        let Some(lines) = self.by_destination.get_mut(destination) else { return };
        match (lines.last_mut(), &line) {
            (Some(Place::InBlock(last)), Place::InBlock(line))
            | (Some(Place::Unpacked(last)), Place::Unpacked(line))
                if last.end == line.start =>
            {
                last.end = line.end;
            }
            _ => {
                self.count += 1;
                lines.push(line);
            }
        }
    }
}

impl Outputs {
    pub(super) fn new(split: Option<Split>, rejects: Option<OutputFile>) -> Self {
        Outputs { split, rejects, lines: 0, bytes: 0, summary: Summary::default(), gathered: Vec::new() }
    }

    /// Writes what came of some lines of a block, and empties it.
    pub(super) fn write(&mut self, block: &[u8], part: &mut Part) -> Result<()> {
        match &mut self.split {
            None => {
                // The lock lets nobody in between; what is flushed is never the beginning of a line.
                let mut to = io::stdout().lock();
                let written = to.write_all(&part.events).and_then(|()| to.flush());
                written.map_err(|error| CliError::from(error).with(CUT))?;
            }
            Some(split) => {
                let Deliveries { by_destination, count } = &mut part.deliveries;
                let touched = by_destination.iter_mut().enumerate().filter(|(_, lines)| !lines.is_empty());
                for (destination, lines) in touched {
                    self.gathered.clear();
                    for line in lines.drain(..) {
                        let text = match line {
                            Place::InBlock(place) => block.get(place),
                            Place::Unpacked(place) => part.unpacked.get(place),
                        };
                        self.gathered.extend_from_slice(text.unwrap_or_default());
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
        self.rejects.iter_mut().for_each(OutputFile::cut);
    }
}
