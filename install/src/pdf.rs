//! The course on paper: the site's pages, printed by a browser without a window, one PDF per module and one of all.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::layout::Layout;
use crate::progress::Progress;
use crate::{owned, python, run, site};

/// Names that browsers with Chromium's command line go by, and the variable that names another one.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const CHOSEN: &str = "BENCHBOOK_CHROMIUM";

/// The first version that writes page numbers and running titles, the margin boxes of CSS.
const OLDEST: u32 = 131;

/// Prints all notebooks in `notebooks` into `out`; `solutions`: exercises with their solution. Returns the files.
///
/// # Errors
/// When there is no browser, the site cannot be built, or a page cannot be printed.
pub fn print(layout: &Layout, notebooks: &Path, out: &Path, solutions: bool, progress: &Progress) -> Result<Vec<PathBuf>> {
    let browser = browser()?;
    owned::renew(out)?;
    let work = layout.scratch_for("pdf");
    owned::create(&layout.scratch())?;
    owned::renew(&work)?;
    let printed = print_in(layout, notebooks, &work, out, solutions, &browser, progress);
    owned::remove(&work)?;
    printed
}

fn print_in(
    layout: &Layout,
    notebooks: &Path,
    work: &Path,
    out: &Path,
    solutions: bool,
    browser: &str,
    progress: &Progress,
) -> Result<Vec<PathBuf>> {
    let pages = work.join("site");
    site::build(layout, notebooks, &pages, solutions, progress)?;
    let course = work.join("course.json");
    site::describe(notebooks, &course)?;
    let mut task = progress.task("PDF");
    task.work("some seconds per notebook");
    let mut written = Vec::new();
    let mut command = python::isolated(&layout.python());
    // Nothing is to be left behind in the clone.
    command.arg("-B").arg(layout.root.join("install/python/pdf/print.py")).args([&pages, &course]).arg(out).arg(browser);
    run::lines(
        &mut command,
        |line| match serde_json::from_str::<Value>(line) {
            Ok(event) if event["event"] == "printing" => task.say(event["what"].as_str().unwrap_or_default()),
            Ok(event) if event["event"] == "written" => {
                let file = PathBuf::from(event["file"].as_str().unwrap_or_default());
                written.push((file, event["pages"].as_u64().unwrap_or(0)));
            }
            _ => {}
        },
        |_| {},
        |line| !line.starts_with("{\"event\""),
    )
    .context("the pages could not be printed")?;
    let size = |file: &Path| file.metadata().map_or(0, |metadata| metadata.len());
    let all: u64 = written.iter().map(|(file, _)| size(file)).sum();
    task.done(&format!("{} files, {:.1} MB", written.len(), site::mega(all)));
    for (file, pages) in &written {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        progress.say(&format!("      {name}: {pages} pages, {:.1} MB", site::mega(size(file))));
    }
    Ok(written.into_iter().map(|(file, _)| file).collect())
}

/// A browser that can print.
///
/// # Errors
/// When there is none, or it is too old; the message says how to get one.
fn browser() -> Result<String> {
    let chosen = std::env::var(CHOSEN).ok().filter(|name| !name.is_empty());
    let names: Vec<&str> = chosen.as_deref().map_or(BROWSERS.to_vec(), |name| vec![name]);
    let Some((name, version)) = names.iter().find_map(|name| Some((*name, run::first_line(name, &["--version"])?))) else {
        bail!(
            "printing needs Chromium or Chrome, and none of {} starts\nDebian, Ubuntu: sudo apt-get install chromium; {CHOSEN} names another one",
            names.join(", ")
        );
    };
    match major(&version) {
        Some(major) if major < OLDEST => bail!("{name} is {version}, and page numbers need version {OLDEST} or later"),
        _ => Ok(name.to_owned()),
    }
}

/// `Chromium 156.0.8078.108 built on Debian` is 156.
fn major(version: &str) -> Option<u32> {
    version.split_whitespace().find_map(|word| word.split_once('.')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        assert_eq!(major("Chromium 156.0.8078.108 built on Debian GNU/Linux 12 (bookworm)"), Some(156));
        assert_eq!(major("Google Chrome 130.0.1"), Some(130));
        assert_eq!(major("unknown"), None);
    }
}
