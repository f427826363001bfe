#![doc = include_str!("../README.md")]
//!
//! # Invariants
//!
//! - **A policy that exists is total.** [`Policy`] is made in one place, which covers all 15 cells of the reconcile table and
//!   resolves every name; [`Table::new`] and [`Table::decide`] cannot fail.
//! - **Only bytes can fail.** [`Event::read`] refuses what is not one JSON object by RFC 8259 in UTF-8 within the limits; it
//!   never guesses.
//! - **Only `granted` satisfies a requirement.** Refused, unasked and invalid preferences differ in reports alone.
//! - **What is remembered between events is believed only where every byte is the same**, and never for another policy: a
//!   scratch changes how long deciding takes, and nothing else.
//! - **The fast reader answers only when it is certain.** Everything else is for [`Event::read`], which is the definition.
//! - **Nothing depends on the order of statements or keys**, except the order of output.
//!
//! # What is deliberately absent
//!
//! Loops, arithmetic, matching of strings, clocks and I/O in the language, so that questions about a policy have exact answers;
//! defaults for settings, so that nothing is decided out of sight; matching of names by similarity; `unsafe` but in the module of
//! SIMD instructions; threads, global state, printing, panics and reading of files in the library's core.

#[macro_use]
mod spelled;

mod active_policy;
mod decide;
pub mod diagnostic;
mod event;
pub mod exact;
mod fingerprint;
mod format;
#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(feature = "lint")]
pub mod lint;
mod model;
mod reason;
pub mod reference;
pub mod report;
mod source;
pub mod syntax;
pub mod testing;
mod verdict;
pub mod visit;

pub use active_policy::ActivePolicy;
pub use decide::{Decision, Input, ResolvedEvent, Scratch, Table};
pub use event::{
    Consent, Entry, Event, EventError, EventErrorKind, InstructionSet, Integrations, Limits, Name,
    Preference, Validation, lines,
};
pub use fingerprint::{Fingerprint, TooLargeError};
pub use format::{FormatError, format};
pub use model::{
    AlsoRecords, Banner, Category, CategoryId, CheckAction, Conflict, ConsentModel, ConsentState,
    Destination, DestinationId, DestinationSet, Enforce, EntryState, Expected, GateOpens, ImpliedConsent,
    Include, IntegrationsState, InvalidEntries, Kind, KindId, LedgerCheck, Level, LintLevel, LoadTrigger,
    MAX_CATEGORIES, MAX_DESTINATIONS, MAX_FILES, Mode, Policy, PolicyError, Promise, PromiseCondition,
    Quantifier, Reading, Reconcile, ReconcileRow, Requirement, StatedEntry, StatedPreference, Test, TestCase,
    TestConsent, TestEvent, TestIntegrations, UnmappedDestinations, WithoutConsent, prelude, prelude_names,
};
pub use reason::{DISCARD_CODE, Outcome, Reason};
pub use source::{Disk, Memory, Source, SourceError};
pub use verdict::Verdict;
