//! Names in events that a policy does not declare, with counts, in bounded memory.

use crate::breakdown::Breakdown;
use crate::counts::Counts;
use crate::event::Name;
use std::collections::BTreeMap;

/// Counts for each name that a policy does not declare. Names that are known to be nearly declared have room of their own, so that
/// other names do not hide them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownNames<Key> {
    near: Breakdown<Counts<Key>>,
    far: Breakdown<Counts<Key>>,
}

impl<Key> Default for UnknownNames<Key> {
    fn default() -> Self {
        UnknownNames { near: Breakdown::default(), far: Breakdown::default() }
    }
}

impl<Key: Ord + Copy> UnknownNames<Key> {
    /// Counts so many names of each sort one by one.
    pub(super) fn with_room(room: usize) -> Self {
        UnknownNames { near: Breakdown::with_room(room), far: Breakdown::with_room(room) }
    }

    pub(super) fn add(&mut self, name: &Name<'_>, is_near: bool, key: Key) {
        let counted = if is_near { &mut self.near } else { &mut self.far };
        counted.count_mut(vec![Some(name.clone().into_owned())]).add(key);
    }

    /// Returns the names that are counted one by one, in order.
    pub fn rows(&self) -> impl Iterator<Item = (&Name<'static>, &Counts<Key>)> {
        let rows = self.near.rows().chain(self.far.rows());
        let rows = rows.filter_map(|(value, counts)| Some((value.first()?.as_ref()?, counts)));
        rows.collect::<BTreeMap<_, _>>().into_iter()
    }

    /// Returns how often the names occur that are not counted one by one.
    pub fn other(&self) -> u64 {
        self.near.other().total() + self.far.other().total()
    }
}
