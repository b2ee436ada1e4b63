//! What the engine thread and the assistant threads have in common.

use std::ffi::OsString;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use magics::error::MagicError;
use parking_lot::Mutex;

use crate::cells::cache::Cache;
use crate::cells::compiler::{Compiler, Running};
use crate::cells::diagnostic::Diagnostic;
use crate::cells::linker::Linker;
use crate::cells::worker;
use crate::engine_worker::EngineWorker;
use crate::python_worker::PythonWorkers;
use crate::shim;

use super::analyzer::Analyzer;
use super::guard;
use super::paths::{Parts, SessionDir, cache_dir};
use super::rust::{PresentProcess, RustSession};
use super::worker_link::WorkerLink;

/// The toolchain in which `lab` was built and cells are compiled.
const TOOLCHAIN: &str = "1.95.0";

/// The environment variables that are changed for evcxr's analyzer.
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
/// How long a cell has to stop before its worker is ended; a little more than the worker tries (`benchbook-cell`).
const INTERRUPT: Duration = Duration::from_secs(2);

/// The session: its directory, its workers.
pub struct Shared {
    pub parts: Parts,
    pub dir: SessionDir,
    /// Removes the directory once its standard input closes: when this process is gone.
    _guard: std::process::Child,
    pub link: Arc<WorkerLink>,
    /// The notebook's Rust; locked while it runs.
    pub rust: Mutex<Option<RustSession>>,
    /// The Rust worker's process, for interrupts while `rust` is locked.
    worker: Mutex<Option<PresentProcess>>,
    /// The compiler that runs now.
    running: Running,
    pub analyzer: Arc<Analyzer>,
    /// What the compiler said last, for `:explain`.
    pub last_errors: Mutex<Vec<Diagnostic>>,
    /// Whether a cell's Rust code is being compiled or run now.
    pub rust_runs: AtomicBool,
    pub engine: Mutex<EngineWorker>,
    pub python: PythonWorkers,
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
        let guard = guard::start(&parts.kernel, dir.path()).context("the guard of the session's directory cannot be started")?;
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
        set("BENCHBOOK_PLANE", parts.plane.as_os_str());
        set("BENCHBOOK_WORKER_SOCKET", link.path().as_os_str());

        let stand_in = parts.cargo.clone();
        let analyzer = Analyzer::start(Box::new(move || {
            let mut command = Command::new(&stand_in);
            command.env(shim::PRETEND_WORKER, "1");
            command
        }));
        let engine = EngineWorker::new(parts.engines.clone(), parts.duckdb.clone(), dir.path().to_owned());
        let environment = user_environment.clone();
        let python =
            PythonWorkers::new(parts.python.clone(), dir.path().to_owned(), Box::new(move |command| give_back(&environment, command)));
        Ok(Self {
            parts,
            dir,
            _guard: guard,
            link,
            rust: Mutex::new(None),
            worker: Mutex::new(None),
            running: Running::default(),
            analyzer: Arc::new(analyzer),
            last_errors: Mutex::default(),
            rust_runs: AtomicBool::new(false),
            engine: Mutex::new(engine),
            python,
            user_environment,
            sysroot,
            std_dir,
        })
    }

    /// Gives a child process the user's own environment back.
    pub fn user_environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        give_back(&self.user_environment, command);
        command
    }

    /// The record of the prebuilt `lab`.
    ///
    /// # Errors
    /// A missing or damaged record.
    pub fn lab(&self) -> Result<shim::Lab, MagicError> {
        shim::Lab::read(&self.parts.lab_json)
            .map_err(|error| MagicError::new("StartError", format!("{error:#}")).hint("`cargo lab doctor` checks the installation"))
    }

    /// The compiler of cells.
    pub fn rustc(&self) -> std::path::PathBuf {
        self.sysroot.join("bin/rustc")
    }

    /// Where generated sources and compiled cells of this session lie.
    pub fn cells(&self) -> std::path::PathBuf {
        self.dir.path().join("cells")
    }

    /// Starts the notebook's Rust.
    ///
    /// # Errors
    /// A missing or foreign `lab`, no compiler.
    pub fn start_rust(&self) -> Result<(), MagicError> {
        let failed =
            |error: anyhow::Error| MagicError::new("StartError", format!("{error:#}")).hint("`cargo lab doctor` checks the installation");
        let lab = self.lab()?;
        let rustc = output_of(Command::new(self.rustc()).arg("-V")).map_err(failed)?;
        if rustc != lab.rustc {
            return Err(MagicError::new(
                "StartError",
                format!("the library for cells was built by {}, but the compiler is {rustc}", lab.rustc),
            )
            .hint("run `cargo lab` to build it again"));
        }
        let mut libraries = vec![self.std_dir.clone()];
        libraries.extend(lab.lab.parent().map(std::path::Path::to_owned));
        libraries.extend(std::env::var_os("LD_LIBRARY_PATH").iter().flat_map(std::env::split_paths));
        let libraries = std::env::join_paths(libraries).map_err(|error| failed(error.into()))?;
        let environment = self.user_environment.clone();
        let (program, lab_path, token) = (self.parts.cell.clone(), lab.lab.clone(), self.link.token().to_owned());
        let worker = Box::new(move || {
            let mut command = Command::new(&program);
            give_back(&environment, &mut command);
            command.env("LD_LIBRARY_PATH", &libraries).env("BENCHBOOK_LAB", &lab_path).env("BENCHBOOK_TOKEN", &token);
            command
        });
        let compiler = Compiler {
            rustc: self.rustc(),
            lab,
            built: shim::Built::default(),
            opt_level: "3".to_owned(),
            line_tables: false,
            linker: Linker::find(&self.sysroot),
            running: self.running.clone(),
        };
        let cache = Cache::new(cache_dir().map_err(failed)?.join("cells"));
        let session = RustSession::start(compiler, worker, Arc::clone(&self.link), Arc::clone(&self.analyzer), &self.cells(), cache)?;
        *self.worker.lock() = Some(session.handle());
        *self.rust.lock() = Some(session);
        Ok(())
    }

    /// Stops the Rust code that runs now: its compilation if it is being compiled, else the cell, and if that does not stop,
    /// its worker.
    ///
    /// Between the two there is nothing to stop yet, and killing the worker would lose variables for nothing: waits for
    /// what comes next.
    pub fn stop_rust(&self) {
        let mut waited = Duration::ZERO;
        while self.rust_runs.load(Ordering::SeqCst) && waited < PATIENCE {
            // The compiler may just have ended by itself: what follows is looked at all the same.
            self.running.kill();
            if self.link.is_running() {
                break;
            }
            std::thread::sleep(STEP);
            waited += STEP;
        }
        if !self.rust_runs.load(Ordering::SeqCst) {
            return;
        }
        let asked = self.link.interrupt();
        let deadline = std::time::Instant::now() + INTERRUPT;
        while asked && self.link.is_running() && std::time::Instant::now() < deadline {
            std::thread::sleep(STEP / 4);
        }
        // What cannot be stopped is ended, and its variables with it.
        if self.link.is_running() {
            self.kill_worker();
        }
    }

    /// Ends compiler and worker.
    pub fn kill_rust(&self) {
        self.running.kill();
        self.kill_worker();
    }

    fn kill_worker(&self) {
        let worker = self.worker.lock().clone();
        if let Some(worker) = worker
            && let Ok(worker) = worker.lock()
        {
            worker::kill(&worker);
        }
    }
}

fn give_back(environment: &[(&'static str, Option<OsString>)], command: &mut Command) {
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}
