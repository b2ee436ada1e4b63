//! `!command` lines: run by `sh`, output live.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
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

/// Runs `command` in the user's own environment; an interrupt ends it and what it started.
///
/// # Errors
/// An exit code other than 0, a signal, an interrupt.
pub fn run(shared: &Shared, command: &str, io: &Arc<dyn CellIo>, status: &Status) -> Result<(), MagicError> {
    let mut sh = Command::new("sh");
    shared.user_environment(&mut sh);
    sh.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = sh.spawn().map_err(|error| MagicError::new("ShellError", format!("`sh` cannot be started: {error}")))?;
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
            Ok(None) if io.is_cancelled() && group > 1 => {
                // SAFETY: the group was made for this child.
                unsafe { libc::kill(-group, libc::SIGKILL) };
                let _ = child.wait();
                return Err(MagicError::interrupted());
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => return Err(MagicError::new("ShellError", format!("the command was lost sight of: {error}"))),
        }
    };
    for reader in readers {
        let _ = reader.join();
    }
    match (ended.code(), ended.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(MagicError::new("ShellError", format!("`{command}` ended with exit code {code}"))),
        (None, signal) => Err(MagicError::new("ShellError", format!("`{command}` was ended by signal {}", signal.unwrap_or_default()))),
    }
}
