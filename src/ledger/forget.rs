//! Erases a person.

use super::entry::{LedgerEntry, Links};
use super::error::StoreError;
use super::id::Id;
use super::people::{is_theirs, person};
use super::store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// The result of forgetting a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// The person is erased.
    Erased {
        /// The ids that are erased; none, if nothing was recorded.
        erased: Vec<Id>,
        /// The anonymous ids that others share with the person. Their choices stay, without the links to the person.
        shared: Vec<Id>,
    },
    /// Nothing is erased: the anonymous id is one person with these known ones, whose refusals may be recorded under it. Forget them.
    Linked(Vec<Id>),
}

/// The number of times that forgetting starts again because ids are linked meanwhile.
const TRIES: usize = 100;

/// Erases a person: the entries of the id, of the known ids that are the same person, and of the anonymous ids that were never linked with
/// another person. The records of everybody else stay as they are.
///
/// Events that are recorded afterwards are recorded again, old ones too.
///
/// # Errors
///
/// When the store does not answer.
pub fn forget(store: &dyn Store, id: &Id) -> Result<Forgotten, StoreError> {
    let mut ids = vec![id.clone()];
    for _ in 0..TRIES {
        let mut forgotten = None;
        let mut more = Vec::new();
        let mut has_too_many = false;
        store.update(&ids, &mut |entries| {
            let known: BTreeMap<&Id, &LedgerEntry> = ids.iter().zip(entries.iter()).collect();
            let links = |id: &Id| known.get(id).into_iter().flat_map(|entry| entry.links.iter());
            let too_many = |id: &Id| known.get(id).is_some_and(|entry| entry.links == Links::TooMany);
            forgotten = None;
            (more, has_too_many) = (Vec::new(), false);
            if !id.is_known() {
                let linked: Vec<Id> = links(id).map(|(id, _)| id.clone()).collect();
                if !linked.is_empty() || too_many(id) {
                    forgotten = Some(Forgotten::Linked(linked));
                    return;
                }
            }
            let of_person = person(id, |id| known.get(id).copied());
            let all = of_person.iter().chain(of_person.iter().flat_map(|id| links(id).map(|(id, _)| id)));
            more = all.filter(|id| !known.contains_key(id)).cloned().collect();
            has_too_many = of_person.iter().any(too_many);
            // Whoever has too many links is looked for in the whole store, once.
            if more.is_empty() && (!has_too_many || ids.len() > of_person.len()) {
                forgotten = Some(erase(&of_person, &ids, entries));
            }
        })?;
        if let Some(forgotten) = forgotten {
            return Ok(forgotten);
        }
        ids.extend(more);
        if has_too_many {
            ids.extend(linked_with(store, &ids)?);
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
    }
    Err(StoreError::new(format!("ids were linked with it {TRIES} times while it was to be forgotten")))
}

/// The ids in a store that are linked with some ids.
fn linked_with(store: &dyn Store, ids: &[Id]) -> Result<Vec<Id>, StoreError> {
    let mut linked = Vec::new();
    store.each(&mut |id, entry| {
        if entry.links.iter().any(|(other, _)| ids.contains(other)) {
            linked.push(id);
        }
        true
    })?;
    Ok(linked)
}

/// Erases the entries of a person's ids.
fn erase(person: &BTreeSet<Id>, ids: &[Id], entries: &mut [LedgerEntry]) -> Forgotten {
    let (mut erased, mut shared) = (Vec::new(), Vec::new());
    let known: Vec<Id> = person.iter().cloned().collect();
    for (id, entry) in ids.iter().zip(entries) {
        if person.contains(id) || is_theirs(entry, person) {
            if !entry.is_empty() {
                erased.push(id.clone());
            }
            *entry = LedgerEntry::default();
        } else {
            // It was linked with the person, and is still no other one's alone.
            entry.links.remove(&known);
            entry.shared = true;
            shared.push(id.clone());
        }
    }
    Forgotten::Erased { erased, shared }
}
