//! Entries as stores keep them: JSON, by the text of an id.

use super::entry::{Id, LedgerEntry};
use super::store::Cause;

/// Reads an entry; an empty one if there is no text.
pub(super) fn decode(text: Option<&[u8]>) -> Result<LedgerEntry, Cause> {
    Ok(text.map(serde_json::from_slice).transpose()?.unwrap_or_default())
}

pub(super) fn encode(entry: &LedgerEntry) -> Result<Vec<u8>, Cause> {
    Ok(serde_json::to_vec(entry)?)
}

/// Reads the id that a key holds behind a prefix.
pub(super) fn id(key: &str, prefix: &str) -> Result<Id, Cause> {
    let id = key.strip_prefix(prefix).and_then(Id::parse);
    id.ok_or_else(|| format!("it has an entry of `{key}`, which is no id").into())
}
