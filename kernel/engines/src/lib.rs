//! The engine worker. It runs SQL in a process of its own, so that neither a crashed Rust cell nor the
//! kernel's threads disturb a query or its timing.
//!
//! Requests and answers are JSON lines on stdin and stdout (`sql_wire`); the process ends when
//! stdin closes, that is, when the kernel is gone. `bin/` has the programs: the worker itself, and Polars,
//! which the worker runs as a child that speaks the same lines.

pub mod arrow_file;
pub mod arrow_reply;
pub mod arrow_text;
pub mod calendar;
mod compare;
mod duckdb;
pub mod engine;
pub mod engines;
mod json;
mod limits;
pub mod mapping;
pub mod params;
// The worker itself does not link `lab`.
#[path = "../../lab/src/measure/peak_memory.rs"]
mod peak_memory;
mod planned;
mod polars;
mod process_group;
mod service;
mod spark;
mod spill;
pub mod split;
mod sqlite;
// The kernel's half of the wire is not used here.
#[allow(dead_code)]
#[path = "../../../magics/src/sql_wire.rs"]
pub mod sql_wire;
mod statements;
mod stdio;
mod trino;
mod watch;

/// Runs a worker of the `listed` engines until its standard input closes; does not return.
pub fn run(listed: &'static [engines::Listed]) -> ! {
    stdio::die_with_parent();
    match stdio::take() {
        Ok(pipes) => service::serve(listed, pipes.requests, pipes.answers),
        Err(error) => {
            eprintln!("benchbook-engines: cannot set up its pipes: {error}");
            std::process::exit(1);
        }
    }
}
