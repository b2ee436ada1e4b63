//! The files queries can name as tables. A name that the catalog does not know is looked up here, by a
//! replacement scan: so a table made in SQL wins over a file of the same name. Arrow files are mapped and scanned by us;
//! all others are read by DuckDB's own function for them, in each query anew.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStringExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ::duckdb::ffi;

use super::adapt::adapt;
use super::arrow_table::{ArrowTable, Scanned};
use super::raw::{Connection, Database, RawResult, text};
use super::reader;
use super::table_function::register;
use super::types;
use crate::engine::failure;
use crate::mapping::{Stamp, read};
use crate::sql_wire::{Column, SqlFailure, TableFile, TableInfo};

const FUNCTION: &CStr = c"benchbook_table";

struct Entry {
    path: PathBuf,
    stamp: Stamp,
    source: Source,
}

/// Where the rows come from.
#[derive(Clone)]
enum Source {
    Arrow(Arc<ArrowTable>),
    /// DuckDB's function of this name reads the entry's path.
    Function(&'static str),
}

/// Tables in files, by name.
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
            let source = match reader::function(path) {
                Some(function) => Source::Function(function),
                None => Source::Arrow(Arc::new(self.map(path).map_err(refuse)?)),
            };
            let entry = Entry { path: path.to_owned(), stamp, source };
            self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(file.name.clone(), entry);
        }
        Ok(())
    }

    fn map(&self, path: &Path) -> RawResult<ArrowTable> {
        let (schema, batches) = read(path).and_then(|(schema, batches)| adapt(schema, batches)).map_err(|error| error.to_string())?;
        ArrowTable::new(&self.connection, &schema, batches, self.threads, &self.scanned)
    }

    /// Forgets `files`, so that they are mapped again when they are loaded next.
    pub fn forget(&self, files: &[TableFile]) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        files.iter().for_each(|file| drop(entries.remove(&file.name)));
    }

    /// How far the scans of the running request are.
    pub fn scanned(&self) -> &Arc<Scanned> {
        &self.scanned
    }

    /// Names, rows and columns of all tables; rows where they are known without reading.
    pub fn list(&self) -> Vec<TableInfo> {
        let info = |(name, entry): (&String, &Entry)| {
            let (rows, columns) = match &entry.source {
                Source::Arrow(table) => (Some(table.rows() as u64), table.columns()),
                // A file that cannot be read any more has no columns to complete.
                Source::Function(function) => (None, self.columns(function, &entry.path).unwrap_or_default()),
            };
            TableInfo { engine: String::new(), name: name.clone(), rows, columns }
        };
        self.read().iter().map(info).collect()
    }

    fn columns(&self, function: &str, path: &Path) -> RawResult<Vec<Column>> {
        let path = path.display().to_string().replace('\'', "''");
        let columns = self.connection.query(&format!("FROM {function}('{path}') LIMIT 0"))?.columns();
        Ok(columns.into_iter().map(|(name, logical)| Column { name, type_name: types::name(&logical) }).collect())
    }

    /// The mapped table of this name.
    fn find(&self, name: &str) -> Option<Arc<ArrowTable>> {
        match self.source(name)?.0 {
            Source::Arrow(table) => Some(table),
            Source::Function(_) => None,
        }
    }

    fn source(&self, name: &str) -> Option<(Source, PathBuf)> {
        let entries = self.read();
        let ignoring_case = || entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, entry)| entry);
        entries.get(name).or_else(ignoring_case).map(|entry| (entry.source.clone(), entry.path.clone()))
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
            // What the function is asked for: our own the table's name, DuckDB's the path.
            let (function, argument) = match registry.source(&text(name)) {
                None => return,
                Some((Source::Arrow(_), _)) => (FUNCTION.to_owned(), CStr::from_ptr(name).to_owned()),
                Some((Source::Function(function), path)) => {
                    match (CString::new(function), CString::new(path.into_os_string().into_vec())) {
                        (Ok(function), Ok(path)) => (function, path),
                        _ => return,
                    }
                }
            };
            ffi::duckdb_replacement_scan_set_function_name(info, function.as_ptr());
            let mut argument = ffi::duckdb_create_varchar(argument.as_ptr());
            ffi::duckdb_replacement_scan_add_parameter(info, argument);
            ffi::duckdb_destroy_value(&mut argument);
        }
    }));
}

unsafe extern "C" fn free(registry: *mut c_void) {
    // SAFETY: `registry` came from `Box::into_raw` in `install` and is freed once.
    drop(unsafe { Box::from_raw(registry.cast::<Arc<Registry>>()) });
}
