//! Writes a result as an Arrow IPC file that Polars maps.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;

use ::duckdb::arrow::array::{ArrayRef, AsArray, RecordBatch, StructArray};
use ::duckdb::arrow::compute::concat_batches;
use ::duckdb::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ::duckdb::arrow::error::ArrowError;
use ::duckdb::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use ::duckdb::arrow::ipc::writer::FileWriter;
use ::duckdb::ffi;

use super::raw::{Chunk, LogicalType, QueryResult, RawResult, c_string, check};

/// Rows of one record batch in the file: DuckDB's chunks of 2048 rows would make Polars slow.
const BATCH_ROWS: usize = 122_880;

/// A file being written. It gets its name when it is whole; dropped before, it leaves nothing.
pub struct ArrowFile {
    options: Options,
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    /// Values of each dictionary column: an enum has the same ones in every chunk, and a file may hold only one copy.
    dictionaries: Vec<Option<ArrayRef>>,
    writer: FileWriter<BufWriter<File>>,
    temporary: Temporary,
    target: PathBuf,
}

impl ArrowFile {
    /// Starts the file `target` (mode 0600) for rows of `result`, with columns called `names`.
    pub fn create(target: &Path, result: &mut QueryResult, names: &[String]) -> RawResult<ArrowFile> {
        // SAFETY: a valid result; the options are ours to free.
        let options = Options(unsafe { ffi::duckdb_result_get_arrow_options(result.raw()) });
        let types: Vec<LogicalType> = result.columns().into_iter().map(|(_, logical)| logical).collect();
        let schema = arrow_schema(&options, &types, &distinct(names))?;
        let temporary = Temporary::beside(target);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary.0);
        let file = file.map_err(|error| format!("{}: {error}", temporary.0.display()))?;
        let writer = FileWriter::try_new(BufWriter::with_capacity(1 << 20, file), &schema).map_err(text)?;
        let dictionaries = vec![None; schema.fields().len()];
        Ok(ArrowFile { options, schema, waiting: Vec::new(), waiting_rows: 0, dictionaries, writer, temporary, target: target.to_owned() })
    }

    /// Adds the rows of `chunk`.
    pub fn push(&mut self, chunk: &Chunk) -> RawResult<()> {
        let mut exported = FFI_ArrowArray::empty();
        let fields = self.schema.fields().clone();
        // SAFETY: the layouts are the Arrow C data interface; the array has the types of the schema that
        // DuckDB gave for the same result.
        let data = unsafe {
            check(ffi::duckdb_data_chunk_to_arrow(self.options.0, chunk.handle(), ptr::from_mut(&mut exported).cast()))?;
            from_ffi_and_data_type(exported, DataType::Struct(fields)).map_err(text)?
        };
        let rows = StructArray::from(data);
        let columns = rows.columns().iter().zip(&mut self.dictionaries);
        let columns = columns.map(|(column, known)| share_dictionary(column, known)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(text)?;
        self.waiting_rows += batch.num_rows();
        self.waiting.push(batch);
        match self.waiting_rows >= BATCH_ROWS {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Completes the file and gives it its name, replacing an older one.
    pub fn finish(mut self) -> RawResult<()> {
        self.flush()?;
        self.writer.finish().map_err(text)?;
        self.writer.get_mut().flush().map_err(|error| error.to_string())?;
        fs::rename(&self.temporary.0, &self.target).map_err(|error| format!("{}: {error}", self.target.display()))
    }

    fn flush(&mut self) -> RawResult<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batch = concat_batches(&self.schema, &self.waiting).map_err(text)?;
        self.waiting.clear();
        self.waiting_rows = 0;
        self.writer.write(&batch).map_err(text)
    }
}

fn text(error: ArrowError) -> String {
    error.to_string()
}

fn share_dictionary(column: &ArrayRef, known: &mut Option<ArrayRef>) -> ArrayRef {
    let Some(dictionary) = column.as_any_dictionary_opt() else { return Arc::clone(column) };
    let values = known.get_or_insert_with(|| Arc::clone(dictionary.values()));
    dictionary.with_values(Arc::clone(values))
}

fn arrow_schema(options: &Options, types: &[LogicalType], names: &[String]) -> RawResult<SchemaRef> {
    let mut handles: Vec<_> = types.iter().map(LogicalType::handle).collect();
    let texts = names.iter().map(|name| c_string(name)).collect::<RawResult<Vec<CString>>>()?;
    let mut pointers: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
    let mut exported = FFI_ArrowSchema::empty();
    // SAFETY: arrays of equal length with valid handles; the layout is the Arrow C data interface.
    unsafe {
        check(ffi::duckdb_to_arrow_schema(
            options.0,
            handles.as_mut_ptr(),
            pointers.as_mut_ptr(),
            handles.len() as u64,
            ptr::from_mut(&mut exported).cast(),
        ))?;
    }
    let schema = Schema::try_from(&exported).map_err(text)?;
    // Extension names of DuckDB say nothing to Polars.
    let plain = |field: &Arc<Field>| Field::new(field.name(), field.data_type().clone(), true);
    Ok(Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>())))
}

/// Column names without repeats, since a DataFrame cannot have two of one name: `a`, `a_1`, `a_2`.
fn distinct(names: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut free_name = |name: &String| {
        let candidates = std::iter::once(name.clone()).chain((1..).map(|n: u32| format!("{name}_{n}")));
        let free = candidates.into_iter().find(|candidate| taken.insert(candidate.clone()));
        free.unwrap_or_else(|| name.clone())
    };
    names.iter().map(&mut free_name).collect()
}

struct Options(ffi::duckdb_arrow_options);

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards.
        unsafe { ffi::duckdb_destroy_arrow_options(&mut self.0) };
    }
}

/// The name of a file until it is whole.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(target: &Path) -> Temporary {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = target.with_file_name(name);
        // A worker with this process number may have been killed while writing.
        let _ = fs::remove_file(&path);
        Temporary(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}
