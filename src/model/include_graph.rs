//! Which file of a policy includes which. A policy has few files, and may include one of them very often: sets of files are bits,
//! and an include that is there many times is one edge.

use super::load::MAX_FILES;
use crate::diagnostic::FileId;
use std::collections::HashMap;

/// A set of files of one policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FileSet([u64; MAX_FILES / 64]);

impl FileSet {
    /// Adds a file, and returns true if it was not there.
    pub(crate) fn insert(&mut self, file: FileId) -> bool {
        let Some(word) = self.0.get_mut(file.0 / 64) else { return false };
        let before = *word;
        *word |= 1 << (file.0 % 64);
        *word != before
    }

    fn remove(&mut self, file: FileId) {
        self.0.get_mut(file.0 / 64).into_iter().for_each(|word| *word &= !(1 << (file.0 % 64)));
    }

    pub(crate) fn contains(&self, file: FileId) -> bool {
        self.0.get(file.0 / 64).is_some_and(|word| word >> (file.0 % 64) & 1 == 1)
    }

    #[cfg(feature = "lint")]
    pub(crate) fn is_empty(&self) -> bool {
        *self == FileSet::default()
    }

    /// Returns the files that are in both sets.
    #[cfg(feature = "lint")]
    pub(crate) fn and(self, other: FileSet) -> FileSet {
        self.joined(other, |one, other| one & other)
    }

    /// Returns the files that are in one of the sets.
    pub(crate) fn or(self, other: FileSet) -> FileSet {
        self.joined(other, |one, other| one | other)
    }

    /// Returns the files that are not in the other set.
    pub(crate) fn without(self, other: FileSet) -> FileSet {
        self.joined(other, |one, other| one & !other)
    }

    fn joined(mut self, other: FileSet, join: impl Fn(u64, u64) -> u64) -> FileSet {
        self.0.iter_mut().zip(other.0).for_each(|(one, other)| *one = join(*one, other));
        self
    }

    /// Returns the files in their order.
    pub(crate) fn iter(self) -> impl Iterator<Item = FileId> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let (place, word) = left.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
            let bit = word.trailing_zeros() as usize;
            *word &= *word - 1;
            Some(FileId(place * 64 + bit))
        })
    }
}

impl FromIterator<FileId> for FileSet {
    fn from_iter<I: IntoIterator<Item = FileId>>(files: I) -> Self {
        let mut set = FileSet::default();
        for file in files {
            set.insert(file);
        }
        set
    }
}

/// The includes of a policy.
#[derive(Debug, Default)]
pub(crate) struct IncludeGraph {
    /// The files that each file includes itself.
    direct: Vec<FileSet>,
    /// The number of times that a file includes another one.
    counts: HashMap<(FileId, FileId), usize>,
}

impl IncludeGraph {
    /// Makes the graph of includes: of each the file that it stands in, and the file that it brings.
    pub(crate) fn of(includes: impl IntoIterator<Item = (FileId, FileId)>) -> Self {
        let mut graph = IncludeGraph { direct: vec![FileSet::default(); MAX_FILES], ..Self::default() };
        for (from, to) in includes {
            if let Some(files) = graph.direct.get_mut(from.0) {
                files.insert(to);
            }
            *graph.counts.entry((from, to)).or_default() += 1;
        }
        graph
    }

    /// Takes one include out.
    #[cfg(feature = "lint")]
    pub(crate) fn remove(&mut self, include: (FileId, FileId)) {
        let Some(count) = self.counts.get_mut(&include) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.direct.get_mut(include.0.0).into_iter().for_each(|files| files.remove(include.1));
        }
    }

    /// Returns the files that a file includes, directly or through others.
    pub(crate) fn reached(&self, from: FileId) -> FileSet {
        self.reached_by(from, |file| self.direct(file))
    }

    /// Returns the files that a file would include without one include.
    #[cfg(feature = "lint")]
    pub(crate) fn reached_without(&self, include: (FileId, FileId), from: FileId) -> FileSet {
        let is_last = self.counts.get(&include) == Some(&1);
        self.reached_by(from, |file| {
            let mut files = self.direct(file);
            if is_last && file == include.0 {
                files.remove(include.1);
            }
            files
        })
    }

    fn direct(&self, file: FileId) -> FileSet {
        self.direct.get(file.0).copied().unwrap_or_default()
    }

    fn reached_by(&self, from: FileId, direct: impl Fn(FileId) -> FileSet) -> FileSet {
        let mut reached = FileSet::default();
        let mut open = direct(from);
        while let Some(file) = open.iter().next() {
            open.remove(file);
            reached.insert(file);
            open = open.or(direct(file).without(reached));
        }
        reached
    }
}
