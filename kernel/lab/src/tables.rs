//! Tables that Rust, SQL and Python share: Arrow IPC files in the session's directory in shared memory, written once and
//! mapped by whoever reads them.
//!
//! ```ignore
//! tables::share("prices", &prices)?;                      // a DataFrame, a Series, record batches, a Vec
//! let prices = tables::fetch::<DataFrame>("prices")?;     // maps the file: nothing is copied
//! let prices = tables::fetch::<Vec<f64>>("prices")?;      // a Vec owns its values: they are copied
//! ```
//!
//! A variable that a query names is shared by itself ([`offer`]), again only if it changed.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use plane::catalogue::{self, Note};
use plane::compare::{same_contents, same_memory};
use plane::directory::{Directory, check_name};
use plane::mapping::{self, Mapped};
use polars::prelude::DataFrame;
use serde_json::json;

use crate::AnyError;
use crate::runtime::event;

mod address;
mod columns;
mod fetch;
mod frame;
pub(crate) mod held;
mod items;
pub mod offer;
mod param;
mod rows;

pub use address::{Place, address};
pub use columns::{Columns, Frames, Share};
pub use fetch::Fetch;
pub use param::{Param, param};

/// Who made the tables of this process.
const OWNER: &str = "rust";

/// Makes `value` a table that SQL and Python see as `name`, and returns its file. A table of this name is replaced; who has it
/// mapped keeps it.
///
/// # Errors
/// A bad name, a full shared memory, columns that tables cannot have, rows that cannot be computed.
pub fn share<T: Share<Kind> + ?Sized, Kind>(name: &str, value: &T) -> Result<PathBuf, AnyError> {
    check_name(name)?;
    write(name, value.columns()?, &Directory::of_session()?)
}

/// The shared table `name`: a `DataFrame`, `LazyFrame`, `RecordBatch`, or, of a table with one column, a `Series`, all in the
/// table's own memory; or a `Vec` of numbers, texts or structs, with a copy of its values.
///
/// # Errors
/// No such table, or one that is no `T`.
pub fn fetch<T: Fetch>(name: &str) -> Result<T, AnyError> {
    let directory = Directory::of_session()?;
    let mapped = opened(name, &directory)?;
    let version = catalogue::current(&directory, name);
    let value = T::fetch(name, mapped)?;
    // A variable made of it, under the same name, need not be shared again.
    if let (Some(version), Some(columns)) = (version, value.shared_again()) {
        held::hold(name, version, columns.batches);
    }
    Ok(value)
}

/// The record batches of the shared table `name`, in the table's own memory.
///
/// # Errors
/// No such table.
pub fn batches(name: &str) -> Result<Vec<RecordBatch>, AnyError> {
    Ok(opened(name, &Directory::of_session()?)?.batches)
}

/// Removes the shared table `name`; who has it mapped keeps it.
///
/// # Errors
/// No such table.
pub fn remove(name: &str) -> Result<(), AnyError> {
    held::release(name);
    match Directory::of_session()?.remove(name)? {
        true => Ok(()),
        false => Err(format!("there is no shared table `{name}`; `%tables` lists what there is").into()),
    }
}

/// The result that a query has left in the file `path` as the shared table `name`; used by generated code.
///
/// # Errors
/// A missing or unreadable file.
pub fn adopt(name: &str, path: &str) -> Result<DataFrame, AnyError> {
    check_name(name)?;
    let directory = Directory::of_session()?;
    let mapped = mapping::open(Path::new(path))?;
    let file = std::fs::metadata(path)?;
    let rows = mapped.batches.iter().map(RecordBatch::num_rows).sum();
    std::fs::rename(path, directory.file(name))?;
    Note::new(name, "sql", rows, &mapped.schema, &file).write(&directory)?;
    fetch(name)
}

/// Maps an Arrow IPC file that is no shared table.
///
/// # Errors
/// A missing or unreadable file.
pub fn read<T: Fetch>(path: &str) -> Result<T, AnyError> {
    T::fetch(path, mapping::open(Path::new(path))?)
}

fn opened(name: &str, directory: &Directory) -> Result<Mapped, AnyError> {
    check_name(name)?;
    if catalogue::current(directory, name).is_none() {
        return Err(format!("there is no shared table `{name}`; `%tables` lists what there is").into());
    }
    mapping::open(&directory.file(name))
}

/// Shares the variable `name` if it is not what was shared last.
fn share_again(name: &str, columns: Columns<'_>) -> Result<(), AnyError> {
    check_name(name)?;
    let directory = Directory::of_session()?;
    if let Some(version) = catalogue::current(&directory, name) {
        let held = columns.kept && held::is(name, version, |batches| same_memory(batches, &columns.batches));
        let equal = || {
            let known = mapping::open(&directory.file(name));
            known.is_ok_and(|known| known.schema == columns.schema && same_contents(&known.batches, &columns.batches))
        };
        if held || (!columns.kept && equal()) {
            event("table", &json!({"name": name, "unchanged": true}));
            return Ok(());
        }
    }
    let path = write(name, columns, &directory)?;
    event("table", &json!({"name": name, "path": path}));
    Ok(())
}

/// Writes a table that this process does not hold; how many rows it has.
pub(crate) fn store(name: &str, columns: Columns<'_>) -> Result<u64, AnyError> {
    let rows = columns.batches.iter().map(|batch| batch.num_rows() as u64).sum();
    plane::write::write(&Directory::of_session()?, name, OWNER, &columns.schema, columns.batches)?;
    Ok(rows)
}

/// As [`store`], for values side by side, which may borrow.
pub(crate) fn store_values<T: serde::Serialize>(name: &str, values: &[T]) -> Result<u64, AnyError> {
    let batch = rows::batch_of_any(values)?;
    plane::write::write(&Directory::of_session()?, name, OWNER, &batch.schema(), vec![batch])?;
    Ok(values.len() as u64)
}

fn write(name: &str, columns: Columns<'_>, directory: &Directory) -> Result<PathBuf, AnyError> {
    // What is held of the old version is not needed while the new one is written.
    held::release(name);
    let note = plane::write::write(directory, name, OWNER, &columns.schema, columns.batches.clone())?;
    if columns.kept {
        held::hold(name, note.version, columns.batches);
    }
    Ok(directory.file(name))
}
