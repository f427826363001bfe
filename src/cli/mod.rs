//! Arguments, exit status, and what the commands share. This is the only place that prints and knows the environment.

mod audit;
mod certify;
mod diff;
mod eval;
mod explain;
mod files;
mod filter;
mod fmt;
mod format;
mod help;
mod init;
mod input;
mod ledger;
mod lint;
mod markdown;
mod prove;
mod render;
mod show;
mod simulate;
mod table;
mod test;

use clap::{Args, Parser, Subcommand, ValueEnum};
use consentry::diagnostic::visible;
use consentry::{Disk, Policy, PolicyError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
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
    Ledger(ledger::LedgerCommand),
    Audit(audit::Audit),
    Show(show::Show),
    Certify(certify::Certify),
    Help(help::Help),
}

/// How the output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// The policy of a command.
#[derive(Args)]
struct PolicyArguments {
    /// The policy file.
    policy: PathBuf,
    #[command(flatten)]
    root: Root,
}

/// Where includes may lead.
#[derive(Args)]
struct Root {
    /// The folder that includes must not leave [default: the policy's own].
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// How a command ended, if not with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Nothing to report, or warnings only.
    Fine,
    /// Lint errors, lines that could not be decided, or files that are not formatted.
    Findings,
}

/// Why a command could not do its work.
enum Failure {
    /// A policy that does not compile.
    Policy(PolicyError),
    /// Usage, or a file that cannot be read or written.
    Other(String),
    /// The reader of our output has gone away, which is its right.
    ReaderGone,
}

impl From<io::Error> for Failure {
    /// An error of our own output; input is read with [`Failure::input`].
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::Other(format!("cannot write: {error}")),
        }
    }
}

impl Failure {
    fn input(name: &str, error: &io::Error) -> Self {
        Failure::Other(format!("cannot read `{name}`: {error}"))
    }

    /// A file of ours that cannot be written, be it a pipe that nobody reads: what it lacks is lost.
    fn output(path: &Path, error: &io::Error) -> Self {
        Failure::Other(format!("cannot write `{}`: {error}", path.display()))
    }
}

impl Root {
    /// The source and the path in it for a file named on the command line.
    fn place(&self, path: &Path) -> Result<(Disk, String), Failure> {
        let Some(root) = &self.root else { return Ok(Disk::beside(path)) };
        let failed = |path: &Path, error| Failure::input(&path.display().to_string(), &error);
        let real = path.canonicalize().map_err(|error| failed(path, error))?;
        let real_root = root.canonicalize().map_err(|error| failed(root, error))?;
        let below = real.strip_prefix(&real_root).map_err(|_| {
            Failure::Other(format!("`{}` is not below the root `{}`", path.display(), root.display()))
        })?;
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        Ok((Disk::new(root), parts.join("/")))
    }
}

impl PolicyArguments {
    fn load(&self) -> Result<Policy, Failure> {
        let (disk, path) = self.root.place(&self.policy)?;
        Policy::from_source(&disk, &path).map_err(Failure::Policy)
    }
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
    match run(&arguments.command) {
        Ok(Status::Fine) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Ok(Status::Findings) => ExitCode::from(1),
        Err(failure) => {
            let message = match failure {
                Failure::Policy(error) => render::policy_error(&error),
                Failure::Other(message) => format!("consentry: {}\n", visible(&message)),
                Failure::ReaderGone => String::new(),
            };
            // There is nowhere left to say that standard error is closed.
            let _ = io::stderr().write_all(message.as_bytes());
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command) -> Result<Status, Failure> {
    match command {
        Command::Init(init) => buffered(|to| init.run(to)),
        Command::Lint(lint) => buffered(|to| lint.run(to)),
        Command::Test(test) => buffered(|to| test.run(to)),
        Command::Fmt(fmt) => buffered(|to| fmt.run(to)),
        Command::Eval(eval) => buffered(|to| eval.run(to)),
        // Its threads write whole lines, which a buffer would split.
        Command::Filter(filter) => filter.run(),
        Command::Explain(explain) => buffered(|to| explain.run(to)),
        Command::Prove(prove) => buffered(|to| prove.run(to)),
        Command::Diff(diff) => buffered(|to| diff.run(to)),
        Command::Table(table) => buffered(|to| table.run(to)),
        Command::Simulate(simulate) => buffered(|to| simulate.run(to)),
        Command::Audit(audit) => buffered(|to| audit.run(to)),
        Command::Ledger(ledger) => buffered(|to| ledger.run(to)),
        Command::Show(show) => buffered(|to| show.run(to)),
        Command::Certify(certify) => buffered(|to| certify.run(to)),
        Command::Help(help) => buffered(|to| help.run(to)),
    }
}

type Buffered = io::BufWriter<io::StdoutLock<'static>>;

fn buffered(run: impl FnOnce(&mut Buffered) -> Result<Status, Failure>) -> Result<Status, Failure> {
    let mut to = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let result = run(&mut to);
    // What was decided before a failure is still told.
    let flushed = to.flush();
    result.and_then(|status| flushed.map(|()| status).map_err(Failure::from))
}
