//! A pair of states that more than one row covers: the first row wins, which a reader may miss.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::Policy;

pub(super) fn check(policy: &Policy, found: &mut Vec<Diagnostic>) {
    let reconcile = policy.reconcile();
    let rows = reconcile.rows();
    for (index, later) in rows.iter().enumerate() {
        let overlaps: Vec<_> = reconcile.cells().iter().filter(|cell| cell.also.contains(&index)).collect();
        let Some(first) = overlaps.first().and_then(|cell| rows.get(cell.row)) else { continue };
        let pairs: Vec<String> = overlaps
            .iter()
            .map(|cell| format!("{} × {}", cell.consent.phrase(), cell.integrations.word()))
            .collect();
        found.push(
            Diagnostic::new(
                Code::CellCoveredTwice,
                format!("an earlier row already covers {}", pairs.join(", ")),
            )
            .at(later.span, "does not decide them")
            .at(first.span, "the first row wins")
            .help("name in each row only the states that it decides"),
        );
    }
}
