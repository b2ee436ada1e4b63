//! A JupyterLab server, as `cargo lab` starts it, on a folder of its own.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::http;
use crate::{process, python};

/// A running server; ended with its kernels when dropped.
#[derive(Debug)]
pub struct Lab {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl Lab {
    /// Starts JupyterLab without a password on the loopback interface and waits until it answers.
    #[track_caller]
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().expect("the temporary folder can be written");
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port();
        let (work, settings) = (folder.path().join("work"), folder.path().join("settings"));
        // No question about news, which would be fetched from the network.
        let quiet = settings.join("@jupyterlab/apputils-extension");
        std::fs::create_dir_all(&work).and_then(|()| std::fs::create_dir_all(&quiet)).expect("the temporary folder can be written");
        let answers = r#"{"fetchNews": "false", "checkForUpdates": false}"#;
        std::fs::write(quiet.join("notification.jupyterlab-settings"), answers).expect("the temporary folder can be written");
        let log = std::fs::File::create(folder.path().join("lab.log")).expect("the temporary folder can be written");
        let mut command = python::python();
        command
            .args(["-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"])
            .args(["--IdentityProvider.token=", "--ServerApp.password=", "--MultiKernelManager.default_kernel_name=benchbook"])
            .arg(format!("--ServerApp.port={port}"))
            .arg(format!("--ServerApp.root_dir={}", work.display()))
            .arg(format!("--LabApp.user_settings_dir={}", settings.display()))
            .arg(format!("--LabApp.workspaces_dir={}", folder.path().join("workspaces").display()))
            .env("JUPYTER_RUNTIME_DIR", folder.path().join("runtime"))
            .env("JUPYTER_CONFIG_DIR", folder.path().join("config"))
            .current_dir(&work)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let server = command.spawn().expect("the environment's Python starts");
        let lab = Self { server, port, folder };
        let answers = process::poll(Duration::from_secs(120), || {
            std::thread::sleep(Duration::from_millis(100));
            http::request(port, "GET", "/api/status", None).ok().filter(|(status, _)| *status == 200)
        });
        assert!(answers.is_some(), "JupyterLab does not answer:\n{}", lab.log());
        lab
    }

    /// The folder it shows.
    #[must_use]
    pub fn folder(&self) -> std::path::PathBuf {
        self.folder.path().join("work")
    }

    /// The address of a file in it.
    #[must_use]
    pub fn url(&self, file: &Path) -> String {
        format!("http://127.0.0.1:{}/lab/tree/{}?reset", self.port, file.display())
    }

    /// What it said.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("lab.log")).unwrap_or_default()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let pid = i32::try_from(self.server.id()).unwrap_or(0);
        let children = process::descendants(pid);
        process::send(pid, libc::SIGTERM);
        if process::poll(Duration::from_secs(15), || self.server.try_wait().ok().flatten()).is_none() {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
        for child in children.iter().filter(|child| child.runs()) {
            child.signal(libc::SIGKILL);
        }
    }
}
