//! Arrays that come through the Arrow C data interface.
//!
//! Arrow's own reader of them fails on a fixed-size list of structs that is a part of a longer one (arrow 58), so nested arrays are
//! put together here.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, FixedSizeListArray, GenericListArray, MapArray, OffsetSizeTrait, RecordBatch, RecordBatchOptions,
    StructArray, make_array, new_empty_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowNativeType, DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::Error;

/// The array of this data, at its offset.
///
/// # Errors
/// Data that is no array of its type.
pub fn array(data: &ArrayData) -> Result<ArrayRef, ArrowError> {
    let data_type = data.data_type();
    if !data_type.is_nested() || matches!(data_type, DataType::Dictionary(_, _)) {
        return Ok(make_array(data.clone()));
    }
    let (offset, rows, nulls) = (data.offset(), data.len(), data.nulls().cloned());
    if rows == 0 {
        return Ok(new_empty_array(data_type));
    }
    let child = |index: usize| array(&data.child_data()[index]);
    Ok(match data_type {
        DataType::Struct(fields) => {
            let columns = (0..fields.len()).map(|index| Ok(child(index)?.slice(offset, rows)));
            let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, rows)?)
        }
        DataType::FixedSizeList(field, width) => {
            let values = child(0)?.slice(offset * width.as_usize(), rows * width.as_usize());
            Arc::new(FixedSizeListArray::try_new(Arc::clone(field), *width, values, nulls)?)
        }
        DataType::List(field) => Arc::new(GenericListArray::<i32>::try_new(Arc::clone(field), offsets(data), child(0)?, nulls)?),
        DataType::LargeList(field) => Arc::new(GenericListArray::<i64>::try_new(Arc::clone(field), offsets(data), child(0)?, nulls)?),
        DataType::Map(field, is_sorted) => {
            let entries = StructArray::from(child(0)?.to_data());
            Arc::new(MapArray::try_new(Arc::clone(field), offsets(data), entries, nulls, *is_sorted)?)
        }
        _ => make_array(data.clone()),
    })
}

fn offsets<O: OffsetSizeTrait>(data: &ArrayData) -> OffsetBuffer<O> {
    // SAFETY: whoever gives data through the interface vouches for its offsets; checking them all would cost more than sharing.
    unsafe { OffsetBuffer::new_unchecked(ScalarBuffer::new(data.buffers()[0].clone(), data.offset(), data.len() + 1)) }
}

/// All batches of a stream, and their schema.
///
/// # Errors
/// What the stream's owner says.
///
/// # Safety
/// `stream` must point to a stream of the Arrow C data interface; it is released.
pub unsafe fn stream(stream: *mut FFI_ArrowArrayStream) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
    // SAFETY: the caller vouches for the stream, which leaves an empty one behind.
    let mut stream = unsafe { FFI_ArrowArrayStream::from_raw(stream) };
    let (Some(get_schema), Some(get_next)) = (stream.get_schema, stream.get_next) else {
        return Err("its stream was read already".into());
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: calls of the stream's own functions, as the interface describes them.
    if unsafe { get_schema(&raw mut stream, &raw mut schema) } != 0 {
        return Err(last_error(&mut stream));
    }
    let schema: SchemaRef = Arc::new(Schema::try_from(&schema)?);
    let mut batches = Vec::new();
    loop {
        let mut rows = FFI_ArrowArray::empty();
        // SAFETY: as above.
        if unsafe { get_next(&raw mut stream, &raw mut rows) } != 0 {
            return Err(last_error(&mut stream));
        }
        if rows.is_released() {
            return Ok((schema, batches));
        }
        // SAFETY: the stream's rows have its schema.
        let data = unsafe { from_ffi_and_data_type(rows, DataType::Struct(schema.fields().clone()))? };
        let columns = data.child_data().iter().map(|column| Ok(array(column)?.slice(data.offset(), data.len())));
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(data.len()));
        batches.push(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?);
    }
}

fn last_error(stream: &mut FFI_ArrowArrayStream) -> Error {
    // SAFETY: the text belongs to the stream and is copied at once.
    let text = stream.get_last_error.and_then(|get| unsafe {
        let text = get(stream);
        (!text.is_null()).then(|| std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned())
    });
    text.unwrap_or_else(|| "its owner gave no reason".to_owned()).into()
}
