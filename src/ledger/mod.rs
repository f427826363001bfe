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
#[cfg(any(feature = "ledger-file", feature = "ledger-redis"))]
mod encoding;
mod entry;
#[cfg(feature = "ledger-file")]
mod file;
mod ledger_event;
mod people;
mod record;
#[cfg(feature = "ledger-redis")]
mod redis;
mod store;
mod suggestions;
mod timestamp;
mod unknown_names;

pub use crate::breakdown::{Breakdown, MAX_VALUE_BYTES, MAX_VALUES, Value};
pub use crate::counts::Counts;
pub use answers::LedgerAnswers;
pub use audit::{Audit, By, CategoryTally, Finding, Tally};
pub use audit_event::AuditEvent;
pub use entry::{Id, LedgerEntry, MAX_LINKS, Write};
#[cfg(feature = "ledger-file")]
pub use file::FileStore;
pub use ledger_event::{LedgerEvent, LedgerEventKind, Person};
pub use people::{Forgotten, MAX_NAME_BYTES, MAX_NAMES, Recording, Rejection, forget, record, recorded};
pub use record::DatedRecord;
#[cfg(feature = "ledger-redis")]
pub use redis::RedisStore;
pub use store::{MemoryStore, Store, StoreError};
pub use timestamp::Timestamp;
pub use unknown_names::UnknownNames;
