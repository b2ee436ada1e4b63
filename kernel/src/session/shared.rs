//! What the engine thread and the assistant threads have in common.

use std::ffi::OsString;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use anyhow::Context as _;
use magics::error::MagicError;
use parking_lot::Mutex;

use crate::engine_worker::EngineWorker;
use crate::shim;

use super::paths::{Parts, SessionDir, cache_dir};
use super::rust::RustSession;
use super::worker_link::WorkerLink;

/// The toolchain in which `lab` was built and cells are compiled.
const TOOLCHAIN: &str = "1.95.0";

/// The environment variables that are changed for evcxr.
const CHANGED: &[&str] = &[
    "PATH",
    "CARGO_HOME",
    "RUSTUP_TOOLCHAIN",
    "EVCXR_TMPDIR",
    "EVCXR_CONFIG_DIR",
    shim::SHIM_HOME,
    shim::REAL_CARGO_HOME,
    shim::REAL_CARGO,
    shim::REAL_RUSTC,
    shim::LAB_JSON,
    shim::DEPS_DIR,
];

/// How often, and how long, an interrupt looks for something to stop.
const STEP: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);

/// The session: its directory, its workers.
pub struct Shared {
    pub parts: Parts,
    pub dir: SessionDir,
    pub link: Arc<WorkerLink>,
    /// The evcxr context; locked while Rust runs.
    pub rust: Mutex<Option<RustSession>>,
    /// The Rust worker's process, for interrupts while `rust` is locked.
    pub worker: Mutex<Option<Arc<StdMutex<Child>>>>,
    /// Whether a cell's Rust code is being compiled or run now.
    pub rust_runs: AtomicBool,
    pub engine: Mutex<EngineWorker>,
    /// What the variables that point evcxr at the shim were before.
    user_environment: Vec<(&'static str, Option<OsString>)>,
    sysroot: std::path::PathBuf,
    /// Where the standard library's own dynamic library is.
    std_dir: std::path::PathBuf,
}

fn output_of(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    anyhow::ensure!(output.status.success(), "{:?} failed: {}", command.get_program(), String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Shared {
    /// Makes the session's directory and points evcxr's environment at the shim.
    ///
    /// Must be called before any other thread runs: it sets environment variables.
    ///
    /// # Errors
    /// A directory that cannot be made, no Rust toolchain.
    pub fn prepare() -> anyhow::Result<Self> {
        let parts = Parts::find()?;
        let dir = SessionDir::create()?;
        let link = Arc::new(WorkerLink::listen(dir.path()).context("the session's socket cannot be made")?);
        // The variable is for the rustup proxy; without rustup, `rustc` on PATH must be the right one.
        let sysroot = output_of(Command::new("rustc").env("RUSTUP_TOOLCHAIN", TOOLCHAIN).args(["--print", "sysroot"]))
            .context("no Rust compiler was found: install Rust, then run `cargo lab`")?;
        let sysroot = std::path::PathBuf::from(sysroot);
        let std_dir = output_of(Command::new(sysroot.join("bin/rustc")).args(["--print", "target-libdir"]))?;
        let std_dir = std::path::PathBuf::from(std_dir);

        let shim_home = dir.path().join("shim");
        let bin = shim_home.join("bin");
        std::fs::create_dir_all(&bin)?;
        for name in ["cargo", "rustup"] {
            std::os::unix::fs::symlink(&parts.cargo, bin.join(name))?;
        }
        let user_environment: Vec<_> = CHANGED.iter().map(|name| (*name, std::env::var_os(name))).collect();
        let user_cargo_home = std::env::var_os("CARGO_HOME");
        let mut path = vec![bin];
        path.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        let cells = dir.path().join("cells");
        std::fs::create_dir_all(&cells)?;
        let deps = cache_dir()?.join("deps");
        std::fs::create_dir_all(&deps)?;

        let set = |name: &str, value: &std::ffi::OsStr| {
            // SAFETY: called before any other thread runs, as documented above.
            unsafe { std::env::set_var(name, value) }
        };
        set("PATH", &std::env::join_paths(path)?);
        set("CARGO_HOME", shim_home.as_os_str());
        set("RUSTUP_TOOLCHAIN", TOOLCHAIN.as_ref());
        set("EVCXR_TMPDIR", cells.as_os_str());
        set("EVCXR_CONFIG_DIR", dir.path().as_os_str());
        set(shim::SHIM_HOME, shim_home.as_os_str());
        set(shim::REAL_CARGO_HOME, user_cargo_home.as_deref().unwrap_or_default());
        set(shim::REAL_CARGO, sysroot.join("bin/cargo").as_os_str());
        set(shim::REAL_RUSTC, sysroot.join("bin/rustc").as_os_str());
        set(shim::LAB_JSON, parts.lab_json.as_os_str());
        set(shim::DEPS_DIR, deps.as_os_str());
        set("BENCHBOOK_SESSION", dir.path().as_os_str());
        set("BENCHBOOK_WORKER_SOCKET", link.path().as_os_str());

        let engine = EngineWorker::new(parts.engines.clone(), parts.duckdb.clone(), dir.path().to_owned());
        Ok(Self {
            parts,
            dir,
            link,
            rust: Mutex::new(None),
            worker: Mutex::new(None),
            rust_runs: AtomicBool::new(false),
            engine: Mutex::new(engine),
            user_environment,
            sysroot,
            std_dir,
        })
    }

    /// Gives a child process the user's own environment back.
    pub fn user_environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, value) in &self.user_environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Starts the evcxr context; takes a second or more.
    ///
    /// # Errors
    /// A missing or foreign `lab`, no compiler.
    pub fn start_rust(&self) -> Result<(), MagicError> {
        let failed =
            |error: anyhow::Error| MagicError::new("StartError", format!("{error:#}")).hint("`cargo lab doctor` checks the installation");
        let lab = shim::Lab::read(&self.parts.lab_json).map_err(failed)?;
        let rustc = output_of(Command::new(self.sysroot.join("bin/rustc")).arg("-V")).map_err(failed)?;
        if rustc != lab.rustc {
            return Err(MagicError::new(
                "StartError",
                format!("the library for cells was built by {}, but the compiler is {rustc}", lab.rustc),
            )
            .hint("run `cargo lab` to build it again"));
        }
        let mut worker = Command::new(&self.parts.cell);
        self.user_environment(&mut worker);
        let mut libraries = vec![self.std_dir.clone()];
        libraries.extend(lab.lab.parent().map(std::path::Path::to_owned));
        libraries.extend(std::env::var_os("LD_LIBRARY_PATH").iter().flat_map(std::env::split_paths));
        let libraries = std::env::join_paths(libraries).map_err(|error| failed(error.into()))?;
        worker.env("LD_LIBRARY_PATH", libraries).env("BENCHBOOK_LAB", &lab.lab).env("BENCHBOOK_TOKEN", self.link.token());
        let session = RustSession::start(worker, Arc::clone(&self.link), self.dir.path().join("cells"))?;
        *self.worker.lock() = Some(session.handle());
        *self.rust.lock() = Some(session);
        Ok(())
    }

    /// Stops the Rust code that runs now: its compilation if it is being compiled, else its worker.
    ///
    /// While evcxr only analyses the code there is nothing to stop yet, and killing the worker would lose variables for
    /// nothing: waits for what comes next.
    pub fn stop_rust(&self) {
        let mut waited = Duration::ZERO;
        while self.rust_runs.load(Ordering::SeqCst) && waited < PATIENCE {
            if self.link.kill_build() {
                return;
            }
            if self.link.is_running() {
                break;
            }
            std::thread::sleep(STEP);
            waited += STEP;
        }
        if self.rust_runs.load(Ordering::SeqCst) {
            self.kill_worker();
        }
    }

    fn kill_worker(&self) {
        let worker = self.worker.lock().clone();
        if let Some(worker) = worker
            && let Ok(mut child) = worker.lock()
        {
            let _ = child.kill();
        }
    }
}
