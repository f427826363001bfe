//! consentry
mod decide;
pub mod diagnostic;
mod event;
mod in_force;
pub mod lint;
mod model;
pub mod reference;
pub mod report;
mod source;
pub mod syntax;
mod table;
mod verdict;

pub use decide::{Decision, Facts, Scratch};
pub use event::{Consent, Entry, Event, EventError, EventErrorKind, Integrations, Limits, Name, Preference};
pub use in_force::InForce;
pub use model::{
    Category, CategoryId, ConsentState, Destination, DestinationId, Enforce, IntegrationsState, Kind, KindId,
    MAX_CATEGORIES, MAX_DESTINATIONS, MAX_FILES, Mode, Policy, PolicyError, Quantifier, Reading, Reconcile,
    ReconcileRow, Requirement, UnmappedDestinations, UnreadableIntegrations, prelude, prelude_names,
};
pub use source::{Disk, Memory, Source, SourceError};
pub use table::Table;
pub use verdict::{DISCARD_CODE, Outcome, Reason, Verdict};
