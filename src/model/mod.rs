//! Trees → [`Policy`]: includes followed, overrides applied, names resolved, totality checked.
//!
//! A [`Policy`] that exists is total: it answers every event. `load` reads the files, `merge` finds the fact that is in
//! force for each thing that the files speak of, `check` and `destinations` resolve and verify, `reconcile` fills the table's cells.

mod checker;
mod claims;
pub(crate) mod consent_keys;
mod declared;
mod error;
mod ids;
mod include_graph;
mod inputs;
mod ledger;
mod load;
mod merge;
mod names;
mod policy;
mod prelude;
mod program;
mod promise;
mod read;
mod reading;
mod reconcile;
mod requirement;
mod role;
mod test;

pub use crate::syntax::tree::Row as ReconcileRow;
pub use error::PolicyError;
pub use ids::{CategoryId, DestinationId, KindId};
#[cfg(feature = "lint")]
pub(crate) use include_graph::{FileSet, IncludeGraph};
pub use inputs::EventInput;
pub(crate) use inputs::{ABSENT, ArmNeeds, Holds, InputReading, StateNumber, StateSet, When};
pub use ledger::{Checked, LedgerCheck};
pub use load::{MAX_FILES, MAX_POLICY_BYTES};
pub use policy::check::{MAX_CATEGORIES, MAX_DESTINATIONS, MAX_EVENTS};
pub use policy::{Category, Destination, Include, Kind, LintLevel, Policy};
pub use prelude::{prelude, prelude_names};
pub(crate) use program::{Mentions, Steps};
pub use promise::{Promise, PromiseCondition, PromiseSubject};
#[cfg(feature = "lint")]
pub(crate) use read::{Loaded, load_any};
pub(crate) use reading::DOCUMENTED_SPELLINGS;
pub(crate) use reading::Places;
pub use reading::{AbsentValue, Reading};
pub use reconcile::Reconcile;
pub use requirement::Requirement;
pub(crate) use role::EventRole;
pub use test::{Expected, Test, TestCase, TestConsent, TestEvent, TestIntegrations, TestRecorded};

pub use crate::syntax::tree::{
    AlsoRecords, Banner, Batches, CheckAction, CheckResult, Conflict, ConsentModel, ConsentState,
    DestinationSet, Enforce, EntryState, ForeignConsent, GateOpens, ImpliedConsent, InputState, IntegerIds,
    IntegrationsState, InvalidEntries, LedgerAlias, LedgerUnasked, Level, Listed, LoadTrigger, Mode,
    NonBooleanAll, PlacesRule, Preference, Quantifier, RecordedPreference, RouterKnows, Scalar, Shape,
    StatedChoice, StatedEntry, StatedPreference, UnmappedDestinations, WithoutConsent,
};
pub(crate) use crate::syntax::{MAX_INPUTS, name, path};
