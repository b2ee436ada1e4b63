//! A bare `rustc` of the user's code against the prebuilt `lab`: the floor that no kernel can beat without a cache.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ::tests::prepared::without_cargo;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What `cargo build --release` makes of code, in one codegen unit: the flags with which the kernel compiles cells
/// (`PROFILE` in the kernel crate, and opt-level 3). Written out, so that the floor does not move when the kernel does.
const PROFILE: &[&str] = &[
    "-Ccodegen-units=1",
    "-Cdebug-assertions=off",
    "-Coverflow-checks=off",
    "-Cpanic=unwind",
    "-Cembed-bitcode=no",
    "-Cdebuginfo=0",
    "-Csymbol-mangling-version=v0",
    "-Copt-level=3",
];

/// What every bare cell begins with: the names that a cell sees once Polars is in scope.
const SCOPE: &str = "#![allow(unused)]\nuse lab::prelude::*;\nuse polars::prelude::*;\n";

/// The compiler and the prebuilt library.
pub struct Bare {
    /// The compiler itself: rustup's stand-in for it costs time of its own.
    pub rustc: PathBuf,
    /// Where the standard library's shared object is.
    pub std_dir: PathBuf,
    /// `rustc -V` of what built the library.
    pub version: String,
    lab: PathBuf,
    deps_dir: PathBuf,
    externs: Vec<(String, PathBuf)>,
    out: PathBuf,
}

impl Bare {
    /// Reads `lab.json`, which set-up wrote; compiles into a folder below `scratch`.
    ///
    /// # Errors
    /// When set-up has not been done, or its compiler is not there.
    pub fn new(lab_json: &Path, scratch: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(lab_json)
            .with_context(|| format!("{} cannot be read: `cargo lab prepare` builds what cells need", lab_json.display()))?;
        let json: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", lab_json.display()))?;
        let file = |value: &Value, name: &str| {
            value.as_str().map(PathBuf::from).with_context(|| format!("{} does not name {name}", lab_json.display()))
        };
        let version = json["rustc"].as_str().context("lab.json does not name the compiler")?.to_owned();
        let toolchain = toolchain(&version);
        let externs = json["externs"].as_object().into_iter().flatten();
        let out = scratch.join("bare");
        std::fs::create_dir_all(&out)?;
        Ok(Self {
            rustc: ask(&toolchain, "sysroot")?.join("bin/rustc"),
            std_dir: ask(&toolchain, "target-libdir")?,
            lab: file(&json["lab"], "the library")?,
            deps_dir: file(&json["deps_dir"], "its dependencies")?,
            externs: externs.map(|(name, path)| Ok((name.clone(), file(path, name)?))).collect::<Result<_>>()?,
            version,
            out,
        })
    }

    /// The folder of the prebuilt library, for the dynamic linker.
    #[must_use]
    pub fn lab_dir(&self) -> &Path {
        self.lab.parent().unwrap_or(Path::new("."))
    }

    /// A compiler that sees `lab` and the crates that cells can name.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.rustc);
        without_cargo(&mut command);
        command.args(["--edition", "2024", "--error-format=json"]);
        command.arg("--extern").arg(format!("lab={}", self.lab.display()));
        for (name, path) in &self.externs {
            command.arg("--extern").arg(format!("{name}={}", path.display()));
        }
        command.arg("-L").arg(format!("dependency={}", self.deps_dir.display()));
        command
    }

    /// Compiles a cell; returns the time and the size of its library.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn compile(&self, cell: &str) -> Result<(Duration, u64)> {
        let source = self.out.join("lib.rs");
        std::fs::write(&source, format!("{SCOPE}{cell}"))?;
        let mut command = self.command();
        command.args(["--crate-name", "ctx", "--crate-type", "cdylib"]).args(PROFILE);
        command.arg("--out-dir").arg(&self.out).arg(&source).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let started = Instant::now();
        let output = command.output().with_context(|| format!("{} could not be started", self.rustc.display()))?;
        let time = started.elapsed();
        if !output.status.success() {
            bail!("a bare `rustc` does not compile this cell:\n{cell}\n{}", rendered(&output.stderr));
        }
        let library = self.out.join(format!("{}ctx{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
        Ok((time, std::fs::metadata(library)?.len()))
    }
}

/// What the compiler said, for people.
pub fn rendered(json_lines: &[u8]) -> String {
    let text = String::from_utf8_lossy(json_lines);
    let parsed = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    parsed.filter_map(|message| message["rendered"].as_str().map(str::to_owned)).collect()
}

/// `1.95.0` of `rustc 1.95.0 (59807616e 2026-04-14)`.
#[must_use]
pub fn toolchain(version: &str) -> String {
    version.split_whitespace().nth(1).unwrap_or(version).to_owned()
}

/// A folder that `rustc --print` tells.
fn ask(toolchain: &str, what: &str) -> Result<PathBuf> {
    let mut command = Command::new("rustc");
    without_cargo(&mut command);
    let output = command.args(["--print", what]).env("RUSTUP_TOOLCHAIN", toolchain).stdin(Stdio::null()).output();
    let output = output.context("`rustc` could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || text.is_empty() {
        bail!("`rustc --print {what}` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toolchain_is_the_version() {
        assert_eq!(toolchain("rustc 1.95.0 (59807616e 2026-04-14)"), "1.95.0");
    }
}
