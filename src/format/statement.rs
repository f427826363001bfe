//! Statements: each on one line, or over several where it is too wide or has comments inside.

use super::columns::{Cells, Columns, width};
use super::page::Page;
use super::words::{Word, are_beside, in_one_line, joined, split_at};
use super::{INDENT, WIDTH, table, test};
use crate::diagnostic::Spanned;
use crate::syntax::tree::{Fact, LedgerSetting, Statement, VisitSetting};

/// A statement and its words.
pub(super) struct Sentence<'w, 't> {
    family: Family,
    words: &'w [Word<'t>],
    parts: Vec<Part<'w, 't>>,
    /// The parts in their columns, unless the statement cannot stand on one line.
    cells: Option<Cells>,
    /// What it says; the edition line is no statement.
    fact: Option<&'w Fact>,
}

/// A part of a statement that begins a line when the statement is broken, and the column in which it stands otherwise.
type Part<'w, 't> = (usize, &'w [Word<'t>]);

/// What stands in the same columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// What has one column only.
    Plain,
    Category,
    Kind,
    Destination,
    Setting,
    Lint,
    Promise,
    /// What has braces has columns of its own.
    Braces,
}

impl Family {
    /// How wide a line may be: only what has lists can be broken.
    fn limit(self) -> usize {
        match self {
            Family::Destination | Family::Setting | Family::Promise => WIDTH,
            Family::Plain | Family::Category | Family::Kind | Family::Lint | Family::Braces => usize::MAX,
        }
    }
}

impl<'w, 't> Sentence<'w, 't> {
    /// The edition line.
    pub(super) fn edition(words: &'w [Word<'t>]) -> Self {
        Sentence::new(Family::Plain, None, words, vec![(0, words)])
    }

    pub(super) fn statement(statement: &'w Statement, words: &'w [Word<'t>]) -> Self {
        let (family, parts) = parts(statement, words);
        Sentence::new(family, Some(&statement.fact), words, parts)
    }

    fn new(family: Family, fact: Option<&'w Fact>, words: &'w [Word<'t>], parts: Vec<Part<'w, 't>>) -> Self {
        let cells = in_one_line(words).map(|_| cells(&parts));
        Sentence { family, words, parts, cells, fact }
    }

    /// Whether a statement has its columns under those of the one in front of it.
    pub(super) fn goes_on(one: &Self, next: &Self) -> bool {
        one.family == next.family && !next.words.first().is_some_and(Word::is_apart)
    }

    /// Statements that share their columns.
    pub(super) fn lay_out_all(all: &[Self], page: &mut Page<'t>) {
        let limit = all.first().map_or(WIDTH, |first| first.family.limit());
        let columns = Columns::of(limit, all.iter().filter_map(|sentence| sentence.cells.as_ref()));
        page.end_block();
        for sentence in all {
            page.space(0, sentence.words);
            sentence.lay_out(&columns, page);
        }
    }

    fn lay_out(&self, columns: &Columns, page: &mut Page<'t>) {
        match (self.fact, &self.cells) {
            (Some(Fact::Reconcile(rows)), _) => in_braces(self.words, page, |words, page| {
                table::lay_out(rows.iter().map(table::Places::of_row), words, page);
            }),
            (Some(Fact::Test(said)), _) => {
                in_braces(self.words, page, |words, page| test::lay_out(said, words, page));
            }
            (_, Some(cells)) if columns.hold(cells) => page.push(0, &columns.line(cells), self.words),
            _ => {
                page.end_block();
                let mut indent = 0;
                for (_, words) in &self.parts {
                    if indent > 0 {
                        page.comments(indent, words);
                    }
                    part(indent, words, page);
                    indent = INDENT;
                }
                page.end_block();
            }
        }
    }
}

/// The parts in their columns.
fn cells(parts: &[Part]) -> Cells {
    let mut cells = Cells::default();
    for (column, part) in parts {
        if let Some(cell) = cells.get_mut(*column) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(&joined(part));
        }
    }
    cells
}

/// How a statement begins, and what it says: each part where a word of the tree begins.
fn parts<'w, 't>(statement: &Statement, words: &'w [Word<'t>]) -> (Family, Vec<Part<'w, 't>>) {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    // The value of a setting stands behind so many words.
    let value = |words_before: usize| {
        let overrides = usize::from(statement.overrides.is_some());
        words.get(words_before + overrides).map(|word| (1, word.start))
    };
    let family = match &statement.fact {
        Fact::Policy(_) | Fact::Include { .. } => Family::Plain,
        Fact::Reconcile(_) | Fact::Test(_) => Family::Braces,
        Fact::Lint(lint) => {
            starts.push((1, lint.finding.span.end as usize));
            Family::Lint
        }
        Fact::Promise(_) => {
            // As names these words would stand in quotes.
            let begins = |lead| words.iter().find(|word| word.text == lead);
            starts.extend(
                ["without", "when", "because"].into_iter().filter_map(begins).map(|word| (1, word.start)),
            );
            Family::Promise
        }
        Fact::Category(category) => {
            starts.extend(category.wire_id.iter().map(|_| (1, category.name.span.end as usize)));
            starts.extend(columns(&category.attributes, [2, 2]));
            Family::Category
        }
        Fact::Kind(kind) => {
            starts.extend(columns(&kind.attributes, [1, 1]));
            Family::Kind
        }
        Fact::Destination(destination) => {
            // What comes first is nearly always what it needs.
            starts.extend(columns(&destination.attributes, [1, 2]));
            Family::Destination
        }
        Fact::Visit(setting) => {
            starts.extend(value(match setting {
                VisitSetting::GateOpens(_)
                | VisitSetting::WithoutConsent(_)
                | VisitSetting::LibraryLoads(_) => 3,
                VisitSetting::ImpliedConsent(_) => 2,
                VisitSetting::Banner(_) | VisitSetting::Model(_) => 1,
            }));
            Family::Setting
        }
        Fact::Ledger(setting) => {
            starts.extend(value(if let LedgerSetting::AlsoRecords(_) = setting { 3 } else { 2 }));
            Family::Setting
        }
        Fact::UnmappedDestinations(_)
        | Fact::InvalidEntries(_)
        | Fact::ExemptEvents(_)
        | Fact::PreferenceEvents(_) => {
            starts.extend(value(2));
            Family::Setting
        }
        Fact::SeveralCategories(_) => {
            starts.extend(value(3));
            Family::Setting
        }
        Fact::ConsentAt(place) => {
            starts.extend(value(2));
            let path = place.path.last().filter(|_| !place.aliases.is_empty());
            starts.extend(path.map(|key| (1, key.span.end as usize)));
            Family::Setting
        }
    };
    let mut parts = Vec::new();
    let (mut column, mut rest) = (0, words);
    for (next, start) in starts {
        let part;
        (part, rest) = split_at(rest, start);
        parts.push((column, part));
        column = next;
    }
    parts.push((column, rest));
    (family, parts)
}

/// Where attributes begin, the first one in the first of two columns and the others in the second.
fn columns<T>(
    attributes: &[Spanned<T>],
    [first, others]: [usize; 2],
) -> impl Iterator<Item = (usize, usize)> {
    let columns = std::iter::once(first).chain(std::iter::repeat(others));
    columns.zip(attributes.iter().map(|attribute| attribute.span.start as usize))
}

// What is in front of the words that a function is given is on the page already.

/// A statement with braces: what leads them, what `inside` makes of the words between them, and the closing one.
fn in_braces<'t>(words: &[Word<'t>], page: &mut Page<'t>, inside: impl FnOnce(&[Word<'t>], &mut Page<'t>)) {
    let open = words.iter().position(|word| word.text == "{").map_or(words.len(), |at| at + 1);
    let (lead, rest) = words.split_at(open);
    let (between, close) = rest.split_at(rest.len().saturating_sub(1));
    page.end_block();
    flow(0, lead, page);
    page.begin();
    inside(between, page);
    page.comments_apart(INDENT, close.first().map_or(&[], |close| &close.before));
    page.end_block();
    page.line(0, close);
    page.end_block();
}

/// A part of a broken statement: on one line, or what leads its list, and then the list.
pub(super) fn part<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    if fits(indent, words) {
        return page.line(indent, words);
    }
    match words.split_at(lead(words).min(words.len())) {
        ([], list) => elements(indent, list, page),
        (lead, list) => {
            flow(indent, lead, page);
            page.comments(indent + INDENT, list);
            elements(indent + INDENT, list, page);
        }
    }
}

/// How many words lead a list: `needs`, `needs any of`, `alias`, `shared alias`, or `(all of` in a group; in a test `only`,
/// `because refused` or `consent {`; in a promise `never deliver` or `without`.
fn lead(words: &[Word]) -> usize {
    let mut texts = words.iter().map(|word| word.text);
    match (texts.next(), texts.next()) {
        (Some("needs" | "without" | "("), Some("all" | "any")) => 3,
        (Some("shared"), Some("alias"))
        | (Some("never" | "always"), _)
        | (Some("because"), _)
        | (_, Some("{")) => 2,
        (Some("needs" | "without" | "alias" | "only"), _) => 1,
        _ => 0,
    }
}

/// Each element of a list, on lines of its own.
fn elements<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    let mut depth = 0usize;
    let ends = |word: &Word| {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        word.comma && depth == 0
    };
    for (number, element) in words.split_inclusive(ends).enumerate() {
        if number > 0 {
            page.comments(indent, element);
        }
        match element {
            _ if fits(indent, element) => page.line(indent, element),
            [open, ..] if open.text == "(" => group(indent, element, page),
            _ => flow(indent, element, page),
        }
    }
}

/// A group in parentheses or braces: a list, and the closing one on a line of its own.
pub(super) fn group<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    let (lead, rest) = words.split_at(lead(words).min(words.len()));
    let (list, close) = rest.split_at(rest.len().saturating_sub(1));
    flow(indent, lead, page);
    page.comments(indent + INDENT, list);
    elements(indent + INDENT, list, page);
    page.comments(indent + INDENT, close);
    page.line(indent, close);
}

/// Words that are no list: only a comment ends their line, and the next one stands further in.
pub(super) fn flow<'t>(indent: usize, words: &[Word<'t>], page: &mut Page<'t>) {
    for (number, line) in words.chunk_by(are_beside).enumerate() {
        if number == 0 {
            page.line(indent, line);
        } else {
            page.comments(indent + INDENT, line);
            page.line(indent + INDENT, line);
        }
    }
}

/// Whether words stand on one line, with a width of it at most.
fn fits(indent: usize, words: &[Word]) -> bool {
    in_one_line(words).is_some_and(|line| indent + width(&line) <= WIDTH)
}
