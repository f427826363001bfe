//! The reconcile table: what is enforced for each of the 15 pairs of states (section 2 of the semantics).

use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::syntax::tree::{ConsentState, Enforce, IntegrationsState, Row};
use std::fmt;

/// The reconcile table. Every cell is covered.
#[derive(Debug, Clone)]
pub struct Reconcile {
    rows: Vec<ReconcileRow>,
    cells: Vec<Cell>,
    fallback: ReconcileRow,
}

/// A row of the table. On one line it reads `consent answered, integrations any → consent then integrations`.
#[derive(Debug, Clone)]
pub struct ReconcileRow {
    /// The consent states that it covers, as written.
    pub consent: Vec<ConsentState>,
    /// The integrations states that it covers, as written.
    pub integrations: Vec<IntegrationsState>,
    /// What is enforced.
    pub enforce: Enforce,
    /// Where the policy says what is enforced.
    pub enforce_span: Span,
    /// Why, where the policy says it.
    pub because: Option<Spanned<String>>,
    /// Where the row stands.
    pub span: Span,
}

/// A pair of states, the row that decides it, and the later rows that would have covered it too.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) consent: ConsentState,
    pub(crate) integrations: IntegrationsState,
    pub(crate) row: usize,
    pub(crate) also: Vec<usize>,
}

impl ReconcileRow {
    /// Why the row drops events, if it does.
    pub fn drop_reason(&self) -> Option<&str> {
        self.enforce.drop_reason()
    }
}

impl fmt::Display for ReconcileRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = |words: Vec<&str>, all: usize| match words.len() == all {
            true => "any".to_owned(),
            false => words.join(" | "),
        };
        let consent = self.consent.iter().map(|state| state.as_str()).collect();
        let integrations = self.integrations.iter().map(|state| state.as_str()).collect();
        write!(
            f,
            "consent {}, integrations {} \u{2192} {}",
            states(consent, ConsentState::ALL.len()),
            states(integrations, IntegrationsState::ALL.len()),
            self.enforce
        )?;
        match &self.because {
            Some(because) => write!(f, " because {}", crate::syntax::quoted(&because.value)),
            None => Ok(()),
        }
    }
}

impl Reconcile {
    /// The row that decides a pair of states.
    pub fn row(&self, consent: ConsentState, integrations: IntegrationsState) -> &ReconcileRow {
        let cell =
            self.cells.iter().find(|cell| cell.consent == consent && cell.integrations == integrations);
        // `check` covers every cell, so that the fallback is never taken; it drops, as the table's other failures do.
        cell.and_then(|cell| self.rows.get(cell.row)).unwrap_or(&self.fallback)
    }

    /// The rows, in the order of the policy.
    pub fn rows(&self) -> &[ReconcileRow] {
        &self.rows
    }

    #[cfg(feature = "lint")]
    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }
}

/// Checks a table: every cell covered, every row of use, no state named twice in a row.
pub(super) fn check(rows: &[Row], span: Span, diagnostics: &mut Vec<Diagnostic>) -> Reconcile {
    let mut cells: Vec<Cell> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let consent_states = named(&row.consent, |state| state.as_str(), diagnostics);
        let integrations_states = named(&row.integrations, |state| state.as_str(), diagnostics);
        let mut decides = 0;
        for consent in consent_states {
            for integrations in integrations_states.iter().copied() {
                match cells
                    .iter_mut()
                    .find(|cell| cell.consent == consent && cell.integrations == integrations)
                {
                    Some(cell) => cell.also.push(index),
                    None => {
                        decides += 1;
                        cells.push(Cell { consent, integrations, row: index, also: Vec::new() });
                    }
                }
            }
        }
        if decides == 0 {
            diagnostics.push(
                Diagnostic::new(
                    Code::UnreachableRow,
                    "the row never applies: earlier rows cover all of its states",
                )
                .at(row.span, "never reached")
                .help("the first row that covers a pair of states wins: delete this row, or move it up"),
            );
        }
    }
    let mut open = Vec::new();
    for consent in ConsentState::ALL {
        for integrations in IntegrationsState::ALL {
            if !cells.iter().any(|cell| cell.consent == consent && cell.integrations == integrations) {
                open.push(format!("{} x {}", consent.as_str(), integrations.as_str()));
            }
        }
    }
    if !open.is_empty() {
        let message = match open.as_slice() {
            [one] => format!("the table says nothing for {one}"),
            several => format!("the table says nothing for {} pairs of states", several.len()),
        };
        diagnostics.push(
            Diagnostic::new(Code::UncoveredCells, message)
                .at(span, "a policy answers every event")
                .help(format!("add rows that cover, as consent x integrations: {}", open.join(", "))),
        );
    }
    let rows = rows
        .iter()
        .map(|row| ReconcileRow {
            consent: row.consent.iter().map(|state| state.value).collect(),
            integrations: row.integrations.iter().map(|state| state.value).collect(),
            enforce: row.enforce.value.clone(),
            enforce_span: row.enforce.span,
            because: row.because.clone(),
            span: row.span,
        })
        .collect();
    let fallback = ReconcileRow {
        consent: ConsentState::ALL.to_vec(),
        integrations: IntegrationsState::ALL.to_vec(),
        enforce: Enforce::Drop("the table says nothing".into()),
        enforce_span: span,
        because: None,
        span,
    };
    Reconcile { rows, cells, fallback }
}

/// The states that a row names, each once; those named twice are reported, once each. The states of `any` share one
/// place, and are different.
fn named<T: Copy + PartialEq>(
    states: &[Spanned<T>],
    name: impl Fn(&T) -> &'static str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<T> {
    let mut named: Vec<T> = Vec::new();
    let mut twice: Vec<T> = Vec::new();
    for state in states {
        if !named.contains(&state.value) {
            named.push(state.value);
        } else if !twice.contains(&state.value) {
            twice.push(state.value);
            let first = states.iter().find(|first| first.value == state.value).unwrap_or(state);
            diagnostics.push(
                Diagnostic::new(
                    Code::DuplicateState,
                    format!("the row names `{}` twice", name(&state.value)),
                )
                .at(state.span, "again here")
                .at(first.span, "first here")
                .help("delete one of the two"),
            );
        }
    }
    named
}
