//! The marker of a store: the number of its entries, and the sums of their hashes.
//!
//! A store without it is no ledger. So an empty or a wrong database is an error, and not a ledger that knows nobody.

/// The count of the entries of a store, and the sums of their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marker {
    /// The number of entries.
    pub entries: u64,
    /// The number of changes. It only grows, so that an older copy of a store is known by it.
    pub changes: u64,
    /// The sums of the four last numbers of the hashes of all entries, each modulo 2^64.
    pub(super) sums: [u64; 4],
}

impl Marker {
    /// The sums as one text, to compare two stores.
    pub fn hash(&self) -> String {
        self.sums.iter().map(|sum| format!("{sum:016x}")).collect()
    }
}
