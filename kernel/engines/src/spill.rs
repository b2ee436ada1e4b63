//! The directory for data that does not fit into memory. It lies in the temp directory, on disk:
//! the session directory is shared memory, so spilling there would free nothing.

use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

const PREFIX: &str = "benchbook-spill-";

/// A private directory (mode 0700), removed on drop.
#[derive(Debug)]
pub struct SpillDir(PathBuf);

impl SpillDir {
    /// Makes the directory, and removes those left by workers that were killed.
    pub fn create() -> io::Result<SpillDir> {
        let parent = std::env::temp_dir();
        remove_stale(&parent);
        let random = RandomState::new().hash_one(std::time::SystemTime::now());
        let path = parent.join(format!("{PREFIX}{}-{random:016x}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(SpillDir(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SpillDir {
    fn drop(&mut self) {
        // Nothing to do about a failure here: the next worker removes it as stale.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes spill directories of this user whose worker is gone; failures are left for the next start.
fn remove_stale(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let Some(pid) = rest.split('-').next().and_then(|pid| pid.parse::<i32>().ok()) else { continue };
        // SAFETY: plain system calls; signal 0 only asks whether the process exists.
        let (owner, alive) = unsafe { (libc::geteuid(), libc::kill(pid, 0) == 0) };
        let ours = entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == owner);
        if ours && !alive {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
