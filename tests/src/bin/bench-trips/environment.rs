//! jupysql and DuckDB's Python package, in an environment that stays in the user's cache.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::run::Run;

/// The exact versions, also of what those packages need in turn; DuckDB is that of `libduckdb`.
const LOCK: &str = include_str!("requirements.lock");

/// Makes the environment below `folder`, or takes the one that is there; returns its Python.
///
/// # Errors
/// When Python is missing, or pip cannot install.
pub fn ensure(folder: &Path, run: &Run) -> Result<PathBuf> {
    let env = folder.join("python");
    let python = env.join("bin/python");
    let stamp = env.join(".requirements.lock");
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|known| known == LOCK) {
        return Ok(python);
    }
    if env.exists() {
        std::fs::remove_dir_all(&env).with_context(|| format!("cannot remove {}", env.display()))?;
    }
    let base = install::python::find()?;
    run.say("making an environment");
    install::run::output(install::python::isolated(&base.path).args(["-m", "venv"]).arg(&env))?;
    let lock = env.join("requirements.txt");
    std::fs::write(&lock, LOCK).with_context(|| format!("cannot write {}", lock.display()))?;
    run.say("installing jupysql and DuckDB's package");
    let mut pip = install::python::isolated(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-r"]).arg(&lock);
    install::run::output(&mut pip).context("jupysql could not be installed; `--without-jupysql` measures without it")?;
    std::fs::write(&stamp, LOCK).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
