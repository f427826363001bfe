//! `consentry diff`.

mod git;

use super::files;
use super::format::Format;
use super::input::{ArchiveArguments, Chunks};
use super::shared::{Result, Root, Status, quoted};
use consentry::event::Recorded;
use consentry::exact::{self, DestinationDiff, Diff as Changes, Direction, DropChange};
use consentry::report::diff::DiffReport;
use consentry::report::event_counts::EventCounts;
use consentry::report::markdown;
use consentry::source::{Source, SourceError};
use consentry::{Input, Limits, Policy, Table};
use git::Revision;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Say what a change of a policy changes: which situations are newly delivered, newly blocked, or decided for another reason.
///
/// The answer is exact, over every event that there can be; each change has an event that shows it. Exit status: 0 compared,
/// whatever was found, 1 a change is denied, a destination is too large to be compared, or lines of the events are not events,
/// 2 usage, or a policy that does not compile.
#[derive(clap::Args)]
pub(super) struct Diff {
    /// The old policy and the new one; with --against, the policy alone.
    #[arg(required = true, num_args = 1..=2, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Compare the policy with itself as it was in a git revision.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    #[command(flatten)]
    root: Root,
    /// Count the events of a file that each change touches; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    #[command(flatten)]
    archives: ArchiveArguments,
    /// Show the situations in which only the reason is another one, too.
    #[arg(long)]
    reasons: bool,
    /// Fail where there is such a change, whether it is shown or not.
    #[arg(long, value_enum, value_name = "CHANGE")]
    deny: Vec<Denied>,
    /// How the changes are written.
    #[arg(long, value_parser = Format::among(&[Format::Human, Format::Json, Format::Markdown]), default_value = "human")]
    format: Format,
}

/// What may be denied.
#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Denied {
    /// Something is delivered that was blocked, or the gate may let more pass.
    Loosened,
    /// Something is blocked that was delivered, or the gate may let less pass.
    Tightened,
    /// Some event is decided for another reason.
    Reason,
    /// Anything at all, also what counts as unknown.
    Any,
}

/// One of the two policies, and its file as people know it.
type Side = (String, Policy);

impl Diff {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let [(old_name, old), (new_name, new)] = self.sides()?;
        let changes = exact::diff(&old, &new);
        let count = |path: &PathBuf| count(&changes, &old, &new, Chunks::open(Some(path), &self.archives)?);
        let events = self.events.as_ref().map(count).transpose()?;
        let (old, new) = ((old_name.as_str(), &old), (new_name.as_str(), &new));
        let report = DiffReport::new(old, new, &changes, events.as_ref(), self.reasons);
        match self.format {
            Format::Markdown => markdown::write(to, &report.comment())?,
            format => format.write(to, &report)?,
        }
        let not_events = events.as_ref().map_or(0, EventCounts::not_events);
        let is_denied = self.deny.iter().any(|denied| is_denied(*denied, &changes));
        let is_compared = changes.too_large.is_empty();
        Ok(Status::fine_if(!is_denied && not_events == 0 && is_compared))
    }

    fn sides(&self) -> Result<[Side; 2]> {
        match (self.policies.as_slice(), &self.against) {
            ([old, new], None) => Ok([self.side(old)?, self.side(new)?]),
            ([policy], Some(revision)) => Ok([self.side_of(policy, revision)?, self.side(policy)?]),
            ([_], None) => {
                Err("there is one policy: name the old one and the new one, or a revision with --against"
                    .into())
            }
            _ => Err("with --against there is one policy, and not two".into()),
        }
    }

    fn side(&self, path: &Path) -> Result<Side> {
        Ok((path.display().to_string(), self.root.load(path)?))
    }

    /// The policy as it was in a revision.
    fn side_of(&self, path: &Path, revision: &str) -> Result<Side> {
        // Of a link, the folder is that of the file which it leads to, as for the policy of today.
        let real = files::real(path);
        let folder = self.root.root.as_deref().or(real.parent()).unwrap_or(Path::new("."));
        let (_, name) = self.root.place(path)?;
        let (shown, quoted_revision) = (quoted(&path.display().to_string()), quoted(revision));
        if real.is_dir() {
            let each = format!(
                "grep -rlZ --include='*.consent' '^policy' {shown} | xargs -0 -n 1 consentry diff --against {quoted_revision}"
            );
            return Err(format!(
                "`{}` is a folder, and one policy is compared at a time: `{each}`",
                path.display()
            )
            .into());
        }
        let old = Revision::new(folder, revision)?;
        if matches!(old.read(&name), Err(SourceError::NotFound)) {
            return Err(format!(
                "`{}` is not in revision `{revision}`: it is new, so that there is nothing to compare it with; read it with \
                 `consentry table {shown}`, or compare it with the policy that it replaces: `consentry diff OLD {shown}`",
                path.display()
            )
            .into());
        }
        let policy = Policy::from_source(&old, &name)?;
        Ok((format!("{revision}:{}", path.display()), policy))
    }
}

/// Counts the events of a file that each change touches. Without a ledger nothing is recorded of anybody, so that the stamp alone decides.
fn count(changes: &Changes, old: &Policy, new: &Policy, chunks: Chunks) -> Result<EventCounts> {
    let limits = Limits::default();
    let mut counts = EventCounts::new(changes, old, new);
    let (old, new) = (Table::new(old.clone()), Table::new(new.clone()));
    let (mut old_scratch, mut new_scratch) = (old.scratch(), new.scratch());
    let touching: Vec<_> = changes.destinations.iter().map(DestinationDiff::touching).collect();
    for chunk in chunks {
        for line in chunk?.events() {
            let read = |table: &Table| table.read(line.clone()?, &limits);
            let (as_old, as_new) = match (read(&old), read(&new)) {
                (Ok(as_old), Ok(as_new)) => (as_old, as_new),
                (Err(error), _) | (_, Err(error)) => {
                    counts.add_error(&error);
                    continue;
                }
            };
            let decided = (
                old.decide(Input::event(&as_old).recorded(Recorded::Unchecked), &mut old_scratch),
                new.decide(Input::event(&as_new).recorded(Recorded::Unchecked), &mut new_scratch),
            );
            match decided {
                (Ok(old), Ok(new)) => counts.add(&touching, &old, &new),
                (Err(error), _) | (_, Err(error)) => counts.add_error(&error),
            }
        }
    }
    Ok(counts)
}

/// Whether there is a change that is denied. Where situations are not compared exactly, there may be.
fn is_denied(denied: Denied, changes: &Changes) -> bool {
    let has = |direction| {
        let mut checked = changes.check_rows.iter().flat_map(|row| &row.destinations);
        changes.destinations.iter().any(|one| one.count(direction) > 0)
            || checked.any(|one| one.witness(direction).is_some())
    };
    let gate = changes.gate.as_ref();
    match denied {
        Denied::Any => !changes.is_empty(),
        _ if !changes.is_exact() || !changes.too_large.is_empty() => true,
        Denied::Loosened => has(Direction::Loosened) || gate.is_some_and(|gate| gate.opened.is_possible()),
        Denied::Tightened => has(Direction::Tightened) || gate.is_some_and(|gate| gate.closed.is_possible()),
        Denied::Reason => has(Direction::Reason) || changes.drops.iter().any(DropChange::is_of_text),
    }
}
