//! Datasets of Benchbook: generated on this computer, the same bytes everywhere, checked before every use.
//!
//! Two sets exist: `tpch` (TPC-H-derived tables, not comparable with TPC-H results) and `stocks` (minute bars of
//! fictional companies with a planted answer). [`make()`] returns a folder of Parquet, CSV and JSON lines files beside
//! a `manifest.json` with rows, bytes and SHA-256 of each; when that folder is already there and whole, it is reused.
//!
//! ```
//! let root = std::env::temp_dir().join(format!("datasets-doc-{}", std::process::id()));
//! let request = datasets::Request::stocks(1);
//! let made = datasets::make(&request, &root, &mut |progress| println!("{:.0} %", 100.0 * progress.done))?;
//! assert!(made.file("bars", datasets::Format::Parquet).is_some_and(|file| file.rows == 29 * 241));
//! std::fs::remove_dir_all(&root)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calendar;
mod check;
mod cli;
mod error;
mod lock;
mod make;
mod manifest;
mod request;
mod root;
mod sets;
mod stocks;
mod tpch;
mod write;

pub use check::verify;
pub use cli::cli;
pub use error::DataError;
pub use make::{FileInfo, Made, Progress, make, remake};
pub use manifest::{FileRecord, Generator, Manifest, Planted};
pub use request::{Format, Request};
pub use root::{default_root, made_in};
pub use sets::{Parameter, SetInfo, TableInfo, sets};
