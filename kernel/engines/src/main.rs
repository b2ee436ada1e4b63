//! `benchbook-engines`: the engine worker. It runs SQL in a process of its own, so that neither a
//! crashed Rust cell nor the kernel's threads disturb a query or its timing.
//!
//! Requests and answers are JSON lines on stdin and stdout (`sql_wire`); the process ends when
//! stdin closes, that is, when the kernel is gone.

mod duckdb;
mod engine;
mod engines;
mod limits;
mod service;
mod spill;
#[path = "../../../magics/src/sql_wire.rs"]
mod sql_wire;
mod stdio;
mod watch;

fn main() {
    stdio::die_with_parent();
    let pipes = match stdio::take() {
        Ok(pipes) => pipes,
        Err(error) => {
            eprintln!("benchbook-engines: cannot set up its pipes: {error}");
            std::process::exit(1);
        }
    };
    service::serve(engines::ENGINES, pipes.requests, pipes.answers);
}
