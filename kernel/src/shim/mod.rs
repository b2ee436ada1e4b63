//! What evcxr finds when it asks for `cargo` and `rustup`, and the crates that a notebook adds.
//!
//! evcxr's context follows the session for its analyzer's sake (`session::analyzer`); cells are compiled by
//! `benchbook::cells`. So its compilations and its worker are empty gestures, and its metadata is the recorded graph of
//! the prebuilt `lab`.
//!
//! | evcxr or the analyzer runs | the shim does |
//! |---|---|
//! | `rustup which cargo` | names itself; `which rustc` names the real compiler |
//! | `cargo build`, `cargo check` | [`build`]: nothing |
//! | `cargo metadata` of a cell package | [`metadata`]: the recorded graph of `lab` plus the cell and the added crates |
//! | anything else | runs the real cargo |

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

mod build;
mod deps;
mod lab;
mod metadata;

pub use deps::{Built, build_dependencies};
pub use lab::Lab;

/// Directory that holds links named `cargo` and `rustup` to this program.
pub const SHIM_HOME: &str = "BENCHBOOK_SHIM_HOME";
/// The user's own `CARGO_HOME`; empty when there was none.
pub const REAL_CARGO_HOME: &str = "BENCHBOOK_CARGO_HOME";
/// The real `cargo` and `rustc`.
pub const REAL_CARGO: &str = "BENCHBOOK_REAL_CARGO";
pub const REAL_RUSTC: &str = "BENCHBOOK_REAL_RUSTC";
/// Path of `lab.json`.
pub const LAB_JSON: &str = "BENCHBOOK_LAB_JSON";
/// Where crates added with `:dep` are built.
pub const DEPS_DIR: &str = "BENCHBOOK_DEPS_DIR";
/// Set where the program stands in for evcxr's worker.
pub const PRETEND_WORKER: &str = "BENCHBOOK_PRETEND_WORKER";

/// Entry point of the `benchbook-cargo` binary.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let called = Path::new(&name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if std::env::var_os(PRETEND_WORKER).is_some() {
        return build::pretend_to_run();
    }
    let outcome = if called == "rustup" { rustup(&arguments) } else { cargo(&arguments) };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn required(variable: &str) -> anyhow::Result<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| anyhow::anyhow!("{variable} is not set: this program is run by the Benchbook kernel"))
}

/// The real cargo, in the user's own environment.
fn real_cargo() -> anyhow::Result<Command> {
    let mut command = Command::new(required(REAL_CARGO)?);
    match std::env::var_os(REAL_CARGO_HOME).filter(|home| !home.is_empty()) {
        Some(home) => command.env("CARGO_HOME", home),
        None => command.env_remove("CARGO_HOME"),
    };
    command.env_remove("CARGO").env_remove("CARGO_BUILD_BUILD_DIR");
    Ok(command)
}

fn rustup(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('+')).collect();
    match words.as_slice() {
        ["which", "cargo"] => println!("{}", required(SHIM_HOME)?.join("bin/cargo").display()),
        ["which", "rustc"] => println!("{}", required(REAL_RUSTC)?.display()),
        _ => anyhow::bail!("`rustup {}` is not available inside the kernel", words.join(" ")),
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether this manifest is the package that evcxr writes for a cell.
fn is_cell_package(manifest: &Path) -> bool {
    manifest.parent().is_some_and(|directory| directory.join(".cargo/config.toml").exists())
        && std::fs::read_to_string(manifest)
            .is_ok_and(|text| text.contains("name = \"ctx\"") || text.contains("name = \"evcxr_dummy_validate_dep\""))
}

fn manifest_of(arguments: &[String]) -> anyhow::Result<PathBuf> {
    let given = arguments.iter().position(|word| word == "--manifest-path").and_then(|at| arguments.get(at + 1));
    Ok(match given {
        Some(path) => PathBuf::from(path),
        None => std::env::current_dir()?.join("Cargo.toml"),
    })
}

fn cargo(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let verb = arguments.iter().find(|word| !word.starts_with('-') && !word.starts_with('+')).map(String::as_str);
    let manifest = manifest_of(arguments)?;
    if is_cell_package(&manifest) {
        let directory = manifest.parent().unwrap_or(Path::new("."));
        match verb {
            Some("build" | "check") => return build::pretend(directory),
            Some("metadata") => return metadata::print(directory, arguments),
            _ => {}
        }
    }
    let status = real_cargo()?.args(arguments).status()?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
