//! A store in one file.

use super::encoding::{decode, encode, id};
use super::entry::{Id, LedgerEntry};
use super::store::{Cause, Store, StoreError};
use redb::{
    AccessGuard, Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadTransaction, ReadableDatabase,
    ReadableTable, StorageError, TableDefinition, TableError, TransactionError,
};
use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Entries by their ids as they are written, each as JSON.
const ENTRIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries 1");

/// A store in a file, which needs no other program. One process may write to it, or several may read from it, at a time. Each change is on the
/// disk when it is acknowledged.
pub struct FileStore {
    open: Open,
    /// Whether the engine has found the file other than it has written it. It holds on to what it was doing then, so that nothing more is asked of it.
    broken: AtomicBool,
}

enum Open {
    Writing(Database),
    Reading(ReadOnlyDatabase),
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes = matches!(self.open, Open::Writing(_));
        f.debug_struct("FileStore").field("writes", &writes).finish_non_exhaustive()
    }
}

impl FileStore {
    /// Opens a file to read and write; it is made if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, when it is no ledger, or while another process has it open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(FileStore::of(Open::Writing(create(path)?)))
    }

    /// Opens a file to read; a change of it fails. If whoever wrote to it last was ended in the middle of it, the file is put in order first.
    ///
    /// # Errors
    ///
    /// When it is not there, cannot be opened, is no ledger, or while another process writes to it.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        Ok(FileStore::of(Open::Reading(open_repaired(path)?)))
    }

    fn of(open: Open) -> Self {
        FileStore { open, broken: AtomicBool::new(false) }
    }

    /// The same for a store that is open.
    fn guarded<T>(&self, ask: impl FnOnce() -> Result<T, Cause>) -> Result<T, StoreError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(StoreError::new(BROKEN));
        }
        Ok(opened(ask).inspect_err(|_| self.broken.store(true, Ordering::Release))??)
    }

    fn read(&self) -> Result<ReadTransaction, TransactionError> {
        match &self.open {
            Open::Writing(database) => database.begin_read(),
            Open::Reading(database) => database.begin_read(),
        }
    }
}

fn create(path: &Path) -> Result<Database, Cause> {
    if !path.try_exists()? {
        make(path)?;
    }
    Ok(opened(|| Database::create(path))??)
}

fn open_repaired(path: &Path) -> Result<ReadOnlyDatabase, Cause> {
    match opened(|| ReadOnlyDatabase::open(path))? {
        // Whoever wrote last was ended in the middle of it. What was acknowledged is there, and who opens the file to write finds it.
        Err(DatabaseError::RepairAborted) => {
            drop(opened(|| Database::open(path))??);
            Ok(opened(|| ReadOnlyDatabase::open(path))??)
        }
        database => Ok(database?),
    }
}

/// Asks the engine, which takes it that a file is as it has written it: whatever else it finds is an error of ours.
fn opened<T>(open: impl FnOnce() -> T) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(open)).map_err(|_| BROKEN.into())
}

const BROKEN: &str = "the file is broken";

/// Makes an empty store. Whoever is ended in the middle of it leaves no file of this name that is half a store.
fn make(path: &Path) -> Result<(), Cause> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Whoever else makes it at the same time does so under another name.
    name.push(format!(".new-{:016x}", RandomState::new().build_hasher().finish()));
    let new = path.with_file_name(name);
    drop(Database::create(&new)?);
    // Somebody else may have made it meanwhile, and written to it: theirs stays.
    let made = match fs::hard_link(&new, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has them.
        Err(_) => fs::rename(&new, path),
        made => made,
    };
    let _ = fs::remove_file(&new);
    made?;
    // The name is on the disk with what it names. Where folders cannot be opened, the system sees to it.
    if let Some(folder) = path.parent().filter(|_| cfg!(unix)) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl Store for FileStore {
    fn get(&self, ids: &[Id]) -> Result<Vec<LedgerEntry>, StoreError> {
        self.guarded(|| {
            let transaction = self.read()?;
            let Some(table) = table(&transaction)? else {
                return Ok(vec![LedgerEntry::default(); ids.len()]);
            };
            ids.iter().map(|id| entry(table.get(id.to_string().as_str()))).collect()
        })
    }

    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [LedgerEntry])) -> Result<(), StoreError> {
        let Open::Writing(database) = &self.open else {
            return Err(StoreError::new("it is open to be read alone"));
        };
        let names: Vec<String> = ids.iter().map(Id::to_string).collect();
        let (transaction, before) = self.guarded(|| {
            let transaction = database.begin_write()?;
            let table = transaction.open_table(ENTRIES)?;
            let before =
                names.iter().map(|name| entry(table.get(name.as_str()))).collect::<Result<Vec<_>, _>>()?;
            drop(table);
            Ok((transaction, before))
        })?;
        let mut entries = before.clone();
        change(&mut entries);
        self.guarded(|| {
            let mut table = transaction.open_table(ENTRIES)?;
            let changed =
                names.iter().zip(&entries).zip(&before).filter(|((_, entry), before)| entry != before);
            for ((name, entry), _) in changed {
                match entry.is_empty() {
                    true => drop(table.remove(name.as_str())?),
                    false => drop(table.insert(name.as_str(), encode(entry)?.as_slice())?),
                }
            }
            drop(table);
            // It is on the disk when this returns.
            Ok(transaction.commit()?)
        })
    }

    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError> {
        let rows = self.guarded(|| {
            let transaction = self.read()?;
            Ok(table(&transaction)?.map(|table| table.range::<&str>(..)).transpose()?)
        })?;
        let Some(mut rows) = rows else { return Ok(()) };
        loop {
            let row = self.guarded(|| {
                let Some(row) = rows.next() else { return Ok(None) };
                let (name, text) = row?;
                Ok(Some((id(name.value(), "")?, decode(Some(text.value()))?)))
            })?;
            let goes_on = row.is_some_and(|(id, entry)| see(id, entry));
            if !goes_on {
                return Ok(());
            }
        }
    }
}

/// The table of entries; `None` where nothing was ever written.
fn table(
    transaction: &ReadTransaction,
) -> Result<Option<ReadOnlyTable<&'static str, &'static [u8]>>, TableError> {
    match transaction.open_table(ENTRIES) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

type Text<'t> = Result<Option<AccessGuard<'t, &'static [u8]>>, StorageError>;

fn entry(text: Text<'_>) -> Result<LedgerEntry, Cause> {
    decode(text?.as_ref().map(AccessGuard::value))
}
