//! Tables as Arrow IPC files in the session's directory in shared memory.
//!
//! A table is written once and mapped by whoever reads it: the SQL worker, a later cell, another language.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, IpcReader, IpcWriter, LazyFrame, SerReader, SerWriter};
use serde_json::{Value, json};

use crate::AnyError;
use crate::runtime::event;

/// The session's private directory (environment variable `BENCHBOOK_SESSION`).
///
/// # Errors
/// Outside a notebook.
pub fn session_dir() -> Result<PathBuf, AnyError> {
    std::env::var_os("BENCHBOOK_SESSION").map(PathBuf::from).ok_or_else(|| "tables can only be shared inside a notebook".into())
}

/// Something that can be written as a table.
pub trait Table {
    /// The rows, as a frame that shares the columns' memory where it can.
    ///
    /// # Errors
    /// When the rows have to be computed first and that fails.
    fn frame(&self) -> Result<DataFrame, AnyError>;
}

impl Table for DataFrame {
    fn frame(&self) -> Result<DataFrame, AnyError> {
        Ok(self.clone())
    }
}

impl Table for LazyFrame {
    fn frame(&self) -> Result<DataFrame, AnyError> {
        Ok(self.clone().collect()?)
    }
}

fn safe_name(name: &str) -> Result<(), AnyError> {
    let good = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if good { Ok(()) } else { Err(format!("`{name}` is not a table name: use letters, digits and _").into()) }
}

/// Writes `table` as `<session>/<name>.arrow` and returns the path; readers never see a half-written file.
///
/// # Errors
/// A bad name, a full shared memory, rows that cannot be computed.
pub fn publish<T: Table + ?Sized>(name: &str, table: &T) -> Result<PathBuf, AnyError> {
    safe_name(name)?;
    let directory = session_dir()?;
    let mut frame = table.frame()?;
    let path = directory.join(format!("{name}.arrow"));
    let partial = directory.join(format!("{name}.arrow.{}", std::process::id()));
    let written = write(&partial, &mut frame).and_then(|()| Ok(fs::rename(&partial, &path)?));
    if let Err(error) = written {
        let _ = fs::remove_file(&partial);
        return Err(format!("the table `{name}` could not be written to shared memory: {error}").into());
    }
    event("table", &json!({"name": name, "path": path, "rows": frame.height(), "columns": frame.width()}));
    Ok(path)
}

fn write(path: &Path, frame: &mut DataFrame) -> Result<(), AnyError> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    IpcWriter::new(BufWriter::with_capacity(1 << 20, file)).finish(frame)?;
    Ok(())
}

/// What a table file can be read as.
pub trait FromTable: Sized {
    /// # Errors
    /// A missing or unreadable file.
    fn from_table(path: &Path) -> Result<Self, AnyError>;
}

impl FromTable for DataFrame {
    fn from_table(path: &Path) -> Result<Self, AnyError> {
        let file = File::open(path).map_err(|error| format!("the table file {} cannot be opened: {error}", path.display()))?;
        Ok(IpcReader::new(file).finish()?)
    }
}

/// Reads an Arrow IPC file.
///
/// # Errors
/// A missing or unreadable file.
pub fn read<T: FromTable>(path: &str) -> Result<T, AnyError> {
    T::from_table(Path::new(path))
}

/// A value that can be bound to a `{name}` in SQL.
pub trait Param {
    fn param(&self) -> Value;
}

macro_rules! param_numbers {
    ($($type:ty),*) => {$(
        impl Param for $type {
            fn param(&self) -> Value {
                json!(self)
            }
        }
    )*};
}
param_numbers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64, bool, str, String);

impl Param for char {
    fn param(&self) -> Value {
        json!(self.to_string())
    }
}

macro_rules! param_text {
    ($($type:ty),*) => {$(
        impl Param for $type {
            fn param(&self) -> Value {
                json!(self.to_string())
            }
        }
    )*};
}
param_text!(chrono::NaiveDate, chrono::NaiveTime, chrono::NaiveDateTime);

impl<T: Param> Param for Option<T> {
    fn param(&self) -> Value {
        self.as_ref().map_or(Value::Null, Param::param)
    }
}

impl<T: Param + ?Sized> Param for &T {
    fn param(&self) -> Value {
        (**self).param()
    }
}

/// Sends the value of a variable to the kernel, to be bound as a parameter.
pub fn param<T: Param + ?Sized>(name: &str, value: &T) {
    event("param", &json!({"name": name, "value": value.param()}));
}
