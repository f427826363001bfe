//! The entry that a store keeps under an id.

use super::choices::Choices;
use super::id::Id;
use super::timestamp::Timestamp;
use std::collections::BTreeMap;

/// The most links of an id that are kept. An id with more grants nothing.
pub const MAX_LINKS: usize = 10_000;

/// Everything that a store keeps under one id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerEntry {
    /// The choices under this id.
    pub choices: Choices,
    /// The ids that an event links with this one.
    pub links: Links,
    /// True for an anonymous id if a person who was linked with it is forgotten. The id still counts as shared.
    pub shared: bool,
}

/// The ids that are linked with one, each since the first event that links them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Links {
    /// These, at most [`MAX_LINKS`].
    Known(BTreeMap<Id, Timestamp>),
    /// More than are kept. Nobody knows who they are.
    TooMany,
}

impl Default for Links {
    fn default() -> Self {
        Links::Known(BTreeMap::new())
    }
}

impl Links {
    /// The links that are known, each with its time.
    pub fn iter(&self) -> impl Iterator<Item = (&Id, Timestamp)> {
        let known = match self {
            Links::Known(links) => Some(links),
            Links::TooMany => None,
        };
        known.into_iter().flatten().map(|(id, since)| (id, *since))
    }

    /// Returns true if there is no link.
    pub fn is_empty(&self) -> bool {
        matches!(self, Links::Known(links) if links.is_empty())
    }

    /// Takes the links with some ids away.
    pub(super) fn remove(&mut self, ids: &[Id]) {
        if let Links::Known(links) = self {
            links.retain(|id, _| !ids.contains(id));
        }
    }

    /// A link counts from the first event that says so. Too many links stay too many.
    fn join(&mut self, other: Links) {
        let Links::Known(links) = self else { return };
        let Links::Known(others) = other else {
            *self = Links::TooMany;
            return;
        };
        for (id, since) in others {
            let known = links.entry(id).or_insert(since);
            *known = since.min(*known);
        }
        if links.len() > MAX_LINKS {
            *self = Links::TooMany;
        }
    }
}

impl LedgerEntry {
    /// The entry of an id that is linked with another.
    pub(super) fn linked(with: Id, since: Timestamp) -> Self {
        LedgerEntry { links: Links::Known([(with, since)].into()), ..LedgerEntry::default() }
    }

    /// An entry in which nothing is, which is as good as none.
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty() && self.links.is_empty() && !self.shared
    }

    /// Adds what another entry says of the same id. This is commutative, associative and idempotent, so that neither the order of writes
    /// nor their repetition counts.
    pub fn join(&mut self, other: LedgerEntry) {
        self.choices.join(other.choices);
        self.links.join(other.links);
        self.shared |= other.shared;
    }
}

impl From<Choices> for LedgerEntry {
    fn from(choices: Choices) -> Self {
        LedgerEntry { choices, ..LedgerEntry::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(number: i64, at: i64) -> LedgerEntry {
        LedgerEntry::linked(Id::Anonymous(number.to_string()), Timestamp::from_microseconds(at))
    }

    /// A link that events repeat counts from the first of them, in whatever order they come.
    #[test]
    fn a_link_counts_since_the_first_event_that_says_so() {
        for order in [[1, 3], [3, 1]] {
            let mut entry = LedgerEntry::default();
            order.into_iter().for_each(|at| entry.join(link(7, at)));
            assert_eq!(entry, link(7, 1));
        }
    }

    /// Up to the bound every link is kept. Beyond it none is, in whatever order they come.
    #[test]
    fn no_link_is_lost_without_a_mark() {
        let count = MAX_LINKS as i64;
        let joined = |numbers: &mut dyn Iterator<Item = i64>| {
            let mut entry = LedgerEntry::default();
            numbers.for_each(|number| entry.join(link(number, number)));
            entry.links
        };
        assert_eq!(joined(&mut (0..count)).iter().count(), MAX_LINKS);
        for links in [joined(&mut (0..=count)), joined(&mut (0..=count).rev())] {
            assert_eq!(links, Links::TooMany);
        }
    }
}
