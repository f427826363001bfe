//! The moment by which one request must have ended.

use std::io;
use std::time::{Duration, Instant};

/// The moment by which one request must have ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// A deadline that ends after `timeout`.
    pub(super) fn after(timeout: Duration) -> Self {
        // A timeout beyond the clock's range counts as a day.
        let now = Instant::now();
        Deadline(now.checked_add(timeout).unwrap_or_else(|| now + Duration::from_secs(86_400)))
    }

    /// Returns the time that is left, which is never zero.
    ///
    /// # Errors
    ///
    /// If none is left.
    pub(super) fn left(self) -> io::Result<Duration> {
        match self.0.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}
