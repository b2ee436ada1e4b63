//! SQLite: one connection in memory that lives as long as the worker.
//!
//! SQLite reads only its own format, so tables given as files are copied into it, once for each version of the file. They
//! lie in an attached database: a table made in SQL, which lies in `main`, wins over one of the same name.
//!
//! Phases: `plan` is the preparation of the statements. SQLite produces a row in each step, so `execute` is the
//! time spent in steps, and `fetch` the time to copy the values out and to write them as Arrow.

mod column;
mod explain;
mod failure;
mod indexes;
mod load;
mod params;
mod query;
mod source;

use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, InterruptHandle};

use crate::engine::{Engine, Job, Watch, failure as failed};
use crate::limits;
use crate::planned::PlannedText;
use crate::sql_wire::{Column, Plan, SqlFailure, SqlReply, SqlRequest, TableInfo, class};

use load::Loaded;

/// The engine `sqlite`. A database file is used by `ATTACH 'file.sqlite' AS name` in SQL. A cold run copies its tables
/// again; there is nothing to open, since a connection in memory is the database.
pub struct Sqlite {
    connection: Connection,
    loaded: Loaded,
    watch: Arc<SqliteWatch>,
}

impl Sqlite {
    /// Opens an empty database.
    ///
    /// # Errors
    /// Class `Unavailable`, when SQLite does not start.
    pub fn open() -> Result<Sqlite, SqlFailure> {
        let start = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_in_memory()?;
            // Sorting may use 64 MiB before it goes to a file. Nobody else reads this database, and it need not survive.
            connection.execute_batch("PRAGMA cache_size = -65536; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = OFF")?;
            if let Some(bytes) = limits::memory_bytes() {
                connection.query_row(&format!("PRAGMA hard_heap_limit = {bytes}"), [], |_| Ok(()))?;
            }
            Ok(connection)
        };
        let connection = start().map_err(|error| failed(class::UNAVAILABLE, format!("SQLite does not start: {error}")))?;
        let loaded = Loaded::attach(&connection).map_err(failure::plain)?;
        let watch = Arc::new(SqliteWatch(connection.get_interrupt_handle()));
        Ok(Sqlite { connection, loaded, watch })
    }
}

impl Engine for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn version(&self) -> String {
        format!("SQLite v{}", rusqlite::version())
    }

    fn run(&mut self, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure> {
        let prefix = match request.plan {
            Plan::No => "",
            Plan::Explain => "EXPLAIN QUERY PLAN ",
            Plan::Analyze => {
                let message = "SQLite gives no times per step of a plan; `--explain` shows the plan, `%%timeit` measures the whole";
                return Err(failed(class::UNSUPPORTED, message));
            }
        };
        if request.cold {
            self.loaded.forget(&request.tables);
        }
        let start = Instant::now();
        let (moved, mut notes) = self.loaded.load(&self.connection, &request.tables, job)?;
        notes.extend(self.loaded.index(&self.connection, &request.sql)?);
        let load = (!request.tables.is_empty()).then(|| start.elapsed().as_secs_f64());
        let text = PlannedText::new(&request.sql, prefix);
        let mut reply = query::run(&self.connection, &text, request, job)?;
        notes.append(&mut reply.notes);
        reply.notes = notes;
        reply.phases.load = load;
        reply.loaded = moved;
        reply.threads = 1;
        reply.engine_version = self.version();
        Ok(reply)
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure> {
        list(&self.connection).map_err(failure::plain)
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::clone(&self.watch) as Arc<dyn Watch>
    }
}

struct SqliteWatch(InterruptHandle);

impl Watch for SqliteWatch {
    fn interrupt(&self) {
        self.0.interrupt();
    }
}

/// Tables and views of all attached databases, by the shortest name that finds them. Rows are not counted: SQLite would scan.
fn list(connection: &Connection) -> rusqlite::Result<Vec<TableInfo>> {
    let mut statement = connection.prepare(
        "SELECT l.schema, l.name, c.name, c.type
         FROM pragma_table_list AS l, pragma_table_xinfo(l.name, l.schema) AS c
         WHERE l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.type IN ('table', 'view') AND c.hidden <> 1
         ORDER BY l.schema = 'published', l.schema, l.name, c.cid",
    )?;
    let mut rows = statement.query([])?;
    let mut tables: Vec<TableInfo> = Vec::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let (schema, table, column, declared): (String, String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let column = Column { name: column, type_name: declared };
        let key = (schema, table);
        if last.as_ref() == Some(&key) {
            tables.last_mut().into_iter().for_each(|table| table.columns.push(column.clone()));
            continue;
        }
        let (schema, table) = &key;
        let name = match schema.as_str() {
            "main" | "temp" | load::SCHEMA => table.clone(),
            other => format!("{other}.{table}"),
        };
        tables.push(TableInfo { engine: String::new(), name, rows: None, columns: vec![column] });
        last = Some(key);
    }
    let mut seen = std::collections::HashSet::new();
    tables.retain(|table| seen.insert(table.name.to_lowercase()));
    Ok(tables)
}
