//! Decides who may receive a person's data, given what they agreed to.
//!
//! A company writes a *policy*: which destinations there are, which consent categories each one needs, and what happens in
//! each state of an event. consentry reads the policy, checks that it answers every event, and decides each event with a reason.
//!
//! ```
//! use consentry::{Input, Policy, Table};
//!
//! // Load a policy and compile it, once.
//! let table = Table::new(Policy::parse(r#"
//!     consentry 1
//!     policy "acme web"
//!     include prelude "segment-strict"
//!     category Advertising = "C0004"
//!     destination "Google Ads" needs Advertising
//! "#)?);
//!
//! // Decide events. Each thread has its own scratch.
//! let mut scratch = table.scratch();
//! let line = br#"{"context":{"consent":{"categoryPreferences":{"C0004":false}}}}"#;
//! let decision = table.decide(Input::line(line), &mut scratch)?;
//! let verdict = decision.verdict_of("Google Ads").unwrap();
//! assert_eq!((verdict.delivers(), verdict.reason().as_str()), (false, "refused"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | a caller wants to | with |
//! |---|---|
//! | load a policy | [`Policy::load`], [`Policy::parse`], or any [`source`]; a [`PolicyError`] has every place and fix |
//! | compile it | [`Table::new`] |
//! | decide | [`Table::decide`] with an [`Input`]: a line, an [`Event`], or granted categories |
//! | rewrite events for a router | [`Table::rewrite`] |
//! | decide the events of a request body | [`event::Batch`], [`Table::rewrite_batch`] |
//! | check events against recorded choices | `ledger` (feature `ledger`) |
//! | replace the policy while others decide | [`ActivePolicy`] |
//! | lint, format and test policies | `lint` (feature `lint`), [`mod@format`], [`testing`] |
//! | prove, compare and explain them | [`exact`], [`reference`](mod@reference) |
//! | print what the command prints | [`report`] |
//!
//! The library has no threads, no global state and no output. It reads files only through a [`source::Source`] or a store of the
//! ledger, and it never panics. Only bytes can fail: a policy that exists answers every event. Features add capabilities and never
//! change a decision: `lint`, `ledger`, `ledger-file`, `ledger-redis` and `metrics`; the command is behind `cli`.
//!
//! The meaning of every decision is in `grammar/semantics.md` of the repository, and the design in `docs/design.md`.

#[macro_use]
mod spelled;

mod active_policy;
#[cfg_attr(
    not(feature = "ledger"),
    allow(dead_code, unreachable_pub, reason = "a summary needs a part of what an audit needs")
)]
mod breakdown;
mod counts;
pub mod decide;
pub mod diagnostic;
pub mod event;
pub mod exact;
mod fingerprint;
pub mod format;
#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(feature = "lint")]
pub mod lint;
pub mod model;
mod reason;
pub mod reference;
pub mod report;
pub mod source;
pub mod syntax;
pub mod testing;
mod verdict;
pub mod visit;

// Load a policy.
pub use model::{Policy, PolicyError};
// Compile it.
pub use decide::Table;
// Decide and rewrite.
pub use decide::{Decision, Input, Scratch};
pub use event::{Event, EventError, Limits, Validation};
pub use model::{CategoryId, DestinationId};
pub use reason::{Outcome, Reason};
pub use verdict::Verdict;
// Hot reload.
pub use active_policy::ActivePolicy;
