//! Each destination's decision as one function of everything that can matter to it: exact also where there are too many
//! situations to list.
//!
//! `inputs` says what of an event can matter, `function` makes the decision of it, clause by clause like the reference,
//! and `diagram` keeps functions so that equal ones are the same. `cover` finds the fewest rows that say where something holds, and
//! `conditions` says them in words. Where requirements are alike, `formula` and `needs` let one variable stand for all categories. `minimal` finds the smallest changes that make something hold. `fingerprint` is made of the functions of all destinations, of the `gate` and of the `check` against a ledger.

mod check;
mod conditions;
pub(crate) mod cover;
pub(crate) mod diagram;
mod fingerprint;
pub(crate) mod formula;
pub(crate) mod function;
mod gate;
pub(crate) mod inputs;
pub(crate) mod minimal;
pub(crate) mod needs;

pub use check::{Check, check};
pub use conditions::{Asked, Condition, Conditions};
pub use diagram::TooLarge;
pub use fingerprint::{Fingerprint, fingerprint};
pub use gate::{Gate, Open, Opens, gate};
