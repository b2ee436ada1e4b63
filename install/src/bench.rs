//! `cargo lab bench NAME`: the benchmarks beside the tests, which the ordinary build makes as well.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, anyhow, bail};

use crate::layout::Layout;
use crate::run;

/// What can be measured; each is a program `bench-NAME`.
pub const NAMES: [&str; 2] = ["cells", "tables"];

/// The program, with the user's own arguments; it is run in the user's folder, so that paths mean what they say.
#[must_use]
pub fn command(layout: &Layout, name: &str, arguments: &[OsString]) -> Command {
    let mut command = Command::new(layout.profile_dir().join(format!("bench-{name}")));
    command.args(arguments);
    command
}

/// Becomes the benchmark. Returns only on failure.
///
/// # Errors
/// When it was not built or cannot be started.
pub fn start(layout: &Layout, name: &str, arguments: &[OsString]) -> Result<()> {
    let mut command = command(layout, name, arguments);
    let shown = run::show(&command);
    if !is_built(layout, name) {
        bail!("set-up has not built `{shown}`; `cargo lab prepare` does");
    }
    let error = command.exec();
    Err(anyhow!("could not start `{shown}`: {error}"))
}

/// Whether it can be started now, for its help at least.
#[must_use]
pub fn is_built(layout: &Layout, name: &str) -> bool {
    layout.profile_dir().join(format!("bench-{name}")).is_file()
}
