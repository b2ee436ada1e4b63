//! What can go wrong with the engine worker, told to people.

use std::fmt;
use std::path::PathBuf;

use magics::sql_wire::SqlFailure;

/// Why a request to the engine worker brought no result.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineError {
    /// The engine answered with an error; the worker lives and its tables are kept.
    Failed(SqlFailure),
    /// The worker ended. The next request starts a fresh one.
    Died {
        /// How it ended, as a sentence without its subject, for example `it was killed by signal 9 (SIGKILL)`.
        status: String,
        /// The end of what it wrote to standard error.
        stderr: String,
        /// Names of the tables made in SQL that are gone, as far as they are known.
        tables_lost: Vec<String>,
    },
    /// The worker cannot be started.
    NotFound {
        program: PathBuf,
        /// The operating system's reason.
        reason: String,
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Failed(failure) => write!(f, "{}: {}", failure.class, failure.message),
            EngineError::Died { status, stderr, tables_lost } => {
                writeln!(f, "The engine worker ended: {status}.")?;
                match tables_lost.is_empty() {
                    true => writeln!(f, "Lost: nothing but the running query; no table had been made in SQL.")?,
                    false => writeln!(f, "Lost: the tables made in SQL ({}).", tables_lost.join(", "))?,
                }
                write!(f, "Kept: Rust and Python variables, and all files. The next query starts a fresh worker.")?;
                match stderr.trim() {
                    "" => Ok(()),
                    words => write!(f, "\nIts last words:\n{words}"),
                }
            }
            EngineError::NotFound { program, reason } => write!(
                f,
                "The engine worker cannot be started: {}: {reason}. Build it with `cargo lab`; `benchbook doctor` says more.",
                program.display()
            ),
        }
    }
}

impl std::error::Error for EngineError {}
