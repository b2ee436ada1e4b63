//! The site: the course's executed notebooks as pages with navigation and search, which need no network.

mod links;
mod sources;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::layout::Layout;
use crate::progress::Progress;
use crate::{owned, python, run};

pub use links::broken;
pub use sources::describe;

/// A built site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its front page.
    pub index: PathBuf,
    /// Number of pages.
    pub pages: usize,
    /// Size of all files.
    pub bytes: u64,
}

/// Builds the site of all notebooks in `notebooks` into `out`; `solutions`: exercises with their solution, folded.
///
/// # Errors
/// When a notebook cannot be read, Sphinx complains, or a page would load something that is not in the site.
pub fn build(layout: &Layout, notebooks: &Path, out: &Path, solutions: bool, progress: &Progress) -> Result<Site> {
    let mut task = progress.task("Site");
    task.work("about a minute");
    owned::renew(out)?;
    let work = layout.scratch_for("site");
    owned::create(&layout.scratch())?;
    owned::renew(&work)?;
    let built = generate(layout, notebooks, &work, out, solutions);
    owned::remove(&work)?;
    for warning in built? {
        // Such as a link within a page that leads nowhere: the page can be read all the same.
        task.note(warning.strip_prefix(&format!("{}/source/", work.display())).unwrap_or(&warning));
    }
    let (pages, broken) = links::check(out)?;
    if !broken.is_empty() {
        bail!("the site would not be whole without a network:\n  {}", broken.join("\n  "));
    }
    let bytes = size_of(out)?;
    task.done(&format!("{pages} pages, {:.1} MB", mega(bytes)));
    Ok(Site { index: out.join("index.html"), pages, bytes })
}

/// Runs the generator in the folder `work`; returns what it complains about.
fn generate(layout: &Layout, notebooks: &Path, work: &Path, out: &Path, solutions: bool) -> Result<Vec<String>> {
    sources::write(notebooks, work, solutions)?;
    let mut command = python::isolated(&layout.python());
    // Nothing is to be left behind in the clone.
    command.arg("-B").arg(layout.root.join("install/python/site/build.py")).arg(work).arg(out);
    let mut warnings = Vec::new();
    run::lines(
        &mut command,
        |_| {},
        |line| {
            if line.contains("WARNING: ") {
                warnings.push(line.trim().to_owned());
            }
        },
        |_| true,
    )
    .context("the site could not be built")?;
    Ok(warnings)
}

/// Megabytes, for people.
#[must_use]
pub fn mega(bytes: u64) -> f64 {
    std::time::Duration::from_micros(bytes).as_secs_f64()
}

/// All files below a folder.
fn size_of(folder: &Path) -> Result<u64> {
    Ok(files(folder)?.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum())
}

/// The paths of all files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
