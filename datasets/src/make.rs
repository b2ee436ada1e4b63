//! Makes a set: reuse what is whole, else write beside it and rename, the manifest last.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::check;
use crate::error::DataError;
use crate::format::Format;
use crate::lock;
use crate::manifest::{self, FileRecord, Manifest};
use crate::parallel;
use crate::request::Request;

/// How far a set is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// From 0 to 1, never decreasing.
    pub done: f64,
    /// What is being done, in a few words.
    pub what: String,
}

/// A set that is there and whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The folder that holds the files and `manifest.json`.
    pub dir: PathBuf,
    /// Every file, sorted by table and format.
    pub files: Vec<FileInfo>,
    /// True when it was there already and nothing was written.
    pub reused: bool,
    /// Why a set that was there already had to be made again, for example because a file was damaged.
    pub mended: Option<String>,
}

/// One file of a set that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Where it is: the folder of the set joined with its name.
    pub path: PathBuf,
    /// The table it holds.
    pub table: String,
    /// How it is encoded.
    pub format: Format,
    /// Rows, the header not counted.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the contents, in lower-case hexadecimal.
    pub sha256: String,
}

impl Made {
    fn new(dir: PathBuf, manifest: &Manifest, reused: bool) -> Self {
        let info = |file: &FileRecord| FileInfo {
            path: dir.join(&file.path),
            table: file.table.clone(),
            format: file.format,
            rows: file.rows,
            bytes: file.bytes,
            sha256: file.sha256.clone(),
        };
        Self { files: manifest.files.iter().map(info).collect(), dir, reused, mended: None }
    }

    /// The file of one table in one format.
    pub fn file(&self, table: &str, format: Format) -> Option<&FileInfo> {
        self.files.iter().find(|file| file.table == table && file.format == format)
    }
}

/// Makes the set in a folder of its own under `root`, or reuses it when it is there and whole.
///
/// A set that is damaged, half written, from another generator version, or lacks a wanted format is made again;
/// formats already there are kept. Two makers of one set take turns; the second one reuses. Other files in the folder
/// are left alone.
///
/// # Errors
/// [`DataError::BadRequest`] for parameters out of range; [`DataError::NotWritable`], [`DataError::DiskFull`] and
/// [`DataError::Io`] from the file system. Nothing half written stays behind.
pub fn make(request: &Request, root: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Made, DataError> {
    run(request, root, false, progress)
}

/// As [`make()`], but writes the files again even when they are whole.
///
/// # Errors
/// As [`make()`].
pub fn remake(request: &Request, root: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Made, DataError> {
    run(request, root, true, progress)
}

fn run(request: &Request, root: &Path, force: bool, progress: &mut dyn FnMut(Progress)) -> Result<Made, DataError> {
    request.check()?;
    let dir = root.join(request.folder());
    // Without the lock first, so that a finished set can also be used where nothing can be written.
    if !force && let Ok(manifest) = whole(request, &dir) {
        return Ok(Made::new(dir, &manifest, true));
    }
    fs::create_dir_all(root).map_err(|source| DataError::io("create", root, source, 0))?;
    let _lock = lock::take(&root.join(format!(".{}.lock", request.folder())), progress)?;
    let mended = match whole(request, &dir) {
        Ok(manifest) if !force => return Ok(Made::new(dir, &manifest, true)),
        Ok(_) => None,
        Err(reason) => reason,
    };
    if let Some(reason) = &mended {
        progress(Progress { done: 0.0, what: format!("making it again: {reason}") });
    }
    let formats = formats(request, &dir);
    let need_mb = request.estimate_mb(&formats);
    let staging = Staging::new(root.join(format!(".{}.making", request.folder())), need_mb)?;
    let mut highest = 0.0_f64;
    let mut forward = |mut now: Progress| {
        highest = highest.max(now.done.clamp(0.0, 1.0));
        now.done = highest;
        progress(now);
    };
    let job = Job { dir: &staging.dir, formats: &formats, need_mb, threads: parallel::threads() };
    let files = (request.set().write)(&job, request.values(), &mut forward)?;
    let manifest = Manifest::new(request, formats, files);
    install(&staging.dir, &dir, &manifest, need_mb)?;
    forward(Progress { done: 1.0, what: "done".to_owned() });
    Ok(Made { mended, ..Made::new(dir, &manifest, false) })
}

/// The wanted formats and those already there, so that nothing a user has is taken away.
fn formats(request: &Request, dir: &Path) -> Vec<Format> {
    let mut formats = request.wanted_formats();
    if let Ok(old) = Manifest::read(dir)
        && old.same_contents(request)
    {
        formats.extend(old.formats);
        formats.sort();
        formats.dedup();
    }
    formats
}

/// The manifest of a set that is whole and has what is wanted; else why it is not, or nothing if there is no set yet.
fn whole(request: &Request, dir: &Path) -> Result<Manifest, Option<String>> {
    if !dir.exists() {
        return Err(None);
    }
    let manifest = match Manifest::read(dir) {
        Ok(manifest) => manifest,
        Err(DataError::NoManifest { reason, .. }) => return Err(Some(reason)),
        Err(error) => return Err(Some(error.to_string())),
    };
    if !manifest.same_contents(request) {
        return Err(Some("it came from another version of the generator".to_owned()));
    }
    let missing = request.wanted_formats().into_iter().find(|format| !manifest.formats.contains(format));
    if let Some(format) = missing {
        return Err(Some(format!("it had no {format} files yet")));
    }
    match check::quick(dir, &manifest) {
        Ok(()) => Ok(manifest),
        Err(DataError::Damaged { faults, .. }) => Err(Some(faults.join("; "))),
        Err(error) => Err(Some(error.to_string())),
    }
}

/// Where and how tables are written.
pub struct Job<'a> {
    /// The staging folder.
    pub dir: &'a Path,
    /// Formats of every table.
    pub formats: &'a [Format],
    /// Estimated size of the whole set in MB, for the message when the disk is full.
    pub need_mb: u64,
    /// Threads that generate; the bytes do not depend on it.
    pub threads: usize,
}

/// Moves the finished files into place. The old manifest goes first and the new one comes last: whatever happens in
/// between, the set is recognised as unfinished.
fn install(from: &Path, to: &Path, manifest: &Manifest, need_mb: u64) -> Result<(), DataError> {
    let failed = |what: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| DataError::io(what, &path, source, need_mb)
    };
    fs::create_dir_all(to).map_err(failed("create", to))?;
    let last = to.join(manifest::FILE);
    match fs::remove_file(&last) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(failed("replace", &last)(error));
        }
        _ => {}
    }
    for file in &manifest.files {
        let target = to.join(&file.path);
        fs::rename(from.join(&file.path), &target).map_err(failed("replace", &target))?;
    }
    let draft = from.join(manifest::FILE);
    let mut text = serde_json::to_string_pretty(manifest)
        .map_err(|error| DataError::Generate { table: manifest::FILE.to_owned(), reason: error.to_string() })?;
    text.push('\n');
    fs::write(&draft, text).map_err(failed("write", &draft))?;
    fs::rename(&draft, &last).map_err(failed("write", &last))
}

/// A folder that disappears with its owner; what a killed maker left there is removed first.
struct Staging {
    dir: PathBuf,
}

impl Staging {
    fn new(dir: PathBuf, need_mb: u64) -> Result<Self, DataError> {
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(DataError::io("remove the unfinished", &dir, error, need_mb));
            }
            _ => {}
        }
        fs::create_dir(&dir).map_err(|source| DataError::io("create", &dir, source, need_mb))?;
        Ok(Self { dir })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // The next maker removes it if this fails.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, formats};
    use crate::request::Request;
    use crate::scale::Scale;
    use crate::sets::{Number, sets};

    /// The same bytes whatever the machine: every set, with one thread and with three.
    #[test]
    fn bytes_do_not_depend_on_the_number_of_threads() {
        for info in sets() {
            let small = match info.name {
                "tpch" => Number::Real(0.001),
                "stocks" | "ticks" => Number::Whole(2),
                // Three pieces, the last one not full.
                _ => Number::Whole(40_000),
            };
            let request = Request::new(info.name, Scale::Ci).expect("known").with(info.parameters[0].name, small);
            let sums = [1, 3].map(|threads| {
                let dir = tempfile::tempdir().expect("folder");
                let formats = formats(&request, dir.path());
                let job = Job { dir: dir.path(), formats: &formats, need_mb: 0, threads };
                let files = (request.set().write)(&job, request.values(), &mut |_| {}).expect("written");
                files.into_iter().map(|file| (file.path, file.rows, file.sha256)).collect::<Vec<_>>()
            });
            assert_eq!(sums[0], sums[1], "{}", info.name);
        }
    }
}
