//! evcxr_jupyter: finding it, installing it, and how Polars is loaded in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ::tests::prepared::without_cargo;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::options::EvcxrPolars;

/// The version that is compared with.
pub const VERSION: &str = "0.22.0";

/// evcxr_jupyter, ready to start.
pub struct Evcxr {
    pub program: PathBuf,
    /// Its folder of settings: opt-level 3, which is what our cells have.
    pub config: PathBuf,
    pub polars: Option<Polars>,
}

/// How Polars is loaded.
pub struct Polars {
    pub how: EvcxrPolars,
    /// Keeps what evcxr's cargo builds between runs; one kernel at a time may use it.
    pub directory: PathBuf,
    /// The cell that makes Polars a dependency.
    pub load: String,
    /// The cell that brings its names into scope.
    pub import: String,
}

/// The evcxr_jupyter installed below `cache`, or one on `PATH`.
#[must_use]
pub fn find(cache: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = vec![installed_in(cache)];
    places.extend(std::env::split_paths(&path).map(|dir| dir.join("evcxr_jupyter")));
    places.into_iter().find(|program| program.is_file())
}

fn installed_in(cache: &Path) -> PathBuf {
    cache.join("evcxr/bin/evcxr_jupyter")
}

/// Installs it below `cache`, with cargo's own progress on standard error.
///
/// # Errors
/// When cargo fails.
pub fn install(cache: &Path, toolchain: &str) -> Result<PathBuf> {
    let program = installed_in(cache);
    if program.is_file() {
        return Ok(program);
    }
    eprintln!("Installing evcxr_jupyter {VERSION}: about 10 minutes on 2 cores, once");
    let mut command = Command::new("cargo");
    without_cargo(&mut command);
    // Kept until it succeeds, so that an interrupted installation goes on where it stopped.
    let build = cache.join("evcxr-build");
    command
        .args(["install", "evcxr_jupyter", "--locked", "--version", VERSION, "--root"])
        .arg(cache.join("evcxr"))
        .arg("--target-dir")
        .arg(&build)
        .env("RUSTUP_TOOLCHAIN", toolchain)
        .current_dir(cache)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = command.status().context("cargo could not be started")?;
    if !status.success() || !program.is_file() {
        bail!("`cargo install evcxr_jupyter` failed ({status}); its words are above");
    }
    // A build folder that stays costs room only.
    let _ = std::fs::remove_dir_all(build);
    Ok(program)
}

impl Evcxr {
    /// Prepares settings and, when asked for, how Polars is loaded. `root` is the clone.
    ///
    /// # Errors
    /// When the cache cannot be written or the workspace cannot be read.
    pub fn new(program: PathBuf, cache: &Path, root: &Path, how: EvcxrPolars) -> Result<Self> {
        let config = cache.join("evcxr-config");
        std::fs::create_dir_all(&config).with_context(|| format!("{} cannot be made", config.display()))?;
        std::fs::write(config.join("evcxr.toml"), "[evcxr]\nopt_level = \"3\"\n")?;
        let polars = match how {
            EvcxrPolars::None => None,
            EvcxrPolars::Crates => Some((polars_dependency(root)?, "use polars::prelude::*;")),
            EvcxrPolars::Lab => Some((
                format!(":dep lab = {{ path = {:?} }}", root.join("kernel/lab").display().to_string()),
                "use lab::polars::prelude::*;",
            )),
        };
        let polars = match polars {
            None => None,
            Some((load, import)) => {
                let directory = cache.join(format!("evcxr-{}", how.name()));
                std::fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
                Some(Polars { how, directory, load, import: import.to_owned() })
            }
        };
        Ok(Self { program, config, polars })
    }
}

/// `:dep polars` with the version and the features that `lab` has.
fn polars_dependency(root: &Path) -> Result<String> {
    let mut command = Command::new("cargo");
    without_cargo(&mut command);
    let output = command
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .stdin(Stdio::null())
        .output()
        .context("cargo could not be started")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("`cargo metadata` did not print JSON")?;
    let named = |list: &Value, name: &str| list.as_array().into_iter().flatten().find(|item| item["name"] == name).cloned();
    let lab = named(&metadata["packages"], "lab").context("the workspace has no package `lab`")?;
    let polars = named(&lab["dependencies"], "polars").context("`lab` does not depend on `polars`")?;
    let version = polars["req"].as_str().unwrap_or("*");
    Ok(format!(
        ":dep polars = {{ version = \"{version}\", default-features = {}, features = {} }}",
        polars["uses_default_features"], polars["features"]
    ))
}
