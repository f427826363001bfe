//! Changes of many ids, taken apart into the units that must be written in one step.

use crate::ledger::entry::LedgerEntry;
use crate::ledger::id::Id;
use crate::ledger::sets::Sets;
use std::collections::BTreeMap;

/// The ids of the largest unit. Ids that are linked with more others are written one by one.
const LARGEST: usize = 64;

/// Positions of changes that are written together, or not at all.
pub(super) type Unit = Vec<usize>;

/// Returns units that hold each change once. The ids that the changes link are in one unit, so that nobody sees a link on one side only.
pub(super) fn units(changes: &[(Id, LedgerEntry)]) -> Vec<Unit> {
    let places: BTreeMap<&Id, usize> = changes.iter().enumerate().map(|(at, (id, _))| (id, at)).collect();
    let mut sets = Sets::new(changes.len());
    for (at, (_, change)) in changes.iter().enumerate() {
        for (other, _) in change.links.iter() {
            if let Some(other) = places.get(other) {
                sets.join(at, *other);
            }
        }
    }
    let mut units: BTreeMap<usize, Unit> = BTreeMap::new();
    for at in 0..changes.len() {
        units.entry(sets.root(at)).or_default().push(at);
    }
    let (mut all, mut large) = (Vec::new(), Vec::new());
    for unit in units.into_values() {
        if unit.len() > LARGEST { large.extend(unit) } else { all.push(unit) }
    }
    all.extend(large.into_iter().map(|at| vec![at]));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::entry::Links;
    use crate::ledger::timestamp::Timestamp;

    fn linked(id: Id, others: &[Id]) -> (Id, LedgerEntry) {
        let since = Timestamp::from_microseconds(0);
        let links = Links::Known(others.iter().map(|other| (other.clone(), since)).collect());
        (id, LedgerEntry { links, ..LedgerEntry::default() })
    }

    #[test]
    fn linked_ids_are_one_unit() {
        let (user, anonymous) = (|id: &str| Id::User(id.into()), |id: &str| Id::Anonymous(id.into()));
        let changes = [
            linked(anonymous("a"), &[user("x")]),
            linked(anonymous("b"), &[]),
            linked(anonymous("c"), &[user("x"), user("y")]),
            linked(user("x"), &[anonymous("a"), anonymous("c")]),
            linked(user("y"), &[anonymous("c"), anonymous("elsewhere")]),
            // A known id and an anonymous one of the same text are two.
            linked(user("b"), &[]),
        ];
        assert_eq!(units(&changes), [vec![0, 2, 3, 4], vec![1], vec![5]]);
        assert!(units(&[]).is_empty());
    }

    #[test]
    fn a_large_unit_is_taken_apart() {
        for (count, expected) in [(LARGEST - 1, 1), (LARGEST, LARGEST + 1), (10_000, 10_001)] {
            let names: Vec<Id> = (0..count).map(|number| Id::User(number.to_string())).collect();
            let mut changes = vec![linked(Id::Anonymous("hub".into()), &names)];
            changes.extend(names.iter().map(|name| linked(name.clone(), &[Id::Anonymous("hub".into())])));
            let units = units(&changes);
            assert_eq!(units.len(), expected);
            assert_eq!(units.concat().len(), changes.len());
        }
    }
}
