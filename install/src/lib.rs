//! Set-up of Benchbook: from a fresh clone to a running course, step by step, each skipped when it is done already.
//!
//! [`prepare`] is what `cargo lab` and the tests call; [`doctor::run`] is `benchbook doctor`.

pub mod bench;
pub mod build;
pub mod course;
mod datasets;
mod disk;
pub mod doctor;
pub mod duckdb;
pub mod editions;
pub mod execution;
pub mod handouts;
pub mod kernelspec;
pub mod launch;
mod layout;
mod owned;
pub mod pdf;
mod progress;
pub mod python;
pub mod run;
pub mod site;
pub mod spark;
mod toolchain;
pub mod uninstall;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use layout::Layout;
pub use progress::{Progress, Step, seconds};

/// What set-up made, by absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The kernel program.
    pub benchbook: PathBuf,
    /// The engine worker.
    pub engines: PathBuf,
    /// The Python of the environment that holds JupyterLab.
    pub python: PathBuf,
    /// The `jupyter` command of that environment.
    pub jupyter: PathBuf,
    /// The Jupyter data folder with our kernelspec; [`Installed::python_command`] finds it by itself.
    pub jupyter_data_dir: PathBuf,
    /// Where datasets are kept.
    pub data_root: PathBuf,
    /// What the kernel reads about the prebuilt `lab`.
    pub lab_json: PathBuf,
    /// Cargo's target directory.
    pub target_dir: PathBuf,
}

impl Installed {
    /// Environment variables with which any program finds our kernelspec and our Python first.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let bin = self.python.parent().unwrap_or(Path::new("")).display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        vec![
            ("PATH", format!("{bin}:{path}")),
            ("JUPYTER_PREFER_ENV_PATH", "1".to_owned()),
            ("JUPYTER_PATH", self.jupyter_data_dir.display().to_string()),
            ("PYTHONNOUSERSITE", "1".to_owned()),
        ]
    }

    /// The environment's Python, ready to run Jupyter tools as modules (`-m jupyterlab`, `-m nbconvert`).
    #[must_use]
    pub fn python_command(&self) -> Command {
        let mut command = python::isolated(&self.python);
        command.envs(self.env());
        command
    }
}

/// Does every step but launching. Runs of several processes or threads at once take turns.
///
/// # Errors
/// At the first step that fails; the message says what to do, and the next run goes on from there.
pub fn prepare(progress: &Progress) -> Result<Installed> {
    prepare_for(progress, false)
}

/// Like [`prepare`]; with `user` the kernelspec is installed for the user's other Jupyter programs as well.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_for(progress: &Progress, user: bool) -> Result<Installed> {
    let layout = Layout::discover()?;
    let _lock = take_turns(&layout, progress)?;

    let mut step = progress.step(1, "Rust, C compiler, disk");
    let toolchain = toolchain::ensure(&layout.root, &mut step)?;
    warn_of_small_disk(&layout, &step);
    step.done(&toolchain.rustc);

    let mut step = progress.step(2, "Python environment");
    python::ensure(&layout, &mut step)?;
    step.done("ready");

    let mut step = progress.step(3, "DuckDB library");
    duckdb::ensure(&layout, &mut step)?;
    step.done("ready");

    let mut step = progress.step(4, "Kernel, engines, Polars");
    let built = build::ensure(&layout, &toolchain, &mut step)?;
    step.done("built");

    let step = progress.step(5, "Kernelspec");
    let jupyter_data_dir = kernelspec::environment_data_dir(&layout.python_env());
    kernelspec::install(&jupyter_data_dir, &built.benchbook)?;
    if user {
        for_the_user(&built.benchbook, &step);
    }
    step.done(kernelspec::DISPLAY_NAME);

    let mut step = progress.step(6, "Small datasets");
    datasets::ensure(&built.benchbook, &mut step)?;
    let data_root = uninstall::data_root();
    step.done(&data_root.display().to_string());

    Ok(Installed {
        benchbook: built.benchbook,
        engines: built.engines,
        python: layout.python(),
        jupyter: layout.python_env().join("bin/jupyter"),
        jupyter_data_dir,
        data_root,
        lab_json: layout.lab_json(),
        target_dir: layout.target,
    })
}

/// Makes the Python environment alone, which is all that reading and printing notebooks needs.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_python(progress: &Progress) -> Result<Layout> {
    let layout = Layout::discover()?;
    let _lock = take_turns(&layout, progress)?;
    let mut step = progress.task("Python environment");
    python::ensure(&layout, &mut step)?;
    step.done("ready");
    Ok(layout)
}

/// Installs the optional engine Spark; returns the folder of its environment.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_spark(progress: &Progress) -> Result<PathBuf> {
    let layout = Layout::discover()?;
    let _lock = take_turns(&layout, progress)?;
    let mut step = progress.task("Spark");
    spark::ensure(&layout, &mut step)?;
    step.done("ready");
    Ok(layout.spark_env())
}

/// Other Jupyter programs are a convenience: failing there stops nothing.
fn for_the_user(benchbook: &Path, step: &progress::Step) {
    let Some(dir) = kernelspec::user_data_dir() else { return };
    if let Err(error) = kernelspec::install(&dir, benchbook) {
        step.note(&format!("not installed for other Jupyter programs: {error:#}"));
    }
}

fn warn_of_small_disk(layout: &Layout, step: &progress::Step) {
    let Some(room) = disk::room(&layout.target) else { return };
    if !layout.lab_json().is_file() && room.free < disk::NEEDED {
        let (free, needed) = (disk::bytes(room.free), disk::bytes(disk::NEEDED));
        step.note(&format!("only {free} free for {}; a first build takes about {needed}", layout.target.display()));
    }
}

/// Holds the lock until dropped; says so when it has to wait.
fn take_turns(layout: &Layout, progress: &Progress) -> Result<File> {
    std::fs::create_dir_all(&layout.target).with_context(|| format!("cannot make the folder {}", layout.target.display()))?;
    let path = layout.lock_file();
    let file = open_lock(&path)?;
    if file.try_lock().is_err() {
        progress.say("Another set-up is running; waiting for it");
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).with_context(|| format!("cannot open {}", path.display()))
}

/// Removes what [`prepare`] and the kernel made, telling of each thing; `all` adds what cargo built, `dry` only tells.
///
/// # Errors
/// When a set-up is running, or something could not be removed (the rest is removed all the same).
pub fn uninstall(all: bool, dry: bool, tell: impl FnMut(&str)) -> Result<()> {
    let layout = Layout::discover()?;
    let lock = if layout.lock_file().exists() { Some(open_lock(&layout.lock_file())?) } else { None };
    if lock.as_ref().is_some_and(|file| file.try_lock().is_err()) {
        bail!("a set-up is running; stop it first, or wait for its end");
    }
    uninstall::carry_out(&layout, &uninstall::plan(&layout, all), dry, tell)
}
