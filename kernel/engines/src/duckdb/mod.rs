//! DuckDB: one in-memory database that lives as long as the worker.

mod adapt;
mod arrow_out;
mod arrow_table;
mod chunk_table;
mod failure;
mod params;
mod plan;
mod query;
mod raw;
mod registry;
mod render;
mod result;
mod settings;
mod split;
mod table_function;
mod tables;
mod types;

use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Engine, Job, Watch, failure};
use crate::limits;
use crate::spill::SpillDir;
use crate::sql_wire::{SqlFailure, SqlReply, SqlRequest, TableInfo, class};

use arrow_table::Scanned;
use chunk_table::Shown;
use plan::PlannedText;
use raw::{Connection, Database, RawResult};
use registry::Registry;

/// The engine `duckdb`. Tables made in SQL stay until the worker ends; relative paths are those of
/// the working directory, so `FROM 'trades.parquet'` reads the file where it lies.
pub struct DuckDb {
    // Fields are dropped in this order: connections before what they use.
    connection: Arc<Connection>,
    registry: Arc<Registry>,
    shown: Shown,
    version: String,
    _spill: SpillDir,
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
        settings::apply(&connection, threads, &spill)?;
        // SAFETY: a constant text of the library.
        let version = unsafe { raw::text(::duckdb::ffi::duckdb_library_version()) };
        Ok(DuckDb { connection, registry, shown, version: format!("DuckDB {version}"), _spill: spill })
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
        self.registry.scanned().reset();
        let start = Instant::now();
        self.registry.load(&request.tables)?;
        let load = (!request.tables.is_empty()).then(|| start.elapsed().as_secs_f64());
        let text = PlannedText::new(&request.sql, request.plan);
        let query = query::Query { connection: &self.connection, shown: &self.shown, text: &text, request, job };
        let mut reply = query.run()?;
        reply.phases.load = load;
        reply.threads = settings::threads(&self.connection).unwrap_or_else(limits::threads);
        reply.engine_version.clone_from(&self.version);
        Ok(reply)
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure> {
        let none = PlannedText::new("", crate::sql_wire::Plan::No);
        let mut tables = tables::list(&self.connection).map_err(|error| failure::parse(&error, &none))?;
        let shadowed: Vec<String> = tables.iter().map(|table| table.name.to_lowercase()).collect();
        tables.extend(self.registry.list().into_iter().filter(|table| !shadowed.contains(&table.name.to_lowercase())));
        Ok(tables)
    }

    fn watch(&self) -> Arc<dyn Watch> {
        let (connection, scanned) = (Arc::clone(&self.connection), Arc::clone(self.registry.scanned()));
        Arc::new(DuckDbWatch { connection, scanned })
    }
}

/// The running query as the watching thread sees it.
struct DuckDbWatch {
    connection: Arc<Connection>,
    scanned: Arc<Scanned>,
}

impl Watch for DuckDbWatch {
    fn interrupt(&self) {
        self.connection.interrupt();
    }

    /// DuckDB's own figure, or, where it has none, how far the scans of Arrow tables are.
    fn progress(&self) -> Option<f64> {
        self.connection.progress().filter(|fraction| *fraction > 0.0).or_else(|| self.scanned.fraction())
    }
}
