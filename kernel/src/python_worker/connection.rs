//! The connection file of one Python worker: sockets in the session's private directory and a key of their own.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::json;
use uuid::Uuid;

/// Names of the sockets by their "port".
const SHELL: u16 = 1;
const IOPUB: u16 = 2;
const STDIN: u16 = 3;
const CONTROL: u16 = 4;
const HEARTBEAT: u16 = 5;

/// Where a worker listens. Its folder is removed when this is dropped.
pub struct Connection {
    folder: PathBuf,
    pub file: PathBuf,
    pub key: String,
}

impl Connection {
    /// Makes `folder` (mode 0700) with a connection file (mode 0600) in it.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn create(folder: &Path) -> std::io::Result<Self> {
        DirBuilder::new().mode(0o700).create(folder)?;
        let file = folder.join("connection.json");
        let key = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let content = json!({
            "transport": "ipc", "ip": folder.join("s"), "key": key, "signature_scheme": "hmac-sha256",
            "shell_port": SHELL, "iopub_port": IOPUB, "stdin_port": STDIN, "control_port": CONTROL, "hb_port": HEARTBEAT,
        });
        let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        open.write_all(content.to_string().as_bytes())?;
        Ok(Self { folder: folder.to_owned(), file, key })
    }

    fn socket(&self, port: u16) -> PathBuf {
        self.folder.join(format!("s-{port}"))
    }

    /// Whether the worker listens on all sockets that we connect to.
    pub fn is_there(&self) -> bool {
        [SHELL, IOPUB, STDIN, CONTROL].into_iter().all(|port| self.socket(port).exists())
    }

    fn endpoint(&self, port: u16) -> String {
        format!("ipc://{}", self.socket(port).display())
    }

    pub fn shell(&self) -> String {
        self.endpoint(SHELL)
    }

    pub fn iopub(&self) -> String {
        self.endpoint(IOPUB)
    }

    pub fn stdin(&self) -> String {
        self.endpoint(STDIN)
    }

    pub fn control(&self) -> String {
        self.endpoint(CONTROL)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_owner_can_read_it_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("python-0");
        let connection = Connection::create(&folder).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&connection.file)), (0o700, 0o600));
        let content: serde_json::Value = serde_json::from_slice(&fs::read(&connection.file).unwrap()).unwrap();
        assert_eq!(content["key"].as_str().map(str::len), Some(64));
        assert!(!connection.is_there());
        drop(connection);
        assert!(!folder.exists());
    }
}
