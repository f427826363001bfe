//! An interruption ends the command between two lines.

use super::ordered::Ordered;
use super::outputs::Outputs;
use super::progress::Progress;
use crate::cli::input::Chunks;
use crate::cli::shared::{CliError, Result, print_error};
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// What a shell reports for a command that was interrupted.
const STATUS: i32 = 130;

/// How long the last message may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// From now on an interruption waits until what is being written is written.
///
/// If whoever reads it does not read on, that may take for ever: a second interruption does not wait.
pub(super) fn between_lines(ordered: &Arc<Ordered<Chunks, Outputs>>, progress: Progress) -> Result<()> {
    let ordered = Arc::clone(ordered);
    let mut again = false;
    let handler = move || {
        if again {
            end_soon("interrupted again: the last line may be cut".into());
        }
        again = true;
        let ordered = Arc::clone(&ordered);
        let wait = move || {
            ordered.sink(|outputs| {
                outputs.cut();
                progress.clear();
                let lines = outputs.lines;
                end(format!("interrupted after line {lines}"));
            });
        };
        if thread::Builder::new().spawn(wait).is_err() {
            end("interrupted: the last line may be cut".into());
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| CliError::Other(format!("cannot prepare for interruptions: {error}")))
}

/// Ends, whether the message gets out or not: whoever reads standard error may have stopped too.
fn end_soon(message: String) {
    if thread::Builder::new().spawn(move || end(message)).is_ok() {
        thread::sleep(PATIENCE);
    }
    process::exit(STATUS);
}

fn end(message: String) {
    print_error(&format!("consentry: {message}\n"));
    process::exit(STATUS);
}
