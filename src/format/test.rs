//! Tests: each line of its own, what leads it in one column and what it says in another, and cases in a table.

use super::columns::{Cells, Columns, WIDTH, width};
use super::list::{flow, group, part};
use super::page::{INDENT, Page};
use super::table;
use super::trivia::{Word, in_one_line, joined, split_at};
use crate::diagnostic::Spanned;
use crate::syntax::tree::{
    Expectation, StatedConsent, StatedIntegrations, StatedRecorded, TestLine, TestStatement,
};

/// A line of a test.
struct Line<'w, 't> {
    words: &'w [Word<'t>],
    shape: Shape,
    /// The columns, unless a comment stands between the words.
    cells: Option<Cells>,
}

/// How a line is broken that is too wide or has comments inside.
enum Shape {
    /// It has nothing that could be broken: only a comment ends one of its lines.
    Whole,
    /// Members in braces.
    Object,
    /// A list of names, and where the reason stands, if one is expected.
    List { reason: Option<usize> },
}

/// The words between the braces.
pub(super) fn lay_out<'t>(test: &TestStatement, words: &[Word<'t>], page: &mut Page<'t>) {
    let end = test.lines.last().map_or(0, |line| line.span.end);
    let (lines, table) = split_at(words, end);
    lay_out_lines(&test.lines, lines, page);
    if let Some(cases) = &test.cases {
        page.end_block();
        table::lay_out_cases(cases, table, page);
    }
}

fn lay_out_lines<'t>(said: &[Spanned<TestLine>], words: &[Word<'t>], page: &mut Page<'t>) {
    let mut rest = words;
    let mut lines = Vec::new();
    for one in said {
        let words;
        (words, rest) = split_at(rest, one.span.end);
        lines.push(Line::new(&one.value, words));
    }
    let columns = Columns::of(usize::MAX, lines.iter().map(|line| &line.cells));
    for line in &lines {
        page.space(INDENT, line.words);
        match line.cells.as_ref().map(|cells| columns.line(cells)) {
            Some(text) if matches!(line.shape, Shape::Whole) || INDENT + width(&text) <= WIDTH => {
                page.push(INDENT, &text, line.words);
            }
            _ => line.broken(page),
        }
    }
}

impl<'w, 't> Line<'w, 't> {
    fn new(said: &TestLine, words: &'w [Word<'t>]) -> Self {
        let (lead, rest) = words.split_at(lead(said).min(words.len()));
        let cells = in_one_line(words).map(|_| vec![joined(lead), joined(rest)]);
        Line { words, shape: Shape::of(said), cells }
    }

    fn broken(&self, page: &mut Page<'t>) {
        page.end_block();
        match self.shape {
            Shape::Whole => flow(INDENT, self.words, page),
            Shape::Object => group(INDENT, self.words, page),
            Shape::List { reason } => {
                // `because` is the word in front of the reason.
                let before = |place| self.words.partition_point(|word| word.start < place).saturating_sub(1);
                let (names, because) = self.words.split_at(reason.map_or(self.words.len(), before));
                let (lead, names) = names.split_at(1.min(names.len()));
                flow(INDENT, lead, page);
                for words in [names, because].into_iter().filter(|words| !words.is_empty()) {
                    page.comments(2 * INDENT, words);
                    part(2 * INDENT, words, page);
                }
            }
        }
        page.end_block();
    }
}

/// How many words lead a line.
fn lead(said: &TestLine) -> usize {
    match said {
        TestLine::EventsFrom(_) => 2,
        _ => 1,
    }
}

impl Shape {
    fn of(said: &TestLine) -> Self {
        match said {
            TestLine::Consent(StatedConsent::Preferences(members)) if !members.is_empty() => Shape::Object,
            TestLine::Integrations(StatedIntegrations::Entries(members)) if !members.is_empty() => {
                Shape::Object
            }
            TestLine::Recorded(StatedRecorded::Record(members)) if !members.is_empty() => Shape::Object,
            TestLine::Expectation(Expectation::Destinations { because, .. }) => {
                Shape::List { reason: because.as_ref().map(|because| because.reason.span.start) }
            }
            _ => Shape::Whole,
        }
    }
}
