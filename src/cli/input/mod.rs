//! What the commands read: a file or standard input, plain or compressed.

mod chunks;
mod compressed;
mod reader;

pub(super) use chunks::{Chunk, Chunks};
pub(super) use reader::read_all;
