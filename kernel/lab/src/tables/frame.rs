//! Polars frames as Arrow record batches and back, through the Arrow C data interface: the columns' memory is passed on, not
//! copied.

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::mem::transmute;
use std::ptr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use plane::mapping::Mapped;
use polars::prelude::{CompatLevel, DataFrame, DataType, Series};
use polars_arrow::ffi as polars_ffi;

use crate::AnyError;

/// A frame in smaller pieces than this, on average, is put together first: every piece costs when it is opened.
const ROWS: usize = 8192;

/// A frame's columns as they lie in memory; one batch per piece.
pub fn batches(frame: &DataFrame) -> Result<(SchemaRef, Vec<RecordBatch>), AnyError> {
    let mut columns: Vec<Series> = frame.columns().iter().map(|column| column.as_materialized_series().clone()).collect();
    let mut cuts = cuts(&columns, frame.height());
    if cuts.len() > 2 + frame.height() / ROWS || (cuts.len() > 2 && columns.iter().any(|column| has_categories(column.dtype()))) {
        columns = columns.iter().map(|column| column.rechunk()).collect();
        cuts = BTreeSet::from([0, frame.height()]);
    }
    let mut fields = Vec::with_capacity(columns.len());
    let mut chunks: Vec<Vec<ArrayRef>> = Vec::with_capacity(columns.len());
    for column in &columns {
        let (field, arrays) = exported(column)?;
        fields.push(field);
        chunks.push(arrays);
    }
    let schema = Arc::new(Schema::new(fields));
    let ends: Vec<usize> = cuts.into_iter().collect();
    let mut batches = Vec::with_capacity(ends.len());
    for range in ends.windows(2) {
        let part = chunks.iter().map(|arrays| part(arrays, range[0], range[1])).collect::<Result<Vec<_>, _>>()?;
        batches.push(batch(&schema, part, range[1] - range[0])?);
    }
    if batches.is_empty() {
        let empty = chunks.iter().zip(schema.fields()).map(|(arrays, field)| match arrays.first() {
            Some(array) => array.slice(0, 0),
            None => arrow::array::new_empty_array(field.data_type()),
        });
        let empty = empty.collect();
        batches.push(batch(&schema, empty, 0)?);
    }
    Ok((schema, batches))
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, AnyError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// The rows at which a piece of any column ends, with 0; of a frame without rows only that.
fn cuts(columns: &[Series], height: usize) -> BTreeSet<usize> {
    let mut cuts = BTreeSet::from([0, height]);
    for column in columns {
        let mut end = 0;
        for length in column.chunk_lengths() {
            end += length;
            cuts.insert(end);
        }
    }
    cuts
}

/// Each piece of a categorical column would come with values of its own.
fn has_categories(data_type: &DataType) -> bool {
    match data_type {
        DataType::Categorical(_, _) | DataType::Enum(_, _) => true,
        DataType::List(item) | DataType::Array(item, _) => has_categories(item),
        DataType::Struct(fields) => fields.iter().any(|field| has_categories(field.dtype())),
        _ => false,
    }
}

/// Rows `start..end`, which lie in one piece.
fn part(arrays: &[ArrayRef], start: usize, end: usize) -> Result<ArrayRef, AnyError> {
    let mut first = 0;
    for array in arrays {
        if start < first + array.len() {
            let is_whole = start == first && end - start == array.len();
            return Ok(if is_whole { Arc::clone(array) } else { array.slice(start - first, end - start) });
        }
        first += array.len();
    }
    Err("the columns have different lengths".into())
}

fn exported(column: &Series) -> Result<(Field, Vec<ArrayRef>), AnyError> {
    let level = CompatLevel::newest();
    let field = polars_ffi::export_field_to_c(&column.dtype().to_arrow_field(column.name().clone(), level));
    // SAFETY: both types are the `ArrowSchema` of the Arrow C data interface.
    let field: FFI_ArrowSchema = unsafe { transmute(field) };
    let own = Field::try_from(&field)?;
    let arrays = (0..column.n_chunks()).map(|index| {
        let mut array = polars_ffi::export_array_to_c(column.to_arrow(index, level));
        // SAFETY: the array was exported with this field's type.
        unsafe { without_buffers_of_nulls(ptr::from_mut(&mut array).cast(), own.data_type()) };
        // SAFETY: both types are the `ArrowArray` of the Arrow C data interface, and the field is that of the column.
        let data = unsafe { from_ffi(transmute::<polars_ffi::ArrowArray, FFI_ArrowArray>(array), &field)? };
        Ok(plane::import::array(&data)?)
    });
    let arrays = arrays.collect::<Result<Vec<_>, AnyError>>()?;
    Ok((own, arrays))
}

/// The `ArrowArray` of the Arrow C data interface, as far as it is looked at here.
#[repr(C)]
struct CArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut CArray,
    dictionary: *mut CArray,
}

/// Polars exports columns of the type Null with one buffer, and they may have none.
///
/// # Safety
/// `array` must be a valid array of this type.
unsafe fn without_buffers_of_nulls(array: *mut CArray, data_type: &ArrowType) {
    // SAFETY: the caller vouches for the array, and its children have the types of the type's children.
    unsafe {
        let child = |index: usize| *(*array).children.add(index);
        match data_type {
            ArrowType::Null => (*array).n_buffers = 0,
            ArrowType::Struct(fields) => {
                fields.iter().enumerate().for_each(|(index, field)| without_buffers_of_nulls(child(index), field.data_type()));
            }
            ArrowType::List(item) | ArrowType::LargeList(item) | ArrowType::FixedSizeList(item, _) | ArrowType::Map(item, _) => {
                without_buffers_of_nulls(child(0), item.data_type());
            }
            ArrowType::Dictionary(_, values) => without_buffers_of_nulls((*array).dictionary, values),
            _ => {}
        }
    }
}

/// The frame of an open table, in its memory. What Polars does not have it converts: texts with offsets become views, seconds
/// milliseconds.
pub fn of_table(table: &Mapped) -> Result<DataFrame, AnyError> {
    let rows = table.batches.iter().map(RecordBatch::num_rows).sum();
    // A result without rows may have no batch, and a column needs at least one piece.
    let empty = [RecordBatch::new_empty(Arc::clone(&table.schema))];
    let batches = if table.batches.is_empty() { &empty[..] } else { &table.batches };
    let columns = table.schema.fields().iter().enumerate().map(|(index, field)| {
        check(field)?;
        let arrays = batches.iter().map(|batch| batch.column(index));
        let column = imported(field, arrays).map_err(|error| format!("column `{}` is nothing that Polars has: {error}", field.name()))?;
        Ok(column.into())
    });
    let columns = columns.collect::<Result<Vec<_>, AnyError>>()?;
    Ok(DataFrame::new(rows, columns)?)
}

/// Polars panics on these.
fn check(field: &Field) -> Result<(), AnyError> {
    fn refused(data_type: &ArrowType) -> Option<&ArrowType> {
        match data_type {
            ArrowType::Interval(_) | ArrowType::Decimal256(_, _) => Some(data_type),
            ArrowType::List(item) | ArrowType::LargeList(item) | ArrowType::FixedSizeList(item, _) | ArrowType::Map(item, _) => {
                refused(item.data_type())
            }
            ArrowType::Struct(fields) => fields.iter().find_map(|field| refused(field.data_type())),
            ArrowType::Dictionary(_, values) => refused(values),
            _ => None,
        }
    }
    match refused(field.data_type()) {
        Some(data_type) => Err(format!(
            "column `{}` has the Arrow type {data_type}, which Polars does not have; `tables::fetch::<RecordBatch>` takes it",
            field.name()
        )
        .into()),
        None => Ok(()),
    }
}

fn imported<'a>(field: &Field, arrays: impl Iterator<Item = &'a ArrayRef>) -> Result<Series, AnyError> {
    let schema = FFI_ArrowSchema::try_from(field)?;
    // SAFETY: both types are the `ArrowSchema` of the Arrow C data interface.
    let own = unsafe { polars_ffi::import_field_from_c(&transmute::<FFI_ArrowSchema, polars_ffi::ArrowSchema>(schema))? };
    let chunks = arrays.map(|array| {
        let (array, _) = to_ffi(&array.to_data())?;
        // SAFETY: both types are the `ArrowArray` of the Arrow C data interface, and the array has the field's type.
        let array =
            unsafe { polars_ffi::import_array_from_c(transmute::<FFI_ArrowArray, polars_ffi::ArrowArray>(array), own.dtype().clone())? };
        Ok(array)
    });
    let chunks = chunks.collect::<Result<Vec<_>, AnyError>>()?;
    Ok(Series::try_from((&own, chunks))?)
}
