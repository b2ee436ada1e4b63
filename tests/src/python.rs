//! Programs in the Python environment that set-up made.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::prepared;

/// The environment's Python, as a user would call it.
#[must_use]
pub fn python() -> Command {
    let mut command = prepared::installed().python_command();
    prepared::clean(&mut command);
    command.env("PYTHONUNBUFFERED", "1");
    command
}

/// Runs one of the scripts in `tests/python`.
#[track_caller]
#[must_use]
pub fn script(name: &str, arguments: &[&Path]) -> Output {
    let path = prepared::root().join("tests/python").join(name);
    python().arg(path).args(arguments).stdin(Stdio::null()).output().expect("the environment's Python runs")
}

/// The JSON object on the last line of a script's output.
#[track_caller]
#[must_use]
pub fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let line = text.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON on the last line: {error}\n{text}\n{errors}"))
}
