//! The facts of all files → the fact in force for each thing they speak of.
//!
//! A fact is said once. A file may say `override` for a fact of a file that it includes, directly or through others;
//! an overridden fact keeps its place in the order of declarations.

use super::include_graph::{FileSet, IncludeGraph};
use super::load::Forest;
use crate::diagnostic::{Code, Diagnostic, Edit, FileId, Span, Spanned, nearest};
use crate::syntax::Keyword;
use crate::syntax::tree::{
    CategoryStatement, DestinationStatement, Fact, InputStatement, KindStatement, Lint, PromiseStatement,
    Statement, TestStatement, Text,
};
use std::collections::{HashMap, HashSet};

/// How many mistakes are searched for a suggestion.
pub(super) const MAX_SUGGESTIONS: usize = 100;

/// Returns a setting with its place, if the files set it.
macro_rules! said {
    ($merged:expr, $setting:ident) => {
        match $merged.settings.get(&Keyword::$setting) {
            Some(Spanned { value: Fact::$setting(value), span }) => {
                Some(Spanned::new(Clone::clone(value), *span))
            }
            _ => None,
        }
    };
}
pub(super) use said;

/// The facts in force, sorted by what they speak of; each list in declaration order.
#[derive(Debug, Default)]
pub(super) struct Merged<'t> {
    /// The policy's name, from the file that was loaded.
    pub(super) name: Option<Text>,
    pub(super) categories: Vec<Spanned<&'t CategoryStatement>>,
    pub(super) inputs: Vec<Spanned<&'t InputStatement>>,
    pub(super) kinds: Vec<Spanned<&'t KindStatement>>,
    pub(super) destinations: Vec<Spanned<&'t DestinationStatement>>,
    /// Statements in front of text that could not be parsed, and that may belong to them.
    pub(super) cut_short: HashSet<Span>,
    /// Everything else that is said once.
    pub(super) settings: HashMap<Keyword, Spanned<&'t Fact>>,
    pub(super) tests: Vec<Spanned<&'t TestStatement>>,
    pub(super) lint_levels: Vec<Spanned<&'t Lint>>,
    pub(super) promises: Vec<Spanned<&'t PromiseStatement>>,
    /// The files that the facts in force stand in.
    #[cfg(feature = "lint")]
    pub(super) files: HashSet<FileId>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'t> Merged<'t> {
    fn add(&mut self, statement: &'t Statement) {
        let span = statement.span;
        #[cfg(feature = "lint")]
        self.files.insert(span.file);
        if !statement.complete {
            self.cut_short.insert(span);
        }
        match &statement.fact {
            Fact::Policy(_) | Fact::Include { .. } => {}
            Fact::Category(category) => self.categories.push(Spanned::new(category, span)),
            Fact::Input(input) => self.inputs.push(Spanned::new(input, span)),
            Fact::Kind(kind) => self.kinds.push(Spanned::new(kind, span)),
            Fact::Destination(destination) => self.destinations.push(Spanned::new(destination, span)),
            Fact::Test(test) => self.tests.push(Spanned::new(test, span)),
            Fact::Lint(lint) => self.lint_levels.push(Spanned::new(lint, span)),
            Fact::Promise(promise) => self.promises.push(Spanned::new(promise, span)),
            setting => drop(self.settings.insert(setting.keyword(), Spanned::new(setting, span))),
        }
    }
}

/// What a fact speaks of. Two facts with one subject contradict or repeat each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Subject<'t> {
    keyword: Keyword,
    name: Option<&'t str>,
    /// Each promise stands for itself: nobody overrides it, and it may be said again.
    promise: Option<Span>,
}

pub(super) fn merge(forest: &Forest) -> Merged<'_> {
    let mut merger = Merger { forest, reach: reach(forest), diagnostics: Vec::new() };
    let mut merged = Merged { name: merger.name(), ..Merged::default() };
    let mut order = Vec::new();
    expand(forest, FileId(0), &mut HashSet::new(), &mut order);

    // A subject stands where it is declared, not where it is overridden.
    let (declarations, overrides): (Vec<&Statement>, Vec<&Statement>) =
        order.into_iter().partition(|statement| statement.overrides.is_none());
    let mut subjects: Vec<(Subject, Vec<&Statement>)> = Vec::with_capacity(declarations.len());
    let mut known: HashMap<Subject, usize> = HashMap::with_capacity(declarations.len());
    for statement in declarations.into_iter().chain(overrides) {
        let Some(subject) = subject(statement) else { continue };
        let index = *known.entry(subject.clone()).or_insert(subjects.len());
        match subjects.get_mut(index) {
            Some((_, statements)) => statements.push(statement),
            None => subjects.push((subject, vec![statement])),
        }
    }

    let mut searched = 0;
    for (subject, statements) in &subjects {
        match merger.in_force(statements) {
            Some(statement) => merged.add(statement),
            None => {
                // Suggestions compare names one by one; many mistakes of this sort have one cause anyway.
                searched += 1;
                let declared = subjects.iter().take_while(|_| searched <= MAX_SUGGESTIONS);
                let declared =
                    declared.filter(|(_, others)| others.iter().any(|other| other.overrides.is_none()));
                let near = near(subject, declared.map(|(subject, _)| subject));
                merger.nothing_to_override(statements, near);
            }
        }
    }
    merged.diagnostics = merger.diagnostics;
    merged
}

/// Decides which statements are in force.
struct Merger<'t> {
    forest: &'t Forest,
    /// By file, the files that it includes, directly or through others.
    reach: Vec<FileSet>,
    diagnostics: Vec<Diagnostic>,
}

impl Merger<'_> {
    /// The policy's own name. A name in an included file names that file's own policy.
    fn name(&mut self) -> Option<Text> {
        let mut names = self.forest.tree(FileId(0)).into_iter().flat_map(|tree| &tree.statements).filter_map(
            |statement| match &statement.fact {
                Fact::Policy(name) => Some(name),
                _ => None,
            },
        );
        let first = names.next()?;
        for again in names {
            self.diagnostics.push(
                duplicate("the policy's name is said twice", first.span, again.span)
                    .help("delete one of the two"),
            );
        }
        Some(first.clone())
    }

    fn includes(&self, from: FileId, to: FileId) -> bool {
        self.reach.get(from.0).is_some_and(|files| files.contains(to))
    }

    /// The error for two declarations of one fact. The fix turns a policy's `ledger mismatch` into an override of its prelude's: no prelude
    /// has always set it. For any other fact its author decides which of the two was meant.
    fn declared_twice(&self, first: &Statement, again: &Statement) -> Diagnostic {
        let error = duplicate(&format!("`{}` is said twice", again.fact.phrase()), first.span, again.span);
        let (from, to) = (first.span.file, again.span.file);
        let own = match (self.includes(to, from), self.includes(from, to)) {
            (true, _) => again,
            (_, true) => first,
            _ => return error,
        };
        match own.fact {
            Fact::LedgerMismatch(_) => error.fix(
                "override the setting of the included file",
                [Edit::new(own.span.before(), "override ")],
            ),
            _ => error,
        }
    }

    /// The statement in force among those about one subject; `None` when all of them override what nobody said.
    fn in_force<'s>(&mut self, statements: &[&'s Statement]) -> Option<&'s Statement> {
        let mut base: Option<&Statement> = None;
        for statement in statements.iter().filter(|statement| statement.overrides.is_none()) {
            match base {
                None => base = Some(statement),
                // Old words have an error already. Fixed, the statement is looked at again.
                Some(first) if first.is_old || statement.is_old => {}
                Some(first) => {
                    let error = self.declared_twice(first, statement);
                    self.diagnostics.push(error);
                }
            }
        }
        let base = base?;
        let mut overrides: Vec<&Statement> = Vec::new();
        for statement in statements.iter().filter(|statement| statement.overrides.is_some()) {
            let (own, at) = (statement.span.file, statement.overrides.unwrap_or(statement.span));
            let phrase = statement.fact.phrase();
            let is_own = own == base.span.file;
            if is_own || !self.includes(own, base.span.file) {
                let (message, help) = match is_own {
                    true => (
                        format!("`{phrase}` is a fact of this same file"),
                        "change the fact itself; `override` is for facts of included files",
                    ),
                    false => (
                        "this file does not include the file that says the fact".into(),
                        "include that file, or move the override into a file that does",
                    ),
                };
                self.diagnostics.push(
                    Diagnostic::new(Code::NothingToOverride, message)
                        .at(at, "overrides")
                        .at(base.span, "said here")
                        .help(help),
                );
            } else if let Some(first) = overrides.iter().find(|other| other.span.file == own) {
                let message = format!("`override {phrase}` is said twice");
                self.diagnostics.push(duplicate(&message, first.span, statement.span));
            } else {
                overrides.push(statement);
            }
        }
        // The one in force is that of the file which includes the files of all the others.
        let last = overrides.iter().find(|one| {
            overrides
                .iter()
                .all(|other| one.span == other.span || self.includes(one.span.file, other.span.file))
        });
        if let (None, [one, other, ..]) = (last, overrides.as_slice()) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::CompetingOverrides,
                    format!("two files override `{}`", one.fact.phrase()),
                )
                .at(other.span, "overridden here")
                .at(one.span, "and here")
                .help("no file that overrides it includes all the others, so none comes last: keep one"),
            );
        }
        Some(last.copied().unwrap_or(base))
    }

    fn nothing_to_override(&mut self, statements: &[&Statement], near: Option<&str>) {
        for statement in statements {
            let phrase = statement.fact.phrase();
            if self.forest.may_have_lost(&phrase) {
                continue;
            }
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "delete `override` to declare it".into(),
            };
            self.diagnostics.push(
                Diagnostic::new(Code::NothingToOverride, format!("no included file says `{phrase}`"))
                    .at(statement.overrides.unwrap_or(statement.span), "nothing to override")
                    .help(help),
            );
        }
    }
}

/// Returns the files that each file includes, directly or through others.
fn reach(forest: &Forest) -> Vec<FileSet> {
    let files = || (0..forest.trees.len()).map(FileId);
    let includes = files().zip(&forest.includes);
    let graph =
        IncludeGraph::of(includes.flat_map(|(from, all)| all.iter().map(move |(file, _)| (from, *file))));
    files().map(|file| graph.reached(file)).collect()
}

/// The error for something that is said twice.
pub(super) fn duplicate(message: &str, first: Span, again: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateDeclaration, message)
        .at(again, "again here")
        .at(first, "first said here")
        .help("delete one of the two; to change a fact of an included file, write `override` in front of the new one")
}

/// The statements in declaration order: an included file's stand where the include stands, the first time.
fn expand<'t>(forest: &'t Forest, file: FileId, done: &mut HashSet<FileId>, order: &mut Vec<&'t Statement>) {
    if !done.insert(file) {
        return;
    }
    // The files that were found, in the order of the statements that ask for them.
    let mut includes = forest.includes.get(file.0).into_iter().flatten().peekable();
    for statement in forest.tree(file).into_iter().flat_map(|tree| &tree.statements) {
        if let Fact::Include { target, .. } = &statement.fact {
            if let Some((included, _)) = includes.next_if(|(_, span)| *span == target.span) {
                expand(forest, *included, done, order);
            }
        } else {
            order.push(statement);
        }
    }
}

fn subject(statement: &Statement) -> Option<Subject<'_>> {
    let fact = &statement.fact;
    if let Fact::Policy(_) | Fact::Include { .. } = fact {
        return None;
    }
    Some(Subject {
        keyword: fact.keyword(),
        name: fact.name().map(|name| name.value.as_str()),
        promise: matches!(fact, Fact::Promise(_)).then_some(statement.span),
    })
}

/// The declared subject of the same sort that is nearest by name.
fn near<'t>(subject: &Subject<'t>, declared: impl Iterator<Item = &'t Subject<'t>>) -> Option<&'t str> {
    let alike = declared.filter(|other| other.keyword == subject.keyword);
    let name = subject.name.filter(|_| subject.keyword != Keyword::Lint)?;
    nearest(name, alike.filter_map(|other| other.name))
}
