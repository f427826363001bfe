//! Measures the ledger beside SQLite in one process and prints the ratios.

use consentry_peers::ledger;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: ledger [--people NUMBER] [--folder FOLDER]";

/// What was asked for.
struct Arguments {
    people: usize,
    /// Where the ledgers are meanwhile: on a disk whose speed counts, and not in memory, as folders for temporary files may be.
    folder: PathBuf,
}

fn main() -> ExitCode {
    let Some(Arguments { people, folder }) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match ledger::run(people, &folder) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let beside = std::env::current_exe().ok()?.parent()?.to_owned();
    let mut arguments = Arguments { people: 1_000_000, folder: beside };
    while let Some(option) = given.next() {
        let value = given.next()?;
        match option.as_str() {
            // People are linked with others.
            "--people" => arguments.people = value.parse().ok().filter(|people| *people >= 10)?,
            "--folder" => arguments.folder = value.into(),
            _ => return None,
        }
    }
    Some(arguments)
}
