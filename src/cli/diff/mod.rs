//! `consentry diff`: what a change of a policy changes, told to people, programs and reviewers, one renderer a file.

mod events;
mod git;
mod human;
mod json;
mod markdown;

use super::{Failure, Root, Status, called, files};
use consentry::exact::{
    self, Change, Check, DestinationDiff, Diff as Changes, Direction, Gate, Presence, fingerprint,
};
use consentry::{Policy, Reason};
use events::Touched;
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
    /// Fail where there is such a change.
    #[arg(long, value_enum, value_name = "CHANGE")]
    deny: Vec<Denied>,
    /// How the changes are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// What may be denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
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

/// How changes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One document, for programs.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// One of the two policies.
struct Side {
    /// Its file, as people know it.
    name: String,
    policy: Policy,
}

impl Side {
    fn fingerprint(&self) -> Option<String> {
        fingerprint(&self.policy).ok().map(|fingerprint| fingerprint.to_string())
    }
}

/// Everything that is told.
struct Compared {
    old: Side,
    new: Side,
    changes: Changes,
    touched: Option<Touched>,
}

impl Diff {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let [old, new] = self.sides()?;
        let changes = exact::diff(&old.policy, &new.policy);
        let touched = match &self.events {
            Some(events) => Some(Touched::count(&changes, &old.policy, &new.policy, events)?),
            None => None,
        };
        let compared = Compared { old, new, changes, touched };
        match self.format {
            Format::Human => human::write(to, &compared)?,
            Format::Json => json::write(to, &compared)?,
            Format::Markdown => markdown::write(to, &compared)?,
        }
        let not_events = compared.touched.as_ref().map_or(0, |touched| touched.not_events);
        let is_denied = self.deny.iter().any(|denied| is_denied(*denied, &compared.changes));
        let is_compared = compared.changes.too_large.is_empty();
        Ok(if is_denied || not_events > 0 || !is_compared { Status::Findings } else { Status::Fine })
    }

    fn sides(&self) -> Result<[Side; 2], Failure> {
        match (self.policies.as_slice(), &self.against) {
            ([old, new], None) => Ok([self.side(old)?, self.side(new)?]),
            ([policy], Some(revision)) => Ok([self.side_of(policy, revision)?, self.side(policy)?]),
            ([_], None) => Err(Failure::Other(
                "there is one policy: name the old one and the new one, or a revision with --against".into(),
            )),
            _ => Err(Failure::Other("with --against there is one policy, and not two".into())),
        }
    }

    fn side(&self, path: &Path) -> Result<Side, Failure> {
        let (disk, name) = self.root.place(path)?;
        let policy = Policy::from_source(&disk, &name).map_err(Failure::Policy)?;
        Ok(Side { name: path.display().to_string(), policy })
    }

    /// The policy as it was in a revision.
    fn side_of(&self, path: &Path, revision: &str) -> Result<Side, Failure> {
        // Of a link, the folder is that of the file which it leads to, as for the policy of today.
        let real = files::real(path);
        let folder = self.root.root.as_deref().or(real.parent()).unwrap_or(Path::new("."));
        let (_, name) = self.root.place(path)?;
        let files = Revision::new(folder, revision)?;
        let policy = Policy::from_source(&files, &name).map_err(Failure::Policy)?;
        Ok(Side { name: format!("{revision}:{}", path.display()), policy })
    }
}

/// Whether there is a change that is denied. Where situations are not compared exactly, there may be.
fn is_denied(denied: Denied, changes: &Changes) -> bool {
    let has = |direction| changes.destinations.iter().any(|one| one.count(direction) > 0);
    let may_pass_more = |(one, other): (&Gate, &Gate)| !one.is_within(other);
    let gates = changes.gate.as_ref().map(|(old, new)| (old, new));
    match denied {
        Denied::Any => !changes.is_empty(),
        // What another check delivers or blocks depends on what is recorded.
        Denied::Loosened | Denied::Tightened if changes.check.is_some() => true,
        _ if !changes.is_exact() || !changes.too_large.is_empty() => true,
        Denied::Loosened => {
            has(Direction::Loosened) || gates.is_some_and(|(old, new)| may_pass_more((new, old)))
        }
        Denied::Tightened => has(Direction::Tightened) || gates.is_some_and(may_pass_more),
        Denied::Reason => has(Direction::Reason),
    }
}

/// How many destinations and situations change in each direction: `2 situations of 1 destination loosened, 1 tightened`.
fn counts(changes: &Changes) -> String {
    let counts = Direction::ALL.into_iter().filter_map(|direction| {
        let each = changes.destinations.iter().map(|one| one.count(direction)).filter(|count| *count > 0);
        let (destinations, rows) = each.fold((0, 0), |(one, all), count| (one + 1, all + count));
        let word = match direction {
            Direction::Loosened => "loosened",
            Direction::Tightened => "tightened",
            Direction::Reason => "for another reason",
        };
        let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        (rows > 0)
            .then(|| format!("{} {word} ({})", counted(destinations, "destination"), counted(rows, "row")))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// What is said where no destination is known to be decided otherwise.
fn nothing_changed(changes: &Changes) -> &'static str {
    match changes.too_large.is_empty() {
        true => "no destination is decided otherwise",
        false => "not every destination is compared; no other one is decided otherwise",
    }
}

/// What a policy says of an event: `refused: Advertising`; nothing of a destination that it does not have.
fn said(said: Option<&(Reason, Vec<String>)>, policy: &Policy) -> String {
    let Some((reason, refused)) = said else { return "no such destination".to_owned() };
    let names: Vec<&str> = refused.iter().map(|wire_id| called(wire_id, policy)).collect();
    let outcome = reason.outcome().word();
    if names.is_empty() {
        format!("{outcome}, {reason}")
    } else {
        format!("{outcome}, {reason}: {}", names.join(", "))
    }
}

/// What only one of the policies has: `the new policy alone has it`.
fn presence(destination: &DestinationDiff) -> Option<&'static str> {
    match destination.presence {
        Presence::Both => None,
        Presence::Added => Some("new"),
        Presence::Removed => Some("gone"),
    }
}

/// What counts as unknown otherwise than before, a sentence each.
fn unknown(changes: &Changes) -> Vec<String> {
    let sentence = |what: &str, (name, is_new): &(String, bool)| {
        let how = if *is_new { "is known now" } else { "counts as unknown now" };
        format!("{what} `{name}` {how}")
    };
    let categories = changes.categories.iter().map(|one| sentence("the wire id", one));
    let integrations = changes.integrations.iter().map(|one| sentence("the integrations entry", one));
    categories.chain(integrations).collect()
}

/// What changes for whole events, a sentence each.
fn whole_events(changes: &Changes) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some((old, new)) = &changes.reading {
        let paths = |reading: &consentry::Reading| {
            let paths: Vec<String> = reading.paths().map(|keys| keys.join(".")).collect();
            format!("`{}`", paths.join("` or `"))
        };
        sentences.push(format!("preferences are read at {}, and were at {}", paths(new), paths(old)));
        if !changes.is_exact() {
            sentences.push(
                "the policies read different members of an event: they are compared as if each event had the same preferences in both places, and none had two"
                    .to_owned(),
            );
        }
    }
    if let Some((old, new)) = &changes.gate {
        sentences.push(format!("the gate is {new}, and was {old}"));
    }
    if let Some((old, new)) = &changes.check {
        let said = |check: &Option<Check>| check.as_ref().map_or_else(|| "off".to_owned(), Check::to_string);
        sentences.push(format!("the ledger check is {}, and was {}", said(new), said(old)));
    }
    for drop in &changes.drops {
        let state = format!("consent {} x integrations {}", drop.consent.word(), drop.integrations.word());
        let said = |reason: &Option<String>| match reason {
            Some(reason) => format!("dropped: {reason:?}"),
            None => "not dropped".to_owned(),
        };
        sentences.push(format!("{state}: {}, and was {}", said(&drop.after), said(&drop.before)));
    }
    for name in &changes.too_large {
        sentences.push(format!("`{name}` is not compared: it is too large to be answered exactly"));
    }
    sentences
}

/// A change with the number of events that it touches.
fn with_counts<'c>(
    place: usize,
    destination: &'c DestinationDiff,
    compared: &'c Compared,
) -> impl Iterator<Item = (Change, Option<u64>)> {
    let touched = compared.touched.as_ref();
    destination
        .changes()
        .enumerate()
        .map(move |(row, change)| (change, touched.map(|touched| touched.of(place, row))))
}
