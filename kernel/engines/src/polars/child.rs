//! One process of Polars.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::failure;
use crate::sql_wire::{FromEngine, SqlFailure, ToEngine, class};

/// The program, beside the worker's own.
const PROGRAM: &str = "benchbook-polars";
/// How long a child may take to end when its input is closed.
const PATIENCE: Duration = Duration::from_millis(500);

/// A running process; it ends when this is dropped.
pub struct Child {
    pub threads: usize,
    /// Tables that would be lost with it.
    pub tables: Vec<String>,
    process: Process,
    /// `None` once it has been asked to end.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// The process while it is not waited for; then its number may belong to another.
type Process = Arc<Mutex<Option<std::process::Child>>>;

/// Ends a child from another thread.
pub struct Killer(Process);

impl Killer {
    pub fn kill(&self) {
        if let Some(process) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // It may have ended by itself.
            let _ = process.kill();
        }
    }
}

/// How a start went.
enum Started {
    Ready(Box<Child>),
    /// By this signal, before it took a request.
    Killed(i32),
}

impl Child {
    /// Starts a process with `threads` threads and waits until it takes requests; another one, if that was killed meanwhile.
    ///
    /// Linux ends it when the thread that calls this ends.
    pub fn start(threads: usize) -> Result<Child, SqlFailure> {
        match Self::start_once(threads)? {
            Started::Ready(child) => Ok(*child),
            // Nothing was asked of it yet, so nothing is lost.
            Started::Killed(_) => match Self::start_once(threads)? {
                Started::Ready(child) => Ok(*child),
                Started::Killed(signal) => Err(failure(
                    class::UNAVAILABLE,
                    format!("Polars was killed twice while it started (signal {signal}); run the query again, or see what kills it"),
                )),
            },
        }
    }

    fn start_once(threads: usize) -> Result<Started, SqlFailure> {
        let program = program();
        let unavailable = |why: String| {
            failure(class::UNAVAILABLE, format!("Polars cannot be started: {}: {why}; `cargo lab` builds it", program.display()))
        };
        let count = threads.to_string();
        let mut process = Command::new(&program)
            .env("POLARS_MAX_THREADS", &count)
            .env("POLARS_ASYNC_THREAD_COUNT", &count)
            .env("RAYON_NUM_THREADS", &count)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| unavailable(error.to_string()))?;
        let (requests, answers) = (process.stdin.take(), process.stdout.take());
        let answers = answers.ok_or_else(|| unavailable("it has no output".to_owned()))?;
        let process = Arc::new(Mutex::new(Some(process)));
        let mut child = Child { threads, tables: Vec::new(), process, requests, answers: BufReader::new(answers) };
        match child.next() {
            Some(FromEngine::Ready { .. }) => Ok(Started::Ready(Box::new(child))),
            _ => match child.bury() {
                Some(signal) => Ok(Started::Killed(signal)),
                None => Err(unavailable("it ended before it took a request".to_owned())),
            },
        }
    }

    pub fn killer(&self) -> Killer {
        Killer(Arc::clone(&self.process))
    }

    pub fn lives(&mut self) -> bool {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    /// Sends `message` and waits for the answer to request `id`; `None` when the process has ended.
    pub fn ask(&mut self, message: &ToEngine, id: u64) -> Option<FromEngine> {
        let mut line = serde_json::to_vec(message).ok()?;
        line.push(b'\n');
        self.requests.as_mut()?.write_all(&line).ok()?;
        loop {
            let event = self.next()?;
            if event.answers() == Some(id) {
                return Some(event);
            }
        }
    }

    fn next(&mut self) -> Option<FromEngine> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.answers.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match serde_json::from_str(&line) {
                Ok(event) => return Some(event),
                Err(error) => eprintln!("benchbook-engines: a line of Polars was not understood: {error}"),
            }
        }
    }

    /// Waits for the end of a process that is ending; returns the signal that ended it, if one did.
    pub fn bury(self) -> Option<i32> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        process.and_then(|mut process| wait(&mut process)?.signal())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // An idle process ends by itself when its input closes.
        self.requests = None;
        if let Some(mut process) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() {
            wait(&mut process);
        }
    }
}

/// Waits a moment, then kills.
fn wait(process: &mut std::process::Child) -> Option<std::process::ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = process.try_wait() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = process.kill();
    process.wait().ok()
}

fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.with_file_name(PROGRAM)
}
