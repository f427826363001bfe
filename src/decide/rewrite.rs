//! Stands in for the reader with two grades and for the rewriting, which come with another branch.

use super::{Decision, Scratch};
use crate::event::{EventError, Limits};
use crate::table::Table;

impl Table {
    /// Reads and decides one event whose bytes the caller's own parser has accepted already.
    ///
    /// # Errors
    ///
    /// When the bytes are not an event.
    pub fn decide_trusted<'d>(
        &'d self,
        bytes: &'d [u8],
        limits: &Limits,
        scratch: &'d mut Scratch,
    ) -> Result<Decision<'d>, EventError> {
        self.decide_bytes(bytes, limits, scratch)
    }
}

impl Decision<'_> {
    /// Appends the line with its integrations object rewritten, without a line break.
    pub fn rewrite(&self, line: &[u8], into: &mut Vec<u8>) {
        into.extend_from_slice(line);
    }
}
