//! A pair of states that more than one row covers: the first row wins, which a reader may miss.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::{Edit, Span, Spanned};
use crate::lint::places::around;
use crate::model::{ConsentState, IntegrationsState};
use crate::spelled::Spelled;
use crate::syntax::tree::{Fact, Row, TokenKind, Tree};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let reconcile = policy.reconcile();
    let rows = reconcile.rows();
    for (index, later) in rows.iter().enumerate() {
        let overlaps: Vec<_> = reconcile.cells.iter().filter(|cell| cell.also.contains(&index)).collect();
        let Some(first) = overlaps.first().and_then(|cell| rows.get(cell.row)) else { continue };
        let mut pairs: Vec<String> =
            overlaps.iter().map(|cell| format!("{} x {}", cell.consent, cell.integrations)).collect();
        // A pair has several cells where inputs matter.
        pairs.dedup();
        let finding = Diagnostic::new(
            Code::OverlappingRows,
            format!("an earlier row already covers {}", pairs.join(", ")),
        )
        .at(later.span, "does not decide them")
        .at(first.span, "the first row wins")
        .help("name in each row only the states that it decides");
        let decided = reconcile.cells.iter().filter(|cell| cell.row == index);
        let decided: Vec<_> = decided.map(|cell| (cell.consent, cell.integrations)).collect();
        let has_columns = reconcile.conditions().any(|when| !when.is_empty());
        let own = row(subject, later.span).filter(|_| !has_columns);
        let narrower = own.and_then(|(tree, row)| narrower(tree, row, &decided));
        let edits = narrower.into_iter().flatten();
        found.push(finding.fix("name only the states that the row decides", edits));
    }
}

/// The row that stands at a place, with its tree.
fn row<'s>(subject: &Subject<'s>, place: Span) -> Option<(&'s Tree, &'s Row)> {
    let (tree, statement) = subject.statement(place)?;
    match &statement.fact {
        Fact::Reconcile(table) => Some((tree, table.rows.iter().find(|row| row.span == place)?)),
        _ => None,
    }
}

/// Names in a row just the states that it decides; `None` where these are no block of the table, or where a comment stands
/// among those that the row has.
fn narrower(tree: &Tree, row: &Row, decided: &[(ConsentState, IntegrationsState)]) -> Option<[Edit; 2]> {
    let (consent, integrations): (Vec<_>, Vec<_>) = decided.iter().copied().unzip();
    let (states, consent) = column(tree, &row.consent, &consent)?;
    let (others, integrations) = column(tree, &row.integrations, &integrations)?;
    (states * others == decided.len()).then_some([consent, integrations])
}

/// Names in a column the states that are decided, and counts them.
fn column<S: Spelled + PartialEq>(
    tree: &Tree,
    written: &[Spanned<S>],
    decided: &[S],
) -> Option<(usize, Edit)> {
    let place = written.first()?.span.to(written.last()?.span);
    let [_, inside, _] = around(tree, place);
    if inside.iter().any(|token| token.kind == TokenKind::Comment) {
        return None;
    }
    let states = S::VALUES.iter().copied().filter(|state| decided.contains(state));
    Some((states.clone().count(), Edit::new(place, S::alternatives(states))))
}
