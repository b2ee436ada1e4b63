//! The request loop: one thread reads lines, one runs requests in order.

use std::any::Any;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::compare::compare;
use crate::engine::{Engine, Job, failure, interrupted};
use crate::engines::{Engines, Listed};
use crate::peak_memory::peak_memory;
use crate::sql_wire::{Action, FromEngine, SqlFailure, SqlReply, SqlRequest, TableInfo, ToEngine};
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

/// Serves the `listed` engines until the request pipe closes, then ends the process, even in the middle of a query.
pub fn serve(listed: &'static [Listed], requests: BufReader<File>, answers: File) -> ! {
    let outbox = Outbox(Arc::new(Mutex::new(answers)));
    let open = OpenJobs::default();
    let (queue, jobs) = channel();
    let worker = thread::spawn({
        let (outbox, open) = (outbox.clone(), Arc::clone(&open));
        move || {
            let mut engines = Engines::new(listed);
            let version = format!("benchbook-engines {}: {}", env!("CARGO_PKG_VERSION"), engines.names());
            outbox.send(&FromEngine::Ready { version });
            work(&mut engines, &jobs, &outbox, &open);
        }
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

/// The worker thread: answers one request after the other.
fn work(engines: &mut Engines, jobs: &Receiver<(ToEngine, Job)>, outbox: &Outbox, open: &OpenJobs) {
    for (request, job) in jobs {
        let id = request.id();
        let answer = catch_unwind(AssertUnwindSafe(|| answer(engines, request, &job, outbox)))
            .unwrap_or_else(|payload| Err(panic_failure(payload.as_ref())))
            .unwrap_or_else(|failure| FromEngine::Failed { id, failure });
        lock(open).remove(&id);
        outbox.send(&answer);
    }
}

fn answer(engines: &mut Engines, request: ToEngine, job: &Job, outbox: &Outbox) -> Result<FromEngine, SqlFailure> {
    job.check()?;
    match request {
        ToEngine::Run { id, request } => run(engines, &request, &job.limited(request.timeout_s), |fraction| {
            outbox.send(&FromEngine::Progress { id, fraction });
        })
        .map(|reply| FromEngine::Done { id, reply }),
        ToEngine::Tables { id } => {
            let mut tables = Vec::new();
            for engine in engines.open() {
                let name = engine.name();
                tables.extend(engine.tables()?.into_iter().map(|table| TableInfo { engine: name.to_owned(), ..table }));
            }
            Ok(FromEngine::TableList { id, tables })
        }
        ToEngine::Compare { id, request } => compare(&request, job).map(|comparisons| FromEngine::Compared { id, comparisons }),
        ToEngine::Control { id, request } => {
            let doing = |what: &str| outbox.send(&FromEngine::Doing { id, what: what.to_owned() });
            let control = |engine: &mut dyn Engine| {
                let watch = engine.watch();
                watched(watch, job, |_| {}, || engine.control(&request, job, &doing))
            };
            let states = match request.engine.is_empty() {
                true if request.action == Action::Status => engines.describe(control),
                true => return Err(failure("Engine Error", format!("name one engine; the engines are: {}", engines.names()))),
                false => vec![control(engines.get(&request.engine)?)?],
            };
            Ok(FromEngine::States { id, states })
        }
        // Cancels are handled by the reading thread and never queued.
        ToEngine::Cancel { .. } => Err(interrupted()),
    }
}

/// Runs one query. Time to open the engine, when it was not open, is part of phase `open`.
fn run(engines: &mut Engines, request: &SqlRequest, job: &Job, report: impl Fn(f64) + Send) -> Result<SqlReply, SqlFailure> {
    let was_open = engines.is_open(&request.engine);
    let start = Instant::now();
    let engine = engines.get(&request.engine)?;
    let opened = start.elapsed().as_secs_f64();
    let runs_here = engine.runs_here();
    let measured = request.memory && runs_here;
    if measured {
        engine.give_back_memory();
    }
    let mut all = || watched(engine.watch(), job, report, || engine.run(request, job));
    let (outcome, grown) = if measured { peak_memory(all) } else { (all(), None) };
    let mut reply = outcome?;
    // An engine with a process of its own has told by itself.
    reply.peak_rss_bytes = reply.peak_rss_bytes.or(grown);
    if !was_open {
        reply.phases.open = Some(opened + reply.phases.open.unwrap_or(0.0));
    }
    Ok(reply)
}

fn panic_failure(payload: &(dyn Any + Send)) -> SqlFailure {
    let text =
        payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    failure("Internal Error", format!("the engine worker met a defect of its own: {text}; tables are kept, the query can be run again"))
}
