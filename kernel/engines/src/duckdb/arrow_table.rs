//! Arrow tables that queries see: scanned where they lie, 2048 rows at a time.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::duckdb::arrow::array::{Array, ArrayRef, RecordBatch, StructArray, new_empty_array};
use ::duckdb::arrow::datatypes::{Fields, Schema, SchemaRef};
use ::duckdb::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use ::duckdb::ffi;

use super::failure::plain;
use super::raw::{Chunk, Connection, LogicalType, RawResult, check};
use super::table_function::{Shape, Table};
use super::types;
use crate::sql_wire;

/// Rows of one DuckDB vector.
const SLICE: usize = 2048;

/// A table of Arrow record batches.
pub struct ArrowTable {
    connection: Arc<Connection>,
    columns: Vec<Column>,
    batches: Vec<RecordBatch>,
    /// For each slice of at most 2048 rows: its batch and its first row there.
    slices: Vec<(u32, usize)>,
    rows: usize,
    threads: usize,
    scanned: Arc<Scanned>,
}

/// How much of all Arrow scans of a request is done: DuckDB cannot tell for tables that are not its own.
#[derive(Debug, Default)]
pub struct Scanned {
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Scanned {
    /// Forgets earlier scans.
    pub fn reset(&self) {
        self.total.store(0, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
    }

    /// Fraction done; `None` when nothing is scanned.
    pub fn fraction(&self) -> Option<f64> {
        let total = self.total.load(Ordering::Relaxed);
        (total > 0).then(|| self.done.load(Ordering::Relaxed) as f64 / total as f64)
    }
}

struct Column {
    name: String,
    field: Fields,
    converted: Converted,
    logical: LogicalType,
}

impl ArrowTable {
    /// Prepares `batches` for scanning by up to `threads` threads. Fails when DuckDB has no type for a column.
    pub fn new(
        connection: &Arc<Connection>,
        schema: &SchemaRef,
        batches: Vec<RecordBatch>,
        threads: usize,
        scanned: &Arc<Scanned>,
    ) -> RawResult<ArrowTable> {
        let columns = schema
            .fields()
            .iter()
            .map(|field| {
                Column::new(connection, Fields::from(vec![Arc::clone(field)]))
                    .map_err(|error| format!("column {} of Arrow type {}: {}", field.name(), field.data_type(), plain(&error)))
            })
            .collect::<RawResult<Vec<_>>>()?;
        let mut slices = Vec::new();
        for (index, batch) in (0_u32..).zip(&batches) {
            slices.extend((0..batch.num_rows()).step_by(SLICE).map(|row| (index, row)));
        }
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let (connection, scanned) = (Arc::clone(connection), Arc::clone(scanned));
        Ok(ArrowTable { connection, columns, batches, slices, rows, threads, scanned })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Names and DuckDB types of the columns.
    pub fn columns(&self) -> Vec<sql_wire::Column> {
        let column = |c: &Column| sql_wire::Column { name: c.name.clone(), type_name: types::name(&c.logical) };
        self.columns.iter().map(column).collect()
    }
}

impl Column {
    fn new(connection: &Connection, field: Fields) -> RawResult<Column> {
        let schema = FFI_ArrowSchema::try_from(Schema::new(field.clone())).map_err(|error| error.to_string())?;
        let mut schema = schema;
        let mut converted = Converted(ptr::null_mut());
        // SAFETY: both layouts are the Arrow C data interface; the schema is released by its owner.
        unsafe {
            check(ffi::duckdb_schema_from_arrow(connection.handle(), ptr::from_mut(&mut schema).cast(), &mut converted.0))?;
        }
        let empty = new_empty_array(field[0].data_type());
        let chunk = convert(connection, &converted, &field, empty)?;
        // SAFETY: the chunk has one column; its type is ours to free.
        let logical = unsafe { LogicalType::own(ffi::duckdb_vector_get_column_type(chunk.vector(0))) };
        Ok(Column { name: field[0].name().clone(), field, converted, logical })
    }
}

/// Which slice comes next, and which columns are wanted.
pub struct Scan {
    next: AtomicUsize,
    columns: Vec<usize>,
}

impl Table for ArrowTable {
    type Scan = Scan;

    fn shape(&self) -> Shape<'_> {
        Shape {
            columns: self.columns.iter().map(|column| (column.name.as_str(), &column.logical)).collect(),
            rows: self.rows,
            threads: self.threads.min(self.slices.len()),
        }
    }

    fn start(&self, columns: Vec<usize>) -> Scan {
        self.scanned.total.fetch_add(self.slices.len(), Ordering::Relaxed);
        Scan { next: AtomicUsize::new(0), columns }
    }

    fn fill(&self, scan: &Scan, output: ffi::duckdb_data_chunk) -> RawResult<usize> {
        let Some((batch, row)) = self.slices.get(scan.next.fetch_add(1, Ordering::Relaxed)) else { return Ok(0) };
        let batch = &self.batches[*batch as usize];
        let rows = SLICE.min(batch.num_rows() - row);
        for (position, index) in scan.columns.iter().enumerate() {
            let Some(column) = self.columns.get(*index) else { continue };
            let array = batch.column(*index).slice(*row, rows);
            let chunk = convert(&self.connection, &column.converted, &column.field, array)?;
            // SAFETY: both vectors have the column's type; they share the memory of the chunk afterwards.
            unsafe {
                let target = ffi::duckdb_data_chunk_get_vector(output, position as u64);
                ffi::duckdb_vector_reference_vector(target, chunk.vector(0));
            }
        }
        self.scanned.done.fetch_add(1, Ordering::Relaxed);
        Ok(rows)
    }
}

/// One column as a DuckDB chunk that points into the Arrow buffers.
fn convert(connection: &Connection, converted: &Converted, field: &Fields, array: ArrayRef) -> RawResult<Chunk> {
    let rows = array.len();
    let data = StructArray::try_new_with_length(field.clone(), vec![array], None, rows).map_err(|error| error.to_string())?.into();
    let mut exported = FFI_ArrowArray::new(&data);
    let mut chunk = ptr::null_mut();
    // SAFETY: the layouts are the Arrow C data interface; DuckDB takes ownership of the array and marks
    // it as released; the chunk is ours.
    unsafe {
        check(ffi::duckdb_data_chunk_from_arrow(connection.handle(), ptr::from_mut(&mut exported).cast(), converted.0, &mut chunk))?;
        Ok(Chunk::own(chunk))
    }
}

/// DuckDB's reading of an Arrow schema.
struct Converted(ffi::duckdb_arrow_converted_schema);

// SAFETY: only read after it was made.
unsafe impl Send for Converted {}
// SAFETY: as above.
unsafe impl Sync for Converted {}

impl Drop for Converted {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards; null is allowed.
        unsafe { ffi::duckdb_destroy_arrow_converted_schema(&mut self.0) };
    }
}
