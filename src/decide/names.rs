//! Names of events → categories and destinations.
//!
//! A name is known by its first eight bytes, its last eight and its length: up to sixteen bytes these are the whole name, so that
//! a comparison is two of numbers, and of a longer one what is between is compared as well. The names of the policy alone are
//! in the table, so that a quick hash is safe: whatever names events have, they find what is there and make nothing longer.

use std::collections::HashMap;

/// Looks up names, byte for byte.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// As many as a power of two, at most half of them taken; a name stands in the first free one behind the place of its hash.
    slots: Vec<Slot>,
    /// What is between the first and the last eight bytes of names.
    middles: Vec<u8>,
    ids: Vec<u32>,
}

/// A name, and the range of `ids` that it stands for; an empty range in a slot that is free.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    ends: Ends,
    middle: u32,
    ids: (u32, u32),
}

/// What a name of at most sixteen bytes is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    first: u64,
    last: u64,
    length: u32,
}

impl Ends {
    #[inline(always)]
    fn of(name: &[u8]) -> Self {
        let length = name.len() as u32;
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            return Ends { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last), length };
        }
        let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
        let first = match (name.first_chunk(), name.last_chunk(), name) {
            (Some(first), Some(last), _) => word(first) | word(last) << 32,
            (.., [first, .., last]) => {
                let middle = name.get(name.len() / 2).copied().unwrap_or_default();
                u64::from(*first) | u64::from(middle) << 8 | u64::from(*last) << 16
            }
            (.., [one]) => u64::from(*one),
            (.., []) => 0,
        };
        Ends { first, last: 0, length }
    }

    /// A number that is likely another one for another name.
    #[inline(always)]
    fn hash(self, middle: &[u8]) -> usize {
        let mix = |one: u64, other: u64| {
            let product = u128::from(one ^ 0x243F_6A88_85A3_08D3) * u128::from(other ^ 0x1319_8A2E_0370_7344);
            product as u64 ^ (product >> 64) as u64
        };
        let mut hash = mix(self.first, self.last ^ u64::from(self.length) << 56);
        for bytes in middle.chunks(8) {
            hash = mix(hash, bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
        hash as usize
    }
}

/// What is between the first and the last eight bytes.
#[inline(always)]
fn middle(name: &[u8]) -> &[u8] {
    name.get(8..name.len().wrapping_sub(8)).unwrap_or_default()
}

impl Names {
    /// From names and the numbers they stand for; a name may come more than once.
    pub(crate) fn new<'n>(names: impl Iterator<Item = (&'n str, usize)>) -> Self {
        let mut by_name: HashMap<&[u8], Vec<u32>> = HashMap::new();
        for (name, id) in names {
            by_name.entry(name.as_bytes()).or_default().extend(u32::try_from(id));
        }
        let size = (2 * by_name.len()).next_power_of_two();
        let mut all = Names { slots: vec![Slot::default(); size], middles: Vec::new(), ids: Vec::new() };
        for (name, ids) in by_name {
            let slot = Slot {
                ends: Ends::of(name),
                middle: all.middles.len() as u32,
                ids: (all.ids.len() as u32, (all.ids.len() + ids.len()) as u32),
            };
            all.middles.extend_from_slice(middle(name));
            all.ids.extend(ids);
            let place = slot.ends.hash(middle(name));
            let mut places = (0..size).map(|step| place.wrapping_add(step) & (size - 1));
            let free = places.find(|at| all.slots.get(*at).is_some_and(Slot::is_free));
            // At least half of them are.
            if let Some(free) = free.and_then(|at| all.slots.get_mut(at)) {
                *free = slot;
            }
        }
        all
    }

    /// What a name stands for; empty for an unknown name.
    #[inline(always)]
    pub(crate) fn ids(&self, name: &[u8]) -> &[u32] {
        self.numbered(name).1
    }

    /// What a name stands for, and a number below [`Names::numbers`] of the name's own.
    #[inline(always)]
    pub(crate) fn numbered(&self, name: &[u8]) -> (usize, &[u32]) {
        let (ends, middle) = (Ends::of(name), middle(name));
        let place = ends.hash(middle);
        for step in 0..self.slots.len() {
            let Some(slot) = self.slots.get(place.wrapping_add(step) & (self.slots.len() - 1)) else { break };
            let (start, end) = (slot.ids.0 as usize, slot.ids.1 as usize);
            if slot.is_free() {
                break;
            }
            if slot.ends == ends && self.middle(slot, middle.len()) == Some(middle) {
                return (start, self.ids.get(start..end).unwrap_or_default());
            }
        }
        (0, &[])
    }

    /// What is between the ends of a name whose middle is so long.
    #[inline(always)]
    fn middle(&self, slot: &Slot, length: usize) -> Option<&[u8]> {
        if length == 0 {
            return Some(&[]);
        }
        let start = slot.middle as usize;
        self.middles.get(start..start + length)
    }

    /// How large the numbers of names are at most.
    pub(crate) fn numbers(&self) -> usize {
        self.ids.len()
    }
}

impl Slot {
    #[inline(always)]
    fn is_free(&self) -> bool {
        self.ids.0 == self.ids.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of every length, that differ in one byte at any place, or in length alone; and none that is not there is found.
    #[test]
    fn names_are_told_apart() {
        let mut all = Vec::new();
        for length in 0..40 {
            all.push("a".repeat(length));
            for at in 0..length {
                all.push(format!("{}b{}", "a".repeat(at), "a".repeat(length - at - 1)));
            }
        }
        let (kept, others): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(id, _)| id % 2 == 0);
        let names = Names::new(kept.iter().map(|(id, name)| (name.as_str(), *id)));
        for (id, name) in kept {
            assert_eq!(names.ids(name.as_bytes()), [id as u32], "{name}");
        }
        for (_, name) in others {
            assert!(names.ids(name.as_bytes()).is_empty(), "{name}");
        }
        assert!(Names::new(std::iter::empty()).ids(b"").is_empty());
    }

    /// A hash may be the highest number there is, as that of this name, and the places behind it are the first ones.
    #[test]
    fn places_go_round() {
        let highest = "wrcyljrb]=ytp98srbggszpl";
        let hash = |name: &str| Ends::of(name.as_bytes()).hash(middle(name.as_bytes()));
        assert_eq!(hash(highest), usize::MAX);
        let all: Vec<String> = (0..64).map(|number| number.to_string()).chain([highest.to_owned()]).collect();
        for count in 1..all.len() {
            // The last slot is taken by another, if that one comes first.
            let kept = all.iter().rev().take(count).map(String::as_str).zip(0..);
            let names = Names::new(kept.clone());
            kept.for_each(|(name, id)| assert_eq!(names.ids(name.as_bytes()), [id as u32]));
            let others = Names::new(all.iter().take(count).map(String::as_str).zip(0..));
            assert!(others.ids(highest.as_bytes()).is_empty());
        }
    }

    #[test]
    fn each_name_has_a_number_of_its_own() {
        let names = Names::new([("a", 0), ("shared", 0), ("b", 1), ("shared", 1), ("c", 2)].into_iter());
        let mut numbers: Vec<usize> =
            ["a", "b", "c", "shared"].map(|name| names.numbered(name.as_bytes()).0).into();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
        assert!(numbers.iter().all(|number| *number < names.numbers()));
        let mut shared = names.ids(b"shared").to_vec();
        shared.sort_unstable();
        assert_eq!((shared.as_slice(), names.ids(b"b"), names.ids(b"d")), (&[0, 1][..], &[1][..], &[][..]));
    }
}
