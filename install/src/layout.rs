//! Where everything is: the clone, cargo's target directory, and what set-up puts into it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};

use crate::run;

/// The places set-up works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The clone: the folder with `rust-toolchain.toml`.
    pub root: PathBuf,
    /// Cargo's target directory (it may lie outside the clone).
    pub target: PathBuf,
}

impl Layout {
    /// Finds the clone and cargo's target directory.
    ///
    /// # Errors
    /// When this program runs outside a clone, or cargo cannot tell its target directory.
    pub fn discover() -> Result<Self> {
        let root = find_root()?;
        let target = match std::env::current_exe().ok().and_then(|exe| target_of_executable(&exe)) {
            Some(target) => target,
            None => target_of_metadata(&root)?,
        };
        Ok(Self { root, target })
    }

    /// Cargo's output for the one profile the project has.
    #[must_use]
    pub fn profile_dir(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// The Python environment.
    #[must_use]
    pub fn python_env(&self) -> PathBuf {
        self.target.join("python")
    }

    /// The Python of that environment.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.python_env().join("bin/python")
    }

    /// The Python environment of the optional engine Spark.
    #[must_use]
    pub fn spark_env(&self) -> PathBuf {
        self.target.join("spark")
    }

    /// Holds the prebuilt DuckDB library.
    #[must_use]
    pub fn duckdb_dir(&self) -> PathBuf {
        self.target.join("duckdb")
    }

    /// What the kernel must know about the prebuilt `lab`.
    #[must_use]
    pub fn lab_json(&self) -> PathBuf {
        self.profile_dir().join("lab.json")
    }

    /// `cargo metadata` of the workspace, read by the kernel's completion.
    #[must_use]
    pub fn lab_metadata(&self) -> PathBuf {
        self.profile_dir().join("lab-metadata.json")
    }

    /// The engine worker.
    #[must_use]
    pub fn engines(&self) -> PathBuf {
        self.profile_dir().join("benchbook-engines")
    }

    /// The kernel.
    #[must_use]
    pub fn benchbook(&self) -> PathBuf {
        self.profile_dir().join("benchbook")
    }

    /// Where handouts go unless `--out` says otherwise.
    #[must_use]
    pub fn handouts(&self) -> PathBuf {
        self.target.join("handouts")
    }

    /// Where the editions go unless `--out` says otherwise.
    #[must_use]
    pub fn editions(&self) -> PathBuf {
        self.target.join("editions")
    }

    /// Where the site goes unless `--out` says otherwise.
    #[must_use]
    pub fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    /// Where the PDFs go unless `--out` says otherwise.
    #[must_use]
    pub fn pdf(&self) -> PathBuf {
        self.target.join("pdf")
    }

    /// Holds the folders of work under way.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.target.join("scratch")
    }

    /// A folder for one piece of work, whose name nobody else uses at the same time.
    #[must_use]
    pub fn scratch_for(&self, what: &str) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        self.scratch().join(format!("{what}-{process}-{count}"))
    }

    /// The course.
    #[must_use]
    pub fn notebooks(&self) -> PathBuf {
        self.root.join("notebooks")
    }

    /// Held while set-up runs, so that parallel runs wait for each other.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.target.join("benchbook-install.lock")
    }

    /// What cargo said during the last builds.
    #[must_use]
    pub fn build_log(&self) -> PathBuf {
        self.target.join("benchbook-build.log")
    }

    /// A command with this clone's cargo settings and nothing of an outer `cargo run`.
    #[must_use]
    pub fn cargo(&self) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // An outer cargo describes *its* package to us; a nested one must not see that.
        for (name, _) in std::env::vars_os() {
            if let Some(name) = name.to_str()
                && ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|p| name.starts_with(p))
            {
                command.env_remove(name);
            }
        }
        command.env_remove("CARGO_CRATE_NAME").env_remove("CARGO_PRIMARY_PACKAGE").env_remove("CARGO");
        command
    }

    /// The search path for shared libraries that the engine worker needs: its variable and value.
    #[must_use]
    pub fn library_path(&self, sysroot: Option<&Path>) -> (&'static str, String) {
        let name = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
        let mut dirs = vec![self.duckdb_dir(), self.profile_dir().join("deps"), self.profile_dir()];
        dirs.extend(sysroot.map(|s| s.join("lib")));
        let mut value: Vec<String> = dirs.iter().map(|d| d.display().to_string()).collect();
        value.extend(std::env::var(name).ok().filter(|v| !v.is_empty()));
        (name, value.join(":"))
    }
}

fn find_root() -> Result<PathBuf> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf);
    let here = std::env::current_dir().context("the current folder cannot be read")?;
    built_from
        .into_iter()
        .chain(here.ancestors().map(Path::to_path_buf))
        .find(|dir| dir.join("rust-toolchain.toml").is_file() && dir.join("install/Cargo.toml").is_file())
        .with_context(|| format!("no clone of Benchbook at or above {}; change into it and try again", here.display()))
}

/// The target directory an executable was built into: the nearest folder above it that cargo marked.
fn target_of_executable(exe: &Path) -> Option<PathBuf> {
    // Cargo writes its `CACHEDIR.TAG` only into a folder that it has made itself.
    exe.ancestors().skip(1).find(|dir| dir.join(".rustc_info.json").is_file()).map(Path::to_path_buf)
}

fn target_of_metadata(root: &Path) -> Result<PathBuf> {
    let text = run::output(
        Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(root.join("Cargo.toml")),
    )?;
    let value: serde_json::Value = serde_json::from_str(&text).context("`cargo metadata` did not print JSON")?;
    match value["target_directory"].as_str() {
        Some(dir) => Ok(PathBuf::from(dir)),
        None => bail!("`cargo metadata` names no target directory"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_target_above_a_test_binary() -> Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::create_dir_all(dir.path().join("debug/deps"))?;
        let exe = dir.path().join("debug/deps/some_test-1");
        assert_eq!(target_of_executable(&exe), None);
        std::fs::write(dir.path().join(".rustc_info.json"), "{}")?;
        assert_eq!(target_of_executable(&exe).as_deref(), Some(dir.path()));
        Ok(())
    }

    #[test]
    fn discovers_this_clone() -> Result<()> {
        let layout = Layout::discover()?;
        assert!(layout.root.join("install/python/requirements.lock").is_file());
        assert!(layout.lab_json().starts_with(&layout.target));
        Ok(())
    }
}
