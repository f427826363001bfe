//! `consentry diff`.

mod git;

use super::files;
use super::format::Format;
use super::input::{ArchiveArguments, Chunks, EventLines};
use super::render;
use super::shared::{CliError, Result, Root, Status, print_error, quoted};
use consentry::event::Recorded;
use consentry::exact::{self, DestinationDiff, Diff as Changes, Direction, Presence};
use consentry::model::{Batches, RouterKnows};
use consentry::report::diff::DiffReport;
use consentry::report::event_counts::EventCounts;
use consentry::report::markdown;
use consentry::source::{PinnedDisk, Source, SourceError};
use consentry::{Input, Limits, Policy, Table};
use git::Revision;
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Say what a change of a policy changes: which situations are newly delivered, newly blocked, or decided for another reason.
///
/// The answer is exact, over every event that there can be; each change has an event that shows it. Exit status: 0 compared,
/// whatever was found, 1 a change is denied, a destination is too large to be compared, or lines of the events are not events,
/// 2 usage, or a policy that does not compile.
#[derive(clap::Args)]
pub(super) struct Diff {
    /// The old policy and the new one; with --against, policies and folders of them.
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Compare each policy with itself as it was in a git revision. One that is new is compared with a policy without destinations.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    #[command(flatten)]
    root: Root,
    /// Count the events of a file that each change touches; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    #[command(flatten)]
    archives: ArchiveArguments,
    /// Show the situations in which only the reason is another one, too. JSON always has them.
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
    /// Something is delivered that was blocked, the gate may let more pass, a router withholds less, or items of batches may be delivered.
    Loosened,
    /// Something is blocked that was delivered, the gate may let less pass, a router withholds more, or items of batches may be blocked.
    Tightened,
    /// Some event is decided for another reason.
    Reason,
    /// Anything at all, also what counts as unknown.
    Any,
}

impl Diff {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        if self.events.is_none() {
            self.archives.ensure_unused("--events")?;
        }
        if self.reasons && self.format == Format::Json {
            return Err("--reasons is for people: JSON always has these situations; leave it out".into());
        }
        match (self.policies.as_slice(), &self.against) {
            ([old, new], None) => {
                let side =
                    |path: &PathBuf| -> Result<_> { Ok((path.display().to_string(), self.root.load(path)?)) };
                let (old, new) = (side(old)?, side(new)?);
                self.compare(to, Pair { old, new, presence: Presence::Both }, 1)
            }
            (paths, Some(revision)) => self.compare_all(to, &self.files(paths, revision)?),
            ([_], None) => {
                Err("there is one policy: name the old one and the new one, or a revision with --against"
                    .into())
            }
            _ => Err("there are several policies: name two, or a revision with --against".into()),
        }
    }

    /// Compares files with what they were. One that does not compile keeps none of the others from being compared.
    fn compare_all(&self, to: &mut impl Write, files: &[File]) -> Result<Status> {
        if let [only] = files {
            return self.compare(to, only.pair()?, 1);
        }
        if self.events.as_deref() == Some(Path::new("-")) {
            return Err("standard input can be read for one policy: name a file with the events".into());
        }
        let (mut is_fine, mut failed, mut is_first) = (true, 0, true);
        for file in files {
            match file.pair() {
                Ok(pair) => {
                    if !std::mem::take(&mut is_first) && self.format != Format::Json {
                        writeln!(to)?;
                    }
                    is_fine &= self.compare(to, pair, files.len())? == Status::Fine;
                }
                Err(CliError::Policy(error)) => {
                    failed += 1;
                    let outcome = format!("`{}` is not compared", file.shown);
                    print_error(&render::mistakes(error.diagnostics(), error.files(), &outcome));
                }
                Err(error) => return Err(error),
            }
        }
        match failed {
            0 => Ok(Status::fine_if(is_fine)),
            failed => Err(format!("{failed} of {} policies do not compile", files.len()).into()),
        }
    }

    /// Compares two policies, of which `reports` are compared in this run.
    fn compare(&self, to: &mut impl Write, pair: Pair, reports: usize) -> Result<Status> {
        let Pair { old: (old_name, old), new: (new_name, new), presence } = pair;
        let changes = exact::diff(&old, &new);
        let count = |path: &PathBuf| count(&changes, &old, &new, Chunks::open(Some(path), &self.archives)?);
        let events = self.events.as_ref().map(count).transpose()?;
        let (old, new) = ((old_name.as_str(), &old), (new_name.as_str(), &new));
        let report =
            DiffReport::new(old, new, &changes, events.as_ref(), self.reasons).with_presence(presence);
        match self.format {
            Format::Markdown => markdown::write(to, &report.comment(reports))?,
            format => format.write(to, &report)?,
        }
        let not_events = events.as_ref().map_or(0, EventCounts::not_events);
        let is_denied = self.deny.iter().any(|denied| is_denied(*denied, &changes));
        let is_compared = changes.too_large.is_empty() && !changes.is_of_other_places();
        Ok(Status::fine_if(!is_denied && not_events == 0 && is_compared))
    }

    /// Returns the policies that paths name, each once: a folder names those below it today, and those that were below it.
    fn files(&self, paths: &[PathBuf], revision: &str) -> Result<Vec<File>> {
        let mut files = Vec::new();
        for path in paths {
            match path.is_dir() {
                true => self.add_folder(path, revision, &mut files)?,
                false => files.push(self.file(path, revision)?),
            }
        }
        let mut known = HashSet::new();
        files.retain(|file| known.insert(files::real(Path::new(&file.shown))));
        if files.is_empty() {
            return Err(format!("there is no policy, neither today nor in revision `{revision}`").into());
        }
        Ok(files)
    }

    fn file(&self, path: &Path, revision: &str) -> Result<File> {
        ensure_was_link(path, revision)?;
        let (disk, name) = self.root.place(path)?;
        // Of a link, the folder is that of the file which it leads to, as for the policy of today.
        let real = files::real(path);
        let folder = self.root.root.as_deref().or(real.parent()).unwrap_or(Path::new("."));
        let old = Revision::new(folder, revision)?;
        let has_old = !matches!(old.read(&name), Err(SourceError::NotFound));
        Ok(File { shown: path.display().to_string(), disk: Rc::new(disk), old, name, has_old, has_new: true })
    }

    fn add_folder(&self, folder: &Path, revision: &str, files: &mut Vec<File>) -> Result<()> {
        let root = self.root.root.as_deref().unwrap_or(folder);
        let within = Root { root: Some(root.to_owned()) };
        let old = Revision::new(root, revision)?;
        let (disk, below) = within.place(folder)?;
        let disk = Rc::new(disk);
        let before: BTreeSet<String> = old.policies_below(&below)?.into_iter().collect();
        let mut today = Vec::new();
        for path in files::in_folder(folder)? {
            ensure_was_link(&path, revision)?;
            match path.is_symlink() {
                false => today.push(within.place(&path)?.1),
                // A link to a file below the folder is that file once more.
                true if files::real(&path).starts_with(files::real(folder)) => {}
                true => files.push(self.file(&path, revision)?),
            }
        }
        let gone = before.iter().filter(|name| !today.contains(name)).cloned().collect::<Vec<_>>();
        let gone = gone.into_iter().map(|name| (name, false));
        for (name, is_there) in today.into_iter().map(|name| (name, true)).chain(gone) {
            let has_old = before.contains(&name) && files::part(&old, &name).is_none();
            let has_new = is_there && files::part(&*disk, &name).is_none();
            if has_old || has_new {
                let (shown, disk, old) = (disk.display(&name), disk.clone(), old.clone());
                files.push(File { shown, disk, old, name, has_old, has_new });
            }
        }
        Ok(())
    }
}

/// Refuses a link that was a file: what it leads to is another file, with a history of its own.
fn ensure_was_link(path: &Path, revision: &str) -> Result<()> {
    let (Some(name), true) = (path.file_name().and_then(OsStr::to_str), path.is_symlink()) else {
        return Ok(());
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A link outside of every repository was no file in it.
    let Ok(old) = Revision::new(folder, revision) else { return Ok(()) };
    match old.policies_below(name)?.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "`{}` is a link today and was a file in revision `{revision}`; write that file out and compare the two: \
             `git show {}`",
            path.display(),
            quoted(&format!("{revision}:./{}", path.display()))
        )
        .into()),
    }
}

/// A file that is a policy today or was one.
struct File {
    /// As people know it.
    shown: String,
    disk: Rc<PinnedDisk>,
    old: Revision,
    /// Its path in both sources.
    name: String,
    has_old: bool,
    has_new: bool,
}

/// Two policies to be compared, each with its file as people know it.
struct Pair {
    old: (String, Policy),
    new: (String, Policy),
    presence: Presence,
}

impl File {
    /// Reads both policies. A missing one delivers to nobody.
    fn pair(&self) -> Result<Pair> {
        let read = |source: &dyn Source| Policy::from_source(source, &self.name);
        let old = self.has_old.then(|| read(&self.old)).transpose()?;
        let new = self.has_new.then(|| read(&*self.disk)).transpose()?;
        let (old_name, new_name) = (format!("{}:{}", self.old.name(), self.shown), self.shown.clone());
        let nothing = "nothing".to_owned();
        Ok(match (old, new) {
            (Some(old), Some(new)) => {
                Pair { old: (old_name, old), new: (new_name, new), presence: Presence::Both }
            }
            (Some(old), None) => Pair {
                new: (nothing, old.without_destinations()),
                old: (old_name, old),
                presence: Presence::Removed,
            },
            (None, Some(new)) => Pair {
                old: (nothing, new.without_destinations()),
                new: (new_name, new),
                presence: Presence::Added,
            },
            (None, None) => return Err(format!("`{}` is gone", self.shown).into()),
        })
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
            let [as_old, as_new] = [&old, &new].map(|table| {
                let mut lines = EventLines::default();
                lines.add(0, line.clone(), table.policy());
                lines.events
            });
            // Each policy reads batches by its own setting: a line that one of them refuses is not compared.
            let errors = [&as_old, &as_new].map(|events| events.first().and_then(|event| event.text().err()));
            if let Some(error) = errors.into_iter().flatten().next() {
                counts.add_error(&error);
                continue;
            }
            for (as_old, as_new) in as_old.iter().zip(&as_new) {
                let as_old = as_old.text().and_then(|text| old.read(text, &limits));
                let as_new = as_new.text().and_then(|text| new.read(text, &limits));
                let (as_old, as_new) = match (as_old, as_new) {
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
    }
    Ok(counts)
}

/// Whether there is a change that is denied. Where situations are not compared exactly, there may be.
fn is_denied(denied: Denied, changes: &Changes) -> bool {
    // With `own names`, less is withheld from destinations that share an alias with a blocked one.
    let router = changes.router.map(|(_, after)| after);
    let has = |direction| changes.count(direction) > 0;
    let gate = changes.gate.as_ref();
    match denied {
        Denied::Any => !changes.is_empty(),
        _ if !changes.is_exact() || !changes.too_large.is_empty() => true,
        Denied::Loosened => {
            has(Direction::Loosened)
                || gate.is_some_and(|gate| gate.opened.is_possible())
                || router == Some(RouterKnows::OwnNames)
                || changes.batches.is_some_and(|(_, after)| after != Batches::Reject)
        }
        Denied::Tightened => {
            has(Direction::Tightened)
                || gate.is_some_and(|gate| gate.closed.is_possible())
                || router == Some(RouterKnows::SomeNames)
                || changes.batches.is_some_and(|(before, _)| before != Batches::Reject)
        }
        Denied::Reason => has(Direction::Reason),
    }
}
