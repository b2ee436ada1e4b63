//! Where datasets live.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::manifest::{FILE, Manifest};

/// The folder datasets are kept in: `BENCHBOOK_DATA` if set, else `benchbook/data` in the user's cache folder
/// (`XDG_CACHE_HOME`, `~/.cache`), else in the temporary folder.
pub fn default_root() -> PathBuf {
    let variable = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
    if let Some(root) = variable("BENCHBOOK_DATA") {
        // An absolute path stays right for whoever reads the answer in another working folder.
        return std::path::absolute(&root).unwrap_or(root);
    }
    variable("XDG_CACHE_HOME")
        .filter(|cache| cache.is_absolute())
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir)
        .join("benchbook")
        .join("data")
}

/// Folders under `root` that hold a finished set, with their manifests, sorted by name. Contents are not verified.
pub fn made_in(root: &Path) -> Vec<(PathBuf, Manifest)> {
    let Ok(entries) = fs::read_dir(root) else {
        return Vec::new();
    };
    let mut dirs: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|dir| dir.join(FILE).is_file()).collect();
    dirs.sort();
    dirs.into_iter().filter_map(|dir| Manifest::read(&dir).ok().map(|manifest| (dir, manifest))).collect()
}
