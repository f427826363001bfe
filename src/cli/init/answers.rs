//! Questions: one line each, with the default shown. A terminal is asked again after a wrong answer; a script is not.

use super::Undone;
use crate::cli::Failure;
use consentry::diagnostic::visible;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How long an input that is no terminal may be silent. A pipe that nobody writes to must not hold up a build.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer.
const LONGEST: u64 = 1 << 20;

/// Who answers.
pub(super) struct Questions {
    from: From,
    /// Whether anything was answered.
    answered: bool,
}

enum From {
    Terminal,
    /// Standard input, read by a thread of its own, since nothing else ends a wait for a silent pipe.
    Lines(Receiver<io::Result<String>>),
    /// Every answer is the default.
    Nobody,
}

impl Questions {
    /// `alone`: nothing is said by flags or files, so that standard input is asked also where it is no terminal.
    pub(super) fn new(yes: bool, stdin_is_taken: bool, alone: bool) -> Self {
        let from = match io::stdin().is_terminal() {
            _ if yes || stdin_is_taken => From::Nobody,
            true => From::Terminal,
            false if alone => From::Lines(lines()),
            false => From::Nobody,
        };
        Questions { from, answered: false }
    }

    /// Whether anybody can answer.
    pub(super) fn can_ask(&self) -> bool {
        !matches!(self.from, From::Nobody)
    }

    /// Says something to a person who is about to answer.
    pub(super) fn say(&self, text: &str) {
        if self.can_ask() {
            // There is nowhere left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Asks until an answer can be read. An empty one is `default`, which is shown as `shown`.
    pub(super) fn ask<T>(
        &mut self,
        question: &str,
        shown: &str,
        default: &str,
        mut read: impl FnMut(&str) -> Result<T, Undone>,
    ) -> Result<T, Failure> {
        loop {
            let line = match &self.from {
                From::Nobody => None,
                _ => {
                    let _ = write!(io::stderr(), "{} [{}]: ", visible(question), visible(shown));
                    let _ = io::stderr().flush();
                    self.line()?
                }
            };
            let line = line.unwrap_or_default();
            let answer = match line.trim() {
                "" => default,
                answer => answer,
            };
            let result = match answer.chars().any(char::is_control) {
                true => Err(Undone::new("the answer has control characters")),
                false => read(answer),
            };
            match (result, &self.from) {
                (Ok(answer), _) => return Ok(answer),
                (Err(undone), From::Terminal) => self.say(&format!("  {}", visible(&undone.0))),
                (Err(undone), _) => {
                    return Err(Failure::Other(format!("{}: `{answer}`: {}", question.trim(), undone.0)));
                }
            }
        }
    }

    /// The next line; nothing at the end, as long as there was one.
    fn line(&mut self) -> Result<Option<String>, Failure> {
        let line = match &self.from {
            From::Nobody => return Ok(None),
            From::Terminal => one_line(&mut io::stdin().lock()),
            From::Lines(lines) => {
                let next = lines.recv_timeout(PATIENCE);
                let _ = writeln!(io::stderr());
                match next {
                    Ok(line) => line.map(Some),
                    Err(RecvTimeoutError::Disconnected) => Ok(None),
                    Err(RecvTimeoutError::Timeout) => return Err(no_answer("nothing comes from it")),
                }
            }
        };
        match line.map_err(|error| Failure::input("standard input", &error))? {
            None if !self.answered => Err(no_answer("it has ended")),
            line => {
                self.answered = true;
                Ok(line)
            }
        }
    }
}

fn no_answer(why: &str) -> Failure {
    Failure::Other(format!(
        "there is no answer on standard input: {why}; answer with --name, --prelude, --category and --destination, or take the defaults with --yes"
    ))
}

/// The lines of standard input, as they come.
fn lines() -> Receiver<io::Result<String>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Some(line) = one_line(&mut stdin).transpose() {
            let failed = line.is_err();
            if sender.send(line).is_err() || failed {
                break;
            }
        }
    });
    receiver
}

fn one_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    from.take(LONGEST).read_until(b'\n', &mut line)?;
    let text = String::from_utf8(line).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}
