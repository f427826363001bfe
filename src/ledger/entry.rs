//! What a store keeps: for each id what was written last, and whom it is linked with.

use super::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How many links of an id are kept: the latest. Nobody has so many devices, and a stream could have as many as it likes.
pub const MAX_LINKS: usize = 1_000;

/// An id of a person. A known id and an anonymous one are never the same, however they are spelled.
///
/// Written, it is `user:` or `anonymous:` and the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// `anonymousId`.
    Anonymous(String),
    /// `userId`.
    User(String),
}

impl Id {
    /// Reads an id as it is written; `None` for any other text, and for an id of no characters.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            (_, "") => None,
            ("anonymous", id) => Some(Id::Anonymous(id.to_owned())),
            ("user", id) => Some(Id::User(id.to_owned())),
            _ => None,
        }
    }

    /// The id as events have it.
    pub fn text(&self) -> &str {
        let (Id::Anonymous(text) | Id::User(text)) = self;
        text
    }

    /// An id that this one may be linked with: of a known id an anonymous one, and the other way round.
    pub fn other(&self, text: impl Into<String>) -> Id {
        match self {
            Id::Anonymous(_) => Id::User(text.into()),
            Id::User(_) => Id::Anonymous(text.into()),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Anonymous(id) => write!(f, "anonymous:{id}"),
            Id::User(id) => write!(f, "user:{id}"),
        }
    }
}

/// What a person said at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// When.
    pub at: Timestamp,
    /// For each category that was named, by its wire id, whether it was granted. "A category missing from an update counts as refused."
    pub preferences: BTreeMap<String, bool>,
}

impl Write {
    /// "Latest wins …; on a tie the refusal wins."
    fn join(&mut self, other: Write) {
        if other.at > self.at {
            *self = other;
        } else if other.at == self.at {
            refuse_what_either_refuses(&mut self.preferences, &other.preferences);
        }
    }
}

/// Grants what both grant; what one of them does not name, it refuses.
fn refuse_what_either_refuses(one: &mut BTreeMap<String, bool>, other: &BTreeMap<String, bool>) {
    for (name, granted) in one.iter_mut() {
        *granted &= other.get(name).copied().unwrap_or(false);
    }
    for name in other.keys() {
        one.entry(name.clone()).or_insert(false);
    }
}

/// Everything that a store keeps under one id.
///
/// Of an id that is one person's only the latest write can matter, whenever a link comes to be known: a write after the link replaces what was
/// merged by it, and a write in front of the link replaces those in front of it. Of an anonymous id that several people share every refusal
/// matters until the known person says it anew, so that what was ever granted under it is kept with its latest refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// The latest write under this id.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Write>,
    /// Of an anonymous id: the categories that were ever granted under it, each with the latest moment at which it was not. A category that is not
    /// here was never granted.
    #[serde(rename = "g", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub granted: BTreeMap<String, Option<Timestamp>>,
    /// Of a known id the anonymous ids that are the same person, of an anonymous id the known ones; each since the first event that said so.
    /// There are [`MAX_LINKS`] at the most.
    #[serde(rename = "l", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, Timestamp>,
    /// Of an anonymous id, whether it was linked with another known id that is forgotten: what is written under it is still not said by the one
    /// that is left.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

impl LedgerEntry {
    /// What one write under an id comes to.
    pub fn of(id: &Id, write: Write) -> Self {
        let granted = match id {
            Id::User(_) => BTreeMap::new(),
            Id::Anonymous(_) => {
                let granted = write.preferences.iter().filter(|(_, granted)| **granted);
                granted.map(|(name, _)| (name.clone(), None)).collect()
            }
        };
        LedgerEntry { write: Some(write), granted, ..LedgerEntry::default() }
    }

    /// When a category was not granted under an anonymous id, the last time.
    pub(super) fn refused(&self, wire_id: &str) -> Option<Timestamp> {
        match self.granted.get(wire_id) {
            Some(refused) => *refused,
            None => self.write.as_ref().map(|write| write.at),
        }
    }

    /// The ids that the id of this entry is linked with.
    pub fn linked(&self, id: &Id) -> impl Iterator<Item = Id> {
        self.links.keys().map(|text| id.other(text.as_str()))
    }

    /// An entry in which nothing is, which is as good as none.
    pub fn is_empty(&self) -> bool {
        self.write.is_none() && self.links.is_empty() && !self.shared
    }

    /// Adds what another entry says of the same id. This is commutative, associative and idempotent, so that neither the order of writes
    /// nor their repetition counts.
    pub fn join(&mut self, other: LedgerEntry) {
        let last = |entry: &LedgerEntry| entry.write.as_ref().map(|write| write.at);
        let (own, others) = (last(self), last(&other));
        for (name, refused) in &mut self.granted {
            // Whoever wrote and never granted it has refused it, at the latest with the last write.
            let there = other.granted.get(name).copied().unwrap_or(others);
            *refused = there.max(*refused);
        }
        for (name, refused) in other.granted {
            self.granted.entry(name).or_insert_with(|| refused.max(own));
        }
        match (&mut self.write, other.write) {
            (Some(write), Some(other)) => write.join(other),
            (write @ None, other) => *write = other,
            (Some(_), None) => {}
        }
        self.shared |= other.shared;
        for (id, since) in other.links {
            let known = self.links.entry(id).or_insert(since);
            *known = since.min(*known);
        }
        while self.links.len() > MAX_LINKS {
            let oldest = self.links.iter().min_by_key(|(_, since)| **since).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.links.remove(&id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link that events repeat counts from the first of them, in whatever order they come.
    #[test]
    fn a_link_counts_since_the_first_event_that_says_so() {
        let link = |at: i64| LedgerEntry {
            links: [("u".to_owned(), Timestamp::from_microseconds(at))].into(),
            ..LedgerEntry::default()
        };
        for order in [[1, 3], [3, 1]] {
            let mut entry = LedgerEntry::default();
            order.into_iter().for_each(|at| entry.join(link(at)));
            assert_eq!(entry.links, link(1).links);
        }
    }

    /// However many links there are, the latest are kept, in whatever order they come.
    #[test]
    fn the_latest_links_are_kept() {
        let link = |number: i64| LedgerEntry {
            links: [(number.to_string(), Timestamp::from_microseconds(number))].into(),
            ..LedgerEntry::default()
        };
        let count = 2 * MAX_LINKS as i64;
        let (mut up, mut down) = (LedgerEntry::default(), LedgerEntry::default());
        (0..count).for_each(|number| up.join(link(number)));
        (0..count).rev().for_each(|number| down.join(link(number)));
        assert_eq!((up.links.len(), &up), (MAX_LINKS, &down));
        assert!(up.links.values().all(|since| since.microseconds() >= count / 2));
    }
}
