//! The commands, and the exit status of each.

use super::shared::{CliError, Result, Status, print_error};
use super::{
    audit, certify, diff, eval, explain, filter, fmt, help, init, ledger, lint, prove, render, show,
    simulate, table, test,
};
use clap::{CommandFactory, Parser, Subcommand};
use consentry::diagnostic::visible;
use std::io::{self, Write};
use std::process::ExitCode;

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
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; a closed output is none of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let message = match run(&arguments.command) {
        Ok(Status::Fine) | Err(CliError::ReaderGone) => return ExitCode::SUCCESS,
        Ok(Status::Findings) => return ExitCode::from(1),
        Err(CliError::Policy(error)) => {
            render::mistakes(error.diagnostics(), error.files(), "the policy does not compile")
        }
        Err(CliError::Other(message)) => format!("consentry: {}\n", visible(&message)),
    };
    print_error(&message);
    ExitCode::from(2)
}

fn run(command: &Command) -> Result<Status> {
    let to = &mut io::BufWriter::with_capacity(1 << 16, io::stdout());
    let result = match command {
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
    };
    // What was decided before a failure is still told.
    let flushed = to.flush();
    let status = result?;
    flushed?;
    Ok(status)
}
