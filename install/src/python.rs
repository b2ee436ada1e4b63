//! Step 2: an environment of its own for JupyterLab and its tools, with the exact versions of `requirements.lock`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::layout::Layout;
use crate::progress::Step;
use crate::{owned, run};

/// The exact versions, also of what those packages need in turn.
pub const LOCK: &str = include_str!("../python/requirements.lock");

/// Names tried, in this order; the first that suits is taken.
const NAMES: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];

/// What a Python must be able to do before we choose it.
const PROBE: &str = "import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1], sys.executable)";

/// A Python that can make environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    pub path: PathBuf,
    pub minor: u32,
}

/// The requirements of a lock file: `name==version`, comments and empty lines left out.
///
/// # Errors
/// When a line does not pin an exact version; the message names it.
pub fn parse_lock(text: &str) -> Result<Vec<(String, String)>> {
    let mut packages = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let requirement = line.split(';').next().unwrap_or_default();
        match requirement.split_once("==") {
            Some((name, version)) if !name.trim().is_empty() && !version.trim().is_empty() => {
                packages.push((name.trim().to_owned(), version.trim().to_owned()));
            }
            _ => bail!("requirements.lock, line {}: `{line}` does not pin a version (name==version)", number + 1),
        }
    }
    Ok(packages)
}

/// Finds a Python 3.11 or later that can make environments; `$BENCHBOOK_PYTHON` names one to be used.
///
/// # Errors
/// When there is none; the message tells a missing Python from a missing `venv`.
pub fn find() -> Result<Python> {
    if let Some(chosen) = std::env::var_os("BENCHBOOK_PYTHON") {
        let chosen = PathBuf::from(chosen);
        return match probe(&chosen) {
            Some(python) if python.minor >= 11 => Ok(python),
            _ => bail!("BENCHBOOK_PYTHON is {}, which is not a Python 3.11 or later with venv", chosen.display()),
        };
    }
    if let Some(python) = NAMES.iter().filter_map(|n| probe(Path::new(n))).find(|p| p.minor >= 11) {
        return Ok(python);
    }
    let version = ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"];
    match run::first_line("python3", &version) {
        Some(v) if v.strip_prefix("3.").and_then(|m| m.parse::<u32>().ok()).is_some_and(|m| m >= 11) => {
            bail!("Python {v} is here, but not its `venv`; Debian, Ubuntu: sudo apt-get install python3-venv")
        }
        Some(v) => {
            bail!("Python 3.11 or later is needed, and python3 is {v}; Debian, Ubuntu: sudo apt-get install python3.11 python3.11-venv")
        }
        None => bail!("Python 3.11 or later is needed; Debian, Ubuntu: sudo apt-get install python3 python3-venv"),
    }
}

fn probe(python: &Path) -> Option<Python> {
    let line = run::first_line(&python.display().to_string(), &["-c", PROBE])?;
    let mut words = line.splitn(3, ' ');
    let major: u32 = words.next()?.parse().ok()?;
    let minor = words.next()?.parse().ok()?;
    (major == 3).then_some(Python { path: PathBuf::from(words.next()?), minor })
}

/// The copy of the lock file that says what an environment holds; written last.
fn stamp(env: &Path) -> PathBuf {
    env.join(".requirements.lock")
}

/// Whether the environment holds exactly the locked versions and its Python still starts.
#[must_use]
pub fn is_current(env: &Path) -> bool {
    holds(env, LOCK)
}

/// Whether the environment holds exactly the versions of `lock` and its Python still starts.
#[must_use]
pub fn holds(env: &Path, lock: &str) -> bool {
    fs::read_to_string(stamp(env)).is_ok_and(|s| s == lock) && starts(env)
}

/// An environment dies when the Python it was made from goes away.
fn starts(env: &Path) -> bool {
    run::first_line(&env.join("bin/python").display().to_string(), &["-c", "print(1)"]).is_some()
}

/// Makes or mends the environment.
///
/// # Errors
/// When Python is missing, or `pip` cannot install; the message holds pip's own words.
pub fn ensure(layout: &Layout, step: &mut Step) -> Result<()> {
    fill(&layout.python_env(), LOCK, "about a minute the first time", step)
}

/// Makes or mends an environment in `env` with the versions of `lock`; `about` says how long that takes.
///
/// # Errors
/// As [`ensure`].
pub fn fill(env: &Path, lock: &str, about: &str, step: &mut Step) -> Result<()> {
    if holds(env, lock) {
        return Ok(());
    }
    step.work(about);
    if owned::is_ours(env) && !starts(env) {
        owned::remove(env)?;
    }
    if !env.join("bin/python").exists() {
        let python = find()?;
        step.say(&format!("making an environment with Python 3.{}", python.minor));
        owned::create(env)?;
        run::output(isolated(&python.path).args(["-m", "venv"]).arg(env))
            .context("Python could not make an environment; Debian, Ubuntu: sudo apt-get install python3-venv")?;
    }
    pip_install(env, lock, step)?;
    owned::write_if_changed(&stamp(env), lock.as_bytes())?;
    Ok(())
}

fn pip_install(env: &Path, lock: &str, step: &Step) -> Result<()> {
    let total = parse_lock(lock)?.len();
    let mut collected = 0_usize;
    let file = env.join("requirements.txt");
    owned::write_if_changed(&file, lock.as_bytes())?;
    let mut command = isolated(&env.join("bin/python"));
    command.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-r"]);
    run::lines(
        command.arg(&file),
        |line| {
            if let Some(what) = line.trim().strip_prefix("Collecting ") {
                collected += 1;
                let name = what.split(['=', ' ']).next().unwrap_or_default();
                step.say(&format!("fetching {collected}/{total}: {name}"));
            } else if let Some(what) = line.trim().strip_prefix("Building wheel") {
                step.say(&format!("unpacking{}", what.split('(').next().unwrap_or_default()));
            } else if line.starts_with("Installing collected") {
                step.say(&format!("unpacking {total} packages"));
            }
        },
        |_| {},
        |line| !line.starts_with("Requirement already"),
    )
    .context("the Python packages could not be installed; with the network back, run the same command again: it goes on where it stopped")
}

/// A Python that sees nothing of the user's own packages.
#[must_use]
pub fn isolated(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.env("PYTHONNOUSERSITE", "1").env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lock_pins_what_the_course_needs() -> Result<()> {
        let packages = parse_lock(LOCK)?;
        for needed in ["jupyterlab", "nbconvert", "nbclient", "ipykernel", "jupyter_client", "jupyter_kernel_test"] {
            assert!(packages.iter().any(|(name, _)| name == needed), "{needed} is not pinned");
        }
        Ok(())
    }

    #[test]
    fn a_loose_line_is_an_error_that_names_it() -> Result<()> {
        assert_eq!(parse_lock("# c\n\na==1 ; python_version > '3'\n")?, [("a".to_owned(), "1".to_owned())]);
        let error = parse_lock("a==1\nb>=2\n").expect_err("loose").to_string();
        assert!(error.contains("line 2") && error.contains("b>=2"), "{error}");
        Ok(())
    }

    #[test]
    fn an_environment_without_its_stamp_is_not_current() -> Result<()> {
        let dir = tempfile::tempdir()?;
        assert!(!is_current(dir.path()));
        fs::write(stamp(dir.path()), LOCK)?;
        assert!(!is_current(dir.path()), "no Python starts there");
        Ok(())
    }
}
