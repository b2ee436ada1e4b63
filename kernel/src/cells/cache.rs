//! Compiled cells on disk, by what they were compiled from: a cell that was compiled once, by any notebook, is not
//! compiled again.
//!
//! An entry is written under another name and renamed, so kernels side by side never see half of one. What was not used
//! for longest goes when the folder has grown too large.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::diagnostic::Diagnostic;

/// Bytes that the folder may hold.
const LIMIT: u64 = 512 << 20;
/// How much of it goes at once, so that not every new cell has to clean up.
const LOW_WATER: u64 = LIMIT / 4 * 3;

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Known {
    /// It compiles: the library (none for a cell of items only) and what the compiler warned of.
    Compiled { library: Option<String>, warnings: Vec<Diagnostic> },
    /// It does not, and this is how it must be written instead.
    Instead(Retry),
}

/// What to change in a source that the compiler refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// New variables that the cell moves away itself.
    pub not_kept: BTreeSet<String>,
    /// Earlier variables that it moves away.
    pub consumed: BTreeSet<String>,
    /// Give the cell every item of the notebook.
    pub all_items: bool,
    /// Other spellings of variables' types.
    pub spellings: Vec<(String, String)>,
}

impl Retry {
    /// Whether there is anything to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A folder of compiled cells.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    /// Bytes stored since the folder was last looked through.
    unchecked: Arc<AtomicU64>,
}

/// The name of a source with everything that decides what is compiled from it.
pub fn key(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

fn sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Cache {
    /// Uses this folder, which is made when something is stored.
    pub fn new(folder: PathBuf) -> Self {
        // A kernel looks the folder through at its first new cell, and then now and again.
        Self { folder, limit: LIMIT, unchecked: Arc::new(AtomicU64::new(LIMIT)) }
    }

    fn record(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    fn library(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.so"))
    }

    /// What is known of this source; a compiled library is copied to `to`. Anything damaged counts as unknown.
    pub fn find(&self, key: &str, to: &Path) -> Option<Known> {
        let record = self.record(key);
        let known: Known = serde_json::from_slice(&fs::read(&record).ok()?).ok()?;
        if let Known::Compiled { library: Some(expected), .. } = &known {
            let bytes = fs::read(self.library(key)).ok()?;
            if sum(&bytes) != *expected {
                return None;
            }
            // A copy under a name of its own: the loader would take the same file for the same library, statics and all.
            fs::write(to, &bytes).ok()?;
        }
        // The time of last use decides what stays.
        if let Ok(file) = File::options().append(true).open(&record) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(known)
    }

    /// Remembers a compiled cell. A cache that cannot be written is no error: the next time costs a compilation.
    pub fn store_compiled(&self, key: &str, library: Option<&Path>, warnings: &[Diagnostic]) {
        let bytes = match library.map(fs::read) {
            Some(Ok(bytes)) => Some(bytes),
            Some(Err(_)) => return,
            None => None,
        };
        if let Some(bytes) = &bytes
            && self.write(&self.library(key), bytes).is_err()
        {
            return;
        }
        self.store(key, &Known::Compiled { library: bytes.as_deref().map(sum), warnings: warnings.to_vec() });
        let stored = bytes.map_or(0, |bytes| bytes.len() as u64);
        if self.unchecked.fetch_add(stored, Ordering::Relaxed) + stored > self.limit / 32 {
            self.unchecked.store(0, Ordering::Relaxed);
            self.trim();
        }
    }

    /// Remembers that this source must be written otherwise.
    pub fn store_retry(&self, key: &str, retry: &Retry) {
        self.store(key, &Known::Instead(retry.clone()));
    }

    fn store(&self, key: &str, known: &Known) {
        if let Ok(text) = serde_json::to_vec(known) {
            let _ = self.write(&self.record(key), &text);
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let temporary = path.with_extension(format!("{}.part", std::process::id()));
        let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Removes what was not used for longest, when there is too much.
    fn trim(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in entries.filter_map(Result::ok) {
            if let Ok(data) = entry.metadata() {
                files.push((data.modified().unwrap_or(SystemTime::UNIX_EPOCH), data.len(), entry.path()));
            }
        }
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        if total <= self.limit {
            return;
        }
        // A record counts for its library: the record's time is that of last use.
        let time_of = |path: &Path| fs::metadata(path.with_extension("json")).and_then(|data| data.modified());
        files.sort_by_key(|(time, _, path)| time_of(path).unwrap_or(*time));
        let low = LOW_WATER.min(self.limit / 4 * 3);
        for (_, bytes, path) in files {
            if total <= low {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                total = total.saturating_sub(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(cache: &Cache, key: &str, bytes: &[u8], folder: &Path) {
        let library = folder.join("library");
        fs::write(&library, bytes).expect("written");
        cache.store_compiled(key, Some(&library), &[]);
    }

    #[test]
    fn what_was_compiled_is_found_and_damage_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("cells"));
        let to = folder.path().join("copy");
        assert_eq!(cache.find("a", &to), None);
        cell(&cache, "a", b"code", folder.path());
        assert!(matches!(cache.find("a", &to), Some(Known::Compiled { library: Some(_), .. })));
        assert_eq!(fs::read(&to).expect("copied"), b"code");
        fs::write(cache.library("a"), b"coda").expect("damaged");
        assert_eq!(cache.find("a", &to), None);
        fs::write(cache.record("a"), b"{").expect("damaged");
        assert_eq!(cache.find("a", &to), None);
        let retry = Retry { all_items: true, ..Retry::default() };
        cache.store_retry("b", &retry);
        assert_eq!(cache.find("b", &to), Some(Known::Instead(retry)));
    }

    #[test]
    fn the_folder_stays_small_and_keeps_what_is_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache { folder: folder.path().join("cells"), limit: 10_000, unchecked: Arc::default() };
        let to = folder.path().join("copy");
        cell(&cache, "used", &[1; 1000], folder.path());
        for number in 0..30 {
            cell(&cache, &format!("n{number}"), &[2; 1000], folder.path());
            std::thread::sleep(std::time::Duration::from_millis(2));
            assert!(cache.find("used", &to).is_some(), "what is in use stays ({number})");
        }
        let total: u64 = fs::read_dir(&cache.folder).expect("folder").map(|one| one.expect("entry").metadata().expect("data").len()).sum();
        assert!(total <= 10_000, "{total}");
        assert!(cache.find("n0", &to).is_none() && cache.find("n29", &to).is_some());
    }

    #[test]
    fn keys_tell_parts_apart() {
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
    }
}
