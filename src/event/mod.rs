//! Bytes → [`Event`], and back.
//!
//! An [`Event`] knows nothing of categories or destinations: names are the event's own. It can be [read](Event::read)
//! from JSON, or built by a caller that has extracted the members already. `consent` knows how consent stands on an event, and
//! `fast` finds the same parts faster. A line may also be a [`Batch`] of events.

mod batch;
mod consent;
mod content;
mod error;
mod fast;
mod foreign;
mod inputs;
mod json;
mod layout;
mod lines;
mod parts;
#[cfg(feature = "ledger")]
mod person;
#[cfg(feature = "ledger")]
mod person_reader;
mod read;
mod recorded;
mod splice;
#[cfg(feature = "ledger")]
mod unread;
mod write;

pub(crate) use crate::model::{ConsentState, IntegrationsState};
pub use crate::model::{Preference, RecordedPreference};
pub use batch::{Batch, BatchItem};
pub(crate) use consent::{Form, forms};
pub use content::{Consent, Entry, Event, Integrations, Name};
pub use error::{EventError, EventErrorKind};
pub(crate) use fast::{Buffers, Keys, find};
pub use fast::{InstructionSet, Validation};
pub(crate) use foreign::ForeignFilter;
pub use foreign::{ForeignKind, ForeignValue};
pub(crate) use inputs::{members as input_members, other as other_value, scalar_json};
pub(crate) use json::{Member, text};
pub use layout::Layout;
pub use lines::lines;
pub(crate) use parts::{
    ConsentPart, EntryText, Parts, each_entry, each_preference, entry_texts, integrations_texts,
};
#[cfg(feature = "ledger")]
pub(crate) use person::{IdMember, PersonMembers};
#[cfg(feature = "ledger")]
pub(crate) use person_reader::PersonReader;
pub use read::Limits;
pub(crate) use read::find_foreign;
#[cfg(feature = "ledger")]
pub(crate) use read::read_whole;
pub use recorded::{LedgerAnswer, Record, Recorded};
pub(crate) use splice::with_first;
#[cfg(feature = "ledger")]
pub use unread::{UnreadKind, UnreadValue};
pub(crate) use write::{compose, of_somebody, track};
