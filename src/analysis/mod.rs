//! Exact questions about a policy, over the finite space of what can matter to a destination.

mod certify;
mod decisions;
mod diff;
mod flips;
mod prove;
mod space;
mod table;
pub(crate) mod traits;

pub use crate::exact::{
    Asked, Check, Condition, Conditions, Fingerprint, Gate, Open, Opens, TooLarge, check, fingerprint, gate,
};
pub use certify::{Certificate, Coverage, Difference, certify};
pub use decisions::Decisions;
pub use diff::{Change, DestinationDiff, Diff, Direction, DropChange, Presence, diff};
pub use flips::{Change as FlipChange, Flip, Flips, MAX_EXACT_INPUTS, MAX_FLIPS, flips};
pub use prove::{Counterexample, Proof, prove};
pub use space::{Situation, Space};
pub use table::{Block, DecisionTable, Need, Row, decision_tables};
