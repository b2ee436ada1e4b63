//! The Arrow tables queries can name. A name that the catalog does not know is looked up here, by a
//! replacement scan: so a table made in SQL wins over an Arrow table of the same name.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ::duckdb::ffi;

use super::adapt::adapt;
use super::arrow_table::{ArrowTable, Scanned};
use super::raw::{Connection, Database, RawResult, text};
use super::table_function::register;
use crate::engine::failure;
use crate::mapping::{Stamp, read};
use crate::sql_wire::{SqlFailure, TableFile, TableInfo};

const FUNCTION: &CStr = c"benchbook_table";

struct Entry {
    path: PathBuf,
    stamp: Stamp,
    table: Arc<ArrowTable>,
}

/// Arrow tables by name.
pub struct Registry {
    connection: Arc<Connection>,
    threads: usize,
    scanned: Arc<Scanned>,
    entries: RwLock<BTreeMap<String, Entry>>,
}

impl Registry {
    /// Makes the registry and tells `database` to ask it. `connection` is used for conversions only.
    pub fn install(database: &Database, connection: &Arc<Connection>, threads: usize) -> RawResult<Arc<Registry>> {
        let registry =
            Arc::new(Registry { connection: Arc::clone(connection), threads, scanned: Arc::default(), entries: RwLock::default() });
        let lookup = Arc::clone(&registry);
        register::<ArrowTable>(connection, FUNCTION, Box::new(move |name| lookup.find(name)))?;
        let extra = Box::into_raw(Box::new(Arc::clone(&registry)));
        // SAFETY: the database is open; `extra` is freed by DuckDB through `free`.
        unsafe { ffi::duckdb_add_replacement_scan(database.handle(), Some(replace), extra.cast(), Some(free)) };
        Ok(registry)
    }

    /// Maps `files` that are new or have changed since they were last given. Of all others, forgets those that are gone and maps
    /// those again that were replaced: a view may name them.
    pub fn load(&self, files: &[TableFile]) -> Result<(), SqlFailure> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).retain(|_, entry| entry.path.exists());
        let is_replaced = |entry: &Entry| Stamp::of(&entry.path).is_ok_and(|stamp| stamp != entry.stamp);
        let others = |name: &str| !files.iter().any(|file| file.name == name);
        let replaced: Vec<TableFile> = self
            .read()
            .iter()
            .filter(|(name, entry)| others(name) && is_replaced(entry))
            .map(|(name, entry)| TableFile { name: name.clone(), path: entry.path.to_string_lossy().into_owned() })
            .collect();
        for file in files.iter().chain(&replaced) {
            let path = Path::new(&file.path);
            let refuse = |why: String| failure("Table Error", format!("table {} cannot be read from {}: {why}", file.name, file.path));
            let stamp = Stamp::of(path).map_err(|error| refuse(error.to_string()))?;
            let known = self.read().get(&file.name).is_some_and(|entry| entry.path == path && entry.stamp == stamp);
            if known {
                continue;
            }
            let (schema, batches) =
                read(path).and_then(|(schema, batches)| adapt(schema, batches)).map_err(|error| refuse(error.to_string()))?;
            let table = ArrowTable::new(&self.connection, &schema, batches, self.threads, &self.scanned).map_err(refuse)?;
            let entry = Entry { path: path.to_owned(), stamp, table: Arc::new(table) };
            self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(file.name.clone(), entry);
        }
        Ok(())
    }

    /// How far the scans of the running request are.
    pub fn scanned(&self) -> &Arc<Scanned> {
        &self.scanned
    }

    /// Names, rows and columns of all tables.
    pub fn list(&self) -> Vec<TableInfo> {
        let info = |(name, entry): (&String, &Entry)| TableInfo {
            engine: String::new(),
            name: name.clone(),
            rows: Some(entry.table.rows() as u64),
            columns: entry.table.columns(),
        };
        self.read().iter().map(info).collect()
    }

    fn find(&self, name: &str) -> Option<Arc<ArrowTable>> {
        let entries = self.read();
        let ignoring_case = || entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, entry)| entry);
        entries.get(name).or_else(ignoring_case).map(|entry| Arc::clone(&entry.table))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Called for each table name that the catalog does not know.
unsafe extern "C" fn replace(info: ffi::duckdb_replacement_scan_info, name: *const c_char, registry: *mut c_void) {
    // A panic must not cross into C; the name then stays unknown.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: DuckDB passes a valid info, a C string, and the registry given at installation.
        unsafe {
            let registry = &*registry.cast::<Arc<Registry>>();
            if registry.find(&text(name)).is_none() {
                return;
            }
            ffi::duckdb_replacement_scan_set_function_name(info, FUNCTION.as_ptr());
            let mut argument = ffi::duckdb_create_varchar(name);
            ffi::duckdb_replacement_scan_add_parameter(info, argument);
            ffi::duckdb_destroy_value(&mut argument);
        }
    }));
}

unsafe extern "C" fn free(registry: *mut c_void) {
    // SAFETY: `registry` came from `Box::into_raw` in `install` and is freed once.
    drop(unsafe { Box::from_raw(registry.cast::<Arc<Registry>>()) });
}
