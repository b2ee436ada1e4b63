//! Slices and `Vec`s as one record batch and back: numbers in the slice's own memory, structs column by column.

use std::any::TypeId;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Decimal128Array, PrimitiveArray, RecordBatch, StringViewArray};
use arrow::buffer::{BooleanBuffer, Buffer, ScalarBuffer};
use arrow::datatypes::{
    Field, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use serde::Serialize;
use serde_arrow::schema::{SchemaLike, TracingOptions};
use serde_arrow::utils::Items;

use super::items::{Item, Taker};
use crate::AnyError;

/// The column of values that are no structs.
pub const COLUMN: &str = "value";

/// One batch of all values. It may borrow their memory: it must not live longer than they do.
pub fn batch<T: Serialize + 'static>(values: &[T]) -> Result<RecordBatch, AnyError> {
    // SAFETY: what is passed describes this slice.
    match unsafe { column(TypeId::of::<T>(), values.as_ptr().cast(), values.len())? } {
        Some(column) => single(column),
        None => structs(values),
    }
}

/// As [`batch`], also for values that borrow; little of it is compiled in the cell.
pub fn batch_of_any<T: Serialize>(values: &[T]) -> Result<RecordBatch, AnyError> {
    // SAFETY: what is passed describes this slice; texts are copied, so that their lifetime does not matter.
    if let Some(column) = unsafe { column(id_without_lifetimes::<T>(), values.as_ptr().cast(), values.len())? } {
        return single(column);
    }
    batch_of_items(&values.iter().map(|value| value.serialize(Taker)).collect::<Result<Vec<Item>, _>>()?)
}

/// Not generic, so that no cell compiles it again.
#[inline(never)]
fn batch_of_items(items: &[Item]) -> Result<RecordBatch, AnyError> {
    structs(items)
}

/// The id of `T` with `'static` in the place of its lifetimes.
fn id_without_lifetimes<T>() -> TypeId {
    trait Identified {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T> Identified for std::marker::PhantomData<T> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let phantom = std::marker::PhantomData::<T>;
    let identified: &dyn Identified = &phantom;
    // SAFETY: only the bound of the trait object changes, and nothing behind it is ever looked at.
    let identified = unsafe { std::mem::transmute::<&dyn Identified, &(dyn Identified + 'static)>(identified) };
    identified.id()
}

/// One batch of values that are no structs, as [`batch`]; not generic.
///
/// # Safety
/// `values` must point to `length` values of the type `id`. The batch may borrow them.
pub unsafe fn flat(id: TypeId, values: *const (), length: usize) -> Result<RecordBatch, AnyError> {
    // SAFETY: the caller vouches for the values.
    unsafe { column(id, values, length)? }.map_or_else(|| Err("this type has no column".into()), single)
}

fn single(column: ArrayRef) -> Result<RecordBatch, AnyError> {
    let field = Field::new(COLUMN, column.data_type().clone(), true);
    Ok(RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column])?)
}

/// The values as a slice of `U`, if that is what they are.
///
/// # Safety
/// `values` must point to `length` values of the type `id`, which outlive the slice.
unsafe fn slice_as<'a, U: 'static>(id: TypeId, values: *const (), length: usize) -> Option<&'a [U]> {
    // SAFETY: they are of type `U`, and the caller vouches for the rest.
    (id == TypeId::of::<U>()).then(|| unsafe { std::slice::from_raw_parts(values.cast(), length) })
}

/// Keeps nothing: what the buffer points to belongs to a slice that outlives it.
struct Borrowed;

fn borrowed<P: ArrowPrimitiveType>(values: &[P::Native]) -> ArrayRef {
    let buffer = match NonNull::new(values.as_ptr().cast_mut().cast::<u8>()) {
        // SAFETY: the memory is valid as long as `values`, and the caller does not use the batch for longer.
        Some(start) if !values.is_empty() => unsafe {
            Buffer::from_custom_allocation(start, std::mem::size_of_val(values), Arc::new(Borrowed))
        },
        _ => Buffer::from_vec(Vec::<P::Native>::new()),
    };
    Arc::new(PrimitiveArray::<P>::new(ScalarBuffer::new(buffer, 0, values.len()), None))
}

/// The column of values of a type that Arrow has; `None` for structs and the like. Not generic, so that no cell compiles it again.
///
/// # Safety
/// `values` must point to `length` values of the type `id`. The column may borrow them.
unsafe fn column(id: TypeId, values: *const (), length: usize) -> Result<Option<ArrayRef>, AnyError> {
    macro_rules! values {
        ($type:ty) => {
            // SAFETY: the caller vouches for the values.
            unsafe { slice_as::<$type>(id, values, length) }
        };
    }
    macro_rules! numbers {
        ($($native:ty => $arrow:ty),*) => {$(
            if let Some(values) = values!($native) {
                return Ok(Some(borrowed::<$arrow>(values)));
            }
            if let Some(values) = values!(Option<$native>) {
                return Ok(Some(Arc::new(PrimitiveArray::<$arrow>::from_iter(values.iter().copied()))));
            }
        )*};
    }
    numbers!(i8 => Int8Type, i16 => Int16Type, i32 => Int32Type, i64 => Int64Type, u8 => UInt8Type, u16 => UInt16Type, u32 => UInt32Type,
        u64 => UInt64Type, f32 => Float32Type, f64 => Float64Type);
    macro_rules! texts {
        ($($text:ty),*) => {$(
            if let Some(values) = values!($text) {
                return Ok(Some(Arc::new(StringViewArray::from_iter_values(values))));
            }
            if let Some(values) = values!(Option<$text>) {
                return Ok(Some(Arc::new(StringViewArray::from_iter(values.iter().map(Option::as_ref)))));
            }
        )*};
    }
    texts!(String, &'static str);
    if let Some(values) = values!(bool) {
        return Ok(Some(Arc::new(BooleanArray::new(BooleanBuffer::from(values), None))));
    }
    if let Some(values) = values!(Option<bool>) {
        return Ok(Some(Arc::new(BooleanArray::from_iter(values.iter().copied()))));
    }
    if let Some(values) = values!(usize) {
        return Ok(Some(Arc::new(PrimitiveArray::<UInt64Type>::from_iter_values(values.iter().map(|value| *value as u64)))));
    }
    if let Some(values) = values!(isize) {
        return Ok(Some(Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(values.iter().map(|value| *value as i64)))));
    }
    if let Some(values) = values!(i128) {
        return decimals(values.iter().copied()).map(Some);
    }
    if let Some(values) = values!(u128) {
        return decimals(values.iter().map(|value| i128::try_from(*value).unwrap_or(i128::MAX))).map(Some);
    }
    if let Some(values) = values!(char) {
        return Ok(Some(Arc::new(StringViewArray::from_iter_values(values.iter().map(|value| value.to_string())))));
    }
    Ok(None)
}

/// Arrow has no integers of 128 bits; decimals have up to 38 digits.
fn decimals(values: impl Iterator<Item = i128>) -> Result<ArrayRef, AnyError> {
    let array = Decimal128Array::from_iter_values(values).with_precision_and_scale(38, 0)?;
    array.validate_decimal_precision(38).map_err(|_| "Arrow has integers of at most 38 digits, and one of these has more")?;
    Ok(Arc::new(array))
}

/// Columns of structs, one per field; other values in one column.
fn structs<T: Serialize>(values: &[T]) -> Result<RecordBatch, AnyError> {
    if values.is_empty() {
        return Err("it is empty, and its columns cannot be told without a row".into());
    }
    let options = || TracingOptions::default().allow_null_fields(true).enums_without_data_as_strings(true);
    let told = |error: serde_arrow::Error| -> AnyError { format!("its values do not make columns: {}", first_line(&error)).into() };
    if let Ok(fields) = Vec::<FieldRef>::from_samples(&values, options()) {
        return serde_arrow::to_record_batch(&fields, &values).map_err(told);
    }
    let fields = Vec::<FieldRef>::from_samples(&Items(values), options()).map_err(told)?;
    let batch = serde_arrow::to_record_batch(&fields, &Items(values)).map_err(told)?;
    single(Arc::clone(batch.column(0)))
}

/// Without its backtrace.
pub fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
