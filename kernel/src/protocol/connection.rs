//! The connection file, and the five sockets bound exactly where it says.

use std::fs::{DirBuilder, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use jupyter_protocol::connection_info::{ConnectionInfo, Transport};
use zeromq::Listener;

/// Why the kernel cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("cannot read the connection file {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("the connection file {path} does not hold what it should: {cause}")]
    Parse { path: PathBuf, cause: serde_json::Error },
    #[error("signature scheme `{0}` is not supported; hint: use `hmac-sha256`")]
    Scheme(String),
    #[error("the connection file gives port 0 for {0}; hint: choose a port, the kernel does not write the file")]
    NoPort(&'static str),
    #[error("cannot listen on {address} for {socket}: {cause}; hint: is another kernel using this connection file?")]
    Bind { socket: &'static str, address: String, cause: std::io::Error },
}

/// A bound listener for a stream of our own.
#[derive(Debug)]
pub enum StreamListener {
    Tcp(tokio::net::TcpListener),
    Ipc(tokio::net::UnixListener),
}

/// The bound sockets. Dropping `files` removes the socket files of the ipc transport.
#[derive(Debug)]
pub struct Sockets {
    pub shell: Listener,
    pub control: Listener,
    pub stdin: Listener,
    pub heartbeat: Listener,
    pub iopub: StreamListener,
    pub files: SocketFiles,
}

/// Socket files to remove at the end.
#[derive(Debug, Default)]
pub struct SocketFiles(Vec<PathBuf>);

impl Drop for SocketFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Reads the connection file.
///
/// # Errors
/// The file is absent or incomplete, or asks for a signature scheme that is not supported.
pub fn read(path: &Path) -> Result<ConnectionInfo, ConnectionError> {
    let text = std::fs::read_to_string(path).map_err(|cause| ConnectionError::Read { path: path.into(), cause })?;
    parse(&text).map_err(|error| match error {
        ConnectionError::Parse { cause, .. } => ConnectionError::Parse { path: path.into(), cause },
        other => other,
    })
}

fn parse(text: &str) -> Result<ConnectionInfo, ConnectionError> {
    let info: ConnectionInfo = serde_json::from_str(text).map_err(|cause| ConnectionError::Parse { path: PathBuf::new(), cause })?;
    if !info.key.is_empty() && info.signature_scheme != "hmac-sha256" {
        return Err(ConnectionError::Scheme(info.signature_scheme));
    }
    if info.transport == Transport::TCP {
        let ports = [
            ("shell", info.shell_port),
            ("control", info.control_port),
            ("stdin", info.stdin_port),
            ("iopub", info.iopub_port),
            ("heartbeat", info.hb_port),
        ];
        if let Some((socket, _)) = ports.iter().find(|(_, port)| *port == 0) {
            return Err(ConnectionError::NoPort(socket));
        }
    }
    Ok(info)
}

/// Binds all five sockets. Must be called within the tokio runtime.
///
/// # Errors
/// An address is taken or not ours.
pub fn bind(info: &ConnectionInfo) -> Result<Sockets, ConnectionError> {
    let mut files = SocketFiles::default();
    let iopub = bind_one(info, "iopub", info.iopub_port, &mut files)?;
    let to_stream = |cause| ConnectionError::Bind { socket: "iopub", address: address(info, info.iopub_port), cause };
    let iopub = match iopub {
        Listener::Ipc(listener) => listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::UnixListener::from_std(listener))
            .map(StreamListener::Ipc)
            .map_err(to_stream)?,
        Listener::Tcp(listener) => listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpListener::from_std(listener))
            .map(StreamListener::Tcp)
            .map_err(to_stream)?,
        other => unreachable_listener(&other)?,
    };
    Ok(Sockets {
        shell: bind_one(info, "shell", info.shell_port, &mut files)?,
        control: bind_one(info, "control", info.control_port, &mut files)?,
        stdin: bind_one(info, "stdin", info.stdin_port, &mut files)?,
        heartbeat: bind_one(info, "heartbeat", info.hb_port, &mut files)?,
        iopub,
        files,
    })
}

/// `Listener` is open to more transports; `bind_one` makes these two only.
fn unreachable_listener(listener: &Listener) -> Result<StreamListener, ConnectionError> {
    let cause = std::io::Error::other("transport is neither tcp nor ipc");
    Err(ConnectionError::Bind { socket: "iopub", address: format!("{listener:?}"), cause })
}

fn address(info: &ConnectionInfo, port: u16) -> String {
    match info.transport {
        Transport::TCP => format!("tcp://{}:{port}", info.ip),
        Transport::IPC => format!("ipc://{}-{port}", info.ip),
    }
}

fn bind_one(info: &ConnectionInfo, socket: &'static str, port: u16, files: &mut SocketFiles) -> Result<Listener, ConnectionError> {
    let bound = match info.transport {
        Transport::TCP => {
            let host = if info.ip == "*" { "0.0.0.0" } else { info.ip.trim_matches(['[', ']']) };
            TcpListener::bind((host, port)).map(Listener::Tcp)
        }
        Transport::IPC => {
            let path = PathBuf::from(format!("{}-{port}", info.ip));
            let listener = bind_private(&path);
            if listener.is_ok() {
                files.0.push(path);
            }
            listener.map(Listener::Ipc)
        }
    };
    bound.map_err(|cause| ConnectionError::Bind { socket, address: address(info, port), cause })
}

/// Binds a socket file that only its owner can connect to, from its first moment on: it is made in a private folder
/// and moved to its place once its permissions are right.
fn bind_private(path: &Path) -> std::io::Result<UnixListener> {
    // A kernel that was killed leaves its sockets behind, and a restart uses the same names.
    if std::fs::symlink_metadata(path).is_ok_and(|file| !file.file_type().is_socket()) {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let folder = path.with_extension(format!("{}.d", std::process::id()));
    DirBuilder::new().mode(0o700).create(&folder)?;
    let inside = folder.join("s");
    let listener = UnixListener::bind(&inside).and_then(|listener| {
        std::fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
        std::fs::rename(&inside, path)?;
        Ok(listener)
    });
    let _ = std::fs::remove_file(&inside);
    let _ = std::fs::remove_dir(&folder);
    listener
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(transport: &str, ip: &str, port: u16) -> String {
        format!(
            r#"{{"transport":"{transport}","ip":"{ip}","shell_port":{port},"iopub_port":2,"stdin_port":3,"control_port":4,
                "hb_port":5,"key":"k","signature_scheme":"hmac-sha256","kernel_name":"x","other":1}}"#
        )
    }

    #[test]
    fn connection_files() {
        assert_eq!(parse(&info("tcp", "127.0.0.1", 1)).unwrap().hb_port, 5);
        assert!(parse("{}").unwrap_err().to_string().contains("does not hold"));
        assert!(matches!(parse(&info("tcp", "127.0.0.1", 0)), Err(ConnectionError::NoPort("shell"))));
        let other = info("tcp", "127.0.0.1", 1).replace("sha256", "md5");
        assert!(matches!(parse(&other), Err(ConnectionError::Scheme(_))));
        assert!(read(Path::new("/nonexistent")).unwrap_err().to_string().contains("/nonexistent"));
    }

    #[tokio::test]
    async fn ipc_files_are_private_replaced_and_removed() {
        let prefix = std::env::temp_dir().join(format!("benchbook-ipc-{}", uuid::Uuid::new_v4()));
        let info = parse(&info("ipc", &prefix.display().to_string(), 1)).unwrap();
        let file = PathBuf::from(format!("{}-1", prefix.display()));
        drop(UnixListener::bind(&file).unwrap());
        let sockets = bind(&info).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        drop(sockets);
        assert!(!file.exists());
        std::fs::write(&file, "mine").unwrap();
        assert!(bind(&info).is_err(), "a file that is no socket is not replaced");
        std::fs::remove_file(&file).unwrap();
        let ours = prefix.display().to_string();
        let left = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        assert_eq!(left.filter(|entry| entry.path().display().to_string().starts_with(&ours)).count(), 0);
    }
}
