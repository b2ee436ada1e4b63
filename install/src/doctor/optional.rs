//! Engines that only some notebooks want.

use std::path::PathBuf;
use std::process::Command;

use super::{Check, Status};
use crate::layout::Layout;
use crate::{python, run, spark};

pub(super) fn checks(layout: &Layout) -> Vec<Check> {
    vec![
        java(layout),
        spark(layout),
        package(layout, "Dask", "distributed", "\"dask[dataframe]\" distributed==2026.8.0"),
        package(layout, "Ray", "ray", "\"ray[default]==2.60.0\""),
        program("Redis", "redis-server", "--version", "sudo apt-get install redis-server"),
        program("MPI", "mpirun", "--version", "sudo apt-get install mpich"),
        program("SLURM", "srun", "--version", "sudo apt-get install slurm-wlm munge"),
        trino(),
        program("Chromium (for PDFs)", "chromium", "--version", "sudo apt-get install chromium"),
    ]
}

fn absent(name: &str, mend: impl Into<String>) -> Check {
    Check::new(name, Status::Optional, "not installed", mend)
}

fn program(name: &str, program: &str, version: &str, mend: &str) -> Check {
    match run::first_line(program, &[version]) {
        Some(line) => Check::ok(name, line),
        None => absent(name, mend),
    }
}

fn spark(layout: &Layout) -> Check {
    match spark::installed(layout) {
        Some(version) => Check::ok("Spark", format!("pyspark {version}; `%engine start spark` starts it")),
        None => absent("Spark", "cargo lab spark"),
    }
}

fn java(layout: &Layout) -> Check {
    let name = "Java (for Spark)";
    match spark::java(layout) {
        Some((program, version)) => Check::ok(name, format!("{version} ({})", program.display())),
        None => absent(name, "`cargo lab spark` fetches one, or: sudo apt-get install default-jre-headless"),
    }
}

/// Looks in our environment for a package without importing it: importing Ray takes seconds.
fn package(layout: &Layout, name: &str, module: &str, requirement: &str) -> Check {
    let script = format!("import importlib.metadata as m; print(m.version('{module}'))");
    let mut command: Command = python::isolated(&layout.python());
    match run::output(command.args(["-c", &script])) {
        Ok(version) => Check::ok(name, format!("{module} {}", version.trim())),
        Err(_) => {
            let python: PathBuf = layout.python();
            absent(name, format!("{} -m pip install {requirement}", python.display()))
        }
    }
}

/// Trino is a server elsewhere: notebooks find it by its address.
fn trino() -> Check {
    match std::env::var("TRINO_URL") {
        Ok(address) if !address.is_empty() => Check::ok("Trino", format!("TRINO_URL is {address}")),
        _ => Check::new("Trino", Status::Optional, "no server named", "set TRINO_URL to the address of a Trino server"),
    }
}
