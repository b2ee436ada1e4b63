//! Folders we made carry a marker; only those are ever removed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Lies in every folder that set-up made.
pub const MARKER: &str = ".made-by-benchbook";

/// Makes a folder of ours, or takes the one that is there when it is ours or empty.
///
/// # Errors
/// When a folder of that name exists that we did not make, or it cannot be written.
pub fn create(dir: &Path) -> Result<()> {
    if !is_ours(dir) && dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} exists and was not made by Benchbook, so it is left alone; move it away and try again", dir.display());
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let marker = dir.join(MARKER);
    if !marker.exists() {
        fs::write(&marker, "Made by `cargo lab`; `cargo lab uninstall` removes this folder.\n")
            .with_context(|| format!("cannot write {}", marker.display()))?;
    }
    Ok(())
}

/// Makes an empty folder of ours, removing what we made there before.
///
/// # Errors
/// As [`create`].
pub fn renew(dir: &Path) -> Result<()> {
    if is_ours(dir) {
        remove(dir)?;
    }
    create(dir)
}

/// Whether we made this folder. A symbolic link is never ours: its target may be anyone's.
#[must_use]
pub fn is_ours(dir: &Path) -> bool {
    fs::symlink_metadata(dir).is_ok_and(|m| m.is_dir()) && dir.join(MARKER).is_file()
}

/// Removes a folder of ours; returns whether there was one.
///
/// # Errors
/// When the folder is not ours, or something in it cannot be removed.
pub fn remove(dir: &Path) -> Result<bool> {
    if fs::symlink_metadata(dir).is_err() {
        return Ok(false);
    }
    if !is_ours(dir) {
        bail!("{} was not made by Benchbook, so it is left alone", dir.display());
    }
    fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    Ok(true)
}

/// Writes a file in one step, and only when its content changes; returns whether it did.
///
/// # Errors
/// When the file cannot be written.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    fs::write(&temporary, content)
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_what_it_made() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let (ours, theirs, link) = (dir.path().join("ours"), dir.path().join("theirs"), dir.path().join("link"));
        create(&ours)?;
        create(&ours)?;
        fs::create_dir(&theirs)?;
        fs::write(theirs.join("thesis.txt"), "years")?;
        std::os::unix::fs::symlink(&ours, &link)?;

        assert!(create(&theirs).is_err());
        assert!(remove(&theirs).is_err());
        assert!(remove(&link).is_err(), "a link is not ours even if its target is");
        assert!(theirs.join("thesis.txt").exists());
        assert!(remove(&ours)?);
        assert!(!remove(&ours)?);
        Ok(())
    }

    #[test]
    fn an_unchanged_file_is_not_touched() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("lab.json");
        assert!(write_if_changed(&path, b"1")?);
        assert!(!write_if_changed(&path, b"1")?);
        assert!(write_if_changed(&path, b"2")?);
        assert_eq!(fs::read_dir(dir.path())?.count(), 1, "no temporary file is left");
        Ok(())
    }
}
