//! Standard streams of the worker: the wire is moved to private descriptors, so that SQL such as
//! `COPY t TO '/dev/stdout'` or `read_csv('/dev/stdin')` cannot write into it or read from it.

use std::fs::File;
use std::io::{self, BufReader};
use std::os::fd::{AsRawFd, FromRawFd};

/// The two ends of the wire.
pub struct Pipes {
    pub requests: BufReader<File>,
    pub answers: File,
}

/// Takes stdin and stdout for the wire: descriptor 0 becomes `/dev/null`, descriptor 1 becomes stderr.
pub fn take() -> io::Result<Pipes> {
    let requests = duplicate(0)?;
    let answers = duplicate(1)?;
    let null = File::open("/dev/null")?;
    replace(null.as_raw_fd(), 0)?;
    replace(2, 1)?;
    Ok(Pipes { requests: BufReader::new(requests), answers })
}

/// Asks Linux to end this process with the thread that started it; elsewhere the closing of stdin does.
pub fn die_with_parent() {
    #[cfg(target_os = "linux")]
    // SAFETY: a plain system call with constant arguments.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
}

fn duplicate(descriptor: i32) -> io::Result<File> {
    // SAFETY: `fcntl` makes a new descriptor that nobody else owns; it is closed on exec.
    unsafe {
        match libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3) {
            -1 => Err(io::Error::last_os_error()),
            copy => Ok(File::from_raw_fd(copy)),
        }
    }
}

fn replace(source: i32, target: i32) -> io::Result<()> {
    // SAFETY: both descriptors are open; `target` is one of the standard streams, owned by no Rust value.
    match unsafe { libc::dup2(source, target) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
