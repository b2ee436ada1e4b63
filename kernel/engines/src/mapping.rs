//! An Arrow IPC file mapped into memory: its record batches point into the file, nothing is copied.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use ::duckdb::arrow::array::RecordBatch;
use ::duckdb::arrow::buffer::Buffer;
use ::duckdb::arrow::datatypes::SchemaRef;
use ::duckdb::arrow::error::ArrowError;
use ::duckdb::arrow::ipc::reader::{FileDecoder, read_footer_length};
use ::duckdb::arrow::ipc::{Block, Field, convert::fb_to_schema, root_as_footer};

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
    let buffer = map(&File::open(path)?)?;
    let trailer = buffer.len().checked_sub(10).ok_or_else(|| broken("it is too short"))?;
    let mut ending = [0; 10];
    ending.copy_from_slice(&buffer[trailer..]);
    let footer_length = read_footer_length(ending).map_err(|_| broken("its end is missing"))?;
    let footer_start = trailer.checked_sub(footer_length).ok_or_else(|| broken("its footer is too long"))?;
    let footer = root_as_footer(&buffer[footer_start..trailer]).map_err(|error| broken(&error.to_string()))?;
    let schema = footer.schema().ok_or_else(|| broken("it has no schema"))?;
    for field in schema.fields().iter().flatten() {
        refuse_wide_integers(field)?;
    }
    let schema: SchemaRef = Arc::new(fb_to_schema(schema));
    // SAFETY: the files are written by our own workers, into a directory of mode 0700, and checking every
    // string of a large table would cost more than many a query on it.
    let mut decoder = unsafe { FileDecoder::new(Arc::clone(&schema), footer.version()).with_skip_validation(true) };
    for block in footer.dictionaries().iter().flatten() {
        decoder.read_dictionary(block, &cut(&buffer, block)?)?;
    }
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        batches.extend(decoder.read_record_batch(block, &cut(&buffer, block)?)?);
    }
    Ok((schema, batches))
}

/// Polars writes integers of 128 bits, which Arrow does not have and its reader panics on.
fn refuse_wide_integers(field: Field<'_>) -> Result<(), ArrowError> {
    if field.type_as_int().is_some_and(|integer| integer.bitWidth() > 64) {
        let name = field.name().unwrap_or_default();
        return Err(ArrowError::SchemaError(format!(
            "column {name} has integers of 128 bits, which Arrow does not have; cast it to Int64 or Decimal"
        )));
    }
    field.children().iter().flatten().try_for_each(refuse_wide_integers)
}

fn broken(why: &str) -> ArrowError {
    ArrowError::ParseError(format!("not a whole Arrow IPC file: {why}"))
}

fn cut(buffer: &Buffer, block: &Block) -> Result<Buffer, ArrowError> {
    let outside = || broken("a block lies outside of the file");
    let offset = usize::try_from(block.offset()).map_err(|_| outside())?;
    let meta = usize::try_from(block.metaDataLength()).map_err(|_| outside())?;
    let length = usize::try_from(block.bodyLength()).ok().and_then(|body| body.checked_add(meta)).ok_or_else(outside)?;
    match offset.checked_add(length) {
        Some(end) if end <= buffer.len() => Ok(buffer.slice_with_length(offset, length)),
        _ => Err(outside()),
    }
}

/// Owner of a mapping.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping is read-only and lives until the last buffer on it is gone.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping made in `map`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

fn map(file: &File) -> io::Result<Buffer> {
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    if length == 0 {
        return Ok(Buffer::from_vec(Vec::<u8>::new()));
    }
    // SAFETY: a new read-only mapping of an open file. Its writers replace files by renaming and never
    // write into one, so the pages do not change.
    let start = unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let start = NonNull::new(start.cast::<u8>()).ok_or_else(|| io::Error::other("the mapping is empty"))?;
    // SAFETY: `start..start + length` is mapped as long as the owner lives.
    Ok(unsafe { Buffer::from_custom_allocation(start, length, Arc::new(Mapping { start, length })) })
}
