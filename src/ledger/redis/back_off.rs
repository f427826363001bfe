//! Waiting before a change is tried again that others got ahead of.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

/// The longest first wait.
const FIRST: Duration = Duration::from_millis(1);

/// The longest wait.
const LONGEST: Duration = Duration::from_millis(100);

/// The time without any progress after which a change is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for random times, longer each time, so that writers who meet do not meet again.
#[derive(Debug)]
pub(super) struct BackOff {
    since: Instant,
    longest: Duration,
}

impl BackOff {
    /// Starts the time.
    pub(super) fn start() -> Self {
        BackOff { since: Instant::now(), longest: FIRST }
    }

    /// Waits, or returns false if the time is up.
    pub(super) fn wait(&mut self) -> bool {
        let micros = u64::try_from(self.longest.as_micros()).unwrap_or(u64::MAX);
        thread::sleep(Duration::from_micros(random() % micros.max(1)));
        self.longest = (self.longest * 2).min(LONGEST);
        self.since.elapsed() < PATIENCE
    }
}

/// Returns a number that differs from thread to thread and from call to call.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
