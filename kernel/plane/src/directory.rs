//! Where a session's tables lie, and what they may be called.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Error;

/// Longest name of a table, in bytes: file systems take 255, and a name needs an ending.
const LONGEST: usize = 200;
/// Ending of a file that is being written.
const PART: &str = ".part";

/// The folder of a session's tables (mode 0700).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory(PathBuf);

impl Directory {
    /// The folder `tables` in the session's directory (environment variable `BENCHBOOK_SESSION`).
    ///
    /// # Errors
    /// Outside a notebook; when the folder cannot be made.
    pub fn of_session() -> Result<Self, Error> {
        let session = std::env::var_os("BENCHBOOK_SESSION").ok_or("tables can only be shared inside a notebook")?;
        Self::at(&Path::new(&session).join("tables"))
    }

    /// The folder at `path`, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(path: &Path) -> Result<Self, Error> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(format!("the folder for shared tables cannot be made: {}: {error}", path.display()).into())
            }
            _ => Ok(Self(path.to_owned())),
        }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The Arrow IPC file of the table `name`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.arrow"))
    }

    /// The note beside it ([`crate::catalogue`]).
    #[must_use]
    pub fn note(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }

    /// A name for a file that is being written; no other writer has it.
    #[must_use]
    pub fn part(&self, name: &str) -> PathBuf {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.0.join(format!(".{}.{number}.{name}{PART}", std::process::id()))
    }

    /// Removes what writers left behind that were killed.
    pub fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let writer = name.to_str().and_then(|name| writer_of(name.strip_suffix(PART)?));
            if writer.is_some_and(has_ended) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Removes the table `name`; who has it mapped keeps it. `false` when there is none.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        let _ = fs::remove_file(self.note(name));
        match fs::remove_file(self.file(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(format!("the table `{name}` cannot be removed: {error}").into()),
        }
    }
}

/// The process that writes a part: `.PID.N.NAME` of ours, `NAME.arrow.PID` of the engine worker.
fn writer_of(part: &str) -> Option<i32> {
    match part.strip_prefix('.') {
        Some(rest) => rest.split('.').next()?.parse().ok(),
        None => part.rsplit('.').next()?.parse().ok(),
    }
}

fn has_ended(process: i32) -> bool {
    // SAFETY: signal 0 only asks whether the process exists.
    process > 1 && unsafe { libc::kill(process, 0) } != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
}

/// Whether a table may have this name.
///
/// # Errors
/// With a name that says what is allowed.
pub fn check_name(name: &str) -> Result<(), Error> {
    let good = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    match good {
        false => Err(format!("`{name}` is not a table name: use letters, digits and _").into()),
        true if name.len() > LONGEST => Err(format!("a table's name has at most {LONGEST} bytes; this one has {}", name.len()).into()),
        true => Ok(()),
    }
}
