//! Step 1: the Rust toolchain, the sources of its standard library, and a C compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress::Step;
use crate::run;

/// What compiles the cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// What `rustc -V` prints.
    pub rustc: String,
    /// For example `x86_64-unknown-linux-gnu`.
    pub host: String,
    /// Where the toolchain lies.
    pub sysroot: PathBuf,
}

impl Toolchain {
    /// Asks the toolchain that `rust-toolchain.toml` in `root` chooses.
    ///
    /// # Errors
    /// When there is no Rust, or it answers strangely.
    pub fn detect(root: &Path) -> Result<Self> {
        let verbose = run::output(Command::new("rustc").arg("-vV").current_dir(root))
            .context("Rust is missing or broken; install it with rustup and open a new terminal")?;
        let sysroot = run::output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root))?;
        let host = verbose.lines().find_map(|l| l.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
        Ok(Self {
            rustc: verbose.lines().next().unwrap_or_default().to_owned(),
            host: host.to_owned(),
            sysroot: PathBuf::from(sysroot.trim()),
        })
    }

    /// Whether the sources of the standard library are there (completion needs them).
    #[must_use]
    pub fn has_std_sources(&self) -> bool {
        self.sysroot.join("lib/rustlib/src/rust/library/std/src/lib.rs").is_file()
    }

    /// The version alone, as `1.95.0`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.rustc.split_whitespace().nth(1).unwrap_or_default()
    }
}

/// The version that `rust-toolchain.toml` asks for.
///
/// # Errors
/// When the file is missing or names no channel.
pub fn wanted(root: &Path) -> Result<String> {
    let path = root.join("rust-toolchain.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    channel(&text).map(str::to_owned).with_context(|| format!("{} names no channel", path.display()))
}

fn channel(toml: &str) -> Option<&str> {
    let line = toml.lines().find_map(|l| l.trim().strip_prefix("channel"))?;
    line.trim().strip_prefix('=')?.trim().strip_prefix('"')?.split('"').next()
}

/// The C compiler's first line of `--version`: `$CC`, or `cc`.
#[must_use]
pub fn c_compiler() -> Option<String> {
    let name = std::env::var("CC").ok().filter(|c| !c.is_empty()).unwrap_or_else(|| "cc".to_owned());
    // Rust links through `cc`, whatever CC says.
    run::first_line("cc", &["--version"])?;
    run::first_line(&name, &["--version"])
}

/// How to get a C compiler.
pub const C_COMPILER_HINT: &str = "Debian, Ubuntu: sudo apt-get install build-essential; macOS: xcode-select --install";

/// Checks everything; adds the standard library's sources when rustup can.
///
/// # Errors
/// When something is missing that we cannot add ourselves; the message says how to.
pub fn ensure(root: &Path, step: &mut Step) -> Result<Toolchain> {
    let wanted = wanted(root)?;
    let toolchain = Toolchain::detect(root)?;
    if toolchain.version() != wanted {
        bail!(
            "this is {}, but the course is built with Rust {wanted}.\n\
             With rustup it is chosen by itself inside the clone (rustup toolchain install {wanted}); \
             leave out `+toolchain` and unset RUSTUP_TOOLCHAIN",
            toolchain.rustc
        );
    }
    if !toolchain.has_std_sources() {
        step.work("adding the sources of the standard library, less than a minute");
        run::output(Command::new("rustup").args(["component", "add", "rust-src"]).current_dir(root)).context(
            "the sources of Rust's standard library are missing (completion needs them); \
             add them with: rustup component add rust-src",
        )?;
    }
    if c_compiler().is_none() {
        bail!("no C compiler (`cc`) was found; Rust needs one to link. {C_COMPILER_HINT}");
    }
    Ok(toolchain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_channel() {
        assert_eq!(channel("[toolchain]\nchannel = \"1.95.0\"\n"), Some("1.95.0"));
        assert_eq!(channel("[toolchain]\n"), None);
    }

    #[test]
    fn this_toolchain_is_the_wanted_one() -> Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let toolchain = Toolchain::detect(&root)?;
        assert_eq!(toolchain.version(), wanted(&root)?);
        assert!(toolchain.host.contains('-'));
        Ok(())
    }
}
