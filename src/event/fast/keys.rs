//! The keys that the fast reader looks for.

use super::simd::Set;
use crate::model::{DOCUMENTED_SPELLINGS, Reading};

/// The keys of an event that a policy's decisions read, in the form that is found fast.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// The keys that lead to the object which holds the preferences.
    parents: Vec<Box<[u8]>>,
    /// The keys of the preferences, and whether the policy accepts each.
    spellings: Vec<(Box<[u8]>, bool)>,
    /// What the first two bytes of a key may be, the quote behind it included; `None` when any.
    begins: Option<[Set; 2]>,
}

/// What a key of an event stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// The next object on the way to the preferences.
    Parent,
    /// The preferences, under a spelling that the policy accepts.
    Preferences,
    /// The preferences, under a documented spelling that the policy does not accept.
    WrongSpelling,
    Integrations,
    Type,
    Event,
    MessageId,
}

/// The keys that every policy reads, at the top of an event.
const TOP: [(&[u8], Key); 4] = [
    (b"integrations", Key::Integrations),
    (b"type", Key::Type),
    (b"event", Key::Event),
    (b"messageId", Key::MessageId),
];

impl Keys {
    pub(crate) fn new(reading: &Reading) -> Self {
        let Reading::Preferences { parents, spellings } = reading;
        let bytes = |key: &str| -> Box<[u8]> { key.as_bytes().into() };
        let refused = DOCUMENTED_SPELLINGS
            .iter()
            .filter(|spelling| !spellings.iter().any(|accepted| accepted == *spelling));
        let mut keys = Keys {
            parents: parents.iter().map(|key| bytes(key)).collect(),
            spellings: spellings
                .iter()
                .map(|key| (bytes(key), true))
                .chain(refused.map(|key| (bytes(key), false)))
                .collect(),
            begins: None,
        };
        keys.begins = keys.beginnings();
        keys
    }

    fn beginnings(&self) -> Option<[Set; 2]> {
        let mut sets = [Set::EMPTY; 2];
        let spellings = self.spellings.iter().map(|(key, _)| &**key);
        let top = TOP.iter().map(|(key, _)| *key);
        for key in self.parents.iter().map(|key| &**key).chain(spellings).chain(top) {
            let (first, second) = match key {
                [] => return None,
                [first] => (*first, b'"'),
                [first, second, ..] => (*first, *second),
            };
            // Sets hold ASCII only.
            if !first.is_ascii() || !second.is_ascii() {
                return None;
            }
            for (set, byte) in sets.iter_mut().zip([first, second]) {
                set.insert(byte);
            }
        }
        Some(sets)
    }

    pub(super) fn begins(&self) -> Option<&[Set; 2]> {
        self.begins.as_ref()
    }

    /// How many objects are on the way to the preferences.
    pub(super) fn parents(&self) -> u32 {
        self.parents.len() as u32
    }

    /// The key that `rest` begins with, up to its closing quote, and its length; `level` parents are open.
    pub(super) fn at(&self, level: u32, rest: &[u8]) -> Option<(Key, usize)> {
        let is = |key: &[u8]| rest.strip_prefix(key).is_some_and(|behind| behind.first() == Some(&b'"'));
        if let Some(parent) = self.parents.get(level as usize) {
            if is(parent) {
                return Some((Key::Parent, parent.len()));
            }
        } else if let Some((key, accepted)) = self.spellings.iter().find(|(key, _)| is(key)) {
            return Some((if *accepted { Key::Preferences } else { Key::WrongSpelling }, key.len()));
        }
        let top = (level == 0).then(|| TOP.iter().find(|(key, _)| is(key))).flatten();
        top.map(|(key, what)| (*what, key.len()))
    }
}
