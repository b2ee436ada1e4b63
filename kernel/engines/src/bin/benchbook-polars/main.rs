//! Polars SQL as a program of its own, which the engine worker runs as a child: the size of Polars' thread pool is fixed
//! when a process starts, and a running query can only be stopped by ending the process. It speaks the worker's
//! own lines, with one engine. Threads: `POLARS_MAX_THREADS`.

mod context;
mod failure;
mod files;
mod literals;
mod result;

use engines::engines::Listed;

const ENGINES: &[Listed] = &[Listed { name: "polars", open: || Ok(Box::new(context::PolarsSql::default())) }];

fn main() {
    lab::runtime::reserve::keep();
    engines::run(ENGINES);
}
