//! Recorded preferences, and the check of what an event is stamped with (section 6 of the semantics).
//!
//! The platform keeps no preferences: each source stamps what it believes that the person has chosen. A ledger holds what each person said
//! last, and a policy that says `ledger mismatch …` has every event checked against it.
//!
//! ```text
//! bytes ──LedgerEvent::read──▶ LedgerEvent ──record──▶ Store        what writes: preference events, links
//!                           │                  │
//!                           │   recorded ◀─────┘          once for many people
//!                           ▼      ▼
//!          Input::line(bytes).recorded(record) ──Table::decide──▶ Decision
//! ```
//!
//! A [`Store`] keeps an [`LedgerEntry`] for each [`Id`] and knows nothing of preferences. Entries are [joined](LedgerEntry::join): in whatever order, and
//! however often, the same writes come to the same entry. What is [recorded] of a person is worked out of the entries of all ids
//! that are theirs.

mod answers;
mod audit;
mod audit_event;
mod choices;
#[cfg(any(feature = "ledger-file", feature = "ledger-redis"))]
mod difference;
#[cfg(any(feature = "ledger-file", feature = "ledger-redis"))]
mod encoding;
mod entry;
mod error;
#[cfg(feature = "ledger-file")]
mod file;
mod forget;
mod id;
mod ledger_event;
mod line;
mod marker;
mod people;
mod record;
mod recording;
#[cfg(feature = "ledger-redis")]
mod redis;
mod sets;
mod store;
mod suggestions;
mod timestamp;
mod unknown_names;

pub use crate::breakdown::{Breakdown, MAX_VALUE_BYTES, MAX_VALUES, Value};
pub use crate::counts::Counts;
pub use answers::LedgerAnswers;
pub use audit::{Audit, By, CategoryTally, Finding, Tally};
pub use audit_event::AuditEvent;
pub use choices::{CategoryChoice, Choices, Grant, MAX_NAMES, Write, WriteTime};
pub use entry::{LedgerEntry, Links, MAX_LINKS};
pub use error::StoreError;
#[cfg(feature = "ledger-file")]
pub use file::FileStore;
pub use forget::{Forgotten, forget};
pub use id::Id;
pub use ledger_event::{LedgerEvent, LedgerEventKind, LedgerReader, Person};
pub use line::EntryLine;
pub use marker::Marker;
pub use people::{MAX_KNOWN_IDS, recorded};
pub use record::{DatedPreference, DatedRecord};
pub use recording::{MAX_NAME_BYTES, Recording, Rejection, record};
#[cfg(feature = "ledger-redis")]
pub use redis::{RedisOptions, RedisStore};
pub use store::{MemoryStore, Store, StoreCheck};
pub use timestamp::Timestamp;
pub use unknown_names::UnknownNames;
