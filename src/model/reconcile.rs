//! The reconcile table: what is enforced for each of the 15 pairs of states, and for the inputs that it has columns for (section 2 of the
//! semantics).

use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::inputs::{ABSENT, Holds, StateNumber, StateSet, When};
use crate::spelled::Spelled;
use crate::syntax::tree::{ConsentState, Enforce, IntegrationsState, Row};
use std::fmt;

/// The reconcile table. Every cell is covered.
#[derive(Debug, Clone)]
pub struct Reconcile {
    rows: Vec<Row>,
    /// The condition of each row on inputs.
    conditions: Vec<When>,
    pub(crate) cells: Vec<Cell>,
    fallback: Row,
}

/// A pair of states with some states of the inputs, the row that decides it, and the later rows that would have covered it too.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) consent: ConsentState,
    pub(crate) integrations: IntegrationsState,
    inputs: Vec<StateSet>,
    pub(crate) row: usize,
    #[cfg_attr(not(feature = "lint"), expect(dead_code, reason = "lint alone asks for it"))]
    pub(crate) also: Vec<usize>,
}

impl Cell {
    fn is_of(&self, consent: ConsentState, integrations: IntegrationsState) -> bool {
        self.consent == consent && self.integrations == integrations
    }

    fn has(&self, states: &[StateNumber]) -> bool {
        let state = |input: usize| states.get(input).copied().unwrap_or(ABSENT);
        self.inputs.iter().enumerate().all(|(input, set)| set >> state(input) & 1 == 1)
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
    /// The row that decides a pair of states, where the event has none of the inputs.
    pub fn row(&self, consent: ConsentState, integrations: IntegrationsState) -> &Row {
        self.row_at(consent, integrations, &[])
    }

    /// The row that decides a pair of states with these states of the inputs.
    pub(crate) fn row_at(
        &self,
        consent: ConsentState,
        integrations: IntegrationsState,
        inputs: &[StateNumber],
    ) -> &Row {
        let cell = self.cells.iter().find(|cell| cell.is_of(consent, integrations) && cell.has(inputs));
        // `check` covers every cell, so that the fallback is never taken; it drops, as the table's other failures do.
        cell.and_then(|cell| self.rows.get(cell.row)).unwrap_or(&self.fallback)
    }

    /// The rows, in the order of the policy.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the conditions of the rows on inputs.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &When> {
        self.conditions.iter()
    }

    /// Returns the table for these states of the inputs, without conditions. An input that an event of a consent state cannot have is absent.
    pub(super) fn given(
        &self,
        states: &[StateNumber],
        possible: &dyn Fn(ConsentState) -> Vec<StateSet>,
    ) -> Reconcile {
        let own = self.cells.iter().filter(|cell| {
            let possible = possible(cell.consent);
            let is_possible = |input: usize, state: StateNumber| {
                possible.get(input).is_none_or(|set| set >> state & 1 == 1)
            };
            let states = states.iter().enumerate();
            let states: Vec<StateNumber> = states
                .map(|(input, state)| if is_possible(input, *state) { *state } else { ABSENT })
                .collect();
            cell.has(&states)
        });
        let cells = own.map(|cell| Cell { inputs: Vec::new(), ..cell.clone() }).collect();
        let conditions = vec![When::default(); self.rows.len()];
        Reconcile { rows: self.rows.clone(), conditions, cells, fallback: self.fallback.clone() }
    }
}

/// The most cells of a table. Only columns of many inputs make more.
const MAX_CELLS: usize = 100_000;

/// Checks a table: every cell covered, every row of use, no state named twice in a row. `possible` returns the states that each input can have
/// on an event of a consent state.
pub(super) fn check(
    rows: Vec<(Row, When)>,
    span: Span,
    possible: &dyn Fn(ConsentState) -> Vec<StateSet>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Reconcile {
    let (rows, conditions): (Vec<Row>, Vec<When>) = rows.into_iter().unzip();
    let states: Vec<(Vec<ConsentState>, Vec<IntegrationsState>)> = rows
        .iter()
        .map(|row| (named(&row.consent, diagnostics), named(&row.integrations, diagnostics)))
        .collect();
    let (mut cells, mut open): (Vec<Cell>, Vec<String>) = (Vec::new(), Vec::new());
    for consent in ConsentState::ALL {
        for integrations in IntegrationsState::ALL {
            let own = states
                .iter()
                .zip(&conditions)
                .enumerate()
                .filter(|(_, ((one, other), _))| one.contains(&consent) && other.contains(&integrations));
            let own: Vec<(usize, &When)> = own.map(|(row, (_, when))| (row, when)).collect();
            let cell = |inputs, row, also| Cell { consent, integrations, inputs, row, also };
            if !split(&own, possible(consent), &mut cells, &cell) {
                open.push(format!("{} x {}", consent.as_str(), integrations.as_str()));
            }
        }
    }
    for (index, row) in rows.iter().enumerate() {
        if !cells.iter().any(|cell| cell.row == index) {
            let message = match conditions.get(index).is_none_or(When::is_empty) {
                true => "the row never applies: earlier rows cover all of its states",
                false => {
                    "the row never applies: earlier rows cover its states, or no event has them together"
                }
            };
            diagnostics.push(
                Diagnostic::new(Code::UnreachableRow, message)
                    .at(row.span, "never reached")
                    .help("the first row that covers a pair of states wins: delete this row, or move it up"),
            );
        }
    }
    if cells.len() > MAX_CELLS {
        diagnostics.push(
            Diagnostic::new(Code::TooManyDeclarations, "the rows tell too many combinations of inputs apart")
                .at(span, format!("more than {MAX_CELLS}"))
                .help("name fewer inputs in the header, or fewer states in the rows"),
        );
    } else if !open.is_empty() {
        let message = match open.as_slice() {
            [one] => format!("the table says nothing for {one}"),
            several => format!("the table says nothing for {} pairs of states", several.len()),
        };
        let inputs =
            if conditions.iter().all(When::is_empty) { "" } else { ", where the inputs have other states" };
        diagnostics.push(
            Diagnostic::new(Code::UncoveredCells, message)
                .at(span, "a policy answers every event")
                .help(format!("add rows that cover, as consent x integrations: {}{inputs}", open.join(", "))),
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
    Reconcile { rows, conditions, cells, fallback }
}

/// Adds the cells of the rows that are about a pair of states, over some states of the inputs. Returns false if a state is not covered.
fn split(
    rows: &[(usize, &When)],
    cube: Vec<StateSet>,
    cells: &mut Vec<Cell>,
    cell: &impl Fn(Vec<StateSet>, usize, Vec<usize>) -> Cell,
) -> bool {
    if cells.len() > MAX_CELLS {
        return true;
    }
    let mut possible = rows.iter().filter(|(_, when)| when.over(&cube) != Holds::Never);
    let Some((row, when)) = possible.next() else { return false };
    match when.over(&cube) {
        Holds::Depends(input, set) => {
            let with = |set: StateSet| {
                let mut cube = cube.clone();
                cube.get_mut(input).into_iter().for_each(|own| *own &= set);
                cube
            };
            let (inside, outside) = (with(set), with(!set));
            split(rows, inside, cells, cell) & split(rows, outside, cells, cell)
        }
        Holds::Always | Holds::Never => {
            let also = possible.map(|(row, _)| *row).collect();
            cells.push(cell(cube, *row, also));
            true
        }
    }
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
