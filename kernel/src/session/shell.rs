//! `!command` lines, run by `sh`, and `%%bash`: output live.

use std::io::{ErrorKind, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use magics::error::MagicError;
use magics::host::Stream;

use crate::engine::CellIo;

use super::shared::Shared;
use super::status::Status;

/// Forwards a pipe to the cell as it is written.
fn forward(mut pipe: impl Read + Send + 'static, stream: Stream, io: Arc<dyn CellIo>, status: Status) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut splitter = super::framing::Splitter::new("");
        let mut buffer = [0; 1 << 14];
        loop {
            let count = match pipe.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            status.before_output();
            for piece in splitter.push(&buffer[..count]) {
                if let super::framing::Piece::Text(text) = piece {
                    io.stream(stream, &text);
                }
            }
        }
        if let Some(super::framing::Piece::Text(text)) = splitter.finish() {
            io.stream(stream, &text);
        }
    })
}

/// What to run.
pub struct Script<'a> {
    shell: &'static str,
    text: &'a str,
    /// As named in errors.
    name: String,
}

impl<'a> Script<'a> {
    /// A `!command` line.
    pub fn line(text: &'a str) -> Self {
        Self { shell: "sh", text, name: format!("`{text}`") }
    }

    /// The body of `%%bash`.
    pub fn bash(text: &'a str) -> Self {
        Self { shell: "bash", text, name: "the script".to_owned() }
    }

    fn command(&self, shell: &str, shared: &Shared) -> Command {
        let mut command = Command::new(shell);
        shared.user_environment(&mut command);
        command.arg("-c").arg(self.text).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command
    }

    fn spawn(&self, shared: &Shared, io: &Arc<dyn CellIo>) -> Result<Child, MagicError> {
        let mut spawned = self.command(self.shell, shared).spawn();
        if self.shell != "sh" && spawned.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            io.stream(Stream::Stderr, &format!("`{}` is not installed; `sh` runs the script. hint: install bash\n", self.shell));
            spawned = self.command("sh", shared).spawn();
        }
        spawned.map_err(|error| {
            let failed = MagicError::new("ShellError", format!("`{}` cannot be started: {error}", self.shell));
            match error.kind() {
                ErrorKind::ArgumentListTooLong => failed.hint("the script is too long for one cell: write it to a file, and run that"),
                _ => failed,
            }
        })
    }
}

/// Ends the command and what it started.
fn end(child: &mut Child, group: i32) {
    if group > 1 {
        // SAFETY: the group was made for this child, and something of it still runs.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    let _ = child.wait();
}

/// Runs a script in the user's own environment; an interrupt ends it and what it started.
///
/// # Errors
/// An exit code other than 0, a signal, an interrupt.
pub fn run(shared: &Shared, script: &Script<'_>, io: &Arc<dyn CellIo>, status: &Status) -> Result<(), MagicError> {
    let mut child = script.spawn(shared, io)?;
    let readers: Vec<_> = [
        child.stdout.take().map(|pipe| forward(pipe, Stream::Stdout, Arc::clone(io), status.clone())),
        child.stderr.take().map(|pipe| forward(pipe, Stream::Stderr, Arc::clone(io), status.clone())),
    ]
    .into_iter()
    .flatten()
    .collect();
    let group = i32::try_from(child.id()).unwrap_or(0);
    let ended = loop {
        match child.try_wait() {
            Ok(Some(ended)) => break ended,
            Ok(None) if io.is_cancelled() => {
                end(&mut child, group);
                return Err(MagicError::interrupted());
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => return Err(MagicError::new("ShellError", format!("the command was lost sight of: {error}"))),
        }
    };
    // What runs on in the background holds the pipes.
    while !readers.iter().all(std::thread::JoinHandle::is_finished) {
        if io.is_cancelled() {
            end(&mut child, group);
            return Err(MagicError::interrupted());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let name = &script.name;
    match (ended.code(), ended.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(MagicError::new("ShellError", format!("{name} ended with exit code {code}"))),
        (None, signal) => Err(MagicError::new("ShellError", format!("{name} was ended by signal {}", signal.unwrap_or_default()))),
    }
}
