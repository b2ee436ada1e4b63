//! `cargo lab bench cells`: the benchmark beside the tests, which the ordinary build makes as well.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, anyhow, bail};

use crate::layout::Layout;
use crate::run;

/// The program, with the user's own arguments; it is run in the user's folder, so that paths mean what they say.
#[must_use]
pub fn command(layout: &Layout, arguments: &[OsString]) -> Command {
    let mut command = Command::new(layout.profile_dir().join("bench-cells"));
    command.args(arguments);
    command
}

/// Becomes the benchmark. Returns only on failure.
///
/// # Errors
/// When it was not built or cannot be started.
pub fn start(layout: &Layout, arguments: &[OsString]) -> Result<()> {
    let mut command = command(layout, arguments);
    let shown = run::show(&command);
    if !is_built(layout) {
        bail!("set-up has not built `{shown}`; `cargo lab prepare` does");
    }
    let error = command.exec();
    Err(anyhow!("could not start `{shown}`: {error}"))
}

/// Whether it can be started now, for its help at least.
#[must_use]
pub fn is_built(layout: &Layout) -> bool {
    layout.profile_dir().join("bench-cells").is_file()
}
