//! Exact questions about a policy: what a destination's decision is in every event that there can be.
//!
//! `inputs` is the one representation of the space: the variables of a destination's decision and the values of each. `function`
//! makes the decision of it, clause by clause like the reference. `diagram` keeps such functions as multi-valued decision diagrams,
//! so that equal functions are the same. `cover` finds the fewest rows that describe a condition: as Quine and McCluskey do, it
//! chooses among prime implicants with `set_cover`. `conditions` puts rows into words. `formula` and `requirement_vars` let one
//! variable represent a whole requirement. `category_names` names categories. `overlap` is about
//! categories of two policies that share wire ids. `minimal` finds the smallest changes that make a condition hold.
//! `one_receives` finds an event that one of several destinations receives and another one does not.
//!
//! Each question has a file: `diff` (with `destination_pair` and `gate_change`), `prove`, `decision_table`, `counterfactuals`, `fingerprint` (with
//! `gate` and `check`) and `certify` (with `space`, which lists situations one by one).

mod cases;
mod category_names;
mod certify;
mod check;
mod check_diff;
mod checked;
mod conditions;
mod counterfactuals;
mod cover;
mod decision_table;
mod destination_pair;
mod diagram;
mod diff;
pub(crate) mod equivalence;
mod fingerprint;
mod formula;
mod function;
mod gate;
mod gate_change;
mod grouping;
mod inputs;
mod minimal;
#[cfg(feature = "lint")]
mod one_receives;
mod overlap;
mod prove;
mod requirement_vars;
mod set_cover;
mod space;

pub use crate::fingerprint::{Fingerprint, TooLargeError};
#[cfg(feature = "lint")]
pub(crate) use cases::Cases;
pub use cases::{InputCases, InputIs};
pub(crate) use category_names::CategoryNames;
pub use certify::{Certificate, Coverage, Disagreement, certify, default_situations};
pub use check::{Check, check};
pub use check_diff::{CheckChange, CheckedDestination, CheckedWitness};
pub use conditions::{Condition, Conditions, RequiredBy};
pub use counterfactuals::{
    Counterfactual, Counterfactuals, InputChange, MAX_COUNTERFACTUALS, MAX_EXACT_INPUTS, counterfactuals,
};
pub(crate) use decision_table::Witnesses;
pub use decision_table::{DecisionTable, TableBlock, TableRow, decision_tables};
pub use destination_pair::{Decided, Direction, Presence};
pub use diff::{Change, DestinationDiff, Diff, DropChange, Witness, diff};
pub use fingerprint::fingerprint;
pub use function::DecisionFunction;
pub use gate::{Gate, Open, Opens, gate};
pub use gate_change::{GateChange, Passing};
#[cfg(feature = "lint")]
pub(crate) use one_receives::{OneReceives, one_receives};
pub use prove::{Counterexample, Proof, prove, prove_all};
pub use space::{Situation, Space};
