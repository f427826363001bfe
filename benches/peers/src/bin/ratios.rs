//! Measures ours and the peers in one process and prints the ratios.

use consentry_peers::allocations::Counting;
use consentry_peers::report::plot;
use consentry_peers::suite::{self, Effort};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const USAGE: &str = "usage: ratios [--events NUMBER] [--rounds NUMBER] [--plot FILE]";

/// What was asked for.
#[derive(Default)]
struct Arguments {
    effort: Effort,
    plot: Option<String>,
}

fn main() -> ExitCode {
    let Some(Arguments { effort, plot: file }) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let report = suite::run(effort);
    print!("{report}");
    if let Some(file) = file
        && let Err(error) = std::fs::write(&file, plot(&report))
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments::default();
    while let Some(option) = given.next() {
        let value = given.next()?;
        match option.as_str() {
            // The other events are a tenth of these, and there must be some.
            "--events" => arguments.effort.events = value.parse().ok().filter(|events| *events >= 10)?,
            "--rounds" => arguments.effort.rounds = value.parse().ok().filter(|rounds| *rounds > 0)?,
            "--plot" => arguments.plot = Some(value),
            _ => return None,
        }
    }
    Some(arguments)
}
