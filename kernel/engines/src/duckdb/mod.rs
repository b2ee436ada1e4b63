//! DuckDB: one in-memory database that lives as long as the worker.

mod adapt;
mod allocator;
mod arrow_out;
mod arrow_table;
mod chunk_table;
mod failure;
mod params;
mod query;
mod raw;
mod reader;
mod registry;
mod render;
mod result;
mod settings;
mod table_function;
mod tables;
mod types;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::engine::{Engine, Job, Watch, failure};
use crate::limits;
use crate::planned::PlannedText;
use crate::spill::SpillDir;
use crate::sql_wire::{Plan, SqlFailure, SqlReply, SqlRequest, TableInfo, class};

use arrow_table::Scanned;
use chunk_table::Shown;
use raw::{Connection, Database, RawResult};
use registry::Registry;

pub use reader::each_batch;

/// The engine `duckdb`. Tables made in SQL stay until the worker ends; relative paths are those of
/// the working directory, so `FROM 'trades.parquet'` reads the file where it lies.
///
/// A cold run maps its tables again and has a connection of its own, without the settings, temporary tables and open
/// transaction of the one before. Files read by DuckDB's own functions are read in phase `execute`.
pub struct DuckDb {
    // Fields are dropped in this order: connections before what they use.
    connection: Arc<Connection>,
    /// The connection of the query that runs now.
    running: Arc<Mutex<Arc<Connection>>>,
    registry: Arc<Registry>,
    shown: Shown,
    database: Arc<Database>,
    threads: Threads,
    version: String,
    _spill: SpillDir,
}

/// Threads that queries may use.
struct Threads {
    now: usize,
    /// Without a budget in the request: all of the machine, or what the user has said in SQL.
    usual: usize,
}

impl DuckDb {
    /// Opens an empty database.
    ///
    /// # Errors
    /// Class `Unavailable`, when DuckDB does not start.
    pub fn open() -> Result<DuckDb, SqlFailure> {
        DuckDb::start().map_err(|message| failure(class::UNAVAILABLE, format!("DuckDB does not start: {}", failure::plain(&message))))
    }

    fn start() -> RawResult<DuckDb> {
        let threads = limits::threads();
        let spill = SpillDir::create().map_err(|error| format!("no directory for spilling: {error}"))?;
        let database = Arc::new(Database::in_memory()?);
        let connection = Arc::new(Connection::open(&database)?);
        // Conversions run inside of queries, so they have a connection of their own.
        let helper = Arc::new(Connection::open(&database)?);
        let registry = Registry::install(&database, &helper, threads)?;
        let shown = Shown::install(&connection)?;
        settings::database(&connection, threads, &spill)?;
        settings::connection(&connection)?;
        // SAFETY: a constant text of the library.
        let version = unsafe { raw::text(::duckdb::ffi::duckdb_library_version()) };
        let running = Arc::new(Mutex::new(Arc::clone(&connection)));
        let threads = Threads { now: threads, usual: threads };
        Ok(DuckDb { connection, running, registry, shown, database, threads, version: format!("DuckDB {version}"), _spill: spill })
    }

    /// A connection for a cold run.
    fn connect(&self) -> RawResult<Arc<Connection>> {
        let connection = Connection::open(&self.database)?;
        settings::connection(&connection)?;
        Ok(Arc::new(connection))
    }

    /// Says which connection an interrupt is for.
    fn set_running(&self, connection: &Arc<Connection>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(connection);
    }

    fn use_threads(&mut self, budget: Option<usize>) -> RawResult<()> {
        let wanted = budget.unwrap_or(self.threads.usual).max(1);
        if wanted != self.threads.now {
            settings::set_threads(&self.connection, wanted)?;
            self.threads.now = wanted;
        }
        Ok(())
    }

    /// Looks whether `sql` has changed the number of threads; asking DuckDB costs as much as a small query.
    fn see_threads(&mut self, sql: &str, budget: Option<usize>) {
        if sql.to_ascii_lowercase().contains("threads") {
            self.threads.now = settings::threads(&self.connection).unwrap_or(self.threads.now);
            if budget.is_none() {
                self.threads.usual = self.threads.now;
            }
        }
    }
}

impl Engine for DuckDb {
    fn name(&self) -> &'static str {
        "duckdb"
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn run(&mut self, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure> {
        let prefix = match request.plan {
            Plan::No => "",
            Plan::Explain => "EXPLAIN ",
            Plan::Analyze => "EXPLAIN ANALYZE ",
        };
        let text = PlannedText::new(&request.sql, prefix);
        let fail = |error: String| failure::parse(&error, &text);
        self.use_threads(request.threads).map_err(fail)?;
        self.registry.scanned().reset();
        let start = Instant::now();
        let (connection, open) = match request.cold {
            true => {
                self.registry.forget(&request.tables);
                let connection = self.connect().map_err(fail)?;
                (connection, Some(start.elapsed().as_secs_f64()))
            }
            false => (Arc::clone(&self.connection), None),
        };
        let start = Instant::now();
        self.registry.load(&request.tables)?;
        let load = (!request.tables.is_empty()).then(|| start.elapsed().as_secs_f64());
        self.set_running(&connection);
        let query = query::Query { connection: &connection, shown: &self.shown, text: &text, request, job };
        let reply = query.run();
        self.set_running(&self.connection);
        self.see_threads(&request.sql, request.threads);
        let mut reply = reply?;
        reply.phases.open = open;
        reply.phases.load = load;
        reply.threads = self.threads.now;
        reply.engine_version.clone_from(&self.version);
        Ok(reply)
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure> {
        let none = PlannedText::new("", "");
        let mut tables = tables::list(&self.connection).map_err(|error| failure::parse(&error, &none))?;
        let shadowed: Vec<String> = tables.iter().map(|table| table.name.to_lowercase()).collect();
        tables.extend(self.registry.list().into_iter().filter(|table| !shadowed.contains(&table.name.to_lowercase())));
        Ok(tables)
    }

    fn give_back_memory(&self) {
        allocator::purge();
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::new(DuckDbWatch { running: Arc::clone(&self.running), scanned: Arc::clone(self.registry.scanned()) })
    }
}

/// The running query as the watching thread sees it.
struct DuckDbWatch {
    running: Arc<Mutex<Arc<Connection>>>,
    scanned: Arc<Scanned>,
}

impl DuckDbWatch {
    fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watch for DuckDbWatch {
    fn interrupt(&self) {
        self.connection().interrupt();
    }

    /// DuckDB's own figure, or, where it has none, how far the scans of Arrow tables are.
    fn progress(&self) -> Option<f64> {
        self.connection().progress().filter(|fraction| *fraction > 0.0).or_else(|| self.scanned.fraction())
    }
}
