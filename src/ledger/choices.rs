//! The choices under one id: of each category, when it was granted last and when it was refused last.

use super::timestamp::Timestamp;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The most categories that the choices under one id may name.
pub const MAX_NAMES: usize = 1_000;

/// The choices of a person in one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When.
    pub time: WriteTime,
    /// For each category that is named, by its wire id, whether it is granted.
    pub preferences: BTreeMap<String, bool>,
    /// True if a category that is not named is refused: `ledger unasked refused`.
    pub refuses_others: bool,
    /// The version of the consent text that the person saw, if the event states one.
    pub version: Option<String>,
}

/// When something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteTime {
    /// The event states when, and no later than the moment of recording.
    Stated(Timestamp),
    /// The event states no time that can be used. Its refusals count from the moment of recording. Its grants are older than everything else.
    Unusable {
        /// The moment of recording.
        recorded: Timestamp,
        /// The time that the event states, if it is still to come at the moment of recording.
        future: Option<Timestamp>,
    },
}

impl WriteTime {
    /// When what is refused is refused.
    pub fn of_refusal(self) -> Timestamp {
        match self {
            WriteTime::Stated(at) | WriteTime::Unusable { recorded: at, .. } => at,
        }
    }

    /// Returns true if the event states a time that can be used.
    pub fn is_stated(self) -> bool {
        matches!(self, WriteTime::Stated(_))
    }

    /// When what is granted is granted, if it is known.
    fn of_grant(self) -> Option<Timestamp> {
        match self {
            WriteTime::Stated(at) => Some(at),
            WriteTime::Unusable { .. } => None,
        }
    }
}

/// A grant of one category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Grant {
    /// When; `None` if that is not known. Such a grant is older than every one that has a time, and than every refusal.
    pub at: Option<Timestamp>,
    /// The version of the consent text that the person saw, if the event states one.
    pub version: Option<SmolStr>,
}

/// The last words on one category under one id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryChoice {
    /// When it was granted last, if no refusal is newer.
    pub granted: Option<Grant>,
    /// When it was refused last, also by a write that did not name it.
    pub refused: Option<Timestamp>,
    /// When a write named it last.
    pub named: Option<Timestamp>,
}

impl CategoryChoice {
    fn refused(at: Option<Timestamp>) -> Self {
        CategoryChoice { refused: at, ..CategoryChoice::default() }
    }

    /// "Latest wins per person and category; on a tie the refusal wins."
    pub(super) fn join(&mut self, other: CategoryChoice) {
        self.refused = self.refused.max(other.refused);
        self.named = self.named.max(other.named);
        let granted = self.granted.take().max(other.granted);
        self.granted = granted.filter(|grant| self.refused.is_none() || grant.at > self.refused);
    }

    /// Returns true if it was refused with all categories that have no name, and by no write that named it.
    fn is_like_others(&self, others_refused: Option<Timestamp>) -> bool {
        self.granted.is_none() && self.refused == others_refused && self.named < others_refused
    }
}

/// Everything that was said under one id, as far as it still counts.
///
/// It says of each category when it was granted last, and when refused. A category that has no entry of its own was refused when `others_refused` says. To join two of them takes the later of
/// both for each category. So neither the order of writes nor their repetition counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choices {
    /// When each category without a name here was refused: the latest write that refuses what it does not name.
    pub(super) others_refused: Option<Timestamp>,
    /// By wire id, in order.
    pub(super) named: Vec<(SmolStr, CategoryChoice)>,
    /// The first and the last of the times that were still to come when they were recorded. A grant between them has no known time.
    pub(super) future: Option<(Timestamp, Timestamp)>,
}

impl From<Write> for Choices {
    fn from(write: Write) -> Self {
        let Write { time, preferences, refuses_others, version } = write;
        Choices::stated(time, &preferences, refuses_others, version.as_deref())
    }
}

impl Choices {
    /// Returns the choices of one event.
    pub(super) fn stated(
        time: WriteTime,
        preferences: &BTreeMap<String, bool>,
        refuses_others: bool,
        version: Option<&str>,
    ) -> Self {
        let refused = time.of_refusal();
        let granted = Grant { at: time.of_grant(), version: version.map(SmolStr::new) };
        let choice = |is_granted| match is_granted {
            true => CategoryChoice { granted: Some(granted.clone()), refused: None, named: Some(refused) },
            false => CategoryChoice { granted: None, refused: Some(refused), named: Some(refused) },
        };
        let named = preferences.iter().map(|(name, granted)| (SmolStr::new(name), choice(*granted)));
        let future = match time {
            WriteTime::Unusable { future, .. } => future.map(|at| (at, at)),
            WriteTime::Stated(_) => None,
        };
        let others_refused = refuses_others.then_some(refused);
        let mut choices = Choices { others_refused, named: named.collect(), future };
        choices.bound();
        choices
    }

    /// Returns true if there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        !self.say_something() && self.future.is_none()
    }

    /// Returns true if they say something of a category.
    pub fn say_something(&self) -> bool {
        self.others_refused.is_some() || !self.named.is_empty()
    }

    /// When each category without a name of its own was refused.
    pub fn others_refused(&self) -> Option<Timestamp> {
        self.others_refused
    }

    /// The categories that have names here, in their order.
    pub fn named(&self) -> impl Iterator<Item = (&str, &CategoryChoice)> {
        self.named.iter().map(|(name, choice)| (name.as_str(), choice))
    }

    /// The last words on a category.
    pub fn choice(&self, wire_id: &str) -> CategoryChoice {
        let at = self.named.binary_search_by(|(name, _)| name.as_str().cmp(wire_id));
        let named = at.ok().and_then(|at| self.named.get(at));
        named.map_or_else(|| CategoryChoice::refused(self.others_refused), |(_, choice)| choice.clone())
    }

    /// When the latest of it was said, if a time is known.
    pub fn latest(&self) -> Option<Timestamp> {
        self.named.iter().filter_map(|(_, choice)| choice.named).chain(self.others_refused).max()
    }

    /// Adds what other choices say. This is commutative, associative and idempotent.
    pub fn join(&mut self, other: Choices) {
        self.future = match (self.future, other.future) {
            (Some((first, last)), Some((other_first, other_last))) => {
                Some((first.min(other_first), last.max(other_last)))
            }
            (own, other) => own.or(other),
        };
        let (own_others, other_others) = (self.others_refused, other.others_refused);
        self.others_refused = own_others.max(other_others);
        let all = self.others_refused;
        let mut own = std::mem::take(&mut self.named).into_iter().peekable();
        let mut others = other.named.into_iter().peekable();
        let mut named = Vec::with_capacity(own.len().max(others.len()));
        loop {
            let order = match (own.peek(), others.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((name, _)), Some((other, _))) => name.cmp(other),
            };
            let one = if order.is_le() { own.next() } else { None };
            let other = if order.is_ge() { others.next() } else { None };
            let (here, there) = (one.unzip(), other.unzip());
            let mut choice = self.dated(here.1.unwrap_or_else(|| CategoryChoice::refused(own_others)));
            choice.join(self.dated(there.1.unwrap_or_else(|| CategoryChoice::refused(other_others))));
            if let Some(name) = here.0.or(there.0).filter(|_| !choice.is_like_others(all)) {
                named.push((name, choice));
            }
        }
        self.named = named;
        self.bound();
    }

    /// A choice whose grant has no known time if it was granted at a time that was still to come when it was recorded.
    fn dated(&self, mut choice: CategoryChoice) -> CategoryChoice {
        let Some((first, last)) = self.future else { return choice };
        if let Some(grant) = &mut choice.granted
            && grant.at.is_some_and(|at| first <= at && at <= last)
        {
            grant.at = None;
            choice.join(CategoryChoice::default());
        }
        choice
    }

    /// Whoever names too many categories refuses all of them from then on.
    fn bound(&mut self) {
        if self.named.len() > MAX_NAMES {
            self.named.clear();
            self.others_refused = Some(Timestamp::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_microseconds(second * 1_000_000)
    }

    fn write(time: WriteTime, preferences: &[(&str, bool)]) -> Choices {
        let preferences = preferences.iter().map(|(name, granted)| ((*name).to_owned(), *granted)).collect();
        Choices::from(Write { time, preferences, refuses_others: true, version: None })
    }

    fn joined(all: &[Choices]) -> Choices {
        all.iter().fold(Choices::default(), |mut joined, one| {
            joined.join(one.clone());
            joined
        })
    }

    /// A grant from a clock that is ahead stays older than everything else when an archive is recorded again.
    #[test]
    fn a_grant_from_the_future_gets_no_newer_by_repetition() {
        let ahead = write(WriteTime::Unusable { recorded: at(10), future: Some(at(20)) }, &[("A", true)]);
        let refusal = write(WriteTime::Stated(at(15)), &[("A", false)]);
        let again = write(WriteTime::Stated(at(20)), &[("A", true)]);
        for order in [[0, 1, 2], [0, 2, 1], [2, 1, 0], [1, 0, 2]] {
            let all = order.map(|one| [&ahead, &refusal, &again][one].clone());
            let choice = joined(&all).choice("A");
            assert_eq!((choice.granted, choice.refused), (None, Some(at(15))), "{order:?}");
        }
    }

    /// A write without a usable time refuses what it refuses at once, and takes no grant away that it repeats.
    #[test]
    fn a_write_without_a_time_can_only_refuse() {
        let dated = write(WriteTime::Stated(at(1)), &[("A", true), ("B", true)]);
        let undated =
            write(WriteTime::Unusable { recorded: at(9), future: None }, &[("A", true), ("C", true)]);
        let both = joined(&[dated, undated]);
        assert_eq!(both.choice("A").granted.and_then(|grant| grant.at), Some(at(1)));
        assert_eq!(both.choice("B").refused, Some(at(9)));
        let choice = both.choice("C");
        assert_eq!((choice.granted, choice.refused), (None, Some(at(1))));
    }
}
