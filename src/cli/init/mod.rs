//! `consentry init`: a first policy, from flags, files and answers.
//!
//! `facts` gathers what is known, `events` and `csv` read files, `answers` asks, and `write` makes text of facts, with tests
//! from `cases`. Nothing is guessed: what a destination needs and nobody has said stays open, and closed to data.

mod answers;
mod cases;
mod csv;
mod events;
mod facts;
mod write;

use super::input::read_all;
use super::{Failure, Status, files};
use answers::Questions;
use consentry::Limits;
use consentry::diagnostic::visible;
use events::Seen;
use facts::{Destination, Facts};
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Write a first policy, with tests.
///
/// What flags and files do not say is asked, a line each, on a terminal; from a script the answers may come as lines of
/// standard input. What a destination needs is never guessed: until somebody says it, the destination is unmapped, and blocked
/// where consent is enforced. Exit status: 0 written, 1 written, and some lines are not events, 2 nothing written.
#[derive(clap::Args)]
pub(super) struct Init {
    /// The file to write; `-` is standard output [default: the name of the policy, in this folder].
    file: Option<PathBuf>,
    /// Take categories and destinations from a sheet (.csv, .tsv) or from events, one a line; `-` is events on standard input.
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    /// The name of the policy.
    #[arg(long)]
    name: Option<String>,
    /// The rules to start from, such as segment-strict; `consentry show` prints them.
    #[arg(long)]
    prelude: Option<String>,
    /// A category, and its wire id where that is not its name.
    #[arg(long, value_name = "NAME[=WIRE_ID]")]
    category: Vec<String>,
    /// A destination and the categories that it needs; without categories it stays to be decided.
    #[arg(long, value_name = "NAME[=CATEGORY,…]")]
    destination: Vec<String>,
    /// Ask nothing, and take the defaults.
    #[arg(long)]
    yes: bool,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

/// Why there is no policy, for people.
#[derive(Debug)]
struct Undone(String);

impl Undone {
    fn new(message: impl Into<String>) -> Self {
        Undone(message.into())
    }

    fn at_line(self, line: u64) -> Self {
        Undone(format!("line {line}: {}", self.0))
    }

    fn and(self, more: String) -> Self {
        Undone(format!("{}; {more}", self.0))
    }

    fn of(self, path: &Path) -> Failure {
        Failure::Other(format!("`{}`: {}", path.display(), self.0))
    }
}

impl From<Undone> for Failure {
    fn from(undone: Undone) -> Self {
        Failure::Other(undone.0)
    }
}

/// The preludes and what each means, the default first.
const PRELUDES: [(&str, &str); 4] = [
    ("segment-strict", "the platform's rules where they fail closed; for a fresh start"),
    ("segment", "the platform's rules as published: without a consent object everything flows"),
    ("segment-2023-overview", "as published on a page that was removed in 2023"),
    ("segment-2023-reconcile", "as on another such page: one category of several is enough"),
];

/// The categories of somebody who says none.
const CATEGORIES: &str = "Advertising, Analytics, Functional";

/// How many categories that no event has are named one by one.
const MAX_NEVER_SEEN: usize = 20;

/// Categories of sheets and flags whose wire ids no event has: they may be mistyped.
fn never_seen(facts: &Facts) -> Vec<String> {
    let unseen = facts.categories().iter().filter(|category| category.note.is_none());
    let remark = |category: &facts::Category| {
        format!("no event has the wire id `{}` of the category `{}`", category.wire_id, category.name)
    };
    unseen.take(MAX_NEVER_SEEN).map(remark).collect()
}

/// How many destinations a person is asked about that a file has named.
const MAX_ASKED: usize = 50;

impl Init {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        if let Some(file) = self.file.as_deref().filter(|file| *file != Path::new("-")) {
            self.may_write(file)?;
        }
        let alone = self.from.is_empty() && self.category.is_empty() && self.destination.is_empty();
        let stdin_is_taken = self.from.iter().any(|path| path == Path::new("-"));
        let mut questions = Questions::new(self.yes, stdin_is_taken, alone);
        let mut facts = Facts::of(self.policy_name(&mut questions)?, self.rules(&mut questions)?);
        let prelude = write::prelude(&facts.prelude)?;

        for category in &self.category {
            add_category(&mut facts, category)?;
        }
        let kinds: Vec<String> = prelude.kinds().iter().map(|kind| kind.name().to_owned()).collect();
        let mut remarks = Vec::new();
        let mut status = Status::Fine;
        // Sheets come first: they say what a destination needs, and events how often it was seen.
        let (sheets, streams): (Vec<_>, Vec<_>) = self.from.iter().partition(|path| is_sheet(path));
        for path in sheets {
            facts.origins.push(format!("From {}.", shown(path)));
            let limits = Limits::default();
            let bytes = read_all(Some(path), &limits)?;
            if bytes.len() > limits.bytes {
                return Err(Undone::new(format!("it is longer than {} bytes", limits.bytes)).of(path));
            }
            let found = csv::add_to(&mut facts, &bytes, &kinds).map_err(|undone| undone.of(path))?;
            remarks.extend(found.into_iter().map(|remark| format!("{}: {remark}", shown(path))));
        }
        for path in streams {
            let seen = Seen::read(path, prelude.reading())?;
            let name = shown(path);
            seen.add_to(&mut facts, &format!("From {name}")).map_err(|undone| undone.of(path))?;
            remarks.extend(
                seen.remarks(prelude.reading()).into_iter().map(|remark| format!("{name}: {remark}")),
            );
            if !seen.is_clean() {
                status = Status::Findings;
            }
        }
        self.ask_categories(&mut facts, &mut questions)?;
        let declared = !facts.categories().is_empty();
        for destination in &self.destination {
            let destination = read_destination(&mut facts, destination, declared)?;
            facts.destination(destination)?;
        }
        ask_destinations(&mut facts, &mut questions, alone)?;
        remarks.extend(spellings(&facts));
        remarks.extend(swapped(&facts));
        if self.from.iter().any(|path| !is_sheet(path)) {
            remarks.extend(never_seen(&facts));
        }

        let written = write::policy(&facts)?;
        let file = match &self.file {
            Some(file) => file.clone(),
            None => PathBuf::from(file_name(&facts.name)),
        };
        if file == Path::new("-") {
            to.write_all(written.text.as_bytes())?;
        } else {
            self.may_write(&file)?;
            let made = if file.exists() {
                files::replace(&file, &written.text)
            } else {
                files::create(&file, &written.text)
            };
            made.map_err(|error| Failure::output(&file, &error))?;
        }
        let mut summary: String = remarks.iter().map(|remark| format!("{}\n", visible(remark))).collect();
        summary.push_str(&self.told(&facts, &written, &file));
        // There is nowhere left to say that standard error is closed.
        let _ = io::stderr().write_all(summary.as_bytes());
        Ok(status)
    }

    /// Whether a file may be written: a person's work is not lost to a repeated command.
    fn may_write(&self, file: &Path) -> Result<(), Failure> {
        match file.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {
                Err(Failure::Other(format!("cannot write `{}`: it is a folder", file.display())))
            }
            Ok(_) if !self.force => Err(Failure::Other(format!(
                "`{}` is there already; write over it with --force",
                file.display()
            ))),
            _ => Ok(()),
        }
    }

    fn policy_name(&self, questions: &mut Questions) -> Result<String, Failure> {
        let not_empty = |name: &str| match name.trim() {
            "" => Err(Undone::new("the policy has a name that is not empty")),
            name => Ok(name.to_owned()),
        };
        if let Some(name) = &self.name {
            return Ok(not_empty(name)?);
        }
        let stem = self.file.as_deref().filter(|file| *file != Path::new("-")).and_then(Path::file_stem);
        let folder = std::env::current_dir().ok();
        let folder = folder.as_deref().and_then(Path::file_name);
        let default = stem.or(folder).map_or("policy".into(), OsStr::to_string_lossy);
        questions.ask("name of the policy", &default, &default, not_empty)
    }

    fn rules(&self, questions: &mut Questions) -> Result<String, Failure> {
        let known = |name: &str| write::prelude(name).map(|_| name.to_owned());
        if let Some(prelude) = &self.prelude {
            return Ok(known(prelude)?);
        }
        for (name, meaning) in PRELUDES {
            questions.say(&format!("  {name}: {meaning}"));
        }
        let default = PRELUDES.first().map_or("", |(name, _)| name);
        questions.ask("rules to start from", default, default, known)
    }

    /// Categories are asked for where nothing has named any: a file knows better than a memory.
    fn ask_categories(&self, facts: &mut Facts, questions: &mut Questions) -> Result<(), Failure> {
        if !facts.categories().is_empty() || !self.from.is_empty() || !self.destination.is_empty() {
            return Ok(());
        }
        questions.ask(
            "categories, as NAME or NAME=WIRE_ID, with commas between",
            CATEGORIES,
            CATEGORIES,
            |answer| {
                // All of the answer or nothing, so that it can be given again.
                let mut tried = Facts::default();
                let categories: Vec<&str> =
                    answer.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
                categories.iter().try_for_each(|one| add_category(&mut tried, one))?;
                categories.iter().try_for_each(|one| add_category(facts, one))
            },
        )
    }

    /// What was done, and what comes next.
    fn told(&self, facts: &Facts, written: &write::Written, file: &Path) -> String {
        let is_output = file == Path::new("-");
        let shown_file = visible(&file.display().to_string());
        let mut told = format!(
            "{}{} and {}\n",
            if is_output { String::new() } else { format!("wrote {shown_file}: ") },
            count(facts.categories().len(), "category", "categories"),
            count(facts.destinations().len(), "destination", "destinations")
        );
        if written.undecided > 0 {
            told.push_str(&format!(
                "{} to be decided: look for `decide:` and put `needs …` in the place of `unmapped`; until then blocked where consent is enforced; `--destination \"NAME=CATEGORY\"` says it here, and tests follow\n",
                count(written.undecided, "destination is", "destinations are")
            ));
        }
        if !written.open_states.is_empty() {
            told.push_str(&format!(
                "`{}` delivers events whose consent object is {} to them all the same; `--prelude segment-strict` does not\n",
                facts.prelude,
                written.open_states.join(" or ")
            ));
        }
        if !is_output {
            let plain = |char: char| char.is_alphanumeric() || "-_./".contains(char);
            let word = match shown_file.chars().all(plain) && !shown_file.starts_with('-') {
                true => shown_file,
                false => format!("'{}'", shown_file.replace('\'', "'\\''")),
            };
            told.push_str(&format!(
                "next: `consentry lint {word}`, `consentry test {word}`, and after changes `consentry fmt {word}`\n"
            ));
        }
        told
    }
}

/// The destinations that an answer has to say something about: those without needs, and, where nobody has named any, which there are.
fn ask_destinations(facts: &mut Facts, questions: &mut Questions, alone: bool) -> Result<(), Failure> {
    if !questions.can_ask() {
        return Ok(());
    }
    let open: Vec<Destination> =
        facts.destinations().iter().filter(|one| one.needs.is_empty()).take(MAX_ASKED).cloned().collect();
    for one in open {
        let question = format!("`{}` needs, with commas between", one.name);
        questions.ask(&question, "decide later", "", |answer| {
            let needs = needs(facts, answer, true)?;
            facts.destination(Destination { needs, ..one.clone() })
        })?;
    }
    if !alone {
        return Ok(());
    }
    questions.say("  destinations, a line each, as NAME = CATEGORY, CATEGORY; without categories it stays to be decided");
    loop {
        let more = questions.ask("destination", "no more", "", |answer| {
            if answer.is_empty() {
                return Ok(false);
            }
            let destination = read_destination(facts, answer, true)?;
            facts.destination(destination).map(|()| true)
        })?;
        if !more {
            return Ok(());
        }
    }
}

/// `NAME` or `NAME=WIRE_ID`.
fn add_category(facts: &mut Facts, said: &str) -> Result<(), Undone> {
    let (name, wire_id) = match said.split_once('=') {
        Some((name, wire_id)) => (name.trim(), Some(wire_id.trim())),
        None => (said.trim(), None),
    };
    facts.category(name, wire_id).map(drop)
}

/// `NAME` or `NAME=CATEGORY,CATEGORY`. The last `=` counts, because names of destinations may have some.
fn read_destination(facts: &mut Facts, said: &str, declared: bool) -> Result<Destination, Undone> {
    let (name, categories) = said.rsplit_once('=').unwrap_or((said, ""));
    let needs = needs(facts, categories, declared)?;
    Ok(Destination { name: name.trim().into(), needs, ..Destination::default() })
}

/// Categories by their names. Where some are declared, another one is a mistake, which would withhold or leak.
fn needs(facts: &mut Facts, said: &str, declared: bool) -> Result<Vec<usize>, Undone> {
    let mut needs = Vec::new();
    for name in said.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let place = match facts.category_named(name) {
            Some(place) => place,
            None if !declared => facts.category(name, None)?,
            None => {
                let known: Vec<String> =
                    facts.categories().iter().take(20).map(|one| format!("`{}`", one.name)).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(Undone::new(format!("there is no category `{name}`; there are {known}")));
            }
        };
        if !needs.contains(&place) {
            needs.push(place);
        }
    }
    Ok(needs)
}

/// Names that differ in case alone: one of them may be a mistake.
fn spellings(facts: &Facts) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut alike = |what: &str, names: Vec<&str>| {
        let mut known: std::collections::HashMap<String, &str> = std::collections::HashMap::new();
        for name in names {
            if let Some(other) = known.insert(name.to_lowercase(), name) {
                remarks.push(format!(
                    "the {what} `{other}` and `{name}` differ in case alone: is one a mistake?"
                ));
            }
        }
    };
    alike("wire ids", facts.categories().iter().map(|one| one.wire_id.as_str()).collect());
    alike("destinations", facts.destinations().iter().map(|one| one.name.as_str()).collect());
    let more = remarks.len().saturating_sub(20);
    remarks.truncate(20);
    if more > 0 {
        remarks.push(format!("{more} more pairs of names differ in case alone"));
    }
    remarks
}

/// Categories whose name is what the platform's wire ids look like while their wire id is not: the two may have been swapped.
fn swapped(facts: &Facts) -> Vec<String> {
    let like_a_wire_id = |text: &str| {
        text.strip_prefix('C')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let swapped = facts
        .categories()
        .iter()
        .filter(|one| like_a_wire_id(&one.name) && !like_a_wire_id(&one.wire_id))
        .take(MAX_NEVER_SEEN);
    let remark = |one: &facts::Category| {
        format!("the category `{}` has the wire id `{}`: is it the other way round?", one.name, one.wire_id)
    };
    swapped.map(remark).collect()
}

/// Whether a file is a sheet, by its name; an archive of one is one too.
fn is_sheet(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    name.ends_with(".csv") || name.ends_with(".tsv")
}

/// What a comment calls a file: without its folder, which is another one for somebody else.
fn shown(path: &Path) -> String {
    match path.file_name() {
        Some(name) if path != Path::new("-") => name.to_string_lossy().into_owned(),
        _ => "standard input".into(),
    }
}

/// The file of a policy: its name, with a hyphen for what file names had better not have.
fn file_name(policy: &str) -> String {
    let plain = |char: char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '-' };
    let stem: String = policy.chars().take(80).map(plain).collect();
    let stem = stem.trim_matches(['-', '.']);
    format!("{}.consent", if stem.is_empty() { "policy" } else { stem })
}

fn count(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::{PRELUDES, file_name};
    use std::collections::BTreeSet;

    #[test]
    fn every_prelude_can_be_chosen() {
        let known: BTreeSet<&str> = consentry::prelude_names().collect();
        assert_eq!(PRELUDES.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), known);
    }

    #[test]
    fn files_are_named_after_policies() {
        for (policy, file) in [
            ("acme web", "acme-web.consent"),
            ("../../etc/passwd", "etc-passwd.consent"),
            ("..", "policy.consent"),
            ("café", "café.consent"),
        ] {
            assert_eq!(file_name(policy), file);
        }
    }
}
