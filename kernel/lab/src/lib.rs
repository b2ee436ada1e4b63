//! The library that every Rust cell links.
//!
//! One prebuilt `dylib` holds Polars, Arrow, Rayon and the helpers below, so cells compile in tenths of a
//! second and there is one copy of every static: one thread pool, one allocator, one standard library.
//!
//! | module | what a cell uses it for |
//! |---|---|
//! | [`prelude`] | in scope in every cell |
//! | [`show`] | rich display of values: tables, images, SVG, Markdown |
//! | [`measure`] | the loops behind `%%timeit`, `%%parallel` and `%%profile` |
//! | [`tables`] | tables that SQL and Python see, as Arrow files in shared memory |
//! | [`input`] | asking the person for a line |
//! | [`runtime`] | how a cell talks to the kernel; used by generated code |

pub use {arrow, chrono, polars, polars_arrow, rand, rayon, serde, serde_json};

pub mod input;
pub mod measure;
pub mod prelude;
pub mod runtime;
pub mod show;
pub mod tables;

/// Any error, as `?` in a cell takes it.
pub type AnyError = Box<dyn std::error::Error + Send + Sync>;
