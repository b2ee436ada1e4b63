//! A process that outlives the kernel by a moment: it removes the session's directory, and all tables in it, also when the
//! kernel was killed.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Workers that are just ending may still write: how often, and at what distance, removing is tried.
const TRIES: usize = 60;
const STEP: Duration = Duration::from_millis(50);

/// Starts the guard of the directory `dir`: this program with other arguments. It ends when the returned child is dropped or
/// this process ends, and removes the directory if it is still there.
///
/// # Errors
/// When no process can be started.
pub fn start(kernel: &Path, dir: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(kernel);
    // Whoever kills the kernel with its process group must not kill the guard with it.
    command.arg("guard").arg(dir).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn()
}

/// The guard: waits until the kernel is gone, which closes standard input.
pub fn serve(dir: &Path) {
    if !super::paths::is_session_dir(dir) {
        return;
    }
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
    let mut gone = 0;
    for _ in 0..TRIES {
        let _ = std::fs::remove_dir_all(dir);
        gone = if dir.exists() { 0 } else { gone + 1 };
        if gone > 2 {
            return;
        }
        std::thread::sleep(STEP);
    }
}
