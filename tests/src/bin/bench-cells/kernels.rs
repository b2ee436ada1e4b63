//! The kernels that are compared: how each is started, made ready and ended.

use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ::tests::kernel::free_ports;
use ::tests::prepared::without_cargo;
use ::tests::process;
use anyhow::{Context as _, Result, bail};
use jupyter_protocol::connection_info::{ConnectionInfo, Transport};
use tempfile::TempDir;

use super::client::{Answer, Client};
use super::evcxr::Evcxr;

/// How long a kernel may take until it listens.
const LISTENS: Duration = Duration::from_secs(60);
/// How long a cell may take.
pub const CELL: Duration = Duration::from_secs(300);
/// How long a cell may take that builds Polars.
const BUILD: Duration = Duration::from_secs(3 * 3600);
/// How long a kernel may take to end.
const END: Duration = Duration::from_secs(3);

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    Ours,
    /// evcxr_jupyter with Polars loaded.
    EvcxrPolars,
    /// evcxr_jupyter with nothing loaded.
    Evcxr,
    /// A bare `rustc` of the user's code.
    Rustc,
    /// The same source built by `cargo build --release`.
    Release,
    /// Our kernel in the state that others are compared with: no variables, few cells, the first run.
    Base,
}

impl Who {
    /// As the table's columns and the JSON have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::EvcxrPolars => "evcxr+Polars",
            Self::Evcxr => "evcxr",
            Self::Rustc => "rustc",
            Self::Release => "release",
            Self::Base => "base",
        }
    }

    /// Whether Polars is in scope there.
    #[must_use]
    pub fn has_polars(self) -> bool {
        self != Self::Evcxr
    }
}

/// What is needed to start kernels.
pub struct Launcher {
    pub benchbook: PathBuf,
    pub evcxr: Option<Evcxr>,
    /// Holds the caches of the kernels started here: a run neither finds nor leaves cells in the user's cache.
    pub scratch: TempDir,
    /// The compiler's version, `1.95.0`; evcxr gets the same.
    pub toolchain: String,
}

/// A running kernel; ended when dropped.
pub struct Kernel {
    pub who: Who,
    pub spawned: Instant,
    pub client: Client,
    process: Running,
}

/// The process alone, so that it ends also when connecting fails.
struct Running {
    child: Child,
    dir: TempDir,
}

impl Launcher {
    /// The evcxr kernels that can be had, Polars first.
    #[must_use]
    pub fn evcxr_kernels(&self) -> Vec<Who> {
        match &self.evcxr {
            None => vec![],
            Some(evcxr) if evcxr.polars.is_none() => vec![Who::Evcxr],
            Some(_) => vec![Who::EvcxrPolars, Who::Evcxr],
        }
    }

    /// Starts a kernel and waits until it has greeted.
    ///
    /// # Errors
    /// When it ends, or is silent for too long; with what it wrote to its log.
    pub fn start(&self, who: Who) -> Result<Kernel> {
        // Ports are free when chosen and could be taken a moment later.
        let mut last = None;
        for _ in 0..3 {
            match self.try_start(who) {
                Ok(kernel) => return Ok(kernel),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("never tried"))).with_context(|| format!("the kernel of {} did not start", who.name()))
    }

    fn try_start(&self, who: Who) -> Result<Kernel> {
        let dir = tempfile::Builder::new().prefix("bench-cells-").tempdir()?;
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
        let mut command = self.command(who, &file)?;
        let log = File::create(dir.path().join("kernel.log"))?;
        command.current_dir(dir.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        ends_with_us(&mut command);
        let spawned = Instant::now();
        let child = command.spawn().with_context(|| format!("{} cannot be started", command.get_program().to_string_lossy()))?;
        let mut process = Running { child, dir };
        process.wait_until_it_listens(&info)?;
        let client = Client::connect(&info).with_context(|| process.log())?;
        Ok(Kernel { who, spawned, client, process })
    }

    fn command(&self, who: Who, connection_file: &Path) -> Result<Command> {
        let mut command;
        match (who, &self.evcxr) {
            (Who::Evcxr | Who::EvcxrPolars, None) => bail!("there is no evcxr_jupyter"),
            (Who::Evcxr | Who::EvcxrPolars, Some(evcxr)) => {
                command = Command::new(&evcxr.program);
                without_cargo(&mut command);
                command.arg("--control_file").arg(connection_file).env("EVCXR_CONFIG_DIR", &evcxr.config);
                // It has no toolchain file of its own; both kernels must use one compiler.
                command.env("RUSTUP_TOOLCHAIN", &self.toolchain);
                if let (Who::EvcxrPolars, Some(polars)) = (who, &evcxr.polars) {
                    command.env("EVCXR_TMPDIR", &polars.directory);
                    // evcxr's relative path to the standard library is one step short where both lie below the home folder.
                    command.env("LD_LIBRARY_PATH", std_directory(&self.toolchain)?);
                }
            }
            _ => {
                command = Command::new(&self.benchbook);
                without_cargo(&mut command);
                command.args(["kernel", "--connection-file"]).arg(connection_file);
            }
        }
        command.env("XDG_CACHE_HOME", self.scratch.path().join("cache"));
        Ok(command)
    }

    /// Starts a kernel and brings Polars into scope where it can be had.
    ///
    /// # Errors
    /// As [`Launcher::start`]; and when Polars cannot be loaded.
    pub fn ready(&self, who: Who) -> Result<Kernel> {
        let mut kernel = self.start(who)?;
        self.load_polars(&mut kernel)?;
        Ok(kernel)
    }

    /// Brings Polars into scope; nothing to do for evcxr_jupyter with nothing loaded.
    ///
    /// # Errors
    /// When a cell fails.
    pub fn load_polars(&self, kernel: &mut Kernel) -> Result<()> {
        match (kernel.who, self.evcxr.as_ref().and_then(|evcxr| evcxr.polars.as_ref())) {
            (Who::Evcxr, _) => return Ok(()),
            (Who::EvcxrPolars, Some(polars)) => {
                kernel.must_within(&polars.load, BUILD)?;
                kernel.must(&polars.import)?;
            }
            _ => {
                kernel.must("use polars::prelude::*;")?;
            }
        }
        Ok(())
    }
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

impl Kernel {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.process.child.id()).unwrap_or(i32::MAX)
    }

    /// Runs a cell. `expected` is the text that it must give, apart from space at both ends.
    ///
    /// # Errors
    /// When the kernel does not answer; a wrong answer is none.
    pub fn run(&mut self, code: &str, expected: &str) -> Result<Answer> {
        self.run_within(code, expected, CELL)
    }

    fn run_within(&mut self, code: &str, expected: &str, at_most: Duration) -> Result<Answer> {
        let pending = self.client.begin(code)?;
        let ended = self.client.end(pending, at_most, |text| text.trim().len() >= expected.len());
        ended.with_context(|| format!("{}, cell:\n{code}\n{}", self.who.name(), self.process.log()))
    }

    /// Runs a cell that prepares something.
    ///
    /// # Errors
    /// When it fails.
    pub fn must(&mut self, code: &str) -> Result<Answer> {
        self.must_within(code, CELL)
    }

    fn must_within(&mut self, code: &str, at_most: Duration) -> Result<Answer> {
        let answer = self.run_within(code, "", at_most)?;
        if !answer.errors.is_empty() {
            bail!("{}: a cell that prepares failed:\n{code}\n{}", self.who.name(), answer.errors);
        }
        Ok(answer)
    }
}

impl Running {
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
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.dir.path().join("kernel.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.client.shut_down();
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

/// Where the toolchain's dynamic standard library lies.
fn std_directory(toolchain: &str) -> Result<String> {
    let mut command = Command::new("rustc");
    without_cargo(&mut command);
    let output =
        command.env("RUSTUP_TOOLCHAIN", toolchain).args(["--print", "target-libdir"]).output().context("rustc could not be started")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
