//! One child process of the engine worker: its pipes, its threads, its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use magics::sql_wire::{FromEngine, ToEngine};

use super::error::EngineError;

/// How much of standard error is kept.
const STDERR_BYTES: usize = 16 * 1024;

/// What came from the worker.
pub enum Next {
    Event(FromEngine),
    /// Nothing within the time given.
    Nothing,
    /// The worker closed its pipe.
    Ended,
}

/// A running worker.
pub struct Process {
    child: Child,
    /// `None` once the worker has been asked to end.
    stdin: Option<ChildStdin>,
    events: Receiver<FromEngine>,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    stderr_thread: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts the worker.
    ///
    /// The thread that reads its output also starts it: Linux ends the worker when the thread that
    /// started it ends, and the caller's thread may not live as long as the worker.
    pub fn spawn(program: &Path, library_dir: &Path, session_dir: &Path) -> Result<Process, EngineError> {
        let not_found = |reason: String| EngineError::NotFound { program: program.to_owned(), reason };
        let (variable, paths) = library_path(program, library_dir);
        let mut command = Command::new(program);
        command
            .env(variable, paths)
            .env("BENCHBOOK_SESSION", session_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (started, start) = channel();
        let (events_in, events) = channel();
        thread::Builder::new()
            .name("engine worker".to_owned())
            .spawn(move || start_and_read(command, &started, &events_in))
            .map_err(|error| not_found(error.to_string()))?;
        let spawned = start.recv().map_err(|_| not_found("its thread ended".to_owned()))?;
        let mut child = spawned.map_err(|error| not_found(error.to_string()))?;
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let stderr_thread = child.stderr.take().map(|pipe| {
            let stderr = Arc::clone(&stderr);
            thread::spawn(move || keep_end(pipe, &stderr))
        });
        let stdin = child.stdin.take();
        Ok(Process { child, stdin, events, stderr, stderr_thread })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends one line; false when the worker no longer reads.
    pub fn send(&mut self, message: &ToEngine) -> bool {
        let Ok(mut line) = serde_json::to_vec(message) else { return false };
        line.push(b'\n');
        self.stdin.as_mut().is_some_and(|stdin| stdin.write_all(&line).and_then(|()| stdin.flush()).is_ok())
    }

    /// Waits up to `patience` for the next event.
    pub fn next(&mut self, patience: Duration) -> Next {
        match self.events.recv_timeout(patience) {
            Ok(event) => Next::Event(event),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Ended,
        }
    }

    /// Asks the worker to end, waits up to `patience`, then kills it.
    pub fn close(mut self, patience: Duration) {
        self.stdin = None;
        let deadline = Instant::now() + patience;
        while !self.has_ended() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        self.bury();
    }

    /// Makes sure that the process has ended; returns how, and the end of its standard error.
    pub fn bury(mut self) -> (String, String) {
        self.stdin = None;
        // A closed pipe comes a moment before the end of the process, and only that tells the cause.
        let deadline = Instant::now() + Duration::from_millis(200);
        while matches!(self.next(Duration::ZERO), Next::Ended) && !self.has_ended() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        // Killing a process that has ended does nothing.
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|error| format!("its end is unknown ({error})"), describe);
        if let Some(thread) = self.stderr_thread.take() {
            let deadline = Instant::now() + Duration::from_millis(200);
            while !thread.is_finished() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(2));
            }
        }
        let mut kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        (status, String::from_utf8_lossy(kept.make_contiguous()).into_owned())
    }
}

fn start_and_read(mut command: Command, started: &Sender<std::io::Result<Child>>, events: &Sender<FromEngine>) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            // The receiver waits for exactly this message.
            let _ = started.send(Err(error));
            return;
        }
    };
    let stdout = child.stdout.take();
    let _ = started.send(Ok(child));
    for line in stdout.into_iter().flat_map(|pipe| BufReader::new(pipe).lines()) {
        let Ok(line) = line else { break };
        match serde_json::from_str(&line) {
            Ok(event) => {
                if events.send(event).is_err() {
                    break;
                }
            }
            Err(error) => tracing::warn!("a line of the engine worker was not understood: {error}"),
        }
    }
}

/// Keeps the end of what a process writes to standard error.
pub fn keep_end(mut pipe: ChildStderr, kept: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&buffer[..count]);
        let excess = kept.len().saturating_sub(STDERR_BYTES);
        kept.drain(..excess);
    }
}

/// The variable by which the loader finds `libduckdb` and `liblab`, and its value for the worker.
fn library_path(program: &Path, library_dir: &Path) -> (&'static str, OsString) {
    let variable = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
    let mut paths: Vec<PathBuf> = vec![library_dir.to_owned()];
    if let Some(dir) = program.parent() {
        paths.extend([dir.to_owned(), dir.join("deps")]);
    }
    let inherited = std::env::var_os(variable).unwrap_or_default();
    paths.extend(std::env::split_paths(&inherited).filter(|path| !path.as_os_str().is_empty()));
    // A path with a colon cannot be passed on; the loader then looks in its own places only.
    (variable, std::env::join_paths(paths).unwrap_or(inherited))
}

/// An exit status as a sentence without its subject.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(9)) => "it was killed by signal 9 (SIGKILL); if nobody did that, the system ran out of memory".to_owned(),
        (None, Some(signal)) => {
            let name = match signal {
                4 => " (SIGILL)",
                6 => " (SIGABRT)",
                7 => " (SIGBUS)",
                11 => " (SIGSEGV)",
                15 => " (SIGTERM)",
                _ => "",
            };
            format!("it was killed by signal {signal}{name}")
        }
        (None, None) => "its end is unknown".to_owned(),
    }
}
