//! The reconcile table: its rows stay whole, under the words of its header.

use super::columns::{Cells, Columns, width};
use super::page::Page;
use super::statement::flow;
use super::words::{Word, in_one_line, joined, split_at};
use super::{INDENT, WIDTH};
use crate::syntax::tree::Row;

/// How many words the header has.
const HEADER: usize = 3;

/// A line of the table, the header or a row.
struct Line<'w, 't> {
    words: &'w [Word<'t>],
    /// The words of the reason, which are among them.
    reason: &'w [Word<'t>],
    /// The columns, unless a comment stands between the words.
    cells: Option<Cells>,
}

/// What stands in front of the words is on the page already.
pub(super) fn lay_out<'t>(rows: &[Row], words: &[Word<'t>], page: &mut Page<'t>) {
    let open = words.iter().position(|word| word.text == "{").map_or(words.len(), |at| at + 1);
    let (lead, rest) = words.split_at(open);
    let (inside, close) = rest.split_at(rest.len().saturating_sub(1));
    let mut lines = lines(rows, inside);
    let reasons_below = !reasons_fit(&lines);
    if reasons_below {
        lines.iter_mut().for_each(Line::without_reason);
    }
    let columns = Columns::of(usize::MAX, lines.iter().filter_map(|line| line.cells.as_ref()));

    page.end_block();
    flow(0, lead, page);
    page.end_block();
    for (number, line) in lines.iter().enumerate() {
        match number {
            // Blank lines may part the rows, and no more.
            0 => page.comments(INDENT, line.words),
            _ => page.space(INDENT, line.words),
        }
        match &line.cells {
            None => flow(INDENT, line.words, page),
            Some(cells) if reasons_below && !line.reason.is_empty() => {
                page.push(INDENT, &columns.line(cells), &[]);
                page.line(2 * INDENT, line.reason);
            }
            Some(cells) => page.push(INDENT, &columns.line(cells), line.words),
        }
    }
    page.comments_apart(INDENT, close.first().map_or(&[], |close| &close.before));
    page.end_block();
    page.line(0, close);
    page.end_block();
}

/// The header and the rows.
fn lines<'w, 't>(rows: &[Row], words: &'w [Word<'t>]) -> Vec<Line<'w, 't>> {
    let (header, mut rest) = words.split_at(HEADER.min(words.len()));
    let [integrations, enforce] =
        [1, 2].map(|number| header.get(number).map_or(usize::MAX, |word| word.start));
    let mut lines = vec![Line::new(header, [integrations, enforce, usize::MAX])];
    for row in rows {
        let words;
        (words, rest) = split_at(rest, row.span.end as usize);
        let integrations = row.integrations.first().map_or(row.enforce.span, |state| state.span);
        let starts = [integrations.start, row.enforce.span.start, row.enforce.span.end];
        lines.push(Line::new(words, starts.map(|start| start as usize)));
    }
    lines
}

/// Whether every reason can stand beside its row; otherwise all of them stand below.
fn reasons_fit(lines: &[Line]) -> bool {
    let columns = Columns::of(usize::MAX, lines.iter().filter_map(|line| line.cells.as_ref()));
    let with_reasons =
        lines.iter().filter(|line| !line.reason.is_empty()).filter_map(|line| line.cells.as_ref());
    with_reasons.into_iter().all(|cells| INDENT + width(&columns.line(cells)) <= WIDTH)
}

impl<'w, 't> Line<'w, 't> {
    /// `starts` is where the columns behind the first begin.
    fn new(words: &'w [Word<'t>], [integrations, enforce, reason]: [usize; 3]) -> Self {
        let (consent, rest) = split_at(words, integrations);
        let (integrations, rest) = split_at(rest, enforce);
        let (enforce, reason) = split_at(rest, reason);
        let cells = in_one_line(words).map(|_| [consent, integrations, enforce, reason].map(joined));
        Line { words, reason, cells }
    }

    fn without_reason(&mut self) {
        if let Some([.., reason]) = &mut self.cells {
            reason.clear();
        }
    }
}
