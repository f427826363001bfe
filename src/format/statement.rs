//! Statements: each on one line, or over several where it is too wide or has comments inside.

use super::columns::{Cells, Columns, WIDTH};
use super::list::{flow, part};
use super::page::{INDENT, Page};
use super::table;
use super::test;
use super::trivia::{Word, in_one_line, joined, split_at};
use crate::diagnostic::Spanned;
use crate::syntax::tree::{
    ConsentAt, DestinationAttribute, DestinationStatement, Fact, Shape, Statement, Text,
};

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

/// A requirement with a condition: what stands in front of what is needed, and that.
struct Arm<'w, 't> {
    when: &'w [Word<'t>],
    needs: &'w [Word<'t>],
    /// Both, unless a comment stands between the words.
    cells: Option<Cells>,
}

/// What stands in the same columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// What has one column only.
    Plain,
    Category,
    Kind,
    Destination,
    Setting,
    Input,
    Lint,
    Promise,
    /// What has braces has columns of its own.
    Braces,
}

impl Family {
    /// How wide a line may be: only what has lists can be broken.
    fn limit(self) -> usize {
        match self {
            Family::Destination | Family::Setting | Family::Input | Family::Promise => WIDTH,
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
        let has_arms = matches!(fact, Some(Fact::Destination(destination)) if has_arms(destination));
        let cells = in_one_line(words).filter(|_| !has_arms).map(|_| cells(&parts));
        Sentence { family, words, parts, cells, fact }
    }

    /// Returns true if a statement has its columns under those of the one in front of it.
    pub(super) fn goes_on(one: &Self, next: &Self) -> bool {
        one.family == next.family && !next.words.first().is_some_and(Word::is_apart)
    }

    /// The part of this number, if it is a requirement with a condition. In front of the attributes stands one part.
    fn arm(&self, number: usize) -> Option<Arm<'w, 't>> {
        let Some(Fact::Destination(destination)) = self.fact else { return None };
        let attribute = destination.attributes.get(number.checked_sub(1)?)?;
        let DestinationAttribute::NeedsWhen { when, .. } = &attribute.value else { return None };
        let (_, words) = *self.parts.get(number)?;
        let (when, needs) = split_at(words, when.last()?.states.last()?.span.end);
        Some(Arm { when, needs, cells: in_one_line(words).map(|_| vec![joined(when), joined(needs)]) })
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
            (Some(Fact::Reconcile(table)), _) => {
                in_braces(self.words, page, |words, page| table::lay_out_rows(table, words, page));
            }
            (Some(Fact::ConsentAt(said)), _) if said.rule.is_some() => {
                in_braces(self.words, page, |words, page| table::lay_out_places(&said.places, words, page));
            }
            (Some(Fact::Test(said)), _) => {
                in_braces(self.words, page, |words, page| test::lay_out(said, words, page));
            }
            (_, Some(cells)) if columns.hold(cells) => page.push(0, &columns.line(cells), self.words),
            _ => {
                page.end_block();
                let arms: Vec<Option<Arm>> = (0..self.parts.len()).map(|number| self.arm(number)).collect();
                let columns = Columns::of(WIDTH - INDENT, arms.iter().flatten().map(|arm| &arm.cells));
                let mut indent = 0;
                for ((_, words), arm) in self.parts.iter().zip(&arms) {
                    if indent > 0 {
                        page.comments(indent, words);
                    }
                    match arm {
                        Some(arm) => arm.lay_out(&columns, words, page),
                        None => part(indent, words, page),
                    }
                    indent = INDENT;
                }
                page.end_block();
            }
        }
    }
}

impl<'t> Arm<'_, 't> {
    fn lay_out(&self, columns: &Columns, words: &[Word<'t>], page: &mut Page<'t>) {
        match &self.cells {
            Some(cells) if columns.hold(cells) => page.push(INDENT, &columns.line(cells), words),
            _ => {
                flow(INDENT, self.when, page);
                page.comments(2 * INDENT, self.needs);
                part(2 * INDENT, self.needs, page);
            }
        }
    }
}

/// Returns true if a destination has requirements with conditions, which are read below each other.
fn has_arms(destination: &DestinationStatement) -> bool {
    let is_arm = |one: &Spanned<_>| {
        matches!(one.value, DestinationAttribute::NeedsWhen { .. } | DestinationAttribute::Otherwise(_))
    };
    destination.attributes.iter().any(is_arm)
}

/// The parts in their columns.
fn cells(parts: &[Part]) -> Cells {
    let mut cells = Cells::default();
    for (column, part) in parts {
        cells.resize(cells.len().max(column + 1), String::new());
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
        Fact::ConsentAt(said) if said.rule.is_some() => Family::Braces,
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
        Fact::Input(input) => {
            let absent = input.absent.first().and(input.values.last());
            let starts_of = [Some(&input.name), input.path.last()].map(|text| text.map(|text| text.span.end));
            let ends = starts_of.into_iter().chain([absent.map(|value| value.span.end)]);
            starts.extend(ends.enumerate().filter_map(|(column, end)| Some((column + 1, end?))));
            Family::Input
        }
        setting => {
            let words_before = setting.keyword().as_str().split(' ').count();
            let value = words.get(words_before + usize::from(statement.overrides.is_some()));
            starts.extend(value.map(|word| (1, word.start)));
            match setting {
                Fact::ConsentAt(said) => {
                    let places = said.places.iter().filter(|_| said.rule.is_none());
                    starts.extend(places.flat_map(ends).map(|end| (1, end)));
                }
                Fact::Strategy(strategy) => {
                    starts.extend(strategy.cases.iter().map(|case| (1, case.span.end)));
                }
                _ => {}
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
        Shape::Booleans { .. } | Shape::List { .. } | Shape::DelimitedText { .. } => [None, None],
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
