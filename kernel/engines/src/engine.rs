//! What an engine of the worker offers. Each engine is one module that implements [`Engine`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sql_wire::{SqlFailure, SqlReply, SqlRequest, TableInfo};

/// Class of a failure caused by the user's interrupt.
pub const INTERRUPTED: &str = "Interrupted";

/// An SQL engine. It is used from one thread at a time; its [`Watch`] from another.
pub trait Engine {
    /// Name in requests, for example `duckdb`.
    fn name(&self) -> &'static str;

    /// Name and version for people, for example `DuckDB v1.5.6`.
    fn version(&self) -> &str;

    /// Runs all statements of `request` and returns the result of the last one.
    ///
    /// Fails with the engine's own class and message, or with class `Interrupted` after a cancel.
    fn run(&mut self, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure>;

    /// All tables and views the engine knows.
    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure>;

    /// The handle by which another thread sees progress and interrupts.
    fn watch(&self) -> Arc<dyn Watch>;
}

/// A running query as another thread may touch it.
pub trait Watch: Send + Sync {
    /// Asks the running query to stop; without effect when none runs.
    fn interrupt(&self);

    /// Fraction done, 0 to 1; `None` when the engine cannot tell.
    fn progress(&self) -> Option<f64>;
}

/// The state of one request that is shared with the thread that receives cancels.
#[derive(Debug, Clone, Default)]
pub struct Job {
    cancelled: Arc<AtomicBool>,
}

impl Job {
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Fails with class `Interrupted` once the job is cancelled; for loops of our own.
    pub fn check(&self) -> Result<(), SqlFailure> {
        match self.is_cancelled() {
            true => Err(interrupted()),
            false => Ok(()),
        }
    }
}

/// The failure that answers a cancelled request.
pub fn interrupted() -> SqlFailure {
    failure(INTERRUPTED, "the query was stopped; the tables are kept")
}

/// A failure without a position.
pub fn failure(class: &str, message: impl Into<String>) -> SqlFailure {
    SqlFailure { class: class.to_owned(), message: message.into(), offset: None }
}
