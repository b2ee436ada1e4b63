//! A kernel process on a connection file of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use jupyter_protocol::connection_info::{ConnectionInfo, Transport};
use tempfile::TempDir;

use crate::prepared::{self, Slot};
use crate::process::{self, Process};

/// How long a kernel may take until it listens; the machine may be busy compiling.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when told to.
const END: Duration = Duration::from_secs(10);

/// How a kernel is started.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Over ipc instead of tcp.
    pub ipc: bool,
    /// Another cache folder than the one that tests share: history of its own.
    pub cache: Option<PathBuf>,
    /// Another working folder than an empty one.
    pub folder: Option<PathBuf>,
    /// More environment variables.
    pub environment: BTreeMap<String, String>,
}

/// A running kernel; ended by its process id when dropped.
#[derive(Debug)]
pub struct Kernel {
    child: Child,
    info: ConnectionInfo,
    dir: TempDir,
    _slot: Slot,
}

impl Kernel {
    /// Starts the installed kernel and waits until it listens.
    #[track_caller]
    #[must_use]
    pub fn start(how: &Start) -> Self {
        // Ports are free when chosen and could be taken a moment later.
        let mut last = String::new();
        for _ in 0..3 {
            match Self::try_start(how) {
                Ok(kernel) => return kernel,
                Err(error) => last = error,
            }
        }
        panic!("the kernel did not start: {last}");
    }

    fn try_start(how: &Start) -> Result<Self, String> {
        let installed = prepared::installed();
        let slot = Slot::take();
        let dir = tempfile::Builder::new().prefix("benchbook-test-").tempdir().expect("the temporary folder can be written");
        let (ports, ip) = if how.ipc {
            ([1, 2, 3, 4, 5], dir.path().join("socket").display().to_string())
        } else {
            (free_ports(), "127.0.0.1".to_owned())
        };
        let info = ConnectionInfo {
            ip,
            transport: if how.ipc { Transport::IPC } else { Transport::TCP },
            shell_port: ports[0],
            iopub_port: ports[1],
            stdin_port: ports[2],
            control_port: ports[3],
            hb_port: ports[4],
            key: uuid::Uuid::new_v4().to_string(),
            signature_scheme: "hmac-sha256".to_owned(),
            kernel_name: Some("benchbook".to_owned()),
        };
        let file = dir.path().join("connection.json");
        std::fs::write(&file, serde_json::to_vec(&info).expect("plain data")).expect("the temporary folder can be written");
        let work = dir.path().join("work");
        std::fs::create_dir(&work).expect("the temporary folder can be written");
        let log = File::create(dir.path().join("kernel.log")).expect("the temporary folder can be written");
        let mut command = prepared::command(&installed.benchbook);
        command.args(["kernel", "--connection-file"]).arg(&file).current_dir(how.folder.as_deref().unwrap_or(&work));
        command.envs(&how.environment);
        if let Some(cache) = &how.cache {
            command.env("XDG_CACHE_HOME", cache);
        }
        let output = log.try_clone().expect("a file can be opened twice");
        command.stdin(Stdio::null()).stdout(output).stderr(log);
        let child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", installed.benchbook.display()))?;
        let mut kernel = Self { child, info, dir, _slot: slot };
        kernel.wait_until_it_listens()?;
        Ok(kernel)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        let listens = |info: &ConnectionInfo| match info.transport {
            Transport::TCP => TcpStream::connect(("127.0.0.1", info.hb_port)).is_ok(),
            Transport::IPC => Path::new(&format!("{}-{}", info.ip, info.hb_port)).exists(),
        };
        let answer = process::poll(START, || {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(Err(format!("the kernel ended with {status}:\n{}", self.log())));
            }
            listens(&self.info).then_some(Ok(()))
        });
        answer.unwrap_or_else(|| Err(format!("the kernel does not listen after {START:?}:\n{}", self.log())))
    }

    /// Where it listens, and its key.
    #[must_use]
    pub fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("process ids are small")
    }

    /// Its working folder, unless another was given.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// What it wrote to its standard error.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("kernel.log")).unwrap_or_default()
    }

    /// The process that runs Rust cells.
    #[track_caller]
    #[must_use]
    pub fn rust_worker(&self) -> Process {
        process::wait_for(self.pid(), "benchbook-cell", START)
    }

    /// The process that runs SQL.
    #[track_caller]
    #[must_use]
    pub fn engine_worker(&self) -> Process {
        process::wait_for(self.pid(), "benchbook-engines", START)
    }

    /// Its private directory in shared memory.
    #[must_use]
    pub fn session_dir(&self) -> Option<PathBuf> {
        session_dir_of(self.pid())
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait_end(&mut self) -> ExitStatus {
        let ended = process::poll(END, || self.child.try_wait().expect("our own child"));
        ended.unwrap_or_else(|| panic!("the kernel still runs after {END:?}:\n{}", self.log()))
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_none()
    }

    /// Kills it as the system would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        if self.is_running() {
            process::send(self.pid(), libc::SIGTERM);
            if process::poll(END, || self.child.try_wait().ok().flatten()).is_none() {
                self.kill();
            }
        }
        if std::thread::panicking() {
            eprintln!("--- log of kernel {} ---\n{}", self.pid(), self.log());
        }
    }
}

/// The session directory of the kernel with this process id.
#[must_use]
pub fn session_dir_of(pid: i32) -> Option<PathBuf> {
    let prefix = format!("benchbook-{pid}-");
    let places = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
    let entries = places.iter().filter_map(|place| place.read_dir().ok()).flatten().flatten();
    entries.map(|entry| entry.path()).find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
}

/// Five ports of the loopback interface that were free a moment ago.
#[must_use]
pub fn free_ports() -> [u16; 5] {
    let listeners = [(); 5].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("bound").port())
}
