//! From a cell's Rust to code that has run: taken apart, written anew with what it needs, compiled once, run in the worker.
//!
//! | file | job |
//! |---|---|
//! | `parse` | attributes, items, statements, the last expression |
//! | `items` | what the notebook has defined, and which of it a cell needs |
//! | `variables`, `spelling` | live variables and how generated code names their types |
//! | `generate`, `origin` | the source of one cell, and where each of its lines came from |
//! | `compiler`, `linker` | one run of `rustc` against the prebuilt `lab`, one of the linker |
//! | `diagnostic` | what the compiler said |
//! | `cache` | compiled cells on disk, by content |
//! | `worker` | the process that runs them |
//! | `evaluate` | all of this in order, and what is tried again when the compiler refuses |

pub mod cache;
pub mod compiler;
pub mod diagnostic;
pub mod evaluate;
mod generate;
mod items;
pub mod linker;
pub mod origin;
mod parse;
mod spelling;
mod variables;
pub mod worker;

/// The crate name of every cell: types of the notebook are the same types in all cells because it never changes.
const CRATE: &str = "cell";
/// The entry point of every cell.
pub const ENTRY: &str = "benchbook_cell";
