//! Tells the kernel what a build is doing, over the session's socket.

use std::io::Write as _;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

/// A line to the kernel; silence when nobody listens.
pub struct Notify(Option<UnixStream>);

impl Notify {
    pub fn connect() -> Self {
        let stream = std::env::var_os("BENCHBOOK_WORKER_SOCKET").and_then(|path| UnixStream::connect(path).ok());
        let mut notify = Self(stream);
        notify.line(&format!("build {}", std::process::id()));
        notify
    }

    fn line(&mut self, text: &str) {
        if let Some(stream) = &mut self.0
            && writeln!(stream, "{text}").is_err()
        {
            self.0 = None;
        }
    }

    /// What is being compiled now.
    pub fn doing(&mut self, what: &str) {
        self.line(&json!({"doing": what}).to_string());
    }

    /// A diagnostic that is no error.
    pub fn warning(&mut self, diagnostic: &Value) {
        self.line(&json!({"warning": diagnostic}).to_string());
    }
}
