//! The kernels that are compared: how each is started, made ready and ended.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ::tests::bench::client::{Answer, Client};
use ::tests::bench::kernel::{self, Running, Started};
use ::tests::bench::report::Competitor;
use ::tests::prepared::without_cargo;
use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::evcxr::Evcxr;

pub use ::tests::bench::kernel::CELL;

/// How long a cell may take that builds Polars.
const BUILD: Duration = Duration::from_secs(3 * 3600);

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    Ours,
    /// evcxr_jupyter with Polars loaded.
    EvcxrPolars,
    /// evcxr_jupyter with nothing loaded.
    Evcxr,
    /// A bare `rustc` of the user's code.
    Rustc,
    /// The same source built by `cargo build --release`.
    Release,
    /// Our kernel in the state that others are compared with: no variables, few cells, the first run.
    Base,
}

impl Competitor for Who {
    const OURS: Self = Self::Ours;
    const COLUMNS: &'static [Self] = &[Self::EvcxrPolars, Self::Evcxr, Self::Rustc, Self::Release, Self::Base];

    fn name(self) -> &'static str {
        // The one below: a type's own functions come first.
        Self::name(self)
    }
}

impl Who {
    /// As the table's columns and the JSON have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::EvcxrPolars => "evcxr+Polars",
            Self::Evcxr => "evcxr",
            Self::Rustc => "rustc",
            Self::Release => "release",
            Self::Base => "base",
        }
    }

    /// Whether Polars is in scope there.
    #[must_use]
    pub fn has_polars(self) -> bool {
        self != Self::Evcxr
    }
}

/// What is needed to start kernels.
pub struct Launcher {
    pub benchbook: PathBuf,
    pub evcxr: Option<Evcxr>,
    /// Holds the caches of the kernels started here: a run neither finds nor leaves cells in the user's cache.
    pub scratch: TempDir,
    /// The compiler's version, `1.95.0`; evcxr gets the same.
    pub toolchain: String,
}

/// A running kernel; ended when dropped.
pub struct Kernel {
    pub who: Who,
    pub spawned: Instant,
    pub client: Client,
    process: Running,
}

impl Launcher {
    /// The evcxr kernels that can be had, Polars first.
    #[must_use]
    pub fn evcxr_kernels(&self) -> Vec<Who> {
        match &self.evcxr {
            None => vec![],
            Some(evcxr) if evcxr.polars.is_none() => vec![Who::Evcxr],
            Some(_) => vec![Who::EvcxrPolars, Who::Evcxr],
        }
    }

    /// Starts a kernel and waits until it has greeted.
    ///
    /// # Errors
    /// When it ends, or is silent for too long; with what it wrote to its log.
    pub fn start(&self, who: Who) -> Result<Kernel> {
        let Started { spawned, client, process } = kernel::start(who.name(), |file| self.command(who, file))?;
        Ok(Kernel { who, spawned, client, process })
    }

    fn command(&self, who: Who, connection_file: &Path) -> Result<Command> {
        let mut command;
        match (who, &self.evcxr) {
            (Who::Evcxr | Who::EvcxrPolars, None) => bail!("there is no evcxr_jupyter"),
            (Who::Evcxr | Who::EvcxrPolars, Some(evcxr)) => {
                command = Command::new(&evcxr.program);
                without_cargo(&mut command);
                command.arg("--control_file").arg(connection_file).env("EVCXR_CONFIG_DIR", &evcxr.config);
                // It has no toolchain file of its own; both kernels must use one compiler.
                command.env("RUSTUP_TOOLCHAIN", &self.toolchain);
                if let (Who::EvcxrPolars, Some(polars)) = (who, &evcxr.polars) {
                    command.env("EVCXR_TMPDIR", &polars.directory);
                    // evcxr's relative path to the standard library is one step short where both lie below the home folder.
                    command.env("LD_LIBRARY_PATH", std_directory(&self.toolchain)?);
                }
            }
            _ => {
                command = Command::new(&self.benchbook);
                without_cargo(&mut command);
                command.args(["kernel", "--connection-file"]).arg(connection_file);
            }
        }
        command.env("XDG_CACHE_HOME", self.scratch.path().join("cache"));
        Ok(command)
    }

    /// Starts a kernel and brings Polars into scope where it can be had.
    ///
    /// # Errors
    /// As [`Launcher::start`]; and when Polars cannot be loaded.
    pub fn ready(&self, who: Who) -> Result<Kernel> {
        let mut kernel = self.start(who)?;
        self.load_polars(&mut kernel)?;
        Ok(kernel)
    }

    /// Brings Polars into scope; nothing to do for evcxr_jupyter with nothing loaded.
    ///
    /// # Errors
    /// When a cell fails.
    pub fn load_polars(&self, kernel: &mut Kernel) -> Result<()> {
        match (kernel.who, self.evcxr.as_ref().and_then(|evcxr| evcxr.polars.as_ref())) {
            (Who::Evcxr, _) => return Ok(()),
            (Who::EvcxrPolars, Some(polars)) => {
                kernel.must_within(&polars.load, BUILD)?;
                kernel.must(&polars.import)?;
            }
            _ => {
                kernel.must("use polars::prelude::*;")?;
            }
        }
        Ok(())
    }
}

impl Kernel {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Runs a cell. `expected` is the text that it must give, apart from space at both ends.
    ///
    /// # Errors
    /// When the kernel does not answer; a wrong answer is none.
    pub fn run(&mut self, code: &str, expected: &str) -> Result<Answer> {
        self.run_within(code, expected, CELL)
    }

    fn run_within(&mut self, code: &str, expected: &str, at_most: Duration) -> Result<Answer> {
        let pending = self.client.begin(code)?;
        let ended = self.client.end(pending, at_most, |text| text.trim().len() >= expected.len());
        ended.with_context(|| format!("{}, cell:\n{code}\n{}", self.who.name(), self.process.log()))
    }

    /// Runs a cell that prepares something.
    ///
    /// # Errors
    /// When it fails.
    pub fn must(&mut self, code: &str) -> Result<Answer> {
        self.must_within(code, CELL)
    }

    fn must_within(&mut self, code: &str, at_most: Duration) -> Result<Answer> {
        let answer = self.run_within(code, "", at_most)?;
        if !answer.errors.is_empty() {
            bail!("{}: a cell that prepares failed:\n{code}\n{}", self.who.name(), answer.errors);
        }
        Ok(answer)
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.client.shut_down();
    }
}

/// Where the toolchain's dynamic standard library lies.
fn std_directory(toolchain: &str) -> Result<String> {
    let mut command = Command::new("rustc");
    without_cargo(&mut command);
    let output =
        command.env("RUSTUP_TOOLCHAIN", toolchain).args(["--print", "target-libdir"]).output().context("rustc could not be started")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
