//! The process in which cells run.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde::Deserialize;

/// How a cell ended, as the worker reports it (`lab::runtime`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// 0 done, 1 panicked, 2 left by `?`, 3 interrupted.
    pub ended: u8,
    pub run_s: f64,
    /// Variables that the cell has kept.
    pub new: Vec<New>,
    /// All variables there are now.
    pub names: Vec<String>,
    /// How many loops an interrupt has given up in their middle.
    pub loops: usize,
    /// Why the library could not be loaded; nothing has run then.
    pub not_loaded: Option<String>,
}

/// A variable that a cell has kept.
#[derive(Debug, Clone, Deserialize)]
pub struct New {
    pub name: String,
    /// The compiler's name of its type.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// [`Outcome::ended`] of a cell that was interrupted.
pub const INTERRUPTED: u8 = 3;

/// A worker's process, shared with who interrupts it.
pub type Process = Arc<Mutex<Child>>;

/// A worker process.
pub struct Worker {
    child: Process,
    commands: ChildStdin,
    outcomes: BufReader<ChildStdout>,
}

/// How a worker came to its end, and what it said of it.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<ExitStatus>,
}

impl Worker {
    /// Starts the program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: what a cell has started ends with the worker.
            .process_group(0)
            .spawn()
            .with_context(|| format!("the Rust worker {:?} could not be started", command.get_program()))?;
        let commands = child.stdin.take().context("the worker has no stdin")?;
        let outcomes = BufReader::new(child.stdout.take().context("the worker has no stdout")?);
        if let Some(mut stderr) = child.stderr.take() {
            // What it says before it serves, for example that `lab` cannot be loaded.
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = stderr.read_to_string(&mut text);
                if !text.is_empty() {
                    tracing::error!("the Rust worker says: {}", text.trim());
                }
            });
        }
        Ok(Self { child: Arc::new(Mutex::new(child)), commands, outcomes })
    }

    /// The process, for interrupts.
    pub fn handle(&self) -> Process {
        Arc::clone(&self.child)
    }

    /// Whether it has ended by itself.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok().flatten()
    }

    /// Waits for its end.
    fn end(&self) -> Ended {
        Ended { status: self.child.lock().unwrap_or_else(PoisonError::into_inner).wait().ok() }
    }

    /// Ends it.
    pub fn kill(&self) {
        kill(&self.child);
        self.end();
    }

    /// Runs a compiled cell.
    ///
    /// # Errors
    /// When the worker ends instead.
    pub fn run(&mut self, library: &Path) -> Result<Outcome, Ended> {
        self.ask(&format!("run {}", library.display()))
    }

    /// Drops variables.
    ///
    /// # Errors
    /// When the worker ends instead.
    pub fn forget(&mut self, names: &[String]) -> Result<(), Ended> {
        self.ask::<serde_json::Value>(&format!("forget {}", names.join(","))).map(|_| ())
    }

    fn ask<T: serde::de::DeserializeOwned>(&mut self, command: &str) -> Result<T, Ended> {
        if writeln!(self.commands, "{command}").and_then(|()| self.commands.flush()).is_err() {
            return Err(self.end());
        }
        let mut line = String::new();
        match self.outcomes.read_line(&mut line) {
            Ok(count) if count > 0 => serde_json::from_str(&line).map_err(|_| self.end()),
            _ => Err(self.end()),
        }
    }
}

/// Ends a worker, and the processes that its cells have started.
pub fn kill(process: &Process) {
    let mut child = process.lock().unwrap_or_else(PoisonError::into_inner);
    // Once it was waited for, its number may be another process's.
    if let (Ok(None), Ok(leader)) = (child.try_wait(), i32::try_from(child.id())) {
        // SAFETY: the group was made for the worker, which still exists.
        unsafe { libc::kill(-leader, libc::SIGKILL) };
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
