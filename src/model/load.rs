//! Reading a policy file and everything that it includes.

use super::prelude::{prelude, prelude_names};
use crate::diagnostic::{Code, Diagnostic, FileId, Files, Span, nearest};
use crate::source::{Source, SourceError};
use crate::syntax::tree::{Fact, TestLine, Text, Token, TokenKind, Tree};
use crate::syntax::{self, MAX_WORDS};
use std::collections::{HashMap, HashSet};

/// The largest number of files of one policy.
pub const MAX_FILES: usize = 256;

/// The largest size of all files of one policy together, in bytes.
pub const MAX_POLICY_BYTES: usize = 16 << 20;

/// The files of a policy, parsed.
#[derive(Debug, Default)]
pub(super) struct Forest {
    pub(super) files: Files,
    /// One tree per file, by [`FileId`]; the first is the policy itself.
    pub(super) trees: Vec<Tree>,
    /// The files that each file includes directly, with the place where it says so.
    pub(super) includes: Vec<Vec<(FileId, Span)>>,
    /// The paths of the files with events that tests name, by the place where they do.
    pub(super) event_files: HashMap<Span, String>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// True if a file is missing, so that facts may be missing too.
    incomplete: bool,
    /// The words of all text that could not be read.
    lost: HashSet<String>,
}

impl Forest {
    /// The errors for comments in old words, of all files but preludes.
    pub(super) fn old_comments(&self) -> impl Iterator<Item = Diagnostic> {
        self.trees.iter().filter(|tree| !self.files.is_prelude(tree.file)).flat_map(Tree::old_comments)
    }

    pub(super) fn tree(&self, file: FileId) -> Option<&Tree> {
        self.trees.get(file.0)
    }

    /// Returns true if the first file is no policy but a part of others: nothing in it says `policy`.
    #[cfg(feature = "lint")]
    pub(super) fn is_part(&self) -> bool {
        self.tree(FileId(0)).is_some_and(|tree| !is_policy(tree)) && !self.may_have_lost("policy")
    }

    /// True if one of the included files is a policy of its own.
    pub(super) fn includes_a_policy(&self) -> bool {
        self.trees.iter().skip(1).any(is_policy)
    }

    /// Returns true if the fact that `word` stands for may be in a text that could not be read. Its absence has no message of its own
    /// then.
    pub(super) fn may_have_lost(&self, word: &str) -> bool {
        let mut words = words(word).peekable();
        self.incomplete || (words.peek().is_some() && words.all(|word| self.lost.contains(word)))
    }
}

fn is_policy(tree: &Tree) -> bool {
    tree.statements.iter().any(|statement| matches!(statement.fact, Fact::Policy(_)))
}

/// The plain words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_' || char == '-'))
        .filter(|word| !word.is_empty())
}

/// The files with events that the tests of a file name.
fn event_files(tree: &Tree) -> impl Iterator<Item = &Text> {
    let tests = tree.statements.iter().filter_map(|statement| match &statement.fact {
        Fact::Test(test) => Some(test),
        _ => None,
    });
    tests.flat_map(|test| &test.lines).filter_map(|line| match &line.value {
        TestLine::EventsFrom(target) => Some(target),
        _ => None,
    })
}

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Source(String),
    Prelude(String),
}

/// Reads the file at `path` and what it includes. Mistakes are in the forest's diagnostics.
pub(super) fn load(source: &dyn Source, path: &str) -> Forest {
    let mut loader = Loader {
        source,
        forest: Forest::default(),
        known: HashMap::new(),
        open: Vec::new(),
        cycles: HashSet::new(),
        failed: 0,
        bytes: 0,
        words: 0,
    };
    let is_missing = loader.file(Place::Source(path.to_owned()), None).is_none();
    let mut forest = loader.forest;
    forest.incomplete |= is_missing;
    let bad = forest.trees.iter().flat_map(|tree| &tree.tokens).filter(|token| token.kind == TokenKind::Bad);
    // An include that cannot be read may have brought anything.
    let includes = |token: &Token| forest.files.excerpt(token.span).trim_start().starts_with("include");
    forest.incomplete |= bad.clone().any(includes);
    forest.lost = bad.flat_map(|token| words(forest.files.excerpt(token.span))).map(str::to_owned).collect();
    forest
}

struct Loader<'s> {
    source: &'s dyn Source,
    forest: Forest,
    known: HashMap<Place, FileId>,
    /// The files that are being read: each includes the next.
    open: Vec<FileId>,
    /// The files whose inclusion of themselves was reported.
    cycles: HashSet<FileId>,
    /// The number of includes that bring nothing.
    failed: usize,
    /// The size of the files that are read.
    bytes: usize,
    /// The number of their words.
    words: usize,
}

/// After how many includes that bring nothing no other file is looked for.
const MAX_FAILED: usize = 1_000;

/// How many files of a cycle are named.
const MAX_CYCLE_SHOWN: usize = 8;

impl Loader<'_> {
    /// Reads a file unless it was read before; `included` is where it is asked for.
    fn file(&mut self, place: Place, included: Option<Span>) -> Option<FileId> {
        if let Some(known) = self.known.get(&place).copied() {
            return match self.open.iter().position(|open| *open == known) {
                Some(at) => self.cycle(at, known, included),
                None => Some(known),
            };
        }
        if self.failed >= MAX_FAILED {
            return None;
        }
        if self.forest.trees.len() >= MAX_FILES {
            let message = format!("the policy has more than {MAX_FILES} files");
            return self.nothing(
                included,
                Diagnostic::new(Code::TooManyFiles, message),
                "one too many",
                "join some of the files",
            );
        }
        let name = self.name(&place);
        let Some(text) = self.text(&place, included) else {
            // What keeps the policy itself from being read has no place in a text, but it is about this file.
            if included.is_none() {
                self.forest.files.add(&name, "");
            }
            return None;
        };
        self.bytes += text.len();
        if self.bytes > MAX_POLICY_BYTES {
            return self.too_large(included, &format!("{MAX_POLICY_BYTES} bytes"));
        }
        let (tree, found) = syntax::parse(&text, FileId(self.forest.trees.len()));
        self.words += tree.tokens.len();
        if self.words > MAX_WORDS {
            return self.too_large(included, &format!("{MAX_WORDS} words"));
        }
        let id = match &place {
            Place::Prelude(_) => self.forest.files.add_prelude(&name, &text),
            Place::Source(_) => self.forest.files.add(&name, &text),
        };
        self.forest.diagnostics.extend(found);
        // What is too deep to be parsed has no tokens, and its facts are not known.
        self.forest.incomplete |= tree.tokens.is_empty() && !text.trim().is_empty();
        self.known.insert(place.clone(), id);
        let targets = tree.statements.iter().filter_map(|statement| match &statement.fact {
            Fact::Include { prelude, target } => Some((*prelude, target.clone())),
            _ => None,
        });
        let targets: Vec<(bool, Text)> = targets.collect();
        for target in event_files(&tree) {
            if let Some(Place::Source(path)) = self.resolve(&place, false, target) {
                self.forest.event_files.insert(target.span, path);
            }
        }
        self.forest.trees.push(tree);
        self.forest.includes.push(Vec::new());
        self.open.push(id);
        for (prelude, target) in targets {
            let included =
                self.resolve(&place, prelude, &target).and_then(|place| self.file(place, Some(target.span)));
            match included {
                Some(file) => {
                    if let Some(includes) = self.forest.includes.get_mut(id.0) {
                        includes.push((file, target.span));
                    }
                }
                None => self.forest.incomplete = true,
            }
        }
        self.open.pop();
        Some(id)
    }

    /// Reports that the files of the policy are larger than a limit. No other one is read.
    fn too_large(&mut self, included: Option<Span>, limit: &str) -> Option<FileId> {
        let message = format!("the files of the policy have more than {limit} together");
        self.nothing::<FileId>(
            included,
            Diagnostic::new(Code::PolicyTooLarge, message),
            "too much",
            "split it into several policies",
        );
        self.failed = MAX_FAILED;
        None
    }

    /// Reports that a file, which is at a place among those that are open, includes itself.
    fn cycle(&mut self, at: usize, file: FileId, included: Option<Span>) -> Option<FileId> {
        if !self.cycles.insert(file) {
            return None;
        }
        let name = |file: &FileId| self.forest.files.name(*file);
        let mut names: Vec<&str> = self.open.iter().skip(at).map(name).collect();
        if names.len() > MAX_CYCLE_SHOWN {
            names.truncate(MAX_CYCLE_SHOWN);
            names.push("...");
        }
        let message = format!("`{}` includes itself", name(&file));
        let way = format!("{} -> {}", names.join(" -> "), name(&file));
        self.nothing(
            included,
            Diagnostic::new(Code::IncludeCycle, message),
            &way,
            "take one of these includes out",
        )
    }

    /// The text of a file, as long as it is text.
    fn text(&mut self, place: &Place, included: Option<Span>) -> Option<String> {
        let path = match place {
            Place::Prelude(name) => return prelude(name).map(str::to_owned),
            Place::Source(path) => path,
        };
        let name = self.name(place);
        let bytes = match self.source.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let code = match error {
                    SourceError::OutsideRoot => Code::IncludeOutsideRoot,
                    _ => Code::CannotReadFile,
                };
                let help = match error {
                    _ if included.is_none() => "name a policy file that can be read",
                    SourceError::NotFound if prelude(path).is_some() => {
                        "it is a prelude: write `include prelude` in front of its name"
                    }
                    SourceError::NotFound => "paths are relative to the file that includes",
                    SourceError::Folder => "name the files in it one by one",
                    SourceError::OutsideRoot => "widen the policy root, or copy the file into it",
                    SourceError::Other(_) => "see that the file can be read",
                };
                let message = format!("cannot read `{name}`: {error}");
                return self.nothing(included, Diagnostic::new(code, message), "asked for here", help);
            }
        };
        match syntax::text_of(&name, bytes) {
            Ok(text) => Some(text),
            Err(diagnostic) => {
                let help = diagnostic.help.clone().unwrap_or_default();
                self.nothing(included, diagnostic, "asked for here", &help)
            }
        }
    }

    /// The place that an include of `from` means.
    fn resolve(&mut self, from: &Place, is_prelude: bool, target: &Text) -> Option<Place> {
        let name = target.value.as_str();
        if name.is_empty() {
            // That the text is empty was said where it was read.
            return None;
        }
        if is_prelude {
            if prelude(name).is_some() {
                return Some(Place::Prelude(name.to_owned()));
            }
            let help = match nearest(name, prelude_names()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("there are {}", prelude_names().collect::<Vec<_>>().join(", ")),
            };
            let diagnostic = Diagnostic::new(Code::UnknownPrelude, format!("there is no prelude `{name}`"));
            return self.nothing(Some(target.span), diagnostic, "unknown", &help);
        }
        let mut parts: Vec<&str> = match from {
            Place::Source(path) => path.split('/').collect(),
            Place::Prelude(_) => Vec::new(),
        };
        parts.pop();
        if name.contains(['\\', ':']) {
            let diagnostic =
                Diagnostic::new(Code::IncludeOutsideRoot, format!("`{name}` is no path that policies use"));
            let help = "write a relative path with `/`, without `\\` and `:`";
            return self.nothing(Some(target.span), diagnostic, "not portable", help);
        }
        // Counts the folders that the root would have to be further up.
        let mut above = 0;
        for part in name.split('/') {
            match part {
                "" | "." => {}
                ".." => above += usize::from(parts.pop().is_none()),
                part => parts.push(part),
            }
        }
        if above == 0 && !name.starts_with('/') {
            return Some(Place::Source(parts.join("/")));
        }
        let diagnostic =
            Diagnostic::new(Code::IncludeOutsideRoot, format!("`{name}` leads out of the policy root"));
        let root = match name.starts_with('/') {
            true => None,
            false => self.root_above(above),
        };
        let root = root.unwrap_or_else(|| "DIR".to_owned());
        let help = format!(
            "a policy includes only files in and below its own folder, by relative paths; a caller may widen the root (`--root {root}`)"
        );
        self.nothing(Some(target.span), diagnostic, "outside", &help)
    }

    /// Returns the folder that is some folders above the root, as people name it; `None` if the root has no such name.
    fn root_above(&self, count: usize) -> Option<String> {
        let (Place::Source(first), _) = self.known.iter().find(|(_, id)| id.0 == 0)? else { return None };
        let shown = self.source.display(first);
        let root = shown.strip_suffix(first.as_str())?;
        let mut folders: Vec<&str> = match root {
            "" => Vec::new(),
            root => root.strip_suffix('/')?.split('/').collect(),
        };
        for _ in 0..count {
            match folders.last() {
                None | Some(&"..") => folders.push(".."),
                Some(&"") => return None,
                Some(_) => drop(folders.pop()),
            }
        }
        Some(if folders.is_empty() { ".".to_owned() } else { folders.join("/") })
    }

    fn name(&self, place: &Place) -> String {
        match place {
            Place::Source(path) => self.source.display(path),
            Place::Prelude(name) => format!("prelude {name}"),
        }
    }

    /// Reports why there is nothing.
    fn nothing<T>(&mut self, at: Option<Span>, diagnostic: Diagnostic, label: &str, help: &str) -> Option<T> {
        let diagnostic = match at {
            Some(span) => diagnostic.at(span, label),
            None => diagnostic,
        };
        self.failed += 1;
        if self.failed <= MAX_FAILED {
            self.forest.diagnostics.push(diagnostic.help(help));
        }
        None
    }
}
