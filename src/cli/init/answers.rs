//! Questions: one line each, with the default shown. A terminal is asked again after an invalid answer; a script is not.

use crate::cli::shared::{CliError, Result, print_error};
use consentry::diagnostic::visible;
use std::io::{self, BufRead, IsTerminal, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// The longest silence of an input that is no terminal. A pipe that nobody writes to must not hold up a build.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer.
const LONGEST: u64 = 1 << 20;

/// Questions to a person or a script.
pub(super) struct Questions {
    /// The lines of standard input; `None` if every answer is the default.
    lines: Option<Receiver<io::Result<String>>>,
    is_terminal: bool,
}

impl Questions {
    /// Asks a terminal or, if neither flags nor files declare anything, a script.
    pub(super) fn new(yes: bool, stdin_is_taken: bool, is_alone: bool) -> Self {
        let is_terminal = io::stdin().is_terminal();
        let is_asked = !yes && !stdin_is_taken && (is_terminal || is_alone);
        Questions { lines: is_asked.then(lines), is_terminal }
    }

    /// Returns true if somebody can answer.
    pub(super) fn can_ask(&self) -> bool {
        self.lines.is_some()
    }

    /// Prints a line for a person who is about to answer.
    pub(super) fn print(&self, text: &str) {
        if self.can_ask() {
            print_error(&format!("{text}\n"));
        }
    }

    /// Asks until an answer is valid. An empty one is `default`, which is shown as `shown`.
    pub(super) fn ask<T>(
        &mut self,
        question: &str,
        shown: &str,
        default: &str,
        mut read: impl FnMut(&str) -> Result<T, String>,
    ) -> Result<T> {
        loop {
            if self.can_ask() {
                print_error(&format!("{} [{}]: ", visible(question), visible(shown)));
            }
            let line = self.line()?;
            let answer = Some(line.trim()).filter(|answer| !answer.is_empty()).unwrap_or(default);
            let result = match answer.chars().any(char::is_control) {
                true => Err("the answer has control characters".to_owned()),
                false => read(answer),
            };
            match result {
                Ok(answer) => return Ok(answer),
                Err(error) if self.can_ask() && self.is_terminal => {
                    self.print(&format!("  {}", visible(&error)));
                }
                Err(error) => return Err(format!("{question}: `{answer}`: {error}").into()),
            }
        }
    }

    /// Returns the next line. An input that ends is no answer: it may have been cut off.
    fn line(&mut self) -> Result<String> {
        let Some(lines) = &self.lines else { return Ok(String::new()) };
        let line = lines.recv_timeout(if self.is_terminal { Duration::MAX } else { PATIENCE });
        if !self.is_terminal {
            print_error("\n");
        }
        let missing = match line {
            Ok(line) => return line.map_err(CliError::input("standard input")),
            Err(RecvTimeoutError::Disconnected) => "it has ended",
            Err(RecvTimeoutError::Timeout) => "nothing comes from it",
        };
        Err(format!(
            "there is no answer on standard input: {missing}; answer with --name, --prelude, --category and --destination, take one default with an empty line, or all of them with --yes"
        ).into())
    }
}

/// Reads the lines of standard input in a thread of its own, since nothing else ends a wait for a silent pipe.
fn lines() -> Receiver<io::Result<String>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        loop {
            let mut line = Vec::new();
            let read = io::stdin().lock().take(LONGEST).read_until(b'\n', &mut line);
            if read.as_ref().is_ok_and(|bytes| *bytes == 0) {
                return;
            }
            let text = || String::from_utf8(line).map_err(|_| io::Error::other("it is not UTF-8"));
            let line = read.and_then(|_| text());
            let has_failed = line.is_err();
            if sender.send(line).is_err() || has_failed {
                return;
            }
        }
    });
    receiver
}
