//! One maker at a time for each set. The lock belongs to an open file, so it ends with its owner, even one that was killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::error::DataError;
use crate::make::Progress;

/// Held while a set is being made; released on drop.
pub struct Lock {
    _file: File,
}

/// Takes the lock on `path`, waiting for another maker and saying so through `progress`.
///
/// # Errors
/// When the lock file cannot be created or locked.
pub fn take(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Lock, DataError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| DataError::io("open the lock", path, source, 0))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            // Some network file systems have no locks; the renames that follow keep readers safe even so.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => break,
            Err(TryLockError::Error(error)) => return Err(DataError::io("lock", path, error, 0)),
        }
        if !told {
            let mut owner = String::new();
            // The owner's number only serves the message.
            let _ = file.read_to_string(&mut owner);
            progress(Progress { done: 0.0, what: format!("waiting for process {}, which makes the same set", owner.trim()) });
            told = true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    // Likewise only for the message of whoever waits.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(Lock { _file: file })
}
