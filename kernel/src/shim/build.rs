//! Compiles one cell with one run of `rustc`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::deps::{self, Built};
use super::lab::Lab;
use super::notify::Notify;
use super::{LAB_JSON, REAL_RUSTC, required, rewrite};

/// What is wanted of the compiler.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A library to load.
    Library,
    /// Errors and warnings only.
    Check,
}

/// Flags that make a cell's code what `cargo build --release` would make of it; the optimisation level comes from
/// [`opt_level`].
const PROFILE: &[&str] =
    &["-Ccodegen-units=1", "-Cdebug-assertions=off", "-Coverflow-checks=off", "-Cpanic=unwind", "-Cembed-bitcode=no", "-Cdebuginfo=0"];

/// What the cell's `:opt` says: evcxr's initial 2 stands for "not said", which is 3 here. (Telling evcxr so would change
/// its manifest, and the analyzer would load everything twice.)
fn opt_level(directory: &Path) -> String {
    let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let level = manifest.as_ref().and_then(|manifest| manifest.get("profile")?.get("dev")?.get("opt-level").cloned());
    match level {
        Some(toml::Value::Integer(level)) if level != 2 => level.to_string(),
        Some(toml::Value::String(level)) if level != "2" => level,
        _ => "3".to_owned(),
    }
}

fn rustc(lab: &Lab, built: &Built, source: &Path, output: &Path, goal: Goal, opt_level: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(required(REAL_RUSTC)?);
    command.args(["--crate-name", "ctx", "--edition", "2024", "--crate-type", "cdylib", "--error-format=json"]).args(PROFILE);
    command.arg(format!("-Copt-level={opt_level}"));
    if goal == Goal::Check {
        command.arg("--emit=metadata");
    }
    command.arg("--extern").arg(format!("lab={}", lab.lab.display()));
    for (name, path) in lab.externs.iter().filter(|(name, _)| !built.externs.contains_key(*name)) {
        command.arg("--extern").arg(format!("{name}={}", path.display()));
    }
    for (name, path) in &built.externs {
        command.arg("--extern").arg(format!("{name}={}", path.display()));
    }
    command.arg("-L").arg(format!("dependency={}", lab.deps_dir.display()));
    for path in &built.search {
        command.arg("-L").arg(path);
    }
    command.arg("--out-dir").arg(output).arg(source).env_remove("RUSTC_WRAPPER");
    Ok(command)
}

/// Compiles the cell package in `directory` and prints cargo's messages for it.
pub fn compile(directory: &Path, goal: Goal) -> anyhow::Result<ExitCode> {
    let mut notify = Notify::connect();
    let lab = Lab::read(&required(LAB_JSON)?)?;
    let dependencies = deps::added(directory, &lab)?;
    let built = match deps::build(&dependencies, &lab, &mut notify) {
        Ok(built) => built,
        Err(error) => return Ok(say_as_error(&format!("{error:#}"))),
    };
    notify.doing("compiling");

    let output = directory.join("target/cell");
    std::fs::create_dir_all(&output)?;
    let original = std::fs::read_to_string(directory.join("src/lib.rs")).context("the cell's source is missing")?;
    let source = output.join("lib.rs");
    std::fs::write(&source, rewrite::generated_code(&original))?;

    let mut child = rustc(&lab, &built, &source, &output, goal, &opt_level(directory))?
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("the Rust compiler could not be started")?;
    let stderr = child.stderr.take().context("the compiler has no stderr")?;
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        match serde_json::from_str::<Value>(&line) {
            Ok(diagnostic) if diagnostic["level"] == "warning" && goal == Goal::Library => notify.warning(&diagnostic),
            _ => eprintln!("{line}"),
        }
    }
    let status = child.wait()?;
    if status.success() && goal == Goal::Library {
        let library = output.join(format!("{}ctx{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
        println!("{}", json!({"reason": "compiler-artifact", "target": {"name": "ctx"}, "filenames": [library]}));
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An error that is not the compiler's, in the form in which evcxr reads errors.
fn say_as_error(message: &str) -> ExitCode {
    eprintln!("{}", json!({"message": message, "level": "error", "code": null, "spans": [], "children": [], "rendered": message}));
    ExitCode::FAILURE
}
