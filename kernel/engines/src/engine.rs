//! What an engine of the worker offers. Each engine is one file or folder that implements [`Engine`];
//! [`engines`](crate::engines) lists them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::sql_wire::{EngineControl, EngineState, SqlFailure, SqlReply, SqlRequest, TableInfo, class};

/// An SQL engine. It is used from one thread at a time; its [`Watch`] from another.
///
/// An engine is opened at its first use, so opening must be cheap: a server is not started and not
/// connected to before a request needs it.
pub trait Engine {
    /// Name in requests, for example `duckdb`.
    fn name(&self) -> &'static str;

    /// Name and version for people, for example `DuckDB v1.5.6`; empty while it is not known. Starts nothing.
    fn version(&self) -> String;

    /// Runs all statements of `request` and returns the result of the last one.
    ///
    /// Fails with the engine's own class and message. After [`Watch::interrupt`] any failure will do: the
    /// caller says whether it was the user or the time limit ([`Job::stopped`]).
    fn run(&mut self, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure>;

    /// All tables and views the engine knows. An engine that is not running has none; it is not started.
    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure>;

    /// Whether it computes in this process, so that its memory is this process's.
    fn runs_here(&self) -> bool {
        true
    }

    /// Gives back what an allocator of its own holds in reserve, before its need of memory is measured.
    fn give_back_memory(&self) {}

    /// The handle by which another thread sees progress and interrupts.
    fn watch(&self) -> Arc<dyn Watch>;

    /// Starts, stops or describes a server; `doing` hears in a few words what takes long.
    ///
    /// Engines inside of the worker have nothing to start: they describe themselves.
    fn control(&mut self, _request: &EngineControl, _job: &Job, _doing: &dyn Fn(&str)) -> Result<EngineState, SqlFailure> {
        Ok(EngineState {
            engine: self.name().to_owned(),
            running: true,
            available: true,
            version: self.version(),
            detail: "runs inside the engine worker".to_owned(),
            ..EngineState::default()
        })
    }
}

/// A running query as another thread may touch it.
pub trait Watch: Send + Sync {
    /// Asks the running query to stop; without effect when none runs. It is asked again until the query has
    /// stopped, since some engines forget an interrupt that comes between two statements.
    fn interrupt(&self);

    /// Fraction done, 0 to 1; `None` when the engine cannot tell.
    fn progress(&self) -> Option<f64> {
        None
    }
}

/// The watch of an engine that looks at its [`Job`] by itself and knows no progress.
pub struct Unwatched;

impl Watch for Unwatched {
    fn interrupt(&self) {}
}

/// The state of one request, shared with the thread that receives cancels.
#[derive(Debug, Clone, Default)]
pub struct Job {
    cancelled: Arc<AtomicBool>,
    limit: Option<Limit>,
}

/// Until when a request may run.
#[derive(Debug, Clone, Copy)]
struct Limit {
    seconds: f64,
    end: Instant,
}

impl Job {
    /// The same job with a time limit that begins now; without one when `seconds` is no sensible time.
    pub fn limited(&self, seconds: Option<f64>) -> Job {
        let limit = |seconds: f64| {
            let end = Instant::now().checked_add(Duration::try_from_secs_f64(seconds.max(0.0)).ok()?)?;
            Some(Limit { seconds, end })
        };
        Job { cancelled: Arc::clone(&self.cancelled), limit: seconds.filter(|s| !s.is_nan()).and_then(limit) }
    }

    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Time left of the limit, zero when it is over; `None` without a limit.
    pub fn remaining(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.end.saturating_duration_since(Instant::now()))
    }

    /// Why the request must stop now: the user's interrupt or its time limit.
    pub fn stopped(&self) -> Option<SqlFailure> {
        if self.cancelled.load(Ordering::Acquire) {
            return Some(interrupted());
        }
        let limit = self.limit.filter(|limit| Instant::now() >= limit.end)?;
        Some(failure(class::TIMEOUT, format!("the query was stopped after the limit of {} s; the tables are kept", limit.seconds)))
    }

    /// Fails once the request must stop; for loops of our own.
    pub fn check(&self) -> Result<(), SqlFailure> {
        self.stopped().map_or(Ok(()), Err)
    }
}

/// The failure that answers a cancelled request.
pub fn interrupted() -> SqlFailure {
    failure(class::INTERRUPTED, "the query was stopped; the tables are kept")
}

/// A failure without a position.
pub fn failure(class: &str, message: impl Into<String>) -> SqlFailure {
    SqlFailure { class: class.to_owned(), message: message.into(), offset: None }
}
