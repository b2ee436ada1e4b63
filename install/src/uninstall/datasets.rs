//! Datasets are removed file by file, as their manifests list them, so that a user's own files beside them stay.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Item;

/// Names of sets begin with one of these; so do the names of locks and unfinished work, after a dot.
const SETS: [&str; 2] = ["tpch-", "stocks-"];
const MANIFEST: &str = "manifest.json";

/// Where `benchbook data` keeps its sets: `BENCHBOOK_DATA`, else `benchbook/data` in the user's cache folder.
pub(super) fn root() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(root) = set("BENCHBOOK_DATA") {
        return std::path::absolute(&root).unwrap_or(root);
    }
    set("XDG_CACHE_HOME")
        .filter(|cache| cache.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("benchbook")
        .join("data")
}

/// Sets, locks and unfinished work under `root`, and at last `root` itself when nothing else is in it.
pub(super) fn plan(root: &Path) -> Vec<Item> {
    let mut paths: Vec<PathBuf> = root.read_dir().into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    let mut items: Vec<Item> = paths
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            let hidden = name.strip_prefix('.');
            if !SETS.iter().any(|set| hidden.unwrap_or(&name).starts_with(set)) {
                return None;
            }
            let is_dir = fs::symlink_metadata(&path).ok()?.is_dir();
            match hidden {
                None if is_dir && path.join(MANIFEST).is_file() => Some(Item::Dataset(path)),
                Some(rest) if is_dir && rest.ends_with(".making") => Some(Item::Kernel(path)),
                Some(rest) if !is_dir && rest.ends_with(".lock") => Some(Item::File(path)),
                _ => None,
            }
        })
        .collect();
    items.push(Item::IfEmpty(root.to_path_buf()));
    items
}

/// Removes the files of one set; returns whether the folder is gone with them.
pub(super) fn remove(dir: &Path) -> Result<bool> {
    let manifest = dir.join(MANIFEST);
    let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let value: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is damaged, so the folder is left alone; remove it by hand", manifest.display()))?;
    for name in value["files"].as_array().into_iter().flatten().filter_map(|f| f["path"].as_str()) {
        // A manifest must not lead out of its folder.
        if Path::new(name).components().count() != 1 || name == ".." {
            continue;
        }
        match fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", dir.join(name).display()));
            }
            _ => {}
        }
    }
    fs::remove_file(&manifest).with_context(|| format!("cannot remove {}", manifest.display()))?;
    Ok(fs::remove_dir(dir).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_goes_and_the_users_files_stay() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let (set, outside) = (dir.path().join("tpch-sf0.01"), dir.path().join("precious.txt"));
        fs::create_dir(&set)?;
        fs::write(&outside, "mine")?;
        fs::write(set.join("a.parquet"), "x")?;
        fs::write(set.join("notes.txt"), "mine")?;
        fs::write(set.join(MANIFEST), r#"{"files":[{"path":"a.parquet"},{"path":"../precious.txt"},{"path":".."},{"path":"gone"}]}"#)?;
        fs::create_dir(dir.path().join("tpch-by-hand"))?;
        fs::write(dir.path().join(".tpch-sf0.01.lock"), "")?;

        let items = plan(dir.path());
        let expected =
            [Item::File(dir.path().join(".tpch-sf0.01.lock")), Item::Dataset(set.clone()), Item::IfEmpty(dir.path().to_path_buf())];
        assert_eq!(items, expected);
        assert!(!remove(&set)?, "the folder still holds the user's notes");
        assert!(outside.exists() && set.join("notes.txt").exists() && !set.join("a.parquet").exists());
        Ok(())
    }
}
