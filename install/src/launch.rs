//! Step 7: JupyterLab on the course.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, anyhow};

use crate::Installed;
use crate::layout::Layout;
use crate::run;

/// The command that starts JupyterLab on the notebooks, with our kernel as the default.
/// `extra` goes to JupyterLab as it is.
#[must_use]
pub fn command(layout: &Layout, installed: &Installed, browser: bool, extra: &[OsString]) -> Command {
    let mut command = installed.python_command();
    command
        .args(["-m", "jupyterlab", "--notebook-dir"])
        .arg(layout.notebooks())
        // One Ctrl-C is enough.
        .arg("--ServerApp.answer_yes=True")
        .arg(format!("--MultiKernelManager.default_kernel_name={}", crate::kernelspec::NAME))
        .current_dir(layout.notebooks());
    if !browser {
        command.arg("--no-browser");
    }
    if is_root() {
        command.arg("--allow-root");
    }
    command.args(extra);
    command
}

/// Becomes JupyterLab: it prints its address, opens the browser, and ends on Ctrl-C. Returns only on failure.
///
/// # Errors
/// When JupyterLab cannot be started.
pub fn launch(layout: &Layout, installed: &Installed, browser: bool, extra: &[OsString]) -> Result<()> {
    let mut command = command(layout, installed, browser, extra);
    let shown = run::show(&command);
    let error = command.exec();
    Err(anyhow!("could not start `{shown}`: {error}"))
}

fn is_root() -> bool {
    run::first_line("id", &["-u"]).as_deref() == Some("0")
}
