//! The kernels that are compared.

use std::path::PathBuf;
use std::process::Command;

use ::tests::bench::client::{Answer, Client};
use ::tests::bench::kernel::{self, CELL, Running, Started};
use ::tests::bench::report::Competitor;
use ::tests::prepared::without_cargo;
use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Ours,
    /// A stock ipykernel of the installed environment.
    Ipykernel,
    /// `%%sql` of jupysql on DuckDB, in a stock ipykernel.
    Jupysql,
    /// DuckDB's Python package, in the same ipykernel.
    Duckdb,
}

impl Competitor for Who {
    const OURS: Self = Self::Ours;
    const COLUMNS: &'static [Self] = &[Self::Ipykernel, Self::Jupysql, Self::Duckdb];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Ipykernel => "ipykernel",
            Self::Jupysql => "jupysql",
            Self::Duckdb => "duckdb",
        }
    }
}

/// What is needed to start kernels.
pub struct Launcher {
    pub benchbook: PathBuf,
    /// The Python of the installed environment.
    pub python: PathBuf,
    /// A Python with jupysql and DuckDB's package.
    pub jupysql: Option<PathBuf>,
    /// Holds the cache of our kernel: a run neither finds nor leaves cells in the user's cache.
    pub scratch: TempDir,
}

/// A running kernel; ended when dropped.
pub struct Kernel {
    pub who: Who,
    pub client: Client,
    process: Running,
}

impl Launcher {
    /// Starts a kernel and waits until it has greeted.
    ///
    /// # Errors
    /// When it ends, or is silent for too long.
    pub fn start(&self, who: Who) -> Result<Kernel> {
        let Started { client, process, .. } = kernel::start(who.name(), |file| {
            let mut command = match (who, &self.jupysql) {
                (Who::Ours, _) => Command::new(&self.benchbook),
                (Who::Ipykernel, _) => Command::new(&self.python),
                (Who::Jupysql | Who::Duckdb, Some(python)) => Command::new(python),
                (Who::Jupysql | Who::Duckdb, None) => bail!("there is no environment with jupysql"),
            };
            without_cargo(&mut command);
            match who {
                Who::Ours => command.args(["kernel", "--connection-file"]),
                _ => {
                    command.env("PYTHONNOUSERSITE", "1").env_remove("PYTHONPATH");
                    // Otherwise it would compile its packages anew at each start.
                    command.env_remove("PYTHONDONTWRITEBYTECODE").args(["-m", "ipykernel_launcher", "-f"])
                }
            };
            command.arg(file).env("XDG_CACHE_HOME", self.scratch.path().join("cache"));
            command.env("IPYTHONDIR", self.scratch.path().join("ipython"));
            Ok(command)
        })?;
        Ok(Kernel { who, client, process })
    }
}

impl Kernel {
    /// Runs a cell; waits for late text as long as `complete` says that some is missing.
    ///
    /// # Errors
    /// When the kernel does not answer; a wrong answer is none.
    pub fn run_until(&mut self, code: &str, complete: impl Fn(&str) -> bool) -> Result<Answer> {
        let pending = self.client.begin(code)?;
        let ended = self.client.end(pending, CELL, complete);
        ended.with_context(|| format!("{}, cell:\n{code}\n{}", self.who.name(), self.process.log()))
    }

    /// Runs a cell.
    ///
    /// # Errors
    /// As [`Kernel::run_until`].
    pub fn run(&mut self, code: &str) -> Result<Answer> {
        self.run_until(code, |_| true)
    }

    /// Runs a cell that prepares something.
    ///
    /// # Errors
    /// When it fails.
    pub fn must(&mut self, code: &str) -> Result<Answer> {
        let answer = self.run(code)?;
        if !answer.errors.is_empty() {
            bail!("{}: a cell that prepares failed:\n{code}\n{}", self.who.name(), answer.errors);
        }
        Ok(answer)
    }
}
