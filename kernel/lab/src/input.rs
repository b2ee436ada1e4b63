//! Asking the person for a line of text from a cell.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, OnceLock};

use serde_json::json;

use crate::AnyError;
use crate::runtime::{frame, replies};

fn reader() -> Result<&'static Mutex<BufReader<UnixStream>>, AnyError> {
    static READER: OnceLock<Option<Mutex<BufReader<UnixStream>>>> = OnceLock::new();
    READER
        .get_or_init(|| replies().map(|stream| Mutex::new(BufReader::new(stream))))
        .as_ref()
        .ok_or_else(|| "input is only available inside a notebook cell".into())
}

fn ask(prompt: &str, password: bool) -> Result<String, AnyError> {
    let mut reader = reader()?.lock().map_err(|_| "another thread failed while asking for input")?;
    frame(&json!({"t": "input", "prompt": prompt, "password": password}));
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err("the kernel closed the connection while waiting for input".into());
    }
    let reply: serde_json::Value = serde_json::from_str(&line)?;
    match (reply["value"].as_str(), reply["error"].as_str()) {
        (Some(value), _) => Ok(value.to_owned()),
        (None, Some(error)) => Err(error.to_owned().into()),
        (None, None) => Err("the kernel sent an unreadable answer to an input request".into()),
    }
}

/// Shows an input box under the cell and returns the line typed.
///
/// # Errors
/// When the frontend does not allow input (for example while a handout is executed), or on interrupt.
pub fn input(prompt: &str) -> Result<String, AnyError> {
    ask(prompt, false)
}

/// Like [`input`], but what is typed is not shown.
///
/// # Errors
/// As [`input`].
pub fn password(prompt: &str) -> Result<String, AnyError> {
    ask(prompt, true)
}
