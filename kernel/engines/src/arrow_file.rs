//! Arrow IPC files in the session directory: written under another name, mode 0600, renamed when whole.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ::duckdb::arrow::array::RecordBatch;
use ::duckdb::arrow::datatypes::Schema;
use ::duckdb::arrow::ipc::writer::FileWriter;

use crate::engine::failure;
use crate::sql_wire::SqlFailure;

/// A file being written. It gets its name when it is whole; dropped before, it leaves nothing.
pub struct ArrowFile {
    writer: FileWriter<BufWriter<File>>,
    whole: WholeFile,
}

impl ArrowFile {
    pub fn create(target: &Path, schema: &Schema) -> Result<ArrowFile, SqlFailure> {
        let (whole, file) = WholeFile::create(target)?;
        let writer = FileWriter::try_new(BufWriter::with_capacity(1 << 20, file), schema).map_err(cannot_store)?;
        Ok(ArrowFile { writer, whole })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), SqlFailure> {
        self.writer.write(batch).map_err(cannot_store)
    }

    /// Completes the file and gives it its name, replacing an older one; returns its bytes.
    pub fn finish(mut self) -> Result<u64, SqlFailure> {
        self.writer.finish().map_err(cannot_store)?;
        self.writer.get_mut().flush().map_err(cannot_store)?;
        self.whole.finish()
    }
}

/// The failure of a result that cannot be written.
pub fn cannot_store(error: impl std::fmt::Display) -> SqlFailure {
    failure("Output Error", format!("the result could not be stored: {error}"))
}

/// A file under another name until it is whole.
pub struct WholeFile {
    temporary: PathBuf,
    target: PathBuf,
}

impl WholeFile {
    /// Starts `target` (mode 0600).
    pub fn create(target: &Path) -> Result<(WholeFile, File), SqlFailure> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let temporary = target.with_file_name(name);
        // A worker with this process number may have been killed while writing.
        let _ = fs::remove_file(&temporary);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        let file = file.map_err(|error| cannot_store(format!("{}: {error}", temporary.display())))?;
        Ok((WholeFile { temporary, target: target.to_owned() }, file))
    }

    /// Gives the file its name, replacing an older one; returns its bytes.
    pub fn finish(self) -> Result<u64, SqlFailure> {
        let refuse = |error: std::io::Error| cannot_store(format!("{}: {error}", self.target.display()));
        fs::rename(&self.temporary, &self.target).map_err(refuse)?;
        fs::metadata(&self.target).map(|meta| meta.len()).map_err(refuse)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}
