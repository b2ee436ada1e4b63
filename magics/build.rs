//! Notes which compiler builds this crate: the machine card tells it, and cells are compiled by the same one.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok().and_then(|out| String::from_utf8(out.stdout).ok());
    // `rustc 1.95.0 (59807616e 2026-04-14)`: the second word.
    let number = version.as_deref().and_then(|v| v.split_whitespace().nth(1)).unwrap_or("unknown");
    println!("cargo::rustc-env=BENCHBOOK_RUSTC={number}");
}
