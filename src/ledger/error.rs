//! Why a store did not answer.

use std::fmt;

/// Why a store did not answer.
#[derive(Debug)]
pub struct StoreError(Cause);

/// An error of what a store uses.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// For an error, or a text.
    pub fn new(cause: impl Into<Cause>) -> Self {
        StoreError(cause.into())
    }
}

impl From<Cause> for StoreError {
    fn from(cause: Cause) -> Self {
        StoreError(cause)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ledger does not answer: {}", self.0)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}
