//! The commands, and the exit status of each.

use super::output::Output;
use super::shared::{CliError, Result, Status, print_error};
use super::{
    audit, certify, diff, eval, explain, filter, fmt, help, init, ledger, lint, prove, render, show,
    simulate, table, test,
};
use clap::{CommandFactory, Parser, Subcommand};
use consentry::diagnostic::visible;
use std::process::ExitCode;

/// The status of a stream that its reader has left, as a shell reports the signal for it.
const READER_GONE: u8 = 141;

/// Decide who may receive a person's data, given what they agreed to.
#[derive(Parser)]
// Our own `help` knows the findings too.
#[command(name = "consentry", version, max_term_width = 100, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Lint(lint::Lint),
    Fmt(fmt::Fmt),
    Test(test::Test),
    Eval(eval::Eval),
    Filter(filter::Filter),
    Explain(explain::Explain),
    Prove(prove::Prove),
    Diff(diff::Diff),
    Table(table::Table),
    Simulate(simulate::Simulate),
    #[command(subcommand)]
    Ledger(ledger::Command),
    Audit(audit::Audit),
    Show(show::Show),
    Certify(certify::Certify),
    Help(help::Help),
}

/// Runs the command that the arguments ask for.
pub(crate) fn main() -> ExitCode {
    let to = &mut Output::new();
    let result = match Arguments::try_parse() {
        Ok(arguments) => run(&arguments.command, to),
        Err(error) if error.use_stderr() => {
            // If standard error is closed, there is nowhere left to report it.
            let _ = error.print();
            return ExitCode::from(2);
        }
        Err(help) => help::write(to, &help).map(|()| Status::Fine),
    };
    // The output before a failure is still printed.
    let printed = to.end();
    let (status, message) = match result.and_then(|status| printed.map(|()| status)) {
        Ok(Status::Fine) => return ExitCode::SUCCESS,
        Ok(Status::Findings) => return ExitCode::from(1),
        Err(CliError::Policy(error)) => {
            (2, render::mistakes(error.diagnostics(), error.files(), "the policy does not compile"))
        }
        Err(CliError::Other(message)) => (2, one_line(&message)),
        Err(CliError::ReaderGone(message)) => (READER_GONE, one_line(&message)),
    };
    print_error(&message);
    ExitCode::from(status)
}

fn one_line(message: &str) -> String {
    format!("consentry: {}\n", visible(message))
}

fn run(command: &Command, to: &mut Output) -> Result<Status> {
    match command {
        Command::Init(init) => init.run(to),
        Command::Lint(lint) => lint.run(to),
        Command::Test(test) => test.run(to),
        Command::Fmt(fmt) => fmt.run(to),
        Command::Eval(eval) => eval.run(to),
        // Its threads write whole lines, which a buffer would split.
        Command::Filter(filter) => filter.run(),
        Command::Explain(explain) => explain.run(to),
        Command::Prove(prove) => prove.run(to),
        Command::Diff(diff) => diff.run(to),
        Command::Table(table) => table.run(to),
        Command::Simulate(simulate) => simulate.run(to),
        Command::Audit(audit) => audit.run(to),
        Command::Ledger(ledger) => ledger.run(to),
        Command::Show(show) => show.run(to),
        Command::Certify(certify) => certify.run(to),
        Command::Help(help) => help.run(to, Arguments::command()),
    }
}
