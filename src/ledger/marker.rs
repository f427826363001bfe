//! What a store says of itself: how many entries it has, and what their hashes add up to.
//!
//! A store without it is no ledger. So an empty or a wrong database is an error, and not a ledger that knows nobody.

use super::encoding::{Hash, Names};
use super::error::Cause;
use sha2::{Digest, Sha256};

/// The version of the format of a store and its entries.
pub(super) const FORMAT: u64 = 1;

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

/// What a change does to a marker.
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

    /// The sums as one text, to compare two stores.
    pub fn hash(&self) -> String {
        self.sums.iter().map(|sum| format!("{sum:016x}")).collect()
    }

    /// Writes the marker with the names that a store writes as numbers.
    pub(super) fn encode(&self, names: &Names) -> Vec<u8> {
        let numbers = [FORMAT, self.entries, self.changes].into_iter().chain(self.sums);
        let mut bytes: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
        for name in names.iter() {
            bytes.extend((name.len() as u64).to_le_bytes());
            bytes.extend(name.bytes());
        }
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// Reads what [`Marker::encode`] writes.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, Names), Cause> {
        let damaged = || Cause::from("the marker of the ledger is damaged");
        let (bytes, checksum) = bytes.split_last_chunk::<32>().ok_or_else(damaged)?;
        if Sha256::digest(bytes).as_slice() != checksum {
            return Err(damaged());
        }
        let mut rest = bytes;
        let mut number = || {
            let (number, more) = rest.split_first_chunk::<8>()?;
            rest = more;
            Some(u64::from_le_bytes(*number))
        };
        let format = number().ok_or_else(damaged)?;
        if format != FORMAT {
            return Err(
                format!("the ledger has format {format}, and this version reads format {FORMAT}").into()
            );
        }
        let mut next = || number().ok_or_else(damaged);
        let (entries, changes) = (next()?, next()?);
        let sums = [next()?, next()?, next()?, next()?];
        let mut names = Names::default();
        while let Some((length, more)) = rest.split_first_chunk::<8>() {
            let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
            let (name, more) = more.split_at_checked(length).ok_or_else(damaged)?;
            names.add(std::str::from_utf8(name)?);
            rest = more;
        }
        Ok((Marker { entries, changes, sums }, names))
    }
}
