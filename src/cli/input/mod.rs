//! What the commands read: a file or standard input, plain or compressed.

mod arguments;
mod chunks;
mod compressed;
mod event_lines;
mod kind;
mod reader;

pub(super) use arguments::{ArchiveArguments, EventsArguments};
pub(super) use chunks::{Chunk, Chunks, line_too_long};
pub(super) use event_lines::EventLines;
pub(super) use reader::read_all;
