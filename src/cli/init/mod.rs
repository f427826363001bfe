//! `consentry init`: a first policy, from flags, files and answers.
//!
//! `draft` holds the statements as text, `events` and `sheet` read files, and `answers` asks. The checker reports what is wrong with the
//! draft, and lint what is doubtful. Nothing is guessed: what a destination needs and nobody has said stays open, and closed to data.

mod answers;
mod cases;
mod draft;
mod events;
mod sheet;

use super::files;
use super::format::Format;
use super::input::{ArchiveArguments, read_all};
use super::shared::{CliError, Result, Status};
use answers::Questions;
use consentry::PolicyError;
use consentry::diagnostic::Code;
use consentry::lint::{Levels, lint};
use consentry::report::{init::InitReport, json, page::Document, text};
use consentry::source::Memory;
use draft::{Category, Destination, Draft, distinct};
use events::Stream;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Write a first policy, with tests.
///
/// What flags and files do not say is asked, a line each, on a terminal; from a script the answers may come as lines of
/// standard input. An empty line takes the default; input that ends before the last answer is an error. What a destination needs is never guessed: until somebody says it, the destination is unmapped, and blocked
/// where consent is enforced. Exit status: 0 written, 1 written, and some lines are not events, 2 nothing written.
#[derive(clap::Args)]
pub(super) struct Init {
    /// The file to write; `-` is standard output [default: the name of the policy, in this folder].
    file: Option<PathBuf>,
    /// Take categories and destinations from a sheet (.csv, .tsv) or from events, one a line; `-` is events on standard input.
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    #[command(flatten)]
    archives: ArchiveArguments,
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
    /// How the result is written: for people on standard error, or as JSON on standard output.
    #[arg(long, value_parser = Format::among(&[Format::Human, Format::Json]), default_value = "human")]
    format: Format,
}

/// The preludes with their meanings, the default first.
const PRELUDES: [(&str, &str); 8] = [
    ("segment-strict", "the platform's rules where they fail closed; for a fresh start"),
    ("segment", "the platform's rules as published: without a consent object everything flows"),
    ("segment-2023-overview", "as published on a page that was removed in 2023"),
    ("segment-2023-reconcile", "as on another such page: one category of several is enough"),
    ("google-consent-mode", "the words of Google's consent mode on each event, and Segment's rules"),
    ("onetrust-groups", "the text of OneTrust's active groups on each event, and Segment's rules"),
    ("rudderstack-server", "RudderStack's rules for destinations to which its servers send"),
    ("rudderstack-sdk", "RudderStack's rules for destinations that its JavaScript SDK loads"),
];

/// The categories of somebody who names none.
const CATEGORIES: &str = "Advertising, Analytics, Functional";

/// The most remarks of one sort.
const MAX_REMARKS: usize = 20;

/// The most destinations of files that a person is asked about.
const MAX_ASKED: usize = 50;

impl Init {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        if self.from.is_empty() {
            self.archives.ensure_unused("--from")?;
        }
        if let Some(file) = &self.file {
            if self.force && is_standard(file) {
                return Err(
                    "--force writes over a file, and `-` is standard output: leave one of them out".into()
                );
            }
            self.may_write(file)?;
        }
        let is_alone = self.from.is_empty() && self.category.is_empty() && self.destination.is_empty();
        let stdin_is_taken = self.from.iter().any(|path| is_standard(path));
        let mut questions = Questions::new(self.yes, stdin_is_taken, is_alone);
        let mut draft = self.start(&mut questions)?;
        for category in &self.category {
            add_category(&mut draft, category);
        }
        let mut remarks = Vec::new();
        let mut is_clean = true;
        // Sheets come first: they say what a destination needs, and events how often it was seen.
        let (sheets, streams): (Vec<_>, Vec<_>) = self.from.iter().partition(|path| is_sheet(path));
        for path in sheets.iter().chain(&streams) {
            let file = shown(path);
            let found = if is_sheet(path) {
                let found = sheet::add_to(&mut draft, &read_all(Some(path), &self.archives)?, &file);
                found.map_err(|error| format!("`{}`: {error}", path.display()))?
            } else {
                let stream = Stream::read(path, &self.archives, &draft.rules)?;
                is_clean &= stream.is_clean();
                stream.add_to(&mut draft, &file)?
            };
            remarks.extend(found.into_iter().map(|remark| format!("{file}: {remark}")));
        }
        if is_alone {
            ask_categories(&mut draft, &mut questions)?;
        }
        let is_declared = !draft.categories.is_empty();
        for destination in &self.destination {
            let destination = read_destination(destination);
            for category in destination.needs.iter().filter(|_| !is_declared) {
                draft.add_category(category, None, None);
            }
            draft.add_destination(destination);
        }
        ask_destinations(&mut draft, &mut questions, is_alone)?;

        let policy = draft.finish()?;
        let linted = lint(&Memory::from([("policy", &*policy)]), "policy", &Levels::default());
        let is_similar = |code| matches!(code, Code::SimilarWireIds | Code::SimilarDestinations);
        let similar = linted.diagnostics.into_iter().filter(|found| is_similar(found.code));
        add_remarks(&mut remarks, similar.map(|found| found.message));
        add_remarks(&mut remarks, draft.categories.iter().filter_map(swapped));
        if !streams.is_empty() {
            let never_seen = draft.categories.iter().filter(|one| one.counts.is_empty());
            let remark = |one: &Category| {
                format!("no event has the wire id `{}` of the category `{}`", one.wire_id, one.name)
            };
            add_remarks(&mut remarks, never_seen.map(remark));
        }

        let file = self.file.clone().unwrap_or_else(|| PathBuf::from(file_name(draft.rules.name())));
        let is_file = !is_standard(&file);
        if is_file {
            self.may_write(&file)?;
            let write = if file.exists() { files::replace } else { files::create };
            write(&file, &policy).map_err(CliError::output(&file))?;
        }
        let report = InitReport {
            v: json::VERSION,
            policy: draft.rules.name().to_owned(),
            prelude: draft.prelude.clone(),
            file: is_file.then(|| file.display().to_string()),
            categories: draft.categories.len(),
            destinations: draft.destinations.len(),
            undecided: draft.undecided().map(|one| one.name.clone()).collect(),
            open_states: draft.open_states(),
            remarks,
            text: (!is_file).then_some(policy),
        };
        if self.format == Format::Json {
            json::write_escaped(to, &report)?;
        } else {
            to.write_all(report.text.as_deref().unwrap_or_default().as_bytes())?;
            // Nothing is left to do if standard error is closed.
            let _ = text::write(&mut io::stderr(), &report.page());
        }
        Ok(Status::fine_if(is_clean))
    }

    /// Returns an error if a file may not be written: a person's work is not lost to a repeated command.
    fn may_write(&self, file: &Path) -> Result<()> {
        let shown = file.display();
        match file.symlink_metadata() {
            _ if is_standard(file) => Ok(()),
            Ok(metadata) if metadata.is_dir() => {
                Err(format!("cannot write `{shown}`: it is a folder").into())
            }
            Ok(_) if !self.force => {
                Err(format!("`{shown}` is there already; write over it with --force").into())
            }
            _ => Ok(()),
        }
    }

    /// Starts the policy with its name and the rules that it includes.
    fn start(&self, questions: &mut Questions) -> Result<Draft> {
        let name = match &self.name {
            Some(name) => name.trim().to_owned(),
            None => {
                let file = self.file.as_deref().filter(|file| !is_standard(file));
                let folder = std::env::current_dir().ok();
                let folder = folder.as_deref().and_then(Path::file_name);
                let default = file.and_then(Path::file_stem).or(folder);
                let default = default.map_or("policy".into(), OsStr::to_string_lossy);
                questions.ask("name of the policy", &default, &default, |name| Ok(name.to_owned()))?
            }
        };
        if let Some(prelude) = &self.prelude {
            return Ok(Draft::new(&name, prelude)?);
        }
        for (prelude, meaning) in PRELUDES {
            questions.print(&format!("  {prelude}: {meaning}"));
        }
        let [(default, _), ..] = PRELUDES;
        questions.ask("rules to start from", default, default, |prelude| {
            Draft::new(&name, prelude).map_err(|error| brief(&error))
        })
    }
}

/// Asks for categories: a file knows better than a memory, so that nothing else may have named any.
fn ask_categories(draft: &mut Draft, questions: &mut Questions) -> Result<()> {
    let question = "categories, as NAME or NAME=WIRE_ID, with commas between";
    questions.ask(question, CATEGORIES, CATEGORIES, |answer| {
        attempt(draft, |draft| listed(answer).for_each(|category| add_category(draft, category)))
    })
}

/// Asks for the needs of destinations that are open and, if nobody has named any, for destinations.
fn ask_destinations(draft: &mut Draft, questions: &mut Questions, is_alone: bool) -> Result<()> {
    if !questions.can_ask() {
        return Ok(());
    }
    // An invalid flag would make every answer invalid.
    draft.check()?;
    let open: Vec<Destination> = draft.undecided().take(MAX_ASKED).cloned().collect();
    for one in open {
        let question = format!("`{}` needs, with commas between", one.name);
        questions.ask(&question, "decide later", "", |answer| {
            attempt(draft, |draft| draft.add_destination(Destination { needs: needs(answer), ..one.clone() }))
        })?;
    }
    if is_alone {
        questions.print("  destinations, a line each, as NAME = CATEGORY, CATEGORY; without categories it stays to be decided");
    }
    let mut is_more = is_alone;
    while is_more {
        is_more = questions.ask("destination", "no more", "", |answer| match answer {
            "" => Ok(false),
            answer => attempt(draft, |draft| draft.add_destination(read_destination(answer))).map(|()| true),
        })?;
    }
    Ok(())
}

/// Adds what an answer declares, all of it or nothing, so that it can be given again.
fn attempt(draft: &mut Draft, add: impl FnOnce(&mut Draft)) -> Result<(), String> {
    let mut next = draft.clone();
    add(&mut next);
    next.check().map_err(|error| brief(&error))?;
    *draft = next;
    Ok(())
}

/// Returns the first mistake in one line.
fn brief(error: &PolicyError) -> String {
    error.diagnostics().first().map_or_else(String::new, |found| match &found.help {
        Some(help) => format!("{}; {help}", found.message),
        None => found.message.clone(),
    })
}

/// Adds `NAME` or `NAME=WIRE_ID`.
fn add_category(draft: &mut Draft, text: &str) {
    let (name, wire_id) = text.split_once('=').unzip();
    draft.add_category(name.unwrap_or(text).trim(), wire_id.map(str::trim), None);
}

/// Reads `NAME` or `NAME=CATEGORY,CATEGORY`. The last `=` counts, because names of destinations may have some.
fn read_destination(text: &str) -> Destination {
    let (name, categories) = text.rsplit_once('=').unwrap_or((text, ""));
    Destination { name: name.trim().to_owned(), needs: needs(categories), ..Destination::default() }
}

/// Reads names of categories with commas between, each once.
fn needs(text: &str) -> Vec<String> {
    distinct(listed(text))
}

/// Returns the parts of a text with commas between.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Adds some remarks, and the number of those that are left out.
fn add_remarks(remarks: &mut Vec<String>, mut more: impl Iterator<Item = String>) {
    remarks.extend(more.by_ref().take(MAX_REMARKS));
    let rest = more.count();
    remarks.extend((rest > 0).then(|| format!("{rest} more like these")));
}

/// Returns a remark on a category whose name looks like the platform's wire ids while its wire id does not.
fn swapped(category: &Category) -> Option<String> {
    let Category { name, wire_id, .. } = category;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_like_a_wire_id = |text: &str| text.strip_prefix('C').is_some_and(is_number);
    (is_like_a_wire_id(name) && !is_like_a_wire_id(wire_id))
        .then(|| format!("the category `{name}` has the wire id `{wire_id}`: is it the other way round?"))
}

fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Returns true if a file is a sheet, or an archive of one, by its name.
fn is_sheet(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    name.ends_with(".csv") || name.ends_with(".tsv")
}

/// Returns the name of a file for a comment: without its folder, which is another one for somebody else.
fn shown(path: &Path) -> String {
    match path.file_name() {
        Some(name) if !is_standard(path) => name.to_string_lossy().into_owned(),
        _ => "standard input".into(),
    }
}
/// Returns the file of a policy: its name, with a hyphen for each character that is unusual in file names.
fn file_name(policy: &str) -> String {
    let plain = |char: char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '-' };
    let stem: String = policy.chars().take(80).map(plain).collect();
    let stem = stem.trim_matches(['-', '.']);
    format!("{}.consent", if stem.is_empty() { "policy" } else { stem })
}

#[cfg(test)]
mod tests {
    use super::{PRELUDES, file_name};
    use std::collections::BTreeSet;

    #[test]
    fn every_prelude_can_be_chosen() {
        let known: BTreeSet<&str> = consentry::model::prelude_names().collect();
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
