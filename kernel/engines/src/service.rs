//! The request loop: one thread reads lines, one runs requests in order.

use std::any::Any;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::duckdb::DuckDb;
use crate::engine::{Engine, Job, failure, interrupted};
use crate::sql_wire::{FromEngine, SqlFailure, ToEngine, class};
use crate::watch::watched;

/// Where answers go; shared by the worker thread and its watcher.
#[derive(Clone)]
struct Outbox(Arc<Mutex<File>>);

impl Outbox {
    /// Writes one line. When that fails the kernel is gone, and so is the reason to live.
    fn send(&self, event: &FromEngine) {
        let mut line = match serde_json::to_vec(event) {
            Ok(line) => line,
            Err(error) => return eprintln!("benchbook-engines: cannot encode an answer: {error}"),
        };
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if file.write_all(&line).is_err() {
            std::process::exit(0);
        }
    }
}

/// Requests received and not yet answered.
type OpenJobs = Arc<Mutex<HashMap<u64, Job>>>;

/// Serves until the request pipe closes, then ends the process, even in the middle of a query.
pub fn serve(requests: BufReader<File>, answers: File) {
    let outbox = Outbox(Arc::new(Mutex::new(answers)));
    let open = OpenJobs::default();
    let (queue, jobs) = channel();
    let worker = thread::spawn({
        let (outbox, open) = (outbox.clone(), Arc::clone(&open));
        move || work(&jobs, &outbox, &open)
    });
    for line in requests.lines() {
        let Ok(line) = line else { break };
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<ToEngine>(&line) {
            Ok(ToEngine::Cancel { id }) => {
                if let Some(job) = lock(&open).get(&id) {
                    job.cancel();
                }
            }
            Ok(request) => {
                let job = Job::default();
                lock(&open).insert(request.id(), job.clone());
                if queue.send((request, job)).is_err() {
                    break;
                }
            }
            Err(error) => eprintln!("benchbook-engines: a line of the kernel was not understood: {error}"),
        }
    }
    // The kernel has gone. An idle worker ends in order; a busy one is not waited for.
    drop(queue);
    if lock(&open).is_empty() {
        let _ = worker.join();
    }
    std::process::exit(0);
}

fn lock(open: &OpenJobs) -> std::sync::MutexGuard<'_, HashMap<u64, Job>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The worker thread: opens the engines, then answers one request after the other.
fn work(jobs: &Receiver<(ToEngine, Job)>, outbox: &Outbox, open: &OpenJobs) {
    let mut engines: Vec<Box<dyn Engine>> = match DuckDb::open() {
        Ok(duckdb) => vec![Box::new(duckdb)],
        Err(message) => {
            eprintln!("benchbook-engines: DuckDB does not start: {message}");
            std::process::exit(1);
        }
    };
    let version = engines.iter().map(|engine| engine.version()).collect::<Vec<_>>().join(", ");
    outbox.send(&FromEngine::Ready { version });
    for (request, job) in jobs {
        let id = request.id();
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&mut engines, request, &job, outbox)))
            .unwrap_or_else(|payload| FromEngine::Failed { id, failure: panic_failure(payload.as_ref()) });
        lock(open).remove(&id);
        outbox.send(&answer);
    }
}

fn answer(engines: &mut [Box<dyn Engine>], request: ToEngine, job: &Job, outbox: &Outbox) -> FromEngine {
    match request {
        ToEngine::Run { id, request } => {
            if job.is_cancelled() {
                return FromEngine::Failed { id, failure: interrupted() };
            }
            let known = engines.iter().map(|engine| engine.name()).collect::<Vec<_>>().join(", ");
            let Some(engine) = engines.iter_mut().find(|engine| engine.name() == request.engine) else {
                let message = format!("engine `{}` is not part of this worker; it has: {known}", request.engine);
                return FromEngine::Failed { id, failure: failure("Engine Error", message) };
            };
            let report = |fraction| outbox.send(&FromEngine::Progress { id, fraction });
            match watched(engine.watch(), job, report, || engine.run(&request, job)) {
                Ok(reply) => FromEngine::Done { id, reply },
                Err(failure) => FromEngine::Failed { id, failure },
            }
        }
        ToEngine::Tables { id } => {
            let mut tables = Vec::new();
            for engine in engines {
                match engine.tables() {
                    Ok(list) => tables.extend(list),
                    Err(failure) => return FromEngine::Failed { id, failure },
                }
            }
            FromEngine::TableList { id, tables }
        }
        ToEngine::Compare { id, .. } | ToEngine::Control { id, .. } => {
            FromEngine::Failed { id, failure: failure(class::UNSUPPORTED, "this worker has one engine") }
        }
        // Cancels are handled by the reading thread and never queued.
        ToEngine::Cancel { id } => FromEngine::Failed { id, failure: interrupted() },
    }
}

fn panic_failure(payload: &(dyn Any + Send)) -> SqlFailure {
    let text =
        payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    failure("Internal Error", format!("the engine worker met a defect of its own: {text}; tables are kept, the query can be run again"))
}
