//! The process of a Python worker: its start, its signals, its end.

use std::collections::VecDeque;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use magics::error::MagicError;
use parking_lot::Mutex;

use crate::engine_worker::{describe, keep_end};

use super::client::Client;

/// How long the end of standard error is waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Why Python did not start.
pub enum StartFailure {
    /// The program cannot be run.
    NotFound(String),
    Ended {
        status: String,
        last_words: String,
    },
}

impl StartFailure {
    /// As an error for people.
    pub fn told(self, program: &Path, is_installed: bool) -> MagicError {
        let shown = program.display();
        match self {
            Self::NotFound(reason) if is_installed => {
                MagicError::new("StartError", format!("the Python of this installation cannot be started: {shown}: {reason}"))
                    .hint("`cargo lab` makes its environment again; `%%python --env PATH` runs another Python")
            }
            Self::NotFound(reason) => MagicError::new("StartError", format!("Python cannot be started: `{shown}`: {reason}"))
                .hint("`--env` takes the folder of a virtual environment or a Python program"),
            Self::Ended { last_words, .. } if last_words.contains("No module named") && last_words.contains("ipykernel") => {
                MagicError::new("StartError", format!("`{shown}` has no ipykernel, which runs Python cells"))
                    .hint(format!("install it there: `{shown} -m pip install ipykernel`"))
            }
            Self::Ended { status, last_words } => {
                let hint = if is_installed { "`cargo lab doctor` checks the installation" } else { "is it a Python with ipykernel?" };
                let words = if last_words.is_empty() { String::new() } else { format!("; its last words:\n{last_words}") };
                MagicError::new("StartError", format!("Python did not start (`{shown}`): {status}{words}")).hint(hint)
            }
        }
    }
}

/// A running worker.
pub struct Worker {
    pub client: Client,
    pub process: Process,
    busy: AtomicBool,
    /// It has the module through which code of ours sends events.
    pub sends_events: AtomicBool,
}

impl Worker {
    pub fn new(client: Client, process: Process) -> Self {
        Self { client, process, busy: AtomicBool::new(false), sends_events: AtomicBool::new(false) }
    }

    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst)
    }

    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }
}

/// The process and those it started: they form a group.
pub struct Process {
    child: Mutex<Child>,
    group: i32,
    stderr: Arc<StdMutex>,
    reader: Mutex<Option<std::thread::JoinHandle<()>>>,
}

type StdMutex = std::sync::Mutex<VecDeque<u8>>;

impl Process {
    /// Starts `command`. It ends with the thread that calls this, or with the kernel.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn spawn(mut command: Command) -> std::io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        // Looked at by ipykernel; where the system can end it with us, that is quicker and also works while it computes.
        command.env("JPY_PARENT_PID", std::process::id().to_string());
        #[cfg(target_os = "linux")]
        // SAFETY: `prctl` is async-signal-safe and touches only the child.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        let stderr = Arc::new(StdMutex::default());
        let reader = child.stderr.take().map(|pipe| {
            let stderr = Arc::clone(&stderr);
            std::thread::spawn(move || keep_end(pipe, &stderr))
        });
        let group = i32::try_from(child.id()).unwrap_or(0);
        Ok(Self { child: Mutex::new(child), group, stderr, reader: Mutex::new(reader) })
    }

    pub fn has_ended(&self) -> bool {
        !matches!(self.child.lock().try_wait(), Ok(None))
    }

    /// Interrupts the code that runs, as Ctrl-C does; ipykernel ignores it between cells.
    pub fn interrupt(&self) {
        self.signal(libc::SIGINT);
    }

    /// Ends the process and those it started.
    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
        let _ = self.child.lock().wait();
    }

    fn signal(&self, signal: i32) {
        let mut child = self.child.lock();
        // Once it has been waited for, its number may be another's.
        if self.group > 1 && matches!(child.try_wait(), Ok(None)) {
            // SAFETY: the group was made for this child, which has not been waited for.
            unsafe { libc::kill(-self.group, signal) };
        }
    }

    /// Makes sure that the process has ended; returns how, and the end of its standard error.
    pub fn bury(&self) -> (String, String) {
        self.signal(libc::SIGKILL);
        let status = self.child.lock().wait().map_or_else(|error| format!("its end is unknown ({error})"), describe);
        if let Some(reader) = self.reader.lock().take() {
            let deadline = Instant::now() + LAST_WORDS;
            while !reader.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let mut kept = self.stderr.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (status, String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_is_told_from_what_was_not() {
        let python = Path::new("/p/python");
        let missing = StartFailure::Ended { status: "x".into(), last_words: "No module named ipykernel_launcher".into() };
        let error = missing.told(python, false);
        assert!(error.message.contains("/p/python` has no ipykernel") && error.hint.unwrap().contains("pip install ipykernel"));
        assert!(StartFailure::NotFound("r".into()).told(python, true).hint.unwrap().contains("cargo lab"));
        let ended = StartFailure::Ended { status: "it exited with code 3".into(), last_words: "bad".into() };
        assert!(ended.told(python, false).message.ends_with("code 3; its last words:\nbad"));
    }

    #[test]
    fn a_process_is_killed_with_what_it_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo last >&2; sleep 1000 & wait"]);
        let process = Process::spawn(command).unwrap();
        assert!(!process.has_ended());
        std::thread::sleep(Duration::from_millis(200));
        let (status, last_words) = process.bury();
        assert!(status.contains("signal 9"), "{status}");
        assert_eq!(last_words, "last");
        assert!(process.has_ended());
    }
}
