//! One line on standard error for a person who watches.

use super::outputs::Outputs;
use crate::cli::shared::print_error;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How often the line is drawn.
pub(super) const EVERY: Duration = Duration::from_millis(200);

/// Goes to the start of the line and clears it.
const CLEAR: &str = "\r\x1B[K";

/// The line, or nothing when nobody watches.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    since: Instant,
    watched: bool,
}

impl Progress {
    /// `apart` says that no events go to standard output.
    pub(super) fn new(apart: bool) -> Self {
        let watched = watched(io::stderr().is_terminal(), io::stdout().is_terminal(), apart);
        Progress { since: Instant::now(), watched }
    }

    pub(super) fn draw(&self, outputs: &Outputs) {
        if self.watched {
            let line = line(outputs.bytes, outputs.lines, self.since.elapsed());
            print_error(&format!("{CLEAR}{line}"));
        }
    }

    pub(super) fn clear(&self) {
        if self.watched {
            print_error(CLEAR);
        }
    }
}

/// Events on the same screen would run into the line, so there is none beside them.
fn watched(errors: bool, output: bool, apart: bool) -> bool {
    errors && (apart || !output)
}

fn line(bytes: u64, lines: u64, elapsed: Duration) -> String {
    const MIB: u64 = 1 << 20;
    let seconds = elapsed.as_secs_f64();
    let per_second = if seconds > 0.0 { lines as f64 / seconds } else { 0.0 };
    format!("{}.{} MiB, {lines} events, {per_second:.0} events/s", bytes / MIB, bytes % MIB * 10 / MIB)
}

#[cfg(test)]
mod tests {
    use super::{line, watched};
    use std::time::Duration;

    #[test]
    fn only_events_on_the_same_screen_keep_the_line_away() {
        assert!(watched(true, false, false) && watched(true, true, true) && watched(true, false, true));
        assert!(!watched(true, true, false) && !watched(false, true, true));
    }

    #[test]
    fn a_line_says_how_much_and_how_fast() {
        let shown = line((3 << 20) + (1 << 19), 5_000, Duration::from_millis(2_500));
        assert_eq!(shown, "3.5 MiB, 5000 events, 2000 events/s");
        assert_eq!(line(0, 0, Duration::ZERO), "0.0 MiB, 0 events, 0 events/s");
    }
}
