//! Tables in braces: their rows stay whole, under the words of their header.

use super::columns::{Cells, Columns, WIDTH, width};
use super::list::flow;
use super::page::{INDENT, Page};
use super::trivia::{Word, in_one_line, joined, split_at};
use crate::syntax::tree::{Case, ConsentAt, ReconcileTable};

/// Where the columns of a row begin behind the first, and where the row ends.
struct Places {
    starts: Vec<usize>,
    end: usize,
}

/// A reconcile table. Behind the columns of the header stand reasons.
pub(super) fn lay_out_rows<'t>(table: &ReconcileTable, words: &[Word<'t>], page: &mut Page<'t>) {
    let places = table.rows.iter().map(|row| {
        let integrations = row.integrations.first().map(|state| state.span.start);
        let inputs = row.inputs.iter().map(|input| input.span.start);
        let enforce = row.enforce.span;
        let starts = integrations.into_iter().chain(inputs).chain([enforce.start, enforce.end]);
        Places { starts: starts.collect(), end: row.span.end }
    });
    lay_out(places.collect(), true, words, page);
}

/// The places of consent: the name, the path, and the rest.
pub(super) fn lay_out_places<'t>(places: &[ConsentAt], words: &[Word<'t>], page: &mut Page<'t>) {
    let mut rest = words;
    let mut lines = Vec::new();
    for (place, next) in places.iter().zip(places.iter().skip(1).map(Some).chain([None])) {
        let end = next.and_then(|next| next.name.as_ref()).map_or(usize::MAX, |name| name.span.start);
        let words;
        (words, rest) = split_at(rest, end);
        let name = place.name.as_ref().map(|name| name.span.end);
        let path = place.path.last().map(|key| key.span.end);
        let aliases = place.aliases.last().map(|key| key.span.end);
        let starts: Vec<usize> = [name, aliases.or(path)].into_iter().flatten().collect();
        lines.push(Line::new(words, &starts, false));
    }
    let columns = Columns::of(usize::MAX, lines.iter().map(|line| &line.cells));
    for line in &lines {
        page.space(INDENT, line.words);
        match &line.cells {
            None => flow(INDENT, line.words, page),
            Some(cells) => page.push(INDENT, &columns.line(cells), line.words),
        }
    }
}

/// The cases of a test.
pub(super) fn lay_out_cases<'t>(cases: &[Case], words: &[Word<'t>], page: &mut Page<'t>) {
    let places = cases.iter().map(|case| {
        let integrations = case.integrations.as_ref().map(|said| said.span.start);
        let inputs = case.inputs.iter().map(|input| input.span.start);
        let recorded = case.recorded.as_ref().map(|said| said.span.start);
        let expectation = case.expectations.first().map(|said| said.span.start);
        let starts = integrations.into_iter().chain(inputs).chain(recorded).chain(expectation);
        Places { starts: starts.collect(), end: case.span.end }
    });
    lay_out(places.collect(), false, words, page);
}

/// A line of the table, the header or a row.
struct Line<'w, 't> {
    words: &'w [Word<'t>],
    /// The words of the reason, which are among them.
    reason: &'w [Word<'t>],
    /// The columns, unless a comment stands between the words.
    cells: Option<Cells>,
}

/// The words of the header, and of the rows.
fn lay_out<'t>(rows: Vec<Places>, has_reasons: bool, words: &[Word<'t>], page: &mut Page<'t>) {
    let mut lines = lines(rows, has_reasons, words);
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

fn lines<'w, 't>(rows: Vec<Places>, has_reasons: bool, words: &'w [Word<'t>]) -> Vec<Line<'w, 't>> {
    // Each column has one word in the header, and the last one ends it.
    let is_last = |word: &Word| matches!(word.text, "enforce" | "expect");
    let header = words.iter().position(is_last).map_or(words.len(), |last| last + 1);
    let (first, mut rest) = words.split_at(header);
    let starts: Vec<usize> = first.iter().skip(1).map(|word| word.start).collect();
    let mut lines = vec![Line::new(first, &starts, false)];
    for row in rows {
        let words;
        (words, rest) = split_at(rest, row.end);
        lines.push(Line::new(words, &row.starts, has_reasons));
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
    fn new(words: &'w [Word<'t>], starts: &[usize], has_reason: bool) -> Self {
        let (mut columns, mut rest) = (Vec::new(), words);
        for start in starts {
            let column;
            (column, rest) = split_at(rest, *start);
            columns.push(column);
        }
        columns.push(rest);
        let cells = in_one_line(words).map(|_| columns.into_iter().map(joined).collect());
        Line { words, reason: if has_reason { rest } else { &[] }, cells }
    }

    fn without_reason(&mut self) {
        if let Some(cells) = self.cells.as_mut().filter(|_| !self.reason.is_empty()) {
            cells.pop();
        }
    }
}
