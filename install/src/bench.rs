//! `cargo lab bench …`: the benchmarks beside the tests, which the ordinary build makes as well.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, anyhow, bail};

use crate::layout::Layout;
use crate::run;

/// What can be measured: the word on the command line and the program that does it.
pub const KINDS: [(&str, &str); 7] = [
    ("cells", "bench-cells"),
    ("tables", "bench-tables"),
    ("sql", "bench-trips"),
    ("output", "bench-trips"),
    ("timeit", "bench-timeit"),
    ("compare", "bench-compare"),
    ("data", "bench-data"),
];

/// One of [`KINDS`] with the user's own arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bench {
    pub kind: &'static str,
    pub arguments: Vec<OsString>,
}

impl Bench {
    /// The benchmark of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        KINDS.iter().find(|(kind, _)| *kind == word).map(|(kind, _)| Self { kind, arguments: Vec::new() })
    }

    fn program(&self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or(self.kind, |(_, program)| program)
    }

    /// The program with its arguments; it is run in the user's folder, so that paths mean what they say.
    #[must_use]
    pub fn command(&self, layout: &Layout) -> Command {
        let mut command = Command::new(layout.profile_dir().join(self.program()));
        // One program with two parts.
        if self.program() == "bench-trips" {
            command.arg(self.kind);
        }
        command.args(&self.arguments);
        command
    }

    /// Becomes the benchmark. Returns only on failure.
    ///
    /// # Errors
    /// When it was not built or cannot be started.
    pub fn start(&self, layout: &Layout) -> Result<()> {
        let mut command = self.command(layout);
        let shown = run::show(&command);
        if !self.is_built(layout) {
            bail!("set-up has not built `{shown}`; `cargo lab prepare` does");
        }
        let error = command.exec();
        Err(anyhow!("could not start `{shown}`: {error}"))
    }

    /// Whether it can be started now, for its help at least.
    #[must_use]
    pub fn is_built(&self, layout: &Layout) -> bool {
        layout.profile_dir().join(self.program()).is_file()
    }
}
