//! Executing notebooks by the scripts in `install/python`, and telling what they do.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::layout::Layout;
use crate::progress::{Progress, Step};
use crate::{Installed, run};

/// One of our scripts, in the environment whose Jupyter finds our kernel.
pub(crate) fn script(layout: &Layout, installed: &Installed, name: &str) -> Command {
    let mut command = installed.python_command();
    // Nothing is to be left behind in the clone.
    command.arg("-B").arg(layout.root.join("install/python").join(name));
    command
}

/// Executes a notebook where it lies.
///
/// # Errors
/// When a cell fails; the message names it and holds its output. The file stays as it was.
pub fn execute(layout: &Layout, installed: &Installed, notebook: &Path, progress: &Progress) -> Result<()> {
    let name = notebook.file_stem().unwrap_or_default().to_string_lossy();
    let edition = notebook.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let mut task = progress.task(&format!("{edition} {name}"));
    task.work("executing, about a minute or two");
    follow(script(layout, installed, "execute.py").arg(notebook), notebook, &task)?;
    task.done("executed");
    Ok(())
}

/// Runs a script that executes a notebook, and shows the cell it is at.
///
/// # Errors
/// When a cell fails, or the script does.
pub(crate) fn follow(command: &mut Command, notebook: &Path, task: &Step) -> Result<()> {
    let mut failed = None;
    let ran = run::lines(
        command,
        |line| match serde_json::from_str::<Value>(line) {
            Ok(event) if event["event"] == "cell" => task.say(&cell(&event)),
            Ok(event) if event["event"] == "failed" => failed = Some(failure(notebook, &event)),
            _ => {}
        },
        |_| {},
        |line| !line.starts_with("{\"event\""),
    );
    if let Some(failed) = failed {
        bail!(failed);
    }
    ran.with_context(|| format!("{} could not be executed", notebook.display()))
}

fn cell(event: &Value) -> String {
    let source: String = event["source"].as_str().unwrap_or_default().chars().take(60).collect();
    format!("cell {}/{}: {source}", event["cell"], event["of"])
}

fn failure(notebook: &Path, event: &Value) -> String {
    let text = |key: &str| event[key].as_str().unwrap_or_default().trim();
    let place = if event["cell"].is_null() { "before the first cell".to_owned() } else { cell(event) };
    format!(
        "{} failed at {place}\n{}: {}\n{}\nNothing was written. Open the notebook in JupyterLab to mend the cell",
        notebook.display(),
        text("name"),
        text("message"),
        text("output"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failure_names_notebook_cell_and_cause() {
        let event = json!({"event": "failed", "cell": 4, "of": 9, "source": "let x = 1 / 0;", "name": "panic",
            "message": "attempt to divide by zero", "output": "before"});
        let text = failure(Path::new("25.ipynb"), &event);
        for part in ["25.ipynb", "cell 4/9", "let x", "panic", "divide by zero", "before"] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
