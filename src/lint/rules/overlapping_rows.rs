//! A pair of states that more than one row covers: the first row wins, which a reader may miss.

use crate::diagnostic::{Code, Diagnostic, Edit, Span};
use crate::lint::subject::Subject;
use crate::model::{ConsentState, IntegrationsState};
use crate::syntax::tree::{Fact, Row, TokenKind, Tree};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let reconcile = policy.reconcile();
    let rows = reconcile.rows();
    for (index, later) in rows.iter().enumerate() {
        let overlaps: Vec<_> = reconcile.cells().iter().filter(|cell| cell.also.contains(&index)).collect();
        let Some(first) = overlaps.first().and_then(|cell| rows.get(cell.row)) else { continue };
        let pairs: Vec<String> = overlaps
            .iter()
            .map(|cell| format!("{} x {}", cell.consent.word(), cell.integrations.word()))
            .collect();
        let finding = Diagnostic::new(
            Code::OverlappingRows,
            format!("an earlier row already covers {}", pairs.join(", ")),
        )
        .at(later.span, "does not decide them")
        .at(first.span, "the first row wins")
        .help("name in each row only the states that it decides");
        let decided = reconcile.cells().iter().filter(|cell| cell.row == index);
        let decided: Vec<_> = decided.map(|cell| (cell.consent, cell.integrations)).collect();
        let narrower = row(subject, later.span).and_then(|(tree, row)| narrower(tree, row, &decided));
        let edits = narrower.into_iter().flatten();
        found.push(finding.fix("name only the states that the row decides", edits));
    }
}

/// The row that stands at a place, with its tree.
fn row<'s>(subject: &Subject<'s>, place: Span) -> Option<(&'s Tree, &'s Row)> {
    let (tree, statement) = subject.statement(place)?;
    match &statement.fact {
        Fact::Reconcile(rows) => Some((tree, rows.iter().find(|row| row.span == place)?)),
        _ => None,
    }
}

/// Names in a row just the states that it decides; `None` where these are no block of the table, or where a comment stands
/// among those that the row has.
fn narrower(tree: &Tree, row: &Row, decided: &[(ConsentState, IntegrationsState)]) -> Option<[Edit; 2]> {
    let has_comment = |first: Span, last: Span| {
        let mut comments = tree.tokens.iter().filter(|token| token.kind == TokenKind::Comment);
        comments.any(|token| first.start <= token.span.start && token.span.start < last.end)
    };
    let consent: Vec<ConsentState> =
        ConsentState::ALL.into_iter().filter(|state| decided.iter().any(|(one, _)| one == state)).collect();
    let integrations: Vec<IntegrationsState> = IntegrationsState::ALL
        .into_iter()
        .filter(|state| decided.iter().any(|(_, one)| one == state))
        .collect();
    if consent.len() * integrations.len() != decided.len() {
        return None;
    }
    let phrases =
        |count, all, phrases: Vec<&str>| if count == all { "any".to_owned() } else { phrases.join(" | ") };
    let consent_text =
        phrases(consent.len(), ConsentState::ALL.len(), consent.iter().map(|one| one.word()).collect());
    let integrations_text = phrases(
        integrations.len(),
        IntegrationsState::ALL.len(),
        integrations.iter().map(|one| one.word()).collect(),
    );
    let edit = |first: Span, last: Span, text| {
        (!has_comment(first, last)).then_some(Edit { span: first.to(last), text })
    };
    let consent = edit(row.consent.first()?.span, row.consent.last()?.span, consent_text)?;
    let integrations =
        edit(row.integrations.first()?.span, row.integrations.last()?.span, integrations_text)?;
    Some([consent, integrations])
}
