//! Whether a value is what was shared before.

use arrow::array::{Array, ArrayData, RecordBatch};
use arrow::datatypes::DataType;

/// Whether both have the same columns in the same memory. Says what it means only while `held` keeps that memory from being
/// changed or used anew.
#[must_use]
pub fn same_memory(held: &[RecordBatch], now: &[RecordBatch]) -> bool {
    let same_batch = |(one, other): (&RecordBatch, &RecordBatch)| {
        let columns = || one.columns().iter().zip(other.columns());
        one.num_rows() == other.num_rows()
            && one.schema() == other.schema()
            && columns().all(|(one, other)| same_place(&one.to_data(), &other.to_data()))
    };
    held.len() == now.len() && held.iter().zip(now).all(same_batch)
}

fn same_place(one: &ArrayData, other: &ArrayData) -> bool {
    let shape = one.len() == other.len() && one.offset() == other.offset() && one.data_type() == other.data_type();
    let nulls = match (one.nulls(), other.nulls()) {
        (None, None) => true,
        (Some(one), Some(other)) => one.inner().ptr_eq(other.inner()),
        _ => false,
    };
    let (own, others) = (one.buffers(), other.buffers());
    let buffers = own.len() == others.len() && own.iter().zip(others).all(|(one, other)| one.ptr_eq(other) && one.len() == other.len());
    let children = || {
        let (own, others) = (one.child_data(), other.child_data());
        let is_dictionary = matches!(one.data_type(), DataType::Dictionary(_, _));
        // Polars makes the values of a categorical column anew each time.
        let same = |(one, other): (&ArrayData, &ArrayData)| if is_dictionary { same_values(one, other) } else { same_place(one, other) };
        own.len() == others.len() && own.iter().zip(others).all(same)
    };
    shape && nulls && buffers && children()
}

/// Whether both are equal, at the speed at which memory is compared where they are numbers. NaN is equal to itself.
#[must_use]
pub fn same_values(one: &ArrayData, other: &ArrayData) -> bool {
    same_place(one, other) || one == other
}

/// Whether both have the same columns with the same values in the same batches.
#[must_use]
pub fn same_contents(one: &[RecordBatch], other: &[RecordBatch]) -> bool {
    let same_batch = |(one, other): (&RecordBatch, &RecordBatch)| {
        let columns = || one.columns().iter().zip(other.columns());
        one.num_rows() == other.num_rows()
            && one.schema() == other.schema()
            && columns().all(|(one, other)| same_values(&one.to_data(), &other.to_data()))
    };
    one.len() == other.len() && one.iter().zip(other).all(same_batch)
}
