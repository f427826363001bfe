//! Tables in braces: their rows stay whole, under the words of their header.

use super::columns::{Cells, Columns, WIDTH, width};
use super::list::flow;
use super::page::{INDENT, Page};
use super::trivia::{Word, in_one_line, joined, split_at};
use crate::syntax::tree::{Case, Row};

/// The number of words in a header without `recorded`.
pub(super) const HEADER: usize = 3;

/// Where the columns of a row begin behind the first, and where the row ends. Words after the columns of the header are its reason.
pub(super) struct Places {
    starts: [usize; 3],
    end: usize,
}

impl Places {
    pub(super) fn of_row(row: &Row) -> Self {
        let integrations = row.integrations.first().map_or(row.enforce.span, |state| state.span);
        let starts = [integrations.start, row.enforce.span.start, row.enforce.span.end];
        Places { starts, end: row.span.end }
    }

    pub(super) fn of_case(case: &Case) -> Self {
        let expectation = case.expectations.first().map_or(case.span.end, |first| first.span.start);
        let [third, fourth] = match &case.recorded {
            Some(recorded) => [recorded.span.start, expectation],
            None => [expectation, case.span.end],
        };
        Places { starts: [case.integrations.span.start, third, fourth], end: case.span.end }
    }
}

/// A line of the table, the header or a row.
struct Line<'w, 't> {
    words: &'w [Word<'t>],
    /// The words of the reason, which are among them.
    reason: &'w [Word<'t>],
    /// The columns, unless a comment stands between the words.
    cells: Option<Cells>,
}

/// The words of the header, of which there are so many, and of the rows.
pub(super) fn lay_out<'t>(
    header: usize,
    rows: impl Iterator<Item = Places>,
    words: &[Word<'t>],
    page: &mut Page<'t>,
) {
    let mut lines = lines(header, rows, words);
    let reasons_below = !reasons_fit(&lines);
    if reasons_below {
        lines.iter_mut().for_each(Line::without_reason);
    }
    let columns = Columns::of(usize::MAX, lines.iter().map(|line| &line.cells));
    for line in &lines {
        page.space(INDENT, line.words);
        match &line.cells {
            None => flow(INDENT, line.words, page),
            Some(cells) if reasons_below && !line.reason.is_empty() => {
                page.push(INDENT, &columns.line(cells), &[]);
                page.line(2 * INDENT, line.reason);
            }
            Some(cells) => page.push(INDENT, &columns.line(cells), line.words),
        }
    }
}

fn lines<'w, 't>(
    header: usize,
    rows: impl Iterator<Item = Places>,
    words: &'w [Word<'t>],
) -> Vec<Line<'w, 't>> {
    let (first, mut rest) = words.split_at(header.min(words.len()));
    let starts = [1, 2, 3].map(|number| first.get(number).map_or(usize::MAX, |word| word.start));
    let has_reasons = header == HEADER;
    let mut lines = vec![Line::new(first, starts, has_reasons)];
    for row in rows {
        let words;
        (words, rest) = split_at(rest, row.end);
        lines.push(Line::new(words, row.starts, has_reasons));
    }
    lines
}

/// Returns true if every reason can stand beside its row; otherwise all of them stand below.
fn reasons_fit(lines: &[Line]) -> bool {
    let columns = Columns::of(usize::MAX, lines.iter().map(|line| &line.cells));
    let mut with_reasons = lines.iter().filter(|line| !line.reason.is_empty()).flat_map(|line| &line.cells);
    with_reasons.all(|cells| INDENT + width(&columns.line(cells)) <= WIDTH)
}

impl<'w, 't> Line<'w, 't> {
    /// `starts` is where the columns behind the first begin.
    fn new(words: &'w [Word<'t>], [second, third, fourth]: [usize; 3], has_reason: bool) -> Self {
        let (first, rest) = split_at(words, second);
        let (second, rest) = split_at(rest, third);
        let (third, fourth) = split_at(rest, fourth);
        let cells = in_one_line(words).map(|_| [first, second, third, fourth].map(joined));
        Line { words, reason: if has_reason { fourth } else { &[] }, cells }
    }

    fn without_reason(&mut self) {
        if let Some([.., reason]) = &mut self.cells {
            reason.clear();
        }
    }
}
