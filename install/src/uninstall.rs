//! Uninstall: removes what set-up and the kernel made, says so line by line, and touches nothing else.

mod datasets;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::layout::Layout;
use crate::{kernelspec, owned, run};

/// Something of ours, and how it is removed safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A folder with our marker.
    Owned(PathBuf),
    /// One file that only we write.
    File(PathBuf),
    /// A dataset: the files its manifest lists.
    Dataset(PathBuf),
    /// A file or folder in a place where only the kernel writes: its cache, the shared memory of a session that is over.
    Kernel(PathBuf),
    /// A folder that is removed only when nothing is left in it.
    IfEmpty(PathBuf),
    /// Cargo's target directory, by `cargo clean`.
    Target(PathBuf),
}

impl Item {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Item::Owned(p) | Item::File(p) | Item::Dataset(p) | Item::Kernel(p) | Item::IfEmpty(p) | Item::Target(p) => p,
        }
    }
}

/// Where `benchbook data` keeps its sets.
#[must_use]
pub fn data_root() -> PathBuf {
    datasets::root()
}

/// Finds all that is there to remove. `everything` adds cargo's target directory.
#[must_use]
pub fn plan(layout: &Layout, everything: bool) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(dir) = kernelspec::user_data_dir()
        // Another clone may have installed its own kernel there since.
        && kernelspec::program(&dir).is_some_and(|program| program == layout.benchbook())
    {
        items.push(Item::Owned(kernelspec::place(&dir)));
    }
    items.extend([layout.python_env(), layout.spark_env(), layout.duckdb_dir()].map(Item::Owned));
    items.extend([layout.handouts(), layout.editions(), layout.site(), layout.pdf(), layout.scratch()].map(Item::Owned));
    items.push(Item::Owned(layout.target.join("duckdb-download")));
    items.extend([layout.lab_json(), layout.lab_metadata(), layout.build_log(), layout.lock_file()].map(Item::File));
    let data = datasets::root();
    let parent = data.parent().map(Path::to_path_buf).unwrap_or_default();
    items.extend(datasets::plan(&data));
    items.extend(ended_sessions());
    if let Some(cache) = kernel_cache() {
        items.extend(kernel_files(&cache, &data));
        items.push(Item::IfEmpty(cache));
    } else if parent.ends_with("benchbook") {
        items.push(Item::IfEmpty(parent));
    }
    if everything {
        items.push(Item::Target(layout.target.clone()));
    }
    items.retain(|item| fs::symlink_metadata(item.path()).is_ok());
    items
}

/// Folders of sessions whose kernel is gone; running kernels keep theirs.
fn ended_sessions() -> Vec<Item> {
    let mut items = Vec::new();
    for base in [PathBuf::from("/dev/shm"), std::env::temp_dir()] {
        for entry in base.read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let pid = name.strip_prefix("benchbook-").and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
            if pid.is_some_and(|pid| !alive(pid)) && is_plain_dir(&entry.path()) {
                items.push(Item::Kernel(entry.path()));
            }
        }
    }
    items
}

/// The kernel's cache: `benchbook` in the user's cache folder.
fn kernel_cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(base.join("benchbook"))
}

/// What the kernel keeps in its cache (history, crates added by `:dep`): all but the datasets. The kernel makes that
/// folder private; one that is not private is somebody else's.
fn kernel_files(cache: &Path, data: &Path) -> Vec<Item> {
    use std::os::unix::fs::PermissionsExt;
    let private = fs::symlink_metadata(cache).is_ok_and(|m| m.is_dir() && m.permissions().mode() & 0o077 == 0);
    if !private {
        return Vec::new();
    }
    let mut paths: Vec<PathBuf> = cache.read_dir().into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.retain(|path| !data.starts_with(path) && !path.ends_with("data"));
    paths.sort();
    paths.into_iter().map(Item::Kernel).collect()
}

fn alive(pid: u32) -> bool {
    run::first_line("ps", &["-p", &pid.to_string(), "-o", "pid="]).is_some()
}

fn is_plain_dir(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_dir())
}

/// Removes the items in order and tells of each; with `dry` only tells.
///
/// # Errors
/// When something could not be removed; the rest is removed all the same.
pub fn carry_out(layout: &Layout, items: &[Item], dry: bool, mut tell: impl FnMut(&str)) -> Result<()> {
    let mut failures = Vec::new();
    for item in items {
        if dry {
            tell(&format!("would remove {}", item.path().display()));
            continue;
        }
        match remove(layout, item) {
            Ok(true) => tell(&format!("removed {}", item.path().display())),
            Ok(false) => tell(&format!("kept {}, which holds other files", item.path().display())),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    if items.is_empty() {
        tell("nothing of Benchbook's is left here");
    }
    if !failures.is_empty() {
        bail!("not everything could be removed:\n{}", failures.join("\n"));
    }
    Ok(())
}

fn remove(layout: &Layout, item: &Item) -> Result<bool> {
    match item {
        Item::Owned(dir) => owned::remove(dir),
        Item::File(file) => Ok(fs::remove_file(file).map(|()| true)?),
        Item::Dataset(dir) => datasets::remove(dir),
        Item::Kernel(path) if is_plain_dir(path) => Ok(fs::remove_dir_all(path).map(|()| true)?),
        Item::Kernel(path) => Ok(fs::remove_file(path).map(|()| true)?),
        Item::IfEmpty(dir) => Ok(fs::remove_dir(dir).is_ok()),
        Item::Target(_) => run::output(layout.cargo().arg("clean")).map(|_| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_was_made_and_keeps_the_rest() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let layout = Layout { root: dir.path().join("clone"), target: dir.path().join("target") };
        fs::create_dir_all(layout.profile_dir())?;
        owned::create(&layout.python_env())?;
        fs::create_dir_all(layout.handouts())?;
        fs::write(layout.handouts().join("mine.html"), "not made by us: no marker")?;
        fs::write(layout.lab_json(), "{}")?;
        fs::write(layout.profile_dir().join("other"), "cargo's")?;

        let items = [Item::Owned(layout.python_env()), Item::Owned(layout.handouts()), Item::File(layout.lab_json())];
        let mut told = Vec::new();
        carry_out(&layout, &items, true, |line| told.push(line.to_owned()))?;
        assert_eq!(told.len(), 3);
        assert!(layout.python_env().exists(), "a dry run removes nothing");

        let error = carry_out(&layout, &items, false, |_| {}).expect_err("the foreign folder is reported").to_string();
        assert!(error.contains("handouts"), "{error}");
        assert!(!layout.python_env().exists() && !layout.lab_json().exists());
        assert!(layout.handouts().join("mine.html").exists());
        assert!(layout.profile_dir().join("other").exists());
        Ok(())
    }

    #[test]
    fn a_plan_names_only_what_exists() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let layout = Layout { root: dir.path().to_path_buf(), target: dir.path().join("target") };
        owned::create(&layout.duckdb_dir())?;
        let paths: Vec<_> = plan(&layout, false).into_iter().filter(|i| i.path().starts_with(dir.path())).collect();
        assert_eq!(paths, [Item::Owned(layout.duckdb_dir())]);
        Ok(())
    }

    #[test]
    fn the_kernels_cache_is_only_taken_when_it_is_private() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir()?;
        let cache = dir.path().join("benchbook");
        fs::create_dir_all(cache.join("deps"))?;
        fs::create_dir_all(cache.join("mine/stocks-20x250"))?;
        fs::create_dir_all(cache.join("data"))?;
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o755))?;
        assert_eq!(kernel_files(&cache, &cache.join("mine")), []);
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o700))?;
        assert_eq!(kernel_files(&cache, &cache.join("mine")), [Item::Kernel(cache.join("deps"))]);
        Ok(())
    }

    #[test]
    fn this_process_is_alive() {
        assert!(alive(std::process::id()));
        assert!(!alive(4_194_304));
    }
}
