//! Counts by values that events have, in bounded memory.

use crate::event::{ForeignKind, ForeignValue, Name};
use std::collections::{BTreeMap, BTreeSet};

/// The number of values that are counted one by one: the first that come. All further ones are counted together.
pub const MAX_VALUES: usize = 1_000;

/// The longest value that is counted by itself, in bytes. Longer ones are counted with what is beyond [`MAX_VALUES`].
pub const MAX_VALUE_BYTES: usize = 256;

/// The value that events are counted by: one part, or several. A part is `None` where an event does not have it.
pub type Value = Vec<Option<Name<'static>>>;

/// Counts for each value, in the order of the values, and for all further ones together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown<Count> {
    rows: BTreeMap<Value, Count>,
    other: Count,
    /// The number of values that have a row at most.
    room: usize,
}

impl<Count: Default> Default for Breakdown<Count> {
    fn default() -> Self {
        Breakdown::with_room(MAX_VALUES)
    }
}

impl<Count: Default> Breakdown<Count> {
    pub(crate) fn with_room(room: usize) -> Self {
        Breakdown { rows: BTreeMap::new(), other: Count::default(), room }
    }

    /// The count that a value belongs to.
    pub(crate) fn count_mut(&mut self, value: Value) -> &mut Count {
        let bytes: usize = value.iter().flatten().map(|part| part.as_bytes().len()).sum();
        let has_room = self.rows.len() < self.room || self.rows.contains_key(&value);
        match has_room && bytes <= MAX_VALUE_BYTES {
            true => self.rows.entry(value).or_default(),
            false => &mut self.other,
        }
    }

    /// The values that are counted one by one.
    pub fn rows(&self) -> impl Iterator<Item = (&[Option<Name<'static>>], &Count)> {
        self.rows.iter().map(|(value, count)| (value.as_slice(), count))
    }

    /// The count of all further values.
    pub fn other(&self) -> &Count {
        &self.other
    }
}

impl Breakdown<u64> {
    /// Adds the counts of another breakdown.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.rows.iter().for_each(|(value, count)| *self.count_mut(value.clone()) += count);
        self.other += other.other;
    }
}

/// Counts of events with consent or integrations that a policy does not read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignCounts {
    events: u64,
    left_out: u64,
    by: Breakdown<u64>,
}

impl ForeignCounts {
    /// Counts what one event has.
    pub(crate) fn add(&mut self, found: &[ForeignValue]) {
        self.events += u64::from(!found.is_empty());
        let distinct: BTreeSet<(String, ForeignKind)> =
            found.iter().map(|one| (one.place(), one.kind)).collect();
        for (place, kind) in distinct {
            *self.by.count_mut(vec![Some(Name::from(place)), Some(Name::from(kind.as_str()))]) += 1;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.left_out += other.left_out;
        self.by.merge(&other.by);
    }

    /// Counts an event that may have some, and at which nobody looks.
    pub(crate) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// Returns the number of events that may have some, and at which nobody looked.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Returns the number of events that have any.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Returns the number of events by the path, as a policy writes it, and by what stands there.
    pub fn rows(&self) -> impl Iterator<Item = (String, ForeignKind, u64)> {
        self.by.rows().filter_map(|(value, events)| match value {
            [Some(place), Some(kind)] => {
                let kind = ForeignKind::ALL.into_iter().find(|one| *kind == *one.as_str())?;
                Some((place.to_string(), kind, *events))
            }
            _ => None,
        })
    }

    /// Returns how often others were found, which have no row.
    pub fn other(&self) -> u64 {
        *self.by.other()
    }
}
