//! Datasets of Benchbook: generated on this computer, the same bytes everywhere, checked before every use.
//!
//! [`sets()`] tells what can be made: `tpch` (TPC-H-derived tables, not comparable with TPC-H results) and sets of our
//! own with planted answers, `stocks`, `taxi`, `h2o`, `events`, `ticks` and `words`. [`make()`] returns a folder of Parquet,
//! CSV and JSON lines files beside a `manifest.json` with rows, bytes and SHA-256 of each; when that folder is already
//! there and whole, it is reused.
//!
//! ```
//! let root = std::env::temp_dir().join(format!("datasets-doc-{}", std::process::id()));
//! let request = datasets::Request::new("stocks", datasets::Scale::Ci)?.with("days", datasets::Number::Whole(1));
//! let made = datasets::make(&request, &root, &mut |progress| println!("{:.0} %", 100.0 * progress.done))?;
//! assert!(made.file("bars", datasets::Format::Parquet).is_some_and(|file| file.rows == 29 * 241));
//! std::fs::remove_dir_all(&root)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calendar;
mod check;
mod cli;
mod error;
mod events;
mod format;
mod h2o;
mod lock;
mod make;
mod manifest;
mod parallel;
mod random;
mod request;
mod root;
mod scale;
mod sets;
mod stocks;
mod taxi;
mod ticks;
mod tpch;
mod words;
mod write;

pub use check::verify;
pub use cli::cli;
pub use error::DataError;
pub use format::Format;
pub use make::{FileInfo, Made, Progress, make, remake};
pub use manifest::{FileRecord, Generator, Manifest};
pub use request::Request;
pub use root::{default_root, made_in};
pub use scale::Scale;
pub use sets::{Number, Parameter, Range, SetInfo, TableInfo, sets};
