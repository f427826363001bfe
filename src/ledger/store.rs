//! Where entries are kept.

use super::entry::{Id, LedgerEntry};
use std::collections::BTreeMap;
use std::fmt;
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

    /// Calls `see` with every entry, in no particular order, until it says that it has seen enough.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError>;
}

/// Why a store did not answer.
#[derive(Debug)]
pub struct StoreError(Cause);

/// An error of what a store uses.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// For an error, or a text.
    pub fn new(cause: impl Into<Cause>) -> Self {
        StoreError(cause.into())
    }
}

impl From<Cause> for StoreError {
    fn from(cause: Cause) -> Self {
        StoreError(cause)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ledger does not answer: {}", self.0)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
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
