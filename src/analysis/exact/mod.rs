//! Exact questions beyond what can be listed: each destination's decision as one function, kept as a decision diagram.
//!
//! `inputs` says what of an event can matter, `function` makes the decision of it, clause by clause like the reference,
//! and `diagram` keeps functions so that equal ones are the same. `fingerprint` is made of them.

mod conditions;
mod cover;
mod decisions;
mod diagram;
mod diff;
mod fingerprint;
mod function;
mod inputs;

pub use conditions::{Condition, Conditions};
pub use decisions::Decisions;
pub use diagram::TooLarge;
pub use diff::{Change, DestinationDiff, Diff, Direction, DropChange, Presence, diff};
pub use fingerprint::{Fingerprint, fingerprint};
