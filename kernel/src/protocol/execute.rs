//! The engine thread: takes `execute_request`s one at a time, in the order they arrived.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use magics::error::MagicError;
use serde_json::json;
use tokio::sync::oneshot;

use crate::engine::Engine;

use super::cell::{Services, Session};
use super::exchange::{Exchange, panicked};
use super::iopub::Iopub;
use super::router::Replies;
use super::wire::Request;

/// Cells recurse and engines embed compilers' libraries: the default of 2 MiB is too small.
const STACK: usize = 64 << 20;

/// After an error, how long cells that were sent in the same burst may take to arrive, to be aborted with it.
const BURST: Duration = Duration::from_millis(10);

/// Makes the engine, on its own thread.
pub type MakeEngine = Box<dyn FnOnce() -> Result<Box<dyn Engine>, MagicError> + Send>;

enum Job {
    Cell(Request, Replies),
    Stop { restart: bool, done: oneshot::Sender<()> },
}

/// A handle to the engine thread.
#[derive(Clone)]
pub struct Executor {
    jobs: Sender<Job>,
    stopping: Arc<AtomicBool>,
    iopub: Iopub,
}

impl Executor {
    /// Starts the thread, which makes the engine first; cells that arrive meanwhile wait.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(services: Services, make_engine: MakeEngine) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let handle = Self { jobs, stopping: stopping.clone(), iopub: services.iopub.clone() };
        let run = move || {
            let engine = catch_unwind(AssertUnwindSafe(make_engine))
                .unwrap_or_else(|payload| Err(panicked("starting the engine", payload.as_ref())));
            if let Err(error) = &engine {
                tracing::error!(%error, "the engine did not start");
            }
            let session = Session::new(engine, services);
            EngineThread { session, stopping, queue, next: VecDeque::new() }.run();
        };
        std::thread::Builder::new().name("engine".into()).stack_size(STACK).spawn(run)?;
        Ok(handle)
    }

    /// Queues an `execute_request`.
    pub fn execute(&self, request: Request, replies: &Replies) {
        if let Err(refused) = self.jobs.send(Job::Cell(request, replies.clone()))
            && let Job::Cell(request, replies) = refused.0
        {
            Exchange::begin(request, &replies, &self.iopub).reply(&json!({ "status": "aborted" }));
        }
    }

    /// Aborts what is queued and shuts the engine down; ready when that is done. A running cell is waited for, so
    /// interrupt it first.
    #[must_use]
    pub fn stop(&self, restart: bool) -> oneshot::Receiver<()> {
        self.stopping.store(true, Ordering::Release);
        let (done, wait) = oneshot::channel();
        let _ = self.jobs.send(Job::Stop { restart, done });
        wait
    }
}

struct EngineThread {
    session: Session,
    stopping: Arc<AtomicBool>,
    queue: Receiver<Job>,
    /// Taken out of the queue already.
    next: VecDeque<Job>,
}

impl EngineThread {
    fn run(mut self) {
        let mut interrupted = self.session.interrupts().ready(|| {
            self.next.extend(self.queue.try_iter());
            !self.next.is_empty()
        });
        while let Some(job) = self.next.pop_front().or_else(|| self.queue.recv().ok()) {
            match job {
                Job::Cell(request, replies) => self.cell(request, &replies, std::mem::take(&mut interrupted)),
                Job::Stop { restart, done } => {
                    self.session.shutdown(restart);
                    let _ = done.send(());
                    return;
                }
            }
        }
    }

    fn cell(&mut self, request: Request, replies: &Replies, interrupted: bool) {
        let mut exchange = Exchange::begin(request, replies, self.session.iopub());
        if self.stopping.load(Ordering::Acquire) {
            return exchange.reply(&json!({ "status": "aborted" }));
        }
        let ended = self.session.run(&exchange, interrupted);
        let mut aborted = Vec::new();
        if ended.stop {
            // The line is drawn before the reply leaves: what a client sends after reading it is not aborted.
            std::thread::sleep(BURST);
            for job in self.queue.try_iter() {
                self.next.push_back(job);
            }
            for job in std::mem::take(&mut self.next) {
                match job {
                    Job::Cell(request, replies) => aborted.push((request, replies)),
                    stop @ Job::Stop { .. } => self.next.push_back(stop),
                }
            }
        }
        exchange.reply(&ended.reply);
        drop(exchange);
        for (request, replies) in aborted {
            Exchange::begin(request, &replies, self.session.iopub()).reply(&json!({ "status": "aborted" }));
        }
    }
}
