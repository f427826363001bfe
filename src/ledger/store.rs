//! Where entries are kept.

use super::entry::LedgerEntry;
use super::error::StoreError;
use super::id::Id;
use super::marker::Marker;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Keeps an [`LedgerEntry`] for each [`Id`]. A service implements it for its own store; three that work are here.
///
/// A store that is dead or too slow answers with an error: what becomes of an event then is for the policy to say.
pub trait Store {
    /// The entries of some ids, in their order; an empty one for an id that is not there.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    fn get(&self, ids: &[Id]) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Changes the entries of some ids, each named once, all of them or none, so that nobody sees a part of it and nobody's change in
    /// between is lost; an entry that is empty afterwards is taken away. When it returns, nothing but the loss of the store itself undoes it.
    ///
    /// `change` gets the entries in the order of `ids`. It may be called again with what is there by then.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or says that the change has not been made. It may have been made all the same; joins may be repeated.
    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [LedgerEntry])) -> Result<(), StoreError>;

    /// [Joins](LedgerEntry::join) changes to the entries of some ids, each named once. When it returns, all of them are written, and nothing but the
    /// loss of the store itself undoes it.
    ///
    /// Joins may come in any order, and more than once. So a store may write them in several steps. It should write the ids that the changes link
    /// in one step, so that nobody sees a link on one side only. By default all changes are one [`update`](Store::update).
    ///
    /// # Errors
    ///
    /// If the store does not answer, or reports that it has not made the changes. It may have made some. Repeat all of them.
    fn join(&self, changes: &[(Id, LedgerEntry)]) -> Result<(), StoreError> {
        let ids: Vec<Id> = changes.iter().map(|(id, _)| id.clone()).collect();
        self.update(&ids, &mut |entries| {
            entries.iter_mut().zip(changes).for_each(|(entry, (_, change))| entry.join(change.clone()));
        })
    }

    /// Returns true if [`Store::each`] goes through the entries in the order of their ids.
    fn is_sorted(&self) -> bool {
        false
    }

    /// Calls `see` with every entry, until it says that it has seen enough.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError>;

    /// Looks at every entry, and compares all of them with what the store says of itself.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or is no ledger.
    fn check(&self) -> Result<StoreCheck, StoreError> {
        let mut entries = 0;
        self.each(&mut |_, _| {
            entries += 1;
            true
        })?;
        Ok(StoreCheck { entries, ..StoreCheck::default() })
    }
}

/// The result of a check of every entry of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreCheck {
    /// The number of sound entries.
    pub entries: u64,
    /// The number of damaged entries.
    pub damaged: u64,
    /// The errors of the first of them.
    pub examples: Vec<String>,
    /// The marker of the store, if it has one.
    pub marker: Option<Marker>,
    /// The marker that all sound entries result in.
    pub found: Marker,
}

impl StoreCheck {
    /// Returns true if no entry is damaged, and none is missing or older than the store says.
    pub fn is_sound(&self) -> bool {
        let matches = self
            .marker
            .is_none_or(|marker| (marker.entries, marker.sums) == (self.found.entries, self.found.sums));
        self.damaged == 0 && matches
    }
}

#[cfg(any(feature = "ledger-file", feature = "ledger-redis"))]
impl StoreCheck {
    /// The number of examples that are kept.
    const EXAMPLES: usize = 10;

    pub(super) fn add_damaged(&mut self, cause: &super::error::Cause) {
        self.damaged += 1;
        if self.examples.len() < StoreCheck::EXAMPLES {
            self.examples.push(cause.to_string());
        }
    }
}

/// A store in memory, which is gone with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<Id, LedgerEntry>>);

impl Store for MemoryStore {
    fn get(&self, ids: &[Id]) -> Result<Vec<LedgerEntry>, StoreError> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ids.iter().map(|id| entries.get(id).cloned().unwrap_or_default()).collect())
    }

    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [LedgerEntry])) -> Result<(), StoreError> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut some: Vec<LedgerEntry> =
            ids.iter().map(|id| entries.get(id).cloned().unwrap_or_default()).collect();
        change(&mut some);
        for (id, entry) in ids.iter().zip(some) {
            match entry.is_empty() {
                true => drop(entries.remove(id)),
                false => drop(entries.insert(id.clone(), entry)),
            }
        }
        Ok(())
    }

    fn join(&self, changes: &[(Id, LedgerEntry)]) -> Result<(), StoreError> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, change) in changes.iter().filter(|(_, change)| !change.is_empty()) {
            match entries.get_mut(id) {
                Some(entry) => entry.join(change.clone()),
                None => drop(entries.insert(id.clone(), change.clone())),
            }
        }
        Ok(())
    }

    fn is_sorted(&self) -> bool {
        true
    }

    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (id, entry) in entries {
            if !see(id, entry) {
                break;
            }
        }
        Ok(())
    }
}
