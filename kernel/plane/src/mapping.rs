//! Opening a table: its file is mapped into memory, and its columns point there. Nothing is copied, and nothing read but the
//! metadata.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::{Block, Field, root_as_footer};

use crate::Error;

/// An open table.
#[derive(Debug, Clone)]
pub struct Mapped {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// The whole file.
    pub memory: Buffer,
}

/// Maps the Arrow IPC file (file format) at `path`.
///
/// # Errors
/// A missing file, or one that is not whole.
pub fn open(path: &Path) -> Result<Mapped, Error> {
    let file = File::open(path).map_err(|error| format!("the table file {} cannot be opened: {error}", path.display()))?;
    decode(&file).map_err(|error| format!("{} cannot be read as a table: {error}", path.display()).into())
}

/// Maps an open Arrow IPC file.
///
/// # Errors
/// A file that is not whole.
pub fn decode(file: &File) -> Result<Mapped, ArrowError> {
    let memory = map(file)?;
    let trailer = memory.len().checked_sub(10).ok_or_else(|| broken("it is too short"))?;
    let mut ending = [0; 10];
    ending.copy_from_slice(&memory[trailer..]);
    let footer_length = read_footer_length(ending).map_err(|_| broken("its end is missing"))?;
    let footer_start = trailer.checked_sub(footer_length).ok_or_else(|| broken("its footer is too long"))?;
    let footer = root_as_footer(&memory[footer_start..trailer]).map_err(|error| broken(&error.to_string()))?;
    let schema = footer.schema().ok_or_else(|| broken("it has no schema"))?;
    for field in schema.fields().iter().flatten() {
        refuse_wide_integers(field)?;
    }
    let schema: SchemaRef = Arc::new(fb_to_schema(schema));
    // SAFETY: the files are written by our own workers, into a directory of mode 0700, and checking every
    // text of a large table would cost more than many a query on it.
    let mut decoder = unsafe { FileDecoder::new(Arc::clone(&schema), footer.version()).with_skip_validation(true) };
    for block in footer.dictionaries().iter().flatten() {
        decoder.read_dictionary(block, &cut(&memory, block)?)?;
    }
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        batches.extend(decoder.read_record_batch(block, &cut(&memory, block)?)?);
    }
    Ok(Mapped { schema, batches, memory })
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
