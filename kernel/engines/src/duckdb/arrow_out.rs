//! Writes a result as an Arrow IPC file that Polars maps.

use std::ffi::CString;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use ::duckdb::arrow::array::{ArrayRef, AsArray, RecordBatch, StructArray};
use ::duckdb::arrow::compute::concat_batches;
use ::duckdb::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ::duckdb::arrow::error::ArrowError;
use ::duckdb::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use ::duckdb::ffi;

use super::raw::{Chunk, LogicalType, QueryResult, RawResult, c_string, check};
use crate::arrow_file::{self, cannot_store};
use crate::arrow_reply::distinct;
use crate::sql_wire::SqlFailure;

/// Rows of one record batch in the file: DuckDB's chunks of 2048 rows would make Polars slow.
const BATCH_ROWS: usize = 122_880;

/// Turns chunks of one result into Arrow batches.
pub struct Converter {
    options: Options,
    schema: SchemaRef,
    /// Values of each dictionary column: an enum has the same ones in every chunk, and a file may hold only one copy.
    dictionaries: Vec<Option<ArrayRef>>,
}

impl Converter {
    /// For rows of `result`, with columns called `names`.
    pub fn new(result: &mut QueryResult, names: &[String]) -> RawResult<Converter> {
        // SAFETY: a valid result; the options are ours to free.
        let options = Options(unsafe { ffi::duckdb_result_get_arrow_options(result.raw()) });
        let types: Vec<LogicalType> = result.columns().into_iter().map(|(_, logical)| logical).collect();
        let schema = arrow_schema(&options, &types, &distinct(names))?;
        let dictionaries = vec![None; schema.fields().len()];
        Ok(Converter { options, schema, dictionaries })
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub fn batch(&mut self, chunk: &Chunk) -> RawResult<RecordBatch> {
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
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(text)
    }
}

/// A result being written as an Arrow IPC file.
pub struct ResultFile {
    converter: Converter,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    file: arrow_file::ArrowFile,
}

impl ResultFile {
    /// Starts the file `target` for rows of `result`, with columns called `names`.
    pub fn create(target: &Path, result: &mut QueryResult, names: &[String]) -> Result<ResultFile, SqlFailure> {
        let converter = Converter::new(result, names).map_err(cannot_store)?;
        let file = arrow_file::ArrowFile::create(target, &converter.schema)?;
        Ok(ResultFile { converter, waiting: Vec::new(), waiting_rows: 0, file })
    }

    /// Adds the rows of `chunk`.
    pub fn push(&mut self, chunk: &Chunk) -> Result<(), SqlFailure> {
        let batch = self.converter.batch(chunk).map_err(cannot_store)?;
        self.waiting_rows += batch.num_rows();
        self.waiting.push(batch);
        match self.waiting_rows >= BATCH_ROWS {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Completes the file; returns its bytes.
    pub fn finish(mut self) -> Result<u64, SqlFailure> {
        self.flush()?;
        self.file.finish()
    }

    fn flush(&mut self) -> Result<(), SqlFailure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batch = concat_batches(&self.converter.schema, &self.waiting).map_err(cannot_store)?;
        self.waiting.clear();
        self.waiting_rows = 0;
        self.file.write(&batch)
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

struct Options(ffi::duckdb_arrow_options);

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards.
        unsafe { ffi::duckdb_destroy_arrow_options(&mut self.0) };
    }
}
