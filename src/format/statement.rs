//! Statements: each on one line, or over several where it is too wide or has comments inside.

use super::columns::{Cells, Columns, WIDTH};
use super::list::{flow, part};
use super::page::{INDENT, Page};
use super::table;
use super::test;
use super::trivia::{Word, in_one_line, joined, split_at};
use crate::diagnostic::Spanned;
use crate::syntax::tree::{ConsentAt, Fact, Shape, Statement, Text};

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

    /// Returns true if a statement has its columns under those of the one in front of it.
    pub(super) fn goes_on(one: &Self, next: &Self) -> bool {
        one.family == next.family && !next.words.first().is_some_and(Word::is_apart)
    }

    /// Statements that share their columns.
    pub(super) fn lay_out_all(all: &[Self], page: &mut Page<'t>) {
        let limit = all.first().map_or(WIDTH, |first| first.family.limit());
        let columns = Columns::of(limit, all.iter().map(|sentence| &sentence.cells));
        page.end_block();
        for sentence in all {
            page.space(0, sentence.words);
            sentence.lay_out(&columns, page);
        }
    }

    fn lay_out(&self, columns: &Columns, page: &mut Page<'t>) {
        match (self.fact, &self.cells) {
            (Some(Fact::Reconcile(rows)), _) => in_braces(self.words, page, |words, page| {
                table::lay_out(table::HEADER, rows.iter().map(table::Places::of_row), words, page);
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
    let family = match &statement.fact {
        Fact::Policy(_) | Fact::Include { .. } => Family::Plain,
        Fact::Reconcile(_) | Fact::Test(_) => Family::Braces,
        Fact::Lint(lint) => {
            starts.push((1, lint.finding.span.end));
            Family::Lint
        }
        Fact::Promise(_) => {
            // As names these words would stand in quotes.
            let begins = |lead| words.iter().find(|word| word.text == lead);
            starts.extend(
                ["except", "without", "when", "because"]
                    .into_iter()
                    .filter_map(begins)
                    .map(|word| (1, word.start)),
            );
            Family::Promise
        }
        Fact::Category(category) => {
            starts.extend(category.wire_ids.first().map(|_| (1, category.name.span.end)));
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
        setting => {
            let words_before = setting.keyword().as_str().split(' ').count();
            let value = words.get(words_before + usize::from(statement.overrides.is_some()));
            starts.extend(value.map(|word| (1, word.start)));
            if let Fact::ConsentAt(place) = setting {
                starts.extend(ends(place).into_iter().map(|end| (1, end)));
            }
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

/// Where the parts of `consent at` end, but for the last one.
fn ends(said: &ConsentAt) -> Vec<usize> {
    let end = |texts: &[Text]| texts.last().map(|text| text.span.end);
    let inside = match &said.shape.value {
        Shape::Words { granted, refused, .. } => [end(granted), end(refused)],
        Shape::Pairs { within, granted, .. } => [Some(within.span.end), end(granted)],
        _ => [None, None],
    };
    let unlisted = said.unlisted.as_ref().map(|unlisted| unlisted.span.end);
    let absent = said.absent.last().map(|value| value.span.end);
    let others =
        [end(&said.path), end(&said.aliases), Some(said.shape.span.end), unlisted, end(&said.skip), absent];
    let mut ends: Vec<usize> = others.into_iter().chain(inside).flatten().collect();
    ends.sort_unstable();
    ends.dedup();
    ends.pop();
    ends
}

/// Where attributes begin, the first one in the first of two columns and the others in the second.
fn columns<T>(
    attributes: &[Spanned<T>],
    [first, others]: [usize; 2],
) -> impl Iterator<Item = (usize, usize)> {
    let columns = std::iter::once(first).chain(std::iter::repeat(others));
    columns.zip(attributes.iter().map(|attribute| attribute.span.start))
}

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
