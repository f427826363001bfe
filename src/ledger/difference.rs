//! The effect of a change of entries on the marker of a store.

use super::encoding::Hash;
use super::marker::Marker;

/// The version of the format of a store and its entries.
pub(super) const FORMAT: u64 = 1;

/// The effect of a change on a marker.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Difference {
    pub(super) entries: i64,
    pub(super) sums: [i64; 4],
}

impl Difference {
    /// An entry is replaced by another one; either may be missing.
    pub(super) fn replace(&mut self, before: Option<Hash>, after: Option<Hash>) {
        for (hash, sign) in [(before, -1), (after, 1)] {
            let Some(hash) = hash else { continue };
            self.entries += sign;
            self.sums.iter_mut().zip(hash.parts()).for_each(|(sum, part)| *sum += sign * i64::from(part));
        }
    }
}

impl Marker {
    pub(super) fn change(&mut self, difference: Difference) {
        self.changes += 1;
        self.entries = self.entries.wrapping_add_signed(difference.entries);
        self.sums.iter_mut().zip(difference.sums).for_each(|(sum, by)| *sum = sum.wrapping_add_signed(by));
    }

    /// Counts an entry that was found.
    pub(super) fn count(&mut self, hash: Hash) {
        let changes = self.changes;
        let mut difference = Difference::default();
        difference.replace(None, Some(hash));
        self.change(difference);
        self.changes = changes;
    }
}
