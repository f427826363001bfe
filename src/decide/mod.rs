//! Policy → [`Table`] → [`Decision`]: the policy in the form that decides fast, and what it decides.
//!
//! [`Table::new`] works out everything that does not depend on the event. [`Table::decide`] resolves the event's names to bits in a
//! [`Scratch`], and folds the decision program of the reconcile table's row over these bits, 64 destinations at a time. A
//! [`Decision`] works out reasons on demand from the same bits. `cache` keeps what texts mean that repeat, and `rewrite` writes an
//! event so that a router obeys.

mod batch;
mod bits;
mod cache;
mod consent_step;
mod decision;
mod engine;
mod gate;
mod input;
mod names;
mod reasons;
mod requirements;
mod resolved;
mod rewrite;
mod router;
mod scratch;
mod table;

#[cfg(test)]
pub(crate) use bits::Bits;
pub use decision::Decision;
pub use input::Input;
pub use resolved::ResolvedEvent;
pub use scratch::Scratch;
pub use table::Table;
