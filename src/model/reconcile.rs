//! The reconcile table: what is enforced for each of the 15 pairs of states (section 2 of the semantics).

use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::spelled::Spelled;
use crate::syntax::tree::{ConsentState, Enforce, IntegrationsState, Row};
use std::fmt;

/// The reconcile table. Every cell is covered.
#[derive(Debug, Clone)]
pub struct Reconcile {
    rows: Vec<Row>,
    pub(crate) cells: Vec<Cell>,
    fallback: Row,
}

/// A pair of states, the row that decides it, and the later rows that would have covered it too.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) consent: ConsentState,
    pub(crate) integrations: IntegrationsState,
    pub(crate) row: usize,
    pub(crate) also: Vec<usize>,
}

impl Cell {
    fn is_of(&self, consent: ConsentState, integrations: IntegrationsState) -> bool {
        self.consent == consent && self.integrations == integrations
    }
}

impl Row {
    /// Why the row drops events, if it does.
    pub fn drop_reason(&self) -> Option<&str> {
        self.enforce.value.drop_reason()
    }
}

/// On one line: `consent answered, integrations any → consent then integrations`.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "consent {}, integrations {} \u{2192} {}",
            Spelled::alternatives(self.consent.iter().map(|state| state.value)),
            Spelled::alternatives(self.integrations.iter().map(|state| state.value)),
            self.enforce.value
        )?;
        match &self.because {
            Some(because) => write!(f, " because {}", crate::syntax::quoted(&because.value)),
            None => Ok(()),
        }
    }
}

impl Reconcile {
    /// The row that decides a pair of states.
    pub fn row(&self, consent: ConsentState, integrations: IntegrationsState) -> &Row {
        let cell = self.cells.iter().find(|cell| cell.is_of(consent, integrations));
        // `check` covers every cell, so that the fallback is never taken; it drops, as the table's other failures do.
        cell.and_then(|cell| self.rows.get(cell.row)).unwrap_or(&self.fallback)
    }

    /// The rows, in the order of the policy.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// Checks a table: every cell covered, every row of use, no state named twice in a row.
pub(super) fn check(rows: &[Row], span: Span, diagnostics: &mut Vec<Diagnostic>) -> Reconcile {
    let mut cells: Vec<Cell> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let consent_states = named(&row.consent, diagnostics);
        let integrations_states = named(&row.integrations, diagnostics);
        let mut decides = 0;
        for consent in consent_states {
            for integrations in integrations_states.iter().copied() {
                match cells.iter_mut().find(|cell| cell.is_of(consent, integrations)) {
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
            if !cells.iter().any(|cell| cell.is_of(consent, integrations)) {
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
    let fallback = Row {
        consent: ConsentState::ALL.map(|state| Spanned::new(state, span)).to_vec(),
        integrations: IntegrationsState::ALL.map(|state| Spanned::new(state, span)).to_vec(),
        inputs: Vec::new(),
        enforce: Spanned::new(Enforce::Drop("the table says nothing".into()), span),
        because: None,
        span,
    };
    Reconcile { rows: rows.to_vec(), cells, fallback }
}

/// The states that a row names, each once; those named twice are reported, once each. The states of `any` share one
/// place, and are different.
fn named<T: Spelled + PartialEq>(states: &[Spanned<T>], diagnostics: &mut Vec<Diagnostic>) -> Vec<T> {
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
                    format!("the row names `{}` twice", state.value.spelling()),
                )
                .at(state.span, "again here")
                .at(first.span, "first here")
                .help("delete one of the two"),
            );
        }
    }
    named
}
