//! What the commands read: a file or standard input, plain or compressed.

mod chunks;
mod compressed;
mod reader;

pub(super) use chunks::{Chunk, Chunks, line_too_long};
pub(super) use reader::read_all;
