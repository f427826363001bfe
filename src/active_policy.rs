//! A policy that is replaced while others decide with it.

use crate::decide::Table;
use crate::model::{Policy, PolicyError};
use std::sync::{Arc, PoisonError, RwLock};

/// The active table. Threads take it when they begin a piece of work; a replacement serves those that come after.
///
/// Read and decide an event with the same table: after a replacement another one may look for preferences elsewhere.
///
/// ```
/// use consentry::{ActivePolicy, Policy, Table};
///
/// let text = "consentry 1 policy \"one\" include prelude \"segment\"";
/// let active = ActivePolicy::new(Table::new(Policy::parse(text)?));
/// let before = active.table();
///
/// // A broken policy leaves the old one active, with the reason.
/// let error = active.replace(Policy::parse("consentry 1 policy \"two\"")).unwrap_err();
/// assert!(error.to_string().contains("required settings are missing"));
/// assert_eq!(active.table().policy().name(), "one");
///
/// active.replace(Policy::parse(&text.replace("one", "two")))?;
/// assert_eq!(active.table().policy().name(), "two");
/// assert_eq!(before.policy().name(), "one");
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct ActivePolicy {
    table: RwLock<Arc<Table>>,
}

impl ActivePolicy {
    /// Begins with a table.
    pub fn new(table: Table) -> Self {
        ActivePolicy { table: RwLock::new(Arc::new(table)) }
    }

    /// Returns the active table. Keep it for a batch of events, not for ever.
    pub fn table(&self) -> Arc<Table> {
        // Nothing that can panic runs under the lock, so that a poisoned one still holds a whole table.
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compiles a policy and makes it active: pass what [`Policy::load`] returned. It compiles outside the lock: nobody waits for it.
    ///
    /// A load reads one version of the policy, also if a link is led to another version meanwhile. Where the old version is removed
    /// during a load, that fails, and the next one succeeds.
    ///
    /// # Errors
    ///
    /// When the policy did not load; the old one stays active.
    pub fn replace(&self, policy: Result<Policy, PolicyError>) -> Result<Arc<Table>, PolicyError> {
        let table = Arc::new(Table::new(policy?));
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table.clone();
        Ok(table)
    }
}
