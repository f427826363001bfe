//! The seconds that each command takes with the worst policies within the limits, under a limit of one gigabyte of memory:
//!
//! ```text
//! cargo bench --features cli --bench limits            # every policy and command
//! cargo bench --features cli --bench limits -- diff    # those whose line has this word
//! ```

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that fails may panic, and prints"
)]

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use std::{env, fs};

#[path = "../tests/common/worst.rs"]
mod worst;

/// The most time and memory of a command.
const SECONDS: f64 = 10.0;
const KILOBYTES: u64 = 1 << 20;

const EVENT: &str = r#"{"type":"track","event":"e","context":{"consent":{"categoryPreferences":{"A":true,"c0":false}}},"integrations":{"d0":false}}"#;

/// The commands; `P` is the policy, `O` another one that decides differently, `E` a file with an event.
const COMMANDS: [&str; 19] = [
    "lint P",
    "lint --format json P",
    "lint --format sarif P",
    "fmt --check P",
    "test P",
    "eval P E",
    "filter P E",
    "explain P --destination d0 E",
    "prove P",
    "diff O P",
    "diff --format json O P",
    "table P",
    "table --format csv P",
    "table --format json P",
    "table --format html P",
    "simulate --all P",
    "certify P",
    "audit P E",
    "ledger ingest ledger E --policy P",
];

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut is_within = true;
    println!("seconds  status");
    for worst in worst::WORST.iter().chain(worst::SQUARE) {
        for (name, text) in (worst.files)(worst.most) {
            fs::write(folder.path().join(&name), &text).unwrap();
            if name == "main" {
                let other = text.replace("include prelude \"segment\"", "include prelude \"segment-strict\"");
                fs::write(folder.path().join("other"), other).unwrap();
            }
        }
        fs::write(folder.path().join("events"), format!("{EVENT}\n")).unwrap();
        for command in COMMANDS {
            let line = format!("{}: {command}", worst.name);
            if wanted.iter().all(|word| line.contains(word.as_str())) {
                is_within &= run(folder.path(), command, &line);
            }
        }
        for entry in fs::read_dir(folder.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a command in no more memory than it may take, and returns whether it ended as it should.
fn run(folder: &Path, command: &str, line: &str) -> bool {
    let words = command.split(' ').map(|word| match word {
        "P" => "main",
        "O" => "other",
        "E" => "events",
        word => word,
    });
    let start = Instant::now();
    let status = Command::new("sh")
        .args(["-c", &format!("ulimit -v {KILOBYTES}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_consentry")])
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let seconds = start.elapsed().as_secs_f64();
    // A signal has no status: memory that is not there ends a program so.
    let ended = status.code().is_some_and(|code| code <= 2);
    let is_within = ended && seconds <= SECONDS;
    let mark = if is_within { "" } else { "  <- beyond the limit" };
    println!(
        "{seconds:7.2}  {:6}  {line}{mark}",
        status.code().map_or("signal".to_owned(), |code| code.to_string())
    );
    is_within
}
