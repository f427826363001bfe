//! A store in one file.

mod marker;

use crate::ledger::difference::Difference;
use crate::ledger::encoding::{self, Hash, Names, decode, encode};
use crate::ledger::entry::LedgerEntry;
use crate::ledger::error::{Cause, StoreError};
use crate::ledger::id::Id;
use crate::ledger::marker::Marker;
use crate::ledger::store::{Store, StoreCheck};
use redb::{
    Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, ReadableTable, Table,
    TableDefinition, TableError, TransactionError,
};
use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::mem;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Entries by the keys of their ids, packed.
const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries 2");

/// The marker: one row.
const MARKER: TableDefinition<'_, (), &[u8]> = TableDefinition::new("marker");

/// A store in a file, which needs no other program. One process may write to it, or several may read from it, at a time. Each change is on the
/// disk when it is acknowledged.
pub struct FileStore {
    open: Open,
    is_new: bool,
    /// The names that are written as numbers: those of the last change, and perhaps more.
    names: RwLock<Arc<Names>>,
    /// True if the engine has found the file other than it has written it. It holds on to what it was doing then, so that nothing more is asked of it.
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
    /// Opens a file to read and write. It is made if it is not there; [`FileStore::is_new`] says so then.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, when it is no ledger, or while another process has it open. An empty file is no ledger.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let is_there = path.try_exists().map_err(StoreError::new)?;
        let is_new = !is_there && make(path)?;
        Ok(FileStore { is_new, ..FileStore::open(path)? })
    }

    /// Opens a file to read and write.
    ///
    /// # Errors
    ///
    /// When it is not there, cannot be opened, is no ledger, or while another process has it open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        ensure_filled(path)?;
        let database = opened(|| Database::open(path))?.map_err(StoreError::new)?;
        FileStore::of(Open::Writing(database))
    }

    /// Opens a file to read; a change of it fails. If whoever wrote to it last was ended in the middle of it, the file is put in order first.
    ///
    /// # Errors
    ///
    /// When it is not there, cannot be opened, is no ledger, or while another process writes to it.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        ensure_filled(path)?;
        FileStore::of(Open::Reading(open_repaired(path)?))
    }

    /// Returns true if the file was not there, and was made.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    fn of(open: Open) -> Result<Self, StoreError> {
        let store =
            FileStore { open, is_new: false, names: RwLock::default(), broken: AtomicBool::new(false) };
        let (_, names) = store.guarded(|| marker(&store.read()?))?;
        *store.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
        Ok(store)
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the engine as [`opened`] does, and asks it nothing more once it has found the file broken.
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

/// The engine takes an empty file for one that is to be made. Somebody's ledger may have been there.
fn ensure_filled(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(file) if file.len() == 0 => Err(StoreError::new("the file is empty, and no ledger")),
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::new(error)),
    }
}

fn open_repaired(path: &Path) -> Result<ReadOnlyDatabase, Cause> {
    match opened(|| ReadOnlyDatabase::open(path))? {
        // The last writer ended in the middle of a write. Opening the file to write repairs it, with all acknowledged entries.
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

/// Makes an empty store, and returns false if somebody else has made one meanwhile. Whoever is ended in the middle of it leaves no file of this name that is
/// half a store.
fn make(path: &Path) -> Result<bool, Cause> {
    let new = beside(path);
    let database = Database::create(&new)?;
    let transaction = database.begin_write()?;
    transaction.open_table(ENTRIES)?;
    transaction.open_table(MARKER)?.insert((), Marker::default().encode(&Names::default()).as_slice())?;
    transaction.commit()?;
    drop(database);
    // Somebody else may have made it meanwhile, and written to it: theirs stays.
    let made = match fs::hard_link(&new, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        // Not every file system has them.
        Err(_) => fs::rename(&new, path).map(|()| true),
        Ok(()) => Ok(true),
    };
    let _ = fs::remove_file(&new);
    let made = made?;
    sync_folder(path)?;
    Ok(made)
}

/// A name next to a file that nobody else takes.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{:016x}", RandomState::new().build_hasher().finish()));
    path.with_file_name(name)
}

/// Sees to it that the name of a file is on the disk with what it names. Where folders cannot be opened, the system does.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|_| cfg!(unix)) {
        Some(folder) if folder.as_os_str().is_empty() => fs::File::open(".")?.sync_all(),
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

impl Store for FileStore {
    fn get(&self, ids: &[Id]) -> Result<Vec<LedgerEntry>, StoreError> {
        self.guarded(|| {
            let table = self.read()?.open_table(ENTRIES)?;
            // Names are added before the entries that need them, so that these are not too few.
            let names = self.names();
            let stored = |id: &Id| look_up(&table, id, &encoding::key(id), &names);
            ids.iter().map(|id| Ok(stored(id)?.map(|(entry, _)| entry).unwrap_or_default())).collect()
        })
    }

    fn update(&self, ids: &[Id], change: &mut dyn FnMut(&mut [LedgerEntry])) -> Result<(), StoreError> {
        self.change(|step| {
            let keys: Vec<Vec<u8>> = ids.iter().map(encoding::key).collect();
            let all = || ids.iter().zip(&keys);
            let before = all().map(|(id, key)| step.stored(id, key)).collect::<Result<Vec<_>, _>>()?;
            let entry = |stored: &Option<Stored>| stored.as_ref().map(|(entry, _)| entry.clone());
            let mut entries: Vec<LedgerEntry> =
                before.iter().map(|stored| entry(stored).unwrap_or_default()).collect();
            change(&mut entries);
            let mut changed = all().zip(before).zip(&entries);
            changed.try_for_each(|(((id, key), before), entry)| step.replace(id, key, before, entry))
        })
    }

    fn join(&self, changes: &[(Id, LedgerEntry)]) -> Result<(), StoreError> {
        let mut changes: Vec<_> =
            changes.iter().map(|(id, change)| (encoding::key(id), id, change)).collect();
        // Neighbours are on the same pages.
        changes.sort_unstable_by(|(key, ..), (other, ..)| key.cmp(other));
        self.change(|step| {
            changes.iter().try_for_each(|(key, id, change)| match step.stored(id, key)? {
                None => step.replace(id, key, None, change),
                Some((before, hash)) => {
                    let mut entry = before.clone();
                    entry.join((*change).clone());
                    step.replace(id, key, Some((before, hash)), &entry)
                }
            })
        })
    }

    fn is_sorted(&self) -> bool {
        true
    }

    fn each(&self, see: &mut dyn FnMut(Id, LedgerEntry) -> bool) -> Result<(), StoreError> {
        let mut damaged = None;
        self.each_row(&mut |row| match row {
            Ok((id, entry, _)) => see(id, entry),
            Err(cause) => {
                damaged = Some(cause);
                false
            }
        })?;
        damaged.map_or(Ok(()), |cause| Err(cause.into()))
    }

    fn check(&self) -> Result<StoreCheck, StoreError> {
        let (marker, _) = self.guarded(|| marker(&self.read()?))?;
        let table = self.guarded(|| Ok(self.read()?.open_table(ENTRIES)?))?;
        let names = self.names();
        // A look-up goes other ways through the file than a walk. If they are damaged, it misses entries that are there.
        let looked_up = |id: &Id| self.guarded(|| Ok(look_up(&table, id, &encoding::key(id), &names)));
        let mut check = StoreCheck { marker: Some(marker), ..StoreCheck::default() };
        self.each_row(&mut |row| {
            let found = row.and_then(|(id, _, hash)| match looked_up(&id)?? {
                Some((_, other)) if other == hash => Ok(hash),
                Some(_) => Err(format!("a look-up finds another entry of `{id}`").into()),
                None => Err(format!("a look-up does not find the entry of `{id}`").into()),
            });
            match found {
                Ok(hash) => {
                    check.entries += 1;
                    check.found.count(hash);
                }
                Err(cause) => check.add_damaged(&cause),
            }
            true
        })?;
        Ok(check)
    }
}

/// A change of the file that is not yet acknowledged.
struct Step<'s, 't> {
    store: &'s FileStore,
    table: Table<'t, &'static [u8], &'static [u8]>,
    names: Names,
    gained: Difference,
    is_changed: bool,
}

/// An entry as it is stored, with its hash.
type Stored = (LedgerEntry, Hash);

fn look_up(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    id: &Id,
    key: &[u8],
    names: &Names,
) -> Result<Option<Stored>, Cause> {
    table.get(key)?.map(|packed| decode(id, packed.value(), names)).transpose()
}

impl FileStore {
    /// Makes a change, which is on the disk when this returns. If `write` fails, nothing is changed.
    fn change(
        &self,
        write: impl FnOnce(&mut Step<'_, '_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Open::Writing(database) = &self.open else {
            return Err(StoreError::new("it is open to be read alone"));
        };
        let transaction = self.guarded(|| Ok(database.begin_write()?))?;
        let (mut marker, names) = self.guarded(|| {
            let table = transaction.open_table(MARKER)?;
            let row = table.get(())?.ok_or(NO_LEDGER)?;
            Marker::decode(row.value())
        })?;
        let (names, gained, is_changed) = {
            let table = self.guarded(|| Ok(transaction.open_table(ENTRIES)?))?;
            let mut step =
                Step { store: self, table, names, gained: Difference::default(), is_changed: false };
            write(&mut step)?;
            (step.names, step.gained, step.is_changed)
        };
        if !is_changed {
            return self.guarded(|| Ok(transaction.abort()?));
        }
        marker.change(gained);
        let row = marker.encode(&names);
        // Names are added before the entries that need them can be read.
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
        self.guarded(|| {
            transaction.open_table(MARKER)?.insert((), row.as_slice())?;
            Ok(transaction.commit()?)
        })
    }
}

impl Step<'_, '_> {
    fn stored(&self, id: &Id, key: &[u8]) -> Result<Option<Stored>, StoreError> {
        self.store.guarded(|| look_up(&self.table, id, key, &self.names))
    }

    /// Puts an entry in the place of what is stored.
    fn replace(
        &mut self,
        id: &Id,
        key: &[u8],
        before: Option<Stored>,
        entry: &LedgerEntry,
    ) -> Result<(), StoreError> {
        let (before, hash) = before.unzip();
        if before.map_or(entry.is_empty(), |before| before == *entry) {
            return Ok(());
        }
        entry.choices.named().for_each(|(name, _)| self.names.add(name));
        let packed = (!entry.is_empty()).then(|| encode(id, entry, &self.names));
        self.store.guarded(|| {
            match &packed {
                Some((packed, _)) => drop(self.table.insert(key, packed.as_slice())?),
                None => drop(self.table.remove(key)?),
            }
            Ok(())
        })?;
        self.gained.replace(hash, packed.map(|(_, hash)| hash));
        self.is_changed = true;
        Ok(())
    }
}

/// From which key on, and up to which.
type Keys = (&'static [u8], Option<&'static [u8]>);

/// All keys, in pairs of parts that together have the order of ids: those that no id has, those of anonymous ids, and those of known ones.
const KEYS: [(Keys, Keys); 3] = [
    ((&[], Some(&[0])), (&[4], None)),
    ((&[0], Some(&[1])), (&[2], Some(&[3]))),
    ((&[1], Some(&[2])), (&[3], Some(&[4]))),
];

/// An entry as it was read, or why it cannot be.
type Row = Result<(Id, LedgerEntry, Hash), Cause>;

impl FileStore {
    /// Calls `see` with each row, in the order of the ids, until it has seen enough. Rows whose keys are damaged come first.
    fn each_row(&self, see: &mut dyn FnMut(Row) -> bool) -> Result<(), StoreError> {
        let names = self.names();
        let table = self.guarded(|| Ok(self.read()?.open_table(ENTRIES)?))?;
        for (one, other) in KEYS {
            let rows = |keys: (&[u8], Option<&[u8]>)| {
                let until = keys.1.map_or(Bound::Unbounded, Bound::Excluded);
                self.guarded(|| Ok(table.range::<&[u8]>((Bound::Included(keys.0), until))?))
            };
            let (mut one, mut other) = (rows(one)?, rows(other)?);
            let (mut next, mut other_next) = (self.next(&mut one, &names)?, self.next(&mut other, &names)?);
            loop {
                let is_first = match (&next, &other_next) {
                    (None, None) => break,
                    (Some(Ok((id, ..))), Some(Ok((other, ..)))) => id < other,
                    (Some(Err(_)), _) | (Some(_), None) => true,
                    (_, Some(_)) => false,
                };
                let row = match is_first {
                    true => mem::replace(&mut next, self.next(&mut one, &names)?),
                    false => mem::replace(&mut other_next, self.next(&mut other, &names)?),
                };
                if !row.is_some_and(&mut *see) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn next(&self, rows: &mut Rows, names: &Names) -> Result<Option<Row>, StoreError> {
        self.guarded(|| {
            let Some(row) = rows.next() else { return Ok(None) };
            let (key, packed) = row?;
            let id = encoding::id(key.value()).ok_or_else(|| Cause::from("the key of an entry is damaged"));
            Ok(Some(id.and_then(|id| {
                let (entry, hash) = decode(&id, packed.value(), names)?;
                Ok((id, entry, hash))
            })))
        })
    }

    /// Writes all entries of a file into a new one, which takes its place. So no byte of an erased entry is left. Returns the number of bytes that the file
    /// had, and that it has.
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::open`], and if an entry is damaged, or if the folder cannot be written to. The file then stays as it was.
    pub fn compact(path: &Path) -> Result<(u64, u64), StoreError> {
        let store = FileStore::open(path)?;
        let path = &fs::canonicalize(path).map_err(StoreError::new)?;
        let before = fs::metadata(path).map_err(StoreError::new)?;
        let (marker, _) = store.guarded(|| marker(&store.read()?))?;
        let new = beside(path);
        let written = store.copy(&new, marker).and_then(|()| {
            fs::set_permissions(&new, before.permissions()).map_err(StoreError::new)?;
            fs::rename(&new, path).map_err(StoreError::new)?;
            sync_folder(path).map_err(StoreError::new)
        });
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written?;
        let after = fs::metadata(path).map_err(StoreError::new)?;
        Ok((before.len(), after.len()))
    }

    /// Writes all entries into a new file.
    fn copy(&self, new: &Path, marker: Marker) -> Result<(), StoreError> {
        let mut database = self.guarded(|| Ok(Database::create(new)?))?;
        let transaction = self.guarded(|| Ok(database.begin_write()?))?;
        let (mut names, mut failure) = (Names::default(), None);
        let mut found = Marker { changes: marker.changes, ..Marker::default() };
        let mut table = self.guarded(|| Ok(transaction.open_table(ENTRIES)?))?;
        self.each_row(&mut |row| {
            let written = row.and_then(|(id, entry, _)| {
                entry.choices.named().for_each(|(name, _)| names.add(name));
                let (packed, hash) = encode(&id, &entry, &names);
                found.count(hash);
                table.insert(encoding::key(&id).as_slice(), packed.as_slice())?;
                Ok(())
            });
            failure = written.err();
            failure.is_none()
        })?;
        drop(table);
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        if found != marker {
            return Err(StoreError::new("entries are missing: `ledger check` says more"));
        }
        self.guarded(|| {
            transaction.open_table(MARKER)?.insert((), marker.encode(&names).as_slice())?;
            transaction.commit()?;
            database.compact()?;
            Ok(())
        })
    }
}

type Rows = redb::Range<'static, &'static [u8], &'static [u8]>;

const NO_LEDGER: &str = "the file is no ledger";

fn marker(transaction: &ReadTransaction) -> Result<(Marker, Names), Cause> {
    let table = transaction.open_table(MARKER).map_err(|error| match error {
        TableError::TableDoesNotExist(_) => Cause::from(NO_LEDGER),
        error => error.into(),
    })?;
    let row = table.get(())?.ok_or(NO_LEDGER)?;
    Marker::decode(row.value())
}
