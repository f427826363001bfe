//! What a store says of itself: how many entries it has, and what their hashes add up to.
//!
//! A store without it is no ledger. So an empty or a wrong database is an error, and not a ledger that knows nobody.

/// The count of the entries of a store, and the sums of their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marker {
    /// How many entries there are.
    pub entries: u64,
    /// How many changes were made. It only grows, so that an older copy of a store is known by it.
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
