//! The marker as a file keeps it: with the names that its entries have as numbers, and a checksum.

use crate::ledger::difference::FORMAT;
use crate::ledger::encoding::Names;
use crate::ledger::error::Cause;
use crate::ledger::marker::Marker;
use sha2::{Digest, Sha256};

impl Marker {
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
