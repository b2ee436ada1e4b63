//! The values of dictionary columns: a file holds one set of them per column, which all its batches share.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, make_array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, SchemaRef};

use crate::Error;
use crate::compare::same_values;

/// Batches whose dictionaries are the same, and those dictionaries in the order of their ids.
///
/// # Errors
/// Dictionaries that have together more values than their keys can count.
pub fn unified(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<(Vec<RecordBatch>, Vec<ArrayRef>), Error> {
    let Some(first) = batches.first().map(of) else { return Ok((batches, Vec::new())) };
    let is_first = |batch: &RecordBatch| of(batch).iter().zip(&first).all(|(one, other)| same_values(&one.to_data(), &other.to_data()));
    if first.is_empty() || batches[1..].iter().all(is_first) {
        return Ok((batches, first));
    }
    let whole = concat_batches(schema, &batches).map_err(|error| format!("the dictionaries of its parts cannot be merged: {error}"))?;
    let dictionaries = of(&whole);
    Ok((vec![whole], dictionaries))
}

/// Dictionaries of a batch. Ids count them in this order: a field's children come before itself.
fn of(batch: &RecordBatch) -> Vec<ArrayRef> {
    let mut found = Vec::new();
    for column in batch.columns() {
        collect(column, &mut found);
    }
    found
}

fn collect(array: &dyn Array, found: &mut Vec<ArrayRef>) {
    if !has_dictionary(array.data_type()) {
        return;
    }
    let data = array.to_data();
    for child in data.child_data() {
        collect(&Arc::clone(&make_array(child.clone())), found);
    }
    if let (DataType::Dictionary(_, _), [values]) = (data.data_type(), data.child_data()) {
        found.push(make_array(values.clone()));
    }
}

fn has_dictionary(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, _) => true,
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) | DataType::Map(field, _) => {
            has_dictionary(field.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|field| has_dictionary(field.data_type())),
        _ => false,
    }
}
