//! Entries as stores keep them: JSON, by the text of an id.

use super::entry::{Id, LedgerEntry};
use super::store::StoreError;

/// Reads an entry; an empty one if there is no text.
pub(super) fn decode(text: Option<&[u8]>) -> Result<LedgerEntry, StoreError> {
    text.map_or_else(
        || Ok(LedgerEntry::default()),
        |text| serde_json::from_slice(text).map_err(StoreError::new),
    )
}

pub(super) fn encode(entry: &LedgerEntry) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(entry).map_err(StoreError::new)
}

/// Reads the id that a key holds behind a prefix.
pub(super) fn id(key: &str, prefix: &str) -> Result<Id, StoreError> {
    let id = key.strip_prefix(prefix).and_then(Id::parse);
    id.ok_or_else(|| StoreError::new(format!("it has an entry of `{key}`, which is no id")))
}
