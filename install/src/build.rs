//! Step 4: the two builds, always with the same arguments and environment, so that Polars is compiled once.

mod cargo_lines;
mod lab_json;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub use cargo_lines::{Artifact, Crates, artifacts, crates_done};
pub use lab_json::{EXTERNS, lab_json};

use crate::layout::Layout;
use crate::owned;
use crate::progress::Step;
use crate::run;
use crate::toolchain::Toolchain;

/// What the builds made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The kernel.
    pub benchbook: PathBuf,
    /// The engine worker.
    pub engines: PathBuf,
}

/// Arguments of build A: the small crates. No package is named, so the workspace's default members are built.
const SMALL: &[&str] = &["build"];
/// Arguments of build B: Polars and DuckDB, for the cells and for the engine worker; with them the library that Python shares
/// tables with.
const LARGE: &[&str] = &["build", "-p", "lab", "-p", "engines", "-p", "plane"];

/// Builds everything and writes what the kernel must know about it.
///
/// # Errors
/// When cargo fails; the message holds the compiler's words, and the log file has all of them.
pub fn ensure(layout: &Layout, toolchain: &Toolchain, step: &mut Step) -> Result<Built> {
    if !layout.lab_json().is_file() {
        step.work("the first time 30 to 45 minutes on 2 cores, 10 to 15 on 8 (Polars alone is two thirds of it)");
    }
    let log = layout.build_log();
    // A log of an earlier run would only mislead.
    let _ = std::fs::remove_file(&log);
    let small = cargo(layout, SMALL, "kernel", step, &log)?;
    let large = cargo(layout, LARGE, "Polars and DuckDB", step, &log)?;

    let mut command = layout.cargo();
    command.args(["metadata", "--format-version", "1", "--filter-platform", &toolchain.host]);
    let metadata_text = run::output(&mut command)?;
    let metadata = serde_json::from_str(&metadata_text).context("`cargo metadata` did not print JSON")?;

    owned::write_if_changed(&layout.lab_metadata(), metadata_text.as_bytes())?;
    let description = lab_json(&large, &metadata, &toolchain.rustc, &layout.lab_metadata())?;
    owned::write_if_changed(&layout.lab_json(), format!("{description:#}\n").as_bytes())?;
    Ok(Built { benchbook: executable(&small, "benchbook")?, engines: executable(&large, "benchbook-engines")? })
}

fn executable(artifacts: &[Artifact], name: &str) -> Result<PathBuf> {
    artifacts
        .iter()
        .rev()
        .find(|a| a.name == name && a.is("bin"))
        .and_then(|a| a.executable.clone())
        .with_context(|| format!("cargo built no program `{name}`"))
}

/// Runs cargo and shows how far it is; everything it says goes to the log.
fn cargo(layout: &Layout, arguments: &[&str], what: &str, step: &mut Step, log: &Path) -> Result<Vec<Artifact>> {
    let mut command = layout.cargo();
    command
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .env("DUCKDB_LIB_DIR", layout.duckdb_dir())
        .env("DUCKDB_DOWNLOAD_LIB", "0")
        // The progress bar is where cargo tells how many crates there are in all.
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "120")
        .env("CARGO_TERM_COLOR", "never");
    let mut json = String::new();
    let mut said = String::new();
    let result = run::lines(
        &mut command,
        |line| {
            json.push_str(line);
            json.push('\n');
        },
        |line| match crates_done(line) {
            Some(crates) => step.say(&format!("{what}: crate {}/{}, now {}", crates.done, crates.total, crates.now)),
            None => {
                if line.trim_start().starts_with("Compiling") {
                    step.work("compiling what changed");
                }
                said.push_str(line);
                said.push('\n');
            }
        },
        |line| !line.starts_with('{') && crates_done(line).is_none() && !line.trim_start().starts_with("Compiling"),
    );
    append(log, &said);
    result.with_context(|| format!("the build of {what} failed; all it said is in {}", log.display()))?;
    artifacts(&json)
}

/// A log that cannot be written is no reason to stop a build.
fn append(log: &Path, text: &str) {
    use std::io::Write;
    if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(log) {
        let _ = file.write_all(text.as_bytes());
    }
}
