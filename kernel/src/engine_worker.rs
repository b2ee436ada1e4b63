//! The engine worker as the kernel sees it: a child process that runs SQL, started at the first
//! request, stopped on interrupt, and replaced when it dies.

mod error;
mod process;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use magics::sql_wire::{
    CompareRequest, Comparison, EngineControl, EngineState, FromEngine, SqlFailure, SqlReply, SqlRequest, TableInfo, ToEngine, class,
};

pub use error::EngineError;
use process::{Next, Process};
pub(crate) use process::{describe, keep_end};

/// How often an interrupt is looked for.
const POLL: Duration = Duration::from_millis(50);
/// How long the worker may take to stop a query; then it is killed.
const STOP: Duration = Duration::from_secs(1);
/// How long the worker may take to start.
const START: Duration = Duration::from_secs(30);
/// How long a listing of tables may take that nobody asked for.
const LISTING: Duration = Duration::from_secs(2);

/// The engine worker, running or not.
pub struct EngineWorker {
    program: PathBuf,
    library_dir: PathBuf,
    session_dir: PathBuf,
    process: Option<Process>,
    next_id: u64,
    /// Tables made in SQL, as far as is known: what is lost when the worker dies.
    tables: BTreeSet<String>,
    /// Names that stand for Arrow files: those are not lost.
    published: BTreeSet<String>,
    notice: Option<String>,
}

impl EngineWorker {
    /// A worker that will run `program` (`benchbook-engines`) with `libduckdb.so` from `library_dir`.
    /// `session_dir` is the data plane's directory. Nothing is started yet.
    pub fn new(program: PathBuf, library_dir: PathBuf, session_dir: PathBuf) -> EngineWorker {
        EngineWorker {
            program,
            library_dir,
            session_dir,
            process: None,
            next_id: 0,
            tables: BTreeSet::new(),
            published: BTreeSet::new(),
            notice: None,
        }
    }

    /// Runs `request` and waits. `on_progress` gets fractions of 0 to 1; `cancelled` is asked every 50 ms.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when the engine refuses the SQL or was interrupted (class `Interrupted`),
    /// [`EngineError::Died`] when the worker ended or had to be killed, [`EngineError::NotFound`] when
    /// it is not built. After any of them the next call works, with a fresh worker if need be.
    pub fn run(
        &mut self,
        request: &SqlRequest,
        on_progress: &mut dyn FnMut(f64),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<SqlReply, EngineError> {
        self.start(cancelled)?;
        let id = self.send(|id| ToEngine::Run { id, request: request.clone() })?;
        self.published.extend(request.tables.iter().map(|table| table.name.clone()));
        let result = self.wait(id, on_progress, &mut |_| {}, cancelled);
        let ended_a_child = matches!(&result, Ok(FromEngine::Failed { failure, .. }) if loses_tables(&request.engine, &failure.class));
        if self.process.is_some() && (may_change_tables(&request.sql) || ended_a_child) {
            self.remember_tables();
        }
        match result? {
            FromEngine::Done { reply, .. } => Ok(reply),
            FromEngine::Failed { failure, .. } => Err(EngineError::Failed(failure)),
            other => Err(unexpected(&other)),
        }
    }

    /// The tables the engines know; none when no worker runs, since then there are none.
    ///
    /// # Errors
    /// As for [`EngineWorker::run`].
    pub fn tables(&mut self) -> Result<Vec<TableInfo>, EngineError> {
        if !self.is_running() {
            return Ok(Vec::new());
        }
        let id = self.send(|id| ToEngine::Tables { id })?;
        let asked = Instant::now();
        match self.wait(id, &mut |_| {}, &mut |_| {}, &|| asked.elapsed() > LISTING)? {
            FromEngine::TableList { tables, .. } => Ok(tables),
            FromEngine::Failed { failure, .. } => Err(EngineError::Failed(failure)),
            other => Err(unexpected(&other)),
        }
    }

    /// Compares stored results with the first of them.
    ///
    /// # Errors
    /// As for [`EngineWorker::run`].
    pub fn compare(&mut self, request: &CompareRequest, cancelled: &dyn Fn() -> bool) -> Result<Vec<Comparison>, EngineError> {
        self.start(cancelled)?;
        let id = self.send(|id| ToEngine::Compare { id, request: request.clone() })?;
        match self.wait(id, &mut |_| {}, &mut |_| {}, cancelled)? {
            FromEngine::Compared { comparisons, .. } => Ok(comparisons),
            FromEngine::Failed { failure, .. } => Err(EngineError::Failed(failure)),
            other => Err(unexpected(&other)),
        }
    }

    /// Starts, stops or describes engines; `on_doing` hears what the worker is doing.
    ///
    /// # Errors
    /// As for [`EngineWorker::run`].
    pub fn control(
        &mut self,
        request: &EngineControl,
        on_doing: &mut dyn FnMut(&str),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<EngineState>, EngineError> {
        self.start(cancelled)?;
        let id = self.send(|id| ToEngine::Control { id, request: request.clone() })?;
        match self.wait(id, &mut |_| {}, on_doing, cancelled)? {
            FromEngine::States { states, .. } => Ok(states),
            FromEngine::Failed { failure, .. } => Err(EngineError::Failed(failure)),
            other => Err(unexpected(&other)),
        }
    }

    /// Process number of the running worker.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Directory of the data plane.
    pub fn session_dir(&self) -> &Path {
        &self.session_dir
    }

    /// What the user should be told since the last call: that the worker died between two cells,
    /// what was lost and what was kept.
    pub fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    /// Ends the worker: politely, and after a second by force. Tables made in SQL are gone with it.
    pub fn shutdown(&mut self) {
        self.tables.clear();
        self.published.clear();
        if let Some(process) = self.process.take() {
            process.close(STOP);
        }
    }

    fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| !process.has_ended())
    }

    /// Starts the worker unless it runs. One that died unnoticed leaves a notice.
    fn start(&mut self, cancelled: &dyn Fn() -> bool) -> Result<(), EngineError> {
        if self.is_running() {
            return Ok(());
        }
        if self.process.is_some() {
            let error = self.died(None);
            self.notice = Some(format!("{error}\nA fresh engine worker was started."));
        }
        let process = Process::spawn(&self.program, &self.library_dir, &self.session_dir)?;
        self.process = Some(process);
        let deadline = Instant::now() + START;
        loop {
            match self.next() {
                Next::Event(FromEngine::Ready { .. }) => return Ok(()),
                Next::Event(_) => {}
                Next::Ended => return Err(self.died(None)),
                Next::Nothing if cancelled() => {
                    // Nothing has run yet, so nothing is lost by ending it.
                    self.shutdown();
                    return Err(EngineError::Failed(interrupted()));
                }
                Next::Nothing if Instant::now() > deadline => {
                    return Err(self.died(Some("it did not get ready within 30 s".to_owned())));
                }
                Next::Nothing => {}
            }
        }
    }

    fn send(&mut self, message: impl FnOnce(u64) -> ToEngine) -> Result<u64, EngineError> {
        self.next_id += 1;
        let id = self.next_id;
        let message = message(id);
        let sent = self.process.as_mut().is_some_and(|process| process.send(&message));
        match sent {
            true => Ok(id),
            false => Err(self.died(None)),
        }
    }

    /// Waits for the answer to request `id`.
    fn wait(
        &mut self,
        id: u64,
        on_progress: &mut dyn FnMut(f64),
        on_doing: &mut dyn FnMut(&str),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<FromEngine, EngineError> {
        let mut stopping: Option<Instant> = None;
        loop {
            match self.next() {
                Next::Event(FromEngine::Progress { id: of, fraction }) if of == id => on_progress(fraction),
                Next::Event(FromEngine::Doing { id: of, what }) if of == id => on_doing(&what),
                Next::Event(event) if event.answers() == Some(id) => return Ok(event),
                // Answers to requests given up earlier.
                Next::Event(_) | Next::Nothing => {}
                Next::Ended => return Err(self.died(None)),
            }
            match stopping {
                None if cancelled() => {
                    stopping = Some(Instant::now());
                    let sent = self.process.as_mut().is_some_and(|process| process.send(&ToEngine::Cancel { id }));
                    if !sent {
                        return Err(self.died(None));
                    }
                }
                Some(since) if since.elapsed() > STOP => {
                    return Err(self.died(Some("it did not stop within a second of the interrupt, so it was killed".to_owned())));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Next {
        self.process.as_mut().map_or(Next::Ended, |process| process.next(POLL))
    }

    /// Ends what is left of the process and says what was lost. `why` is given when the kernel ends it.
    fn died(&mut self, why: Option<String>) -> EngineError {
        let (status, stderr) = match self.process.take() {
            Some(process) => process.bury(),
            None => ("it was not running".to_owned(), String::new()),
        };
        self.published.clear();
        let tables_lost = std::mem::take(&mut self.tables).into_iter().collect();
        EngineError::Died { status: why.unwrap_or(status), stderr, tables_lost }
    }

    /// Asks for the tables, so that the loss of the worker can be told exactly. Without an answer the
    /// old list stays.
    fn remember_tables(&mut self) {
        if let Ok(tables) = self.tables() {
            let made = tables.into_iter().filter(|table| !self.published.contains(&table.name));
            self.tables = made.map(told_name).collect();
        }
    }
}

impl Drop for EngineWorker {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// The name of a table, with its engine where it is not the one that `%%sql` takes without being told.
fn told_name(table: TableInfo) -> String {
    match table.engine.as_str() {
        "duckdb" | "" => table.name,
        engine => format!("{} ({engine})", table.name),
    }
}

/// Whether a failure of this class may have taken tables with it: Polars can only be stopped by ending its process.
fn loses_tables(engine: &str, class: &str) -> bool {
    engine == "polars" && [class::INTERRUPTED, class::TIMEOUT, class::OUT_OF_MEMORY, "Engine Error"].contains(&class)
}

/// Whether SQL may make or remove tables; true too often is harmless.
fn may_change_tables(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    ["create", "drop", "alter", "attach", "detach", "import", "copy"].iter().any(|word| sql.contains(word))
}

fn unexpected(event: &FromEngine) -> EngineError {
    let message = format!("the engine worker gave an answer of the wrong kind: {event:?}");
    EngineError::Failed(SqlFailure { class: "Internal Error".to_owned(), message, offset: None })
}

fn interrupted() -> SqlFailure {
    let message = "the engine worker was still starting".to_owned();
    SqlFailure { class: "Interrupted".to_owned(), message, offset: None }
}
