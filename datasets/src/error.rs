//! What can go wrong when a dataset is made or checked.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use tpchgen_arrow::arrow::error::ArrowError;

/// A failure to make or verify a dataset. The message says what failed, where, and what to try.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A parameter is outside the allowed values.
    #[error("{0}")]
    BadRequest(String),
    /// The folder cannot be created or written.
    #[error(
        "cannot write in {}: {source}. Choose another folder with --dir, or set BENCHBOOK_DATA to one you may write in",
        .dir.display()
    )]
    NotWritable {
        /// The folder or file that refused.
        dir: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full.
    #[error(
        "no room left while writing {}: {source}. The set needs about {need_mb} MB; free some space, or choose another folder with --dir or BENCHBOOK_DATA. What was half written has been removed",
        .path.display()
    )]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
        /// Estimated size of the whole set, in MB (10^6 bytes).
        need_mb: u64,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// The attempted action, for example `read`.
        what: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Generating or encoding a table failed; this is a defect of the generator, not of the computer.
    #[error("cannot generate table `{table}`: {reason}. Please report this with the command you ran")]
    Generate {
        /// The table.
        table: String,
        /// What the library said.
        reason: String,
    },
    /// The folder holds no readable manifest, so it is not a dataset, or was never finished.
    #[error("{} is not a finished dataset: {reason}. Make it again with `benchbook data`", .dir.display())]
    NoManifest {
        /// The folder.
        dir: PathBuf,
        /// Why the manifest could not be used.
        reason: String,
    },
    /// Files differ from what the manifest says.
    #[error("{} is damaged: {}. Make it again with `benchbook data`", .dir.display(), .faults.join("; "))]
    Damaged {
        /// The folder.
        dir: PathBuf,
        /// One sentence for each file that differs.
        faults: Vec<String>,
    },
}

impl DataError {
    /// Sorts a file system error into the kinds a user can act on. `need_mb` is the estimated size of the set.
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error, need_mb: u64) -> Self {
        use io::ErrorKind::{FileTooLarge, NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let path = path.to_owned();
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::DiskFull { path, need_mb, source },
            PermissionDenied | ReadOnlyFilesystem | NotADirectory => Self::NotWritable { dir: path, source },
            _ => Self::Io { what, path, source },
        }
    }

    /// Unpacks the file system error that the Parquet writer wraps, if it is one.
    pub(crate) fn parquet(table: &str, path: &Path, error: ParquetError, need_mb: u64) -> Self {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(source) => Self::io("write", path, *source, need_mb),
                Err(other) => Self::Generate { table: table.to_owned(), reason: other.to_string() },
            },
            other => Self::Generate { table: table.to_owned(), reason: other.to_string() },
        }
    }

    pub(crate) fn arrow(table: &str, error: &ArrowError) -> Self {
        Self::Generate { table: table.to_owned(), reason: error.to_string() }
    }
}
