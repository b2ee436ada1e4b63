//! Copies files into SQLite's own store, once for each version of a file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use ::duckdb::arrow::array::RecordBatch;
use ::duckdb::arrow::datatypes::Schema;
use rusqlite::{Connection, Statement};

use super::failure::plain;
use super::indexes;
use super::source::{Lack, cell, declared, prepare};
use crate::arrow_reply::bytes;
use crate::duckdb::each_batch;
use crate::engine::{Job, failure};
use crate::mapping::Stamp;
use crate::sql_wire::{Moved, SqlFailure, TableFile};

/// The attached database that has the copies.
pub const SCHEMA: &str = "published";
/// Most parameters of one statement.
const PARAMETERS: usize = 32_766;
/// Most rows of one `INSERT`: a statement costs as much as some rows, and more rows gain nothing.
const ROWS: usize = 32;

/// The files that are copied already.
pub struct Loaded(HashMap<String, Version>);

struct Version {
    path: PathBuf,
    stamp: Stamp,
    notes: Vec<String>,
    columns: Vec<String>,
    /// Columns with an index.
    indexed: BTreeSet<String>,
}

impl Loaded {
    pub fn attach(connection: &Connection) -> rusqlite::Result<Loaded> {
        connection.execute_batch(&format!("ATTACH ':memory:' AS {SCHEMA}; PRAGMA {SCHEMA}.journal_mode = MEMORY"))?;
        Ok(Loaded(HashMap::new()))
    }

    /// Forgets `files`, so that they are copied again when they are loaded next.
    pub fn forget(&mut self, files: &[TableFile]) {
        files.iter().for_each(|file| drop(self.0.remove(&file.name)));
    }

    /// Copies `files` that are new or have changed. Returns what was copied, if anything was, and the notes on all of them.
    pub fn load(&mut self, connection: &Connection, files: &[TableFile], job: &Job) -> Result<(Option<Moved>, Vec<String>), SqlFailure> {
        let mut moved = None;
        let mut notes = Vec::new();
        for file in files {
            let path = Path::new(&file.path);
            let refuse = |why: String| failure("Table Error", format!("table {} cannot be read from {}: {why}", file.name, file.path));
            let stamp = Stamp::of(path).map_err(|error| refuse(error.to_string()))?;
            let known = self.0.get(&file.name).is_some_and(|version| version.path == path && version.stamp == stamp);
            if !known {
                self.0.remove(&file.name);
                let (copied, columns, told) = copy(connection, file, job).map_err(|failure| match failure.class.as_str() {
                    "Table Error" => refuse(failure.message),
                    _ => failure,
                })?;
                let total: &mut Moved = moved.get_or_insert_default();
                total.rows += copied.rows;
                total.bytes += copied.bytes;
                self.0.insert(file.name.clone(), Version { path: path.to_owned(), stamp, notes: told, columns, indexed: BTreeSet::new() });
            }
            notes.extend(self.0.get(&file.name).iter().flat_map(|version| version.notes.clone()));
        }
        Ok((moved, notes))
    }

    /// Makes the indexes that correlated subqueries of `sql` need and that are not there; returns the notes on all that they use.
    pub fn index(&mut self, connection: &Connection, sql: &str) -> Result<Vec<String>, SqlFailure> {
        // Most queries have no subquery, and reading one takes longer than many a query.
        if sql.to_ascii_lowercase().matches("select").count() < 2 {
            return Ok(Vec::new());
        }
        let known: Vec<indexes::Known<'_>> = self.0.iter().map(|(name, version)| (name.as_str(), version.columns.as_slice())).collect();
        let mut notes = Vec::new();
        for (table, column) in indexes::wanted(sql, &known) {
            let Some(version) = self.0.get_mut(&table) else { continue };
            if !version.indexed.contains(&column) {
                let index = quoted(&format!("{table} by {column}"));
                let sql = format!("CREATE INDEX IF NOT EXISTS {SCHEMA}.{index} ON {} ({})", quoted(&table), quoted(&column));
                connection.execute_batch(&sql).map_err(plain)?;
                version.indexed.insert(column.clone());
            }
            notes.push(format!("a correlated subquery uses an index on {table}({column}), which was made for it in phase load"));
        }
        Ok(notes)
    }
}

/// Copies one file in one transaction; returns what was copied, the columns, and notes. Without success nothing of it stays.
fn copy(connection: &Connection, file: &TableFile, job: &Job) -> Result<(Moved, Vec<String>, Vec<String>), SqlFailure> {
    let transaction = Transaction::begin(connection)?;
    let mut copied = Moved::default();
    let (mut columns, mut notes) = (Vec::new(), Vec::new());
    let mut made = false;
    each_batch(Path::new(&file.path), &mut |schema, batch| {
        if !made {
            notes = create(connection, &file.name, schema)?;
            columns = schema.fields().iter().map(|field| field.name().clone()).collect();
            made = true;
        }
        let Some(batch) = batch else { return Ok(()) };
        job.check()?;
        insert(connection, &file.name, batch)?;
        copied.rows += batch.num_rows() as u64;
        copied.bytes += bytes(batch);
        Ok(())
    })?;
    transaction.commit()?;
    Ok((copied, columns, notes))
}

/// A transaction that is rolled back unless it is committed.
struct Transaction<'c> {
    connection: &'c Connection,
    name: &'static str,
    open: bool,
}

impl<'c> Transaction<'c> {
    /// A savepoint, which also works inside of a transaction that the user has begun.
    fn begin(connection: &'c Connection) -> Result<Transaction<'c>, SqlFailure> {
        connection.execute_batch("SAVEPOINT benchbook_load").map_err(plain)?;
        Ok(Transaction { connection, name: "benchbook_load", open: true })
    }

    fn commit(mut self) -> Result<(), SqlFailure> {
        self.connection.execute_batch(&format!("RELEASE {}", self.name)).map_err(plain)?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open {
            // When this fails, SQLite has rolled back by itself.
            let _ = self.connection.execute_batch(&format!("ROLLBACK TO {0}; RELEASE {0}", self.name));
        }
    }
}

/// Makes the empty table; returns the notes on its columns.
fn create(connection: &Connection, name: &str, schema: &Schema) -> Result<Vec<String>, SqlFailure> {
    let (mut columns, mut lacks) = (Vec::new(), BTreeMap::<Lack, Vec<&str>>::new());
    for field in schema.fields() {
        let (declared, lack) = declared(field.data_type());
        columns.push(format!("{} {declared}", quoted(field.name())));
        lack.into_iter().for_each(|lack| lacks.entry(lack).or_default().push(field.name()));
    }
    if columns.is_empty() {
        return Err(failure("Table Error", "a table of SQLite needs a column"));
    }
    let table = format!("{SCHEMA}.{}", quoted(name));
    let sql = format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({})", columns.join(", "));
    connection.execute_batch(&sql).map_err(plain)?;
    let note = |((lacking, instead), columns): (Lack, Vec<&str>)| {
        let are = if columns.len() == 1 { "is" } else { "are" };
        format!("SQLite has no {lacking}: in table {name}, {} {are} {instead}", columns.join(", "))
    };
    Ok(lacks.into_iter().map(note).collect())
}

fn insert(connection: &Connection, name: &str, batch: &RecordBatch) -> Result<(), SqlFailure> {
    let columns = batch.columns().iter().map(prepare).collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(|error| failure("Table Error", error.to_string()))?;
    let cells: Vec<_> = columns.iter().map(|column| cell(column.as_ref())).collect();
    let chunk = (PARAMETERS / cells.len()).clamp(1, ROWS);
    let prepare = |rows: usize| {
        let row = format!("({})", vec!["?"; cells.len()].join(","));
        let sql = format!("INSERT INTO {SCHEMA}.{} VALUES {}", quoted(name), vec![row.as_str(); rows].join(","));
        connection.prepare(&sql).map_err(plain)
    };
    let bind = |statement: &mut Statement<'_>, first: usize, rows: usize| -> rusqlite::Result<()> {
        let mut parameter = 0;
        for row in first..first + rows {
            for cell in &cells {
                parameter += 1;
                statement.raw_bind_parameter(parameter, cell(row))?;
            }
        }
        statement.raw_execute().map(drop)
    };
    let whole = batch.num_rows() / chunk * chunk;
    if whole > 0 {
        let mut statement = prepare(chunk)?;
        (0..whole).step_by(chunk).try_for_each(|first| bind(&mut statement, first, chunk)).map_err(plain)?;
    }
    let rest = batch.num_rows() - whole;
    if rest > 0 {
        bind(&mut prepare(rest)?, whole, rest).map_err(plain)?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
