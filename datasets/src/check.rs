//! Is a set whole? Damage is found by size and SHA-256.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::manifest::{FILE, FileRecord, Manifest};
use crate::write::hex;

/// Sets up to this size are read whole at every use (about a second at most); larger ones only where a file was
/// touched after the manifest was written.
const ALWAYS_HASHED: u64 = 500_000_000;

/// Reads every file of the set in `dir` and compares it with the manifest, which is returned.
///
/// # Errors
/// [`DataError::NoManifest`] when there is none, [`DataError::Damaged`] with one sentence for each file that differs.
pub fn verify(dir: &Path) -> Result<Manifest, DataError> {
    let manifest = Manifest::read(dir)?;
    compare(dir, &manifest, |_| true)?;
    Ok(manifest)
}

/// The check before a set is reused: as [`verify`], but a large set is read only where it may have changed.
pub fn quick(dir: &Path, manifest: &Manifest) -> Result<(), DataError> {
    quick_above(ALWAYS_HASHED, dir, manifest)
}

fn quick_above(limit: u64, dir: &Path, manifest: &Manifest) -> Result<(), DataError> {
    if manifest.bytes() <= limit {
        return compare(dir, manifest, |_| true);
    }
    let written = modified(&dir.join(FILE));
    let touched = |file: &FileRecord| match (modified(&dir.join(&file.path)), written) {
        (Some(file), Some(manifest)) => file > manifest,
        _ => true,
    };
    let any = manifest.files.iter().any(touched);
    compare(dir, manifest, touched)?;
    if any {
        // The touched files proved whole: do not read them again next time. Failing to note that is harmless.
        let _ = File::options().append(true).open(dir.join(FILE)).and_then(|file| file.set_modified(SystemTime::now()));
    }
    Ok(())
}

fn compare(dir: &Path, manifest: &Manifest, hashed: impl Fn(&FileRecord) -> bool) -> Result<(), DataError> {
    let faults: Vec<_> = manifest.files.iter().filter_map(|file| fault(dir, file, hashed(file))).collect();
    if faults.is_empty() { Ok(()) } else { Err(DataError::Damaged { dir: dir.to_owned(), faults }) }
}

fn fault(dir: &Path, file: &FileRecord, hashed: bool) -> Option<String> {
    let path = dir.join(&file.path);
    let bytes = match fs::metadata(&path) {
        Ok(found) if !found.is_file() => return Some(format!("{} is not a file", file.path)),
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Some(format!("{} is missing", file.path));
        }
        Err(error) => return Some(format!("{} cannot be read ({error})", file.path)),
    };
    if bytes != file.bytes {
        return Some(format!("{} has {bytes} bytes instead of {}", file.path, file.bytes));
    }
    if !hashed {
        return None;
    }
    match sha256(&path) {
        Ok(sum) if sum == file.sha256 => None,
        Ok(_) => Some(format!("{} was changed (its SHA-256 differs)", file.path)),
        Err(error) => Some(format!("{} cannot be read ({error})", file.path)),
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::{modified, quick_above, verify};
    use crate::manifest::{FILE, Manifest};
    use crate::request::Request;
    use crate::scale::Scale;
    use crate::sets::Number;

    /// A limit of 0 treats a small set as a large one.
    #[test]
    fn a_large_set_is_read_where_it_was_touched() {
        let root = tempfile::tempdir().expect("folder");
        let request = Request::new("stocks", Scale::Ci).expect("known").with("days", Number::Whole(1));
        let made = crate::make(&request, root.path(), &mut |_| {}).expect("made");
        let manifest = Manifest::read(&made.dir).expect("there");
        let file = made.dir.join("daily.csv");
        let good = fs::read(&file).expect("reads");
        let mut bad = good.clone();
        bad[200] ^= 1;
        let later = |seconds| SystemTime::now() + Duration::from_secs(seconds);
        let write = |bytes: &[u8], time| {
            fs::write(&file, bytes).expect("writes");
            File::options().append(true).open(&file).and_then(|file| file.set_modified(time)).expect("dated");
        };

        write(&bad, later(10));
        let error = quick_above(0, &made.dir, &manifest).expect_err("noticed");
        assert!(error.to_string().contains("daily.csv was changed"), "{error}");

        // Touched but whole: the manifest is dated anew, so that the file counts as seen.
        write(&good, later(0));
        quick_above(0, &made.dir, &manifest).expect("whole");
        assert!(modified(&made.dir.join(FILE)) >= modified(&file));

        // An older date than the manifest's hides a change of equal size from the quick check, never from `verify`.
        write(&bad, SystemTime::UNIX_EPOCH);
        quick_above(0, &made.dir, &manifest).expect("not read");
        verify(&made.dir).expect_err("read");
        write(&good[1..], SystemTime::UNIX_EPOCH);
        quick_above(0, &made.dir, &manifest).expect_err("another size");
    }
}
