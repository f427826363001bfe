//! The arguments that several commands have, and how a command ends.

use clap::{Args, ValueEnum};
use consentry::diagnostic::visible;
use consentry::ledger::StoreError;
use consentry::report::Summary;
use consentry::source::{Disk, PinnedDisk, SourceError};
use consentry::{DestinationId, Policy, PolicyError};
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The policy of a command.
#[derive(Args)]
pub(super) struct PolicyArguments {
    /// The policy file.
    pub(super) policy: PathBuf,
    #[command(flatten)]
    pub(super) root: Root,
}

/// The treatment of names that the policy does not have.
#[derive(Args)]
pub(super) struct UnknownArguments {
    /// Fail where there would be a warning.
    #[arg(long, value_enum, value_name = "FINDING")]
    deny: Vec<Denied>,
}

/// A finding that may be denied.
#[derive(Clone, Copy, ValueEnum)]
enum Denied {
    /// No event has a preference for any category of the policy, or one has an entry for a destination that it does not have.
    Unknown,
}

impl UnknownArguments {
    /// Returns true if unknown names are errors.
    pub(super) fn is_denied(&self) -> bool {
        !self.deny.is_empty()
    }

    /// Returns true if there are unknown names, and they are errors.
    pub(super) fn fails(&self, summary: &Summary) -> bool {
        self.is_denied() && summary.has_unknown()
    }
}

/// Where includes may lead.
#[derive(Args)]
pub(super) struct Root {
    /// The folder that includes must not leave [default: the folder that is named, or that of the policy].
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
}

/// How a command ended, if not with an error.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Status {
    /// Nothing to report, or warnings only.
    Fine,
    /// Lint errors, lines that could not be decided, or files that are not formatted.
    Findings,
}

/// The result of what a command does.
pub(crate) type Result<T, E = CliError> = std::result::Result<T, E>;

/// Why a command could not do its work.
pub(crate) enum CliError {
    /// A policy that does not compile.
    Policy(PolicyError),
    /// Usage, or a file that cannot be read or written.
    Other(String),
    /// The reader of standard output has gone away before a stream had ended.
    ReaderGone(String),
}

impl From<PolicyError> for CliError {
    fn from(error: PolicyError) -> Self {
        CliError::Policy(error)
    }
}

impl From<String> for CliError {
    fn from(message: String) -> Self {
        CliError::Other(message)
    }
}

impl From<&str> for CliError {
    fn from(message: &str) -> Self {
        CliError::Other(message.to_owned())
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        CliError::Other(error.to_string())
    }
}

impl Status {
    /// Returns [`Status::Fine`] under a condition, and findings otherwise.
    pub(super) fn fine_if(is_fine: bool) -> Self {
        if is_fine { Status::Fine } else { Status::Findings }
    }
}

impl CliError {
    /// Returns the error of an input that cannot be read.
    pub(super) fn input(name: impl Display) -> impl FnOnce(io::Error) -> Self {
        move |error| CliError::Other(format!("cannot read `{name}`: {error}"))
    }

    /// Adds to a message what came of the work.
    pub(super) fn with(self, note: &str) -> Self {
        match self {
            CliError::Other(message) => CliError::Other(message + note),
            CliError::ReaderGone(message) => CliError::ReaderGone(message + note),
            failure @ CliError::Policy(_) => failure,
        }
    }

    /// Adds how far a stream got.
    pub(super) fn written_up_to(self, line: u64) -> Self {
        self.with(&format!("; everything up to line {line} is written"))
    }

    /// A file of ours that cannot be written, be it a pipe that nobody reads: what it lacks is lost.
    pub(super) fn output(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| CliError::Other(format!("cannot write `{}`: {error}", path.display()))
    }
}

impl Root {
    /// The source and the path in it for a file named on the command line.
    pub(super) fn place(&self, path: &Path) -> Result<(PinnedDisk, String)> {
        let Some(root) = &self.root else { return beside(path) };
        // An error below is about the file.
        root.canonicalize().map_err(CliError::input(root.display()))?;
        Disk::within(root, path).map_err(|error| match error {
            SourceError::OutsideRoot => {
                format!("`{}` is not below the root `{}`", path.display(), root.display()).into()
            }
            error => cannot_read(path, &error),
        })
    }

    /// Loads the policy in a file named on the command line.
    pub(super) fn load(&self, path: &Path) -> Result<Policy> {
        let (disk, name) = self.place(path)?;
        Ok(Policy::from_source(&disk, &name)?)
    }
}

/// Returns the source and the path in it of a file, in whose own folder includes stay.
pub(super) fn beside(path: &Path) -> Result<(PinnedDisk, String)> {
    Disk::beside(path).map_err(|error| cannot_read(path, &error))
}

/// Returns the error of a policy file that cannot be read.
pub(super) fn cannot_read(path: &Path, error: &SourceError) -> CliError {
    format!("cannot read `{}`: {error}", path.display()).into()
}

impl PolicyArguments {
    pub(super) fn load(&self) -> Result<Policy> {
        self.root.load(&self.policy)
    }
}

/// Prints a text on standard error. If that is closed, there is nowhere left to report it.
pub(super) fn print_error(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Returns a word for a shell.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./:@%+=,".contains(char);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// How many destinations a message names.
const MAX_NAMES: usize = 20;

/// Returns the destination with a name.
pub(super) fn destination(policy: &Policy, name: &str) -> Result<DestinationId> {
    if let Some(id) = policy.destination_named(name) {
        return Ok(id);
    }
    let shown = visible(name);
    let destinations = policy.destinations();
    if let Some(own) = destinations.iter().find(|one| one.aliases.iter().any(|alias| alias.value == name)) {
        return Err(format!("`{shown}` is an alias; ask for `{}`", visible(own.name())).into());
    }
    let mut names: Vec<String> = destinations.iter().map(|one| visible(one.name())).take(MAX_NAMES).collect();
    if destinations.len() > MAX_NAMES {
        names.push(format!("and {} more", destinations.len() - MAX_NAMES));
    }
    Err(match names.as_slice() {
        [] => format!("the policy has no destination `{shown}`, nor any other"),
        names => format!("the policy has no destination `{shown}`; it has {}", names.join(", ")),
    }
    .into())
}
