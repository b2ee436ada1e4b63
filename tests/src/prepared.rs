//! The installation that all tests use, and how many kernels may run at once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

use install::{Installed, Progress};

/// Kernels that run at the same time; each may need more than a gigabyte.
const KERNELS: usize = 2;

/// The installation; the first call makes it, as `cargo lab` would.
pub fn installed() -> &'static Installed {
    static INSTALLED: OnceLock<Result<Installed, String>> = OnceLock::new();
    let made = INSTALLED.get_or_init(|| install::prepare(&Progress::stderr()).map_err(|error| format!("{error:#}")));
    made.as_ref().unwrap_or_else(|error| panic!("the installation could not be prepared: {error}"))
}

/// The clone.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// A folder for what tests leave behind for people to look at; outside git.
pub fn artefacts() -> PathBuf {
    let path = installed().target_dir.join("tests");
    std::fs::create_dir_all(&path).expect("the target directory can be written");
    path
}

/// The cache folder of the tests' kernels: crates added with `:dep` stay built, and the user's history stays clean.
pub fn cache() -> PathBuf {
    let path = artefacts().join("cache");
    std::fs::create_dir_all(&path).expect("the target directory can be written");
    path
}

/// The folder of one of the small datasets, which set-up has made: `stocks-20d` or `tpch-sf0.01`.
pub fn dataset(name: &str) -> PathBuf {
    let path = installed().data_root.join(name);
    assert!(path.is_dir(), "there is no dataset {}", path.display());
    path
}

/// The folder of `libduckdb`, which the kernel tells the engine worker.
pub fn engine_libraries() -> PathBuf {
    installed().target_dir.join("duckdb")
}

/// A program with a user's environment: nothing of the cargo that runs this test, and our Python first.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    clean(&mut command);
    command.envs(installed().env());
    command
}

/// Takes away what `cargo test` adds to the environment, and keeps the user's own caches out of play.
pub fn clean(command: &mut Command) {
    without_cargo(command);
    command
        .env("XDG_CACHE_HOME", cache())
        .env("BENCHBOOK_DATA", &installed().data_root)
        .env("BENCHBOOK_RESULTS", cache().join("results.jsonl"));
}

/// Takes away what the cargo adds to the environment that runs this program.
pub fn without_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let cargo = text.starts_with("CARGO_") && text != "CARGO_HOME";
        if cargo || text == "CARGO" || text.starts_with("RUST_") || text == "LD_LIBRARY_PATH" || text == "RUSTUP_TOOLCHAIN" {
            command.env_remove(&name);
        }
    }
}

static TAKEN: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// The right to run one kernel, or to be alone; given back when dropped.
#[derive(Debug)]
pub struct Slot(usize);

impl Slot {
    /// Waits for a free place.
    #[must_use]
    pub fn take() -> Self {
        Self::wait(1)
    }

    /// Waits until no other kernel runs, and keeps it so.
    #[must_use]
    pub fn all() -> Self {
        Self::wait(KERNELS)
    }

    fn wait(places: usize) -> Self {
        let mut taken = TAKEN.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken + places > KERNELS {
            taken = TAKEN.1.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += places;
        Self(places)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *TAKEN.0.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        TAKEN.1.notify_all();
    }
}
