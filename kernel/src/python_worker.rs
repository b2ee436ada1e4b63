//! Python as the kernel sees it: stock ipykernels, started at the first cell that needs one, driven as a frontend
//! drives them, and replaced when they die.

mod cell;
mod client;
mod connection;
mod interpreter;
mod process;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use magics::error::MagicError;
use magics::host::Event;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::engine::CellIo;

use cell::Ended;
use client::Channel;
use process::{StartFailure, Worker};

/// How long Python may take to start.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when asked.
const END: Duration = Duration::from_millis(800);
/// How long completion and Shift-Tab wait: IPython loads its completer for the first, which takes a second or two from a disk.
const ASSIST: Duration = Duration::from_secs(3);
/// How often an interrupt, or the end of the process, is looked for.
const POLL: Duration = Duration::from_millis(20);
/// How often a starting Python is asked whether it answers.
const ASK: Duration = Duration::from_millis(200);

/// Where a Python cell's output goes.
pub struct Outlet<'a> {
    pub io: &'a Arc<dyn CellIo>,
    /// Called before each output.
    pub before_output: &'a dyn Fn(),
    /// Says what the cell is doing.
    pub doing: &'a dyn Fn(&str),
}

/// The Python workers of a session, one per interpreter.
pub struct PythonWorkers {
    /// The interpreter of the installed environment.
    installed: PathBuf,
    session_dir: PathBuf,
    /// Gives a child process the user's own environment.
    environment: Box<dyn Fn(&mut Command) + Send + Sync>,
    /// The folder of the module `benchbook`.
    modules: PathBuf,
    workers: Mutex<HashMap<PathBuf, Arc<Worker>>>,
    started: AtomicUsize,
}

impl PythonWorkers {
    /// Workers whose connection files lie in `session_dir`. Nothing is started yet.
    pub fn new(installed: PathBuf, session_dir: PathBuf, environment: Box<dyn Fn(&mut Command) + Send + Sync>) -> Self {
        let modules = session_dir.join("python");
        Self { installed, session_dir, environment, modules, workers: Mutex::default(), started: AtomicUsize::new(0) }
    }

    /// Runs `code` as a cell of the interpreter that `env` names, or of the installed one; outputs are forwarded as
    /// they come.
    ///
    /// # Errors
    /// Python's own errors with their tracebacks; an interpreter that is not there or has no ipykernel; `WorkerDied`.
    /// After any of them the next call works, with a fresh worker if need be.
    pub fn run(&self, code: &str, env: Option<&str>, outlet: &Outlet<'_>) -> Result<(), MagicError> {
        self.with_worker(env, outlet, |worker| cell::run(worker, code, outlet))
    }

    /// Runs `code` of ours beside the user's; its events go to `on_event`.
    ///
    /// # Errors
    /// As for [`PythonWorkers::run`].
    pub fn measure(&self, code: &str, env: Option<&str>, outlet: &Outlet<'_>, on_event: &mut dyn FnMut(Event)) -> Result<(), MagicError> {
        self.with_worker(env, outlet, |worker| cell::measure(worker, code, outlet, on_event))
    }

    /// Does something with the worker that `env` names, and forgets the worker when it dies of that.
    fn with_worker(
        &self,
        env: Option<&str>,
        outlet: &Outlet<'_>,
        run: impl FnOnce(&Worker) -> Result<(), Ended>,
    ) -> Result<(), MagicError> {
        let program = interpreter::resolve(env, &self.installed)?;
        let worker = self.worker(&program, outlet)?;
        (outlet.doing)("running Python");
        match run(&worker) {
            Ok(()) => Ok(()),
            Err(Ended::Failed(error)) => Err(error),
            Err(Ended::Died(why)) => {
                self.workers.lock().remove(&program);
                Err(MagicError::new("WorkerDied", lost(&worker, why)))
            }
        }
    }

    /// The running worker, or a new one.
    fn worker(&self, program: &Path, outlet: &Outlet<'_>) -> Result<Arc<Worker>, MagicError> {
        let known = self.workers.lock().get(program).cloned();
        let died = match known {
            Some(worker) if !worker.process.has_ended() => return Ok(worker),
            Some(worker) => Some(lost(&worker, None)),
            None => None,
        };
        self.workers.lock().remove(program);
        (outlet.doing)("starting Python");
        let worker = Arc::new(self.start(program, outlet.io)?);
        self.workers.lock().insert(program.to_owned(), Arc::clone(&worker));
        if let Some(died) = died {
            (outlet.before_output)();
            outlet.io.stream(magics::host::Stream::Stderr, &format!("{died}\n"));
        }
        Ok(worker)
    }

    fn start(&self, program: &Path, io: &Arc<dyn CellIo>) -> Result<Worker, MagicError> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let connection = connection::Connection::create(&self.session_dir.join(format!("python-{number}")))
            .map_err(|error| MagicError::new("StartError", format!("Python's connection file cannot be written: {error}")))?;
        write_module(&self.modules)
            .map_err(|error| MagicError::new("StartError", format!("the module `benchbook` cannot be written: {error}")))?;
        let mut command = Command::new(program);
        (self.environment)(&mut command);
        let theirs = std::env::var_os("PYTHONPATH").filter(|paths| !paths.is_empty());
        let paths = std::iter::once(self.modules.clone()).chain(theirs.iter().flat_map(std::env::split_paths));
        if let Ok(paths) = std::env::join_paths(paths) {
            command.env("PYTHONPATH", paths);
        }
        command.args(["-m", "ipykernel_launcher", "-f"]).arg(&connection.file);
        let failed = |failure: StartFailure| failure.told(program, program == self.installed);
        let (client, process) = client::start(command, connection).map_err(failed)?;
        let worker = Worker::new(client, process);
        match answers(&worker, io) {
            Ok(()) => Ok(worker),
            Err(None) => {
                worker.process.kill();
                Err(MagicError::interrupted())
            }
            Err(Some(why)) => {
                let (status, last_words) = worker.process.bury();
                Err(failed(StartFailure::Ended { status: why.unwrap_or(status), last_words }))
            }
        }
    }

    /// A worker that runs and has nothing to do.
    fn idle(&self, env: Option<&str>) -> Option<Arc<Worker>> {
        let program = interpreter::resolve(env, &self.installed).ok()?;
        self.workers.lock().get(&program).filter(|worker| !worker.is_busy()).cloned()
    }

    /// Whether the Python that `env` names runs and has nothing to do.
    pub fn is_idle(&self, env: Option<&str>) -> bool {
        self.idle(env).is_some_and(|worker| !worker.process.has_ended())
    }

    fn ask(&self, env: Option<&str>, kind: &str, content: &Value) -> Option<Value> {
        let worker = self.idle(env)?;
        let pending = worker.client.request(Channel::Shell, kind, content);
        let deadline = Instant::now() + ASSIST;
        loop {
            let message = pending.messages.recv_deadline(deadline).ok()?;
            if message.channel == Channel::Shell {
                return (message.content["status"] == "ok").then_some(message.content);
            }
        }
    }

    /// The `complete_reply` of Python; `position` is in code points. `None` when it does not run, is busy or slow.
    pub fn complete(&self, env: Option<&str>, code: &str, position: usize) -> Option<Value> {
        self.ask(env, "complete_request", &json!({ "code": code, "cursor_pos": position }))
    }

    /// The `inspect_reply` of Python; as [`PythonWorkers::complete`].
    pub fn inspect(&self, env: Option<&str>, code: &str, position: usize, detail: u8) -> Option<Value> {
        self.ask(env, "inspect_request", &json!({ "code": code, "cursor_pos": position, "detail_level": detail }))
    }

    /// Ends all workers: politely, then by force. Their variables are gone with them.
    pub fn shutdown(&self) {
        let workers: Vec<_> = self.workers.lock().drain().map(|(_, worker)| worker).collect();
        for worker in &workers {
            let _ = worker.client.request(Channel::Control, "shutdown_request", &json!({ "restart": false }));
        }
        let deadline = Instant::now() + END;
        for worker in &workers {
            while !worker.process.has_ended() && Instant::now() < deadline {
                std::thread::sleep(POLL);
            }
            worker.process.kill();
        }
    }
}

/// The module `benchbook`, which shares tables.
const MODULE: &str = include_str!("../lab/python/benchbook.py");

fn write_module(folder: &Path) -> std::io::Result<()> {
    let file = folder.join("benchbook.py");
    if file.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(file, MODULE)
}

/// Waits until the worker answers on shell and on iopub. `Err(None)`: interrupted. `Err(Some(why))`: it ended, or
/// `why` it has to.
fn answers(worker: &Worker, io: &Arc<dyn CellIo>) -> Result<(), Option<Option<String>>> {
    let deadline = Instant::now() + START;
    let mut asked: Vec<client::Pending> = Vec::new();
    let mut last: Option<Instant> = None;
    let (mut replied, mut heard) = (false, false);
    while !(replied && heard) {
        if io.is_cancelled() {
            return Err(None);
        }
        if worker.process.has_ended() {
            return Err(Some(None));
        }
        if Instant::now() > deadline {
            return Err(Some(Some(format!("it did not answer within {} s", START.as_secs()))));
        }
        // A subscription takes effect a moment after the connection: what it missed is asked for again.
        if worker.client.is_connected() && last.is_none_or(|last| last.elapsed() > ASK) {
            asked.push(worker.client.request(Channel::Shell, "kernel_info_request", &json!({})));
            last = Some(Instant::now());
        }
        for message in asked.iter().flat_map(|pending| pending.messages.try_iter()) {
            match message.channel {
                Channel::Iopub => heard = true,
                _ => replied = true,
            }
        }
        std::thread::sleep(POLL / 4);
    }
    Ok(())
}

/// Makes sure that a worker has ended and says what went with it. `why` is given when the kernel ended it.
fn lost(worker: &Worker, why: Option<String>) -> String {
    let (status, last_words) = worker.process.bury();
    let mut text = format!(
        "The Python worker ended: {}.\nLost: all Python variables, functions and imports.\nKept: Rust variables, SQL tables and files. \
         The next Python cell starts a fresh worker.",
        why.unwrap_or(status)
    );
    if !last_words.is_empty() {
        text.push_str(&format!("\nIts last words:\n{last_words}"));
    }
    text
}
