//! Handouts: notebooks executed and written as HTML that needs no kernel, no network and no JavaScript.

pub mod html;

use std::path::{Path, PathBuf};

use crate::layout::Layout;
use crate::progress::Progress;
use crate::{Installed, course, execution, owned};
use anyhow::{Context, Result, bail};

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
    let found = course::paths(&dir)?;
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
    let mut command = execution::script(layout, installed, "handout.py");
    execution::follow(command.arg(notebook).arg(&written), notebook, &task)?;
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
