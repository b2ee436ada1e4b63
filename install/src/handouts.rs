//! Handouts: notebooks executed and written as HTML that needs no kernel, no network and no JavaScript.

pub mod html;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::layout::Layout;
use crate::progress::Progress;
use crate::{Installed, owned, run};

/// Executes each notebook and writes `<out>/<name>.html`; returns the paths written.
///
/// # Errors
/// At the first notebook that is missing, fails, or would need the network; earlier ones stay written.
pub fn make(layout: &Layout, installed: &Installed, notebooks: &[PathBuf], out: &Path, progress: &Progress) -> Result<Vec<PathBuf>> {
    if out == layout.handouts() {
        owned::create(out)?;
    } else {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    }
    notebooks.iter().map(|notebook| one(layout, installed, notebook, out, progress)).collect()
}

/// All notebooks of the course, by name.
///
/// # Errors
/// When the folder cannot be read or holds none.
pub fn all(layout: &Layout) -> Result<Vec<PathBuf>> {
    let dir = layout.notebooks();
    let entries = dir.read_dir().with_context(|| format!("cannot read {}", dir.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "ipynb")).collect();
    found.sort();
    if found.is_empty() {
        bail!("{} holds no notebooks", dir.display());
    }
    Ok(found)
}

fn one(layout: &Layout, installed: &Installed, notebook: &Path, out: &Path, progress: &Progress) -> Result<PathBuf> {
    let stem = notebook
        .file_stem()
        .filter(|_| notebook.is_file())
        .with_context(|| format!("there is no notebook {}", notebook.display()))?
        .to_string_lossy()
        .into_owned();
    let written = out.join(format!(".{stem}.html.tmp"));
    let html = out.join(format!("{stem}.html"));
    let mut task = progress.task(&format!("Handout {stem}"));
    task.work("executing, about a minute or two");
    let mut failed = None;
    let mut command = installed.python_command();
    command.arg(layout.root.join("install/python/handout.py")).arg(notebook).arg(&written);
    let ran = run::lines(
        &mut command,
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
    ran.with_context(|| format!("{} could not be executed", notebook.display()))?;
    let text = std::fs::read_to_string(&written).with_context(|| format!("cannot read {}", written.display()))?;
    let outside = html::external_references(&text);
    if !outside.is_empty() {
        // The half-good page must not be mistaken for a handout.
        let _ = std::fs::remove_file(&written);
        bail!(
            "{} would not be self-contained: it loads {}\nEmbed what it shows, or link to it as text",
            html.display(),
            outside.join(", ")
        );
    }
    std::fs::rename(&written, &html).with_context(|| format!("cannot write {}", html.display()))?;
    task.done(&html.display().to_string());
    Ok(html)
}

fn cell(event: &Value) -> String {
    let source: String = event["source"].as_str().unwrap_or_default().chars().take(60).collect();
    format!("cell {}/{}: {source}", event["cell"], event["of"])
}

fn failure(notebook: &Path, event: &Value) -> String {
    let text = |key: &str| event[key].as_str().unwrap_or_default().trim();
    let place = if event["cell"].is_null() { "before the first cell".to_owned() } else { cell(event) };
    format!(
        "{} failed at {place}\n{}: {}\n{}\nNo handout was written. Open the notebook in JupyterLab to mend the cell",
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
