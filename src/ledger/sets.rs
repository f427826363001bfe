//! Sets of positions that are joined one after another.

/// Sets of positions, each a tree of parents.
pub(super) struct Sets(Vec<usize>);

impl Sets {
    /// Creates sets of one position each.
    pub(super) fn new(count: usize) -> Self {
        Sets((0..count).collect())
    }

    /// Returns the position that stands at the top of a set.
    pub(super) fn root(&mut self, mut at: usize) -> usize {
        while let Some(parent) = self.0.get(at).copied().filter(|parent| *parent != at) {
            // The next time, the way is half as long.
            let above = self.0.get(parent).copied().unwrap_or(parent);
            if let Some(place) = self.0.get_mut(at) {
                *place = above;
            }
            at = above;
        }
        at
    }

    /// Joins the sets of two positions. Returns the root of both and the root that it replaces, if they were two sets.
    pub(super) fn join(&mut self, one: usize, other: usize) -> Option<(usize, usize)> {
        let (one, other) = (self.root(one), self.root(other));
        let (root, below) = (one.min(other), one.max(other));
        if let Some(parent) = self.0.get_mut(below) {
            *parent = root;
        }
        (root != below).then_some((root, below))
    }
}
