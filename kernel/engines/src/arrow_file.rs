//! Arrow IPC files in the session directory: written under another name, mode 0600, renamed when whole.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ::duckdb::arrow::array::RecordBatch;
use ::duckdb::arrow::datatypes::Schema;
use ::duckdb::arrow::ipc::writer::FileWriter;
use plane::directory::Directory;
use plane::room;

use crate::engine::failure;
use crate::sql_wire::SqlFailure;

/// Bytes written between two looks at what is free; a result below this size fits in any case, or the system says so.
const LOOK_AFTER: u64 = 8 << 20;

/// A file being written. It gets its name when it is whole; dropped before, it leaves nothing.
pub struct ArrowFile {
    writer: FileWriter<BufWriter<File>>,
    whole: WholeFile,
    /// About the bytes so far, and how many there were at the last look at what is free.
    written: u64,
    looked: u64,
}

impl ArrowFile {
    pub fn create(target: &Path, schema: &Schema) -> Result<ArrowFile, SqlFailure> {
        let (whole, file) = WholeFile::create(target)?;
        let writer = FileWriter::try_new(BufWriter::with_capacity(1 << 20, file), schema).map_err(cannot_store)?;
        Ok(ArrowFile { writer, whole, written: 0, looked: 0 })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), SqlFailure> {
        self.written += batch.get_array_memory_size() as u64;
        if self.written - self.looked > LOOK_AFTER {
            room_for(&self.whole.target, self.written)?;
            self.looked = self.written;
        }
        self.writer.write(batch).map_err(cannot_store)
    }

    /// Completes the file and gives it its name, replacing an older one; returns its bytes.
    pub fn finish(mut self) -> Result<u64, SqlFailure> {
        self.writer.finish().map_err(cannot_store)?;
        self.writer.get_mut().flush().map_err(cannot_store)?;
        self.whole.finish()
    }
}

/// Makes sure that shared memory can take a result of `bytes`, and may, by the session's quota.
pub fn room_for(target: &Path, bytes: u64) -> Result<(), SqlFailure> {
    // Outside of a session, as in tests of the worker alone, there is no quota.
    let Ok(directory) = Directory::of_session() else { return Ok(()) };
    let name = target.file_stem().unwrap_or_default().to_string_lossy();
    room::check(&directory, name.strip_prefix("out_").unwrap_or(&name), bytes).map_err(cannot_store)
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
