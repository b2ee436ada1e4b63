//! Tells `benchbook-polars`, which links `lab` dynamically, where `lab` and the standard library are.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../Cargo.toml");
    let own = if cfg!(target_os = "macos") { "@loader_path" } else { "$ORIGIN" };
    let mut paths = vec![own.to_owned(), format!("{own}/deps")];
    paths.extend(standard_library().map(|path| path.display().to_string()));
    for path in paths {
        println!("cargo::rustc-link-arg-bin=benchbook-polars=-Wl,-rpath,{path}");
    }
    println!("cargo::rustc-env=BENCHBOOK_POLARS_VERSION={}", polars_version().unwrap_or_default());
}

/// The folder of the compiler's dynamic standard library.
fn standard_library() -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC")?;
    let target = std::env::var("TARGET").ok()?;
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", &target]).output().ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The version that the workspace pins, which the worker tells before it has started Polars.
fn polars_version() -> Option<String> {
    let manifest = std::fs::read_to_string("../../Cargo.toml").ok()?;
    let line = manifest.lines().find(|line| line.starts_with("polars ="))?;
    let (_, rest) = line.split_once("version = \"=")?;
    Some(rest.split('"').next()?.to_owned())
}
