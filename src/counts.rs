//! Counts by key, for summaries and audits.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Counts by key, in the order of the keys. They serialize in the order of the words of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts<Key>(BTreeMap<Key, u64>);

impl<Key> Default for Counts<Key> {
    fn default() -> Self {
        Counts(BTreeMap::new())
    }
}

impl<Key: Ord + Copy> Counts<Key> {
    /// Creates counts that have every value of an enum, each of them zero.
    #[cfg(feature = "ledger")]
    pub(crate) fn zero() -> Self
    where
        Key: crate::spelled::Spelled,
    {
        Counts::zeros(Key::VALUES.iter().copied())
    }

    /// Creates counts that have some keys, each of them zero.
    #[cfg(feature = "ledger")]
    pub(crate) fn zeros(keys: impl Iterator<Item = Key>) -> Self {
        Counts(keys.map(|key| (key, 0)).collect())
    }

    pub(crate) fn add(&mut self, key: Key) {
        *self.0.entry(key).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(key, count)| *self.0.entry(key).or_default() += count);
    }

    /// Returns the count of a key.
    pub fn of(&self, key: Key) -> u64 {
        self.0.get(&key).copied().unwrap_or(0)
    }

    /// Returns the sum of all counts.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns the keys with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Key, u64)> {
        self.0.iter().map(|(key, count)| (*key, *count))
    }
}

impl<Key: Display> Counts<Key> {
    /// Returns the counts that are not zero: `2 not_json`.
    pub(crate) fn occurring(&self) -> Vec<String> {
        let occurring = self.0.iter().filter(|(_, count)| **count > 0);
        occurring.map(|(key, count)| format!("{count} {key}")).collect()
    }
}

impl<Key: Display> Serialize for Counts<Key> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_word: BTreeMap<String, u64> =
            self.0.iter().map(|(key, count)| (key.to_string(), *count)).collect();
        by_word.serialize(serializer)
    }
}
