//! Kernels of any maker: started, connected to, ended.

use std::fs::File;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use jupyter_protocol::connection_info::{ConnectionInfo, Transport};
use tempfile::TempDir;

use super::client::Client;
use crate::kernel::free_ports;
use crate::process;

/// How long a kernel may take until it listens; Python compiles its packages at the first start.
const LISTENS: Duration = Duration::from_secs(120);
/// How long a cell may take.
pub const CELL: Duration = Duration::from_secs(300);
/// How long a kernel may take to end.
const END: Duration = Duration::from_secs(3);

/// A kernel that has greeted.
pub struct Started {
    pub spawned: Instant,
    pub client: Client,
    pub process: Running,
}

/// The process alone, so that it ends also when connecting fails; ended when dropped.
pub struct Running {
    child: Child,
    dir: TempDir,
}

/// Starts a kernel with the command that is made for a connection file, and waits until it has greeted.
///
/// # Errors
/// When it ends, or is silent for too long; with what it wrote to its log.
pub fn start(name: &str, command: impl Fn(&Path) -> Result<Command>) -> Result<Started> {
    // Ports are free when chosen and could be taken a moment later.
    let mut last = None;
    for _ in 0..3 {
        match try_start(&command) {
            Ok(kernel) => return Ok(kernel),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("never tried"))).with_context(|| format!("the kernel of {name} did not start"))
}

fn try_start(command: &impl Fn(&Path) -> Result<Command>) -> Result<Started> {
    let dir = tempfile::Builder::new().prefix("bench-kernel-").tempdir()?;
    let ports = free_ports();
    let info = ConnectionInfo {
        ip: "127.0.0.1".to_owned(),
        transport: Transport::TCP,
        shell_port: ports[0],
        iopub_port: ports[1],
        stdin_port: ports[2],
        control_port: ports[3],
        hb_port: ports[4],
        key: uuid::Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: None,
    };
    let file = dir.path().join("connection.json");
    std::fs::write(&file, serde_json::to_vec(&info)?)?;
    let mut command = command(&file)?;
    let log = File::create(dir.path().join("kernel.log"))?;
    command.current_dir(dir.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    ends_with_us(&mut command);
    let spawned = Instant::now();
    let child = command.spawn().with_context(|| format!("{} cannot be started", command.get_program().to_string_lossy()))?;
    let mut process = Running { child, dir };
    process.wait_until_it_listens(&info)?;
    let client = Client::connect(&info).with_context(|| process.log())?;
    Ok(Started { spawned, client, process })
}

/// Kernels must not outlive this program, however it ends.
fn ends_with_us(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt as _;
        // SAFETY: `prctl` is a plain system call; nothing is allocated between fork and exec.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
                Ok(())
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }

    fn wait_until_it_listens(&mut self, info: &ConnectionInfo) -> Result<()> {
        let deadline = Instant::now() + LISTENS;
        let mut silent = vec![info.iopub_port, info.hb_port, info.stdin_port, info.control_port, info.shell_port];
        // Every millisecond counts where a start is timed.
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}:\n{}", self.log());
            }
            silent.retain(|port| TcpStream::connect(("127.0.0.1", *port)).is_err());
            if silent.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("it does not listen after {LISTENS:?}:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The end of what it wrote to standard output and standard error.
    #[must_use]
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.dir.path().join("kernel.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for _ in 0..2 {
            if process::poll(END, || self.child.try_wait().ok().flatten()).is_some() {
                return;
            }
            if let Ok(pid) = i32::try_from(self.child.id()) {
                process::send(pid, libc::SIGTERM);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
