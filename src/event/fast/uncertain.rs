//! The answer that sends a line to the slow reader.

/// The fast reader is not certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uncertain;
