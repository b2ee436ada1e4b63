//! The record of the prebuilt `lab`: where it is and what cells may name without `:dep`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

/// `lab.json`, written by the installer after a build.
#[derive(Debug, Clone, Deserialize)]
pub struct Lab {
    /// `rustc -V` of the compiler that built it; cells must use the same.
    pub rustc: String,
    /// The dynamic library.
    pub lab: PathBuf,
    /// Directory with the libraries of everything inside `lab`, which the compiler reads types from.
    pub deps_dir: PathBuf,
    /// Crates that cells can name, with the library that describes each.
    pub externs: BTreeMap<String, PathBuf>,
    /// Every crate inside `lab`, for naming the types of variables.
    #[serde(default)]
    pub behind: BTreeMap<String, PathBuf>,
    /// `cargo metadata` of the workspace, for the analyzer.
    pub metadata: PathBuf,
}

impl Lab {
    /// Reads `lab.json` and checks that what it names is there.
    ///
    /// # Errors
    /// A missing or unreadable record, or a record of files that are gone.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the prebuilt library for cells is not there ({}): run `cargo lab` to build it", path.display()))?;
        let lab: Self =
            serde_json::from_str(&text).with_context(|| format!("{} is damaged: run `cargo lab` to write it again", path.display()))?;
        anyhow::ensure!(lab.lab.exists(), "the library {} is gone: run `cargo lab` to build it again", lab.lab.display());
        Ok(lab)
    }

    /// Whether cells have this crate without `:dep`.
    pub fn provides(&self, name: &str) -> bool {
        name == "lab" || self.externs.contains_key(&name.replace('-', "_"))
    }
}
