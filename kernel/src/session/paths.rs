//! Where the kernel finds its parts, and the session's private directory.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The programs and records beside the kernel's own executable.
#[derive(Debug, Clone)]
pub struct Parts {
    pub kernel: PathBuf,
    /// The Rust worker.
    pub cell: PathBuf,
    /// The compiler shim.
    pub cargo: PathBuf,
    /// The engine worker.
    pub engines: PathBuf,
    /// The library with which Python writes shared tables.
    pub plane: PathBuf,
    /// `lab.json`.
    pub lab_json: PathBuf,
    /// The Python of the installed environment.
    pub python: PathBuf,
    /// Directory of libduckdb.
    pub duckdb: PathBuf,
}

impl Parts {
    /// The parts of this installation.
    ///
    /// # Errors
    /// When the own executable's place is unknown.
    pub fn find() -> anyhow::Result<Self> {
        let kernel = std::env::current_exe().context("the kernel cannot tell where its own program is")?;
        let directory = kernel.parent().unwrap_or(Path::new(".")).to_owned();
        let target = directory.parent().unwrap_or(&directory);
        let (duckdb, python) = (target.join("duckdb"), target.join("python/bin/python"));
        let beside = |name: &str| directory.join(name);
        Ok(Self {
            cell: beside("benchbook-cell"),
            cargo: beside("benchbook-cargo"),
            engines: beside("benchbook-engines"),
            plane: beside(if cfg!(target_os = "macos") { "libplane.dylib" } else { "libplane.so" }),
            lab_json: beside("lab.json"),
            duckdb,
            python,
            kernel,
        })
    }
}

const PREFIX: &str = "benchbook-";
/// Free bytes that a session's directory should have.
const ROOM: u64 = 256 << 20;

/// Free bytes of the file system; 0 when unknown.
fn free_bytes(path: &Path) -> u64 {
    let Ok(path) = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()) else { return 0 };
    // SAFETY: `statvfs` is plain data; path and buffer are valid for the call.
    unsafe {
        let mut space: libc::statvfs = std::mem::zeroed();
        if libc::statvfs(path.as_ptr(), &raw mut space) == 0 { space.f_bavail.saturating_mul(space.f_frsize) } else { 0 }
    }
}

fn private_dir(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// The session's directory in shared memory; removed when this is dropped.
#[derive(Debug)]
pub struct SessionDir {
    path: PathBuf,
    /// Locked as long as this process lives.
    _lock: Option<File>,
}

/// In a session's directory, the file that its kernel has locked.
const LOCK: &str = "kernel.lock";

fn lock(dir: &Path) -> Option<File> {
    let file = File::create(dir.join(LOCK)).ok()?;
    file.try_lock().ok().map(|()| file)
}

/// Whether this is the directory of some session.
pub fn is_session_dir(path: &Path) -> bool {
    path.is_absolute() && path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX))
}

impl SessionDir {
    /// Makes the directory, after removing those of kernels that no longer run.
    ///
    /// # Errors
    /// When neither shared memory nor the temporary directory can be written.
    pub fn create() -> anyhow::Result<Self> {
        let shared = Path::new("/dev/shm");
        let bases = [shared.to_owned(), std::env::temp_dir()];
        for base in &bases {
            remove_stale(base);
        }
        let name = format!("{PREFIX}{}-{}", std::process::id(), &uuid::Uuid::new_v4().simple().to_string()[..8]);
        // Containers often have 64 MB of shared memory, too little for tables and compiled cells.
        let roomy = bases.iter().filter(|base| free_bytes(base) >= ROOM);
        for base in roomy.chain(&bases) {
            let path = base.join(&name);
            if private_dir(&path).is_ok() {
                let lock = lock(&path);
                return Ok(Self { path, _lock: lock });
            }
        }
        anyhow::bail!("no private directory could be made, neither in shared memory nor in the temporary directory")
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the directory and all tables in it. A worker that is just ending may still write: tries a few times.
    pub fn remove(&self) {
        for _ in 0..5 {
            let _ = fs::remove_dir_all(&self.path);
            if !self.path.exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for SessionDir {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Removes directories of kernels whose process is gone.
fn remove_stale(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(pid) =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next()?.parse::<i32>().ok())
        else {
            continue;
        };
        let gone = match File::open(entry.path().join(LOCK)) {
            // Also right where another container, whose processes have other numbers, shares the memory.
            Ok(file) => file.try_lock().is_ok(),
            // SAFETY: signal 0 only asks whether the process exists.
            Err(_) => pid > 1 && unsafe { libc::kill(pid, 0) } != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH),
        };
        if gone {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The cache directory of Benchbook (mode 0700), made when missing.
///
/// # Errors
/// When it cannot be made.
pub fn cache_dir() -> anyhow::Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let base = base.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let path = base.unwrap_or_else(std::env::temp_dir).join("benchbook");
    fs::create_dir_all(&path).with_context(|| format!("the cache directory {} cannot be made", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
    Ok(path)
}
