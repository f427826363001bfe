//! A store in one file.

use super::entry::{Entry, Id};
use super::store::{Store, StoreError};
use redb::{
    Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition, TableError,
};
use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Entries by their ids as they are written, each as JSON.
const ENTRIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries 1");

/// A store in a file, which needs no other program. One process may write to it, or several may read from it, at a time. Each change is on the
/// disk when it is acknowledged.
pub struct FileStore(Open);

enum Open {
    Writing(Database),
    Reading(ReadOnlyDatabase),
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes = matches!(self.0, Open::Writing(_));
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
        if !path.try_exists().map_err(StoreError::new)? {
            make(path)?;
        }
        Ok(FileStore(Open::Writing(opened(|| Database::create(path))?.map_err(StoreError::new)?)))
    }

    /// Opens a file to read; a change of it fails.
    ///
    /// # Errors
    ///
    /// When it is not there, cannot be opened, is no ledger, or while another process writes to it.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let database = match opened(|| ReadOnlyDatabase::open(path))? {
            // Whoever wrote last was ended in the middle of it. What was acknowledged is there, and who opens the file to write finds it.
            Err(DatabaseError::RepairAborted) => {
                drop(opened(|| Database::open(path))?.map_err(StoreError::new)?);
                opened(|| ReadOnlyDatabase::open(path))?
            }
            database => database,
        };
        Ok(FileStore(Open::Reading(database.map_err(StoreError::new)?)))
    }

    fn read(&self) -> Result<ReadTransaction, StoreError> {
        match &self.0 {
            Open::Writing(database) => database.begin_read(),
            Open::Reading(database) => database.begin_read(),
        }
        .map_err(StoreError::new)
    }
}

/// Opens a file. The engine asserts that a file is as long as it says of itself; one that was cut short is an error of ours.
fn opened<T>(open: impl FnOnce() -> T) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(open)).map_err(|_| StoreError::new("the file is broken"))
}

/// Makes an empty store. Whoever is ended in the middle of it leaves no file of this name that is half a store.
fn make(path: &Path) -> Result<(), StoreError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Whoever else makes it at the same time does so under another name.
    name.push(format!(".new-{:016x}", RandomState::new().build_hasher().finish()));
    let new = path.with_file_name(name);
    drop(Database::create(&new).map_err(StoreError::new)?);
    // Somebody else may have made it meanwhile, and written to it: theirs stays.
    let made = match fs::hard_link(&new, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has them.
        Err(_) => fs::rename(&new, path),
        made => made,
    };
    let _ = fs::remove_file(&new);
    made.map_err(StoreError::new)?;
    // The name is on the disk with what it names. Where folders cannot be opened, the system sees to it.
    match path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder }) {
        Some(folder) if cfg!(unix) => {
            fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::new)
        }
        _ => Ok(()),
    }
}

impl Store for FileStore {
    fn get(&self, ids: &[Id]) -> Result<Vec<Entry>, StoreError> {
        let transaction = self.read()?;
        let table = match transaction.open_table(ENTRIES) {
            Ok(table) => table,
            // Nothing was ever written.
            Err(TableError::TableDoesNotExist(_)) => return Ok(vec![Entry::default(); ids.len()]),
            Err(error) => return Err(StoreError::new(error)),
        };
        let entry = |id: &Id| match table.get(id.to_string().as_str()).map_err(StoreError::new)? {
            Some(text) => serde_json::from_slice(text.value()).map_err(StoreError::new),
            None => Ok(Entry::default()),
        };
        ids.iter().map(entry).collect()
    }

    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [Entry])) -> Result<(), StoreError> {
        let Open::Writing(database) = &self.0 else {
            return Err(StoreError::new("it is open to be read alone"));
        };
        let transaction = database.begin_write().map_err(StoreError::new)?;
        {
            let mut table = transaction.open_table(ENTRIES).map_err(StoreError::new)?;
            let names: Vec<String> = ids.iter().map(Id::to_string).collect();
            let mut entries = Vec::with_capacity(ids.len());
            for name in &names {
                entries.push(match table.get(name.as_str()).map_err(StoreError::new)? {
                    Some(text) => serde_json::from_slice(text.value()).map_err(StoreError::new)?,
                    None => Entry::default(),
                });
            }
            let before = entries.clone();
            change(&mut entries);
            for ((name, entry), before) in names.iter().zip(&entries).zip(&before) {
                if entry == before {
                    continue;
                }
                match entry.is_empty() {
                    true => drop(table.remove(name.as_str()).map_err(StoreError::new)?),
                    false => {
                        let text = serde_json::to_vec(entry).map_err(StoreError::new)?;
                        table.insert(name.as_str(), text.as_slice()).map_err(StoreError::new)?;
                    }
                }
            }
        }
        // It is on the disk when this returns.
        transaction.commit().map_err(StoreError::new)
    }

    fn each(&self, see: &mut dyn FnMut(Id, Entry) -> bool) -> Result<(), StoreError> {
        let transaction = self.read()?;
        let table = match transaction.open_table(ENTRIES) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(StoreError::new(error)),
        };
        for row in table.iter().map_err(StoreError::new)? {
            let (name, text) = row.map_err(StoreError::new)?;
            let Some(id) = Id::parse(name.value()) else {
                return Err(StoreError::new(format!(
                    "it has an entry of `{}`, which is no id",
                    name.value()
                )));
            };
            if !see(id, serde_json::from_slice(text.value()).map_err(StoreError::new)?) {
                break;
            }
        }
        Ok(())
    }
}
