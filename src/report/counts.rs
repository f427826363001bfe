//! Counts by words.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Counts in the order of reports. The document has them in the order of their words.
#[derive(Debug)]
pub(super) struct Counts(Vec<(&'static str, u64)>);

impl FromIterator<(&'static str, u64)> for Counts {
    fn from_iter<I: IntoIterator<Item = (&'static str, u64)>>(counts: I) -> Self {
        Counts(counts.into_iter().collect())
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.iter().copied().collect::<BTreeMap<_, _>>().serialize(serializer)
    }
}

impl Counts {
    /// Returns the count of a word.
    #[cfg(feature = "ledger")]
    pub(super) fn of(&self, wanted: &str) -> u64 {
        self.0.iter().find(|(word, _)| *word == wanted).map_or(0, |(_, count)| *count)
    }

    /// Returns the counts that are not zero: `2 blank_line`.
    pub(super) fn occurring(&self) -> Vec<String> {
        let occurring = self.0.iter().filter(|(_, count)| *count > 0);
        occurring.map(|(word, count)| format!("{count} {word}")).collect()
    }

    /// Returns the sum of the counts: `2 not events (2 blank_line)`.
    pub(super) fn sum(&self, name: &str) -> String {
        let sum: u64 = self.0.iter().map(|(_, count)| count).sum();
        format!("{sum} {name}{}", super::names::in_brackets(&self.occurring()))
    }
}
