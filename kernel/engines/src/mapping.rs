//! Arrow IPC files as the engines read them: mapped, and told apart by version.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ::duckdb::arrow::array::RecordBatch;
use ::duckdb::arrow::datatypes::SchemaRef;
use ::duckdb::arrow::error::ArrowError;

/// What tells one version of a file from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    size: u64,
}

impl Stamp {
    pub fn of(path: &Path) -> io::Result<Stamp> {
        let meta = std::fs::metadata(path)?;
        Ok(Stamp { device: meta.dev(), inode: meta.ino(), modified: (meta.mtime(), meta.mtime_nsec()), size: meta.size() })
    }
}

/// Reads the batches of an Arrow IPC file (file format), without copying their buffers.
pub fn read(path: &Path) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let table = plane::mapping::decode(&File::open(path)?)?;
    Ok((table.schema, table.batches))
}
