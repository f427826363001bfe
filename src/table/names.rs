//! Names of events → categories and destinations.

use std::collections::HashMap;

/// Looks up names, byte for byte. The names of the policy alone are in the map, so that a quick hash is safe: whatever names
/// events have, they find what is there and make nothing longer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// The range of `ids` for each name: further names may be shared.
    ranges: HashMap<Box<[u8]>, (u32, u32), foldhash::fast::RandomState>,
    ids: Vec<u32>,
}

impl Names {
    /// From names and the numbers they stand for; a name may come more than once.
    pub(crate) fn new<'n>(names: impl Iterator<Item = (&'n str, usize)>) -> Self {
        let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
        for (name, id) in names {
            by_name.entry(name).or_default().extend(u32::try_from(id));
        }
        let mut all = Names::default();
        for (name, ids) in by_name {
            let start = all.ids.len() as u32;
            all.ids.extend(ids);
            all.ranges.insert(name.as_bytes().into(), (start, all.ids.len() as u32));
        }
        all
    }

    /// What a name stands for; empty for an unknown name.
    pub(crate) fn ids(&self, name: &[u8]) -> &[u32] {
        self.numbered(name).1
    }

    /// What a name stands for, and a number below [`Names::numbers`] of the name's own.
    pub(crate) fn numbered(&self, name: &[u8]) -> (usize, &[u32]) {
        let Some((start, end)) = self.ranges.get(name) else { return (0, &[]) };
        (*start as usize, self.ids.get(*start as usize..*end as usize).unwrap_or(&[]))
    }

    /// How large the numbers of names are at most.
    pub(crate) fn numbers(&self) -> usize {
        self.ids.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
