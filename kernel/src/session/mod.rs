//! The session: Rust and its worker, the engine worker, the analyzer, and the engine that the protocol layer drives.
//!
//! | file | job |
//! |---|---|
//! | `notebook` | runs a cell: segments to magics, commands, shell, Rust |
//! | `run_rust` | one piece of Rust, and its errors in terms of the cell |
//! | `rust` | the evaluator (`crate::cells`) and how evaluations fail |
//! | `analyzer` | evcxr's context, which follows for completion and types |
//! | `commands` | `:commands` |
//! | `worker_link`, `framing`, `capture` | live output of the Rust worker |
//! | `diagnostics`, `locate` | compiler messages with the cell's own lines |
//! | `status` | "compiling … 3 s" |
//! | `host` | what magics see |
//! | `assist`, `python` | completion, Shift-Tab, completeness |
//! | `shell` | `!command` lines and `%%bash` |
//! | `shared`, `paths` | the session's directory, environment and parts |
//! | `guard` | a process that removes the directory when the kernel is gone |

use std::path::Path;
use std::sync::Arc;

mod analyzer;
mod assist;
mod capture;
mod commands;
mod diagnostics;
mod framing;
pub mod guard;
mod host;
mod locate;
mod notebook;
mod paths;
mod python;
mod run_rust;
mod rust;
mod shared;
mod shell;
mod status;
mod worker_link;

/// Runs the kernel on a connection file until it is shut down.
///
/// # Errors
/// A connection file that cannot be used, sockets that cannot be bound, no private directory.
pub fn run(connection_file: &Path) -> anyhow::Result<()> {
    let shared = Arc::new(shared::Shared::prepare()?);
    let history = paths::cache_dir().ok().map(|directory| directory.join("history.jsonl"));
    let assist = Arc::new(assist::SessionAssist(Arc::clone(&shared)));
    let for_engine = Arc::clone(&shared);
    let make = Box::new(move || -> Result<Box<dyn crate::engine::Engine>, magics::error::MagicError> {
        Ok(Box::new(notebook::Notebook::start(for_engine)?))
    });
    let ended = crate::protocol::run(connection_file, assist, make, history);
    // A thread that is stuck in a cell may hold the session; its directory goes all the same.
    shared.dir.remove();
    ended
}
