//! Polars SQL, which runs in a child process: the number of its threads is fixed when a process starts, and a running
//! query can only be stopped by ending the process.
//!
//! There is one child for each number of threads in use, at most two; the one not used for longer ends. Tables made in SQL
//! live in their child. The program is `bin/benchbook-polars`.

mod child;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::engine::{Engine, Job, Watch, failure};
use crate::limits;
use crate::sql_wire::{FromEngine, SqlFailure, SqlReply, SqlRequest, TableInfo, ToEngine, class};

use child::{Child, Killer};

/// Children that are kept.
const CHILDREN: usize = 2;

/// The engine `polars` as the worker sees it.
#[derive(Default)]
pub struct Polars {
    /// The one used last is the last.
    children: Vec<Child>,
    watch: Arc<PolarsWatch>,
    version: String,
    id: u64,
    /// Names that stand for files: those are not lost with a child.
    files: HashSet<String>,
}

/// Ends the child that runs a query now.
#[derive(Default)]
struct PolarsWatch(Mutex<Option<Killer>>);

impl Watch for PolarsWatch {
    fn interrupt(&self) {
        if let Some(killer) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            killer.kill();
        }
    }
}

impl Engine for Polars {
    fn name(&self) -> &'static str {
        "polars"
    }

    fn runs_here(&self) -> bool {
        false
    }

    fn version(&self) -> String {
        match self.version.is_empty() {
            true => format!("Polars v{}", env!("BENCHBOOK_POLARS_VERSION")),
            false => self.version.clone(),
        }
    }

    fn run(&mut self, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure> {
        let threads = request.threads.unwrap_or_else(limits::threads).max(1);
        self.files.extend(request.tables.iter().map(|table| table.name.clone()));
        let (mut child, open) = self.child(threads)?;
        let inner = SqlRequest { timeout_s: None, ..request.clone() };
        let answer = self.ask(&mut child, |id| ToEngine::Run { id, request: inner });
        match answer {
            Some(FromEngine::Done { mut reply, .. }) => {
                self.version.clone_from(&reply.engine_version);
                reply.phases.open = open;
                self.note_tables(&mut child, &request.sql);
                self.children.push(child);
                Ok(reply)
            }
            Some(FromEngine::Failed { failure, .. }) => {
                self.children.push(child);
                Err(failure)
            }
            Some(other) => {
                self.children.push(child);
                Err(failure("Internal Error", format!("Polars gave an answer of the wrong kind: {other:?}")))
            }
            None => Err(ended(child, job)),
        }
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure> {
        let mut tables: Vec<TableInfo> = Vec::new();
        for mut child in std::mem::take(&mut self.children) {
            if let Some(FromEngine::TableList { tables: list, .. }) = self.ask(&mut child, |id| ToEngine::Tables { id }) {
                let new = list.into_iter().filter(|table| tables.iter().all(|known| known.name != table.name));
                tables.extend(new.collect::<Vec<_>>());
                self.children.push(child);
            }
        }
        Ok(tables)
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::clone(&self.watch) as Arc<dyn Watch>
    }
}

impl Polars {
    /// Takes out the child with this many threads, or starts it; then, the seconds that took.
    fn child(&mut self, threads: usize) -> Result<(Child, Option<f64>), SqlFailure> {
        if let Some(index) = self.children.iter().position(|child| child.threads == threads) {
            let mut child = self.children.remove(index);
            if child.lives() {
                return Ok((child, None));
            }
        }
        while self.children.len() >= CHILDREN {
            drop(self.children.remove(0));
        }
        let start = Instant::now();
        let child = Child::start(threads)?;
        Ok((child, Some(start.elapsed().as_secs_f64())))
    }

    /// Sends a request and waits for its answer; `None` when the child has ended.
    fn ask(&mut self, child: &mut Child, message: impl FnOnce(u64) -> ToEngine) -> Option<FromEngine> {
        self.id += 1;
        let id = self.id;
        let watched = |killer| *self.watch.0.lock().unwrap_or_else(PoisonError::into_inner) = killer;
        watched(Some(child.killer()));
        let answer = child.ask(&message(id), id);
        watched(None);
        answer
    }

    /// Remembers which tables would be lost with the child.
    fn note_tables(&mut self, child: &mut Child, sql: &str) {
        let sql = sql.to_ascii_lowercase();
        if (sql.contains("create") || sql.contains("drop"))
            && let Some(FromEngine::TableList { tables, .. }) = self.ask(child, |id| ToEngine::Tables { id })
        {
            child.tables = tables.into_iter().map(|table| table.name).filter(|name| !self.files.contains(name)).collect();
        }
    }
}

/// The failure for a child that ended while a query ran.
fn ended(child: Child, job: &Job) -> SqlFailure {
    let lost = match child.tables.is_empty() {
        true => "no table had been made in Polars SQL".to_owned(),
        false => format!("tables made in Polars SQL are gone: {}", child.tables.join(", ")),
    };
    let signal = child.bury();
    if let Some(stopped) = job.stopped() {
        let what = stopped.message.split(';').next().unwrap_or_default().to_owned();
        return failure(&stopped.class, format!("{what}; Polars can only be stopped by ending its process: {lost}"));
    }
    match signal {
        Some(libc::SIGKILL) => failure(
            class::OUT_OF_MEMORY,
            format!(
                "the process of Polars was killed (SIGKILL), most likely because the memory ran out; {lost}; the next query starts a fresh one"
            ),
        ),
        signal => {
            let how = signal.map_or_else(|| "ended by itself".to_owned(), |signal| format!("was ended by signal {signal}"));
            failure("Engine Error", format!("the process of Polars {how}; {lost}; the next query starts a fresh one"))
        }
    }
}
