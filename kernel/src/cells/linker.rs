//! Makes a library of a cell's object file, by one run of the linker.
//!
//! `rustc` would run the C compiler, which runs the linker on `lab` and its 300,000 symbols. Nothing of that is needed to
//! load a cell into the worker, where `lab` and the standard library are loaded already: what the cell leaves undefined
//! is found there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Only the entry point is visible: the cell's own copies of generic functions must not be exchanged for `lab`'s.
const VISIBLE: &str = "cell.version";

/// A linker that can be run directly.
#[derive(Debug, Clone)]
pub struct Linker {
    program: PathBuf,
    first: &'static [&'static str],
}

impl Linker {
    /// The system's `ld`, which is the quicker one for so little, or the toolchain's own.
    pub fn find(sysroot: &Path) -> Option<Self> {
        let on_path = std::env::var_os("PATH")
            .and_then(|path| std::env::split_paths(&path).map(|folder| folder.join("ld")).find(|file| file.is_file()));
        if let Some(program) = on_path {
            return Some(Self { program, first: &[] });
        }
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let program = sysroot.join("lib/rustlib").join(target).join("bin/rust-lld");
        program.is_file().then_some(Self { program, first: &["-flavor", "gnu"] })
    }

    /// Links `object` to `library`. `false`: this way does not work here.
    pub fn link(&self, object: &Path, folder: &Path, library: &Path) -> bool {
        let visible = folder.join(VISIBLE);
        if !visible.exists() && std::fs::write(&visible, format!("{{ global: {}; local: *; }};\n", super::ENTRY)).is_err() {
            return false;
        }
        let mut command = Command::new(&self.program);
        command.args(self.first).args(["-shared", "--eh-frame-hdr", "--gc-sections", "-z", "noexecstack", "-z", "now", "--version-script"]);
        command.arg(&visible).arg("-o").arg(library).arg(object);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}
