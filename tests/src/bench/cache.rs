//! What stays between runs of a benchmark: what it is compared with.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The folder `name` in the user's cache, where `cargo lab uninstall` finds it, and not below the clone: cargo takes packages
/// for members of any workspace above them.
///
/// # Errors
/// When it cannot be made.
pub fn folder(name: &str) -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).unwrap_or_else(std::env::temp_dir);
    let ours = std::path::absolute(base.join("benchbook"))?;
    let folder = ours.join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    // The kernel keeps this folder private, and uninstall touches no other.
    std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

/// The only run that uses the folder, until the file is dropped.
///
/// # Errors
/// When there is another.
pub fn alone(folder: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    ensure!(file.try_lock().is_ok(), "another run of this benchmark uses {}", folder.display());
    Ok(file)
}
